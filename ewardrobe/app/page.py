"""What all pages share: words, messages, widgets, and the wardrobe that they show."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
import streamlit as st
from streamlit.errors import StreamlitAPIException

from ewardrobe.core.images import ImageError
from ewardrobe.feature_store.document import AbsentDriveError, Document, gc_paused
from ewardrobe.feature_store.marker import accept_loss
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.models import DEFAULT_MODEL, MODELS, Segmenter, cache
from ewardrobe.wardrobe import pictures
from ewardrobe.wardrobe.derived import with_derived
from ewardrobe.wardrobe.filters import ordered

if TYPE_CHECKING:
    from ewardrobe.evaluation.figures.chart import Chart  # brings Plotly, which few pages need

FOLDER = Path(__file__).resolve().parents[2] / "pages"
"""The pages' files."""

MODEL_LABELS = {
    "unet": "U-Net · the whole person",
    "yolo": "YOLO nano · fastest; shoes, bags, hats",
    "yolo_s": "YOLO small · names best",
    "mask_rcnn": "Mask R-CNN · each garment on its own",
    "consensus": "Consensus · all four; shoes, bags, hats",
}

PROBLEMS_SHOWN = 20
PHOTO_MB = 100
"""Largest photo or video that a box takes; the largest photos of phones have about 25."""

# Words and messages


_LINK = re.compile(r"https?(?=://)|www(?=\.)|(?<=[\w.+-])(?=@)", re.IGNORECASE)
"""Where an address begins that Markdown's dialect on the page makes a link of."""


_LINE_START = re.compile(r"(?<=\n)[-=]|(?<=\n\d)\.|(?<=\n\d\d)\.")
"""What begins a list, or underlines a heading, in a text of several lines."""


def literal(text: object) -> str:
    r"""Return ``text`` so that Markdown shows it as it is.

    What would become a link by itself, ``www.…``, ``https://…`` or an address of mail, gets an invisible character: it
    becomes one even where every sign of Markdown is escaped.

    >>> print(literal("2 * [a_b]"))
    2 \* \[a\_b\]
    >>> literal("www.evil.example"), literal("me@a.example")
    ('www\u2060.evil.example', 'me\u2060@a.example')
    """
    unlinked = _LINK.sub("\\g<0>\u2060", str(text))
    return _LINE_START.sub(r"\\\g<0>", re.sub(r"[\\`*_{}\[\]<>()#+!|$~:]", r"\\\g<0>", unlinked))


def count(number: int, noun: str) -> str:
    """Return a number of things in words.

    >>> count(1, "garment"), count(2, "garment")
    ('1 garment', '2 garments')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def day_words(day: date) -> str:
    """Return a day in words.

    >>> day_words(date(2026, 12, 1))
    'Tuesday, 1 December'
    """
    return f"{day:%A}, {day.day} {day:%B}"


def page_header(title: str, lead: str) -> None:
    """Show the page's title with one sentence under it, and whatever the last change had to say."""
    st.title(title, anchor=False)
    st.caption(lead)
    for message in st.session_state.pop("problems", []):
        st.error(message, icon=":material/error:")
    for message in st.session_state.pop("news", []):
        st.toast(message, icon=":material/check:")


def today() -> date:
    """Return the day where the person is, as the browser tells it; the server's own where it tells none."""
    minutes = st.context.timezone_offset  # to be added for UTC: -120 in a summer in Berlin
    return date.today() if minutes is None else (datetime.now(UTC) - timedelta(minutes=minutes)).date()


def tell(message: str) -> None:
    """Show ``message`` as a toast in the next run: a callback must not draw."""
    st.session_state.setdefault("news", []).append(message)


def complain(*problems: object) -> None:
    """Show ``problems`` as one error in the next run, each in a paragraph; of many the first ones."""
    lines = [literal(problem) for problem in problems[:PROBLEMS_SHOWN]]
    if len(problems) > PROBLEMS_SHOWN:
        lines.append(f"… and {len(problems) - PROBLEMS_SHOWN} more")
    st.session_state.setdefault("problems", []).append("\n\n".join(lines))


