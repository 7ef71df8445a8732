"""An app for the tests: a page that is still being drawn when a choice is made in one of its fragments."""

import time

import streamlit as st
from streamlit.runtime import get_instance

from ewardrobe.app import streamlit_internals

streamlit_internals.mend_streamlit()

SLOW_SECONDS = 1.5
BUSY_SECONDS = 0.5


def busy_machine() -> None:
    """Keep the server from sending anything, as a busy machine does now and then."""
    get_instance()._get_async_objs().eventloop.call_soon_threadsafe(time.sleep, BUSY_SECONDS)


@st.fragment
def panel(notes: int) -> None:
    """Show a choice, ``notes`` lines, and what the browser keeps for the next time: a text of over 10 kB."""
    chosen = st.segmented_control("Which", ["One", "Two"], default="One", required=True, key="which")
    for number in range(notes):
        st.caption(f"Note {number}")
    st.text("long " * 4000)
    st.caption(f"{chosen} is chosen")


anew, said = st.button("Draw anew"), st.empty()
if anew:
    said.text("Being drawn")
    time.sleep(SLOW_SECONDS)
    busy_machine()
panel(3 if anew else 0)
