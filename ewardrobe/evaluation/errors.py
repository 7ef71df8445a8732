"""What a model gets wrong, photo by photo: for looking at the worst, and for counting the kinds of fault.

Photos are RGB uint8 (H, W, 3), masks bool (N, H, W).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_image
from ewardrobe.core.masks import pairwise_iou
from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.datasets.deepfashion2 import Record
from ewardrobe.evaluation.matching import match_by_iou
from ewardrobe.evaluation.photo import read_truth
from ewardrobe.garments.cutout import drop_duplicates
from ewardrobe.models import Segmenter

ROUGH_IOU = 0.75
"""A garment that is found with less than this mask IoU has a rough outline."""


@dataclass(frozen=True, eq=False)
class PhotoErrors:
    """One photo's faults.

    quality: panoptic quality (Kirillov et al., CVPR 2019) of the photo, 0..1: the summed IoU of the garments found
    under their right names, divided by garments found + half of the missed + half of the invented; a misnamed one
    counts as both.  kinds: how many are misnamed, missed, invented, rough.  image: RGB uint8 (H, W, 3).
    """

    record: Record
    quality: float
    kinds: Counter
    image: np.ndarray
    truth: Detections
    found: Detections


def judge_errors(record: Record, image: np.ndarray, found: Detections) -> PhotoErrors:
    """Return the faults of ``found``, the garments that the app shows for ``image``."""
    truth = read_truth(record)
    ious = pairwise_iou(found.masks, truth.masks)
    matches = match_by_iou(ious)
    pairs = [(d, t) for d, t in enumerate(matches.tolist()) if t >= 0]
    right = [ious[d, t] for d, t in pairs if found.category_ids[d] == truth.category_ids[t]]
    kinds = Counter(
        misnamed=len(pairs) - len(right),
        missed=len(truth) - len(pairs),
        invented=len(found) - len(pairs),
        rough=sum(iou < ROUGH_IOU for iou in right),
    )
    wrong = kinds["misnamed"] + (kinds["missed"] + kinds["invented"]) / 2
    quality = sum(right) / (len(right) + wrong) if len(right) + wrong else 1.0
    return PhotoErrors(record, float(quality), +kinds, image, truth, found)


def photo_errors(segmenter: Segmenter, records: Iterable[Record], threshold: float) -> Iterator[PhotoErrors]:
    """Yield the faults on every photo, of garments of at least ``threshold``; one that was seen twice counts once.

    Shoes, bags and hats are not judged.
    """
    for record in records:
        image = load_image(record.image_path, max_side=None)
        yield judge_errors(record, image, drop_duplicates(segmenter.predict(image, threshold).only(CATEGORY_IDS)))


def worst(errors: Iterable[PhotoErrors], count: int) -> tuple[list[PhotoErrors], Counter]:
    """Return the ``count`` photos of the lowest quality, the worst first, and the faults of all photos by kind."""
    kept: list[PhotoErrors] = []
    total: Counter = Counter()
    for photo in errors:
        total += photo.kinds
        kept = sorted([*kept, photo], key=lambda p: (p.quality, p.record.image_id))[:count]
    return kept, total
