"""Light and folds of what is worn, carried over to what is drawn."""

from __future__ import annotations

import cv2
import numpy as np

REDUCED = 8
DARKEST, BRIGHTEST = 0.6, 1.4
DARK = 24
"""Added to both sides of a ratio, in units of 0..255: black cloth shows noise and gloss rather than light."""

DEEPEST, HIGHEST = 0.25, 1.9
"""Limits of the folds' ratio: deeper than those of the low frequencies, they carry the cloth's whole relief."""


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
