"""Shoes, bags and hats beside the 13 garments: judged on the photos on which they are labelled."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import pairwise_iou
from ewardrobe.core.taxonomy import ACCESSORIES, ACCESSORY_IDS
from ewardrobe.datasets.records import Record
from ewardrobe.evaluation.coco_eval import CocoMatcher
from ewardrobe.evaluation.matching import match_by_score, precision_recall
from ewardrobe.garments.pairs import joined_pairs

SCORES = ("ap", "ap50", "ap75")


@dataclass(eq=False)
class AccessoryJudgements:
    """What was found of accessories in the photos looked at, and what of it is true; ``threshold``: shown from there.

    counts: {label: [photos on which it is labelled, annotated, shown, found among the shown]}.
    """

    threshold: float
    masks: CocoMatcher = field(default_factory=lambda: CocoMatcher("segm", category_ids=ACCESSORY_IDS))
    counts: dict[int, np.ndarray] = field(default_factory=lambda: {i: np.zeros(4, int) for i in ACCESSORY_IDS})

    def add(self, record: Record, image: np.ndarray, truth: Detections, found: Detections) -> None:
        """Judge ``found`` in ``image``, RGB uint8 (H, W, 3), pairs of shoes joined as the app joins them."""
        known = set(ACCESSORY_IDS) - record.unlabelled
        truth, found = truth.only(known), joined_pairs(image, found).only(known).sorted_by_score()
        self.masks.add(truth, found)
        shown = found.above(self.threshold)
        ious = pairwise_iou(shown.masks, truth.masks)
        right = match_by_score(ious, shown.category_ids, truth.category_ids) >= 0
        for label in known:
            some = shown.category_ids == label
            of_label = 1, np.sum(truth.category_ids == label), np.sum(some), np.sum(right[some])
            self.counts[label] += np.array(of_label, int)

    def rows(self) -> list[dict]:
        """Return a row for each accessory that is annotated at all: fractions of 1, as for the categories."""
        scores = self.masks.scores()
        rows = []
        for label in ACCESSORIES:
            photos, instances, shown, found = map(int, self.counts[label.id])
            if mine := scores[label.id]:
                precision, recall = precision_recall(found, shown, instances)
                named = {"category_id": label.id, "name": label.name, "images": photos, "instances": instances}
                aps = {f"mask_{name}": getattr(mine, name) for name in SCORES}
                rows.append(named | {"detections": shown} | aps | {"precision": precision, "recall": recall})
        return rows
