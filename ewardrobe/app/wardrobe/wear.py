"""What is done with one item or many: worn, washed, lent, archived, removed; and whole saved outfits."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.overview import choose, open_item, opened_id
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe.derived import rows_of
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.wear_log import ARCHIVED, IN_USE, LAUNDRY, LENT

REASONS = ("sold", "given away", "donated", "worn out", "lost")
"""Offered when an item is archived; any other may be typed."""


def wear_buttons(store: FeatureStore, ids: list[str], key: str) -> None:
    """Show "Worn today", a popover for another day, and what concerns the laundry; ``key`` makes theirs unique."""
    page.button("Worn today", f"{key}-today", "today", _worn, store, ids)
    with st.popover("Worn on …", icon=":material/event:", key=f"{key}-other-day"):
        st.date_input("Day", page.today(), max_value=page.today(), key=f"{key}-day", format="YYYY-MM-DD")
        page.button("Log this day", f"{key}-log", None, _worn, store, ids, f"{key}-day", type="primary")
    with st.popover("Laundry", icon=":material/local_laundry_service:", key=f"{key}-laundry"):
        page.button("In the laundry", f"{key}-to-laundry", None, _set_state, store, ids, LAUNDRY, width="stretch")
        page.button("Washed", f"{key}-washed", None, _act, "Washed", wearing.wash, store, ids, width="stretch")


def put_away(store: FeatureStore, ids: list[str], key: str) -> None:
    """Show what takes items out of use, and back."""
    with st.popover("Put away", icon=":material/inventory_2:", key=f"{key}-away"):
        st.text_input("Lent to", key=f"{key}-to")
        page.button("Lend", f"{key}-lend", None, _set_state, store, ids, LENT, f"{key}-to", width="stretch")
        hint = "Choose or type"
        st.selectbox("Archived because", REASONS, None, key=f"{key}-reason", accept_new_options=True, placeholder=hint)
        reason = f"{key}-reason"
        page.button("Archive", f"{key}-archive", None, _set_state, store, ids, ARCHIVED, reason, width="stretch")
        page.button("Back in use", f"{key}-back", None, _set_state, store, ids, IN_USE, width="stretch")
        st.caption("Archived items stay in the statistics; the filter State shows them again.")
        page.button("Remove", f"{key}-remove", "delete", _remove, store, ids)


def _worn(store: FeatureStore, ids: list[str], day_key: str | None = None) -> None:
    day = st.session_state[day_key] if day_key else page.today()
    _act(f"Worn {'today' if day == page.today() else f'on {day}'}", wearing.log_wear, store, ids, day)


def _set_state(store: FeatureStore, ids: list[str], state: str, reason_key: str | None = None) -> None:
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


# Saved outfits


def saved(store: FeatureStore) -> list[dict]:
    """Return the saved outfits, the newest first; none if their file is broken, which the page Outfits tells."""
    with suppress(StoreError):
        return store.outfits.saved()
    return []


def wear_outfit(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the button that logs a whole saved outfit; nothing where none is saved."""
    outfits = {outfit["id"]: outfit for outfit in saved(store)}
    if not outfits:
        return
    with st.popover("Wear an outfit", icon=":material/styler:", key="wear-outfit"):
        name_of = {key: outfit["name"] for key, outfit in outfits.items()}.__getitem__
        chosen = outfits[st.selectbox("Outfit", list(outfits), format_func=name_of, key="wear-outfit-which")]
        st.caption(_pieces(frame, chosen) or "None of its pieces is in the wardrobe any more.")
        st.date_input("Day", page.today(), max_value=page.today(), key="wear-outfit-day", format="YYYY-MM-DD")
        page.button("Log it", "wear-outfit-log", None, _log, store, chosen, "wear-outfit-day", type="primary")


def _pieces(frame: pd.DataFrame, outfit: dict) -> str:
    there = [item_id for item_id in outfit["items"] if item_id in frame.index]
    return page.literal(", ".join(called(row) for row in rows_of(frame.loc[there])))


def _log(store: FeatureStore, outfit: dict, day_key: str = "") -> None:
    day = st.session_state[day_key] if day_key else page.today()  # of the click: the page may be of yesterday
    wearing.log_wear(store, outfit["items"], day, outfit["id"])
    page.tell(f"{page.literal(outfit['name'])}: worn {'today' if day == page.today() else f'on {day}'}")


def outfits_with(store: FeatureStore, frame: pd.DataFrame, item_id: str) -> bool:
    """Show the saved outfits that an item is in, each with a button to wear it today; tell whether there are any."""
    found = [outfit for outfit in saved(store) if item_id in outfit["items"]]
    for outfit in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{page.literal(outfit['name'])}**  \n:gray[{_pieces(frame, outfit)}]")
            page.button("Worn today", f"wear-{outfit['id']}", None, _log, store, outfit)
    return bool(found)


def save_chosen(store: FeatureStore, ids: list[str]) -> None:
    """Show the button that saves the chosen pieces as an outfit; nothing for a single piece."""
    if len(ids) > 1:
        with st.popover("Outfit", icon=":material/styler:", key="bulk-outfit"):
            st.text_input("Name of the outfit", placeholder="Monday, wedding, rain …", key="bulk-outfit-name")
            page.button("Save as an outfit", "bulk-outfit-save", None, _save, store, ids, type="primary")


def _save(store: FeatureStore, ids: list[str]) -> None:
    name = st.session_state["bulk-outfit-name"]
    store.outfits.save(name, ids)
    page.tell(f"Saved: {page.literal(name)}")
    st.session_state["bulk-outfit-name"] = ""
    choose(())
