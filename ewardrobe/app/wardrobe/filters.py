"""The filters of the wardrobe page: the common ones in a row, the rest behind a button."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.wardrobe.derived import all_of
from ewardrobe.wardrobe.fields import FIELD, ItemField
from ewardrobe.wardrobe.filters import LISTS, ORDERS, WORN, Filters
from ewardrobe.wardrobe.search import understand
from ewardrobe.wardrobe.vocabulary import words_for

IN_THE_ROW = ("kind", "colour")
RARE = [row for row in LISTS if row.name not in IN_THE_ROW]
SINGLE = {part.name: part.default for part in fields(Filters) if part.name != "any_of"}
"""The filters that hold one value, with the value that lets everything pass."""


def ask_filters(frame: pd.DataFrame) -> tuple[Filters, str]:
    """Show the filters and the order, remembered for the session; return what is chosen."""
    grid = st.grid(12, min_column_width=50, vertical_alignment="bottom")
    with grid.cell(column_span=4):
        text = st.text_input("Search", placeholder="Navy jacket, striped tee, wool …", **_kept("text"))
    any_of = {}
    for name in IN_THE_ROW:
        with grid.cell(column_span=2):
            any_of[name] = _one_list(frame, FIELD[name])
    with grid.cell(column_span=2):
        values, others = _more(frame)
    with grid.cell(column_span=2):
        order = st.selectbox("Sort", list(ORDERS), key="find-order", persist_state="session")
    return Filters(text, any_of | others, **values), order


def say_understood(frame: pd.DataFrame, text: str) -> None:
    """Say what the words of a search were taken for; nothing where there are none."""
    query = understand(text, frame)
    parts = [f"Understood: {query.told}"] if query.told else []
    if query.unknown:
        parts.append(f"not known, looked for as text: {', '.join(f'“{word}”' for word in query.unknown)}")
    if parts:
        st.caption(f":material/search: {page.literal(_sentence(parts))}", width="content")


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def clear_filters() -> None:
    """Set every filter to nothing; for a callback.

    They become new ones: a value that is set once is lost where the page is replaced before it is drawn, and the
    browser, which shows the old value, would bring that back.
    """
    st.session_state["find-number"] = st.session_state.get("find-number", 0) + 1


def _key(name: str) -> str:
    number = st.session_state.get("find-number", 0)
    return f"find-{name}-{number}" if number else f"find-{name}"


def _kept(name: str) -> dict[str, Any]:
    return {"key": _key(name), "persist_state": "session"}


def _one_list(frame: pd.DataFrame, row: ItemField) -> tuple[str, ...]:
    """Ask for values of one column; what is chosen stays on offer when its last item has gone."""
    present = all_of(frame, row.name)
    usual = [choice for choice in row.choices if choice in present]
    offered = list(dict.fromkeys([*usual, *present, *(st.session_state.get(_key(row.name)) or [])]))
    look: dict[str, Any] = {"format_func": words_for(row.name), "placeholder": "All", **_kept(row.name)}
    return tuple(st.multiselect(row.label, offered, **look))


def _more(frame: pd.DataFrame) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """Ask for the rest in a popover, whose button says how many of them are set."""
    names = {row.name for row in RARE} | (SINGLE.keys() - {"text"})
    count = sum(bool(st.session_state.get(_key(name))) for name in names)
    label = f"More · {count}" if count else "More"
    with st.popover(label, icon=":material/tune:", width="stretch", key="more-filters"):
        left, right = st.columns(2)
        any_of = {}
        for number, row in enumerate(RARE):
            with (left, right)[number % 2]:
                any_of[row.name] = _one_list(frame, row)
        low, high = right.columns(2)
        price: dict[str, Any] = {"min_value": 0.0, "value": None, "step": 10.0, "format": "%.2f"}
        guess = "A guess waits for your word"
        values = {
            "worn": left.selectbox("Worn", list(WORN), None, WORN.__getitem__, placeholder="Whenever", **_kept("worn")),
            "price_from": low.number_input("Price from", **price, **_kept("price_from")),
            "price_to": high.number_input("to", **price, **_kept("price_to")),
            "favourite": left.toggle("Favourites only", **_kept("favourite")),
            "needs_wash": right.toggle("Needs a wash", **_kept("needs_wash")),
            "asks": left.toggle("With an open question", **_kept("asks"), help=guess),
        }
    return values, any_of
