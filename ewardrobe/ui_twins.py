"""The notice that a garment seems to be in the wardrobe already, with the choice of what becomes of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from ewardrobe.twins import BOTH, CHOICES, SAME, SKIP

SHORT = {BOTH: "Keep both", SAME: "Same", SKIP: "Skip"}
HELP = (
    "Keep both: two items. Same as this one: no new item; what the one in the wardrobe lacks is filled in. "
    "Skip: this one is left out."
)


def twin_notice(
    text: str, picture: np.ndarray | str | None, choice: str, key: str, decide: Callable[[str], object]
) -> None:
    """Show ``text`` beside the twin's ``picture``, and the choice; ``decide`` is called with a new one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if picture is not None:
            st.image(picture, width=48)
        st.markdown(f":orange[:material/content_copy:] {text}", width="stretch", help=HELP)
    widget = f"{key}-{choice}"
    st.segmented_control(
        "What is it?",
        CHOICES,
        default=choice,
        required=True,
        format_func=SHORT.get,
        key=widget,
        label_visibility="collapsed",
        width="stretch",
        on_change=lambda: decide(st.session_state[widget]),
    )
