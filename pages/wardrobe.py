"""The wardrobe: look at it, search it, correct it, add to it.  Every edit is on disk at once."""

import streamlit as st

from ewardrobe import ui, ui_wardrobe
from ewardrobe.derived import all_of
from ewardrobe.ui_by_hand import add_form
from ewardrobe.ui_item import item_page
from ewardrobe.ui_saved_outfits import wear_outfit
from ewardrobe.ui_undo import undo_menu
from ewardrobe.ui_wardrobe_bulk import bulk_bar
from ewardrobe.ui_wardrobe_filters import ask_filters, clear_filters
from ewardrobe.wardrobe_filters import apply, hidden, ordered

store = ui.wardrobe_store()
if item_id := ui_wardrobe.opened_id():
    item_page(store, ui.load_wardrobe(store), item_id)
    st.stop()
ui.page_header("Wardrobe", "Your clothes, kept on this computer only. Every change is saved at once.")
frame = ui.load_wardrobe(store)

with st.container(horizontal=True, vertical_alignment="center"):
    layout = st.segmented_control(
        "View",
        ("Gallery", "Table"),
        default="Gallery",
        required=True,
        label_visibility="collapsed",
        key="layout",
        persist_state="session",
    )
    st.space("stretch")
    wear_outfit(store, frame)
    undo_menu(store)
    add_form(store, all_of(frame, "tags"))
if frame.empty:
    ui.empty_state(
        "Nothing here yet", "Take or upload a photo and its garments are cut out for you, or add one by hand."
    )
    st.stop()
ui_wardrobe.sample_banner(store, frame)
filters, order = ask_filters(frame)
found = ordered(apply(frame, filters), order)
st.session_state["found"] = found.index.tolist()  # the way from one item's page to the next
ui_wardrobe.count_line(frame, found, hidden(frame, filters), clear_filters if filters.count else None)
if found.empty:
    st.info("Nothing fits these filters. Clear one of them to see more.", icon=":material/search_off:")
else:
    shown, pages = ui_wardrobe.one_page(found)
    if layout == "Table":
        ui_wardrobe.show_table(store, shown, frame)
        st.caption("Double-click a cell to edit it. Tick rows at the left to change many at once.")
    else:
        ui_wardrobe.show_gallery(store, shown)
    ui_wardrobe.turn_pages(pages)
bulk_bar(store, frame)
