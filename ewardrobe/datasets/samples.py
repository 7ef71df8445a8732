"""Training samples: photo, garment masks and parsing map at a reduced size, all in memory or one by one from disk.

Reading a JPEG costs more than augmenting it, so a data set of some thousand photos is decoded once
(``load_samples``); one of 190 000 is read as it is needed (``LazySamples``).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import overload

import cv2
import numpy as np

from ewardrobe.core.images import ImageError, load_image
from ewardrobe.core.taxonomy import INSTANCE_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, Record, item_mask
from ewardrobe.datasets.index import Index, read_index
from ewardrobe.datasets.records import read_parsing

MAX_FAULTS = 100
"""So many unusable photos in a row are no accident: the reading stops."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One photo with its truth.

    image: (H, W, 3) RGB uint8.  masks: (N, H, W) uint8, 0 or 1.  category_ids: (N,) int64 in 1..13, 16, 17, 19.
    parsing: (H, W) uint8 label map 0..19, 255 unknown, or ``None`` when skin, hair and the like are not labelled.
    unlabelled: labels that the photo may show without a mask.  unlabelled_in_map: labels that it may show without the
    map or a mask saying so; ``None`` stands for nothing, or without a map for all of the context.
    """

    image: np.ndarray
    masks: np.ndarray
    category_ids: np.ndarray
    parsing: np.ndarray | None
    unlabelled: frozenset[int] = frozenset()
    unlabelled_in_map: frozenset[int] | None = None

    @property
    def worn(self) -> bool:
        """True when the person around the garments is labelled."""
        return self.parsing is not None

    @property
    def matte(self) -> np.ndarray:
        """(H, W) bool: what stays when the background is replaced, the person or the garments."""
        return self.masks.max(axis=0, initial=0) > 0 if self.parsing is None else self.parsing > 0


def load_samples(
    data: DeepFashion2, max_side: int = 320, worn_side: int | None = None, threads: int = 1
) -> list[Sample]:
    """Decode the usable records of ``data`` at ``max_side`` pixels on the long side, worn ones at ``worn_side``."""

    def decode(record: Record) -> Sample | DatasetError:
        try:
            return _decoded(record, max_side, worn_side)
        except DatasetError as error:
            return error

    samples, empty = [], 0
    with ThreadPoolExecutor(max(1, threads)) as pool:  # OpenCV decodes and scales without Python's lock
        for found in pool.map(decode, data.records()):
            if isinstance(found, DatasetError):
                data.fault(found)
            else:
                samples.append(found)
                empty += not len(found.masks)
    if empty:
        data.report["photo whose garments vanish at this size"] = empty
    return samples


class LazySamples(Sequence[Sample]):
    """The usable photos of ``data`` as a sequence of ``Sample``, each decoded when it is asked for.

    It takes the place of the list of ``load_samples`` where that does not fit into memory.  A slice is a sequence of
    the same kind and reads nothing.  ``index`` (see ``read_index``) selects and orders the photos; it is kept as
    ``photos``, and tells what sampling needs without opening one.  An unusable photo goes to ``data.fault`` and the
    next usable one takes its place, so a long training does not end at one broken file.
    """

    def __init__(
        self,
        data: DeepFashion2,
        max_side: int = 320,
        index: Index | None = None,
        workers: int = 1,
        worn_side: int | None = None,
    ) -> None:
        self.data, self.max_side, self.worn_side = data, max_side, worn_side
        self.photos = read_index(data, workers) if index is None else index

    def __len__(self) -> int:
        return len(self.photos)

    @overload
    def __getitem__(self, chosen: int) -> Sample: ...

    @overload
    def __getitem__(self, chosen: slice) -> LazySamples: ...

    def __getitem__(self, chosen: int | slice) -> Sample | LazySamples:
        """Decode sample ``chosen``; ``IndexError`` beyond the end, ``DatasetError`` after 100 faults in a row."""
        if isinstance(chosen, slice):
            return LazySamples(self.data, self.max_side, self.photos[chosen], worn_side=self.worn_side)
        place = range(len(self))[chosen]
        for step in range(min(MAX_FAULTS, len(self))):
            position = int(self.photos.positions[(place + step) % len(self)])
            try:
                return _decoded(self.data.usable(position), self.max_side, self.worn_side)
            except DatasetError as error:
                self.data.fault(error)
        last = self.data.problems[-1]
        raise DatasetError(f"{self.data.folder}: no usable photo among {MAX_FAULTS} in a row; the last: {last}")


def _decoded(record: Record, max_side: int, worn_side: int | None) -> Sample:
    return to_sample(record, read_photo(record), worn_side if worn_side and record.worn else max_side)


def read_photo(record: Record) -> np.ndarray:
    """Return the photo, RGB uint8 (H, W, 3), as the app reads it; ``DatasetError`` if it does not decode."""
    try:
        image = load_image(record.image_path, max_side=None)
    except ImageError as error:
        raise DatasetError(str(error), "unreadable photo") from error
    if image.shape[:2] != (record.height, record.width):
        text = f"{record.image_path}: {image.shape[1]}×{image.shape[0]} pixels, its head says"
        raise DatasetError(f"{text} {record.width}×{record.height}; save it anew", "unreadable photo")
    return image


def to_sample(record: Record, image: np.ndarray, max_side: int) -> Sample:
    """Scale ``image``, RGB uint8 (H, W, 3) of full size, and the truth of ``record`` down to ``max_side`` pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    full = (item_mask(item, height, width) * np.uint8(255) for item in record.items)
    masks = [(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8) for mask in full]
    seen = [place for place, mask in enumerate(masks) if mask.any()]  # the others are smaller than a pixel now
    ids = np.array([item.category_id for item in record.items], np.int64)
    return Sample(
        image=cv2.resize(image, size, interpolation=cv2.INTER_AREA),
        masks=np.stack([masks[i] for i in seen]) if seen else np.zeros((0, size[1], size[0]), np.uint8),
        category_ids=ids[seen],
        parsing=_read_parsing(record, size),
        unlabelled=record.unlabelled if record.complete else record.unlabelled.union(INSTANCE_IDS),
        unlabelled_in_map=record.unlabelled_in_map,
    )


