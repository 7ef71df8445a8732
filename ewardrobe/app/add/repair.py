"""The dialog that repairs a cut-out: for a garment that is about to be saved, and for an item of the wardrobe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.brush import brush_canvas
from ewardrobe.core.drawing import card_picture
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.draft import LOWEST_SCORE
from ewardrobe.garments.repair import Repair, RepairError, preview, stroke_from
from ewardrobe.garments.repair_item import bench_of_item, earlier_cutouts, original_cutout, save_repair, undo_repair
from ewardrobe.models import MODELS
from ewardrobe.models.weights import WeightsError

TOOLS = {
    "Paint back": (True, False),
    "Paint away": (False, False),
    "Lasso back": (True, True),
    "Lasso away": (False, True),
}
ICONS = {"Paint back": "brush", "Paint away": "ink_eraser", "Lasso back": "lasso_select", "Lasso away": "content_cut"}
HELP = "Paint over the photo: what is clear belongs to the garment. A lasso takes everything that you draw round."


@dataclass(frozen=True, eq=False)
class RepairSession:
    """A repair under way: the bench, the start of the widgets' keys, what is done with the garment at the end."""

    bench: Repair
    key: str
    done: Callable[[Garment], None]


def start_repair(bench: Repair, key: str, done: Callable[[Garment], None]) -> None:
    """Let `show_repair` open the dialog; ``done`` is called with the garment when the person is content with it."""
    st.session_state["repair"] = RepairSession(bench, key, done)


def show_repair() -> None:
    """Show the dialog while a repair is under way; a page that has a repair calls it once, at its end."""
    if repair := st.session_state.get("repair"):
        _dialog(repair.bench, repair.key, repair.done)


def _close() -> None:
    st.session_state.pop("repair", None)


@st.dialog("Repair the cut-out", width="large", on_dismiss=_close)
def _dialog(bench: Repair, key: str, done: Callable[[Garment], None]) -> None:
    st.caption(HELP)
    left, right = st.columns([3, 1], gap="medium")
    with left:
        tool = _tools(key)
        width = st.session_state.get(f"{key}-width", 28)
        brush_canvas(bench, f"{key}-canvas", width, *TOOLS[tool], _stroke_taker(bench, key))
    with right:
        st.image(card_picture(preview(bench), 360, 300), width="stretch")
        st.slider("Brush", 4, 120, 28, format="%d px", key=f"{key}-width", disabled=TOOLS[tool][1])
        _steps(bench, key)
        _ask_model(bench, key)
        if problem := st.session_state.pop(f"{key}-problem", None):
            st.warning(page.literal(problem), icon=":material/info:")
    _end(bench, key, done)


def _tools(key: str) -> str:
    return st.segmented_control(
        "Tool",
        list(TOOLS),
        default="Paint back",
        required=True,
        format_func=lambda name: f":material/{ICONS[name]}: {name}",
        key=f"{key}-tool",
        label_visibility="collapsed",
    )


def _stroke_taker(bench: Repair, key: str) -> Callable[[dict, float], None]:
    def take(sent: dict, scale: float) -> None:
        with_message(key, lambda: bench.draw(_stroke(sent, scale)))

    return take


def _stroke(sent: dict, scale: float):
    back, lasso = bool(sent.get("back")), bool(sent.get("lasso"))
    return stroke_from(sent.get("points"), float(sent.get("width") or 1), scale, back, lasso)


def with_message(key: str, action: Callable[[], None]) -> None:
    """Run a step in a callback; why it was refused is shown in the dialog."""
    try:
        action()
    except (RepairError, WeightsError) as error:
        st.session_state[f"{key}-problem"] = str(error)


def _steps(bench: Repair, key: str) -> None:
    px = bench.step_px
    for column, (label, icon, step) in zip(
        st.columns(2, gap="small") * 2,
        (
            ("Shrink", "remove", lambda: bench.grow(-px)),
            ("Grow", "add", lambda: bench.grow(px)),
            ("To edges", "auto_fix_high", bench.follow_edges),
            ("Undo", "undo", bench.undo),
        ),
        strict=True,
    ):
        column.button(
            label,
            icon=f":material/{icon}:",
            key=f"{key}-{label.lower().replace(' ', '-')}",
            width="stretch",
            disabled=label == "Undo" and len(bench.steps) < 2,
            help={"Undo": _last(bench), "To edges": "Move the outline to the photo's edges nearby"}.get(
                label, f"{px} px"
            ),
            on_click=with_message,
            args=(key, step),
        )


def _last(bench: Repair) -> str:
    return f"Takes back: {bench.steps[-1][0]}" if len(bench.steps) > 1 else "Nothing to undo"


def _ask_model(bench: Repair, key: str) -> None:
    names = {page.MODEL_LABELS.get(name, name).partition(" · ")[0]: name for name in MODELS}
    with st.popover("Ask a model", icon=":material/frame_inspect:", width="stretch"):
        for label, name in names.items():
            st.button(
                label,
                key=f"{key}-ask-{name}",
                width="stretch",
                on_click=with_message,
                args=(key, lambda name=name, label=label: _ask(bench, name, label)),
            )


def _ask(bench: Repair, name: str, label: str) -> None:
    bench.ask(page.segmenter(name).predict(bench.image, LOWEST_SCORE), label)


def _end(bench: Repair, key: str, done: Callable[[Garment], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back to the original",
            icon=":material/restart_alt:",
            key=f"{key}-original",
            disabled=not bench.changed,
            on_click=bench.restart,
        )
        st.space("stretch")
        if st.button("Cancel", key=f"{key}-cancel"):
            _close()
            st.rerun()
        if st.button("Use this cut-out", type="primary", icon=":material/check:", key=f"{key}-done"):
            _close()
            done(bench.garment())
            st.rerun()


# An item of the wardrobe


def repair_item(store: FeatureStore, item_id: str) -> None:
    """Begin the repair of an item of the wardrobe (callback); what is made is saved, and can be undone even later."""
    try:
        bench = bench_of_item(store, item_id)
    except (RepairError, StoreError) as error:
        st.session_state.setdefault("problems", []).append(page.literal(str(error)))
        return
    said = "Cut-out repaired"
    start_repair(
        bench, f"repairing-{item_id}", lambda garment: page.change(save_repair, store, item_id, garment, said=said)
    )


def repair_buttons(store: FeatureStore, item: Mapping) -> None:
    """Show "Repair cut-out", and where it was repaired the ways back, for an item's page; the dialog too."""
    args, there = (store, item["id"]), item.get("photo") and item.get("image")
    label = "Repair cut-out"
    st.button(label, icon=":material/brush:", key="item-repair", disabled=not there, on_click=repair_item, args=args)
    if earlier_cutouts(item):
        undo, back = (undo_repair, *args), (original_cutout, *args)
        st.button("Undo repair", icon=":material/undo:", key="item-repair-undo", on_click=page.change, args=undo)
        st.button(
            "Original cut-out",
            icon=":material/restart_alt:",
            key="item-repair-original",
            on_click=page.change,
            args=back,
        )
    show_repair()
