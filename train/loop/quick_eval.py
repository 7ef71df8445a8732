"""The scores that choose the best checkpoint: the evaluator's mask AP and pixel IoU, on samples held in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_iou
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORY_IDS, INSTANCE_IDS
from ewardrobe.datasets.samples import Sample
from ewardrobe.evaluation.coco_eval import MIN_INSTANCES, CocoMatcher, mean_over_categories
from ewardrobe.models import Segmenter

MIN_SCORE, SHOWN_SCORE = 0.01, 0.3
MEASURES = {
    "mask_ap": ("ap", CATEGORY_IDS),
    "mask_ap50": ("ap50", CATEGORY_IDS),
    "mask_ap50_accessories": ("ap50", ACCESSORY_IDS),
}
"""What is averaged, and over which labels."""


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
        shown, worn = found.above(SHOWN_SCORE), "worn" if sample.worn else "not_worn"
        there, seen = (d.masks[np.isin(d.category_ids, CATEGORY_IDS)] for d in (truth, shown))
        if len(there):
            overlaps[worn].append(mask_iou(np.any(there, axis=0), np.any(seen, axis=0)))
    scores = matcher.scores()
    ap = {k: mean_over_categories(scores, field, _common(ids, counts)) for k, (field, ids) in MEASURES.items()}
    iou = {f"garment_iou_{k}": float(np.mean(v)) if v else 0.0 for k, v in overlaps.items()}
    return {k: v or 0.0 for k, v in ap.items()} | iou


def _common(ids: tuple[int, ...], counts: np.ndarray) -> list[int]:
    """Return the labels with ten instances or, where none has so many, with the most."""
    least = max(1, min(MIN_INSTANCES, max(counts[list(ids)])))
    return [c for c in ids if counts[c] >= least]
