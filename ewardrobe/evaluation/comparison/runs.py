"""Models asked about photos: once each, everything kept; what the comparison page filters, draws and times.

All measures are taken at ``VIEW_SIDE``, so that the figures of one photo and of a folder of a thousand are the same.
Photos are RGB uint8 (H, W, 3); a matrix of M models is (M, M) float64.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ewardrobe.core.detections import Detections, PackedDetections
from ewardrobe.core.images import scale_to
from ewardrobe.core.masks import rle_to_mask
from ewardrobe.core.photo_folder import folder_photos
from ewardrobe.core.process import typed_path
from ewardrobe.evaluation.comparison.agreement import Match, label_maps, mask_iou_matrix, mean_agreement
from ewardrobe.garments.cutout import drop_duplicates
from ewardrobe.garments.digitize import PhotoFile
from ewardrobe.garments.draft import LOWEST_SCORE
from ewardrobe.garments.pairs import joined_pairs
from ewardrobe.models import MODELS, Segmenter
from ewardrobe.models.weights import WeightsError, verified_path

VIEW_SIDE = 720
"""Long side in pixels at which models are compared and drawn."""


def photos_in(folder: str) -> list[PhotoFile]:
    """Return the photos in ``folder`` (``~`` is understood) and below; ``ImageError`` when there are none."""
    path = typed_path(folder)
    return [PhotoFile(file, str(file.relative_to(path))) for file in folder_photos(folder).photos]


@dataclass(frozen=True, eq=False)
class ModelRun:
    """What one model said about one photo, and the seconds of each time that it was asked.

    found: at the photo's size; small: the same garments, index for index, at ``VIEW_SIDE``.
    """

    found: PackedDetections
    small: PackedDetections
    seconds: tuple[float, ...] = ()

    @property
    def median_s(self) -> float:
        """Median of the times."""
        return float(np.median(self.seconds))

    def asked_again(self, seconds: float) -> ModelRun:
        """Return this with one more time."""
        return replace(self, seconds=(*self.seconds, seconds))


def model_problems() -> dict[str, str | None]:
    """Return for every known model ``None`` if its weights may be used, else what is wrong and what to do."""
    problems: dict[str, str | None] = dict.fromkeys(MODELS)
    for name in MODELS:
        try:
            verified_path(name)
        except WeightsError as error:
            problems[name] = str(error)
    return problems


def timed_predict(image: np.ndarray, segmenter: Segmenter) -> tuple[Detections, float]:
    """Return all garments of ``image`` (RGB uint8 (H, W, 3)) from ``LOWEST_SCORE`` up, and the seconds it took."""
    started = time.perf_counter()
    detections = segmenter.predict(image, LOWEST_SCORE)
    return detections, time.perf_counter() - started


def run_model(image: np.ndarray, segmenter: Segmenter) -> ModelRun:
    """Ask ``segmenter`` once about ``image``; of two finds of one garment the better stays, pairs of shoes are one."""
    detections, seconds = timed_predict(image, segmenter)
    detections = drop_duplicates(joined_pairs(image, detections))
    detections = detections.sorted_by_score()  # a threshold then keeps the first k
    size = scale_to(image, VIEW_SIDE).shape[:2]
    masks = [scale_to(mask.view(np.uint8) * 255, VIEW_SIDE) > 127 for mask in detections.masks]
    small = np.reshape(masks, (-1, *size)).astype(bool)
    seen = small.any(axis=(1, 2))
    few = detections[seen]
    shown = Detections.from_masks(small[seen], few.category_ids, few.scores)
    return ModelRun(few.packed(), shown.packed(), (seconds,))


def match_masks(match: Match, runs: Sequence[ModelRun]) -> list[np.ndarray | None]:
    """Return for each model its (H, W) bool mask of one garment at the photo's size, ``None`` where it saw none."""
    return [None if one is None else rle_to_mask(run.found.rles[one]) for run, one in zip(runs, match, strict=True)]


@dataclass(frozen=True, eq=False)
class PhotoSummary:
    """One photo in figures: garments and seconds by each of M models, and their (M, M) mask IoU (NaN: none seen)."""

    name: str
    garments: tuple[int, ...]
    seconds: tuple[float, ...]
    iou: np.ndarray

    @property
    def agreement(self) -> float | None:
        """Mean IoU of the pairs of models, ``None`` where no model sees a garment."""
        return mean_agreement(self.iou)


def summarise_photo(name: str, runs: Sequence[ModelRun], min_score: float, by_category: bool = False) -> PhotoSummary:
    """Return one photo in figures, with the garments of at least ``min_score`` (0..1)."""
    shown = [run.small.detections(min_score) for run in runs]
    matrix = mask_iou_matrix(label_maps(shown), by_category)
    return PhotoSummary(name, tuple(map(len, shown)), tuple(run.median_s for run in runs), matrix)


def folder_matrix(summaries: Sequence[PhotoSummary]) -> np.ndarray:
    """Return the (M, M) mean over the photos of the models' mask IoU; NaN for a pair that saw nothing in any photo."""
    stack = np.ma.masked_invalid([summary.iou for summary in summaries])
    return stack.mean(axis=0).filled(np.nan)


def folder_table(summaries: Sequence[PhotoSummary], labels: Sequence[str]) -> pd.DataFrame:
    """Return a row for each photo: its name, the agreement, and for each model garments and milliseconds."""
    rows = [
        {
            "Photo": summary.name,
            "Agreement": summary.agreement,
            **{f"{label}: garments": count for label, count in zip(labels, summary.garments, strict=True)},
            **{f"{label}: ms": 1000 * seconds for label, seconds in zip(labels, summary.seconds, strict=True)},
        }
        for summary in summaries
    ]
    return pd.DataFrame(rows).astype({"Agreement": float})
