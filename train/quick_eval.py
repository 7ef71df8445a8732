"""The scores that choose the best checkpoint: mask AP and pixel IoU on samples held in memory."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval.core import mask as rle

from ewardrobe.datasets.samples import Sample
from ewardrobe.taxonomy import CATEGORIES


def quick_scores(segmenter, samples: list[Sample], min_count: int = 10) -> dict[str, float]:
    """Return ``mask_ap``, ``mask_ap50`` (means over categories with ``min_count`` instances) and ``garment_iou_*``."""
    truth, found = [], []
    overlaps: dict[str, list[float]] = {"worn": [], "not_worn": []}
    for image_id, sample in enumerate(samples, 1):
        detections = segmenter.predict(sample.image, 0.01)
        seen, wanted = detections.masks[detections.scores >= 0.05].any(axis=0), sample.masks.any(axis=0)
        overlaps["worn" if sample.worn else "not_worn"].append((seen & wanted).sum() / max(1, (seen | wanted).sum()))
        for mask, category_id in zip(sample.masks, sample.category_ids, strict=True):
            truth.append(_truth(len(truth) + 1, image_id, mask, int(category_id)))
        for mask, category_id, score in zip(detections.masks, detections.category_ids, detections.scores, strict=True):
            found.append(
                {
                    "image_id": image_id,
                    "category_id": int(category_id),
                    "segmentation": _encode(mask),
                    "score": float(score),
                }
            )
    counts = {c.id: sum(t["category_id"] == c.id for t in truth) for c in CATEGORIES}
    ids = [c for c, n in counts.items() if n >= min(min_count, max(counts.values()))]
    ap, ap50 = _average_precision(truth, found, len(samples), ids)
    iou = {f"garment_iou_{k}": float(np.mean(v)) if v else 0.0 for k, v in overlaps.items()}
    return {"mask_ap": ap, "mask_ap50": ap50, **iou}


def _encode(mask: np.ndarray) -> dict:
    return rle.encode(np.asfortranarray(mask.astype(np.uint8)))


def _truth(number: int, image_id: int, mask: np.ndarray, category_id: int) -> dict:
    code = _encode(mask)
    box = [float(v) for v in rle.toBbox(code)]
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "segmentation": code,
        "area": float(mask.sum()),
        "bbox": box,
        "iscrowd": 0,
    }


def _average_precision(truth, found, images: int, category_ids: list[int]) -> tuple[float, float]:
    if not truth or not found:
        return 0.0, 0.0
    categories = [{"id": c.id, "name": c.name} for c in CATEGORIES]
    coco = COCO({"images": [{"id": i + 1} for i in range(images)], "annotations": truth, "categories": categories})
    with contextlib.redirect_stdout(io.StringIO()):
        scorer = COCOeval_faster(coco, coco.loadRes(found), "segm", print_function=lambda *a: None)
        scorer.params.catIds = category_ids
        scorer.run()
    return float(max(scorer.stats[0], 0)), float(max(scorer.stats[1], 0))
