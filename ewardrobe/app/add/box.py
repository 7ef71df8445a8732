"""A garment that no model found on the page Add garments: a box is drawn round it, and what stands out is cut out."""

from __future__ import annotations

import streamlit as st

from ewardrobe.app.add.intake import Box, Looked, Visit
from ewardrobe.garments.draft import Photo, box_of, draw_box
from ewardrobe.wardrobe.item import KINDS

SMALLEST_BOX = 16
"""Pixels a side from which a box drawn by hand can hold a garment."""


def add_by_hand(visit: Visit, looked: Looked) -> None:
    """Ask what it is and where, and cut it out."""
    base = f"{looked.photo.key}-{visit.number}"
    with st.expander(
        "Add a garment by hand",
        icon=":material/crop:",
        expanded=not looked.cards,
        key=f"hand-{base}",
        on_change="rerun",
    ) as section:
        if not section.open:
            return
        kind = st.selectbox("What is it?", KINDS, None, key=f"hand-kind-{base}", placeholder="Shoes, bag, skirt, …")
        across = st.slider("From left to right", 0, 100, (20, 80), format="%d %%", key=f"hand-across-{base}")
        down = st.slider("From top to bottom", 0, 100, (20, 80), format="%d %%", key=f"hand-down-{base}")
        box = box_of(looked.image.shape[:2], across, down)
        st.image(draw_box(looked.image, box), width="stretch", output_format="JPEG")
        large = min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX
        st.button(
            "Cut it out",
            key=f"hand-add-{base}",
            icon=":material/content_cut:",
            disabled=not (kind and large),
            help=None if kind and large else "Say what it is, and draw the box round it",
            on_click=_take_box,
            args=(visit, looked.photo, kind, box),
        )


def _take_box(visit: Visit, photo: Photo, kind: str, box: Box) -> None:
    boxes = visit.by_hand.setdefault(photo.key, {})
    boxes[f"hand-{len(boxes) + 1}"] = (kind, box)
