"""A garment that no model found: the person draws a box round it, its outline is found by colour inside the box."""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.images import scale_to
from ewardrobe.core.masks import drop_specks, fill_holes, padded_box
from ewardrobe.garments.cutout import Garment, garment_from_mask
from ewardrobe.garments.refinement import refine_mask

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
    """
    mask = mask_in_box(image, box)
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


def mask_in_box(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the (H, W) bool mask of what stands out inside ``box``.

    Method: GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004) on a small picture of the box and its surroundings,
    then the guided filter of ``refinement`` at full resolution.
    """
    _check_box(box, image.shape[:2])
    x0, y0, x1, y1 = wide = _with_surroundings(box, image.shape[:2])
    part = np.s_[y0:y1, x0:x1]
    inside = np.zeros(image.shape[:2], bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    mask = np.zeros_like(inside)
    mask[part] = refine_mask(image[part], _grab_cut(image[part], _relative(box, wide))) & inside[part]
    area = np.count_nonzero(mask)
    if area < LEAST_FILL * np.count_nonzero(inside):
        return inside
    small = max(1, int(area * SMALLEST_PART))
    return fill_holes(drop_specks(mask, small), small)


def _grab_cut(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return the (h, w) bool foreground of ``box``; the random start is fixed, so the same box gives the same mask."""
    small = scale_to(image, WORKING_SIDE)
    scale = small.shape[0] / image.shape[0]
    x0, y0, x1, y1 = (round(value * scale) for value in box)
    labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
    labels[y0:y1, x0:x1] = cv2.GC_PR_FGD
    if (labels == cv2.GC_BGD).any():
        cv2.setRNGSeed(0)
        background, foreground, rect = np.zeros((1, 65)), np.zeros((1, 65)), (0, 0, 0, 0)  # the mask counts, no box
        small = np.ascontiguousarray(small)
        cv2.grabCut(small, labels, rect, background, foreground, ROUNDS, cv2.GC_INIT_WITH_MASK)
    garment = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return cv2.resize(garment, image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5


def _with_surroundings(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    margin = max(8, round(SURROUNDINGS * max(box[2] - box[0], box[3] - box[1])))
    return padded_box(box, margin, *size)


def _relative(box: tuple[int, int, int, int], origin: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return box[0] - origin[0], box[1] - origin[1], box[2] - origin[0], box[3] - origin[1]


def _check_box(box: tuple[int, int, int, int], size: tuple[int, int]) -> None:
    x0, y0, x1, y1 = box
    if not (0 <= x0 and 0 <= y0 and x1 <= size[1] and y1 <= size[0] and x1 - x0 >= 8 and y1 - y0 >= 8):
        raise ValueError(
            f"box {box}: expected x0 y0 x1 y1, 8 pixels or more a side, inside the {size[1]}×{size[0]} photo"
        )
