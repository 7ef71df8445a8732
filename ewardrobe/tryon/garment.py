"""A wardrobe garment made ready to be worn: once, when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.core.drawing import resized_rgba
from ewardrobe.core.taxonomy import category
from ewardrobe.tryon.spans import Spans, measure

MAX_SIDE = 512
SLEEVE_LENGTH = {1: 0.45, 2: 1.0, 3: 0.45, 4: 1.0, 10: 0.45, 11: 1.0}
"""Sleeves by category as shares of an arm's length: shoulder to wrist is 1; the other kinds have none."""


class GarmentImageError(ValueError):
    """A cut-out that cannot be worn; the message says what to do."""


@dataclass(frozen=True, eq=False)
class WearableGarment:
    """A garment ready to be drawn.

    levels: RGBA uint8 (H, W, 4), each half as large as the one before, colours continued beyond the garment's edge;
    spans: of its trunk in pixels of ``levels[0]``; sleeve: share of an arm that it covers.
    """

    key: str
    category_id: int
    slot: str
    levels: tuple[np.ndarray, ...]
    spans: Spans
    sleeve: float


def sleeve_length(category_id: int) -> float:
    """Return the share of an arm that a garment of this category covers.

    >>> sleeve_length(2), sleeve_length(1), sleeve_length(5)
    (1.0, 0.45, 0.0)
    """
    return SLEEVE_LENGTH.get(category_id, 0.0)


def prepare(rgba: np.ndarray, category_id: int, key: str = "") -> WearableGarment:
    """Make a cut-out (RGBA uint8 (H, W, 4)) ready; ``GarmentImageError`` where there is nothing to wear in it."""
    if not isinstance(rgba, np.ndarray) or rgba.ndim != 3 or rgba.shape[2] != 4 or rgba.dtype != np.uint8:
        raise GarmentImageError("this picture has no transparency (alpha): cut the garment out on Add garments first")
    scale = MAX_SIDE / max(rgba.shape[:2])
    small = resized_rgba(rgba, scale) if scale < 1 else rgba
    slot = category(category_id).slot
    spans = measure(small[..., 3].astype(np.float32) / 255, sleeves=slot != "bottom")
    if spans is None:
        raise GarmentImageError("this cut-out is empty or too small to be worn: photograph the garment again")
    levels = [_continued(small)]
    while min(levels[-1].shape[:2]) >= 64 and len(levels) < 3:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return WearableGarment(key, category_id, slot, tuple(levels), spans, sleeve_length(category_id))


def _continued(rgba: np.ndarray) -> np.ndarray:
    """Fill the surroundings with the colours of the garment nearby, by a pyramid (push-pull, Gortler et al. 1996)."""
    weight: np.ndarray = (rgba[..., 3] >= 250).astype(np.float32)
    if not weight.any():
        weight = rgba[..., 3].astype(np.float32) / 255
    filled = _pull(rgba[..., :3].astype(np.float32) * weight[..., None], weight)
    rgb = np.where(weight[..., None] > 0.5, rgba[..., :3], np.clip(filled, 0, 255))
    return np.dstack([rgb.round().astype(np.uint8), rgba[..., 3]])


def _pull(solid: np.ndarray, weight: np.ndarray) -> np.ndarray:
    known = solid / np.maximum(weight, 1e-6)[..., None]
    if min(weight.shape) < 4 or weight.min() > 0.5:
        mean = solid.sum(axis=(0, 1)) / max(1e-6, float(weight.sum()))
        return np.where(weight[..., None] > 1e-3, known, mean)
    half = [max(1, side // 2) for side in weight.shape[::-1]]
    coarse = _pull(
        cv2.resize(solid, half, interpolation=cv2.INTER_AREA), cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    )
    below = cv2.resize(coarse, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
    share = np.clip(weight * 4, 0, 1)[..., None]
    return known * share + below * (1 - share)
