"""How sure figures are: the bootstrap over photos or outfits (Efron, 1979; percentile intervals)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

RESAMPLES = 300


def resampled(count: int, resamples: int, seed: int = 0) -> np.ndarray:
    """Return (resamples, count) int: how often each of ``count`` photos is drawn, with replacement."""
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(resamples)]
    return np.array(drawn, int).reshape(resamples, count)


def interval(values: Iterable[float | None]) -> list[float] | None:
    """Return the 95 % interval of what the resamples gave; ``None`` where they gave nothing."""
    known = [value for value in values if value is not None]
    return np.percentile(known, (2.5, 97.5)).tolist() if known else None
