"""The wardrobe worn in the camera's picture, as in a mirror."""

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.live import capture, rack, view

LEAD = (
    "Your wardrobe on you, in the camera's picture. The picture stays on this machine and is kept only if you say so."
)

page.page_header("Live try-on", LEAD)
room = view.current_room()
capture.leave_if_asked(room)
chosen = view.settings()
if chosen is None:
    st.stop()
left, right = st.columns([4, 3], gap="medium")
with left:
    capture.countdown(room)
    session, state = view.open_stream(room, chosen)
    view.readout(session, state.playing, chosen.preset)
    capture.capture(session, room, state.playing)
with right:
    rack.dress(session, room)
