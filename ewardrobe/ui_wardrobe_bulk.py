"""What can be done with the chosen items, in a bar at the foot of the page that is there only while some are chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe import bulk, ui
from ewardrobe.derived import all_of, rows_of
from ewardrobe.feature_store import FeatureStore
from ewardrobe.ui_wardrobe import choose, chosen_ids, open_item

REASONS = ("sold", "given away", "donated", "worn out", "lost")
"""Offered when an item is archived; any other may be typed."""


def bulk_bar(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the bar for the chosen items of ``frame``, the whole wardrobe; nothing while none is chosen."""
    ids = chosen_ids(frame)
    if not ids:
        return
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="bulk-bar"):
        st.markdown(f"**{len(ids)} chosen**", width="content")
        if len(ids) == 1:
            st.button("Open", icon=":material/open_in_full:", key="bulk-open", on_click=open_item, args=(ids[0],))
        with st.popover("Edit", icon=":material/edit:", key="bulk-edit"):
            _edit(store, frame, ids)
        with st.popover("Archive", icon=":material/inventory_2:", key="bulk-archive"):
            _archive(store, ids)
        _button("Remove", ":material/delete:", "remove", remove, store, ids)
        st.space("stretch")
        st.button("Clear choice", key="bulk-clear", type="tertiary", on_click=choose, args=((),))


def _button(label: str, icon: str, key: str, action: Callable, *args: Any) -> None:
    st.button(label, icon=icon, key=f"bulk-{key}", on_click=action, args=args)


def remove(store: FeatureStore, item_ids: list[str]) -> None:
    """Remove items, and say how to get them back; for a callback."""
    if removed := ui.change(store.remove, item_ids):
        st.session_state["removed"] = removed
        choose(())


def _edit(store: FeatureStore, frame: pd.DataFrame, ids: list[str]) -> None:
    field = st.selectbox("Field", list(bulk.FIELDS), format_func=bulk.FIELDS.get, key="bulk-field")
    way = "Replace"
    if field in bulk.LIST_FIELDS:
        way = st.segmented_control("How", bulk.WAYS, default="Add", required=True, key="bulk-way")
    _value(frame, field)
    st.button(
        f"Change {len(ids)} item{'s' if len(ids) > 1 else ''}",
        type="primary",
        key="bulk-apply",
        on_click=_apply,
        args=(store, ids, field, way),
    )
    st.caption("An empty value clears the field.")


def _value(frame: pd.DataFrame, field: str) -> Any:
    """Show the widget for a field's new value; its state is read in the callback."""
    label, key = bulk.FIELDS[field], f"bulk-value-{field}"
    if field in bulk.CHOICE_FIELDS:
        return st.selectbox(label, bulk.CHOICE_FIELDS[field], None, key=key, placeholder="–")
    if field in bulk.LIST_FIELDS:
        offered = list(dict.fromkeys([*bulk.LIST_FIELDS[field], *all_of(frame, field)]))
        return st.multiselect(label, offered, key=key, accept_new_options=field == "tags", placeholder="Choose or type")
    if field == "price":
        return st.number_input(label, 0.0, value=None, format="%.2f", key=key)
    if field == "wash_interval":
        return st.number_input(label, 0, value=None, step=1, key=key, help="0: never needs a wash")
    if field == "bought":
        return st.date_input(label, None, key=key, format="YYYY-MM-DD", max_value=date.today())
    if field == "favourite":
        return st.toggle(label, value=True, key=key)
    return st.text_input(label, key=key)


def _apply(store: FeatureStore, ids: list[str], field: str, way: str) -> None:
    value = st.session_state.get(f"bulk-value-{field}")
    if field == "kind" and value is None:
        st.session_state.setdefault("problems", []).append("Choose a category first: every item has one.")
        return
    value = value or None if isinstance(value, str) else value
    edits = bulk.edits(rows_of(ui.load_wardrobe(store).loc[ids]), field, value, way)
    said = f"{bulk.FIELDS[field]} changed on {len(edits)} item{'' if len(edits) == 1 else 's'}"
    ui.change(store.apply_edits, edits, source="user", said=said if edits else "Nothing to change")


def _archive(store: FeatureStore, ids: list[str]) -> None:
    st.selectbox("Reason", REASONS, None, key="bulk-reason", accept_new_options=True, placeholder="Choose or type")
    st.button("Archive", type="primary", key="bulk-archive-do", on_click=_set_state, args=(store, ids, "archived"))
    st.caption("Archived items stay in the statistics; the filter State shows them again.")


def _set_state(store: FeatureStore, ids: list[str], state: str) -> None:
    reason = st.session_state.get("bulk-reason") or None
    ui.change(store.apply_edits, dict.fromkeys(ids, {"state": state, "state_reason": reason}), source="user")
    choose(())
