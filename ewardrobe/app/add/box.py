"""A garment that no model found on the page Add garments: a box is drawn round it, and what stands out is cut out."""

from __future__ import annotations

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.drawing import draw_box
from ewardrobe.core.taxonomy import CATEGORY_ID_BY_NAME
from ewardrobe.garments.draft import draft_of
from ewardrobe.garments.from_box import box_of, garment_in_box
from ewardrobe.garments.queue import ImportQueue, QueuedPhoto
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS

SMALLEST_BOX = 16
"""Pixels a side from which a box drawn by hand can hold a garment."""


def add_by_hand(queue: ImportQueue, entry: QueuedPhoto, image: np.ndarray, expanded: bool) -> None:
    """Ask what it is and where in the photo, RGB uint8 (H, W, 3), and cut it out."""
    number = sum(draft.score is None for draft in entry.drafts)  # one more: new keys empty the widgets
    base, title = f"{entry.key}-{number}", "Add a garment by hand"
    with st.expander(title, expanded, icon=":material/crop:", key=f"hand-{base}", on_change="rerun") as section:
        if not section.open:
            return
        kind = st.selectbox("What is it?", KINDS, None, key=f"hand-kind-{base}", placeholder="Shoes, bag, skirt, …")
        across = st.slider("From left to right", 0, 100, (20, 80), format="%d %%", key=f"hand-across-{base}")
        down = st.slider("From top to bottom", 0, 100, (20, 80), format="%d %%", key=f"hand-down-{base}")
        box = box_of(image.shape[:2], across, down)
        st.image(draw_box(image, box), width="stretch", output_format="JPEG")
        large = min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX

        def take(kind: str) -> None:
            garment = garment_in_box(image, box, CATEGORY_ID_BY_NAME.get(kind, 1))
            draft = draft_of(garment, entry.key, None, kind_fields(kind))
            queue.put(entry.key, [(draft, garment.cutout)])

        ready = kind is not None and large
        about = None if ready else "Say what it is, and draw the box round it"
        page.button("Cut it out", f"hand-add-{base}", "content_cut", take, kind, disabled=not ready, help=about)
