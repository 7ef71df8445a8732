"""COCO average precision by faster-coco-eval, matched in chunks so that memory stays flat.

Matching (which detection is which garment, at ten IoU thresholds) is done once per photo; every later number,
overall, of a cut or of a bootstrap resample, only counts how often each photo's matches enter the accumulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval import mask as coco_mask
from faster_coco_eval.core.cocoeval import Params

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORY_IDS, INSTANCES

MIN_INSTANCES = 10
"""Categories with fewer instances are left out of the ``…_min10`` means: their AP is mostly chance."""

MAX_DETECTIONS = 100
"""COCO's cap: only the 100 best detections of a photo count."""

_ALL_AREAS = [[0.0, 1e10]]
_QUIETLY: dict[str, Any] = {"separate_eval": True, "print_function": lambda *_: None}  # its lines belong in no report
_IOU_50, _IOU_75 = 0, 5  # places in COCO's thresholds 0.50, 0.55 … 0.95


@dataclass(frozen=True)
class CategoryScores:
    """COCO's numbers of one category, fractions of 1.

    curve: (101,) float64, the precision at recall 0, 0.01 … 1 and IoU 0.5; curve_scores: (101,) the scores there.
    """

    ap: float
    ap50: float
    ap75: float
    ar: float
    curve: np.ndarray
    curve_scores: np.ndarray


class CocoMatcher:
    """Collects photos, matches them with faster-coco-eval and keeps only the matches (a few hundred bytes a photo).

    iou_type: ``"segm"`` or ``"bbox"``.  chunk_size: photos held with their masks before they are matched.
    category_ids: what is matched, the 13 garments unless said.
    """

    def __init__(
        self, iou_type: str, chunk_size: int = 128, threads: int = 1, category_ids: tuple[int, ...] = CATEGORY_IDS
    ) -> None:
        self._iou_type, self._chunk_size, self._threads = iou_type, chunk_size, threads
        self._pending: list[tuple[list[dict], list[dict], dict]] = []
        self._ids = category_ids
        self._matches: dict[int, list[tuple[int, object]]] = {c: [] for c in category_ids}
        self._matched_photos = 0

    def __len__(self) -> int:
        return self._matched_photos + len(self._pending)

    def add(self, truth: Detections, found: Detections) -> None:
        """Add the next photo (its index is the number of photos added before)."""
        height, width = truth.image_size
        photo = {"id": len(self._pending) + 1, "height": height, "width": width}
        best = found.sorted_by_score()[:MAX_DETECTIONS]
        self._pending.append((self._annotations(truth, photo["id"]), self._annotations(best, photo["id"]), photo))
        if len(self._pending) >= self._chunk_size:
            self._match_pending()

    def _annotations(self, found: Detections, image_id: int) -> list[dict]:
        corners, areas = found.boxes.astype(float), found.masks.sum(axis=(1, 2), dtype=float)
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        annotations = [
            {"image_id": image_id, "category_id": c, "bbox": box, "area": area, "score": score, "iscrowd": 0}
            for c, box, area, score in zip(
                found.category_ids.tolist(), boxes.tolist(), areas.tolist(), found.scores.tolist(), strict=True
            )
        ]
        if self._iou_type == "segm" and annotations:
            masks = np.asfortranarray(np.moveaxis(found.masks, 0, -1), dtype=np.uint8)
            for annotation, rle in zip(annotations, coco_mask.encode(masks), strict=True):
                annotation["segmentation"] = rle
        return annotations

    def scores(self, weights: np.ndarray | None = None) -> dict[int, CategoryScores | None]:
        """Return the scores by category id; ``None`` where the photos hold no instance of it.

        weights: (P,) int for the P photos added, how often each photo counts (1 for all when ``None``).
        """
        self._match_pending()
        weights = np.ones(len(self), int) if weights is None else np.asarray(weights, int)
        return {c: self._category_scores(c, weights) for c in self._ids}

    def _category_scores(self, category_id: int, weights: np.ndarray) -> CategoryScores | None:
        chosen = [match for index, match in self._matches[category_id] for _ in range(weights[index])]
        if not chosen:
            return None
        evaluation = COCOeval_faster(iouType=self._iou_type, **_QUIETLY)
        # The only way to accumulate a selection without matching again; pinned by a test against pycocotools.
        evaluation._paramsEval = self._params([category_id], range(len(chosen)))
        evaluation._evalImgs_cpp = chosen
        evaluation.accumulate()
        return _category_scores(evaluation.eval)

    def _match_pending(self) -> None:
        if not self._pending:
            return
        truth, detected = (_dataset(self._pending, part) for part in (0, 1))
        evaluation = COCOeval_faster(truth, detected, self._iou_type, rle_iou_max_workers=self._threads, **_QUIETLY)
        evaluation.params = self._params(self._ids, [photo["id"] for _, _, photo in self._pending])
        evaluation.evaluate()
        evaluated = evaluation._evalImgs_cpp  # category by category, each photo by photo; empty pairs are not kept
        for index, (truths, detections, _) in enumerate(self._pending):
            for category_id in {a["category_id"] for a in truths + detections}:
                match = evaluated[self._ids.index(category_id) * len(self._pending) + index]
                self._matches[category_id].append((self._matched_photos + index, match))
        self._matched_photos += len(self._pending)
        self._pending.clear()

    def _params(self, category_ids, image_ids) -> Params:
        params = Params(iouType=self._iou_type)
        params.catIds, params.imgIds = list(category_ids), list(image_ids)
        params.areaRng, params.areaRngLbl, params.maxDets = _ALL_AREAS, ["all"], [MAX_DETECTIONS]
        return params


