"""The page Live try-on, below the stream: a picture after a countdown, and what to do with it."""

from __future__ import annotations

import math
import time
from datetime import datetime
from functools import partial
from typing import Any

import cv2
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.queue import enqueue
from ewardrobe.app.live.rack import hangers
from ewardrobe.app.live.view import Room, Shot
from ewardrobe.app.streamlit_internals import COLUMN, LAYOUT_WRAPPER
from ewardrobe.core.images import png_bytes
from ewardrobe.garments.cutout import extract_garments
from ewardrobe.garments.draft import Photo
from ewardrobe.models import SHOWN_SCORE, cache
from ewardrobe.tryon import rack
from ewardrobe.tryon.session import LiveSession

WAITS = {0: "At once", 3: "3 s", 5: "5 s", 10: "10 s"}
TICK_SECONDS = 0.25
NUMBER_CSS = f"""<style>
{COLUMN}:has(.st-key-countdown) {{position: relative;}}
{LAYOUT_WRAPPER}:has(> .st-key-countdown) {{position: absolute; top: 0; left: 0; width: 100%; height: 0;
  z-index: 10; pointer-events: none;}}
.ew-countdown {{position: absolute; top: 3.5rem; left: 0; width: 100%; aspect-ratio: 4 / 3; display: grid;
  place-items: center; font-size: min(18rem, 20vw); line-height: 1; font-weight: 700; color: #fff;
  text-shadow: 0 0 24px rgba(0, 0, 0, .75);}}
</style>"""
"""The seconds left lie over the stream and take no room: they are read from the other end of the room."""


def leave_if_asked(room: Room) -> None:
    """Go to Add garments when a picture was sent there.

    Called by the page itself: a page that a fragment switches to goes blank when the fragment's next run is due.
    """
    if room.leaving:
        room.leaving = False
        page.go("add_garments")


def countdown(room: Room) -> None:
    """Show the seconds left over the stream that follows; always there, or the stream would move and start again."""
    st.html(NUMBER_CSS)
    with st.container(key="countdown"):
        st.fragment(_countdown, run_every=TICK_SECONDS if room.due is not None else None)(room)


def _countdown(room: Room) -> None:
    left = _seconds_left(room)
    st.html(f'<div class="ew-countdown" role="timer">{left}</div>' if left else "<span></span>")


def _seconds_left(room: Room) -> int | None:
    """Return the whole seconds until the picture is taken, rounded up; ``None`` where none is due."""
    return None if room.due is None else max(0, math.ceil(room.due - time.monotonic()))


def capture(session: LiveSession | None, room: Room, playing: bool) -> None:
    """Show the button, the countdown and the picture that was taken."""
    if session is None or not playing:
        room.due = None
    if session is None:
        return
    st.fragment(_capture, run_every=TICK_SECONDS if room.due is not None else None)(session, room, playing)


def _capture(session: LiveSession, room: Room, playing: bool) -> None:
    if room.due is not None and time.monotonic() >= room.due:
        room.due = None
        take(session, room)
        st.rerun()  # the whole page: only that ends the ticking
    _button(session, room, playing, _seconds_left(room))
    if room.shot is not None:
        _show(room, room.shot, session)


def _button(session: LiveSession, room: Room, playing: bool, left: int | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if left is not None:
            if st.button(f"Stop the countdown ({left} s)", key="live-stop", icon=":material/close:"):
                room.due = None
                st.rerun()
            return
        look: dict[str, Any] = {"type": "primary", "icon": ":material/photo_camera:", "shortcut": "S"}
        pressed = st.button("Take a picture", key="live-take", disabled=not playing, **look)
        wait = page.choose_one("When", WAITS, "live-wait", format_func=WAITS.__getitem__, persist_state="session")
    if pressed and wait:
        room.due = time.monotonic() + wait
        st.rerun()
    elif pressed:
        take(session, room)


def take(session: LiveSession, room: Room) -> None:
    """Keep the picture of this moment as ``room.shot``; nothing happens before the first frame."""
    pictures = session.snapshot()
    if pictures is None:
        return
    raw, composed = pictures
    raw = cv2.flip(raw, 1) if session.mirror else raw  # letters on a garment are read from left to right
    name = f"try-on-{datetime.now():%Y-%m-%d-%H%M%S}"
    drawn = {garment.key for garment in session.look.garments.values()}
    worn = {piece.item_id: piece.name for piece in hangers(room) if piece.item_id and piece.key in drawn}
    room.shot, room.shots, room.kept = Shot(name, raw, composed, worn), room.shots + 1, False


def _show(room: Room, shot: Shot, session: LiveSession) -> None:
    with st.container(border=True):
        picture, actions = st.columns(2, vertical_alignment="top")
        picture.image(shot.composed, width="stretch", output_format="JPEG")
        with actions:
            look: dict[str, Any] = {"icon": ":material/download:", "on_click": "ignore", "width": "stretch"}
            file = partial(png_bytes, shot.composed)
            st.download_button("Download", file, f"{shot.name}.png", "image/png", key="live-download", **look)
            names = ", ".join(shot.worn.values())
            unworn = "No garment of your wardrobe is worn in this picture"
            about = f"As the try-on picture of {names}" if names else unworn
            label, icon = ("Kept", "check") if room.kept else ("Keep in the wardrobe", "checkroom")
            look = {"width": "stretch", "disabled": room.kept or not shot.worn, "help": about}
            page.button(label, "live-keep", icon, _keep, room, shot, **look)
            _digitize(room, shot)
            _cut(room, shot, session)
            page.button("Discard", "live-discard", None, setattr, room, "shot", None, type="tertiary", width="stretch")


def _keep(room: Room, shot: Shot) -> None:
    page.wardrobe_store().keep_try_on(list(shot.worn), shot.composed)
    room.kept = True


def _digitize(room: Room, shot: Shot) -> None:
    words = "The camera's own picture goes to Add garments, where you check what was found and save it"
    icon = ":material/add_a_photo:"
    if st.button("Digitize what I wear", key="live-digitize", icon=icon, width="stretch", help=words):
        enqueue([Photo(f"{shot.name}.png", png_bytes(shot.raw))])
        room.leaving = True
        st.rerun()


def _cut(room: Room, shot: Shot, session: LiveSession) -> None:
    words = "What you wear or hold in this picture hangs first on the rail until you leave; nothing is saved"
    icon = ":material/content_cut:"
    if not st.button("Cut it out to try on", key="live-cut", icon=icon, width="stretch", help=words):
        return
    with st.spinner("Cutting out …"):
        found = cache.segmenter(session.model).predict(shot.raw, SHOWN_SCORE)
        pieces = rack.cut_pieces(extract_garments(shot.raw, found), room.shots)
    if not pieces:
        st.warning("No garment was found in this picture. Step back, or take it in more light.")
        return
    new = {piece.key for piece in pieces}
    room.cut = [piece for piece in room.cut if piece.key not in new] + pieces
    for piece in pieces:
        room.worn = rack.put_on(room.worn, piece.slot, piece.key)
    st.rerun()