def change(action: Callable, *args: Any, said: str | None = None, **kwargs: Any) -> Any:
    """Run a change in a callback; a ``StoreError`` or ``ImageError`` becomes a message on the page, and ``None``."""
    try:
        result = action(*args, **kwargs)
    except (StoreError, ImageError) as error:
        complain(error)
        return None
    if said:
        tell(said)
    return result


# Widgets


def button(
    label: str, key: str, icon: str | None, action: Callable, *args: Any, said: str | None = None, **look: Any
) -> None:
    """Show a button that runs ``action(*args)`` as `change` does.

    icon: a name of Material's; look: other arguments of ``st.button``.
    """
    named = f":material/{icon}:" if icon else None
    st.button(label, key=key, icon=named, on_click=change, args=(action, *args), kwargs={"said": said}, **look)


def kept(key: str) -> dict[str, Any]:
    """Return the keywords of a widget whose value is remembered from page to page."""
    return {"key": key, "persist_state": "session"}


def choose_one(label: str, options: Iterable[Any], key: str, default: Any = None, **look: Any) -> Any:
    """Show options beside each other, one of which is always chosen; without a ``default`` the first at the start."""
    names = list(options)
    first = names[0] if default is None else default
    look = {"label_visibility": "collapsed"} | look
    return st.segmented_control(label, names, default=first, required=True, key=key, **look)


def show_tabs(parts: Mapping[str, Callable[[], object]], key: str) -> None:
    """Show a tab for each of ``parts``; only the open one is drawn."""
    for tab, show in zip(st.tabs(list(parts), on_change="rerun", key=key), parts.values(), strict=True):
        if tab.open:
            with tab:
                show()


