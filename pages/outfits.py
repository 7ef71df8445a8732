"""Outfits from the wardrobe: suggested with reasons, rated, worn, saved, planned, packed."""

from functools import partial

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.outfits import saved, suggestions, taste
from ewardrobe.app.outfits.calendar import calendar
from ewardrobe.app.outfits.canvas import by_hand
from ewardrobe.app.outfits.cards import suggestion_cards
from ewardrobe.app.outfits.packing import packing

LEAD = "What goes together, and why. It knows only your wardrobe and what you tell it; nothing leaves this machine."


def suggested(closet):
    """Ask what for, suggest, and say why."""
    wish, count = suggestions.ask_wish(closet)
    found = suggestions.suggestions(closet, wish, count)
    suggestions.explain_shortage(closet, wish, count, found)
    suggestions.summary(closet, found)
    suggestion_cards(closet, found.outfits)


TABS = {
    "Suggestions": suggested,
    "Saved": saved.saved,
    "By hand": by_hand,
    "Calendar": calendar,
    "Packing list": packing,
    "What is missing": taste.gaps,
    "Your taste": taste.taste,
}

page.page_header("Outfits", LEAD)
shared = suggestions.open_closet()
if not shared.items:
    page.empty_state("No clothes yet", "Add three tops and two bottoms and I can make six outfits.")
    st.stop()
if wanted := st.session_state.pop("outfits-open-tab", None):
    st.session_state["outfits-tab"] = wanted
page.show_tabs({name: partial(show, shared) for name, show in TABS.items()}, "outfits-tab")
