"""Pixel measures of one photo: garment against background, category maps, parsing maps."""

from __future__ import annotations

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, LABEL_COUNT, LAYER_ORDER, category

GARMENT_LABELS = len(CATEGORIES)


def label_map(masks: np.ndarray, category_ids) -> np.ndarray:
    """Paint (N, H, W) bool masks into one (H, W) uint8 map of category ids, 0 = background.

    The innermost layer is painted first (reverse of ``taxonomy.LAYER_ORDER``: dress, bottom, top, outer), so that
    where masks overlap the outer layer keeps the pixel; within a layer the earlier mask keeps it (detections come
    by falling score, true items in the order of their keys).
    """
    painted = np.zeros(masks.shape[1:], np.uint8)
    layers = [LAYER_ORDER.index(category(c).slot) for c in category_ids]
    for index in sorted(range(len(masks)), key=lambda i: (layers[i], i), reverse=True):
        painted[masks[index]] = category_ids[index]
    return painted


def overlap_counts(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return (intersection, predicted, true) pixel counts, (3,) int64, of two bool masks of one shape."""
    return np.array([np.count_nonzero(predicted & truth), np.count_nonzero(predicted), np.count_nonzero(truth)])


def label_counts(predicted: np.ndarray, truth: np.ndarray, labels: int = GARMENT_LABELS) -> np.ndarray:
    """Return (labels + 1, 3) int64: intersection, predicted and true pixels of labels 0..``labels``."""
    size = labels + 1
    agree = np.bincount(truth[predicted == truth], minlength=size)
    painted, wanted = (np.bincount(m.ravel(), minlength=size) for m in (predicted, truth))
    return np.stack([agree, painted, wanted], axis=1)


def parsing_counts(predicted: np.ndarray, truth: np.ndarray, worn: bool) -> np.ndarray:
    """Return ``label_counts`` over 0..19, (20, 3) int64, for a parsing map and its truth, (N,) or (H, W) uint8 labels.

    A photo of garments that nobody wears is labelled for garments only: its context labels count as background
    and only the garments' rows are kept.
    """
    if worn:
        return label_counts(predicted, truth, LABEL_COUNT)
    predicted, truth = (np.where(labels <= GARMENT_LABELS, labels, 0) for labels in (predicted, truth))
    counts = label_counts(predicted, truth, LABEL_COUNT)
    counts[0] = 0
    return counts


def iou_of_counts(counts: np.ndarray) -> float | None:
    """Return IoU 0..1 from counts (3,) int64, see ``overlap_counts``; ``None`` when both masks are empty."""
    union = counts[1] + counts[2] - counts[0]
    return float(counts[0] / union) if union else None


def dice_of_counts(counts: np.ndarray) -> float | None:
    """Return Dice (F1) 0..1 from counts (3,) int64, see ``overlap_counts``; ``None`` when both masks are empty."""
    total = counts[1] + counts[2]
    return float(2 * counts[0] / total) if total else None
