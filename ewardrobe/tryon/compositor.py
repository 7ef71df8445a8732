"""The camera's clock: garments drawn into a frame, behind hair and hands, in a few milliseconds.

Frames are RGB uint8 (H, W, 3), soft masks float32 (h, w) 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from ewardrobe.core.taxonomy import SLOTS
from ewardrobe.tryon import fitting, shading
from ewardrobe.tryon.fitting import Box, Drawn
from ewardrobe.tryon.garment import WearableGarment, sleeve_length
from ewardrobe.tryon.scene import Scene, WornGarment
from ewardrobe.tryon.segments import draw_segments
from ewardrobe.tryon.target import target

MODES = ("segments", "overlay", "wear", "recolour")
ORDER = ("bottom", "dress", "top", "outer")
"""From the innermost layer outwards."""

CRISP = 3.0
"""How steep the edge of a soft mask is drawn: at processing size it is three pixels wide, in the frame seven."""


@dataclass(frozen=True)
class Look:
    """What to draw: mode, garments by slot (a dress leaves out top and bottom), opacity 0..1, RGB colour or none."""

    mode: str = "wear"
    garments: dict[str, WearableGarment] = field(default_factory=dict)
    opacity: float = 1.0
    colour: tuple[int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"unknown mode {self.mode!r}: expected one of {', '.join(MODES)}")


@dataclass(frozen=True, eq=False)
class ComposedState:
    """The smoothed scene as of now: motion (2, 3) from its frame to the current one; strength 0..1 of what is drawn."""

    scene: Scene
    motion: np.ndarray
    strength: float = 1.0


def compose(frame: np.ndarray, state: ComposedState | None, look: Look) -> np.ndarray:
    """Return a new picture: ``frame`` (RGB uint8 (H, W, 3)) with the look drawn into it."""
    if state is None or state.strength <= 0 or state.scene.frame_size != frame.shape[:2]:
        return frame.copy()
    out = frame.copy()
    if look.mode == "segments":
        return draw_segments(out, state.scene.detections, state.motion)
    for drawn in layers(frame, state, look):
        blend(out, drawn)
    return out


def layers(frame: np.ndarray, state: ComposedState, look: Look) -> list[Drawn]:
    """Return what is drawn into the frame, from the innermost layer outwards."""
    if look.mode == "recolour":
        return _recoloured(frame, state, look)
    drawn = []
    for slot in ORDER:
        garment = look.garments.get(slot)
        if garment is None or (slot in ("top", "bottom") and "dress" in look.garments):
            continue
        if (worn := target(state.scene, slot)) is not None:
            drawn += _dressed(frame, state, look, garment, worn)
    return drawn


def drawn_alpha(state: ComposedState, look: Look, frame: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 0..1: how much of each pixel is covered by what `compose` draws."""
    covered = np.zeros(frame.shape[:2], np.float32)
    for drawn in layers(frame, state, look):
        x0, y0, x1, y1 = drawn.box
        covered[y0:y1, x0:x1] = 1 - (1 - covered[y0:y1, x0:x1]) * (1 - drawn.alpha)
    return covered


def blend(out: np.ndarray, drawn: Drawn) -> None:
    """Blend a piece into ``out`` in place."""
    x0, y0, x1, y1 = drawn.box
    place = out[y0:y1, x0:x1]
    out[y0:y1, x0:x1] = cv2.blendLinear(drawn.rgb, place, drawn.alpha, 1 - drawn.alpha)


def crisp(soft: np.ndarray) -> np.ndarray:
    """Return a soft mask with a steeper edge, still through one half."""
    return np.clip((soft - 0.5) * CRISP + 0.5, 0, 1)


def _dressed(
    frame: np.ndarray, state: ComposedState, look: Look, garment: WearableGarment, worn: WornGarment
) -> list[Drawn]:
    """Return the garment, below it the bare arms that its shorter sleeves leave."""
    if look.mode == "overlay":
        return _overlaid(state, look, garment, worn)
    size, motion = state.scene.frame_size, state.motion
    box = fitting.box_of(worn.mask, size, motion)
    if box is None:
        return []
    points = fitting.nodes(box, motion)
    rgba = fitting.sample(garment, fitting.by_rows(points, worn.spans, garment.spans), box)
    inside = crisp(fitting.to_box(worn.mask, size, motion, box))
    there = inside * _behind(state, box) * np.float32(look.opacity * state.strength)
    x0, y0, x1, y1 = box
    light = shading.low_frequency(frame[y0:y1, x0:x1], inside)
    kept = _sleeve_share(points, garment, worn, box)
    if kept is None:
        return [Drawn(box, shading.lit(fitting.without_alpha(rgba), light), there)]
    arms = [] if state.scene.skin is None else [_bare(state.scene.skin, light, there * (kept < 1), box)]
    return [*arms, Drawn(box, shading.lit(fitting.without_alpha(rgba), light), there * kept)]


