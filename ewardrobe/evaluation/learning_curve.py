"""What more training would bring: a saturating curve through the validations of a run.

The Hill function, ceiling · nᵏ / (nᵏ + hᵏ): a slow start, a steep middle and a ceiling, which is how the average
precision of a detector trained from nothing grows.  A power law (Hestness et al., 2017) has no slow start.  Far
beyond the data this is a guess: `outlook` gives the range of the ceilings that fit nearly as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

MIN_POINTS = 5
"""Fewer validations than this leave three parameters undecided."""

CEILINGS = np.linspace(0.1, 1.0, 19)
NEARLY = 1.5
"""A ceiling counts as possible while its root mean square error is below this multiple of the best one's."""


@dataclass(frozen=True)
class Outlook:
    """The expected score at ``images`` images and the range of the fits that are nearly as good."""

    images: int
    score: float
    low: float
    high: float


def hill(images: np.ndarray | float, ceiling: float, half: float, slope: float) -> np.ndarray | float:
    """Return the score 0..1 after ``images``, (N,) float64; ``half``: the images at half the ceiling."""
    return ceiling / (1 + (half / np.maximum(images, 1.0)) ** slope)


def outlook(points: Iterable[tuple[float, float]], factor: float = 2.0) -> Outlook | None:
    """Return what ``factor`` times the images would bring, by the curve that fits best.

    points: images seen, > 0, and the score then, 0..1.  ``None`` for fewer than ``MIN_POINTS`` of them and for scores
    that do not rise.
    """
    n, s = np.reshape(list(points), (-1, 2)).astype(float).T
    usable = np.isfinite(n) & np.isfinite(s) & (n > 0)
    n, s = n[usable], s[usable]
    if len(n) < MIN_POINTS or np.ptp(n) == 0 or np.ptp(s) == 0 or np.corrcoef(n, s)[0, 1] <= 0:
        return None
    target = factor * float(n.max())
    fits = [_fitted(n, s, ceiling, target) for ceiling in CEILINGS]  # over the parameter that short runs hardly decide
    best_error, score = min(fits)
    possible = [found for error, found in fits if error <= NEARLY * best_error + 1e-9]
    return Outlook(round(target), score, min(possible), max(possible))


def _fitted(n: np.ndarray, s: np.ndarray, ceiling: float, target: float) -> tuple[float, float]:
    """Return the root mean square error of the best curve with this ceiling, and its score at ``target`` images.

    Two parameters with limits: a grid over their logarithms, and finer ones around the best place.
    """
    low, high = np.log([n.min() / 10, 0.2]), np.log([n.max() * 1000, 6.0])
    centre, reach = (low + high) / 2, (high - low) / 2
    for _ in range(ZOOMS):
        half, slope = np.exp(np.clip(centre + np.linspace(-reach, reach, GRID), low, high)).T
        errors = np.square(hill(n, ceiling, half[:, None, None], slope[:, None]) - s).mean(axis=-1)
        best = np.unravel_index(errors.argmin(), errors.shape)
        centre, reach = np.log([half[best[0]], slope[best[1]]]), reach / ZOOM
    return float(np.sqrt(errors.min())), float(hill(target, ceiling, *np.exp(centre)))


GRID, ZOOM, ZOOMS = 41, 5, 9
