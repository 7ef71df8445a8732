"""What the attribute network learns from: masked crops of judged garments, all in memory, in a file to be made once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ewardrobe.core import atomic
from ewardrobe.core.attributes import HEADS, SLEEVE_OF_CATEGORY, heads_of, kinds_of
from ewardrobe.datasets.attributes import JudgedGarment, judged_garments
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.models.attributes import crop
from train.loop.engine import TrainingError

NOT_JUDGED = -1


@dataclass(frozen=True, eq=False)
class Garments:
    """N garments.

    rgb: (N, S, S, 3) uint8, background included.  masks: (N, S, S) uint8, 0..255.  category_ids: (N,) int64, 1..13,
    16, 17 or 19.  labels: for each head (N,) int64, its value's place in ``HEADS`` or ``NOT_JUDGED``.
    images: (N,) file names.
    """

    rgb: np.ndarray
    masks: np.ndarray
    category_ids: np.ndarray
    labels: dict[str, np.ndarray]
    images: np.ndarray

    def __len__(self) -> int:
        return len(self.category_ids)

    def __getitem__(self, chosen: np.ndarray) -> Garments:
        """Select by an integer or bool array."""
        labels = {name: values[chosen] for name, values in self.labels.items()}
        return Garments(self.rgb[chosen], self.masks[chosen], self.category_ids[chosen], labels, self.images[chosen])


def load_garments(data: str, cache: str, side: int) -> Garments:
    """Return the judged garments of the training split: those of the file ``cache``, which is made where it is missing.

    With a cache of ``side`` pixels no data set is needed.  Raises ``TrainingError`` and ``DatasetError``.
    """
    if cache and Path(cache).is_file():
        return read_cache(Path(cache), side)
    if not data:
        raise TrainingError("--data: give the folder of a data set with attributes_train.csv, or an existing --cache")
    garments = read_garments(Path(data), "train", side)
    if cache:
        write_cache(Path(cache), garments)
    return garments


def read_garments(root: Path, split: str, side: int) -> Garments:
    """Cut every judged garment out of its photo; ``DatasetError`` when there is none."""
    found = [(judged, *crop(pixels, mask, side)) for judged, pixels, mask in judged_garments(root, split)]
    if not found:
        raise DatasetError(f"{root}: no judged garment of the split {split} has an annotation")
    garments, pictures, masks = zip(*found, strict=True)
    labels = {name: np.array([label(name, judged) for judged in garments]) for name in HEADS}
    ids, images = (np.array([getattr(judged, n) for judged in garments]) for n in ("category_id", "image"))
    return Garments(np.stack(pictures), np.stack(masks), ids, labels, images)


def label(head: str, judged: JudgedGarment) -> int:
    """Return the place of the value in its head; ``NOT_JUDGED`` for what is unknown or no attribute of the garment."""
    if head not in heads_of(judged.category_id):
        return NOT_JUDGED
    value = SLEEVE_OF_CATEGORY[judged.category_id] if head == "sleeve" else judged.values[head]
    if head == "kind" and value not in kinds_of(judged.category_id):
        return NOT_JUDGED
    return HEADS[head].index(value) if value in HEADS[head] else NOT_JUDGED


def write_cache(path: Path, garments: Garments) -> None:
    """Write ``garments`` as compressed pictures: about 6 KB each at 176 pixels."""
    pictures = [cv2.imencode(".webp", rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 88])[1] for rgb in garments.rgb]
    masks = [np.frombuffer(zlib.compress(np.packbits(mask > 127).tobytes(), 9), np.uint8) for mask in garments.masks]
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.writing(path) as file:
        content: dict[str, Any] = {"side": garments.rgb.shape[1]}
        content |= {"category_ids": garments.category_ids, "images": garments.images}
        content |= {f"label_{name}": values for name, values in garments.labels.items()}
        np.savez(file, **content, **_joined("rgb", pictures), **_joined("mask", masks))


def read_cache(path: Path, side: int) -> Garments:
    """Read what ``write_cache`` wrote; ``TrainingError`` if it is no such file or of another size."""
    try:
        with np.load(path) as file:
            content = dict(file)
        if int(content["side"]) != side:
            raise TrainingError(f"{path} holds crops of {content['side']} pixels, {side} are needed: delete it")
        pictures: list[Any] = [cv2.imdecode(part, cv2.IMREAD_COLOR) for part in _parted("rgb", content)]
        rgb = np.stack([picture[..., ::-1] for picture in pictures])  # `None` of a broken one: a TypeError
        bits = (np.frombuffer(zlib.decompress(part.tobytes()), np.uint8) for part in _parted("mask", content))
        masks = np.stack([np.unpackbits(b, count=side * side).reshape(side, side) * 255 for b in bits])
        labels = {name: content[f"label_{name}"] for name in HEADS}
        return Garments(rgb, masks.astype(np.uint8), content["category_ids"], labels, content["images"])
    except (OSError, ValueError, KeyError, zlib.error, TypeError) as error:
        raise TrainingError(f"{path} is not readable as crops ({error}): delete it") from error


def split_by_image(garments: Garments, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places, (N,) int64, of the garments to train on and of those held out: a ``share`` of the photos."""
    held_out = np.isin(garments.images, list(held_out_photos(garments.images, share, seed)))
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def held_out_photos(images: Iterable[str], share: float, seed: int) -> set[str]:
    """Return the names, of those in ``images``, of the photos that a training with these settings holds out."""
    photos = sorted(set(images))
    return {photos[i] for i in np.random.default_rng(seed).permutation(len(photos))[: round(share * len(photos))]}


def sampling_weights(labels: dict[str, np.ndarray], threshold: float = 0.1) -> np.ndarray:
    """Return (N,) float64: how often each garment is drawn, so that rare values are seen more often.

    A value in a share f of the garments weighs max(1, sqrt(threshold / f)), a garment as its rarest value
    (repeat-factor sampling; Gupta, Dollár and Girshick, CVPR 2019).
    """
    weights = np.ones(len(next(iter(labels.values()))))
    for values in labels.values():
        _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
        factors = np.sqrt(threshold * len(values) / counts)[places]
        weights = np.maximum(weights, np.where(values >= 0, factors, 1))
    return weights


def log_priors(labels: dict[str, np.ndarray], weights: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each head (values,) float64: the log share of every value when garments are drawn by ``weights``."""
    priors = {}
    for name, values in labels.items():
        counts = np.bincount(values[values >= 0], weights[values >= 0], len(HEADS[name])) + 1  # none is impossible
        priors[name] = np.log(counts / counts.sum())
    return priors


def _joined(name: str, parts: list[np.ndarray]) -> dict[str, Any]:
    ends = np.cumsum([part.size for part in parts])
    return {name: np.concatenate([part.ravel() for part in parts]), f"{name}_ends": ends}


def _parted(name: str, content: dict) -> list[np.ndarray]:
    return np.split(content[name], content[f"{name}_ends"][:-1])
