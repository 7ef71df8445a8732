"""The package's only use of Streamlit: what the pages share.  Widgets and caches here, no logic."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from ewardrobe.feature_store.document import Document, gc_paused
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.models import DEFAULT_MODEL, MODELS, Segmenter, cache
from ewardrobe.wardrobe import pictures as view
from ewardrobe.wardrobe.derived import with_derived
from ewardrobe.wardrobe.filters import ordered

FOLDER = Path(__file__).resolve().parents[2] / "pages"
"""The pages' files."""

MODEL_LABELS = {
    "unet": "U-Net · the whole person",
    "yolo": "YOLO nano · fastest",
    "yolo_s": "YOLO small · names best",
    "mask_rcnn": "Mask R-CNN · each garment on its own",
}

# Every page


def page_header(title: str, lead: str) -> None:
    """Show the page's title with one sentence under it, and whatever the last change had to say."""
    st.title(title, anchor=False)
    st.caption(lead)
    for message in st.session_state.pop("problems", []):
        st.error(message, icon=":material/error:")
    for message in st.session_state.pop("news", []):
        st.toast(message, icon=":material/check:")


def link(name: str, label: str, icon: str) -> None:
    """Show a link to the page ``name``; nothing where a page runs on its own and there are no others."""
    with suppress(StreamlitAPIException):
        st.page_link(FOLDER / f"{name}.py", label=label, icon=icon)


def go(name: str) -> None:
    """Switch to the page ``name``; does nothing where a page runs on its own."""
    with suppress(StreamlitAPIException):
        st.switch_page(FOLDER / f"{name}.py")


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


def pick_model(default: str | None = None, key: str = "model", **kwargs: Any) -> str:
    """Show the choice of a segmenter, remembered under ``key`` from page to page; return its name."""
    names = list(MODELS)
    return st.selectbox(
        "Model",
        names,
        index=names.index(default or DEFAULT_MODEL),
        format_func=lambda name: MODEL_LABELS.get(name, name),
        key=key,
        persist_state="session",
        **kwargs,
    )


def choose_one(label: str, options: Iterable[Any], key: str, default: Any = None, **look: Any) -> Any:
    """Show options beside each other, one of which is always chosen; without a ``default`` the first at the start."""
    names = list(options)
    first = names[0] if default is None else default
    look = {"label_visibility": "collapsed"} | look
    return st.segmented_control(label, names, default=first, required=True, key=key, **look)


def segmenter(name: str) -> Segmenter:
    """Return the loaded model ``name``, one for all sessions; ``WeightsError`` if its weights are not to be trusted."""
    with nullcontext() if cache.is_loaded(name) else st.spinner("Loading the model …"):
        return cache.segmenter(name)


@functools.cache
def script_beside(module: str) -> str:
    """Return the script for the browser that stands beside a module; module: its ``__file__``."""
    return Path(module).with_suffix(".js").read_text(encoding="utf-8")


def empty_state(title: str, lead: str) -> None:
    """Say kindly that there is nothing yet, with the way to add garments."""
    with st.container(border=True, horizontal_alignment="center"):
        st.space("medium")
        st.markdown(f"##### {title}", width="content")
        st.markdown(lead, width="content")
        with st.container(horizontal=True, horizontal_alignment="center"):
            link("add_garments", "Add garments", ":material/add_a_photo:")
            link("exchange", "Import a backup", ":material/swap_horiz:")
        st.space("medium")


# The wardrobe


def wardrobe_store() -> FeatureStore:
    """Return the wardrobe; at the very first start with the samples in it."""
    store = FeatureStore()
    started = st.session_state.setdefault("wardrobes_started", set())
    if str(store.home) not in started:
        with suppress(StoreError):  # broken or read-only: the page that loads the wardrobe says so
            store.ensure_samples()
        # Last: a rerun starts while this run still draws the samples, and would find an empty wardrobe; so it waits.
        started.add(str(store.home))
    return store


def load_wardrobe(store: FeatureStore) -> pd.DataFrame:
    """Return the wardrobe with ``derived.DERIVED``, newest first; if it is broken show the way out and stop the page.

    Columns may be set, but lists and dictionaries in the cells are shared by all sessions: never change them in place.
    """
    try:
        return _frame(store, str(store.home.absolute()), store.signature()).copy(deep=False)
    except StoreError as error:
        stop_unreadable("wardrobe", store, error)


@st.cache_resource(show_spinner=False, max_entries=4)
def _frame(_store: FeatureStore, home: str, signature: tuple | None) -> pd.DataFrame:
    """Read the wardrobe once for each state of its file, which ``signature`` stands for.

    Not cache_data: that unpickles a copy for every run, 0.2 s for 10 000 items.
    """
    with gc_paused():
        return with_derived(ordered(_store.load(), "Newest first"))


def stop_unreadable(what: str, document: Document, error: StoreError) -> NoReturn:
    """Say that the ``what`` could not be read, offer the copies that could be restored, and stop the page."""
    st.error(f"The {what} could not be read. Nothing was changed.", icon=":material/error:")
    st.code(str(error), language=None, wrap_lines=True)
    for place, copy in enumerate(error.copies):
        when = datetime.fromtimestamp(copy.path.stat().st_mtime).strftime("%d %B %Y, %H:%M:%S")
        which = "An older backup that holds more" if place else "The newest good backup"
        st.caption(f"{which} is of {when}, with {copy.entries} entries. The broken file is kept beside it.")
        st.button(
            "Restore this backup",
            type="secondary" if place else "primary",
            icon=":material/settings_backup_restore:",
            key=f"restore-backup-{place}",
            on_click=change,
            args=(document.restore_backup, copy.path),
            kwargs={"said": "The backup is restored"},
        )
    st.stop()


def picture_url(store: FeatureStore, item: Mapping, side: int, margin: float = 0.0) -> str:
    """Return an item's thumbnail as a data URL of at most ``side`` (≤ 256) pixels; a hanger if it has none."""
    path = store.picture(item.get("thumbnail") or item.get("image"))
    return _picture_url(str(path), side, margin) if path else view.PLACEHOLDER


@st.cache_data(show_spinner=False, max_entries=4000)
def _picture_url(path: str, side: int, margin: float) -> str:
    return view.data_url(Path(path), side, margin)  # the name is a hash of the content: it never goes stale
