"""What can be done with the chosen items, in a bar at the foot of the page that is there only while some are chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import ask_field, typed
from ewardrobe.app.wardrobe.overview import choose, chosen_ids, open_item
from ewardrobe.app.wardrobe.wear import put_away, save_chosen, wear_buttons
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import edits
from ewardrobe.wardrobe.fields import FIELD, FLAG


def bulk_bar(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the bar for the chosen items of ``frame``, the whole wardrobe; nothing while none is chosen."""
    if not (ids := chosen_ids(frame)):
        return
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="bulk-bar"):
        st.markdown(f"**{len(ids)} chosen**", width="content")
        if len(ids) == 1:
            page.button("Open", "bulk-open", "open_in_full", open_item, ids[0])
        wear_buttons(store, ids, "bulk")
        with st.popover("Edit", icon=":material/edit:", key="bulk-edit"):
            change_form(frame, "bulk", page.count(len(ids), "item"), partial(_change, store, ids))
            st.caption("An empty value clears the field.")
        save_chosen(store, ids)
        put_away(store, ids, "bulk")
        st.space("stretch")
        page.button("Clear choice", "bulk-clear", None, choose, (), type="tertiary")


def _change(store: FeatureStore, ids: list[str], field: str, value: Any, way: str) -> None:
    label = edits.FIELDS[field]
    what = f"changed {label.lower()} of {page.count(len(ids), 'item')}"
    store.alter(ids, lambda item: edits.change_of(item, field, value, way), what)
    page.tell(f"{label} changed")


def change_form(frame: pd.DataFrame, key: str, things: str, apply: Callable[[str, Any, str], object]) -> None:
    """Ask for one field and its value, for many things at once; a button calls ``apply(field, value, way)``.

    frame: the wardrobe, whose tags are offered; key: begins the widgets' keys; things: such as "3 items".
    """
    fields = list(edits.FIELDS)
    first = fields.index("tags")  # what many are given most often
    field = st.selectbox("Field", fields, first, edits.FIELDS.__getitem__, key=f"{key}-field")
    way = "Replace"
    if field in edits.LIST_FIELDS:
        way = page.choose_one("How", edits.WAYS, f"{key}-way", label_visibility="visible")
    value: dict[str, Any] = {"value": True} if FIELD[field].holds == FLAG else {}
    ask_field(frame, field, f"{key}-value-{field}", **value)
    page.button(f"Change {things}", f"{key}-apply", None, _apply, key, field, way, apply, type="primary")


def _apply(key: str, field: str, way: str, apply: Callable[[str, Any, str], object]) -> None:
    try:
        value = typed(field, st.session_state.get(f"{key}-value-{field}"))
    except ValueError as error:
        page.complain(error)
        return
    if FIELD[field].required and value is None:
        page.complain(f"{edits.FIELDS[field]} cannot be empty.")
    else:
        apply(field, value.isoformat() if isinstance(value, date) else value, way)
