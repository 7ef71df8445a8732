"""Are garments photographed twice recognised?  Distances of cut-outs to changed copies of themselves and to others.

Photos are RGB uint8 (H, W, 3), masks bool (H, W).
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ewardrobe.core.images import jpeg_bytes, load_image
from ewardrobe.datasets.deepfashion2 import Record
from ewardrobe.evaluation.photo import read_truth
from ewardrobe.evaluation.refinement import coarse_mask
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.duplicates import SAME_DISTANCE, TURNS, hash_distances, perceptual_hash

SMALLEST_AREA = 400
"""Pixels below which a garment is no cut-out that anybody would keep."""


def measure_duplicates(records: Iterable[Record], seed: int = 0, distance: float = SAME_DISTANCE) -> dict:
    """Return how many changed copies are recognised, and how many other garments are taken for the same one.

    Every garment of ``records`` is cut out, and once more from a photo changed by `changed_photo`.  recall: share of
    the copies nearer than ``distance``; false_alarms: share of pairs of two garments nearer than that; disturbed: share
    of copies with a false alarm among all others; distance_at_95, distance_at_97: where recall would be that.
    """
    random = np.random.default_rng(seed)
    hashes, copies = [], []
    for record in records:
        image, truth = load_image(record.image_path, None), read_truth(record)
        for mask, category_id in zip(truth.masks, truth.category_ids, strict=True):
            image2, mask2 = changed_photo(image, mask, random)
            if min(np.count_nonzero(mask), np.count_nonzero(mask2)) >= SMALLEST_AREA:
                hashes.append(perceptual_hash(garment_from_mask(image, mask, int(category_id), 1.0).cutout))
                cutout = garment_from_mask(image2, mask2, int(category_id), 1.0).cutout
                copies.append([perceptual_hash(cutout, turn) for turn in TURNS])
    return _figures(hashes, copies, distance)


def _figures(hashes: list[str], copies: list[list[str]], distance: float) -> dict:
    if len(hashes) < 2:
        raise ValueError(f"{len(hashes)} garments: two or more are needed; give a larger data set")
    distances = np.min([hash_distances(turned, hashes) for turned in zip(*copies, strict=True)], axis=0)
    own, others = np.diag(distances), ~np.eye(len(hashes), dtype=bool)
    alarms = (distances <= distance) & others
    return {
        "garments": len(hashes),
        "distance": distance,
        "recall": round(float((own <= distance).mean()), 4),
        "false_alarms": round(float(alarms[others].mean()), 5),
        "disturbed": round(float(alarms.any(axis=1).mean()), 4),
        "distance_at_95": round(float(np.quantile(own, 0.95)), 2),
        "distance_at_97": round(float(np.quantile(own, 0.97)), 2),
    }


def changed_photo(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return photo and mask as a second look at the garment would give them.

    Turned by up to 5°, scaled to 0.55 to 1, each corner moved by up to 1 %; gamma 0.8 to 1.25, brightness 0.85 to 1.12,
    white balance ±6 %; JPEG quality 40 to 90; the outline through a simulated model of 128 pixels.
    """
    height, width = mask.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-5, 5), random.uniform(0.55, 1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + random.uniform(-0.01, 0.01, (4, 2)).astype(np.float32) * max(height, width)
    matrix = cv2.getPerspectiveTransform(corners, moved) @ np.vstack([turn, [0, 0, 1]])
    seen = cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    outline = cv2.warpPerspective(mask.view(np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST).view(bool)
    light = (
        (seen / 255.0) ** random.uniform(0.8, 1.25) * random.uniform(0.85, 1.12) * (1 + random.uniform(-0.06, 0.06, 3))
    )
    packed = jpeg_bytes(np.clip(light * 255, 0, 255).astype(np.uint8), int(random.integers(40, 91)))
    return load_image(packed, None), coarse_mask(outline, random)
