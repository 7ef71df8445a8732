"""The form for items that no photo was digitized for: shoes, bags and hats first."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import ask_field, typed
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.feature_store.pictures import opaque
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.fields import TABLE
from ewardrobe.wardrobe.vocabulary import TYPES

ASKED = tuple(field.name for field in TABLE if field.by_hand)
"""Beside its name."""


def add_form(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the form behind a button; ``frame``: the wardrobe, whose tags are offered beside new ones."""
    number = st.session_state.setdefault("add-number", 0)  # counted up after each item: new keys empty the form
    with st.popover("Add by hand", icon=":material/add:"), st.form(f"add-{number}", border=False):
        hint = "Shoes, bag, hat …"
        what = st.selectbox("What is it?", TYPES, None, key=f"type-{number}", accept_new_options=True, placeholder=hint)
        item: dict[str, Any] = {"type": what}
        sides = st.columns(2)
        for place, name in enumerate(ASKED):
            with sides[place % 2]:
                item[name] = typed(ask_field(frame, name, f"{name}-{number}"))
        photo = st.file_uploader("Photo (optional)", ["jpg", "jpeg", "png", "webp", "heic"], key=f"photo-{number}")
        if st.form_submit_button("Add to the wardrobe", type="primary"):
            _add(store, item, photo)


def _add(store: FeatureStore, item: dict[str, Any], photo: Any) -> None:
    """Save the form's item, or say what is missing."""
    if not item["type"]:
        st.error("Say what it is: choose a name, or type your own.")
        return
    try:
        cutout = opaque(load_image(photo, max_side=1200)) if photo else None
    except ImageError as error:
        st.error(page.literal(error))
        return
    item |= {"source": {name: "user" for name, value in item.items() if value}}
    if page.change(store.add, item, cutout, photo and photo.getvalue(), said=f"Added: {page.literal(item['type'])}"):
        st.session_state["add-number"] += 1
    st.rerun()
