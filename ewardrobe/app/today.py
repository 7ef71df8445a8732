"""The page that opens: the day at a glance, and a welcome to who owns nothing yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add import intake, queue
from ewardrobe.app.wardrobe import overview
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import Photo
from ewardrobe.wardrobe.wear_log import ARCHIVED, LAUNDRY

if TYPE_CHECKING:
    from ewardrobe.app.outfits.suggestions import OutfitContext

LOOKS, DAYS, CARDS = 3, 2, 6
"""How many suggestions, planned days and garments of a kind are shown: what fits a look at the day."""

TURNS = 4
"""So often other suggestions come, before the first ones come again."""

STEPS = (
    (":material/add_a_photo:", "Photograph", "What you wear, or what lies on the bed. One photo may show several."),
    (
        ":material/done_all:",
        "Check and keep",
        "Each garment is cut out and named. Correct what is wrong.",
    ),
    (":material/styler:", "Wear", "With a few tops and bottoms, this page says what to wear today."),
)


def own(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the items that are the owner's: no drawn samples."""
    return frame[~frame["sample"].astype(bool)]


def welcome(store: FeatureStore) -> None:
    """Say in three steps what to do, the first of which can be done here."""
    page.page_header("Welcome to your wardrobe", "It is kept on this machine. Nothing leaves it.")
    for number, (column, (icon, title, lead)) in enumerate(zip(st.columns(len(STEPS)), STEPS, strict=True), 1):
        column.markdown(f"**{icon} {number}. {title}**  \n{lead}")
    _waiting(store)
    intake.choose_photos(_take, intake.current_visit().number, {}, "welcome-source")
    with st.container(horizontal=True):
        page.link("exchange", "Import a backup", ":material/swap_horiz:")
        page.link("wardrobe", "Look at a wardrobe of samples", ":material/checkroom:")
    if st.session_state.pop("welcome-taken", False):
        page.go("add_garments")


def _take(photos: Sequence[Photo]) -> None:
    queue.enqueue(photos)
    st.session_state["welcome-taken"] = True


def _waiting(store: FeatureStore) -> None:
    """Say that photos wait to be checked, with the way there; nothing if none do."""
    if entries := queue.queue_of(store).entries():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/pending_actions: {page.count(len(entries), 'photo')} to be checked and saved.")
            st.space("stretch")
            page.link("add_garments", "Go on", ":material/arrow_forward:")


def today(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the day: what to wear, what is planned, what waits for the wash, what came last."""
    from ewardrobe.app.outfits import suggestions  # here: an empty wardrobe is welcomed without outfits

    page.page_header("Today", page.day_words(page.today()))
    _waiting(store)
    closet = suggestions.open_closet()
    _planned(closet)
    _to_wear(closet)
    used = frame[frame["state"] != ARCHIVED]
    _for_the_wash(store, used[(used["state"] == LAUNDRY) | used["needs_wash"]])
    st.subheader("New in the wardrobe", anchor=False)
    overview.show_cards(store, used.head(CARDS), "today-new")


def _planned(closet: OutfitContext) -> None:
    from ewardrobe.app.outfits import calendar

    if coming := calendar.coming(closet)[:DAYS]:
        st.subheader("Planned", anchor=False)
        for day, plan in coming:
            calendar.plan_line(closet, day, plan)


def _to_wear(closet: OutfitContext) -> None:
    from ewardrobe.app.outfits import cards, suggestions

    st.subheader("What to wear", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        occasion = suggestions.ask_occasion("For", "outfits-occasion", persist_state="session", width="content")
        temperature = suggestions.ask_temperature("outfits-temperature", 170)
        page.button("Others", "today-others", "shuffle", _turn)
        page.link("outfits", "All outfits", ":material/apparel:")
    temperature = suggestions.plausible(temperature)
    wish = suggestions.wish_of(closet, occasion, temperature)
    found = suggestions.suggestions(closet, wish, LOOKS * TURNS)
    suggestions.explain_shortage(closet, wish, LOOKS, found)
    first = st.session_state.get("today-turn", 0) * LOOKS % max(1, len(found.outfits))
    cards.suggestion_cards(closet, found.outfits[first : first + LOOKS])


def _turn() -> None:
    st.session_state["today-turn"] = st.session_state.get("today-turn", 0) + 1


def _for_the_wash(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show what is in the laundry or should be, with one press for all of it; nothing if all is clean."""
    if frame.empty:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("For the wash", anchor=False, width="content")
        st.space("stretch")
        ids = frame.index.tolist()
        said = f"Washed: {page.count(len(ids), 'item')}"
        page.button("All washed", "today-washed", "local_laundry_service", wearing.wash, store, ids, said=said)
    overview.show_cards(store, frame.head(CARDS), "today-wash")
    if len(frame) > CARDS:
        st.caption(f"and {len(frame) - CARDS} more")