def mean_over_categories(scores: dict[int, CategoryScores | None], name: str, category_ids=None) -> float | None:
    """Return the mean of field ``name`` over the categories that have instances (of ``category_ids`` when given)."""
    wanted = scores if category_ids is None else category_ids
    values = [getattr(scores[c], name) for c in wanted if scores[c] is not None]
    return float(np.mean(values)) if values else None


def common_categories(instances: np.ndarray) -> list[int]:
    """Return the ids of the categories with at least ``MIN_INSTANCES`` of ``instances``, (13,) int."""
    return [c for c, n in zip(CATEGORY_IDS, instances, strict=True) if n >= MIN_INSTANCES]


def average_precisions(
    masks: dict[int, CategoryScores | None], boxes: dict[int, CategoryScores | None], common: list[int]
) -> dict[str, float | None]:
    """Return ``{box,mask}_{ap,ap50,ap75,ar}`` of the scores by category, and ``…_min10`` over ``common`` alone."""
    result: dict[str, float | None] = {}
    for kind, scores in (("box", boxes), ("mask", masks)):
        result |= {f"{kind}_{name}": mean_over_categories(scores, name) for name in ("ap", "ap50", "ap75", "ar")}
        result |= {f"{kind}_{name}_min10": mean_over_categories(scores, name, common) for name in ("ap", "ap50")}
    return result


def _category_scores(accumulated: dict) -> CategoryScores | None:
    precision, scores = accumulated["precision"][:, :, 0, 0, 0], accumulated["scores"][:, :, 0, 0, 0]
    if (precision < 0).all():  # detections, but no instance
        return None
    return CategoryScores(
        ap=float(precision.mean()),
        ap50=float(precision[_IOU_50].mean()),
        ap75=float(precision[_IOU_75].mean()),
        ar=float(accumulated["recall"][:, 0, 0, 0].mean()),
        curve=precision[_IOU_50].copy(),
        curve_scores=scores[_IOU_50].copy(),
    )


def _dataset(pending: list[tuple], part: int) -> COCO:
    annotations = [a for entry in pending for a in entry[part]]
    for annotation_id, annotation in enumerate(annotations, start=1):  # 0 would read as "not matched"
        annotation["id"] = annotation_id
    categories = [{"id": c.id, "name": c.name} for c in INSTANCES]
    return COCO({"images": [photo for _, _, photo in pending], "annotations": annotations, "categories": categories})
