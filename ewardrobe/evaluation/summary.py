"""From judged photos to numbers: overall, by category, by condition, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, LABELS
from ewardrobe.evaluation.bootstrap import RESAMPLES, confidence_intervals
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
    everything = np.ones(len(judged.photos), int)
    mask_scores, box_scores = judged.masks.scores(everything), judged.boxes.scores(everything)
    return {
        "overall": _measures(judged, everything),
        "overall_ci": confidence_intervals(judged.photos, judged.masks, judged.boxes, resamples),
        "per_category": _per_category(judged, mask_scores, box_scores),
        "cuts": _cuts(judged),
        "confusion": _confusion(judged.photos),
        "pr_curves": [_pr_curve(c, mask_scores[c.id]) for c in CATEGORIES if mask_scores[c.id]],
        "calibration": _calibration(judged.photos),
        **_parsing(judged.photos),
    }


def _measures(judged: Judgements, weights: np.ndarray) -> dict:
    """Return the measures of the photos whose weight is 1; the keys of ``overall`` and of every cut."""
    photos = [p for p, w in zip(judged.photos, weights, strict=True) if w]
    counts = sum((p.instances for p in photos), np.zeros(len(CATEGORIES), int))
    return {
        "images": len(photos),
        "instances": int(counts.sum()),
        **average_precisions(judged.masks, judged.boxes, weights, common_categories(counts)),
        **_pixel_measures(photos, counts),
        **_refined_measures(photos),
        **_mapped_measures(photos),
    }


def _pixel_measures(photos: list[JudgedPhoto], instances: np.ndarray) -> dict:
    garments, labels = [p.garments for p in photos], _total([p.labels for p in photos], (len(CATEGORIES) + 1, 3))
    by_category = [iou_of_counts(row) if n else None for row, n in zip(labels[1:], instances, strict=True)]
    boundaries = [value for p in photos for value in p.boundary_ious]
    return {
        "garment_iou": _mean(map(iou_of_counts, garments)),
        "garment_iou_pooled": iou_of_counts(_total(garments)),
        "garment_dice": _mean(map(dice_of_counts, garments)),
        "miou": _mean(by_category),
        "miou_min10": _mean(v for v, n in zip(by_category, instances, strict=True) if n >= MIN_INSTANCES),
        "boundary_iou": _mean(boundaries),
        "matched_garments": len(boundaries),
    }


def _refined_measures(photos: list[JudgedPhoto]) -> dict:
    garments = [p.refined_garments for p in photos if p.refined_garments is not None]
    if not garments:
        return {}
    boundaries = [value for p in photos for value in p.refined_boundary_ious]
    return {
        "garment_iou_refined": _mean(map(iou_of_counts, garments)),
        "garment_iou_refined_pooled": iou_of_counts(_total(garments)),
        "boundary_iou_refined": _mean(boundaries),
        "matched_garments_refined": len(boundaries),
    }


def _mapped_measures(photos: list[JudgedPhoto]) -> dict:
    mapped = [p.mapped for p in photos if p.mapped is not None]
    return {"garment_iou_map": _mean(map(iou_of_counts, mapped))} if mapped else {}


def _per_category(judged: Judgements, mask_scores: dict, box_scores: dict) -> list[dict]:
    instances = judged.instances.sum(axis=0)
    labels = _total([p.labels for p in judged.photos])
    shown = _total([category_rows(p, judged.threshold) for p in judged.photos])
    rows = []
    for place, category in enumerate(CATEGORIES):
        detected, found = (int(n) for n in shown[place])
        precision, recall = precision_recall(found, detected, int(instances[place]))
        mask, box = mask_scores[category.id], box_scores[category.id]
        rows.append(
            {
                "category_id": category.id,
                "name": category.name,
                "instances": int(instances[place]),
                "detections": detected,
                **{f"mask_{name}": mask and getattr(mask, name) for name in ("ap", "ap50", "ap75", "ar")},
                **{f"box_{name}": box and getattr(box, name) for name in ("ap", "ap50", "ap75", "ar")},
                "iou": iou_of_counts(labels[place + 1]) if instances[place] else None,
                "dice": dice_of_counts(labels[place + 1]) if instances[place] else None,
                "precision": precision,
                "recall": recall,
            }
        )
    return rows


def _cuts(judged: Judgements) -> dict:
    """Cut the photos by condition; a photo belongs to the hardest value (DeepFashion2's 1..3) among its garments."""
    worn = np.array([p.worn for p in judged.photos], bool)
    cuts = {"worn": _measures(judged, worn.astype(int)), "not_worn": _measures(judged, (~worn).astype(int))}
    for name in CONDITIONS:
        values = np.array([p.conditions[name] for p in judged.photos], int)
        present = sorted(set(values.tolist()))
        if len(present) > (2 if name == "viewpoint" else 1):  # two viewpoints are "worn" and "not worn" again
            cuts |= {f"{name}_{v}": _measures(judged, (values == v).astype(int)) for v in present}
    return cuts


def _confusion(photos: list[JudgedPhoto]) -> dict:
    size = len(CATEGORIES) + 1
    matrix = np.zeros((size, size), int)
    for pair in (pair for p in photos for pair in p.confusion):
        matrix[pair] += 1
    labels = [c.name for c in CATEGORIES] + ["background"]
    return {"labels": labels, "rows": "true", "columns": "predicted", "matrix": matrix.tolist()}


def _pr_curve(category, scores: CategoryScores) -> dict:
    return {
        "category_id": category.id,
        "name": category.name,
        "precision": [round(float(v), 4) for v in scores.curve],
        "score": [round(float(v), 4) for v in scores.curve_scores],
    }


def _calibration(photos: list[JudgedPhoto]) -> dict:
    scores, found = (np.concatenate([getattr(p, name) for p in photos]) for name in ("scores", "found"))
    return calibration(scores, found)


def _parsing(photos: list[JudgedPhoto]) -> dict:
    counts = [p.parsing for p in photos if p.parsing is not None]
    if not counts:
        return {}
    total = _total(counts)
    ious = {name: iou_of_counts(row) if row[2] else None for name, row in zip(LABEL_NAMES, total, strict=True)}
    return {"parsing": {"images": len(counts), "miou": _mean(ious.values()), "iou": ious}}


def _total(counts: list[np.ndarray], shape: tuple[int, ...] = (3,)) -> np.ndarray:
    return np.sum(counts, axis=0) if counts else np.zeros(shape, int)


def _mean(values) -> float | None:
    known = [v for v in values if v is not None]
    return float(np.mean(known)) if known else None
