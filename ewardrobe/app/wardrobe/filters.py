"""The filters of the wardrobe page: the common ones in a row, the rest behind a button."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ewardrobe.wardrobe.derived import all_of
from ewardrobe.wardrobe.fields import FIELD, ItemField
from ewardrobe.wardrobe.filters import LISTS, ORDERS, WORN, Filters

IN_THE_ROW = ("kind", "colour")


def key_of(name: str) -> str:
    """Return the session state's key of a filter's widget."""
    return f"find-{name}" if name != "text" else "find"


def ask_filters(frame: pd.DataFrame) -> tuple[Filters, str]:
    """Show the filters and the order, remembered for the session; return what is chosen."""
    grid = st.grid(12, min_column_width=50, vertical_alignment="bottom")
    with grid.cell(column_span=4):
        text = st.text_input("Search", placeholder="Any word: linen, work, party", **_kept("text"))
    any_of = {}
    for name in IN_THE_ROW:
        with grid.cell(column_span=2):
            any_of[name] = _one_list(frame, FIELD[name])
    with grid.cell(column_span=2):
        values, others = _more(frame)
    with grid.cell(column_span=2):
        order = st.selectbox("Sort", list(ORDERS), **_kept("order"))
    return Filters(text, any_of | others, **values), order


def clear_filters() -> None:
    """Set every filter to nothing; for a callback."""
    for row in LISTS:
        st.session_state[key_of(row.name)] = []
    for name, value in _EMPTY.items():
        st.session_state[key_of(name)] = value


_FLAGS = ("favourite", "needs_wash", "asks")
_EMPTY = {"text": "", "worn": None, "price_from": None, "price_to": None, **dict.fromkeys(_FLAGS, False)}


def _kept(name: str) -> dict:
    return {"key": key_of(name), "persist_state": "session"}


def _one_list(frame: pd.DataFrame, row: ItemField) -> tuple[str, ...]:
    """Ask for values of one column; what is chosen stays on offer when its last item has gone."""
    present = all_of(frame, row.name)
    chosen = st.session_state.get(key_of(row.name)) or []
    offered = [choice for choice in row.choices if choice in present]
    offered += [value for value in present if value not in row.choices]
    offered += [value for value in chosen if value not in offered]
    return tuple(st.multiselect(row.label, offered, placeholder="All", **_kept(row.name)))


def _more(frame: pd.DataFrame) -> tuple[dict, dict]:
    """Ask for the rest in a popover, whose button says how many of them are set."""
    rare = [row for row in LISTS if row.name not in IN_THE_ROW]
    names = [row.name for row in rare] + [name for name in _EMPTY if name != "text"]
    count = sum(bool(st.session_state.get(key_of(name))) for name in names)
    label = f"More · {count}" if count else "More"
    with st.popover(label, icon=":material/tune:", width="stretch", key="more-filters"):
        left, right = st.columns(2)
        values, any_of = {}, {}
        for number, row in enumerate(rare):
            with (left, right)[number % 2]:
                any_of[row.name] = _one_list(frame, row)
        values["worn"] = left.selectbox(
            "Worn", list(WORN), None, format_func=WORN.get, placeholder="Whenever", **_kept("worn")
        )
        with right:
            values |= _prices()
        values["favourite"] = left.toggle("Favourites only", **_kept("favourite"))
        values["needs_wash"] = right.toggle("Needs a wash", **_kept("needs_wash"))
        values["asks"] = left.toggle("With an open question", **_kept("asks"), help="A guess waits for your word")
    return values, any_of


def _prices() -> dict:
    low, high = st.columns(2)
    return {
        "price_from": low.number_input("Price from", 0.0, value=None, step=10.0, format="%.2f", **_kept("price_from")),
        "price_to": high.number_input("to", 0.0, value=None, step=10.0, format="%.2f", **_kept("price_to")),
    }
