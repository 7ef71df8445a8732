"""Clips with a known truth, for measuring the live view: still pictures, drawn or photographed, moved about.

Pictures are RGB uint8 (H, W, 3), masks bool (H, W).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.datasets import webcam

SIZE = webcam.FRAME
FPS = 30.0
NOISE, DIM_NOISE = 4.0, 12.0
"""Standard deviation of the camera's noise, in units of 0..255: by day, and in a dim room."""

MOTIONS = ("still", "noise", "light", "hand", "pan", "zoom", "shake", "stop")
UNMOVED = MOTIONS[:4]
"""Clips in which nothing moves but noise, light, and a hand in front."""

SKIN = (205, 158, 136)
FILL, MIDDLE = 0.55, (0.5, 0.58)
"""A photo is framed as by a webcam: share of the height that its garment fills, and where its middle is (x, y)."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame (RGB uint8 (H, W, 3)), the affine (2, 3) from the clip's still picture to it, the hand in it (H, W)."""

    image: np.ndarray
    motion: np.ndarray
    hand: np.ndarray | None = None


def moved(picture: np.ndarray, kind: str, frames: int, fps: float = FPS, seed: int = 0) -> Iterator[Frame]:
    """Yield ``picture`` (RGB uint8) moved about as ``kind``, one of ``MOTIONS``, each frame with noise of its own."""
    rng = np.random.default_rng(seed)
    for i in range(frames):
        time = i / fps
        motion = motion_at(kind, time, picture.shape[:2])
        seen = cv2.warpAffine(picture, motion, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        image = np.asarray(seen, np.float32)
        hand = hand_at(time, picture.shape[:2]) if kind == "hand" else None
        if hand is not None:
            image = image * (1 - hand[..., 3:]) + hand[..., :3] * hand[..., 3:]
        light = 1 + 0.25 * np.sin(2 * time) if kind == "light" else 1.0
        noise = rng.normal(0, DIM_NOISE if kind == "noise" else NOISE, image.shape)
        out = np.clip(image * light + noise.astype(np.float32), 0, 255).astype(np.uint8)
        yield Frame(out, motion, None if hand is None else hand[..., 3] > 0.5)


def motion_at(kind: str, time: float, size: tuple[int, int]) -> np.ndarray:
    """Return the (2, 3) affine of a motion at ``time`` seconds."""
    if kind not in MOTIONS:
        raise ValueError(f"unknown motion {kind!r}: expected one of {', '.join(MOTIONS)}")
    centre, width = (size[1] / 2, size[0] / 2), size[1]
    angle = 1.5 * np.sin(7 * time) if kind == "shake" else 0.0
    scale = 1 + 0.1 * np.sin(1.5 * time) if kind == "zoom" else 1.0
    motion = cv2.getRotationMatrix2D(centre, angle, scale)
    if kind == "pan":
        motion[0, 2] += 0.08 * width * np.sin(2 * time)
    if kind == "stop":  # to the side in a second, then still
        motion[0, 2] += 0.12 * width * min(time, 1.0)
    return motion


def hand_at(time: float, size: tuple[int, int]) -> np.ndarray:
    """Return (H, W, 4) float32: a drawn forearm and hand that pass in front, RGB 0..255 and alpha 0..1."""
    sprite = _hand(size[0])
    left = (0.5 + 0.35 * np.sin(1.3 * time)) * size[1] - sprite.shape[1] / 2
    shift = np.array([[1, 0, left], [0, 1, size[0] - sprite.shape[0]]], float)
    return cv2.warpAffine(sprite, shift, size[::-1])


@cache
def _hand(rows: int) -> np.ndarray:
    """Draw the forearm, palm and fingers, half as high as the picture, rounded by light from the left."""
    height, unit = rows // 2, rows / 480
    width = round(110 * unit)
    alpha = np.zeros((height, width), np.uint8)

    def line(x0: float, y0: float, x1: float, y1: float, thick: float) -> None:
        start, end = ((round(x * unit), round(y * unit)) for x, y in ((x0, y0), (x1, y1)))
        cv2.line(alpha, start, end, 255, max(1, round(thick * unit)), cv2.LINE_AA)

    line(55, 125, 55, 260, 44)
    line(55, 82, 55, 100, 52)
    for x, top in ((36, 28), (49, 18), (62, 20), (75, 32)):
        line(x, 75, x + (x - 55) * 0.25, top, 12)
    line(78, 100, 100, 70, 14)
    depth = cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 3)
    light = 0.72 + 0.3 * np.clip(depth / (20 * unit), 0, 1) - 0.1 * np.linspace(0, 1, width)[None]
    return np.dstack([light[..., None] * np.array(SKIN, np.float32), alpha / 255]).astype(np.float32)


def framed(picture: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a photo (RGB uint8) and its garment's mask (bool) as a webcam would show them: ``SIZE``, garment large."""
    ys, xs = np.nonzero(mask)
    scale = FILL * SIZE[0] / max(1, int(np.ptp(ys)))
    middle = np.array([np.mean(xs), (ys.min() + ys.max()) / 2])
    shown, motion = in_frame(picture, scale, np.array([MIDDLE[0] * SIZE[1], MIDDLE[1] * SIZE[0]]) - scale * middle)
    return shown, cv2.warpAffine(mask.astype(np.float32), motion, SIZE[::-1]) > 0.5


def in_frame(picture: np.ndarray, scale: float, corner: Sequence[float] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame of ``SIZE`` with ``picture`` scaled in it, and the affine (2, 3) float64 that takes it there.

    picture: RGB uint8 (H, W, 3); corner: where its upper left is to be, x and y.  Its blurred self is around it.
    """
    motion = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]], float)
    return webcam.in_frame(picture, motion), motion


def of_file(path: Path) -> Iterator[Frame]:
    """Yield the frames of a video file over and over; a ``video_file.VideoError`` tells what is wrong with it."""
    from ewardrobe.core.video import open_video, play

    for image, _ in play(open_video(path, path.name)):
        yield Frame(image, np.eye(2, 3))
