"""Which detection is which garment in one photo: matching at mask IoU 0.5, confusion, calibration."""

from __future__ import annotations

import numpy as np

from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.models.calibration import BINS, expected_calibration_error, places_of

MATCH_IOU = 0.5
BACKGROUND = len(CATEGORY_IDS)
"""Last row and column of the confusion matrix: a garment not found, a detection of nothing."""


def match_by_score(ious: np.ndarray, detected_ids, truth_ids) -> np.ndarray:
    """Match as COCO does: by falling score, each detection takes the free truth of its category that it overlaps most.

    ious: (D, T) float64 0..1, rows sorted by falling score; ids: (D,) and (T,) int.  Returns (D,) int: the index of
    the truth, -1 for none.
    """
    same = np.equal.outer(np.asarray(detected_ids), np.asarray(truth_ids))
    open_ious = np.where(same & (ious >= MATCH_IOU), ious, -1.0)
    matches = np.full(len(ious), -1)
    for row in range(len(ious) if ious.size else 0):
        best = int(open_ious[row].argmax())
        if open_ious[row, best] >= 0:
            matches[row] = best
            open_ious[:, best] = -1.0
    return matches


def match_by_iou(ious: np.ndarray) -> np.ndarray:
    """Return (D,) int, the index of the truth or -1: pairs of greatest ``ious`` (D, T) float64 first, each once."""
    open_ious, matches = np.where(ious >= MATCH_IOU, ious, -1.0), np.full(len(ious), -1)
    while open_ious.size and open_ious.max() >= 0:
        row, column = np.unravel_index(open_ious.argmax(), open_ious.shape)
        matches[row] = column
        open_ious[row], open_ious[:, column] = -1.0, -1.0
    return matches


def confusion_pairs(ious: np.ndarray, detected_ids: np.ndarray, truth_ids: np.ndarray) -> list[tuple[int, int]]:
    """Return (row, column) of the confusion matrix for every garment and detection of one photo.

    ious: (D, T) float64 0..1; detected_ids, truth_ids: (D,) and (T,) int, 1..13.  Rows are true, columns detected
    categories, 0..12 in the order of the taxonomy and 13 for the background.
    """
    matches = match_by_iou(ious)
    rows = np.append(truth_ids, BACKGROUND + 1)[matches] - 1  # -1 takes the last
    missed = np.delete(truth_ids, matches[matches >= 0]) - 1
    pairs = list(zip(rows.tolist(), (np.asarray(detected_ids) - 1).tolist(), strict=True))
    return pairs + [(row, BACKGROUND) for row in missed.tolist()]


def precision_recall(found: int, detected: int, instances: int) -> tuple[float | None, float | None]:
    """Return precision and recall from counts; ``None`` where there is nothing to divide by."""
    return (found / detected if detected else None), (found / instances if instances else None)


def calibration(scores: np.ndarray, correct: np.ndarray) -> dict:
    """Compare scores with the precision that they promise (Guo et al., ICML 2017: expected calibration error).

    scores: (N,) float 0..1.  correct: (N,) bool, matched at mask IoU 0.5.  Empty bins are ``None``.
    """
    place = places_of(scores)
    rows = [
        {
            "from": round(b / BINS, 3),
            "to": round((b + 1) / BINS, 3),
            "detections": int(n),
            "mean_score": float(scores[place == b].mean()) if n else None,
            "precision": float(correct[place == b].mean()) if n else None,
        }
        for b, n in enumerate(np.bincount(place, minlength=BINS))
    ]
    return {"bins": rows, "expected_error": expected_calibration_error(scores, correct)}
