"""One photo judged: from its record and the detections to the few numbers that the summary needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import boundary_iou, pairwise_iou
from ewardrobe.core.taxonomy import CATEGORIES, CATEGORY_IDS, UNKNOWN
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, Record, item_mask
from ewardrobe.datasets.records import read_parsing
from ewardrobe.datasets.samples import read_photo
from ewardrobe.evaluation.matching import confusion_pairs, match_by_iou, match_by_score
from ewardrobe.evaluation.pixels import label_counts, label_map, overlap_counts, parsing_counts

CONDITIONS = ("viewpoint", "occlusion", "scale", "zoom_in")


@dataclass(eq=False)
class JudgedPhoto:
    """What is kept of a judged photo; a few kilobytes, no mask.

    worn: whether anybody wears the garments.  conditions: the hardest of DeepFashion2's values 1..3 among the
    garments, by name.  instances: (13,) int garments by category.  garments: (3,) pixel counts of garment against
    background.  labels: (14, 3) pixel counts of background and categories.  scores, found, detected_ids: (D,) of every
    detection, ``found`` = matched at mask IoU 0.5.  boundary_ious: of the garments found at the app's threshold.
    shown: (3,) int: garments shown there, those of them with the outline of one (IoU 0.5), and those with its name too.
    The ``refined`` fields are the same after ``garments.extract_garments``; parsing: (20, 3) pixel counts; mapped: as
    ``garments``, of the predicted label map, which no score threshold cuts.
    """

    worn: bool
    conditions: dict[str, int]
    instances: np.ndarray
    garments: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    found: np.ndarray
    detected_ids: np.ndarray
    boundary_ious: list[float]
    shown: np.ndarray
    confusion: list[tuple[int, int]]
    refined_garments: np.ndarray | None = None
    refined_shown: np.ndarray | None = None
    refined_boundary_ious: list[float] = field(default_factory=list)
    parsing: np.ndarray | None = None
    mapped: np.ndarray | None = None


def read_truth(record: Record) -> Detections:
    """Return the annotated garments of ``record``, with the annotated boxes and scores of 1; a mask may be empty."""
    size = record.height, record.width
    masks = np.stack([item_mask(item, *size) for item in record.items]) if record.items else np.zeros((0, *size), bool)
    boxes = np.array([item.bbox_xyxy for item in record.items], np.float32).reshape(-1, 4)
    ids = np.array([item.category_id for item in record.items], np.int64)
    return Detections(masks, boxes, ids, np.ones(len(masks), np.float32))


def readable_photos(
    dataset: DeepFashion2, name: str, limit: int | None = None
) -> Iterator[tuple[Record, np.ndarray, Detections]]:
    """Yield every photo's record, picture, RGB uint8 (H, W, 3), and truth; what cannot be read is told on stderr.

    name: of what looks at them, for the bar.  ``DatasetError`` at the end where no garment was among them.
    """
    garments, total = 0, min(len(dataset), limit or len(dataset))
    for record in tqdm(dataset.records(limit), desc=name, total=total, unit="photo", disable=None):
        try:
            image, truth = read_photo(record), read_truth(record)
        except DatasetError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        garments += len(truth)
        yield record, image, truth
    if not garments:
        raise DatasetError("no photo with an annotated garment could be read: give another --data or --split")


def judge(record: Record, truth: Detections, detections: Detections, threshold: float) -> JudgedPhoto:
    """Compare ``detections`` (sorted by falling score, down to a low score) with ``truth``.

    Pixel measures, boundaries and the confusion count only detections of at least ``threshold``, as the app shows.
    """
    ious = pairwise_iou(detections.masks, truth.masks)
    matches = match_by_score(ious, detections.category_ids, truth.category_ids)
    shown = int(np.count_nonzero(detections.scores >= threshold))
    shown_ids = detections.category_ids[:shown]
    masks = detections.masks[:shown]
    return JudgedPhoto(
        worn=record.worn,
        conditions={name: max((getattr(i, name) for i in record.items), default=0) for name in CONDITIONS},
        instances=np.bincount(truth.category_ids, minlength=len(CATEGORIES) + 1)[1:],
        garments=overlap_counts(np.any(masks, axis=0), np.any(truth.masks, axis=0)),
        labels=label_counts(label_map(masks, shown_ids), label_map(truth.masks, truth.category_ids)),
        scores=detections.scores,
        found=matches >= 0,
        detected_ids=detections.category_ids,
        boundary_ious=_boundary_ious(masks, truth.masks, matches[:shown]),
        shown=_shown(ious[:shown], matches[:shown]),
        confusion=confusion_pairs(ious[:shown], shown_ids, truth.category_ids),
    )


def add_refined(result: JudgedPhoto, truth: Detections, image: np.ndarray, detections: Detections) -> None:
    """Judge the garments that the app makes of the shown ``detections``, refined on ``image``, RGB uint8 (H, W, 3)."""
    from ewardrobe.garments.cutout import extract_garments

    garments = sorted(extract_garments(image, detections, refine=True), key=lambda g: -g.score)
    masks = np.array([g.mask for g in garments], bool).reshape(-1, *image.shape[:2])
    ids = [g.category_id for g in garments]
    ious = pairwise_iou(masks, truth.masks)
    matches = match_by_score(ious, ids, truth.category_ids)
    result.refined_shown = _shown(ious, matches)
    result.refined_garments = overlap_counts(np.any(masks, axis=0), np.any(truth.masks, axis=0))
    result.refined_boundary_ious = _boundary_ious(masks, truth.masks, matches)


def add_parsing(result: JudgedPhoto, record: Record, predicted: np.ndarray) -> None:
    """Compare a predicted label map (H, W) uint8 0..19 with the parsing map of ``record``.

    Pixels that the map does not know, or for which a label was predicted that it may lack, are left out.
    """
    assert record.parsing_path is not None  # the caller asks: without a map there is nothing to predict for
    truth = read_parsing(record.parsing_path, *predicted.shape)
    judged = truth != UNKNOWN
    if result.worn:
        judged &= ~np.isin(predicted, list(record.unlabelled_in_map))
    predicted, truth = predicted[judged], truth[judged]
    result.parsing = parsing_counts(predicted, truth, result.worn)
    result.mapped = overlap_counts(np.isin(predicted, CATEGORY_IDS), np.isin(truth, CATEGORY_IDS))


def category_rows(result: JudgedPhoto, threshold: float) -> np.ndarray:
    """Return (13, 2) int: detections and found garments by category at ``threshold``."""
    shown = result.scores >= threshold
    counted = (result.detected_ids[kept] for kept in (shown, shown & result.found))
    return np.stack([np.bincount(ids, minlength=len(CATEGORIES) + 1)[1:] for ids in counted], axis=1)


def _shown(ious: np.ndarray, matches: np.ndarray) -> np.ndarray:
    """Return how many are shown, have an outline, have outline and name; ``ious`` (D, T) with the garments."""
    return np.array([len(ious), np.count_nonzero(match_by_iou(ious) >= 0), np.count_nonzero(matches >= 0)])


def _boundary_ious(masks: np.ndarray, truth: np.ndarray, matches: np.ndarray) -> list[float]:
    return [boundary_iou(mask, truth[m]) for mask, m in zip(masks, matches, strict=True) if m >= 0]
