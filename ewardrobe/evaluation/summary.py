"""From judged photos to numbers: overall, by category, by condition, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, LABELS
from ewardrobe.evaluation.bootstrap import RESAMPLES, interval, resampled
from ewardrobe.evaluation.coco_eval import MIN_INSTANCES, CocoMatcher, average_precisions, common_categories
from ewardrobe.evaluation.matching import calibration, precision_recall
from ewardrobe.evaluation.photo import CONDITIONS, JudgedPhoto, category_rows
from ewardrobe.evaluation.pixels import dice_of_counts, iou_of_counts

LABEL_NAMES = ("background", *(label.name for label in LABELS))


@dataclass(eq=False)
class Judgements:
    """All photos of an evaluation: the box and mask matchers and the results, in one order."""

    masks: CocoMatcher
    boxes: CocoMatcher
    photos: list[JudgedPhoto]
    threshold: float

    @property
    def instances(self) -> np.ndarray:
        """(P, 13) int: garments of each category in each photo."""
        return np.array([p.instances for p in self.photos]).reshape(-1, len(CATEGORIES))


def summarise(judged: Judgements, resamples: int = RESAMPLES) -> dict:
    """Return every section of the metrics that the photos decide; fractions of 1, ``None`` where nothing was there."""
    everything, measures = np.ones(len(judged.photos), int), PhotoMeasures(judged.photos)
    mask_scores, box_scores = judged.masks.scores(everything), judged.boxes.scores(everything)
    labels = [*(c.name for c in CATEGORIES), "background"]
    confusion = np.zeros((len(labels),) * 2, int)
    for pair in (pair for p in judged.photos for pair in p.confusion):
        confusion[pair] += 1
    return {
        "overall": _measures(judged, measures, everything),
        "overall_ci": _intervals(judged, measures, resamples),
        "per_category": _per_category(judged, mask_scores, box_scores),
        "cuts": _cuts(judged, measures),
        "confusion": {"labels": labels, "rows": "true", "columns": "predicted", "matrix": confusion.tolist()},
        "pr_curves": [
            {
                "category_id": c.id,
                "name": c.name,
                "precision": [round(v, 4) for v in scores.curve.tolist()],
                "score": [round(v, 4) for v in scores.curve_scores.tolist()],
            }
            for c in CATEGORIES
            if (scores := mask_scores[c.id])
        ],
        "calibration": calibration(
            np.concatenate([p.scores for p in judged.photos]), np.concatenate([p.found for p in judged.photos])
        ),
        **_parsing(judged.photos),
    }


def _measures(judged: Judgements, measures: PhotoMeasures, weights: np.ndarray) -> dict:
    """Return the measures of the photos whose weight is 1; the keys of ``overall`` and of every cut."""
    counts = weights @ judged.instances
    return {
        "images": int(weights.sum()),
        "instances": int(counts.sum()),
        **average_precisions(judged.masks, judged.boxes, weights, common_categories(counts)),
        **measures.means(weights),
        **measures.totals(weights),
    }


def _intervals(judged: Judgements, measures: PhotoMeasures, resamples: int) -> dict[str, list[float] | None]:
    """Return 95 % intervals by measure; ``None`` for what no photo has, ``{}`` for one photo.

    Photos are drawn with replacement and every measure is made again of the photos drawn.  Categories of the
    ``min10`` measures are those of the whole set, in every resample.
    """
    if len(judged.photos) < 2 or not resamples:
        return {}
    common = common_categories(judged.instances.sum(axis=0))
    rows = [
        average_precisions(judged.masks, judged.boxes, weights, common) | measures.means(weights)
        for weights in resampled(len(judged.photos), resamples)
    ]
    return {name: interval(row[name] for row in rows) for name in rows[0]}


class PhotoMeasures:
    """The pixel measures as sums over photos, so that any choice or weighting of photos costs a few products.

    Weights are (P,) int: how often each photo counts.
    """

    def __init__(self, photos: list[JudgedPhoto]) -> None:
        self._labels, self._instances = np.stack([p.labels for p in photos]), np.stack([p.instances for p in photos])
        values: dict[str, list[list[float | None]]] = {
            "garment_iou": [[iou_of_counts(p.garments)] for p in photos],
            "garment_dice": [[dice_of_counts(p.garments)] for p in photos],
            "boundary_iou": [list(p.boundary_ious) for p in photos],
        }
        self._pooled = {"garment_iou_pooled": np.stack([p.garments for p in photos])}
        if refined := [p.refined_garments for p in photos if p.refined_garments is not None]:
            values["garment_iou_refined"] = [[iou_of_counts(counts)] for counts in refined]
            values["boundary_iou_refined"] = [list(p.refined_boundary_ious) for p in photos]
            self._pooled["garment_iou_refined_pooled"] = np.stack(refined)
        if any(p.mapped is not None for p in photos):
            values["garment_iou_map"] = [[] if p.mapped is None else [iou_of_counts(p.mapped)] for p in photos]
        self._sums = {name: _sums(lists) for name, lists in values.items()}

    def means(self, weights: np.ndarray) -> dict[str, float | None]:
        """Return the means over the photos, ``None`` for what they do not have; names as in ``overall``."""
        means = {
            name: float(weights @ sums / (weights @ counts)) if weights @ counts else None
            for name, (sums, counts) in self._sums.items()
        }
        return means | {"miou": _mean(self._ious(weights, 1))}

    def totals(self, weights: np.ndarray) -> dict[str, float | int | None]:
        """Return what is counted over all photos: pooled IoU, matched garments, and mIoU of frequent categories."""
        pooled = {name: iou_of_counts(weights @ counts) for name, counts in self._pooled.items()}
        matched = {
            name.replace("boundary_iou", "matched_garments"): int(weights @ counts)
            for name, (_, counts) in self._sums.items()
            if name.startswith("boundary_iou")
        }
        return pooled | {"miou_min10": _mean(self._ious(weights, MIN_INSTANCES))} | matched

    def _ious(self, weights: np.ndarray, least: int) -> list[float | None]:
        """Return the pixel IoU of the categories with at least ``least`` garments."""
        labels = np.tensordot(weights, self._labels, axes=1)[1:]
        return [iou_of_counts(row) for row, n in zip(labels, weights @ self._instances, strict=True) if n >= least]


def _sums(lists: list[list[float | None]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum and the number of the known values of each photo, (P,) each."""
    known = [[v for v in values if v is not None] for values in lists]
    return np.array([sum(values) for values in known], float), np.array([len(values) for values in known])


