"""The dialog that repairs a cut-out: for a garment that is about to be saved, and for an item of the wardrobe."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.drawing import card_picture
from ewardrobe.core.images import jpeg_bytes, png_bytes
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.draft import LOWEST_SCORE
from ewardrobe.garments.repair import Repair, RepairError, bench_view, preview, stroke_from
from ewardrobe.garments.repair_item import bench_of_item, earlier_cutouts, original_cutout, save_repair, undo_repair
from ewardrobe.models import MODELS
from ewardrobe.models.weights import WeightsError

TOOLS = {  # icon, whether it paints the garment back, whether it is a lasso
    "Paint back": ("brush", True, False),
    "Paint away": ("ink_eraser", False, False),
    "Lasso back": ("lasso_select", True, True),
    "Lasso away": ("content_cut", False, True),
}
HTML = "<canvas role='img' aria-label='Photo to paint on'></canvas>"
CSS = """
canvas {display: block; max-width: 100%; max-height: 62vh; margin: 0 auto; border-radius: 8px; cursor: crosshair;
  touch-action: none;}
"""
HELP = "Paint over the photo: what is clear belongs to the garment. A lasso takes everything that you draw round."


@dataclass(frozen=True, eq=False)
class RepairSession:
    """A repair under way: the bench, the start of the widgets' keys, what is done with the garment at the end."""

    bench: Repair
    key: str
    done: Callable[[Garment], None]

    def button(self, label: str, key: str, icon: str | None, step: Callable, *args: Any, **look: Any) -> None:
        """Show a button for a step."""
        page.button(label, f"{self.key}-{key}", icon, self.take, step, *args, **look)

    def take(self, step: Callable, *args: Any) -> None:
        """Take a step in a callback; why it was refused is shown in the dialog."""
        try:
            step(*args)
        except (RepairError, WeightsError) as error:
            st.session_state[f"{self.key}-problem"] = str(error)


def start_repair(bench: Repair, key: str, done: Callable[[Garment], None]) -> None:
    """Let `show_repair` open the dialog; ``done`` is called with the garment when the person is content with it."""
    st.session_state["repair"] = RepairSession(bench, key, done)


def show_repair() -> None:
    """Show the dialog while a repair is under way; a page that has a repair calls it once, at its end."""
    if repair := st.session_state.get("repair"):
        _dialog(repair)


def _close() -> None:
    st.session_state.pop("repair", None)


@st.dialog("Repair the cut-out", width="large", on_dismiss=_close)
def _dialog(repair: RepairSession) -> None:
    bench, key = repair.bench, repair.key
    st.caption(HELP)
    left, right = st.columns([3, 1], gap="medium")
    with left:
        tool = page.choose_one(
            "Tool", TOOLS, f"{key}-tool", format_func=lambda name: f":material/{TOOLS[name][0]}: {name}"
        )
        _, back, lasso = TOOLS[tool]
        width = st.session_state.get(f"{key}-width", 28)
        _canvas(repair, width, back, lasso)
    with right:
        st.image(card_picture(preview(bench), 360, 300), width="stretch")
        st.slider("Brush", 4, 120, 28, format="%d px", key=f"{key}-width", disabled=lasso)
        _steps(repair)
        with st.popover("Ask a model", icon=":material/frame_inspect:", width="stretch"):
            for name in MODELS:
                label = page.model_label(name).partition(" · ")[0]
                repair.button(label, f"ask-{name}", None, _ask, bench, name, label, width="stretch")
        if problem := st.session_state.pop(f"{key}-problem", None):
            st.warning(page.literal(problem), icon=":material/info:")
    _end(repair)


def _canvas(repair: RepairSession, width: float, back: bool, lasso: bool) -> None:
    """Show the photo with the outline at hand; every stroke is painted at once.

    streamlit-drawable-canvas gives back drawings; here each stroke changes the outline, on the photo itself.
    width: of the brush in pixels of the view; back: paint the garment back, else away; lasso: the area drawn round.
    """
    key = f"{repair.key}-canvas"
    photo, veil, scale = bench_view(repair.bench)
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
        if stroke := (st.session_state.get(key) or {}).get("stroke"):
            repair.take(_draw, repair.bench, stroke, scale)

    canvas = st.components.v2.component("ewardrobe_brush", html=HTML, css=CSS, js=page.script_beside(__file__))
    canvas(key=key, data=data, on_stroke_change=take)


def _draw(bench: Repair, sent: Mapping[str, Any], scale: float) -> None:
    """Paint a stroke that the browser has sent, on a view of ``scale``."""
    width, back, lasso = float(sent.get("width") or 1), bool(sent.get("back")), bool(sent.get("lasso"))
    bench.draw(stroke_from(sent.get("points") or (), width, scale, back, lasso))


def _steps(repair: RepairSession) -> None:
    bench, px = repair.bench, repair.bench.step_px
    left, right = st.columns(2, gap="small")
    undoable = len(bench.steps) > 1
    last = f"Takes back: {bench.steps[-1][0]}" if undoable else "Nothing to undo"
    with left:
        repair.button("Shrink", "shrink", "remove", bench.grow, -px, width="stretch", help=f"{px} px")
        edges = "Move the outline to the photo's edges nearby"
        repair.button("To edges", "to-edges", "auto_fix_high", bench.follow_edges, width="stretch", help=edges)
    with right:
        repair.button("Grow", "grow", "add", bench.grow, px, width="stretch", help=f"{px} px")
        repair.button("Undo", "undo", "undo", bench.undo, width="stretch", help=last, disabled=not undoable)


def _ask(bench: Repair, name: str, label: str) -> None:
    bench.ask(page.segmenter(name).predict(bench.image, LOWEST_SCORE), label)


def _end(repair: RepairSession) -> None:
    bench, key = repair.bench, repair.key
    with st.container(horizontal=True, vertical_alignment="center"):
        label, changed = "Back to the original", bench.changed
        repair.button(label, "original", "restart_alt", bench.restart, disabled=not changed)
        st.space("stretch")
        if st.button("Cancel", key=f"{key}-cancel"):
            _close()
            st.rerun()
        if st.button("Use this cut-out", type="primary", icon=":material/check:", key=f"{key}-done"):
            _close()
            repair.done(bench.garment())
            st.rerun()


def _repair_item(store: FeatureStore, item_id: str) -> None:
    """Begin the repair of an item of the wardrobe; what is made is saved, and can be undone even later."""
    try:
        bench = bench_of_item(store, item_id)
    except (RepairError, StoreError) as error:
        page.complain(error)
        return
    save = partial(page.change, save_repair, store, item_id, said="Cut-out repaired")
    start_repair(bench, f"repairing-{item_id}", save)


def repair_buttons(store: FeatureStore, item: Mapping) -> None:
    """Show "Repair cut-out", and where it was repaired the ways back, for an item's page; the dialog too."""
    args, there = (store, item["id"]), item.get("photo") and item.get("image")
    page.button("Repair cut-out", "item-repair", "brush", _repair_item, *args, disabled=not there)
    if earlier_cutouts(dict(item)):
        page.button("Undo repair", "item-repair-undo", "undo", undo_repair, *args)
        page.button("Original cut-out", "item-repair-original", "restart_alt", original_cutout, *args)
    show_repair()
