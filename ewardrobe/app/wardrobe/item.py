"""One item's page: its pictures, what can be done with it, its fields, its past, and what is like it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.repair import repair_buttons
from ewardrobe.app.wardrobe.history import outfits, past
from ewardrobe.app.wardrobe.item_fields import fields_form
from ewardrobe.app.wardrobe.overview import open_item, show_cards
from ewardrobe.app.wardrobe.wear import put_away, wear_buttons
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.derived import rows_of
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.pictures import PLACEHOLDER, data_url, frame_html, photo_url
from ewardrobe.wardrobe.similar import similar

PICTURES = {"image": "Cut-out", "photo": "Photo", "try_on": "Worn"}
PICTURE_SIDE = 900


def item_page(store: FeatureStore, frame: pd.DataFrame, item_id: str) -> None:
    """Show the page of the item ``item_id`` of ``frame``, the whole wardrobe."""
    _way_back(frame, item_id)
    if item_id not in frame.index:
        page.page_header("Gone", "There is no such item.")
        st.info("This item is no longer in the wardrobe; it may have been removed in another window.")
        return
    item = rows_of(frame.loc[[item_id]])[0]
    grid = st.grid(5, min_column_width=130, gap="medium")  # two parts of 2 : 3, one below the other where it is narrow
    with grid.cell(column_span=2):
        _pictures(store, item)
    with grid.cell(column_span=3):
        _heading(item)
        _figures(item)
        with st.container(horizontal=True):
            wear_buttons(store, [item_id], "item")
            put_away(store, [item_id], "item")
        parts = {"Details": fields_form, "History": past, "Similar": _similar, "Outfits": outfits}
        page.show_tabs({name: partial(show, store, frame, item) for name, show in parts.items()}, "item-tab")


def _way_back(frame: pd.DataFrame, item_id: str) -> None:
    shown = [other for other in st.session_state.get("found", ()) if other in frame.index]
    place = shown.index(item_id) if item_id in shown else None
    with st.container(horizontal=True, vertical_alignment="center"):
        page.button("Wardrobe", "item-close", "arrow_back", open_item, None)
        st.space("stretch")
        if place is not None and len(shown) > 1:
            before, after = shown[place - 1], shown[(place + 1) % len(shown)]
            page.button("Previous", "item-previous", "chevron_left", open_item, before, type="tertiary")
            look = {"type": "tertiary", "icon_position": "right"}
            page.button("Next", "item-next", "chevron_right", open_item, after, **look)


def _pictures(store: FeatureStore, item: Mapping) -> None:
    there = {name: store.picture(item.get(name)) for name in PICTURES}
    there = {name: path for name, path in there.items() if path is not None and path.exists()}
    if not there:
        st.html(frame_html(PLACEHOLDER, "no picture"))
        return
    kind = next(iter(there))
    if len(there) > 1:
        kind = page.choose_one("Picture", there, f"item-picture-{item['id']}", format_func=PICTURES.__getitem__)
    st.html(frame_html(_large(str(there[kind]), kind), f"{called(item)}, {PICTURES[kind].lower()}"))
    with st.container(horizontal=True):
        repair_buttons(store, item)


@st.cache_data(show_spinner=False, max_entries=200)
def _large(path: str, kind: str) -> str:
    return data_url(Path(path), PICTURE_SIDE) if kind == "image" else photo_url(Path(path), PICTURE_SIDE)


def _heading(item: Mapping) -> None:
    name = called(item)
    known = [str(fact) for fact in map(item.get, ("type", "colour", "brand", "size")) if fact]
    facts = [fact for fact in known if fact.casefold() not in name.casefold()]
    page.page_header(
        page.literal(name[:1].upper() + name[1:]) + (" ♥" if item["favourite"] else ""),
        page.literal(" · ".join(facts)),
    )
    state = wear_log.STATE_WORDS.get(item["state"], "")
    if state and item.get("state_reason"):
        state = f"{state}: {item['state_reason']}"
    marks = [state] + (["needs a wash"] if item["needs_wash"] else []) + (["sample"] if item["sample"] else [])
    if any(marks):
        with st.container(horizontal=True, gap="small"):
            for mark in filter(None, marks):
                st.badge(page.literal(mark), color="gray")


def _figures(item: Mapping) -> None:
    every = wear_log.wash_interval(item)
    grid = st.grid(4, min_column_width=100)
    grid.metric("Worn", f"{item['wears']} ×")
    grid.metric("Last worn", _short(item["last_worn"]))
    grid.metric("A wear cost", f"{item['cost_per_wear']:,.2f}" if item["cost_per_wear"] is not None else "–")
    since = item.get("wears_since_wash") or 0
    grid.metric("Since the wash", f"{since} of {every}" if every else f"{since} ×")


def _short(day: str | None) -> str:
    """Return a day in the few letters that fit: "6 Aug", of an earlier year "Aug 2025"."""
    if day is None:
        return "–"
    found = date.fromisoformat(day)
    return f"{found.day} {found:%b}" if found.year == page.today().year else f"{found:%b %Y}"


def _similar(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    found = similar(frame, item["id"])
    if found.empty:
        st.caption("There is nothing else in the wardrobe yet.")
        return
    st.caption("By palette, category and pattern; the nearest first.")
    show_cards(store, found, "similar")
