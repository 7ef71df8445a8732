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
from ewardrobe.wardrobe.fields import DAY, FIELD, FLAG, NUMBERS, PRICE, TEXT, TEXTS, ItemField


def ask_field(
    frame: pd.DataFrame, field: str, key: str, label: str | None = None, placeholder: str = "–", **kwargs: Any
) -> Any:
    """Show the widget of ``field`` with session key ``key`` and return its value.

    frame: the wardrobe, whose tags are offered.  The value shown is the key's: see ``showing``.
    """
    row = FIELD[field]
    kwargs |= {"label": label or row.label, "key": key}
    if row.fixed:
        present = st.session_state.get(key)
        options = [*row.choices, *([present] if present and present not in row.choices else [])]
        index = 0 if row.required and present else None  # with an index it cannot be emptied
        return st.selectbox(options=options, index=index, placeholder=placeholder, **kwargs)
    if row.many:
        offered = [*row.choices, *(all_of(frame, field) if row.holds == TEXTS else ())]
        options = list(dict.fromkeys([*offered, *(st.session_state.get(key) or [])]))
        return st.multiselect(options=options, accept_new_options=row.free, placeholder=placeholder, **kwargs)
    return _ask_one(row, kwargs)


def _ask_one(row: ItemField, kwargs: dict[str, Any]) -> Any:
    """Show the widget of a field that is typed or switched."""
    if row.holds == PRICE:
        return st.number_input(min_value=0.0, value=None, format="%.2f", step=1.0, help=row.help, **kwargs)
    if row.holds in NUMBERS:
        return st.number_input(min_value=0, value=None, step=1, help=row.help, **kwargs)
    if row.holds == DAY:
        return st.date_input(value=None, format="YYYY-MM-DD", max_value=date.today(), help=row.help, **kwargs)
    if row.holds == FLAG:
        return st.toggle(help=row.help, **kwargs)
    return st.text_area(height=80, **kwargs) if row.long else st.text_input(**kwargs)


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
    row = FIELD[field]
    if row.holds == DAY and isinstance(value, str):
        return date.fromisoformat(value)
    if row.many:
        return list(value or [])
    if row.holds == PRICE and value is not None:
        return float(value)
    if value is None and row.holds == TEXT and not row.fixed:
        return ""
    return bool(value) if row.holds == FLAG else value


def typed(value: Any) -> Any:
    """Return a widget's value as it is stored: an empty text is nothing."""
    return (value.strip() or None) if isinstance(value, str) else value
