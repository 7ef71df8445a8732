"""The wardrobe: look at it, search it, correct it, add to it.  Every edit is on disk at once."""

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.wardrobe import odd, overview
from ewardrobe.app.wardrobe.bulk import bulk_bar
from ewardrobe.app.wardrobe.filters import ask_filters, clear_filters, say_understood
from ewardrobe.app.wardrobe.history import undo_menu
from ewardrobe.app.wardrobe.item import item_page
from ewardrobe.app.wardrobe.item_fields import add_form
from ewardrobe.app.wardrobe.wear import wear_outfit
from ewardrobe.wardrobe.filters import apply, hidden, ordered


def wardrobe(store):
    """Show the whole wardrobe, or what is looked for in it."""
    page.page_header("Wardrobe", "Your clothes, kept on this computer only. Every change is saved at once.")
    odd.ask_odd()
    frame = page.load_wardrobe(store)

    with st.container(horizontal=True, vertical_alignment="center"):
        layout = page.choose_one("View", ("Gallery", "Table"), "layout", persist_state="session")
        st.space("stretch")
        wear_outfit(store, frame)
        undo_menu(store)
        add_form(store, frame)
    if frame.empty:
        page.empty_state(
            "Nothing here yet", "Take or upload a photo and its garments are cut out for you, or add one by hand."
        )
        return
    overview.sample_banner(store, frame)
    filters, order = ask_filters(frame)
    found = ordered(apply(frame, filters), order)
    st.session_state["found"] = found.index.tolist()  # the way from one item's page to the next
    say_understood(frame, filters.text)
    overview.count_line(frame, found, hidden(frame, filters), clear_filters if filters.count else None)
    if found.empty:
        st.info("Nothing fits these filters. Clear one of them to see more.", icon=":material/search_off:")
    else:
        body = st.container()
        with st.container(horizontal_alignment="center"):
            shown = page.one_page(found, overview.PAGE_LENGTH, "page-of")
        with body:
            if layout == "Table":
                overview.show_table(store, shown, frame)
                st.caption("Double-click a cell to edit it. Tick rows at the left to change many at once.")
            else:
                overview.show_gallery(store, shown)
    bulk_bar(store, frame)


store = page.wardrobe_store()
if item_id := overview.opened_id():
    odd.ask_odd()
    item_page(store, page.load_wardrobe(store), item_id)
else:
    wardrobe(store)
