"""A widget for each field of an item: the same where many items are changed at once and where one is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.wardrobe.derived import all_of
from ewardrobe.wardrobe.edits import CHOICE_FIELDS, FIELDS, LIST_FIELDS
from ewardrobe.wardrobe.item import COLOURS


def ask_field(
    frame: pd.DataFrame, field: str, key: str, label: str | None = None, placeholder: str = "–", **kwargs: Any
) -> Any:
    """Show the widget of ``field`` with session key ``key`` and return its value.

    frame: the wardrobe, whose tags are offered.  The value shown is the key's: see ``show_value``.
    """
    kwargs |= {"label": label or FIELDS[field], "key": key}
    if field in CHOICE_FIELDS:
        present = st.session_state.get(key)
        options = [*CHOICE_FIELDS[field], *([present] if present and present not in CHOICE_FIELDS[field] else [])]
        index = 0 if field == "kind" and present else None  # with an index it cannot be emptied
        return st.selectbox(options=options, index=index, placeholder=placeholder, **kwargs)
    if field in LIST_FIELDS or field == "colours":
        offered = COLOURS if field == "colours" else [*LIST_FIELDS[field], *all_of(frame, field)]
        options = list(dict.fromkeys([*offered, *(st.session_state.get(key) or [])]))
        return st.multiselect(options=options, accept_new_options=field == "tags", placeholder=placeholder, **kwargs)
    if field == "price":
        return st.number_input(min_value=0.0, value=None, format="%.2f", step=1.0, **kwargs)
    if field == "wash_interval":
        return st.number_input(min_value=0, value=None, step=1, help="0: never needs a wash", **kwargs)
    if field == "bought":
        return st.date_input(value=None, format="YYYY-MM-DD", max_value=date.today(), **kwargs)
    if field == "favourite":
        return st.toggle(**kwargs)
    return st.text_area(height=80, **kwargs) if field == "notes" else st.text_input(**kwargs)


def show_value(field: str, key: str, value: Any) -> None:
    """Let the widget of ``key`` show ``value``, which is what the wardrobe holds; call it before the widget.

    A widget keeps what was typed into it: without this, a value that another window or ``undo`` has set would not show.
    """
    if field == "bought" and isinstance(value, str):
        value = date.fromisoformat(value)
    elif field in LIST_FIELDS or field == "colours":
        value = list(value or [])
    elif field == "price" and value is not None:
        value = float(value)
    elif value is None and field in ("type", "brand", "size", "notes", "state_reason"):
        value = ""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def typed(value: Any) -> Any:
    """Return a widget's value as it is stored: an empty text is nothing."""
    return (value.strip() or None) if isinstance(value, str) else value