def one_page(things: Any, length: int, key: str) -> Any:
    """Return the part of ``things``, a sequence or a table, that is on the page at hand; show the pages' numbers.

    length: of a page, up to which nothing is shown; key: begins the widget's key.
    """
    pages = -(-len(things) // length)
    if pages <= 1:
        return things
    number = min(st.pagination(pages, key=f"{key}-{pages}", persist_state="session"), pages)
    return things[(number - 1) * length : number * length]


def pick_model(
    default: str | None = None, key: str = "model", names: Sequence[str] = tuple(MODELS), **look: Any
) -> str:
    """Show the choice of a segmenter among ``names``, remembered under ``key`` from page to page; return its name."""
    place = names.index(default or DEFAULT_MODEL)
    return st.selectbox("Model", names, place, model_label, **kept(key), **look)


def model_label(name: str) -> str:
    """Return what the app calls a segmenter."""
    return MODEL_LABELS.get(name, name)


def link(name: str, label: str, icon: str) -> None:
    """Show a link to the page ``name``; nothing where a page runs on its own and there are no others."""
    with suppress(StreamlitAPIException):
        st.page_link(FOLDER / f"{name}.py", label=label, icon=icon)


def go(name: str, **query: str) -> None:
    """Switch to the page ``name`` with ``query`` in the address; does nothing where a page runs on its own."""
    with suppress(StreamlitAPIException):
        st.switch_page(FOLDER / f"{name}.py", **({"query_params": query} if query else {}))


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


def colour_bar(shares: Iterable[tuple[str, float]]) -> str:
    """Return HTML of colours, such as "#aabbcc", beside each other, as wide as their shares."""
    parts = "".join(f"<span style='flex:{share:.3f};background:{colour}'></span>" for colour, share in shares)
    return f"<div style='display:flex;height:10px;border-radius:5px;overflow:hidden;{RIM}'>{parts}</div>"


def show_chart(chart: Chart) -> None:
    """Show a figure with its image button (above it, at the right) and its data as CSV (below it)."""
    image = {"filename": chart.name, "format": "png", "scale": 2}
    config = {"displaylogo": False, "toImageButtonOptions": image, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
    heading = chart.figure.layout.title.text
    st.plotly_chart(chart.figure, key=f"chart-{chart.name}", config=config, alt=heading)
    download(chart.data, chart.name)


def download(data: pd.DataFrame, name: str) -> None:
    """Offer ``data`` as a CSV file."""
    look: dict[str, Any] = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore"}
    table = data.to_csv(index=False).encode()
    st.download_button("Data as CSV", table, f"{name}.csv", "text/csv", key=f"csv-{name}", **look)


RIM = "border:1px solid rgba(128,128,128,.4)"


@functools.cache
def script_beside(module: str, ending: str = ".js") -> str:
    """Return the script, or style sheet, for the browser that stands beside a module; module: its ``__file__``."""
    return Path(module).with_suffix(ending).read_text(encoding="utf-8")


def style_beside(module: str) -> str:
    """Return the style sheet beside a module, see `script_beside`."""
    return script_beside(module, ".css")


# Models and the wardrobe


def segmenter(name: str) -> Segmenter:
    """Return the loaded model ``name``, one for all sessions; ``WeightsError`` if its weights are not to be trusted."""
    with nullcontext() if cache.is_loaded(name) else st.spinner("Loading the model …"):
        return cache.segmenter(name)


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


def state_of(store: FeatureStore) -> tuple:
    """Return what tells a state of the wardrobe from all others: the ``hash_funcs`` of what is made from it."""
    return str(store.home.absolute()), store.signature()


def load_wardrobe(store: FeatureStore) -> pd.DataFrame:
    """Return the wardrobe with ``derived.DERIVED``, newest first; if it is broken show the way out and stop the page.

    Columns may be set, but lists and dictionaries in the cells are shared by all sessions: never change them in place.
    """
    try:
        return _frame(store).copy(deep=False)
    except StoreError as error:
        stop_unreadable("wardrobe", store, error)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs={FeatureStore: state_of})
def _frame(store: FeatureStore) -> pd.DataFrame:
    """Read the wardrobe once for each of its states.

    Not cache_data: that unpickles a copy for every run, 0.2 s for 10 000 items.
    """
    with gc_paused():
        return with_derived(ordered(store.load(), "Newest first"))


def stop_unreadable(what: str, document: Document, error: StoreError) -> NoReturn:
    """Say that the ``what`` could not be read, offer the copies that could be restored, and stop the page."""
    st.error(f"The {what} could not be read. Nothing was changed.", icon=":material/error:")
    st.code(str(error), language=None, wrap_lines=True)
    if isinstance(error, AbsentDriveError):
        said = "A new wardrobe may begin here"
        button("It is gone for good: begin anew", "accept-loss", "restart_alt", accept_loss, document.home, said=said)
    for place, copy in enumerate(error.copies):
        when = datetime.fromtimestamp(copy.path.stat().st_mtime).strftime("%d %B %Y, %H:%M:%S")
        which = "An older backup that holds more" if place else "The newest good backup"
        st.caption(f"{which} is of {when}, with {copy.entries} entries. The broken file is kept beside it.")
        key, kind = f"restore-backup-{place}", "secondary" if place else "primary"
        icon, said = "settings_backup_restore", "The backup is restored"
        button("Restore this backup", key, icon, document.restore_backup, copy.path, said=said, type=kind)
    st.stop()


def picture_url(store: FeatureStore, item: Mapping, side: int, margin: float = 0.0) -> str:
    """Return an item's thumbnail as a data URL of at most ``side`` (≤ 256) pixels; a hanger if it has none."""
    path = store.picture(item.get("thumbnail") or item.get("image"))
    return _picture_url(str(path), side, margin) if path else pictures.PLACEHOLDER


@st.cache_data(show_spinner=False, max_entries=4000)
def _picture_url(path: str, side: int, margin: float) -> str:
    return pictures.data_url(Path(path), side, margin)  # the name is a hash of the content: it never goes stale
