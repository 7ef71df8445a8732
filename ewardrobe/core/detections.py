"""The container that every segmenter returns and every reader takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ewardrobe.core.masks import mask_box, mask_to_rle, rle_to_mask
from ewardrobe.core.taxonomy import INSTANCE_IDS

_FIELDS = {  # name: (dtype, shape after N)
    "masks": (np.bool_, ("H", "W")),
    "boxes": (np.float32, (4,)),
    "category_ids": (np.int64, ()),
    "scores": (np.float32, ()),
}


@dataclass(frozen=True, eq=False)
class Detections:
    """Garments and accessories found in one image; N may be 0, no field is ever missing.

    masks: (N, H, W) bool, True inside the garment, H and W those of the image.
    boxes: (N, 4) float32, ``x0 y0 x1 y1`` in pixels of the image, ``x1``/``y1`` exclusive.
    category_ids: (N,) int64, 1..13 (garments of DeepFashion2), 16 footwear, 17 bag, 19 headwear.
    scores: (N,) float32 in [0, 1].

    Raises ``TypeError`` for a wrong dtype and ``ValueError`` for a wrong rank, length or value.
    """

    masks: np.ndarray
    boxes: np.ndarray
    category_ids: np.ndarray
    scores: np.ndarray

    def __post_init__(self) -> None:
        for name, (dtype, tail) in _FIELDS.items():
            _check_array(name, getattr(self, name), dtype, tail)
        lengths = {name: len(getattr(self, name)) for name in _FIELDS}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"fields differ in length: {lengths}; give one row per garment in each")
        unknown = sorted(set(self.category_ids.tolist()) - set(INSTANCE_IDS))
        if unknown:
            known = "1..13, 16, 17 or 19"
            raise ValueError(f"unknown category ids {unknown}: expected {known}; undo the model's class shift")
        if len(self) and not (0 <= self.scores.min() and self.scores.max() <= 1):
            raise ValueError("scores must lie in [0, 1]; apply the model's sigmoid or softmax first")

    @classmethod
    def empty(cls, height: int, width: int) -> Detections:
        """Return a value with no garment for an image of ``height`` × ``width`` pixels."""
        return cls.from_masks(np.zeros((0, height, width), bool), [], [])

    @classmethod
    def from_masks(
        cls, masks: np.ndarray, category_ids: Sequence[int] | np.ndarray, scores: Sequence[float] | np.ndarray
    ) -> Detections:
        """Build from (N, H, W) bool masks; boxes are the tight boxes of the masks.  Empty masks are dropped."""
        masks = np.asarray(masks, bool)
        keep = masks.any(axis=(1, 2))
        masks = masks[keep]
        return cls(
            masks=masks,
            boxes=masks_to_xyxy(masks),
            category_ids=np.asarray(category_ids, np.int64)[keep],
            scores=np.asarray(scores, np.float32)[keep],
        )

    def __len__(self) -> int:
        return len(self.masks)

    def __iter__(self) -> Iterator[Detections]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Detections:
        """Select garments by int, slice, bool mask or integer array; always returns ``Detections``."""
        if isinstance(index, (int, np.integer)):
            if not -len(self) <= index < len(self):
                raise IndexError(f"garment {index} of {len(self)}")
            index = [int(index)]
        index = slice(0, 0) if isinstance(index, list) and not index else index
        return Detections(*(getattr(self, name)[index] for name in _FIELDS))

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width in pixels of the image that the masks belong to."""
        return self.masks.shape[1], self.masks.shape[2]

    def above(self, min_score: float) -> Detections:
        """Return the garments whose score is at least ``min_score`` (0..1)."""
        return self[self.scores >= min_score]

    def only(self, category_ids: Collection[int]) -> Detections:
        """Return the pieces of these labels, such as ``taxonomy.CATEGORY_IDS``: garments without accessories."""
        return self[np.isin(self.category_ids, list(category_ids))]

    def sorted_by_score(self) -> Detections:
        """Return the garments from the highest to the lowest score; ties keep their order."""
        return self[np.argsort(-self.scores, kind="stable")]

    def packed(self) -> PackedDetections:
        """Return the same with masks as run lengths, a thousandth of the size."""
        rles = tuple(map(mask_to_rle, self.masks))
        return PackedDetections(self.image_size, rles, self.category_ids, self.scores)


@dataclass(frozen=True, eq=False)
class PackedDetections:
    """``Detections`` of an image of ``size`` (height, width) in little memory: masks as COCO's run lengths.

    rles: N dictionaries; category_ids: (N,) int64; scores: (N,) float32 in [0, 1].
    """

    size: tuple[int, int]
    rles: tuple[dict, ...]
    category_ids: np.ndarray
    scores: np.ndarray

    def detections(self, min_score: float = 0.0) -> Detections:
        """Return the garments whose score is at least ``min_score`` (0..1)."""
        chosen = np.flatnonzero(self.scores >= min_score)
        if not len(chosen):
            return Detections.empty(*self.size)
        masks = np.stack([rle_to_mask(self.rles[i]) for i in chosen])
        return Detections.from_masks(masks, self.category_ids[chosen], self.scores[chosen])


def masks_to_xyxy(masks: np.ndarray) -> np.ndarray:
    """Return the tight boxes (N, 4) float32 ``x0 y0 x1 y1`` (ends exclusive) of (N, H, W) bool masks.

    An empty mask gives ``0 0 0 0``.

    >>> masks_to_xyxy(np.array([[[0, 0, 0], [0, 1, 1]]], bool)).tolist()
    [[1.0, 1.0, 3.0, 2.0]]
    """
    return np.array([mask_box(mask) for mask in masks], np.float32).reshape(-1, 4)


def _check_array(name: str, value: Any, dtype: type, tail: tuple) -> None:
    wanted = f"({', '.join(['N', *map(str, tail)])}) {np.dtype(dtype).name}"
    if not isinstance(value, np.ndarray) or value.dtype != dtype:
        got = f"{value.dtype} array" if isinstance(value, np.ndarray) else type(value).__name__
        cure = f"convert with np.asarray(..., np.{np.dtype(dtype).name})"
        raise TypeError(f"{name}: expected {wanted}, got {got}; {cure}")
    fits = value.ndim == 1 + len(tail) and all(
        isinstance(want, str) or want == have for want, have in zip(tail, value.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: expected shape {wanted}, got {value.shape}; keep the N axis even when N is 0 or 1")
