"""Taking back: the button for the last change, and the list of those before it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from ewardrobe.app import page
from ewardrobe.feature_store.journal import JournalEntry
from ewardrobe.feature_store.store import FeatureStore

SHOWN = 8


def undo_menu(store: FeatureStore) -> None:
    """Show "Undo" with the last changes behind it; nothing where there is nothing to take back."""
    if changes := store.changes()[:SHOWN]:
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
