"""A garment that no model found: the person draws a box round it, its outline is found by colour inside the box."""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.images import scale_to
from ewardrobe.core.masks import drop_specks, fill_holes, padded_box
from ewardrobe.garments.cutout import Garment, garment_from_mask
from ewardrobe.garments.refinement import grab_cut, refine_mask

WORKING_SIDE = 360
"""Long side in pixels at which the colours are separated; the outline is then refined on the full photo."""

ROUNDS = 4
SURROUNDINGS = 0.15
"""How far around the box, as a share of its long side, the background is looked at."""

SMALLEST_PART = 0.02
"""Loose parts below this share of the garment are specks, holes below it are folds."""

LEAST_FILL = 0.08
"""A garment that fills less of its box than this was not told from the background: the whole box is taken."""


def garment_in_box(image: np.ndarray, box: tuple[int, int, int, int], category_id: int) -> Garment:
    """Cut out the garment that ``box`` (``x0 y0 x1 y1`` pixels, ends exclusive) was drawn round, with score 1.

    image: RGB uint8 (H, W, 3).  Where nothing stands out in the box, the whole box is the garment.
    Raises ``ValueError`` for a box under 8 pixels a side or not inside the image.
    Method: GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004) on a small picture of the box and its surroundings,
    then the guided filter of ``refinement`` at full resolution.
    """
    (height, width), (x0, y0, x1, y1) = image.shape[:2], box
    if not (0 <= x0 and 0 <= y0 and x1 <= width and y1 <= height and x1 - x0 >= 8 and y1 - y0 >= 8):
        raise ValueError(f"box {box}: expected x0 y0 x1 y1, 8 pixels or more a side, inside the {width}×{height} photo")
    left, top, right, bottom = padded_box(box, max(8, round(SURROUNDINGS * max(x1 - x0, y1 - y0))), height, width)
    part = np.s_[top:bottom, left:right]
    inside, mask = np.zeros((height, width), bool), np.zeros((height, width), bool)
    inside[y0:y1, x0:x1] = True
    rough = _standing_out(image[part], (x0 - left, y0 - top, x1 - left, y1 - top))
    mask[part] = refine_mask(image[part], rough) & inside[part]
    area = np.count_nonzero(mask)
    small = max(1, int(area * SMALLEST_PART))
    enough = area >= LEAST_FILL * np.count_nonzero(inside)
    mask = fill_holes(drop_specks(mask, small), small) if enough else inside
    return garment_from_mask(image, mask, category_id, 1.0)


def box_of(size: tuple[int, int], across: tuple[int, int], down: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the pixel box ``x0 y0 x1 y1`` of two ranges in percent of a photo of ``size`` (height, width).

    >>> box_of((200, 400), (25, 75), (0, 50))
    (100, 0, 300, 100)
    """
    height, width = size
    x0, x1 = (round(width * percent / 100) for percent in across)
    y0, y1 = (round(height * percent / 100) for percent in down)
    return x0, y0, x1, y1


def _standing_out(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    small = np.ascontiguousarray(scale_to(image, WORKING_SIDE))
    x0, y0, x1, y1 = (round(value * small.shape[0] / image.shape[0]) for value in box)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    labels[y0:y1, x0:x1] = cv2.GC_PR_FGD
    whole = labels == cv2.GC_PR_FGD
    garment = whole if whole.all() else grab_cut(small, labels, ROUNDS)
    return cv2.resize(garment.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
