"""The package's only use of Streamlit: what the pages share.  Widgets and caches here, no logic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.pages_manager import PagesManager

from ewardrobe import wardrobe_view as view
from ewardrobe.feature_store import FeatureStore, StoreError
from ewardrobe.segmenters import DEFAULT_MODEL, MODELS, Segmenter, load_segmenter

MODEL_LABELS = {
    "unet": "U-Net · the whole person",
    "yolo": "YOLO · names best",
    "mask_rcnn": "Mask R-CNN · each garment on its own",
}
PAGE_LENGTH = 60
"""Garments shown at a time: each carries its picture to the browser."""

# Every page


def page_header(title: str, lead: str) -> None:
    """Show the page's title with one sentence under it, and whatever the last change had to say."""
    _start_at_app()
    st.title(title, anchor=False)
    st.caption(lead)
    for message in st.session_state.pop("problems", []):
        st.error(message, icon=":material/error:")
    for message in st.session_state.pop("news", []):
        st.toast(message, icon=":material/check:")


def _start_at_app() -> None:
    """Begin again through app.py when Streamlit ran a page by itself.

    Streamlit takes the folder ``pages/`` for its older way of multipage apps until ``st.navigation`` has run once: the
    address of a page opened first on a new server would lack our navigation, layout and settings.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def tell(message: str) -> None:
    """Show ``message`` as a toast in the next run: a callback must not draw."""
    st.session_state.setdefault("news", []).append(message)


def change(action: Callable, *args: Any, said: str | None = None, **kwargs: Any) -> Any:
    """Run a change of the wardrobe in a callback; a ``StoreError`` becomes a message on the page, and ``None``."""
    try:
        result = action(*args, **kwargs)
    except StoreError as error:
        st.session_state.setdefault("problems", []).append(literal(str(error)))
        return None
    if said:
        tell(said)
    return result


def literal(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]<>()#+!|$~:" else letter for letter in text)


def pick_model(label: str = "Model", **kwargs: Any) -> str:
    """Show the choice of a segmenter, the same on every page and remembered between them; return its name."""
    names = list(MODELS)
    return st.selectbox(
        label,
        names,
        index=names.index(DEFAULT_MODEL),
        format_func=lambda name: MODEL_LABELS.get(name, name),
        key="model",
        persist_state="session",
        **kwargs,
    )


@st.cache_resource(show_spinner="Loading the model …")
def segmenter(name: str) -> Segmenter:
    """Return the loaded model ``name``, one for all sessions; ``WeightsError`` if its weights are not to be trusted."""
    return load_segmenter(name)


def empty_state(title: str, lead: str) -> None:
    """Say kindly that there is nothing yet, with the way to add garments."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("medium")
        st.markdown(f"##### {title}", width="content")
        st.markdown(lead, width="content")
        with suppress(StreamlitAPIException):  # a page run on its own has no other pages
            st.page_link("pages/add_garments.py", label="Add garments", icon=":material/add_a_photo:")
        st.space("medium")


# The wardrobe


def wardrobe_store() -> FeatureStore:
    """Return the wardrobe; at the very first start with the samples in it."""
    store = FeatureStore()
    started = st.session_state.setdefault("wardrobes_started", set())
    if str(store.home) not in started:
        started.add(str(store.home))
        with suppress(StoreError):  # broken or read-only: the page that loads the wardrobe says so
            store.ensure_samples()
    return store


def load_wardrobe(store: FeatureStore) -> pd.DataFrame:
    """Return the wardrobe as a DataFrame, newest first; if it is broken show the way out and stop the page."""
    try:
        return _frame(str(store.home.absolute()), store.signature())
    except StoreError as error:
        st.error("The wardrobe could not be read. Nothing was changed.", icon=":material/error:")
        st.code(str(error), language=None, wrap_lines=True)
        _offer_backup(store, error.backup)
        st.stop()


@st.cache_data(show_spinner=False, max_entries=4)
def _frame(home: str, signature: tuple | None) -> pd.DataFrame:
    """Read the wardrobe once for each state of its file, which ``signature`` stands for."""
    return view.newest_first(FeatureStore(home).load())


def _offer_backup(store: FeatureStore, backup: Path | None) -> None:
    if backup is None:
        return
    when = datetime.fromtimestamp(backup.stat().st_mtime).strftime("%d %B %Y, %H:%M:%S")
    st.caption(f"The newest good backup is of {when}. The broken file is kept beside it.")
    st.button(
        "Restore this backup",
        type="primary",
        icon=":material/settings_backup_restore:",
        key="restore-backup",
        on_click=change,
        args=(store.restore_backup, backup),
        kwargs={"said": "The backup is restored"},
    )


