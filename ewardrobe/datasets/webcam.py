"""Worn photos cropped and turned into a webcam's views, half a person, near, often tilted, dim or noisy; masks too.

Photos and frames are RGB uint8 (H, W, 3), masks bool (H, W).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.images import jpeg_bytes
from ewardrobe.core.masks import mask_box
from ewardrobe.datasets.augment import warp
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, Record
from ewardrobe.datasets.records import item_entry
from ewardrobe.datasets.samples import Sample, read_photo, to_sample

FRAME = (480, 640)
"""Height and width of a webcam's picture, pixels."""

MIN_SHARE = 0.005
"""Garments of which the frame shows less than this share of its pixels are not asked for."""


@dataclass(frozen=True)
class WebcamView:
    """How a frame differs from the photo.

    shown: share of the person's height, from the head down, that fills the frame.  angle: largest tilt of the camera,
    degrees.  gain: of the light.  noise: standard deviation, in units of 0..255.  quality: of the JPEG stream, 0..100.
    """

    shown: float = 0.55
    angle: float = 0.0
    gain: float = 1.0
    noise: float = 3.0
    quality: int = 90


VIEWS = {
    "whole": WebcamView(shown=1.0),
    "half_body": WebcamView(),
    "close": WebcamView(shown=0.36),
    "tilted": WebcamView(angle=18.0),
    "dim": WebcamView(gain=0.3, noise=8.0),
    "noisy": WebcamView(noise=20.0, quality=40),
}
HEADROOM = 0.06
"""Free share of the frame above the head."""


def as_webcam(sample: Sample, view: WebcamView, rng: np.random.Generator) -> Sample:
    """Return the worn ``sample`` as a webcam would show it, ``FRAME`` pixels; ``ValueError`` if nobody wears anything.

    What the photo does not show is its own picture, blurred.  Garments that the frame hardly shows are left out.
    """
    if not sample.worn or not sample.matte.any():
        raise ValueError("a webcam's view needs a worn photo with a parsing map")
    matrix = camera(sample.matte, view, rng)
    moved = warp(sample, matrix, FRAME)
    keep = moved.masks.mean(axis=(1, 2)) >= MIN_SHARE
    image = degrade(in_frame(sample.image, matrix), view, rng)
    return replace(moved, image=image, masks=moved.masks[keep], category_ids=moved.category_ids[keep])


def in_frame(photo: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return ``photo``, RGB uint8 (H, W, 3), on its own blurred picture, ``FRAME`` pixels; matrix: (2, 3), to them."""
    behind = cv2.GaussianBlur(cv2.resize(photo, FRAME[::-1]), (0, 0), 15)
    method = cv2.INTER_AREA if abs(np.linalg.det(matrix[:, :2])) < 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(photo, matrix, FRAME[::-1], dst=behind, flags=method, borderMode=cv2.BORDER_TRANSPARENT)


def camera(matte: np.ndarray, view: WebcamView, rng: np.random.Generator) -> np.ndarray:
    """Return the (2, 3) affine from the photo to the frame: the upper ``view.shown`` of ``matte`` fills the height."""
    _, y0, _, y1 = mask_box(matte)
    height = max(1.0, view.shown * (y1 - y0))
    scale = FRAME[0] * (1 - HEADROOM) / height
    left, _, right, _ = mask_box(matte[y0 : y0 + round(height)])  # never empty: the first row is one of the person's
    middle = np.array([(left + right) / 2, y0 + height / 2])
    matrix = cv2.getRotationMatrix2D((0, 0), rng.uniform(-view.angle, view.angle), scale)
    target = np.array([FRAME[1] / 2, FRAME[0] * (1 + HEADROOM) / 2])
    matrix[:, 2] = target - matrix[:, :2] @ middle
    return matrix


def degrade(image: np.ndarray, view: WebcamView, rng: np.random.Generator) -> np.ndarray:
    """Return RGB uint8 ``image`` in the light of ``view``, with its noise, compressed as a stream is."""
    dark = image.astype(np.float32) * view.gain + rng.normal(0, view.noise, image.shape)
    noisy = np.clip(dark, 0, 255).astype(np.uint8)
    stream = np.frombuffer(jpeg_bytes(noisy, view.quality), np.uint8)
    return np.asarray(cv2.imdecode(stream, cv2.IMREAD_COLOR_RGB))


def write_views(
    data: DeepFashion2, out: Path, view: str, seed: int = 0, progress: Callable[[], None] | None = None
) -> Path:
    """Write the worn photos of ``data`` as ``VIEWS[view]`` to ``out/SPLIT`` in DeepFashion2's layout; return ``out``.

    progress: called after each photo.  Raises ``DatasetError`` when no photo shows a labelled person.
    """
    folder = out / data.split
    for name in ("image", "annos"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    written = 0
    for record in data.records():
        if record.worn and record.parsing_path is not None:
            written += _write(folder, record, VIEWS[view], np.random.default_rng((seed, record.image_id)))
        if progress:
            progress()
    if not written:
        raise DatasetError(f"{data.folder}: no worn photo with a parsing map, of which a webcam's view can be made")
    return out


def _write(folder: Path, record: Record, view: WebcamView, rng: np.random.Generator) -> bool:
    image = read_photo(record)
    sample = as_webcam(to_sample(record, image, max(image.shape)), view, rng)
    entries = [item_entry(m > 0, int(c), 2) for m, c in zip(sample.masks, sample.category_ids, strict=True)]
    named = {f"item{number}": entry for number, entry in enumerate(filter(None, entries), start=1)}
    if not named:
        return False
    stem = record.image_path.stem
    (folder / "annos" / f"{stem}.json").write_text(json.dumps({"source": "user", "pair_id": record.pair_id, **named}))
    cv2.imwrite(str(folder / "image" / f"{stem}.png"), sample.image[..., ::-1])  # compressed once already
    return True
