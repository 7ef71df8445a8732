"""The tab where an outfit is built by hand: pieces are dragged on a canvas, and scored as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import showing
from ewardrobe.app.outfits.cards import suggested_name
from ewardrobe.app.outfits.suggestions import OutfitContext
from ewardrobe.outfits.closet import closet_of
from ewardrobe.outfits.collage import BOX_RATIO, CANVAS_RATIO, bars, is_picture, places, swatch
from ewardrobe.outfits.grammar import Wish, is_outfit, name_of, slot_of
from ewardrobe.outfits.suggest import describe
from ewardrobe.outfits.terms import score, terms_of
from ewardrobe.wardrobe.naming import told_apart


def by_hand(closet: OutfitContext) -> None:
    """Choose pieces, lay them out, see the score, save."""
    key = "canvas-pieces"
    st.session_state[key] = [item_id for item_id in st.session_state.get(key, []) if item_id in closet.by_id]
    labels = told_apart(closet.by_id.values())
    look = {"placeholder": "Choose pieces of your wardrobe", **page.kept(key)}
    chosen = st.multiselect("Pieces", list(labels), format_func=labels.__getitem__, **look)
    if not chosen:
        st.info("Choose some pieces, then drag them where you like them.", icon=":material/palette:")
        return
    items = [closet.by_id[item_id] for item_id in chosen]
    left, right = st.columns([5, 4], gap="medium")
    with left:
        layout = _canvas(closet, items)
    with right:
        _judge(closet, items)
        _save(closet, chosen, layout)


def _canvas(closet: OutfitContext, items: Sequence[Mapping]) -> dict[str, list[float]]:
    number = st.session_state.setdefault("canvas-number", 0)
    own = st.session_state.setdefault("canvas-layout", {})
    laid = places(items, own)
    data = {"ratio": CANVAS_RATIO, "pieces": [_piece(closet, item, laid[item["id"]]) for item in items]}
    style, script = page.style_beside(__file__), page.script_beside(__file__)
    canvas = st.components.v2.component("ewardrobe_canvas", css=style, js=script)
    result = canvas(key=f"canvas-{number}", data=data, on_layout_change=lambda: None)
    moved = _sound(result.get("layout"))
    st.caption("Drag a piece to move it. Wheel, or + and −: larger and smaller. Double-click: to the front.")
    own.update(moved)
    return {item_id: list(place) for item_id, place in places(items, own).items()}


def _piece(closet: OutfitContext, item: Mapping, place: tuple) -> dict[str, Any]:
    url = closet.picture(item)
    return {
        "id": item["id"],
        "name": name_of(item),
        "url": url if is_picture(url) else "",
        "colour": swatch(item),
        "ratio": BOX_RATIO.get(slot_of(item), 0.9),
        "place": list(place),
    }


def _sound(layout: Any) -> dict[str, tuple[float, ...]]:
    """Return what the browser sent, without anything that is no place."""
    if not isinstance(layout, Mapping):
        return {}
    four = {str(k): v for k, v in layout.items() if isinstance(v, list) and len(v) == 4}
    return {k: tuple(map(float, v)) for k, v in four.items() if all(isinstance(n, int | float) for n in v)}


def _judge(closet: OutfitContext, items: Sequence[Mapping]) -> None:
    if not is_outfit(slot_of(item) for item in items):
        st.info(
            "Not a whole outfit yet: a top and a bottom, or a dress; one piece of each kind.", icon=":material/info:"
        )
    if len(items) < 2:
        return
    wish = Wish(today=page.today())
    arrays, outfits = closet_of(items, wish.today), np.arange(len(items))[None]
    terms = terms_of(arrays, outfits, wish, closet.model)
    judged = describe(arrays, outfits, terms, score(terms.values, closet.taste.weights), 0, wish)
    st.metric("Score", f"{judged.score:.0%}")
    st.html(bars(judged.reasons))


def _save(closet: OutfitContext, chosen: list[str], layout: Mapping) -> None:
    saved = {outfit["id"]: outfit for outfit in closet.document["outfits"]}
    edits = st.session_state.get("canvas-edits")
    if edits not in saved:
        edits = st.session_state["canvas-edits"] = None
    name = suggested_name(closet.present(chosen))
    # The name is remembered: else "Save changes" after a look at another tab would rename the outfit.
    remember = partial(st.session_state.__setitem__, "canvas-named")
    st.text_input(
        "Name", placeholder=name, **showing("canvas-name", st.session_state.get("canvas-named", ""), remember)
    )
    with st.container(horizontal=True):
        label = "Save changes" if edits else "Save outfit"
        page.button(label, "canvas-save", None, _keep, closet, chosen, layout, edits, type="primary")
        if edits:
            page.button("Save as another", "canvas-copy", None, _keep, closet, chosen, layout, None)
        page.button("Lay out anew", "canvas-reset", None, _lay_anew, type="tertiary")


def _keep(closet: OutfitContext, chosen: list[str], layout: Mapping, outfit_id: str | None) -> None:
    name = st.session_state.get("canvas-named") or suggested_name(closet.present(chosen))
    st.session_state["canvas-edits"] = closet.book.save(name, chosen, layout, outfit_id)
    page.tell(f"Saved: {page.literal(name)}")


def _lay_anew() -> None:
    st.session_state["canvas-layout"] = {}
    st.session_state["canvas-number"] += 1
