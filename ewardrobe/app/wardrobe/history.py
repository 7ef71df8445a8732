"""What was: when an item was worn, what was changed about it, what it was worn with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.overview import show_cards
from ewardrobe.app.wardrobe.saved_outfits import outfits_with, saved
from ewardrobe.app.wardrobe.undo import change_line
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.derived import iso_date
from ewardrobe.wardrobe.statistics import worn_together

CHANGES_SHOWN = 10
MILESTONES = {"bought": "bought", "added": "added", "washed": "last washed", "changed": "last changed"}


def past(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    """Show the days of an item's life, its wear log, and the changes that can be taken back."""
    days = [f"{label} {day}" for name, label in MILESTONES.items() if (day := iso_date(item.get(name)))]
    st.caption(" · ".join(days))
    _wear_table(store, item)
    changes = [entry for entry in store.changes() if item["id"] in entry.item_ids][:CHANGES_SHOWN]
    if changes:
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
