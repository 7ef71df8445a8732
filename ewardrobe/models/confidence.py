"""From a network's raw score to the confidence that the app shows: 0.5 is where each category's F1 is best.

Networks are sure of trousers at 0.9 and of a sling at 0.2, and each network in its own way.  ``train.thresholds``
chooses a raw threshold for every model and category on validation photos; here it becomes the 0.5 of one scale, so that
one slider serves all.  The map is monotone within a category: no category's AP changes by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCE_NAMES, INSTANCES, classes_of
from ewardrobe.models.weights import WeightsError

DEFAULT_THRESHOLD = 0.2
"""Raw score that becomes 0.5 where none was chosen: an older manifest, a weights file of your own."""

ROUNDING = 1e-6
"""Share by which the network is asked for less: its float32 scores may round to the other side of the line."""


@dataclass(frozen=True)
class Confidence:
    """The map of one model.

    thresholds: raw score of each class, 0 < t < 1, in the order of ``INSTANCES``: of the 13 garments, or of all 16;
    accessories without one have ``DEFAULT_THRESHOLD``.

    Piecewise linear: 0 stays 0, the threshold becomes 0.5, 1 stays 1.  Thresholds of 0.5 change nothing.
    Raises ``ValueError`` for another number of thresholds or one outside (0, 1).
    """

    thresholds: tuple[float, ...]

    def __post_init__(self) -> None:
        known = len(CATEGORIES), len(INSTANCES)
        if len(self.thresholds) not in known or not all(0 < t < 1 for t in self.thresholds):
            raise ValueError(f"expected {known[1]} or {known[0]} raw scores between 0 and 1, got {self.thresholds}")

    @property
    def _by_class(self) -> np.ndarray:
        return np.pad(self.thresholds, (0, len(INSTANCES) - len(self.thresholds)), constant_values=DEFAULT_THRESHOLD)

    def of(self, scores: np.ndarray, category_ids: np.ndarray) -> np.ndarray:
        """Return the confidences (N,) float32 0..1 of raw ``scores`` (N,) 0..1 of labels ``category_ids`` (N,).

        >>> Confidence((0.2,) * 13).of(np.array([0.1, 0.2, 0.6]), np.array([1, 1, 1])).tolist()
        [0.25, 0.5, 0.75]
        """
        raw, t = np.asarray(scores, float), self._by_class[classes_of(category_ids)]
        return np.where(raw < t, 0.5 * raw / t, 0.5 + 0.5 * (raw - t) / (1 - t)).astype(np.float32)

    def lowest_raw(self, confidence: float) -> float:
        """Return what to ask a network for, so that nothing of at least ``confidence`` is missing in any category."""
        t = np.array(self.thresholds)
        raw = 2 * confidence * t if confidence < 0.5 else t + (2 * confidence - 1) * (1 - t)
        return float(raw.min() * (1 - ROUNDING))

    def applied(self, found: Detections, min_score: float) -> Detections:
        """Return the garments of raw ``found`` that reach the confidence ``min_score``, sorted by it downwards."""
        scores = self.of(found.scores, found.category_ids)
        order = np.argsort(-scores, kind="stable")
        order = order[scores[order] >= min_score]
        return replace(found[order], scores=scores[order])

    def by_name(self) -> dict[str, float]:
        """Return the raw thresholds by the category's name."""
        return dict(zip(INSTANCE_NAMES, self.thresholds, strict=False))


RAW = Confidence((0.5,) * len(INSTANCES))
"""Leaves scores as the network gave them: models in training, and the choice of thresholds itself."""

DEFAULT = Confidence((DEFAULT_THRESHOLD,) * len(CATEGORIES))


def of_entry(entry: dict) -> Confidence:
    """Return the map of a manifest entry, ``DEFAULT`` without one of its weights; ``WeightsError`` for a broken one."""
    chosen = entry.get("thresholds")
    if chosen is None:
        return DEFAULT
    try:
        if chosen["weights_sha256"] != entry["sha256"]:
            return DEFAULT
        scores = chosen["raw_scores"]
        names = INSTANCE_NAMES if INSTANCE_NAMES[-1] in scores else INSTANCE_NAMES[: len(CATEGORIES)]
        return Confidence(tuple(float(scores[name]) for name in names))
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"the thresholds of {entry.get('file')} in the manifest are unusable ({type(error).__name__}: {error}): "
            "choose them again with python -m train.thresholds, or remove them"
        ) from error
