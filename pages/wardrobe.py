"""The wardrobe: look at it, search it, correct it, add to it.  Every edit is on disk at once."""

import streamlit as st

from ewardrobe import ui
from ewardrobe.images import ImageError, load_image
from ewardrobe.items import COLOURS, KINDS, MATERIALS, PATTERNS, STYLES, TYPES
from ewardrobe.store_images import opaque
from ewardrobe.wardrobe_view import all_tags, filter_items

CHOICES = {"colour": COLOURS, "material": MATERIALS, "pattern": PATTERNS, "style": STYLES}


def add_form(store, tags):
    """Ask for an item that no photo was digitized for: shoes, bags and hats first."""
    number = st.session_state.setdefault("add-number", 0)  # counted up after each item: new keys empty the form
    with st.popover("Add by hand", icon=":material/add:"), st.form(f"add-{number}", border=False):
        left, right = st.columns(2)
        item = {
            "type": left.selectbox(
                "What is it?",
                TYPES,
                None,
                key=f"type-{number}",
                accept_new_options=True,
                placeholder="Shoes, bag, hat …",
            ),
            "brand": right.text_input("Brand", key=f"brand-{number}"),
        }
        for side, (name, options) in zip((left, right) * 2, CHOICES.items(), strict=True):
            item[name] = side.selectbox(name.capitalize(), options, None, key=f"{name}-{number}", placeholder="–")
        item["tags"] = st.multiselect(
            "Tags", tags, key=f"tags-{number}", accept_new_options=True, placeholder="Choose or type"
        )
        photo = st.file_uploader("Photo (optional)", ["jpg", "jpeg", "png", "webp", "heic"], key=f"photo-{number}")
        if st.form_submit_button("Add to the wardrobe", type="primary"):
            add(store, item, photo)


def add(store, item, photo):
    """Save the form's item, or say what is missing."""
    if not item["type"]:
        st.error("Say what it is: choose a name, or type your own.")
        return
    try:
        cutout = opaque(load_image(photo, max_side=1200)) if photo else None
    except ImageError as error:
        st.error(ui.literal(str(error)))
        return
    item |= {"source": {name: "user" for name, value in item.items() if value}}
    if ui.change(store.add, item, cutout, photo and photo.getvalue(), said=f"Added: {ui.literal(item['type'])}"):
        st.session_state["add-number"] += 1
    st.rerun()


store = ui.wardrobe_store()
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
    add_form(store, all_tags(frame))
ui.undo_banner(store)
if frame.empty:
    ui.empty_state(
        "Nothing here yet", "Take or upload a photo and its garments are cut out for you, or add one by hand."
    )
    st.stop()
ui.sample_banner(store, frame)
sides = st.columns(3)
find = sides[0].text_input("Search", placeholder="Any word: linen, work, party", key="find", persist_state="session")
kinds = sides[1].multiselect("Category", KINDS, placeholder="All", key="find-kind", persist_state="session")
colours = sides[2].multiselect("Colour", COLOURS, placeholder="All", key="find-colour", persist_state="session")
found = filter_items(frame, kinds, colours, find)
if found.empty:
    st.info("Nothing fits these filters. Clear one of them to see more.", icon=":material/search_off:")
    st.stop()
if layout == "Table":
    ui.wardrobe_table(store, ui.one_page(found), all_tags(frame))
    st.caption("Double-click a cell to edit it. To remove items, tick their rows at the left and press the bin.")
else:
    ui.wardrobe_gallery(store, ui.one_page(found))