def _per_category(judged: Judgements, mask_scores: dict, box_scores: dict) -> list[dict]:
    instances = judged.instances.sum(axis=0)
    labels = np.sum([p.labels for p in judged.photos], axis=0)
    shown = np.sum([category_rows(p, judged.threshold) for p in judged.photos], axis=0)
    rows = []
    for place, category in enumerate(CATEGORIES):
        detected, found = (int(n) for n in shown[place])
        precision, recall = precision_recall(found, detected, int(instances[place]))
        rows.append(
            {
                "category_id": category.id,
                "name": category.name,
                "instances": int(instances[place]),
                "detections": detected,
                **{
                    f"{kind}_{name}": scores and getattr(scores, name)
                    for kind, scores in (("mask", mask_scores[category.id]), ("box", box_scores[category.id]))
                    for name in ("ap", "ap50", "ap75", "ar")
                },
                "iou": iou_of_counts(labels[place + 1]) if instances[place] else None,
                "dice": dice_of_counts(labels[place + 1]) if instances[place] else None,
                "precision": precision,
                "recall": recall,
            }
        )
    return rows


def _cuts(judged: Judgements, measures: PhotoMeasures) -> dict:
    """Cut the photos by condition; a photo belongs to the hardest value (DeepFashion2's 1..3) among its garments."""
    worn = np.array([p.worn for p in judged.photos], bool)
    chosen = {"worn": worn, "not_worn": ~worn}
    for name in CONDITIONS:
        values = np.array([p.conditions[name] for p in judged.photos], int)
        present = np.unique(values).tolist()
        if len(present) > (2 if name == "viewpoint" else 1):  # two viewpoints are "worn" and "not worn" again
            chosen |= {f"{name}_{v}": values == v for v in present}
    return {name: _measures(judged, measures, cut.astype(int)) for name, cut in chosen.items()}


def _parsing(photos: list[JudgedPhoto]) -> dict:
    counts = [p.parsing for p in photos if p.parsing is not None]
    if not counts:
        return {}
    total = np.sum(counts, axis=0)
    ious = {name: iou_of_counts(row) if row[2] else None for name, row in zip(LABEL_NAMES, total, strict=True)}
    return {"parsing": {"images": len(counts), "miou": _mean(ious.values()), "iou": ious}}


def _mean(values) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None
