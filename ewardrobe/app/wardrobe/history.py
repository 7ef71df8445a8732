"""What was: when an item was worn and with what, what was changed about it; and how a change is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.overview import show_cards
from ewardrobe.app.wardrobe.wear import outfits_with, saved
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.journal import JournalEntry
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.derived import iso_date
from ewardrobe.wardrobe.statistics import worn_together

CHANGES_SHOWN, IN_THE_MENU = 10, 8
"""Changes of one item on its page; the last of all in the menu."""

MILESTONES = {"bought": "bought", "added": "added", "washed": "last washed", "changed": "last changed"}


def past(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    """Show the days of an item's life, its wear log, and the changes that can be taken back."""
    days = [f"{label} {day}" for name, label in MILESTONES.items() if (day := iso_date(item.get(name)))]
    st.caption(" · ".join(days))
    _wear_table(store, item)
    if changes := [entry for entry in store.changes() if item["id"] in entry.item_ids][:CHANGES_SHOWN]:
        st.markdown("**Changes**")
        for entry in changes:
            change_line(store, entry, f"item-undo-{entry.id}")


def _wear_table(store: FeatureStore, item: Mapping) -> None:
    log = [wear for wear in item.get("wear_log") or () if iso_date(wear.get("date"))][::-1]
    if not log:
        st.markdown("Not worn yet. Press **Worn today** when you put it on.")
        return
    table = pd.DataFrame({"Day": [wear["date"] for wear in log], "take": "Take back"})
    if any(wear.get("outfit") for wear in log):
        names = {outfit["id"]: outfit["name"] for outfit in saved(store)}
        table.insert(1, "Outfit", [names.get(wear.get("outfit")) for wear in log])
    key = f"item-wears-{item['id']}"
    take = st.column_config.ButtonColumn(
        "", type="tertiary", key=key, on_click=_take_back, args=(store, item["id"], log, key)
    )
    height: Any = "content" if len(log) <= 8 else 320
    st.dataframe(table, hide_index=True, width=420, height=height, placeholder="", column_config={"take": take})


def _take_back(store: FeatureStore, item_id: str, log: list[Mapping], key: str) -> None:
    click = st.session_state[key]
    if click is not None and click["row"] < len(log):
        wear = log[click["row"]]
        page.change(wearing.undo_wear, store, [item_id], wear["date"], wear.get("outfit"), said="Taken out of the log")


def outfits(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    """Show the outfits that an item is in, and what it was worn with."""
    named = outfits_with(store, frame, item["id"])
    found = worn_together(frame, item["id"])
    if found.empty and not named:
        st.markdown(
            "Nothing was logged on the same day yet. Choose a whole outfit in the gallery and press **Worn today**."
        )
        return
    if len(found):
        st.caption("Worn on the same days, the most often first.")
        show_cards(store, found.head(12), "together")


# Undo


def undo_menu(store: FeatureStore) -> None:
    """Show "Undo" with the last changes behind it; nothing where there is nothing to take back."""
    if changes := store.changes()[:IN_THE_MENU]:
        with st.popover("Undo", icon=":material/undo:", key="undo-menu"):
            for entry in changes:
                change_line(store, entry, f"undo-{entry.id}")
            page.button("Redo the last one", "redo", "redo", _redo, store, type="tertiary")


def change_line(store: FeatureStore, entry: JournalEntry, key: str) -> None:
    """Show one change with the button that takes it back."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"line-{key}"
    ):
        st.markdown(page.literal(entry.what[:1].upper() + entry.what[1:]) + f"  \n:gray[{ago(entry.time)}]")
        page.button("Undo", key, None, _undo, store, entry.id)


def _undo(store: FeatureStore, change_id: str) -> None:
    if undone := store.undo(change_id):
        page.tell(f"Taken back: {page.literal(undone)}")


def _redo(store: FeatureStore) -> None:
    redone = store.redo()
    page.tell(f"Done again: {page.literal(redone.what)}" if redone else "Nothing to redo")


def ago(time: str, now: datetime | None = None) -> str:
    """Return how long ago an ISO time was, in words; "" for what is no time.

    >>> ago("2026-03-01T10:00:00+00:00", datetime(2026, 3, 1, 12, 5, tzinfo=UTC))
    '2 hours ago'
    """
    try:
        seconds = ((now or datetime.now(UTC)) - datetime.fromisoformat(time)).total_seconds()
    except (ValueError, TypeError):
        return ""
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{page.count(int(seconds // length), name)} ago"
    return "just now"
