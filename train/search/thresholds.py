"""The raw score threshold of good F1 for each category, from what a model saw in annotated photos.

A garment counts as found when the evaluator matches it: same category, mask IoU 0.5.  Under another name it counts
half: in the app a wrong name is one choice in a list, a garment that is not shown must be drawn by hand.  What the app
drops as the same garment seen twice is dropped first, so the F1 is that of the cards which the app shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, INSTANCE_IDS, classes_of
from ewardrobe.evaluation.coco_eval import MIN_INSTANCES
from ewardrobe.evaluation.matching import match_by_iou, match_by_score
from ewardrobe.garments.cutout import distinct
from ewardrobe.models import SHOWN_SCORE
from ewardrobe.models.confidence import RAW, Confidence

GARMENTS = len(CATEGORIES)
GRID = np.round(np.arange(0.02, 0.985, 0.01), 2)
"""Raw scores that a threshold may have."""

OWN_SHARE = 0.5
"""How far from the common threshold to a category's own, on a logarithmic scale, the choice goes.

Some dozen garments have their best threshold in part by luck; docs/experiments.md has the figures.
"""

MISNAMED = 0.5
"""What a garment counts that is found under another name."""

GOOD = 0.99
"""The share of the best F1 that will do: F1 is flat there, and what a higher threshold hides must be drawn by hand."""

FOLDS, SHUFFLES = 5, 5


@dataclass(frozen=True, eq=False)
class PhotoScores:
    """What a model saw in one photo, all that is needed of it.

    scores: (D,) float32 raw, 0..1; category_ids: (D,) int64; ious: (D, D) float among the masks; truth_ious: (D, T)
    float with the annotated garments; truth_ids: (T,) int64.
    """

    scores: np.ndarray
    category_ids: np.ndarray
    ious: np.ndarray
    truth_ious: np.ndarray
    truth_ids: np.ndarray

    def shown(self, confidence: Confidence, min_score: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return confidence, category and credit (1, ``MISNAMED``, 0) of all that the app shows from ``min_score``."""
        scores = confidence.of(self.scores, self.category_ids)
        over = np.flatnonzero(scores >= min_score)
        kept = over[np.array(distinct(self.ious[np.ix_(over, over)], scores[over]), int)]
        ids, left = self.category_ids[kept], self.truth_ious[kept]
        right = match_by_score(left, ids, self.truth_ids)
        left[right >= 0] = 0
        left[:, right[right >= 0]] = 0
        return scores[kept], ids, (right >= 0) + MISNAMED * (match_by_iou(left) >= 0)

    @cached_property
    def everything(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`shown` by the raw scores, all of them."""
        return self.shown(RAW, 0.0)


@dataclass(frozen=True, eq=False)
class Counts:
    """Pieces shown (int64), the credit of these (float64), and annotated ones (int64): (16,) each, garments first."""

    detected: np.ndarray
    found: np.ndarray
    instances: np.ndarray

    @property
    def f1(self) -> np.ndarray:
        """Of each category, 0 where nothing was to be found."""
        return _f1(self.detected, self.found, self.instances)

    @property
    def summary(self) -> dict[str, float]:
        """Of the 13 garments.  ``overall``: all; ``categories``: mean over those with ten or as many as there are."""
        detected, found, instances = self.detected[:GARMENTS], self.found[:GARMENTS], self.instances[:GARMENTS]
        judged = instances >= min(MIN_INSTANCES, instances.max())
        overall = _f1(detected.sum(), found.sum(), instances.sum())
        return {"overall": round(float(overall), 4), "categories": round(float(self.f1[:GARMENTS][judged].mean()), 4)}


@dataclass(frozen=True)
class Choice:
    """One threshold for all categories and one for each, (16,): raw scores."""

    common: float
    each: tuple[float, ...]

    @property
    def confidences(self) -> dict[str, Confidence]:
        """The map of either."""
        return {"common": level(self.common), "each": Confidence(self.each)}


def level(threshold: float) -> Confidence:
    """Return the map with the same raw ``threshold`` for every category."""
    return Confidence((float(threshold),) * len(INSTANCE_IDS))


def choose(photos: Sequence[PhotoScores], own_share: float = OWN_SHARE) -> Choice:
    """Return the thresholds of ``GOOD`` F1 on ``photos``, the lowest there are.

    The common one is good over all garments; a category with ten garments or more moves from there towards its own.
    """
    counts = _instances(photos)
    scores, ids, credit = (np.concatenate(part) for part in zip(*(p.everything for p in photos), strict=True))
    over = scores.astype(float) >= GRID[:, None]
    columns = [(over[:, ids == c], credit[ids == c]) for c in INSTANCE_IDS]
    detected, found = np.array([o.sum(axis=1) for o, _ in columns]), np.array([o @ worth for o, worth in columns])
    garments = (part[:GARMENTS].sum(axis=0) for part in (detected, found, counts))
    common = _lowest_good(_f1(*garments))
    own = [_lowest_good(_f1(detected[c], found[c], n)) if n >= MIN_INSTANCES else common for c, n in enumerate(counts)]
    return Choice(common, tuple(round(common * (t / common) ** own_share, 3) for t in own))


def counted(photos: Sequence[PhotoScores], confidence: Confidence | Sequence[Confidence]) -> Counts:
    """Return what the app would show of ``photos`` at its own confidence with this map, or with one for each photo."""
    maps = [confidence] * len(photos) if isinstance(confidence, Confidence) else confidence
    shown = [photo.shown(one, SHOWN_SCORE) for photo, one in zip(photos, maps, strict=True)]
    ids = np.concatenate([ids for _, ids, _ in shown])
    credit = np.concatenate([credit for *_, credit in shown])
    return Counts(_by_category(ids), _by_category(ids, credit), _instances(photos))


def cross_validated(photos: Sequence[PhotoScores]) -> dict[str, dict[str, float]] | None:
    """Return `Counts.summary` of ``common`` and ``each`` on photos that did not choose; ``None`` for one photo.

    Five folds of photos, a mean over five seeded shufflings.
    """
    folds = min(FOLDS, len(photos))
    if folds < 2:
        return None
    rounds = [_one_shuffle(photos, np.random.default_rng([0, i]), folds) for i in range(SHUFFLES)]
    return {
        kind: {key: round(float(np.mean([r[kind][key] for r in rounds])), 4) for key in ("overall", "categories")}
        for kind in ("common", "each")
    }


def _one_shuffle(photos: Sequence[PhotoScores], random: np.random.Generator, folds: int) -> dict[str, dict[str, float]]:
    fold = random.permutation(np.arange(len(photos)) % folds)
    others = ([photo for photo, own in zip(photos, fold, strict=True) if own != number] for number in range(folds))
    chosen = [choose(part).confidences for part in others]
    return {kind: counted(photos, [chosen[own][kind] for own in fold]).summary for kind in ("common", "each")}


def _lowest_good(f1: np.ndarray) -> float:
    """Return the lowest threshold whose ``f1`` (len(GRID),) is ``GOOD``; of equal ones around it, the middle.

    Between two scores every threshold is as good; in the middle it is furthest from either.
    """
    first = int(np.argmax(f1 >= GOOD * f1.max()))
    worse = np.flatnonzero(np.abs(f1[first:] - f1[first]) > 1e-9)
    last = first + int(worse[0]) - 1 if len(worse) else len(f1) - 1
    return float(GRID[(first + last) // 2])


def _f1(detected: np.ndarray, found: np.ndarray, instances: np.ndarray | int) -> np.ndarray:
    return 2 * found / np.maximum(detected + instances, 1)


def _instances(photos: Sequence[PhotoScores]) -> np.ndarray:
    return _by_category(np.concatenate([photo.truth_ids for photo in photos]))


def _by_category(ids: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    return np.bincount(classes_of(ids), weights, minlength=len(INSTANCE_IDS))
