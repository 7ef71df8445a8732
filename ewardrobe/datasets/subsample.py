"""Fewer photos, chosen at random or so that every category gets as equal a share as the data allow."""

from __future__ import annotations

import numpy as np


def wanted_count(total: int, fraction: float | None = None, max_images: int | None = None) -> int:
    """Return how many of ``total`` photos to take: a ``fraction`` in (0, 1], or at most ``max_images``, not both.

    >>> wanted_count(250, fraction=0.1), wanted_count(250, max_images=1000), wanted_count(250)
    (25, 250, 250)
    """
    if fraction is not None and max_images is not None:
        raise ValueError("give a fraction or a number of images, not both")
    if fraction is not None and not 0 < fraction <= 1:
        raise ValueError(f"fraction: expected more than 0 and at most 1, got {fraction}")
    if max_images is not None and max_images < 1:
        raise ValueError(f"max_images: expected at least 1, got {max_images}")
    return min(total, max_images or total) if fraction is None else max(1, round(total * fraction))


def balanced_subset(present: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Return ``count`` sorted places of photos whose categories are as evenly spread as the data allow.

    present: (N, C) bool, the categories on each photo.  Photo by photo the category that the subset has least of is
    served, from a shuffled list of its photos, until its photos are used up: the rare categories come in whole.
    """
    order = np.random.default_rng(seed).permutation(len(present))
    queues = [iter(order[present[order, c]].tolist()) for c in range(present.shape[1])]
    counts = np.zeros(len(queues))
    chosen: dict[int, None] = {}
    while len(chosen) < count and np.isfinite(counts).any():
        rarest = int(counts.argmin())
        photo = next((p for p in queues[rarest] if p not in chosen), None)
        if photo is None:
            counts[rarest] = np.inf
            continue
        chosen[photo] = None
        counts += present[photo]
    rest = (p for p in order.tolist() if p not in chosen)  # photos without any category
    return np.sort(np.array([*chosen, *(next(rest) for _ in range(min(count, len(present)) - len(chosen)))], np.int64))


def subset(
    present: np.ndarray, fraction: float | None, max_images: int | None, balance: bool = False, seed: int = 0
) -> np.ndarray:
    """Return the sorted places that ``--fraction`` or ``--max-images``, ``--balance`` and ``--seed`` choose.

    present: (N, C) bool as in ``Index.present``.  With one seed the smaller subset is part of the larger.
    """
    count = wanted_count(len(present), fraction, max_images)
    if balance:
        return balanced_subset(present, count, seed)
    return np.sort(np.random.default_rng(seed).permutation(len(present))[:count])
