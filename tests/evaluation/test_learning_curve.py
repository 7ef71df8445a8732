"""The curve through a run's validations: exact data give the curve back, noise a range that holds it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from ewardrobe.evaluation.learning_curve import CEILINGS, hill, outlook

IMAGES = np.linspace(10_000, 150_000, 12)
TRUE = {"ceiling": 0.7, "half": 60_000, "slope": 1.4}


def test_half_the_ceiling_is_reached_at_half():
    assert hill(60_000, **TRUE) == pytest.approx(0.35)
    assert hill(1e12, **TRUE) == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize("factor", [2.0, 10.0])
def test_exact_data_give_the_curve_back(factor):
    found = outlook(zip(IMAGES, hill(IMAGES, **TRUE), strict=True), factor)
    assert found.score == pytest.approx(hill(factor * 150_000, **TRUE), abs=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_the_range_holds_what_comes(seed):
    noise = np.random.default_rng(seed).normal(0, 0.01, len(IMAGES))
    found = outlook(zip(IMAGES, hill(IMAGES, **TRUE) + noise, strict=True))
    assert found.images == 300_000
    assert found.low - 0.02 <= hill(300_000, **TRUE) <= found.high + 0.02
    assert found.low <= found.score <= found.high


@pytest.mark.parametrize(
    ("images", "scores"),
    [
        ([], []),
        ([1, 2, 3, 4], [0.1, 0.2, 0.3, 0.4]),
        (range(1, 9), [0.5] * 8),
        (range(1, 9), np.linspace(0.5, 0.1, 8)),
        ([5] * 8, np.linspace(0.1, 0.5, 8)),
        (range(1, 9), [np.nan] * 8),
    ],
)
def test_nothing_is_read_into_too_little(images, scores):
    assert outlook(zip(images, scores, strict=True)) is None


@pytest.mark.parametrize("seed", range(5))
def test_the_best_curve_is_scipys(seed):
    scores = hill(IMAGES, **TRUE) + np.random.default_rng(seed).normal(0, 0.01, len(IMAGES))

    def fit(ceiling: float) -> tuple[float, float]:
        found = least_squares(lambda p: hill(IMAGES, ceiling, *np.exp(p)) - scores, np.log([60_000, 1.0]))
        return found.cost, hill(300_000, ceiling, *np.exp(found.x))

    _, best = min(fit(ceiling) for ceiling in CEILINGS)
    assert outlook(zip(IMAGES, scores, strict=True)).score == pytest.approx(best, abs=1e-4)
