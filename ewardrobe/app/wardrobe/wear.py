"""Wearing, washing, lending, archiving and removing: the buttons, for one item or for many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.overview import choose, open_item, opened_id
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.wear_log import ARCHIVED, IN_USE, LAUNDRY, LENT

REASONS = ("sold", "given away", "donated", "worn out", "lost")
"""Offered when an item is archived; any other may be typed."""


def wear_buttons(store: FeatureStore, ids: list[str], key: str) -> None:
    """Show "Worn today", a popover for another day, and what concerns the laundry; ``key`` makes theirs unique."""
    page.button("Worn today", f"{key}-today", "today", _worn, store, ids)
    with st.popover("Worn on …", icon=":material/event:", key=f"{key}-other-day"):
        st.date_input("Day", max_value=date.today(), key=f"{key}-day", format="YYYY-MM-DD")
        page.button("Log this day", f"{key}-log", None, _worn, store, ids, f"{key}-day", type="primary")
    with st.popover("Laundry", icon=":material/local_laundry_service:", key=f"{key}-laundry"):
        _state_button("In the laundry", f"{key}-to-laundry", store, ids, LAUNDRY)
        page.button("Washed", f"{key}-washed", None, _act, "Washed", wearing.wash, store, ids, width="stretch")


def put_away(store: FeatureStore, ids: list[str], key: str) -> None:
    """Show what takes items out of use, and back."""
    with st.popover("Put away", icon=":material/inventory_2:", key=f"{key}-away"):
        st.text_input("Lent to", key=f"{key}-to")
        _state_button("Lend", f"{key}-lend", store, ids, LENT, f"{key}-to")
        hint = "Choose or type"
        st.selectbox("Archived because", REASONS, None, key=f"{key}-reason", accept_new_options=True, placeholder=hint)
        _state_button("Archive", f"{key}-archive", store, ids, ARCHIVED, f"{key}-reason")
        _state_button("Back in use", f"{key}-back", store, ids, IN_USE)
        st.caption("Archived items stay in the statistics; the filter State shows them again.")
        page.button("Remove", f"{key}-remove", "delete", _remove, store, ids)


def _state_button(
    label: str, key: str, store: FeatureStore, ids: list[str], state: str, reason_key: str | None = None
) -> None:
    page.button(label, key, None, _set_state, store, ids, state, reason_key, width="stretch")


def _worn(store: FeatureStore, ids: list[str], day_key: str | None = None) -> None:
    day = st.session_state[day_key] if day_key else date.today()
    _act(f"Worn {'today' if day == date.today() else f'on {day}'}", wearing.log_wear, store, ids, day)


def _set_state(store: FeatureStore, ids: list[str], state: str, reason_key: str | None) -> None:
    said = "In the laundry" if state == LAUNDRY else state.capitalize()
    _act(said, wearing.set_state, store, ids, state, st.session_state.get(reason_key) if reason_key else None)


def _remove(store: FeatureStore, ids: list[str]) -> None:
    _act("Removed", FeatureStore.remove, store, ids)
    if opened_id() in ids:
        open_item(None)


def _act(said: str, action: Callable, store: FeatureStore, ids: list[str], *args: Any) -> None:
    """Change items, say so, and let go of the choice that this was meant for."""
    if action(store, ids, *args):
        page.tell(f"{said}: {page.count(len(ids), 'item')}")
    if st.session_state.get("chosen") == set(ids):
        choose(())
