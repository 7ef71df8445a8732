"""Outfits from the wardrobe: suggested with reasons, rated, worn, saved, planned, packed."""

import streamlit as st

from ewardrobe import ui, ui_outfits, ui_outfits_saved, ui_outfits_taste
from ewardrobe.ui_outfits_calendar import calendar
from ewardrobe.ui_outfits_canvas import by_hand
from ewardrobe.ui_outfits_cards import suggestion_cards
from ewardrobe.ui_outfits_packing import packing

LEAD = "What goes together, and why. It knows only your wardrobe and what you tell it; nothing leaves this machine."


def suggested(closet):
    """Ask what for, suggest, and say why."""
    wish, count = ui_outfits.ask_wish(closet)
    found = ui_outfits.suggestions(closet, wish, count)
    ui_outfits.explain_shortage(closet, wish, count, found)
    ui_outfits.summary(closet, found)
    suggestion_cards(closet, found.outfits)


TABS = {
    "Suggestions": suggested,
    "Saved": ui_outfits_saved.saved,
    "By hand": by_hand,
    "Calendar": calendar,
    "Packing list": packing,
    "What is missing": ui_outfits_taste.gaps,
    "Your taste": ui_outfits_taste.taste,
}

ui.page_header("Outfits", LEAD)
shared = ui_outfits.open_closet()
if not shared.items:
    ui.empty_state("No clothes yet", "Add three tops and two bottoms and I can make six outfits.")
    st.stop()
wanted = st.session_state.pop("outfits-open-tab", None)
if wanted:
    st.session_state["outfits-tab"] = wanted
for tab, show in zip(st.tabs(list(TABS), on_change="rerun", key="outfits-tab"), TABS.values(), strict=True):
    if tab.open:  # only the open one is drawn
        with tab:
            show(shared)