def repeat_factors(samples: Sequence[Sample], threshold: float = 0.1, worn_factor: float = 1.0) -> np.ndarray:
    """Return sampling weights, (N,) float64 from 1, that lift rare categories and worn photos.

    Repeat-factor sampling of LVIS (Gupta, Dollár and Girshick, CVPR 2019): a category in a share f of the photos
    weighs max(1, sqrt(threshold / f)), a photo as its rarest category; worn photos are multiplied by ``worn_factor``.
    """
    present, worn = category_table(samples)
    with np.errstate(divide="ignore"):  # a category on no photo
        weight = np.maximum(1.0, np.sqrt(threshold / present.mean(axis=0))) if len(present) else 1.0
    factors = np.where(present, weight, 1.0).max(axis=1)
    return factors * np.where(worn, worn_factor, 1.0)


def category_table(samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 16) bool, the classes on each photo, and (N,) bool, whether the person is labelled."""
    if isinstance(samples, LazySamples):
        return samples.photos.present, samples.photos.worn
    present = np.array([np.isin(INSTANCE_IDS, s.category_ids) for s in samples], bool).reshape(-1, len(INSTANCE_IDS))
    return present, np.array([s.worn for s in samples], bool)


def _read_parsing(record: Record, size: tuple[int, int]) -> np.ndarray | None:
    if record.parsing_path is None or not record.worn:
        return None  # in a not-worn photo only the garment is labelled: skin and hair are unknown there
    parsing = read_parsing(record.parsing_path, record.height, record.width)
    return cv2.resize(parsing, size, interpolation=cv2.INTER_NEAREST)
