"""The fields of one item, each saved as soon as it is changed; and the form for an item that no photo shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import FILE_TYPES
from ewardrobe.app.fields import as_shown, ask_field, showing, typed
from ewardrobe.app.wardrobe import odd
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.feature_store.pictures import opaque
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import sources
from ewardrobe.wardrobe.edits import change_of
from ewardrobe.wardrobe.fields import FLAG, PALETTE, TABLE, ItemField
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.palette import palette_names
from ewardrobe.wardrobe.vocabulary import words_for

SHOWN = [field for field in TABLE if field.form]
BY_HAND = [field.name for field in TABLE if field.by_hand]
"""What the form asks beside the name."""


def fields_form(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    """Show a widget for every field that the owner may fill in."""
    colours = [part for part in item.get("colours") or () if isinstance(part, Mapping) and part.get("hex")]
    shares = [
        (str(colour["hex"]), max(float(colour.get("share") or 0), 0.02))
        for colour in colours
        if str(colour["hex"]).startswith("#") and str(colour["hex"])[1:].isalnum()
    ]
    if shares:
        st.html(page.colour_bar(shares))  # as they were measured
    with st.grid(3, min_column_width=160):
        for field in (field for field in SHOWN if not _is_wide(field)):
            _field(store, frame, item, field)
    for field in filter(_is_wide, SHOWN):
        _field(store, frame, item, field)


def _is_wide(field: ItemField) -> bool:
    return field.long or field.holds == FLAG


def _field(store: FeatureStore, frame: pd.DataFrame, item: Mapping, row: ItemField) -> None:
    known = None if sources.open_question(item, row.name) else item.get(row.name)
    value = as_shown(row.name, palette_names(item) if row.holds == PALETTE else known)
    label, hint = heading(item, row)
    if row.name == "name":
        hint = called({**item, "name": None})
    box = showing(f"item-{item['id']}-{row.name}", value, partial(_save, store, item["id"], row))
    ask_field(frame, row.name, label=label, placeholder=hint, **box)


def heading(item: Mapping, row: ItemField) -> tuple[str, str]:
    """Return the heading of a field and the text of its empty box: "Pattern · 93%", or "Material · ?" and a guess.

    item: with the value of the field, if it has one, and its ``source``.
    """
    if asked := sources.open_question(item, row.name):
        return f"{row.label} · ?", f"{asked[0]}? ({asked[1]:.0%})"
    sure = sources.confidence_of(item, row.name)
    return (f"{row.label} · {sure:.0%}" if sure is not None and item.get(row.name) else row.label), "–"


def _save(store: FeatureStore, item_id: str, row: ItemField, entered: Any) -> None:
    """Write what was entered in one field; what cannot be saved is said, and the stored value shows again."""
    try:
        value = typed(row.name, entered)
    except ValueError as error:
        page.complain(error)
        return
    if value is None and row.required:
        page.complain(f"{row.label} cannot be empty.")
    else:
        odd.keep_or_ask(store, {item_id: {row.name: value}}, partial(_change, store, row))


def _change(store: FeatureStore, row: ItemField, changes: Mapping[str, Mapping[str, Any]]) -> None:
    before = {item["id"]: item for item in store.items() if item["id"] in changes}
    page.change(store.alter, list(changes), lambda item: change_of(item, row.name, changes[item["id"]][row.name]))
    for item_id, item in before.items():
        _tell_what_follows(row, item, change_of(item, row.name, changes[item_id][row.name]))


def _tell_what_follows(row: ItemField, item: Mapping, changed: Mapping[str, Any]) -> None:
    """Say which other field has followed: a kind brings its category, and a category may end a kind."""
    if row.name == "type" and "slot" in changed:
        page.tell(f"The category is now {words_for('kind')(kind({**item, **changed}))}")
    elif row.name == "kind" and changed.get("type", item.get("type")) != item.get("type"):
        page.tell("The kind was of another category, and is open again")


def add_form(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the form behind a button; ``frame``: the wardrobe, whose tags are offered beside new ones."""
    number = st.session_state.setdefault("add-number", 0)  # counted up after each item: new keys empty the form
    with st.popover("Add by hand", icon=":material/add:"), st.form(f"add-{number}", border=False):
        hint = "Shoes, bag, hat …"
        item: dict[str, Any] = {"type": ask_field(frame, "type", f"type-{number}", "What is it?", hint)}
        sides = st.columns(2)
        for place, name in enumerate(BY_HAND):
            with sides[place % 2]:
                item[name] = ask_field(frame, name, f"{name}-{number}")
        photo = st.file_uploader("Photo (optional)", FILE_TYPES, key=f"photo-{number}", max_upload_size=page.PHOTO_MB)
        if st.form_submit_button("Add to the wardrobe", type="primary"):
            _add(store, item, photo)


def _add(store: FeatureStore, item: dict[str, Any], photo: Any) -> None:
    if not item["type"]:
        st.error("Say what it is: choose a kind, or type one.")
        return
    try:
        item = {name: typed(name, value) for name, value in item.items()}
        cutout = opaque(load_image(photo, max_side=1200)) if photo else None
    except (ImageError, ValueError) as error:
        st.error(page.literal(error))
        return
    item |= {"source": {name: "user" for name, value in item.items() if value}}
    if page.change(store.add, item, cutout, photo and photo.getvalue(), said=f"Added: {page.literal(called(item))}"):
        st.session_state["add-number"] += 1
    st.rerun()
