"""The scores that choose the best checkpoint: the evaluator's mask AP and pixel IoU, on samples held in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORY_IDS, INSTANCE_IDS
from ewardrobe.datasets.samples import Sample
from ewardrobe.evaluation.coco_eval import CocoMatcher, mean_over_categories
from ewardrobe.models import Segmenter

MIN_SCORE, SHOWN_SCORE, MIN_INSTANCES = 0.01, 0.3, 10


def quick_scores(segmenter: Segmenter, samples: Sequence[Sample]) -> dict[str, float]:
    """Return ``mask_ap``, ``mask_ap50`` (categories with ten instances), ``garment_iou_worn``, ``…_not_worn``.

    These are of the 13 garments, on the photos that show any; ``mask_ap50_accessories`` is of footwear, bags, headwear.
    Finds of a label that a photo leaves unlabelled do not count.
    """
    matcher = CocoMatcher("segm", category_ids=INSTANCE_IDS)
    counts = np.zeros(max(INSTANCE_IDS) + 1, int)
    overlaps: dict[str, list[float]] = {"worn": [], "not_worn": []}
    for sample in samples:
        found = segmenter.predict(sample.image, MIN_SCORE)
        found = found[~np.isin(found.category_ids, list(sample.unlabelled))]
        truth = Detections.from_masks(sample.masks > 0, sample.category_ids, np.ones(len(sample.masks)))
        matcher.add(truth, found)
        counts += np.bincount(truth.category_ids, minlength=len(counts))
        truth = _garments(truth)
        if len(truth):
            overlaps["worn" if sample.worn else "not_worn"].append(_overlap(_garments(found.above(SHOWN_SCORE)), truth))
    scores = matcher.scores()
    garments, accessories = (_common(ids, counts) for ids in (CATEGORY_IDS, ACCESSORY_IDS))
    ap = {
        name: mean_over_categories(scores, field, judged) or 0.0
        for name, field, judged in (
            ("mask_ap", "ap", garments),
            ("mask_ap50", "ap50", garments),
            ("mask_ap50_accessories", "ap50", accessories),
        )
    }
    return ap | {f"garment_iou_{k}": float(np.mean(v)) if v else 0.0 for k, v in overlaps.items()}


def _common(ids: tuple[int, ...], counts: np.ndarray) -> list[int]:
    most = max(counts[list(ids)])
    return [c for c in ids if counts[c] and counts[c] >= min(MIN_INSTANCES, most)]


def _garments(found: Detections) -> Detections:
    return found[np.isin(found.category_ids, CATEGORY_IDS)]


def _overlap(found: Detections, truth: Detections) -> float:
    a, b = found.masks.any(axis=0), truth.masks.any(axis=0)
    return float((a & b).sum() / max(1, (a | b).sum()))
