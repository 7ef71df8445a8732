"""A widget for each field of an item, the same for one item and for many; and how a widget saves what is entered.

**No value is saved that nobody entered** (`showing`).  A browser forgets a widget that is not drawn, in a tab or on the
page of another item, and mounts it with its default; the server, where the run was stopped or failed, believes that the
browser still shows what it did.  The default then comes back as if it had been entered.
"""

from __future__ import annotations

from collections.abc import Callable
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

    frame: the wardrobe, whose tags are offered.  The value shown is the key's: see ``showing``.
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


def showing(key: str, value: Any, write: Callable[[Any], object]) -> dict[str, Any]:
    """Return the keywords of a widget that shows ``value`` and calls ``write`` with what is entered in its place.

    value: what is stored, as the widget holds it; call this in every run, before the widget, and give that no default.
    ``write`` never gets a value that the widget showed.  A value that comes from elsewhere (another window, undo) gets
    a new widget: what a slow browser still tells of the old one changes nothing.
    """
    values = st.session_state.setdefault("shown-values", {}).setdefault(key, [])  # by the number of the widget
    if not values or values[-1] != value:
        values.append(value)
    number = len(values) - 1
    name = f"{key}-{number}" if number else key
    if name not in st.session_state or st.session_state[name] != value:
        st.session_state[name] = value
    # persist_state: the server then sends the value to every browser that does not tell of the widget.
    return {"key": name, "persist_state": "session", "on_change": _entered, "args": (name, values, number, write)}


def _entered(name: str, values: list, number: int, write: Callable[[Any], object]) -> None:
    if (value := st.session_state[name]) != values[number]:
        values[number] = value
        write(value)


def as_shown(field: str, value: Any) -> Any:
    """Return an item's value as the widget of its field holds it."""
    if field == "bought" and isinstance(value, str):
        return date.fromisoformat(value)
    if field in LIST_FIELDS or field == "colours":
        return list(value or [])
    if field == "price" and value is not None:
        return float(value)
    if value is None and field in ("type", "brand", "size", "notes", "state_reason"):
        return ""
    return bool(value) if field == "favourite" else value


def typed(value: Any) -> Any:
    """Return a widget's value as it is stored: an empty text is nothing."""
    return (value.strip() or None) if isinstance(value, str) else value
