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
from ewardrobe.outfits.grammar import STATE_WORDS, unavailable


def saved(closet: OutfitContext) -> None:
    """Show the saved outfits, newest first."""
    _undo(closet)
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
            _more(closet, outfit, key)


def _told(closet: OutfitContext, outfit: dict) -> bool:
    """Say what of an outfit is gone or cannot be worn now; tell whether it is whole."""
    gone = missing(outfit["items"], closet.by_id)
    if gone:
        count = "One piece is" if len(gone) == 1 else f"{len(gone)} pieces are"
        st.caption(f":material/warning: {count} no longer in the wardrobe.")
    for item in closet.present(outfit["items"]):
        if state := unavailable(item):
            st.caption(f":material/info: {page.literal(str(item.get('type')))} is {STATE_WORDS.get(state, state)}.")
    return not gone


def _more(closet: OutfitContext, outfit: dict, key: str) -> None:
    plan_form(closet, outfit["items"], key, outfit["id"])
    st.divider()
    st.text_input("Name", **showing(f"rename-{key}", outfit["name"], partial(_rename, closet, outfit["id"])))
    st.button("Change by hand", key=f"edit-{key}", on_click=edit, args=(closet, outfit), width="stretch")
    icon = ":material/delete:"
    st.button("Remove", icon=icon, key=f"remove-{key}", on_click=_remove, args=(closet, outfit["id"]), width="stretch")


def _rename(closet: OutfitContext, outfit_id: str, name: str) -> None:
    page.change(closet.book.rename, outfit_id, name, said="Renamed")


def edit(closet: OutfitContext, outfit: dict) -> None:
    """Open a saved outfit on the canvas; for a callback."""
    st.session_state["canvas-edits"] = outfit["id"]
    st.session_state["canvas-name"] = outfit["name"]
    st.session_state["canvas-pieces"] = [item_id for item_id in outfit["items"] if item_id in closet.by_id]
    st.session_state["canvas-layout"] = dict(outfit["layout"])
    st.session_state["canvas-number"] = st.session_state.get("canvas-number", 0) + 1
    st.session_state["outfits-open-tab"] = "By hand"


def _remove(closet: OutfitContext, outfit_id: str) -> None:
    gone = page.change(closet.book.remove, outfit_id)
    if gone:
        st.session_state["outfit-removed"] = gone


def _undo(closet: OutfitContext) -> None:
    gone = st.session_state.get("outfit-removed")
    if not gone:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/delete: “{page.literal(gone['name'])}” is removed.")
        st.space("stretch")
        st.button("Undo", key="outfit-undo", on_click=_put_back, args=(closet,))
        st.button("Close", key="outfit-close", type="tertiary", on_click=st.session_state.pop, args=("outfit-removed",))


def _put_back(closet: OutfitContext) -> None:
    page.change(closet.book.put_back, st.session_state.pop("outfit-removed"), said="Back among the saved outfits")
