"""How sure the overall figures are: the bootstrap over photos (Efron, 1979; percentile intervals)."""

from __future__ import annotations

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES
from ewardrobe.evaluation.coco_eval import CocoMatcher, average_precisions, common_categories
from ewardrobe.evaluation.photo import JudgedPhoto
from ewardrobe.evaluation.pixels import dice_of_counts, iou_of_counts

RESAMPLES = 300
PERCENTILES = (2.5, 97.5)


def confidence_intervals(
    photos: list[JudgedPhoto], masks: CocoMatcher, boxes: CocoMatcher, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, list[float] | None]:
    """Return 95 % intervals ``{measure: [low, high]}``; ``None`` for what no photo has, ``{}`` for one photo.

    Photos are drawn with replacement and every measure is made again of the photos drawn.  Categories of the
    ``min10`` measures are those of the whole set, in every resample.
    """
    if len(photos) < 2 or not resamples:
        return {}
    rng, common = np.random.default_rng(seed), common_categories(sum(p.instances for p in photos))
    measures, rows = PhotoMeasures(photos), []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(0, len(photos), len(photos)), minlength=len(photos))
        rows.append(average_precisions(masks, boxes, weights, common) | measures.of(weights))
    return {name: _interval([row[name] for row in rows]) for name in rows[0]}


class PhotoMeasures:
    """The pixel measures as sums over photos, so that any weighting of the photos costs a few products."""

    def __init__(self, photos: list[JudgedPhoto]) -> None:
        self._means = {
            "garment_iou": _values([[iou_of_counts(p.garments)] for p in photos]),
            "garment_dice": _values([[dice_of_counts(p.garments)] for p in photos]),
            "boundary_iou": _values([p.boundary_ious for p in photos]),
        }
        if any(p.refined_garments is not None for p in photos):
            refined = [p.refined_garments for p in photos]
            self._means["garment_iou_refined"] = _values([[c if c is None else iou_of_counts(c)] for c in refined])
            self._means["boundary_iou_refined"] = _values([p.refined_boundary_ious for p in photos])
        self._labels = np.stack([p.labels for p in photos])
        self._instances = np.stack([p.instances for p in photos])

    def of(self, weights: np.ndarray) -> dict[str, float | None]:
        """Return the measures of the photos, each counted ``weights`` (P,) times; names as in ``overall``."""
        means = {
            name: float(weights @ sums / (weights @ counts)) if weights @ counts else None
            for name, (sums, counts) in self._means.items()
        }
        return means | {"miou": self._miou(weights)}

    def _miou(self, weights: np.ndarray) -> float | None:
        labels = np.tensordot(weights, self._labels, axes=1)[1:]
        present = weights @ self._instances > 0
        ious = [iou_of_counts(labels[place]) for place in range(len(CATEGORIES)) if present[place]]
        known = [value for value in ious if value is not None]
        return float(np.mean(known)) if known else None


def _values(lists: list[list[float | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum and the number of the known values of each photo, (P,) each."""
    known = [[v for v in values if v is not None] for values in lists]
    return np.array([sum(values) for values in known], float), np.array([len(values) for values in known])


def _interval(values: list[float | None]) -> list[float] | None:
    known = [v for v in values if v is not None]
    return [float(v) for v in np.percentile(known, PERCENTILES)] if known else None
