"""The tab of saved outfits."""

from __future__ import annotations

from functools import partial

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import showing
from ewardrobe.app.outfits.cards import plan_form, try_on_button, wear_button
from ewardrobe.app.outfits.suggestions import OutfitContext
from ewardrobe.feature_store.outfits import missing
from ewardrobe.outfits.collage import collage_html, names
from ewardrobe.outfits.grammar import name_of, unavailable
from ewardrobe.wardrobe.wear_log import STATE_WORDS


def saved(closet: OutfitContext) -> None:
    """Show the saved outfits, newest first."""
    if gone := st.session_state.get("outfit-removed"):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/delete: “{page.literal(gone['name'])}” is removed.")
            st.space("stretch")
            said = "Back among the saved outfits"
            page.button("Undo", "outfit-undo", None, _put_back, closet, said=said)
            page.button("Close", "outfit-close", None, st.session_state.pop, "outfit-removed", type="tertiary")
    outfits = closet.document["outfits"][::-1]
    if not outfits:
        st.info("Nothing saved yet. Save a suggestion, or build one by hand.", icon=":material/bookmark:")
        return
    with st.grid(min_column_width=240):
        for outfit in outfits:
            with st.container(border=True, key=f"saved-{outfit['id']}"):
                _card(closet, outfit)


def _card(closet: OutfitContext, outfit: dict) -> None:
    ids, key = outfit["items"], f"s-{outfit['id']}"
    items = closet.present(ids)
    st.html(collage_html(items, closet.picture, outfit["layout"]))
    st.markdown(f"**{page.literal(outfit['name'])}**")
    st.caption(page.literal(names(items)))
    whole = _told(closet, outfit)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if whole:
            wear_button(closet, ids, key, outfit["id"])
        try_on_button(closet, [item["id"] for item in items], key)
        with st.popover("", icon=":material/more_horiz:", key=f"more-{key}", help="Plan, change, remove"):
            plan_form(closet, ids, key, outfit["id"])
            st.divider()
            rename = partial(page.change, closet.book.rename, outfit["id"], said="Renamed")
            st.text_input("Name", **showing(f"rename-{key}", outfit["name"], rename))
            page.button("Change by hand", f"edit-{key}", None, _edit, closet, outfit, width="stretch")
            page.button("Remove", f"remove-{key}", "delete", _remove, closet, outfit["id"], width="stretch")


def _told(closet: OutfitContext, outfit: dict) -> bool:
    """Say what of an outfit is gone or cannot be worn now; tell whether it is whole."""
    if gone := missing(outfit["items"], closet.by_id):
        count = "One piece is" if len(gone) == 1 else f"{len(gone)} pieces are"
        st.caption(f":material/warning: {count} no longer in the wardrobe.")
    for item in closet.present(outfit["items"]):
        if state := unavailable(item):
            st.caption(f":material/info: {page.literal(name_of(item))} is {STATE_WORDS.get(state, state)}.")
    return not gone


def _edit(closet: OutfitContext, outfit: dict) -> None:
    st.session_state["canvas-edits"] = outfit["id"]
    st.session_state["canvas-named"] = outfit["name"]
    st.session_state["canvas-pieces"] = [item_id for item_id in outfit["items"] if item_id in closet.by_id]
    st.session_state["canvas-layout"] = dict(outfit["layout"])
    st.session_state["canvas-number"] = st.session_state.get("canvas-number", 0) + 1
    st.session_state["outfits-open-tab"] = "By hand"


def _remove(closet: OutfitContext, outfit_id: str) -> None:
    st.session_state["outfit-removed"] = closet.book.remove(outfit_id)


def _put_back(closet: OutfitContext) -> None:
    closet.book.put_back(st.session_state.pop("outfit-removed"))
