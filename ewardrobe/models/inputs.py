"""From a photo to a network's input: the same pixels in training, in the evaluation and in the app."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

MEAN, STD = 127.5, 64.0
"""Pixel normalisation of our own networks, in units of 0..255."""

STRIDE = 32
"""Height and width of every network's input are multiples of this."""


LEAST_SIDE, LARGEST_SIDE = 32, 4096
"""Pixels on the long side that a network may be trained for."""


def trained_side(said: Any) -> int:
    """Return the pixels that weights say they see on the long side; ``ValueError`` if no network sees so many."""
    side = int(said)
    if not LEAST_SIDE <= side <= LARGEST_SIDE:
        raise ValueError(f"an input of {side} pixels: expected {LEAST_SIDE} to {LARGEST_SIDE}")
    return side


def network_input(
    image: np.ndarray, size: int, mean=MEAN, std=STD, grey: int | None = None
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the (1, 3, h, w) float32 input for RGB uint8 (H, W, 3) ``image``, and its rows and columns before padding.

    The long side becomes ``size`` pixels (also for smaller pictures); the rest up to a multiple of ``STRIDE`` repeats
    the edge, or is ``grey`` (0..255).  mean, std: as ``normalised`` takes them.
    """
    scale = size / max(image.shape[:2])
    rows, cols = (max(1, round(side * scale)) for side in image.shape[:2])
    small = cv2.resize(image, (cols, rows), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    border = cv2.BORDER_REPLICATE if grey is None else cv2.BORDER_CONSTANT
    padded = cv2.copyMakeBorder(small, 0, -rows % STRIDE, 0, -cols % STRIDE, border, value=(grey or 0,) * 3)
    return normalised(padded[None], mean, std), (rows, cols)


def normalised(images: np.ndarray, mean=MEAN, std=STD) -> np.ndarray:
    """Turn (B, H, W, 3) RGB uint8 into (B, 3, H, W) float32 ``(x - mean) / std``, laid out channels last.

    mean, std: a number or three, in units of 0..255.  ``networks.encoders.normalised`` is the same for tensors.
    """
    mean, std = np.asarray(mean, np.float32), np.asarray(std, np.float32)
    return ((images.astype(np.float32) - mean) / std).transpose(0, 3, 1, 2)
