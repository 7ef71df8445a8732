"""A webcam for Chromium: a clip of one rendered picture that moves a little, 640×480 at 30 frames a second."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

SIZE = (640, 480)  # width, height


def moving_frames(picture: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield ``count`` frames (480, 640, 3): the picture fitted in height over its blurred self, swaying, in a loop."""
    width, height = SIZE
    backdrop = cv2.GaussianBlur(cv2.resize(picture, SIZE), (0, 0), 15)
    scale = height / picture.shape[0]
    for index in range(count):
        sway = 40 * math.sin(2 * math.pi * index / count)
        shift = np.float32([[scale, 0, (width - scale * picture.shape[1]) / 2 + sway], [0, scale, 0]])
        yield cv2.warpAffine(
            picture, shift, SIZE, dst=backdrop.copy(), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT
        )


def write_clip(path: Path, picture: np.ndarray, count: int = 60) -> Path:
    """Write an .mjpeg of ``picture`` (RGB uint8); Chromium plays it at 30 frames a second, again and again."""
    frames = moving_frames(picture[..., ::-1], count)
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames))
    return path
