"""Does the refinement help?  Mask and boundary IoU before and after it, with a model or with simulated masks."""

from __future__ import annotations

import time
from collections.abc import Iterable

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_image
from ewardrobe.core.masks import boundary_iou, mask_iou
from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.datasets.deepfashion2 import Record
from ewardrobe.evaluation.photo import read_truth
from ewardrobe.garments.cutout import drop_duplicates, refined, resolve_overlaps
from ewardrobe.models import SHOWN_SCORE, Segmenter

SIMULATED_SIDE = 128
"""Long side in pixels of a simulated model's output."""

WANDER = 0.006
"""How far a simulated outline strays, as a share of the photo's long side: as a model's does."""

FOUND_IOU = 0.5
"""Only garments that the model found at all (mask IoU before refinement) say something about outlines."""

MEASURES = ("iou_before", "iou_after", "boundary_before", "boundary_after")


def measure_refinement(
    records: Iterable[Record], segmenter: Segmenter | None = None, *, min_score: float = SHOWN_SCORE
) -> dict:
    """Return per viewpoint ("worn", "not_worn", "all") the means of ``MEASURES`` over garments, fractions of 1.

    ``segmenter=None`` simulates one: the true masks at ``SIMULATED_SIDE`` pixels, their outlines wandering by
    ``WANDER`` of the long side (standard deviation), seeded by the image's id.  With ``garments`` (how many),
    ``photos`` and ``ms_per_garment`` (the refinement's time).  A view without a garment has ``None`` for its means.
    """
    rows, photos, refinements, seconds = [], 0, 0, 0.0
    for record in records:
        image, truth = load_image(record.image_path, None), read_truth(record)
        coarse = segmenter.predict(image, min_score) if segmenter else simulated(truth, record.image_id)
        before = resolve_overlaps(drop_duplicates(coarse.only(CATEGORY_IDS)))
        started = time.perf_counter()
        after = resolve_overlaps(refined(image, before))
        seconds += time.perf_counter() - started
        photos, refinements = photos + 1, refinements + len(before)
        for mask in truth.masks:
            old, new = _best(mask, before), _best(mask, after)
            if mask.any() and mask_iou(mask, old) >= FOUND_IOU:
                ious = [measure(mask, other) for measure in (mask_iou, boundary_iou) for other in (old, new)]
                rows.append((record.worn, *ious))
    views = {"all": rows, "worn": [r for r in rows if r[0]], "not_worn": [r for r in rows if not r[0]]}
    per_garment = round(1000 * seconds / refinements, 1) if refinements else None
    return {"photos": photos, "ms_per_garment": per_garment, **{name: _means(view) for name, view in views.items()}}


def simulated(truth: Detections, seed: int) -> Detections:
    """Return ``truth`` as a model of low resolution would see it; the same seed, the same errors."""
    random = np.random.default_rng(seed)
    masks = [coarse_mask(mask, random) for mask in truth.masks]
    return Detections.from_masks(np.reshape(masks, truth.masks.shape), truth.category_ids, truth.scores)


def coarse_mask(mask: np.ndarray, random: np.random.Generator, wander: float = WANDER) -> np.ndarray:
    """Return (H, W) bool ``mask`` through ``SIMULATED_SIDE`` pixels, warped smoothly and grown or shrunk a little."""
    height, width = mask.shape
    scale = SIMULATED_SIDE / max(height, width)
    rows, columns = max(2, round(height * scale)), max(2, round(width * scale))
    small = cv2.resize(mask.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    shift = cv2.GaussianBlur(random.standard_normal((rows, columns, 2)).astype(np.float32), (0, 0), 5)
    shift *= wander * SIMULATED_SIDE / shift.std()
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    soft = cv2.GaussianBlur(cv2.remap(small, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR), (0, 0), 1)
    return cv2.resize(soft, (width, height)) > 0.5 + random.uniform(-0.2, 0.2)


def _best(mask: np.ndarray, detections: Detections) -> np.ndarray:
    """The detected mask of highest IoU, whatever its category; an empty one when there is none."""
    return max(detections.masks, key=lambda other: mask_iou(mask, other), default=np.zeros_like(mask))


def _means(rows: list[tuple]) -> dict:
    means = np.mean([row[1:] for row in rows], axis=0) if rows else [None] * len(MEASURES)
    return {"garments": len(rows), **{n: None if m is None else float(m) for n, m in zip(MEASURES, means, strict=True)}}
