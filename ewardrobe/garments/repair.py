"""A cut-out repaired by hand: brush, lasso, growing, another model; every step can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import checkerboard
from ewardrobe.core.images import scale_to
from ewardrobe.core.masks import grow, mask_iou, mask_to_rle, rle_to_mask
from ewardrobe.garments.cutout import Garment, garment_from_mask, refined
from ewardrobe.garments.refinement import refine_mask

VIEW_SIDE = 900
"""Long side in pixels of the picture that is painted on."""

MAX_ZOOM = 3.0
"""A small photo is shown up to this much larger."""

SMALLEST_AREA = 64
"""Pixels below which nothing is left of a garment: such a step is refused."""

STEP = 0.003
"""How far "Grow" and "Shrink" move an outline, as a share of the photo's long side."""

LEAST_OVERLAP = 0.1
"""A model's garment must share this much (IoU) with the outline at hand to be the same garment."""

OUTLINE = (15, 118, 110)


class RepairError(ValueError):
    """A step that cannot be taken; the message says why, and what to do."""


@dataclass(frozen=True)
class Stroke:
    """One movement of the pointer over the photo.

    points: (x, y) in pixels of the photo; width: of the brush, in the same pixels, not used by a lasso, which takes
    everything that was drawn round; back: paint the garment back, else away.
    """

    points: tuple[tuple[float, float], ...]
    width: float
    back: bool = True
    lasso: bool = False


def paint(mask: np.ndarray, stroke: Stroke) -> np.ndarray:
    """Return ``mask`` (H, W) bool after ``stroke``; what lies outside the photo is cut off."""
    canvas = np.zeros(mask.shape, np.uint8)
    points = np.rint(np.array(stroke.points, np.float64).reshape(-1, 2)).clip(-10_000, 30_000).astype(np.int32)
    if not len(points):
        return mask
    if stroke.lasso:
        cv2.fillPoly(canvas, [points], 1)
    else:
        cv2.polylines(canvas, [points], False, 1, max(1, round(stroke.width)), cv2.LINE_8)
        for end in (points[0], points[-1]):  # a click is a dot, and lines end round
            cv2.circle(canvas, tuple(map(int, end)), max(1, round(stroke.width / 2)), 1, -1)
    painted = canvas.view(bool)
    return mask | painted if stroke.back else mask & ~painted


@dataclass
class Repair:
    """One garment under repair: the photo RGB uint8 (H, W, 3), what the garment is, and its outlines, oldest first.

    The first outline is the original.  Outlines are run lengths, so that many steps fit in memory.
    """

    image: np.ndarray = field(repr=False)
    category_id: int
    score: float
    steps: list[tuple[str, dict]] = field(default_factory=list, repr=False)

    @property
    def mask(self) -> np.ndarray:
        """The outline at hand, (H, W) bool."""
        return rle_to_mask(self.steps[-1][1])

    @property
    def changed(self) -> bool:
        """Whether the outline at hand differs from the original."""
        return self.steps[-1][1]["counts"] != self.steps[0][1]["counts"]

    @property
    def step_px(self) -> int:
        """Pixels by which growing and shrinking move the outline."""
        return max(1, round(STEP * max(self.image.shape[:2])))

    def garment(self) -> Garment:
        """Return the garment with the outline at hand."""
        return garment_from_mask(self.image, self.mask, self.category_id, self.score)

    def draw(self, stroke: Stroke) -> None:
        """Paint."""
        self._take("brush" if not stroke.lasso else "lasso", paint(self.mask, stroke))

    def grow(self, px: int) -> None:
        """Move the outline outwards by ``px`` pixels, inwards if negative."""
        self._take("grow" if px > 0 else "shrink", grow(self.mask, px))

    def follow_edges(self) -> None:
        """Move the outline to the photo's edges nearby."""
        self._take("edges", refine_mask(self.image, self.mask))

    def ask(self, detections: Detections, name: str) -> None:
        """Take the outline of the garment that a model saw here; ``RepairError`` if it saw none."""
        overlaps = [mask_iou(self.mask, mask) for mask in detections.masks]
        if not overlaps or max(overlaps) < LEAST_OVERLAP:
            raise RepairError("This model sees no garment here. Paint it, or try another model.")
        best = detections[[int(np.argmax(overlaps))]]
        self._take(name, refined(self.image, best).masks[0])

    def undo(self) -> None:
        """Take back the last step; the original stays."""
        if len(self.steps) > 1:
            self.steps.pop()

    def restart(self) -> None:
        """Go back to the original outline; a step that can be undone like any other."""
        if self.changed:
            self.steps.append(("original", self.steps[0][1]))

    def _take(self, name: str, mask: np.ndarray) -> None:
        if np.count_nonzero(mask) < SMALLEST_AREA:
            raise RepairError("Nothing would be left of the garment, so this step was not taken.")
        rle = mask_to_rle(mask)
        if rle["counts"] != self.steps[-1][1]["counts"]:
            self.steps.append((name, rle))


def bench_view(bench: Repair, max_side: int = VIEW_SIDE) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the photo RGB uint8 (h, w, 3), a veil RGBA uint8 (h, w, 4) that leaves the garment clear, and the scale.

    The long side is ``max_side`` pixels at most; a pixel of the view is 1 / scale pixels of the photo.
    """
    scale = min(MAX_ZOOM, max_side / max(bench.image.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in bench.image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    photo = cv2.resize(bench.image, (width, height), interpolation=method)
    inside = cv2.resize(bench.mask.view(np.uint8), (width, height), interpolation=cv2.INTER_AREA) > 0
    veil = np.zeros((height, width, 4), np.uint8)
    board = checkerboard(height, width)
    veil[~inside] = np.dstack([board, np.full((height, width), 190, np.uint8)])[~inside]
    contours, _ = cv2.findContours(inside.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(veil, contours, -1, (*OUTLINE, 255), 2, cv2.LINE_AA)
    return photo, veil, height / bench.image.shape[0]


def preview(bench: Repair, max_side: int = 480) -> np.ndarray:
    """Return the RGBA uint8 (h, w, 4) cut-out of the outline at hand, made from a small photo: quick, to look at."""
    small = scale_to(bench.image, max_side)
    mask = cv2.resize(bench.mask.view(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_AREA).view(bool)
    return garment_from_mask(small, mask if mask.any() else ~mask, bench.category_id, bench.score).cutout


def stroke_from(values: Sequence[Sequence[float]], width: float, scale: float, back: bool, lasso: bool) -> Stroke:
    """Return the stroke of points in pixels of a view of ``scale``, as a browser sends them.

    Raises ``RepairError`` for what is no list of finite points: it came from outside.
    """
    try:
        points = np.array(values, np.float64).reshape(-1, 2) / scale
    except (TypeError, ValueError):
        points = np.array([[np.nan, np.nan]])
    if not np.isfinite(points).all():
        raise RepairError("The stroke could not be read; paint it again.")
    return Stroke(tuple(map(tuple, points.tolist())), width / scale, back, lasso)
