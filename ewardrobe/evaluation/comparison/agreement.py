"""Several models on one photo: where they agree, and which garment of one is which of another's.

Pure arithmetic on ``Detections`` of one photo, one for each of M models, in the order of the models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import lap
import numpy as np
import pandas as pd

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_box, mask_iou, pairwise_iou
from ewardrobe.core.taxonomy import category
from ewardrobe.evaluation.matching import MATCH_IOU
from ewardrobe.evaluation.pixels import label_map

DETAIL_SHARE, SMALLEST_DETAIL = 0.3, 48
"""Side of an enlarged detail: share of the garment's longer side, and pixels at least."""

DETAIL_BAND = 0.02
"""How far from its outermost pixel, as a share of its width or height, a garment still is at its edge."""

Match = tuple[int | None, ...]
"""One garment: for each model the index of its detection, ``None`` where it saw none."""

Box = tuple[int, int, int, int]


def label_maps(detections: Sequence[Detections]) -> np.ndarray:
    """Return (M, H, W) uint8: for each model the category id of every pixel, 0 where it sees no garment."""
    return np.stack([label_map(found.masks, found.category_ids) for found in detections])


def agreement_map(labels: np.ndarray, by_category: bool = False) -> np.ndarray:
    """Return (H, W) uint8: how many of the M models see a garment at each pixel.

    labels: (M, H, W) uint8 as of ``label_maps``.  by_category: how many give the same category, the largest such group.
    """
    if not by_category:
        return (labels > 0).sum(axis=0, dtype=np.uint8)
    same = [(labels == one).sum(axis=0, dtype=np.uint8) * (one > 0) for one in labels]
    return np.max(same, axis=0).astype(np.uint8)


def agreement_shares(agreement: np.ndarray, models: int) -> list[float]:
    """Return for k = 1..``models`` the share of garment pixels on which exactly k models agree; zeros for none.

    agreement: (H, W) uint8, as of ``agreement_map``.

    >>> agreement_shares(np.array([[0, 1], [2, 2]], np.uint8), 2)
    [0.3333333333333333, 0.6666666666666666]
    """
    counts = np.bincount(agreement.ravel(), minlength=models + 1)[1:]
    return (counts / max(1, counts.sum())).tolist()


def mask_iou_matrix(labels: np.ndarray, by_category: bool = False) -> np.ndarray:
    """Return (M, M) float64: IoU of what each pair of models calls a garment, 0..1; NaN where neither sees any.

    by_category: only pixels that both give the same category count as common.
    """
    matrix = np.full((len(labels),) * 2, np.nan)
    for i, a in enumerate(labels):
        for j, b in enumerate(labels[: i + 1]):
            union = np.count_nonzero(a | b)
            common = np.count_nonzero((a == b) & (a > 0)) if by_category else np.count_nonzero((a > 0) & (b > 0))
            matrix[i, j] = matrix[j, i] = common / union if union else np.nan
    return matrix


def mean_agreement(matrix: np.ndarray) -> float | None:
    """Return the mean of the pairs of different models in an IoU matrix (M, M) float64; ``None`` without a value."""
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    pairs = pairs[~np.isnan(pairs)]
    return float(pairs.mean()) if len(pairs) else None


def match_garments(detections: Sequence[Detections], min_iou: float = MATCH_IOU) -> list[Match]:
    """Find which detections of different models are one garment, whatever they call it.

    Model after model is assigned to the garments known so far with the greatest sum of mask IoUs (Kuhn 1955, by
    ``lap.lapjv``); a garment's IoU is the mean over its detections, and pairs below
    ``min_iou`` stay apart.  Sorted: seen by most models first, then by the best score.
    """
    groups: list[dict[int, int]] = []
    for model, found in enumerate(detections):
        free = set(range(len(found)))
        ious = _group_ious(groups, detections, found)
        for group, one in _assigned(np.where(ious >= min_iou, ious, 0)):
            if ious[group, one] >= min_iou:
                groups[group][model] = one
                free.remove(one)
        groups += [{model: one} for one in sorted(free)]
    best = [max(float(detections[model].scores[one]) for model, one in group.items()) for group in groups]
    order = sorted(range(len(groups)), key=lambda g: (-len(groups[g]), -best[g]))
    return [tuple(groups[g].get(model) for model in range(len(detections))) for g in order]


