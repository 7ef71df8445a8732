"""A widget for each field of an item, the same for one item and for many; and how a widget saves what is entered.

**No value is saved that nobody entered** (`showing`).  A browser forgets a widget that is not drawn, in a tab or on the
page of another item, and mounts it with its default; the server, where the run was stopped or failed, believes that the
browser still shows what it did.  The default then comes back as if it had been entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.streamlit_internals import is_kept, is_told
from ewardrobe.wardrobe.derived import all_of
from ewardrobe.wardrobe.fields import DAY, FIELD, FLAG, NUMBERS, PRICE, TEXT, TEXTS, ItemField, entered, shown
from ewardrobe.wardrobe.vocabulary import words_for


def ask_field(
    frame: pd.DataFrame, field: str, key: str, label: str | None = None, placeholder: str = "–", **kwargs: Any
) -> Any:
    """Show the widget of ``field`` with session key ``key`` and return its value.

    frame: the wardrobe, whose tags are offered.  The value shown is the key's: see ``showing``.
    """
    row = FIELD[field]
    kwargs |= {"label": label or row.label, "key": key}
    if row.choices and not row.many:
        present = st.session_state.get(key)
        options = [*row.choices, *([present] if present and present not in row.choices else [])]
        index = 0 if row.required and present else None  # with an index it cannot be emptied
        look: dict[str, Any] = {"placeholder": placeholder, "accept_new_options": row.free}
        shown_as = str if row.free else words_for(field)  # what may be typed is shown as it is
        return st.selectbox(options=options, index=index, format_func=shown_as, help=row.help, **look, **kwargs)
    if row.many:
        offered = [*row.choices, *(all_of(frame, field) if row.holds == TEXTS else ())]
        options = list(dict.fromkeys([*offered, *(st.session_state.get(key) or [])]))
        return st.multiselect(options=options, accept_new_options=row.free, placeholder=placeholder, **kwargs)
    return _ask_one(row, kwargs, placeholder)


def _ask_one(row: ItemField, kwargs: dict[str, Any], placeholder: str) -> Any:
    if row.holds == PRICE:
        kwargs["placeholder"] = "49.90"  # a box of numbers would read 1.299,00 as 1.29
        return st.text_input(help=row.help, **kwargs)
    if row.holds in NUMBERS:
        return st.number_input(min_value=0, value=None, step=1, help=row.help, **kwargs)
    if row.holds == DAY:
        latest = max(page.today(), st.session_state.get(kwargs["key"]) or date.min)  # past it, the box would be blank
        return st.date_input(value=None, format="YYYY-MM-DD", max_value=latest, help=row.help, **kwargs)
    if row.holds == FLAG:
        return st.toggle(help=row.help, **kwargs)
    placeholder = "" if placeholder == "–" else placeholder
    return st.text_area(height=80, **kwargs) if row.long else st.text_input(placeholder=placeholder, **kwargs)


@dataclass
class _Box:
    """A widget of `showing`: its session key, and the value that the browser shows.

    seen: the browser has told of it.  gone: the page ended early, so the browser has forgotten it.
    """

    key: str
    number: int
    value: Any
    seen: bool = False
    gone: bool = False


def showing(key: str, value: Any, write: Callable[[Any], object]) -> dict[str, Any]:
    """Return the keywords of a widget that shows ``value`` and calls ``write`` with what is entered in its place.

    value: what is stored, as the widget holds it; call this in every run, before the widget, and give that no default.
    ``write`` never gets a value that the widget showed.  A widget that was not drawn comes back as a new one, and so
    does one whose value was changed elsewhere (another window, undo): the browser knows nothing of it, so it takes the
    value that is sent, and what it still tells of the old one changes nothing.  A new widget it is too as long as the
    browser has never told of it: a page that comes before the last one was drawn takes its place, and what was sent
    with that is lost.
    """
    boxes = _boxes()
    box = boxes.get(key)
    if box is not None and is_told(box.key):
        box.seen = True
    if box is None or not box.seen or box.gone or box.value != value or not is_kept(box.key):
        number = box.number + 1 if box else 0
        box = boxes[key] = _Box(f"{key}-{number}" if number else key, number, value)
        st.session_state[box.key] = value
    return {"key": box.key, "on_change": _entered, "args": (box, write)}


def _entered(box: _Box, write: Callable[[Any], object]) -> None:
    if (value := st.session_state[box.key]) != box.value:
        box.value = value
        write(value)


@contextmanager
def whole_page() -> Iterator[None]:
    """Let the widgets of a page that did not come to its end come back as new ones.

    After a run, Streamlit and the browser forget the widgets that were not drawn.  After one that was stopped or
    failed, only the browser does.  The next run begins before the stopped one has noticed, so it looks whether the
    last run came to its end, and does not wait to be told.
    """
    if st.session_state.get(RUN) is not None:
        for box in _boxes().values():
            box.gone = True
    mine = st.session_state[RUN] = object()
    yield
    if st.session_state.get(RUN) is mine:
        st.session_state[RUN] = None


RUN = "page-run"
"""Session key of the run that draws the page: ``None`` when it came to its end."""


def _boxes() -> dict[str, _Box]:
    return st.session_state.setdefault("shown-boxes", {})


def as_shown(field: str, value: Any) -> Any:
    """Return an item's value as the widget of its field holds it."""
    row = FIELD[field]
    if row.holds == DAY and isinstance(value, str):
        return date.fromisoformat(value)
    if row.many:
        return list(value or [])
    if row.holds == PRICE:
        return shown(field, value)
    if value is None and row.holds == TEXT and not row.fixed:
        return ""
    return bool(value) if row.holds == FLAG else value


def typed(field: str, value: Any) -> Any:
    """Return a widget's value as it is stored: an empty text is nothing; ``ValueError`` says what was expected."""
    try:
        return entered(field, value)
    except ValueError as error:
        raise ValueError(f"{FIELD[field].label}: {error}") from None
