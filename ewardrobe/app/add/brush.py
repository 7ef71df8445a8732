"""The canvas of the repair: plain JavaScript beside this file, nothing from the network.

streamlit-drawable-canvas gives back drawings; here each stroke is to change the outline at once, on the photo itself.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.images import jpeg_bytes, png_bytes
from ewardrobe.garments.repair import Repair, bench_view

HTML = "<canvas role='img' aria-label='Photo to paint on'></canvas>"
CSS = """
canvas {display: block; max-width: 100%; max-height: 62vh; margin: 0 auto; border-radius: 8px; cursor: crosshair;
  touch-action: none;}
"""


def brush_canvas(
    bench: Repair, key: str, width: float, back: bool, lasso: bool, on_stroke: Callable[[dict, float], None]
) -> None:
    """Show the photo with the outline at hand; every stroke calls ``on_stroke(drawn, scale of the view)``.

    width: of the brush in pixels of the view; back: paint the garment back, else away; lasso: the area drawn round.
    """
    photo, veil, scale = bench_view(bench)
    data: dict[str, Any] = {
        "photo": f"data:image/jpeg;base64,{base64.b64encode(jpeg_bytes(photo, 88)).decode()}",
        "veil": f"data:image/png;base64,{base64.b64encode(png_bytes(veil)).decode()}",
        "size": [photo.shape[1], photo.shape[0]],
        "width": width,
        "back": back,
        "lasso": lasso,
        "step": st.session_state.setdefault(f"{key}-strokes", 0),
    }

    def take() -> None:
        st.session_state[f"{key}-strokes"] += 1  # tells the browser that this stroke was dealt with
        stroke: Any = (st.session_state.get(key) or {}).get("stroke")
        if stroke:
            on_stroke(stroke, scale)

    canvas = st.components.v2.component("ewardrobe_brush", html=HTML, css=CSS, js=page.script_beside(__file__))
    canvas(key=key, data=data, on_stroke_change=take)