def picture_url(store: FeatureStore, item: Mapping, side: int, margin: float = 0.0) -> str:
    """Return an item's thumbnail as a data URL of at most ``side`` (≤ 256) pixels; a hanger if it has none."""
    path = store.picture(item.get("thumbnail") or item.get("image"))
    return _picture_url(str(path), side, margin) if path else view.PLACEHOLDER


@st.cache_data(show_spinner=False, max_entries=4000)
def _picture_url(path: str, side: int, margin: float) -> str:
    return view.data_url(Path(path), side, margin)  # the name is a hash of the content: it never goes stale


def sample_banner(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Say which items are samples, with one click to be rid of them; nothing if there are none."""
    count = int(frame["sample"].sum())
    if not count:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/info: {count} of these are drawn samples that show what a wardrobe looks like.")
        st.space("stretch")
        st.button(
            "Remove samples",
            key="remove-samples",
            on_click=_remove,
            args=(store, frame.index[frame["sample"]].tolist()),
        )


def _remove(store: FeatureStore, item_ids: list[str]) -> None:
    removed = change(store.remove, item_ids)
    if removed:
        st.session_state["removed"] = removed


def undo_banner(store: FeatureStore) -> None:
    """Offer to bring back what was removed last, until the user closes the offer or leaves."""
    removed = st.session_state.get("removed")
    if not removed:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/delete: {len(removed)} {'item' if len(removed) == 1 else 'items'} removed.")
        st.space("stretch")
        st.button("Undo", key="undo-remove", on_click=_put_back, args=(store,))
        st.button("Close", key="close-undo", type="tertiary", on_click=st.session_state.pop, args=("removed",))


def _put_back(store: FeatureStore) -> None:
    change(store.put_back, st.session_state.pop("removed"), said="Back in the wardrobe")


def one_page(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame``, or one page of it with the control to turn pages if it is long."""
    pages = -(-len(frame) // PAGE_LENGTH)
    if pages <= 1:
        return frame
    with st.container(horizontal=True, vertical_alignment="center"):
        number = min(st.pagination(pages, key=f"pages-{pages}"), pages)
        st.caption(f"{len(frame)} items")
    return frame.iloc[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]


def wardrobe_gallery(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the items as cards."""
    st.html(view.gallery_html(frame, lambda item: picture_url(store, item, 256)))


def wardrobe_table(store: FeatureStore, frame: pd.DataFrame, known_tags: list[str]) -> None:
    """Show the items as a table whose edits and deletions are on disk at once, also while it is filtered.

    known_tags: offered in the tags' cells beside any new ones.
    """
    ids, rows = frame.index.tolist(), view.table_rows(frame, lambda item: picture_url(store, item, 112, 0.1))
    table = st.session_state.get("table")
    if table is None or not table.shows(ids, rows, st.session_state.get(table.key)):
        table = st.session_state["table"] = view.TableView.of(ids, rows, known_tags)
    st.data_editor(
        table.frame,
        key=table.key,
        on_change=_save_table,
        args=(store, table),
        num_rows="delete",
        hide_index=True,
        row_height=64,
        placeholder="",
        height="content" if len(ids) <= 9 else 640,
        column_config=_columns(table.options),
    )


def _save_table(store: FeatureStore, table: view.TableView) -> None:
    edits, deleted = table.take_news(st.session_state.get(table.key))
    if edits:
        change(store.apply_edits, edits, source="user")
    if deleted:
        _remove(store, deleted)


def _columns(options: Mapping[str, list[str]]) -> dict[str, Any]:
    column = st.column_config
    return {
        "picture": column.ImageColumn("", width=64, pinned=True),
        "favourite": column.CheckboxColumn("♥", width=60, help="Favourite"),
        "type": column.TextColumn("Name", width=130, required=True, help="What you call it: jeans, trainers, coat"),
        "kind": column.SelectboxColumn("Category", width=160, options=options["kind"], required=True),
        **{
            name: column.SelectboxColumn(name.capitalize(), width=100, options=options[name])
            for name in ("colour", "pattern", "material", "style")
        },
        "season": column.MultiselectColumn("Season", width=130, options=options["season"]),
        "brand": column.TextColumn("Brand", width=100),
        "size": column.TextColumn("Size", width=60),
        "tags": column.MultiselectColumn("Tags", width=150, options=options["tags"], accept_new_options=True),
        "notes": column.TextColumn("Notes", width=220),
    }
