"""Clips with a known truth, for measuring the live view: rendered persons, and still pictures that are moved about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.datasets import synthetic

SIZE = (480, 640)
FPS = 30.0
NOISE = 4.0
"""Standard deviation of the camera's noise, in units of 0..255."""

MOTIONS = ("still", "pan", "stop", "zoom", "shake", "light", "hand")


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame (RGB uint8 (H, W, 3)) and the affine (2, 3) from the clip's still picture to it."""

    image: np.ndarray
    motion: np.ndarray


@lru_cache(maxsize=4)
def rendered_person(seed: int = 3) -> synthetic.SyntheticPhoto:
    """Return a drawn person in a webcam picture, wearing a long sleeve top and trousers."""
    return synthetic.render_person(seed=seed, category_ids=(2, 8), size=SIZE, framing="half")


def moved(picture: np.ndarray, kind: str, frames: int, fps: float = FPS, seed: int = 0) -> Iterator[Frame]:
    """Yield ``picture`` (RGB uint8) moved about as ``kind``, one of ``MOTIONS``, each frame with noise of its own."""
    rng = np.random.default_rng(seed)
    for i in range(frames):
        motion = motion_at(kind, i / fps, picture.shape[:2])
        image = cv2.warpAffine(picture, motion, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        yield Frame(_disturbed(image, kind, i / fps, rng), motion)


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


def _disturbed(image: np.ndarray, kind: str, time: float, rng: np.random.Generator) -> np.ndarray:
    light = 1 + 0.25 * np.sin(2 * time) if kind == "light" else 1.0
    out = image.astype(np.float32) * light + rng.normal(0, NOISE, image.shape).astype(np.float32)
    if kind == "hand":
        x = int((0.5 + 0.4 * np.sin(1.3 * time)) * image.shape[1])
        out[image.shape[0] // 3 :, max(0, x - 25) : x + 25] = (196, 150, 128)
    return np.clip(out, 0, 255).astype(np.uint8)


def of_file(path: Path) -> Iterator[Frame]:
    """Yield the frames of a video file over and over; a ``video_file.VideoError`` tells what is wrong with it."""
    from ewardrobe.video_file import open_video, play

    for image, _ in play(open_video(path, path.name)):
        yield Frame(image, np.float64([[1, 0, 0], [0, 1, 0]]))
