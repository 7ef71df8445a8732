"""From judged photos to numbers: overall, by category, by condition, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, LABELS
from ewardrobe.evaluation.bootstrap import RESAMPLES, interval, resampled
from ewardrobe.evaluation.coco_eval import (
    MIN_INSTANCES,
    CategoryScores,
    CocoMatcher,
    average_precisions,
    common_categories,
)
from ewardrobe.evaluation.matching import calibration, precision_recall
from ewardrobe.evaluation.photo import CONDITIONS, JudgedPhoto, category_rows
from ewardrobe.evaluation.pixels import dice_of_counts, iou_of_counts

ScoresById = dict[int, CategoryScores | None]
_DRAWN = ("ap", "ap50")
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

    def scores(self, weights: np.ndarray) -> tuple[ScoresById, ScoresById]:
        """Return the scores of masks and of boxes by category id; weights: (P,) int, how often each photo counts."""
        return self.masks.scores(weights), self.boxes.scores(weights)


def summarise(judged: Judgements, resamples: int = RESAMPLES) -> dict:
    """Return every section of the metrics that the photos decide; fractions of 1, ``None`` where nothing was there."""
    measures, cuts = PhotoMeasures(judged.photos), _cuts(judged)
    everything = np.ones(len(judged.photos), bool)
    scores = judged.scores(everything.astype(int))
    drawn = {name: _intervals(judged, measures, cuts[name], resamples) for name in ("worn", "not_worn")}
    overall, categories = _intervals(judged, measures, everything, resamples)
    labels = [*(c.name for c in CATEGORIES), "background"]
    confusion = np.zeros((len(labels),) * 2, int)
    for pair in (pair for p in judged.photos for pair in p.confusion):
        confusion[pair] += 1
    return {
        "overall": _measures(judged, measures, everything),
        "overall_ci": overall,
        "per_category": [row | categories.get(row["category_id"], {}) for row in _per_category(judged, *scores)],
        "cuts": {name: _measures(judged, measures, cut) for name, cut in cuts.items()},
        "cuts_ci": {name: intervals for name, (intervals, _) in drawn.items()},
        "confusion": {"labels": labels, "rows": "true", "columns": "predicted", "matrix": confusion.tolist()},
        "pr_curves": [
            {
                "category_id": c.id,
                "name": c.name,
                "precision": [round(v, 4) for v in found.curve.tolist()],
                "score": [round(v, 4) for v in found.curve_scores.tolist()],
            }
            for c in CATEGORIES
            if (found := scores[0][c.id])
        ],
        "calibration": calibration(
            np.concatenate([p.scores for p in judged.photos]), np.concatenate([p.found for p in judged.photos])
        ),
        **_parsing(judged.photos),
    }


def _measures(judged: Judgements, measures: PhotoMeasures, chosen: np.ndarray) -> dict:
    """Return the measures of the photos that are ``chosen`` (P,) bool; the keys of ``overall`` and of every cut."""
    weights = chosen.astype(int)
    counts = weights @ judged.instances
    return {
        "images": int(weights.sum()),
        "instances": int(counts.sum()),
        **average_precisions(*judged.scores(weights), common_categories(counts)),
        **measures.means(weights),
        **measures.totals(weights),
    }


def _intervals(
    judged: Judgements, measures: PhotoMeasures, chosen: np.ndarray, resamples: int
) -> tuple[dict[str, list[float] | None], dict[int, dict[str, list[float] | None]]]:
    """Return 95 % intervals by measure, and those of mask AP and AP50 by category id; none for one photo.

    The photos that are ``chosen``, (P,) bool, are drawn with replacement, and every measure is made again of the photos
    drawn.  An interval is ``None`` for what no photo has.  Categories of the ``min10`` measures are those of all that
    are chosen, in every resample.
    """
    places = np.flatnonzero(chosen)
    if len(places) < 2 or not resamples:
        return {}, {}
    common = common_categories(judged.instances[places].sum(axis=0))
    rows, categories = [], []
    for drawn in resampled(len(places), resamples):
        weights = np.zeros(len(chosen), int)
        weights[places] = drawn
        masks, boxes = judged.scores(weights)
        rows.append(average_precisions(masks, boxes, common) | measures.means(weights))
        categories.append(masks)
    by_category = {
        c.id: {f"mask_{name}_ci": interval(getattr(masks[c.id], name, None) for masks in categories) for name in _DRAWN}
        for c in CATEGORIES
    }
    return {name: interval(row[name] for row in rows) for name in rows[0]}, by_category


class PhotoMeasures:
    """The pixel measures as sums over photos, so that any choice or weighting of photos costs a few products.

    Weights are (P,) int: how often each photo counts.
    """

    def __init__(self, photos: list[JudgedPhoto]) -> None:
        self._labels, self._instances = np.stack([p.labels for p in photos]), np.stack([p.instances for p in photos])
        instances = self._instances.sum(axis=1)
        self._sums = _shown_sums("", np.stack([p.shown for p in photos]), instances)
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
            self._sums |= _shown_sums(
                "_refined", np.stack([p.refined_shown for p in photos if p.refined_shown is not None]), instances
            )
        if any(p.mapped is not None for p in photos):
            values["garment_iou_map"] = [[] if p.mapped is None else [iou_of_counts(p.mapped)] for p in photos]
        self._sums |= {name: _sums(lists) for name, lists in values.items()}

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


def _shown_sums(ending: str, shown: np.ndarray, instances: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return what is right and of how many, (P,) each; shown: (P, 3) as in ``JudgedPhoto``, instances: (P,) int."""
    detected, outlined, named = shown.T
    return {
        f"recall{ending}": (named, instances),
        f"recall_any_name{ending}": (outlined, instances),
        f"precision{ending}": (named, detected),
    }


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


def _cuts(judged: Judgements) -> dict[str, np.ndarray]:
    """Return which photos belong to each condition, (P,) bool: a photo to the hardest value among its garments."""
    worn = np.array([p.worn for p in judged.photos], bool)
    chosen = {"worn": worn, "not_worn": ~worn}
    for name in CONDITIONS:
        values = np.array([p.conditions[name] for p in judged.photos], int)
        present = np.unique(values).tolist()
        if len(present) > (2 if name == "viewpoint" else 1):  # two viewpoints are "worn" and "not worn" again
            chosen |= {f"{name}_{v}": values == v for v in present}
    return chosen


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