def _bare(skin: np.ndarray, light: np.ndarray, alpha: np.ndarray, box: Box) -> Drawn:
    """Return what the worn sleeve hides: skin, in the light that falls on the sleeve."""
    plain = np.full((*light.shape, 3), skin.round().astype(np.uint8))
    return Drawn(box, shading.lit(plain, light), alpha.astype(np.float32))


def _sleeve_share(points: np.ndarray, garment: WearableGarment, worn: WornGarment, box: Box) -> np.ndarray | None:
    """Return (h, w) float32 0..1: where shorter sleeves than the worn ones still cover them; None for no shorter."""
    worn_length = sleeve_length(worn.category_id)
    if garment.sleeve >= worn_length or worn.slot == "bottom":
        return None
    share = fitting.sleeves_kept(points, worn, garment.sleeve, worn_length)
    size = share.shape[1] * fitting.CELL, share.shape[0] * fitting.CELL
    return cv2.resize(share, size, interpolation=cv2.INTER_LINEAR)[: box[3] - box[1], : box[2] - box[0]]


def _overlaid(state: ComposedState, look: Look, garment: WearableGarment, worn: WornGarment) -> list[Drawn]:
    box = _garment_box(garment, worn, state)
    if box is None:
        return []
    points = fitting.nodes(box, state.motion)
    rgba = fitting.sample(garment, fitting.by_similarity(points, worn.spans, garment.spans), box)
    alpha = rgba[..., 3].astype(np.float32) * (look.opacity * state.strength / 255) * _behind(state, box)
    return [Drawn(box, fitting.without_alpha(rgba), alpha)]


def _garment_box(garment: WearableGarment, worn: WornGarment, state: ComposedState) -> Box | None:
    height, width = garment.levels[0].shape[:2]
    scale, top, garment_top = fitting.scale_and_tops(worn.spans, garment.spans)
    corners = (np.array([[0, 0], [width, 0], [0, height], [width, height]]) - garment_top) * scale + top
    moved = corners @ state.motion[:, :2].T + state.motion[:, 2]
    return fitting.clipped(moved.min(axis=0), moved.max(axis=0), state.scene.frame_size)


def _behind(state: ComposedState, box: Box) -> np.ndarray:
    """Return (h, w): 1 where nothing is in front, 0 behind hair, face and hands."""
    return 1 - crisp(fitting.to_box(state.scene.front, state.scene.frame_size, state.motion, box))


def _recoloured(frame: np.ndarray, state: ComposedState, look: Look) -> list[Drawn]:
    """Return what is worn in another colour, or with the cloth of the slot's garment, every fold kept."""
    drawn = []
    for slot in (s for s in reversed(SLOTS) if s in state.scene.worn):
        worn, garment = state.scene.worn[slot], look.garments.get(slot)
        box = fitting.box_of(worn.mask, state.scene.frame_size, state.motion)
        if box is None or (look.colour is None and garment is None):
            continue
        inside = crisp(fitting.to_box(worn.mask, state.scene.frame_size, state.motion, box))
        x0, y0, x1, y1 = box
        light = shading.folds(frame[y0:y1, x0:x1], inside)
        alpha = inside * _behind(state, box) * (look.opacity * state.strength)
        drawn.append(Drawn(box, shading.lit(_cloth(look, garment, worn, state, box), light), alpha.astype(np.float32)))
    return drawn


def _cloth(
    look: Look, garment: WearableGarment | None, worn: WornGarment, state: ComposedState, box: Box
) -> np.ndarray:
    if look.colour is not None or garment is None:
        return np.full((box[3] - box[1], box[2] - box[0], 3), look.colour, np.uint8)
    points = fitting.nodes(box, state.motion)
    return fitting.without_alpha(fitting.sample(garment, fitting.by_rows(points, worn.spans, garment.spans), box))
