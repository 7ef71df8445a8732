"""The page Live try-on, right half: what to draw, and the garments to choose from.

All of it is one fragment: a choice runs this panel alone and sets ``session.look`` in place, the stream goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import streamlit as st
from PIL import ImageColor

from ewardrobe.app import page
from ewardrobe.app.live.view import Room
from ewardrobe.app.streamlit_internals import CHOICE, COLUMN, STREAM_FRAME
from ewardrobe.core.taxonomy import SLOTS
from ewardrobe.feature_store.document import StoreError
from ewardrobe.tryon import rack
from ewardrobe.tryon.compositor import Look
from ewardrobe.tryon.garment import GarmentImageError, WearableGarment
from ewardrobe.tryon.rack import Hanger
from ewardrobe.tryon.session import LiveSession

OUTFIT_KEY = "live_outfit"
SLOT_LABELS = {"top": "Tops", "outer": "Jackets", "bottom": "Bottoms", "dress": "Dresses"}
MODE_LEADS = {
    "wear": "Garments of your wardrobe in the place of what you wear.",
    "overlay": "Garments of your wardrobe held in front of you, in their own shape.",
    "recolour": "What you wear in another colour, or in the cloth of a garment.",
    "segments": "What the model sees: outlines, names, and how sure it is.",
}
IN_ONE_ROW: dict[str, Any] = {"persist_state": "session", "width": "stretch", "wrap": False}
PIECES_AT_A_TIME = 12
FIRST_COLOUR = "#0f766e"
PANEL_CSS = f"""<style>
.st-key-panel {CHOICE} {{padding-left: 2px; padding-right: 2px;}}
.st-key-walk button {{padding-left: 4px; padding-right: 4px;}}
@media (max-width: 640px) {{
  {COLUMN}:has(.st-key-countdown) {{position: sticky; top: 3.5rem; z-index: 20; max-height: 56vh;
    overflow-y: auto; background: light-dark(#fcfbf9, #15181a); padding-bottom: .5rem;}}
}}
.st-key-rail {CHOICE} {{height: auto; padding: 6px; border-radius: 10px;}}
.st-key-rail {CHOICE} img {{height: 84px; max-height: 84px; width: 84px; max-width: 84px; display: block;}}
.st-key-rail {CHOICE}[aria-checked=true] {{box-shadow: 0 0 0 2px var(--st-primary-color, #0f766e);}}
</style>"""
"""Four choices stay in one row; on a phone the camera's picture stays in view above the rail; a garment is chosen by
its picture, which Streamlit shows as small as a letter."""


@st.fragment
def dress(session: LiveSession | None, room: Room) -> None:
    """Show mode and rail, and let ``session`` (``None`` while there is no picture) draw what is chosen."""
    st.html(PANEL_CSS)
    _wear_left(room)
    with st.container(key="panel"):
        _panel(session, room)
    keys = st.components.v2.component("ewardrobe_keys", js=page.script_beside(__file__))
    keys(key="live-keys", data={"stream": STREAM_FRAME, "choice": CHOICE}, height=1)


def _panel(session: LiveSession | None, room: Room) -> None:
    mode = page.choose_one("What to show", MODE_LEADS, "live-mode", format_func=str.capitalize, **IN_ONE_ROW)
    st.caption(MODE_LEADS[mode])
    colour = _pick_colour() if mode == "recolour" else None
    pieces = [] if mode == "segments" else hangers(room)
    if mode != "segments" and colour is None:
        if pieces:
            _pick_outfit(room, pieces)
        _rail(room, pieces) if pieces else _empty(room)
    opacity = 100
    if mode != "segments":
        opacity = st.slider("Opacity", 10, 100, 100, 5, format="%d %%", key="live-opacity", persist_state="session")
    garments = {} if colour else _prepared(room, pieces)
    if mode == "recolour" and not colour and not garments:
        st.caption(":material/info: Choose a garment for its cloth, or switch a new colour on.")
    room.look = Look(mode, garments, opacity / 100, colour)
    if session is not None:
        session.look = room.look


def _pick_colour() -> tuple[int, int, int] | None:
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.toggle("A new colour", key="live-recolour", persist_state="session")
        look: dict[str, Any] = {"label_visibility": "collapsed", "disabled": not chosen, **page.kept("live-colour")}
        code = st.color_picker("Colour", FIRST_COLOUR, **look)
    red, green, blue = ImageColor.getrgb(code)[:3]
    return (red, green, blue) if chosen else None


# The rail


def _empty(room: Room) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown("##### Nothing to put on yet", width="content")
        st.markdown("Photograph some clothes first, or look how it works with two drawn ones.", width="content")
        with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
            page.button("Try with sample garments", "live-samples", None, setattr, room, "samples", True)
            page.link("add_garments", "Add garments", ":material/add_a_photo:")


def _rail(room: Room, pieces: list[Hanger]) -> None:
    slots = [slot for slot in SLOTS if any(piece.slot == slot for piece in pieces)]

    def label(slot: str) -> str:
        return SLOT_LABELS[slot] + (" ✓" if slot in room.worn else "")

    slot = page.choose_one("Kind", slots, "live-slot", format_func=label, **IN_ONE_ROW)
    slot = slot if slot in slots else slots[0]
    there = [piece for piece in pieces if piece.slot == slot]
    _pictures(room, slot, there)
    _walk(room, slot, [piece.key for piece in there])
    names = {piece.key: piece.name for piece in pieces}
    on = [names[room.worn[slot]] for slot in SLOTS if room.worn.get(slot) in names]
    st.caption("On you: " + page.literal(", ".join(on)) if on else "Choose a garment to put it on.")
    if room.left_over:
        st.caption(":material/info: Of the outfit, not shown on you: " + page.literal(", ".join(room.left_over)))


def _pictures(room: Room, slot: str, pieces: list[Hanger]) -> None:
    shown = _one_page(room.worn.get(slot), slot, pieces)
    names = {piece.key: f"![{page.literal(piece.name)}]({_thumbnail(piece)})" for piece in shown}
    key = f"live-pieces-{slot}"
    st.session_state[key] = room.worn[slot] if room.worn.get(slot) in names else None
    with st.container(key="rail"):
        look: dict[str, Any] = {"format_func": names.__getitem__, "label_visibility": "collapsed", "wrap": True}
        args = (room, slot, lambda: st.session_state[key])
        st.pills(SLOT_LABELS[slot], list(names), key=key, on_change=_put_on, args=args, **look)


def _one_page(current: str | None, slot: str, pieces: list[Hanger]) -> list[Hanger]:
    """Return the pieces to show: those around the worn one, or the page that was turned to."""
    places = {piece.key: place for place, piece in enumerate(pieces)}
    key, seen = f"live-page-{slot}", f"live-page-of-{slot}"
    if current in places and st.session_state.get(seen) != current:  # another one was put on: turn to it
        pages = -(-len(pieces) // PIECES_AT_A_TIME)
        st.session_state[f"{key}-{pages}"] = places[current] // PIECES_AT_A_TIME + 1
    st.session_state[seen] = current
    return page.one_page(pieces, PIECES_AT_A_TIME, key)


_by_key: dict[str | type, Callable[[Any], Any]] = {Hanger: attrgetter("key")}
_thumbnail = st.cache_data(show_spinner=False, max_entries=2000, hash_funcs=_by_key)(rack.thumbnail)


def _walk(room: Room, slot: str, keys: list[str]) -> None:
    with st.container(horizontal=True, gap="small", key="walk", wrap=False):
        for label, by in (("Previous", -1), ("Next", 1)):
            arrow: dict[str, Any] = {"shortcut": "Right" if by > 0 else "Left", "width": "stretch"}

            def turn(by: int = by) -> str | None:
                return rack.step(keys, room.worn.get(slot), by)

            page.button(label, f"live-{label.lower()}", None, _put_on, room, slot, turn, **arrow)
        look: dict[str, Any] = {"width": "stretch", "disabled": slot not in room.worn}
        page.button("Remove", "live-remove", None, _put_on, room, slot, lambda: None, **look)


def _put_on(room: Room, slot: str, choose: Callable[[], str | None]) -> None:
    room.worn, room.left_over = rack.put_on(room.worn, slot, choose()), []


# Outfits


def hangers(room: Room) -> list[Hanger]:
    """Return what hangs on the rail: what was cut out here (the newest first), the wardrobe, samples if asked for."""
    store = page.wardrobe_store()
    items = page.load_wardrobe(store).reset_index().to_dict("records")
    return [*reversed(room.cut), *rack.wardrobe_pieces(items, store.picture), *(_samples() if room.samples else [])]


_samples = st.cache_resource(show_spinner="Drawing the samples …")(rack.sample_pieces)


def _wear_left(room: Room) -> None:
    """Put on the outfit that another page has left in ``st.session_state[OUTFIT_KEY]``: a list of item ids."""
    if item_ids := st.session_state.pop(OUTFIT_KEY, None):
        _wear(room, hangers(room), item_ids)
        st.session_state["live-mode"] = "wear"


def _pick_outfit(room: Room, pieces: list[Hanger]) -> None:
    """Offer the saved outfits, if there are any; one that is chosen is put on as a whole."""
    try:
        saved = {outfit["id"]: outfit for outfit in page.wardrobe_store().outfits.saved()}
    except StoreError as error:
        st.caption(f":material/error: The saved outfits cannot be read. {page.literal(str(error))}")
        return
    if saved:
        names = {key: outfit["name"] for key, outfit in saved.items()}
        look: dict[str, Any] = {"placeholder": "A saved outfit …", "label_visibility": "collapsed"}
        action: dict[str, Any] = {"on_change": _put_saved_on, "args": (room, pieces, saved)}
        st.selectbox("A saved outfit", list(names), None, names.__getitem__, "live-saved-outfit", **look, **action)


def _put_saved_on(room: Room, pieces: list[Hanger], saved: Mapping[str, dict]) -> None:
    if outfit := saved.get(st.session_state["live-saved-outfit"]):
        _wear(room, pieces, outfit["items"])


def _wear(room: Room, pieces: list[Hanger], item_ids: Sequence[str]) -> None:
    items = page.load_wardrobe(page.wardrobe_store())
    room.worn, left_over = rack.outfit(pieces, item_ids)
    room.left_over = [str(items["called"].get(item_id, "one that is gone")) for item_id in left_over]
    if room.worn:
        st.session_state["live-slot"] = next(slot for slot in SLOTS if slot in room.worn)


# From pictures to what is drawn


def _prepared(room: Room, pieces: list[Hanger]) -> dict[str, WearableGarment]:
    """Return what is worn, ready to be drawn; says what cannot be, and takes off what is no longer there."""
    by_key = {piece.key: piece for piece in pieces}
    if pieces:
        room.worn = {slot: key for slot, key in room.worn.items() if key in by_key}
    garments = {}
    for slot, key in room.worn.items():
        try:
            if key in by_key:
                garments[slot] = _ready(by_key[key])
        except GarmentImageError as error:
            st.warning(f"**Cannot be worn.** {page.literal(str(error))}.", icon=":material/broken_image:")
    return garments


_ready = st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=_by_key)(rack.ready)
