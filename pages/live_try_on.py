"""The wardrobe worn in the camera's picture, as in a mirror."""

import streamlit as st

from ewardrobe import ui, ui_live, ui_live_capture, ui_live_rack

LEAD = (
    "Your wardrobe on you, in the camera's picture. The picture stays on this machine and is kept only if you say so."
)

ui.page_header("Live try-on", LEAD)
room = ui_live.current_room()
ui_live_capture.leave_if_asked(room)
chosen = ui_live.settings()
if chosen is None:
    st.stop()
left, right = st.columns([4, 3], gap="medium")
with left:
    ui_live_capture.countdown(room)
    session, state = ui_live.open_stream(room, chosen)
    ui_live.readout(session, state.playing, chosen.preset)
    ui_live_capture.capture(session, room, state.playing)
with right:
    ui_live_rack.dress(session, room)
