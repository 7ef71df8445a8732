"""Statistics of the wardrobe: what there is, what is worn, what it costs; every figure with its data to save."""

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
for tab, show in zip(st.tabs(list(TABS), on_change="rerun", key="statistics-tab"), TABS.values(), strict=True):
    if tab.open:  # only the open one is drawn
        with tab:
            show(store, chosen)
