"""Statistics of the wardrobe: what there is, what is worn, what it costs; every figure with its data to save."""

from functools import partial

import streamlit as st

from ewardrobe.app import page, statistics

TABS = {
    "Overview": statistics.overview,
    "Worn": statistics.worn,
    "Money": statistics.money,
    "Additions": statistics.added,
}

store = page.wardrobe_store()
page.page_header("Statistics", "What you own, what you wear, and what a wear costs.")
frame = page.load_wardrobe(store)
if frame.empty:
    page.empty_state("Nothing to count yet", "Statistics come by themselves once there are garments in the wardrobe.")
    st.stop()
chosen = statistics.ask_which(frame)
if chosen.empty:
    st.info("Nothing fits these filters. Clear one of them to see more.", icon=":material/search_off:")
    st.stop()
statistics.headlines(chosen)
page.show_tabs({name: partial(show, store, chosen) for name, show in TABS.items()}, "statistics-tab")
