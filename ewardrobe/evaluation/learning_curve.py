"""What more training would bring: a saturating curve through the validations of a run.

The Hill function, ceiling · nᵏ / (nᵏ + hᵏ): a slow start, a steep middle and a ceiling, which is how the average
precision of a detector trained from nothing grows.  A power law (Hestness et al., 2017) has no slow start.  An
extrapolation far beyond the data is a guess: `outlook` gives the range of the ceilings that fit nearly as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

MIN_POINTS = 5
"""Fewer validations than this leave three parameters undecided."""

CEILINGS = np.linspace(0.1, 1.0, 19)
NEARLY = 1.5
"""A ceiling counts as possible while its root mean square error is below this multiple of the best one's."""


@dataclass(frozen=True)
class LearningCurve:
    """A score in 0..1 as a function of the images seen; ``half``: images at half the ceiling; ``rmse``: of the fit."""

    ceiling: float
    half: float
    slope: float
    rmse: float

    def at(self, images: float | np.ndarray) -> float | np.ndarray:
        """Return the expected score after ``images`` images."""
        return self.ceiling / (1 + (self.half / np.maximum(images, 1.0)) ** self.slope)


@dataclass(frozen=True)
class Outlook:
    """The expected score at ``images`` images and the range of the fits that are nearly as good."""

    images: int
    score: float
    low: float
    high: float


def fit(images: Sequence[float], scores: Sequence[float]) -> LearningCurve | None:
    """Return the curve that fits best; ``None`` for fewer than ``MIN_POINTS`` points or scores that do not rise.

    images: images seen, > 0; scores: 0..1; in the same order.
    """
    curves = _fits(images, scores)
    return min(curves, key=lambda curve: curve.rmse) if curves else None


def outlook(images: Sequence[float], scores: Sequence[float], factor: float = 2.0) -> Outlook | None:
    """Return what ``factor`` times the images would bring, by `fit`; ``None`` where that fits nothing."""
    curves = _fits(images, scores)
    if not curves:
        return None
    best = min(curves, key=lambda curve: curve.rmse)
    target = factor * max(images)
    possible = [float(c.at(target)) for c in curves if c.rmse <= NEARLY * best.rmse + 1e-9]
    return Outlook(round(target), float(best.at(target)), min(possible), max(possible))


def _fits(images: Sequence[float], scores: Sequence[float]) -> list[LearningCurve]:
    """Return the best curve for every ceiling: a grid over the one parameter that short runs hardly decide."""
    n, s = np.asarray(images, float), np.asarray(scores, float)
    usable = np.isfinite(n) & np.isfinite(s) & (n > 0)
    n, s = n[usable], s[usable]
    if len(n) < MIN_POINTS or np.ptp(n) == 0 or np.ptp(s) == 0 or np.corrcoef(n, s)[0, 1] <= 0:
        return []
    return [_with_ceiling(n, s, ceiling) for ceiling in CEILINGS]


def _with_ceiling(n: np.ndarray, s: np.ndarray, ceiling: float) -> LearningCurve:
    def error(parameters: np.ndarray) -> np.ndarray:
        half, slope = np.exp(parameters)
        return ceiling / (1 + (half / n) ** slope) - s

    start = np.log([np.median(n), 1.0])
    reach = np.log([n.min() / 10, 0.2]), np.log([n.max() * 1000, 6.0])
    found = least_squares(error, start, bounds=reach)
    half, slope = np.exp(found.x)
    return LearningCurve(float(ceiling), float(half), float(slope), float(np.sqrt(np.mean(found.fun**2))))
