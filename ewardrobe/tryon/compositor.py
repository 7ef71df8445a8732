"""The camera's clock: garments drawn into a frame, behind hair and hands, in a few milliseconds.

Frames are RGB uint8 (H, W, 3), soft masks float32 (h, w) 0..1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import SLOTS, category
from ewardrobe.tryon import fitting
from ewardrobe.tryon.fitting import Box
from ewardrobe.tryon.garment import WearableGarment, sleeve_length
from ewardrobe.tryon.motion import move_points, scaling
from ewardrobe.tryon.scene import Scene, WornGarment
from ewardrobe.tryon.target import target
from ewardrobe.wardrobe.vocabulary import said

MODES = ("segments", "overlay", "wear", "recolour")
ORDER = ("bottom", "dress", "top", "outer")
"""From the innermost layer outwards."""

CRISP = 3.0
"""How steep the edge of a soft mask is drawn: at processing size it is three pixels wide, in the frame seven."""

TINT = 0.35
REDUCED = 8
DARKEST, BRIGHTEST = 0.6, 1.4
DARK = 24
"""Added to both sides of a ratio, in units of 0..255: black cloth shows noise and gloss rather than light."""

DEEPEST, HIGHEST = 0.25, 1.9
"""Limits of the folds' ratio: deeper than those of the low frequencies, they carry the cloth's whole relief."""


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
    out = frame.copy()
    if state is None or state.strength <= 0 or state.scene.frame_size != frame.shape[:2]:
        return out
    if look.mode == "segments":
        return _draw_segments(out, state.scene.detections, state.motion)
    for (x0, y0, x1, y1), rgb, alpha in _Drawing(frame, state, look).layers():
        out[y0:y1, x0:x1] = cv2.blendLinear(rgb, out[y0:y1, x0:x1], alpha, 1 - alpha)
    return out


def drawn_alpha(state: ComposedState, look: Look, frame: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 0..1: how much of each pixel is covered by what `compose` draws."""
    covered = np.zeros(frame.shape[:2], np.float32)
    for (x0, y0, x1, y1), _, alpha in _Drawing(frame, state, look).layers():
        covered[y0:y1, x0:x1] = 1 - (1 - covered[y0:y1, x0:x1]) * (1 - alpha)
    return covered


def crisp(soft: np.ndarray) -> np.ndarray:
    """Return a soft mask (h, w) float32 0..1 with a steeper edge, still through one half."""
    return np.clip((soft - 0.5) * CRISP + 0.5, 0, 1)


Layer = tuple[Box, np.ndarray, np.ndarray]
"""A piece of picture to blend: box (frame xyxy), rgb (h, w, 3) uint8, alpha (h, w) float32 0..1."""


@dataclass(frozen=True, eq=False)
class _Drawing:
    frame: np.ndarray
    state: ComposedState
    look: Look

    def layers(self) -> Iterator[Layer]:
        """Yield what is drawn, from the innermost layer outwards."""
        if self.look.mode == "recolour":
            for slot in (s for s in reversed(SLOTS) if s in self.state.scene.worn):
                yield from self._recoloured(self.state.scene.worn[slot], self.look.garments.get(slot))
            return
        hidden = ("top", "bottom") if "dress" in self.look.garments else ()
        for slot in ORDER:
            garment = None if slot in hidden else self.look.garments.get(slot)
            if garment and (worn := target(self.state.scene, slot)) is not None:
                yield from (self._overlaid if self.look.mode == "overlay" else self._dressed)(garment, worn)

    def _dressed(self, garment: WearableGarment, worn: WornGarment) -> Iterator[Layer]:
        """Yield the garment, below it the bare arms that its shorter sleeves leave."""
        box = fitting.box_of(worn.mask, self.state.scene.frame_size, self.state.motion)
        if box is None:
            return
        inside = crisp(self._in_box(worn.mask, box))
        there = self._unhidden(inside, box)
        light = low_frequency(self._seen(box), inside)
        kept = self._sleeve_share(garment, worn, box)
        if kept is not None and self.state.scene.skin is not None:  # what the worn sleeve hides, in the light on it
            skin = np.full((*light.shape, 3), self.state.scene.skin.round().astype(np.uint8))
            yield box, lit(skin, light), there * (kept < 1)
        yield box, lit(self._cloth(garment, worn, box), light), there if kept is None else there * kept

    def _overlaid(self, garment: WearableGarment, worn: WornGarment) -> Iterator[Layer]:
        height, width = garment.levels[0].shape[:2]
        scale, top, garment_top = fitting.scale_and_tops(worn.spans, garment.spans)
        low, high = ((corner - garment_top) * scale + top for corner in (np.zeros(2), np.array([width, height])))
        box = fitting.moved_box(low, high, self.state.motion, self.state.scene.frame_size)
        if box is None:
            return
        points = fitting.nodes(box, self.state.motion)
        rgba = fitting.sample(garment, fitting.by_similarity(points, worn.spans, garment.spans), box)
        yield box, fitting.without_alpha(rgba), self._unhidden(rgba[..., 3].astype(np.float32) / 255, box)

    def _recoloured(self, worn: WornGarment, garment: WearableGarment | None) -> Iterator[Layer]:
        """Yield what is worn in another colour, or with the cloth of ``garment``, every fold kept."""
        box = fitting.box_of(worn.mask, self.state.scene.frame_size, self.state.motion)
        if box is None:
            return
        inside = crisp(self._in_box(worn.mask, box))
        light = folds(self._seen(box), inside)
        if self.look.colour is not None:
            cloth = np.full((*light.shape, 3), self.look.colour, np.uint8)
        elif garment is not None:
            cloth = self._cloth(garment, worn, box)
        else:
            return
        yield box, lit(cloth, light), self._unhidden(inside, box)

    def _seen(self, box: Box) -> np.ndarray:
        return self.frame[box[1] : box[3], box[0] : box[2]]

    def _in_box(self, mask: np.ndarray, box: Box) -> np.ndarray:
        return fitting.to_box(mask, self.state.scene.frame_size, self.state.motion, box)

    def _unhidden(self, alpha: np.ndarray, box: Box) -> np.ndarray:
        """Return ``alpha`` (h, w) as it is drawn: behind hair, face and hands, and as strong as is asked for."""
        front = crisp(self._in_box(self.state.scene.front, box))
        return alpha * (1 - front) * np.float32(self.look.opacity * self.state.strength)

    def _cloth(self, garment: WearableGarment, worn: WornGarment, box: Box) -> np.ndarray:
        points = fitting.nodes(box, self.state.motion)
        return fitting.without_alpha(fitting.sample(garment, fitting.by_rows(points, worn.spans, garment.spans), box))

    def _sleeve_share(self, garment: WearableGarment, worn: WornGarment, box: Box) -> np.ndarray | None:
        """Return (h, w) float32 0..1: where shorter sleeves than the worn ones still cover; None for no shorter."""
        worn_length = sleeve_length(worn.category_id)
        if garment.sleeve >= worn_length or worn.slot == "bottom":
            return None
        points = fitting.nodes(box, self.state.motion)
        return fitting.refined(fitting.sleeves_kept(points, worn, garment.sleeve, worn_length), box)


