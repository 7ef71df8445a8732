"""The page Live try-on: whole outfits, from the saved ones and from other pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.live.view import Room
from ewardrobe.core.taxonomy import SLOTS
from ewardrobe.feature_store.document import StoreError
from ewardrobe.tryon import rack
from ewardrobe.tryon.rack import Hanger

OUTFIT_KEY = "live_outfit"


def hangers(room: Room) -> list[Hanger]:
    """Return what hangs on the rail: what was cut out here (the newest first), the wardrobe, samples if asked for."""
    store = page.wardrobe_store()
    items = page.load_wardrobe(store).reset_index().to_dict("records")
    return [*reversed(room.cut), *rack.wardrobe_pieces(items, store.picture), *(_samples() if room.samples else [])]


@st.cache_resource(show_spinner="Drawing the samples …")
def _samples() -> list[Hanger]:
    return rack.sample_pieces()


def wear_left(room: Room) -> None:
    """Put on the outfit that another page has left in ``st.session_state["live_outfit"]``: a list of item ids."""
    if item_ids := st.session_state.pop(OUTFIT_KEY, None):
        _put_on(room, hangers(room), item_ids)
        st.session_state["live-mode"] = "wear"


def pick(room: Room, pieces: list[Hanger]) -> None:
    """Offer the saved outfits, if there are any; one that is chosen is put on as a whole."""
    try:
        saved = {outfit["id"]: outfit for outfit in page.wardrobe_store().outfits.saved()}
    except StoreError as error:
        st.caption(f":material/error: The saved outfits cannot be read. {page.literal(str(error))}")
        return
    if saved:
        st.selectbox(
            "A saved outfit",
            list(saved),
            index=None,
            format_func=lambda outfit_id: saved[outfit_id]["name"],
            placeholder="A saved outfit …",
            key="live-saved-outfit",
            label_visibility="collapsed",
            on_change=_put_saved_on,
            args=(room, pieces, saved),
        )


def _put_saved_on(room: Room, pieces: list[Hanger], saved: Mapping[str, dict]) -> None:
    if outfit := saved.get(st.session_state["live-saved-outfit"]):
        _put_on(room, pieces, outfit["items"])


def _put_on(room: Room, pieces: list[Hanger], item_ids: Sequence[str]) -> None:
    items = page.load_wardrobe(page.wardrobe_store())
    room.worn, left_over = rack.outfit(pieces, item_ids)
    room.left_over = [str(items["type"].get(item_id, "one that is gone")) for item_id in left_over]
    if room.worn:
        st.session_state["live-slot"] = next(slot for slot in SLOTS if slot in room.worn)
