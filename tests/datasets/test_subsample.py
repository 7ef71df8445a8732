"""Fewer photos: how many, which, and how even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.datasets.subsample import balanced_subset, subset, wanted_count


def long_tailed(photos: int = 2000, seed: int = 0) -> np.ndarray:
    """Photos of one or two of 13 categories, the rarest on about one in 300."""
    rng = np.random.default_rng(seed)
    share = np.geomspace(1, 0.01, 13)
    present = np.zeros((photos, 13), bool)
    for row in present:
        row[rng.choice(13, rng.integers(1, 3), replace=False, p=share / share.sum())] = True
    return present


def test_rare_categories_come_in_whole():
    present = long_tailed()
    counts = present.sum(axis=0)
    chosen = balanced_subset(present, 400)
    served = present[chosen].sum(axis=0)
    assert len(chosen) == 400
    rare = counts < 400 / 13 / 2
    assert rare.any() and (served[rare] == counts[rare]).all()
    at_random = present[subset(present, None, 400)].sum(axis=0)
    assert served.min() > 2 * at_random.min() and served.std() < 0.6 * at_random.std()


def test_a_balance_by_hand():
    present = np.zeros((12, 3), bool)
    present[:9, 0], present[9:11, 1], present[11, 2] = True, True, True
    chosen = balanced_subset(present, 6)
    assert present[chosen].sum(axis=0).tolist() == [3, 2, 1]


@pytest.mark.parametrize("balance", [False, True])
def test_the_seed_alone_decides_and_subsets_nest(balance):
    present = long_tailed(300)
    small, large, other = (subset(present, None, n, balance, seed) for n, seed in ((50, 1), (120, 1), (50, 2)))
    assert set(small) < set(large)
    assert small.tolist() == subset(present, None, 50, balance, 1).tolist() != other.tolist()


@given(st.integers(0, 60), st.integers(1, 80), st.booleans(), st.integers(0, 3))
def test_a_subset_is_sorted_unique_and_of_the_size_asked_for(photos, count, balance, seed):
    present = np.random.default_rng(seed).random((photos, 13)) < 0.05  # many photos without any category
    chosen = subset(present, None, count, balance, seed)
    assert len(chosen) == min(photos, count)
    assert (np.diff(chosen) > 0).all() and (not len(chosen) or 0 <= chosen[0] <= chosen[-1] < photos)


@pytest.mark.parametrize(
    ("total", "fraction", "max_images", "expected"),
    [
        (200, None, None, 200),
        (200, 1, None, 200),
        (200, 0.25, None, 50),
        (3, 0.01, None, 1),
        (200, None, 7, 7),
        (5, None, 7, 5),
    ],
)
def test_how_many(total, fraction, max_images, expected):
    assert wanted_count(total, fraction, max_images) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((9, 0.5, 3), "not both"), ((9, 0), "more than 0"), ((9, 1.1), "at most 1"), ((9, None, 0), "at least 1")],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        wanted_count(*arguments)