def _assigned(gains: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs (row, column) with the greatest sum of ``gains`` (N, M), each row and column once."""
    if not gains.size:  # lapjv writes beyond the end of an empty matrix
        return []
    _, columns, _ = lap.lapjv(-gains, extend_cost=True)
    return [(row, column) for row, column in enumerate(columns.tolist()) if column >= 0]


def _group_ious(groups: list[dict[int, int]], detections: Sequence[Detections], found: Detections) -> np.ndarray:
    ious = [pairwise_iou(other.masks, found.masks) for other in detections]
    rows = [np.mean([ious[model][one] for model, one in group.items()], axis=0) for group in groups]
    return np.array(rows).reshape(len(groups), len(found))


def seen_by(match: Match, detections: Sequence[Detections]) -> list[Detections]:
    """Return the garment as each model that saw it did."""
    return [found[one] for found, one in zip(detections, match, strict=True) if one is not None]


def match_name(match: Match, detections: Sequence[Detections]) -> str:
    """Return what the models call the garment: the category with the greatest sum of scores."""
    votes: Counter[int] = Counter()
    for one in seen_by(match, detections):
        votes[int(one.category_ids[0])] += one.scores[0]
    return category(votes.most_common(1)[0][0]).word


def match_iou(match: Match, detections: Sequence[Detections]) -> float | None:
    """Return the mean mask IoU of the pairs of models that saw the garment; ``None`` if only one did."""
    pairs = [mask_iou(a.masks[0], b.masks[0]) for a, b in combinations(seen_by(match, detections), 2)]
    return float(np.mean(pairs)) if pairs else None


def match_verdict(match: Match, detections: Sequence[Detections], labels: Sequence[str]) -> str:
    """Return "all agree", "names differ", "not seen by YOLO", the last two together, or "only seen by U-Net"."""
    names = {int(one.category_ids[0]) for one in seen_by(match, detections)}
    missing = [label for label, one in zip(labels, match, strict=True) if one is None]
    if len(missing) == len(labels) - 1 > 1:
        return f"only seen by {next(label for label in labels if label not in missing)}"
    parts = ["names differ"] * (len(names) > 1) + [f"not seen by {', '.join(missing)}"] * bool(missing)
    return ", ".join(parts) or "all agree"


def match_table(matches: Sequence[Match], detections: Sequence[Detections], labels: Sequence[str]) -> pd.DataFrame:
    """Return a row for each garment: its name, score by each model (``labels``), mean IoU, verdict.

    The category stands beside the score only where a model calls the garment something else: that is what to see.
    """

    def cell(found: Detections, one: int | None, garment: str) -> str | None:
        if one is None:
            return None
        name = category(found.category_ids[one]).word
        return f"{found.scores[one]:.0%}" if name == garment else f"{found.scores[one]:.0%} {name}"

    rows = [
        {
            "Garment": (garment := match_name(match, detections)),
            **{label: cell(found, one, garment) for label, found, one in zip(labels, detections, match, strict=True)},
            "Mask IoU": match_iou(match, detections),
            "Verdict": match_verdict(match, detections, labels),
        }
        for match in matches
    ]
    frame = pd.DataFrame(rows, columns=["Garment", *labels, "Mask IoU", "Verdict"])
    return frame.astype({"Mask IoU": float})


def detail_boxes(mask: np.ndarray) -> dict[str, Box]:
    """Return square boxes ``x0 y0 x1 y1`` where outlines go wrong first: left and right edge (sleeves), and hem.

    mask: (H, W) bool, the union of what the models saw; none for an empty one.  A box is ``DETAIL_SHARE`` of the
    garment's longer side, lies inside the image, and has the extremity a quarter of its side from its outer edge.
    """
    x0, y0, x1, y1 = mask_box(mask)
    if x0 == x1:
        return {}
    side = min(*mask.shape, max(SMALLEST_DETAIL, round(DETAIL_SHARE * max(x1 - x0, y1 - y0))))
    across, down = 1 + int(DETAIL_BAND * (x1 - x0)), 1 + int(DETAIL_BAND * (y1 - y0))
    left, right = _middle(mask[:, x0 : x0 + across], 1), _middle(mask[:, x1 - across : x1], 1)
    bottom = _middle(mask[y1 - down : y1], 0)
    corners = {
        "Left edge": (x0 - side // 4, left - side // 2),
        "Right edge": (x1 + side // 4 - side, right - side // 2),
        "Hem": (bottom - side // 2, y1 + side // 4 - side),
    }
    boxes: dict[str, Box] = {}
    for name, corner in corners.items():
        left, top = (int(np.clip(at, 0, most - side)) for at, most in zip(corner, mask.shape[::-1], strict=True))
        boxes[name] = left, top, left + side, top + side
    return boxes


def _middle(part: np.ndarray, axis: int) -> int:
    """Return the middle one of the lines along ``axis`` that show the garment: on it, unlike their mean."""
    places = np.flatnonzero(part.any(axis=axis))
    return int(places[len(places) // 2])
