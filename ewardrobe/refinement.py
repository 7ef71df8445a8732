"""A model's coarse mask made to follow the garment's edge on the full-resolution photo."""

from __future__ import annotations

import cv2
import numpy as np


def guided_filter(guide: np.ndarray, values: np.ndarray, radius: int, eps: float = 1e-4) -> np.ndarray:
    """Smooth ``values`` (h, w) float32 along the edges of ``guide`` (h, w, 3) float32 0..1; returns (h, w) float32.

    ``radius`` in pixels; ``eps`` is the colour variance below which a region counts as flat.
    He, Sun, Tang: Guided Image Filtering, PAMI 2013, with a colour guide.
    """
    mean = _box(guide, radius)
    mean_values = _box(values, radius)
    covariance = _box(guide * values[..., None], radius) - mean * mean_values[..., None]
    slope = _solve(_variance(guide, mean, radius, eps), covariance)
    offset = mean_values - (slope * mean).sum(axis=2)
    return (_box(slope, radius) * guide).sum(axis=2) + _box(offset, radius)


def _box(array: np.ndarray, radius: int) -> np.ndarray:
    return cv2.blur(array, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)


def _variance(guide: np.ndarray, mean: np.ndarray, radius: int, eps: float) -> dict[str, np.ndarray]:
    """Return the six distinct entries of the local 3×3 colour covariance, ``eps`` added on the diagonal."""
    entries = {}
    for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        entry = _box(guide[..., i] * guide[..., j], radius) - mean[..., i] * mean[..., j]
        entries[f"{i}{j}"] = entry + eps if i == j else entry
    return entries


def _solve(s: dict[str, np.ndarray], right: np.ndarray) -> np.ndarray:
    """Solve the symmetric 3×3 system of every pixel by cofactors: numpy's solver is ten times slower here."""
    c00 = s["11"] * s["22"] - s["12"] ** 2
    c01 = s["02"] * s["12"] - s["01"] * s["22"]
    c02 = s["01"] * s["12"] - s["02"] * s["11"]
    c11 = s["00"] * s["22"] - s["02"] ** 2
    c12 = s["01"] * s["02"] - s["00"] * s["12"]
    c22 = s["00"] * s["11"] - s["01"] ** 2
    determinant = s["00"] * c00 + s["01"] * c01 + s["02"] * c02
    x, y, z = np.moveaxis(right, 2, 0)
    solved = [c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z]
    return np.stack(solved, axis=2) / determinant[..., None]


def refine_mask(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return ``mask`` (h, w) bool moved to the edges of ``image`` (h, w, 3) RGB uint8 within a narrow band."""
    long_side = max(image.shape[:2])
    scale = min(1.0, WORKING_SIDE / long_side)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    soft = cv2.resize(mask.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    radius = max(2, round(max(small.shape[:2]) * BAND))
    filtered = guided_filter(small, soft, radius, EPS)
    return cv2.resize(filtered, image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5


WORKING_SIDE = 640
BAND = 0.015
EPS = 1e-3
