"""The form for items that no photo was digitized for: shoes, bags and hats first."""

from __future__ import annotations

import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.feature_store.pictures import opaque
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.item import COLOURS, MATERIALS, PATTERNS, STYLES, TYPES

CHOICES = {"colour": COLOURS, "material": MATERIALS, "pattern": PATTERNS, "style": STYLES}


def add_form(store: FeatureStore, tags: list[str]) -> None:
    """Show the form behind a button; ``tags``: offered beside new ones."""
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
        item["price"] = left.number_input("Price", 0.0, value=None, format="%.2f", key=f"price-{number}")
        item["bought"] = right.date_input("Bought", None, key=f"bought-{number}", format="YYYY-MM-DD")
        item["tags"] = st.multiselect(
            "Tags", tags, key=f"tags-{number}", accept_new_options=True, placeholder="Choose or type"
        )
        photo = st.file_uploader("Photo (optional)", ["jpg", "jpeg", "png", "webp", "heic"], key=f"photo-{number}")
        if st.form_submit_button("Add to the wardrobe", type="primary"):
            _add(store, item, photo)


def _add(store: FeatureStore, item: dict, photo) -> None:
    """Save the form's item, or say what is missing."""
    if not item["type"]:
        st.error("Say what it is: choose a name, or type your own.")
        return
    try:
        cutout = opaque(load_image(photo, max_side=1200)) if photo else None
    except ImageError as error:
        st.error(page.literal(str(error)))
        return
    item |= {"source": {name: "user" for name, value in item.items() if value}}
    if page.change(store.add, item, cutout, photo and photo.getvalue(), said=f"Added: {page.literal(item['type'])}"):
        st.session_state["add-number"] += 1
    st.rerun()
