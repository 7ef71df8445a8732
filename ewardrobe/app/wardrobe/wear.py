"""Wearing, washing, lending, archiving and removing: the buttons, for one item or for many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.overview import choose
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.wear_log import LAUNDRY

REASONS = ("sold", "given away", "donated", "worn out", "lost")
"""Offered when an item is archived; any other may be typed."""


def wear_buttons(store: FeatureStore, ids: list[str], key: str) -> None:
    """Show "Worn today", a popover for another day, and what concerns the laundry; ``key`` makes theirs unique."""
    st.button("Worn today", icon=":material/today:", key=f"{key}-today", on_click=_worn, args=(store, ids))
    with st.popover("Worn on …", icon=":material/event:", key=f"{key}-other-day"):
        st.date_input("Day", max_value=date.today(), key=f"{key}-day", format="YYYY-MM-DD")
        st.button("Log this day", type="primary", key=f"{key}-log", on_click=_worn, args=(store, ids, f"{key}-day"))
    with st.popover("Laundry", icon=":material/local_laundry_service:", key=f"{key}-laundry"):
        actions = (("In the laundry", "to-laundry", _to_laundry), ("Washed", "washed", _washed))
        for label, name, action in actions:
            st.button(label, key=f"{key}-{name}", on_click=action, args=(store, ids), width="stretch")


def put_away(store: FeatureStore, ids: list[str], key: str, on_remove: Callable | None = None) -> None:
    """Show what takes items out of use, and back; ``on_remove``: called in place of ``remove``."""
    with st.popover("Put away", icon=":material/inventory_2:", key=f"{key}-away"):
        st.text_input("Lent to", key=f"{key}-to")
        _state_button(store, ids, "Lend", "lent", f"{key}-lend", f"{key}-to")
        st.selectbox(
            "Archived because",
            REASONS,
            None,
            key=f"{key}-reason",
            accept_new_options=True,
            placeholder="Choose or type",
        )
        _state_button(store, ids, "Archive", "archived", f"{key}-archive", f"{key}-reason")
        _state_button(store, ids, "Back in use", "in use", f"{key}-back", None)
        st.caption("Archived items stay in the statistics; the filter State shows them again.")
        args = (store, ids)
        st.button("Remove", icon=":material/delete:", key=f"{key}-remove", on_click=on_remove or remove, args=args)


def _state_button(
    store: FeatureStore, ids: list[str], label: str, state: str, key: str, reason_key: str | None
) -> None:
    st.button(label, key=key, on_click=_set_state, args=(store, ids, state, reason_key), width="stretch")


def _worn(store: FeatureStore, ids: list[str], day_key: str | None = None) -> None:
    day = st.session_state[day_key] if day_key else date.today()
    when = "today" if day == date.today() else f"on {day.isoformat()}" if day else ""
    page.change(wearing.log_wear, store, ids, day, said=f"Worn {when}: {counted(ids)}")
    _done(ids)


def _to_laundry(store: FeatureStore, ids: list[str]) -> None:
    page.change(wearing.set_state, store, ids, LAUNDRY, said=f"In the laundry: {counted(ids)}")
    _done(ids)


def _washed(store: FeatureStore, ids: list[str]) -> None:
    page.change(wearing.wash, store, ids, said=f"Washed: {counted(ids)}")
    _done(ids)


def _set_state(store: FeatureStore, ids: list[str], state: str, reason_key: str | None) -> None:
    reason = (st.session_state.get(reason_key) or None) if reason_key else None
    page.change(wearing.set_state, store, ids, state, reason, said=f"{state.capitalize()}: {counted(ids)}")
    _done(ids)


def remove(store: FeatureStore, ids: list[str]) -> None:
    """Remove items; "Undo" brings them back; for a callback."""
    if page.change(store.remove, ids):
        page.tell(f"Removed: {counted(ids)}")
    _done(ids)


def _done(ids: list[str]) -> None:
    """Let go of the choice that an action was meant for."""
    if st.session_state.get("chosen") == set(ids):
        choose(())


def counted(ids: list[str]) -> str:
    """Return "1 item", "3 items".

    >>> counted(["a"]), counted(["a", "b"])
    ('1 item', '2 items')
    """
    return f"{len(ids)} item{'' if len(ids) == 1 else 's'}"
