"""A pair of shoes is one item of two parts: networks find the pair, one shoe of it beside, or each shoe alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_box
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD, category
from ewardrobe.models import SHOWN_SCORE

FOOTWEAR = INSTANCE_ID_BY_WORD["shoes"]

WITHIN, TIMES, DOUBT = 0.5, 3.0, 0.5
"""One find is a part of another with this share of its pixels in it, that is at most so many times as large, and at
least this share as sure: what is larger or less sure by far is no pair, but the network's mistake."""

ALIKE_SIZE, ALIKE_COLOUR = 0.5, 15.0
"""Two shoes of a pair: the smaller area over the larger at least, the CIELAB distance of their means at most."""

PAIR_PART = 0.25
"""Two parts of at least this share are a pair already; a smaller second part is a lace, or a heel."""

REACH_LYING, REACH_WORN = 0.5, 3.0
"""How far apart in lengths of a shoe those of a pair are at most: beside each other, or on the feet of one person."""


@dataclass(frozen=True, eq=False)
class _Shoe:
    """The finds that are one single shoe: their places, box, area in pixels, mean CIELAB (3,), whose it is.

    wearer: the place of the nearest trousers, skirt or dress, -1 where nobody wears any.
    """

    places: tuple[int, ...]
    box: tuple[int, int, int, int]
    area: int
    lab: np.ndarray
    wearer: int


def joined_pairs(image: np.ndarray, detections: Detections, sure: float = SHOWN_SCORE) -> Detections:
    """Return ``detections`` with all finds of one pair of shoes as one, with the score of the best of them.

    A find that lies in another joins it; then do single shoes that are near, of like size and colour, and not on two
    people.  Scores (0..1) below ``sure`` join each other only, so that hiding guesses changes nothing.
    image: RGB uint8 (H, W, 3).
    """
    shoes = np.flatnonzero(detections.category_ids == FOOTWEAR)
    if len(shoes) < 2:
        return detections
    masks, keep = detections.masks.copy(), np.ones(len(detections), bool)
    shown = detections.scores[shoes] >= sure
    for some in (shoes[shown], shoes[~shown]):
        found = [int(i) for i in some if masks[i].any()]
        for first, *others in _pairs(image, detections, _by_inclusion(detections, found)):
            masks[first] = detections.masks[[first, *others]].any(axis=0)
            keep[others] = False
    return Detections.from_masks(masks[keep], detections.category_ids[keep], detections.scores[keep])


def _by_inclusion(detections: Detections, places: Sequence[int]) -> list[tuple[int, ...]]:
    """Return ``places`` in groups of finds of which the others lie in the first, the largest one."""
    masks, scores = detections.masks, detections.scores
    areas = {place: np.count_nonzero(masks[place]) for place in places}

    def is_part(place: int, of: int) -> bool:
        inside = np.count_nonzero(masks[place] & masks[of]) >= WITHIN * areas[place]
        return bool(inside and areas[of] <= TIMES * areas[place] and scores[of] >= DOUBT * scores[place])

    groups: list[tuple[int, ...]] = []
    for place in sorted(places, key=lambda i: (-areas[i], i)):
        home = next((number for number, group in enumerate(groups) if is_part(place, group[0])), len(groups))
        groups[home : home + 1] = [(*groups[home], place) if home < len(groups) else (place,)]
    return groups


def _pairs(image: np.ndarray, detections: Detections, groups: list[tuple[int, ...]]) -> list[list[int]]:
    """Return the places of each pair and shoe, the best score first; the nearest shoes find each other first."""
    shoes = [_single_shoe(image, detections, group) for group in groups] if len(groups) > 1 else []
    gaps = {
        (one.places, other.places): gap
        for one, other in combinations(filter(None, shoes), 2)
        if (gap := _gap(one, other)) is not None
    }
    left, pairs = set(groups), []
    for one, other in sorted(gaps, key=gaps.__getitem__):
        if {one, other} <= left:
            left -= {one, other}
            pairs.append(one + other)
    return [sorted(group, key=lambda i: (-detections.scores[i], i)) for group in (*pairs, *left)]


def _single_shoe(image: np.ndarray, detections: Detections, places: tuple[int, ...]) -> _Shoe | None:
    """Return the finds at ``places`` as one shoe; ``None`` where they are a pair already."""
    mask = np.logical_or.reduce(detections.masks[list(places)])
    x0, y0, x1, y1 = box = mask_box(mask)
    part, pixels = mask[y0:y1, x0:x1], image[y0:y1, x0:x1]
    areas = np.sort(cv2.connectedComponentsWithStats(part.astype(np.uint8))[2][1:, cv2.CC_STAT_AREA])
    if len(areas) > 1 and areas[-2] >= PAIR_PART * areas.sum():
        return None
    colour = np.median(pixels[part], axis=0).astype(np.float32) / 255
    lab = cv2.cvtColor(colour[None, None], cv2.COLOR_RGB2LAB)[0, 0]
    slots = [category(c).slot for c in detections.category_ids]
    legs = [i for i, slot in enumerate(slots) if slot in ("bottom", "dress") and detections.scores[i] >= SHOWN_SCORE]
    wearer = min(legs, key=lambda i: _distance(box, detections.boxes[i].tolist()), default=-1)
    return _Shoe(places, box, int(areas.sum()), lab, wearer)


def _gap(one: _Shoe, other: _Shoe) -> float | None:
    """Return how far apart two shoes are, in lengths of the larger; ``None`` where they are no pair."""
    small, large = sorted((one.area, other.area))
    alike = small >= ALIKE_SIZE * large and np.linalg.norm(one.lab - other.lab) <= ALIKE_COLOUR
    length = max(max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in (one.box, other.box))
    gap = _distance(one.box, other.box) / length
    reach = REACH_LYING if one.wearer < 0 else REACH_WORN
    return gap if alike and one.wearer == other.wearer and gap <= reach else None


def _distance(box: Sequence[float], other: Sequence[float]) -> float:
    """Return the pixels between two boxes ``x0 y0 x1 y1``, 0 where they touch or overlap."""
    apart = [max(0.0, max(box[i], other[i]) - min(box[i + 2], other[i + 2])) for i in (0, 1)]
    return math.hypot(*apart)
