"""Which detection is which garment in one photo: mask IoU, matching at IoU 0.5, confusion."""

from __future__ import annotations

import numpy as np
from faster_coco_eval import mask as coco_mask

from ewardrobe.core.taxonomy import CATEGORY_IDS

MATCH_IOU = 0.5
BACKGROUND = len(CATEGORY_IDS)
"""Last row and column of the confusion matrix: a garment not found, a detection of nothing."""


def encode_masks(masks: np.ndarray) -> list[dict]:
    """Return the COCO RLE of each of (N, H, W) bool masks."""
    if not len(masks):
        return []
    return coco_mask.encode(np.asfortranarray(np.moveaxis(masks, 0, -1), dtype=np.uint8))


def mask_ious(detected: list[dict], truth: list[dict]) -> np.ndarray:
    """Return the IoU (D, T) float64 in [0, 1] of every detected with every true RLE mask."""
    if not detected or not truth:
        return np.zeros((len(detected), len(truth)))
    return np.asarray(coco_mask.iou(detected, truth, [0] * len(truth)), float).reshape(len(detected), len(truth))


def match_by_score(ious: np.ndarray, detected_ids, truth_ids, min_iou: float = MATCH_IOU) -> np.ndarray:
    """Match as COCO does: by falling score, each detection takes the free truth of its category that it overlaps most.

    ious: (D, T), rows sorted by falling score.  Returns (D,) int: the index of the truth, -1 for none.
    """
    same = np.equal.outer(np.asarray(detected_ids), np.asarray(truth_ids))
    open_ious = np.where(same & (ious >= min_iou), ious, -1.0)
    matches = np.full(len(ious), -1)
    for row in range(len(ious) if ious.size else 0):
        best = int(open_ious[row].argmax())
        if open_ious[row, best] >= 0:
            matches[row] = best
            open_ious[:, best] = -1.0
    return matches


def match_by_iou(ious: np.ndarray, min_iou: float = MATCH_IOU) -> np.ndarray:
    """Match whatever the category: the pairs of greatest IoU first, each side once.

    ious: (D, T).  Returns (D,) int: the index of the truth, -1 for none.
    """
    open_ious, matches = np.where(ious >= min_iou, ious, -1.0), np.full(len(ious), -1)
    while open_ious.size and open_ious.max() >= 0:
        row, column = np.unravel_index(open_ious.argmax(), open_ious.shape)
        matches[row] = column
        open_ious[row], open_ious[:, column] = -1.0, -1.0
    return matches


def confusion_pairs(ious: np.ndarray, detected_ids, truth_ids) -> list[tuple[int, int]]:
    """Return (row, column) of the confusion matrix for every garment and detection of one photo.

    Rows are true, columns detected categories, 0..12 in the order of the taxonomy and 13 for the background.
    """
    matches = match_by_iou(ious)
    rows = [BACKGROUND if m < 0 else CATEGORY_IDS.index(truth_ids[m]) for m in matches]
    pairs = list(zip(rows, [CATEGORY_IDS.index(c) for c in detected_ids], strict=True))
    missed = set(range(len(truth_ids))) - set(matches.tolist())
    return pairs + [(CATEGORY_IDS.index(truth_ids[t]), BACKGROUND) for t in sorted(missed)]


def precision_recall(found: int, detected: int, instances: int) -> tuple[float | None, float | None]:
    """Return precision and recall from counts; ``None`` where there is nothing to divide by."""
    return (found / detected if detected else None), (found / instances if instances else None)


def calibration(scores: np.ndarray, correct: np.ndarray, bins: int = 10) -> dict:
    """Compare scores with the precision that they promise (Guo et al., ICML 2017: expected calibration error).

    scores: (N,) in [0, 1].  correct: (N,) bool, matched at mask IoU 0.5.  Empty bins are ``None``.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(scores, edges[1:-1]), 0, bins - 1)
    rows = [_calibration_bin(edges, b, scores[place == b], correct[place == b]) for b in range(bins)]
    gaps = [abs(r["mean_score"] - r["precision"]) * r["detections"] for r in rows if r["detections"]]
    return {"bins": rows, "expected_error": sum(gaps) / len(scores) if len(scores) else None}


def _calibration_bin(edges: np.ndarray, index: int, scores: np.ndarray, correct: np.ndarray) -> dict:
    return {
        "from": round(float(edges[index]), 3),
        "to": round(float(edges[index + 1]), 3),
        "detections": len(scores),
        "mean_score": float(scores.mean()) if len(scores) else None,
        "precision": float(correct.mean()) if len(scores) else None,
    }
