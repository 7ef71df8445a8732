"""Saved outfits on the wardrobe page: wear a whole one, save the chosen pieces as one, see those an item is in."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe.gallery import card_name
from ewardrobe.app.wardrobe.overview import choose
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe.derived import rows_of


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
        st.date_input("Day", max_value=date.today(), key="wear-outfit-day", format="YYYY-MM-DD")
        page.button("Log it", "wear-outfit-log", None, _log, store, chosen, type="primary")


def _pieces(frame: pd.DataFrame, outfit: dict) -> str:
    """Return the names of an outfit's pieces that are still there, for Markdown."""
    there = [item_id for item_id in outfit["items"] if item_id in frame.index]
    return page.literal(", ".join(card_name(row) for row in rows_of(frame.loc[there])))


def _log(store: FeatureStore, outfit: dict, day: date | None = None) -> None:
    day = day or st.session_state["wear-outfit-day"]
    wearing.log_wear(store, outfit["items"], day, outfit["id"])
    page.tell(f"{page.literal(outfit['name'])}: worn {'today' if day == date.today() else f'on {day}'}")


def outfits_with(store: FeatureStore, frame: pd.DataFrame, item_id: str) -> bool:
    """Show the saved outfits that an item is in, each with a button to wear it today; tell whether there are any."""
    found = [outfit for outfit in saved(store) if item_id in outfit["items"]]
    for outfit in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"**{page.literal(outfit['name'])}**  \n:gray[{_pieces(frame, outfit)}]")
            page.button("Worn today", f"wear-{outfit['id']}", None, _log, store, outfit, date.today())
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