def low_frequency(rgb: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (h, w) float32, the light on what is worn: smoothed luminance over its median, 0.6..1.4.

    rgb: (h, w, 3) uint8 of the camera; inside: (h, w) float32 0..1, what is worn.  A print's own pattern is mostly
    finer than the smoothing and does not show through.
    """
    size = max(1, rgb.shape[1] // REDUCED), max(1, rgb.shape[0] // REDUCED)
    grey = cv2.cvtColor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    weight = cv2.resize(inside, size, interpolation=cv2.INTER_AREA) + 1e-3
    sigma = max(1.0, 0.04 * max(size))
    smooth = cv2.GaussianBlur(grey * weight, (0, 0), sigma) / cv2.GaussianBlur(weight, (0, 0), sigma)
    ratio = np.clip((smooth + DARK) / (_median(smooth, weight) + DARK), DARKEST, BRIGHTEST)
    return cv2.resize(ratio, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def folds(rgb: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return (h, w) float32, the luminance of what is worn over its median: light and every fold."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.clip((grey + DARK) / (_median(grey[::4, ::4], inside[::4, ::4]) + DARK), DEEPEST, HIGHEST)


def lit(rgb: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) uint8 ``rgb`` times ``light`` (h, w)."""
    factor = np.clip(light * 100, 0, 255).astype(np.uint8)
    return cv2.multiply(rgb, cv2.merge([factor] * 3), scale=0.01)


def _median(grey: np.ndarray, weight: np.ndarray) -> float:
    within = grey[weight > 0.5]
    return float(np.median(within)) if within.size else float(grey.mean())


def _draw_segments(frame: np.ndarray, detections: Detections, motion: np.ndarray) -> np.ndarray:
    """Draw ``detections``, whose frame ``motion`` moves to this one, into ``frame`` in place and return it."""
    outlines = [_outline(mask, frame.shape[:2], motion) for mask in detections.masks]
    kinds = [category(int(category_id)) for category_id in detections.category_ids]
    tinted = frame.copy()
    for outline, kind in zip(outlines, kinds, strict=True):
        cv2.fillPoly(tinted, outline, kind.colour, cv2.LINE_AA)
    cv2.addWeighted(tinted, TINT, frame, 1 - TINT, 0, dst=frame)
    for outline, kind in zip(outlines, kinds, strict=True):
        cv2.polylines(frame, outline, True, kind.colour, 2, cv2.LINE_AA)
    for outline, kind, score in zip(outlines, kinds, detections.scores, strict=True):
        if outline:
            _name(frame, outline, kind.colour, f"{said('type', kind.word)} {score:.2f}")
    return frame


def _outline(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray) -> list[np.ndarray]:
    moved = np.vstack([motion, [0, 0, 1]]) @ scaling(mask.shape, frame_size)
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [np.round(move_points(c[:, 0], moved[:2])).astype(np.int32) for c in found if len(c) >= 3]


def _name(frame: np.ndarray, outline: list[np.ndarray], colour: Sequence[int], text: str) -> None:
    font, size = cv2.FONT_HERSHEY_SIMPLEX, max(0.4, frame.shape[0] / 1000)
    (width, height), base = cv2.getTextSize(text, font, size, 1)
    points = max(outline, key=len)
    centre, top = points[:, 0].mean(), points[:, 1].min()
    x = int(np.clip(centre - width / 2, 4, max(4, frame.shape[1] - width - 4)))
    y = int(np.clip(top - 6, height + 6, frame.shape[0] - base - 4))
    cv2.rectangle(frame, (x - 4, y - height - 4), (x + width + 4, y + base + 2), colour, -1)
    bright = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    cv2.putText(frame, text, (x, y), font, size, (0, 0, 0) if bright > 130 else (255, 255, 255), 1, cv2.LINE_AA)
