"""The named terms of an outfit's score, each 0 (bad) to 1 (good), NaN where nothing is known; their weighted mean.

Outfits are (M, S) int64: places of pieces in a closet, one column a slot, -1 for none.  Terms are float64.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ewardrobe.outfits import warmth
from ewardrobe.outfits.closet import Closet
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import ALL_SLOTS, OCCASIONS, Wish
from ewardrobe.outfits.harmony import ACCENT, COLOURED_SHARE, TEMPLATE_NAMES, harmony
from ewardrobe.wardrobe.vocabulary import SEASONS, STYLES

LABELS = {
    "colour": "Colours",
    "pattern": "Patterns",
    "formality": "Formality",
    "weather": "Season and temperature",
    "compatibility": "Worn together",
    "rotation": "Rested",
    "favourites": "Favourites",
}

DEFAULT_WEIGHTS = {
    "colour": 0.6,
    "pattern": 0.2,
    "formality": 0.6,
    "weather": 1.2,
    "compatibility": 2.0,
    "rotation": 0.6,
    "favourites": 0.4,
}
"""Colour, pattern, formality and compatibility were compared by cross-validation on training outfits (docs/outfits.md);
the others have no outfits to be measured on."""

TERMS = tuple(DEFAULT_WEIGHTS)

FORMALITY = {"sporty": 0, "casual": 1, "smart": 2, "party": 3}
BY_STEPS = np.array([1.0, 0.6, 0.2, 0.05])
"""Agreement of two formalities by the steps between them."""

PATTERN_SCORE = {0: 0.85, 1: 1.0, 2: 0.4}
SAME_PATTERN_SCORE, MANY_PATTERNS_SCORE = 0.65, 0.15
"""All plain; one pattern among plain ones; two different ones, or twice the same; three and more."""

REST_DAYS = {"outer": 2, "shoes": 2, "bag": 1, "hat": 1, "accessory": 1, "bottom": 7, "top": 14, "dress": 21}
"""After so many days a piece counts as rested."""


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of M outfits.

    values: (M, 7) in the order of ``TERMS``.  template: (M,) place in ``TEMPLATE_NAMES``, negative: see ``harmony``.
    clo: (M,) warmth of the garments.  patterned: (M,) pieces that are not solid.
    """

    values: np.ndarray
    template: np.ndarray
    clo: np.ndarray
    patterned: np.ndarray

    def take(self, rows: np.ndarray) -> Terms:
        """Return the terms of the outfits at ``rows``."""
        return Terms(*(value[rows] for value in vars(self).values()))


ASKED_FACTOR = 2.5
"""Formality counts so many times as much where an occasion is asked for."""


def weights_for(wish: Wish, weights: Mapping[str, float]) -> dict[str, float]:
    """Return ``weights`` as they count for ``wish``: what is asked for comes before taste."""
    asked = {"formality": weights.get("formality", 0.0) * ASKED_FACTOR} if wish.occasion else {}
    return {**weights, **asked}


def mean_of(values: np.ndarray, shares: np.ndarray, empty: float = np.nan) -> np.ndarray:
    """Return (N,) float64: the mean of each row of ``values`` (N, k) by ``shares`` (N, k); ``empty`` without shares."""
    total = shares.sum(axis=1)
    return np.divide((values * shares).sum(axis=1), total, out=np.full(len(total), empty), where=total > 0)


def score(values: np.ndarray, weights: Mapping[str, float] = DEFAULT_WEIGHTS) -> np.ndarray:
    """Return (M,) weighted means of the known terms of ``values`` (M, 7), 0..1; 0.5 where nothing is known."""
    known = np.isfinite(values)
    factors = np.array([max(0.0, weights.get(name, 0.0)) for name in TERMS])
    return mean_of(np.where(known, values, 0), factors * known, 0.5)


def terms_of(closet: Closet, outfits: np.ndarray, wish: Wish, model: Compatibility | None) -> Terms:
    """Return the terms of ``outfits`` (M, S), places of pieces in ``closet``, -1 where there is none.

    model: ``None`` leaves the learned term unknown.
    """
    there = outfits >= 0
    colour, template = colour_term(closet, outfits, there)
    pattern, patterned = pattern_term(closet, outfits, there)
    weather, clo = weather_term(closet, outfits, there, wish)
    columns = [
        colour,
        pattern,
        formality_term(closet, outfits, there, wish),
        weather,
        compatibility_term(closet, outfits, model),
        rotation_term(closet, outfits, there),
        favourite_term(closet, outfits, there),
    ]
    return Terms(np.stack(columns, axis=1), template, clo, patterned)


def colour_term(closet: Closet, outfits: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return harmony and template; unknown where fewer than two pieces have colours."""
    value, template = np.full(len(outfits), np.nan), np.full(len(outfits), -1)
    rows = np.flatnonzero((np.any(closet.names, axis=1)[outfits] & there).sum(axis=1) >= 2)
    hues, shades = np.zeros((len(rows), closet.hues.shape[1])), np.zeros((len(rows), closet.shades.shape[1]), bool)
    for column, used in zip(outfits[rows].T, there[rows].T, strict=True):
        hues += closet.hues[column] * used[:, None]
        shades |= closet.shades[column] & used[:, None]
    coloured = closet.hues.sum(axis=1) > COLOURED_SHARE
    pieces = (coloured[outfits[rows]] & there[rows]).sum(axis=1)
    value[rows], template[rows] = harmony(hues, shades.sum(axis=1), pieces)
    return value, template


def pattern_term(closet: Closet, outfits: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well the patterns mix, and how many pieces are not solid; unknown where no two are known."""
    patterns = np.where(there, closet.patterns[outfits], -1)
    count = (patterns > 0).sum(axis=1)
    value = np.array([*PATTERN_SCORE.values(), MANY_PATTERNS_SCORE])[np.minimum(count, 3)]
    highest, lowest = patterns.max(axis=1), np.where(patterns > 0, patterns, 99).min(axis=1)
    value = np.where((count == 2) & (highest == lowest), SAME_PATTERN_SCORE, value)
    return np.where((patterns >= 0).sum(axis=1) >= 2, value, np.nan), count


def formality_term(closet: Closet, outfits: np.ndarray, there: np.ndarray, wish: Wish) -> np.ndarray:
    """Return how far the pieces agree in formality, and with the occasion if there is one."""
    steps = np.array([FORMALITY[style] for style in STYLES] + [-1])  # the last is what -1 picks
    levels = np.where(there, steps[closet.styles[outfits]], -1)
    known = levels >= 0
    spread = np.where(known, levels, 0).max(axis=1) - np.where(known, levels, 3).min(axis=1)
    agreement = np.where(known.sum(axis=1) >= 2, BY_STEPS[np.clip(spread, 0, 3)], np.nan)
    if wish.occasion is None:
        return agreement
    fits = BY_STEPS[np.abs(np.where(known, levels, 0) - FORMALITY[OCCASIONS[wish.occasion]])]
    fit = mean_of(fits, known)
    return np.where(np.isfinite(agreement), 0.3 * agreement + 0.7 * fit, fit)


def weather_term(closet: Closet, outfits: np.ndarray, there: np.ndarray, wish: Wish) -> tuple[np.ndarray, np.ndarray]:
    """Return the fit to temperature and season, and the clo of the garments; unknown where neither is wished."""
    clo = (closet.clo[outfits] * there).sum(axis=1)
    parts = []
    if wish.celsius is not None:
        parts.append(np.where(clo > 0, warmth.fit(clo, wish.celsius), np.nan))
    if wish.season is not None:
        noted = np.any(closet.seasons, axis=1)[outfits] & there
        parts.append(mean_of(closet.seasons[outfits][..., SEASONS.index(wish.season)] * 1.0, noted))
    if not parts:
        return np.full(len(outfits), np.nan), clo
    both = np.stack(parts, axis=1)
    return mean_of(np.nan_to_num(both), np.isfinite(both)), clo


def compatibility_term(closet: Closet, outfits: np.ndarray, model: Compatibility | None) -> np.ndarray:
    """Return the learned rating of the mean over the pairs of garments; unknown without a model or without pairs."""
    if model is None:
        return np.full(len(outfits), np.nan)
    clothes = (closet.categories[outfits] > 0) & (outfits >= 0)
    pairs = list(itertools.combinations(range(outfits.shape[1]), 2))
    values, known = np.zeros((2, len(outfits), len(pairs)))
    for column, (a, b) in enumerate(pairs):
        rows = np.flatnonzero(clothes[:, a] & clothes[:, b])
        known[rows, column] = 1
        # Each different pair is scored once: many outfits share it.
        codes, back = np.unique(outfits[rows, b] * len(closet) + outfits[rows, a], return_inverse=True)
        values[rows, column] = model.pair_scores(closet, codes // len(closet), codes % len(closet))[back]
    return model.rating(mean_of(values, known))


def rotation_term(closet: Closet, outfits: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return how rested the pieces are; unknown in a wardrobe where no wear is logged."""
    if not np.isfinite(closet.idle).any():
        return np.full(len(outfits), np.nan)
    rest = np.array([REST_DAYS[slot] for slot in ALL_SLOTS])[closet.slots]
    rested = np.clip(np.where(np.isfinite(closet.idle), closet.idle, 1000) / rest, 0, 1)
    return mean_of(rested[outfits], there)


def favourite_term(closet: Closet, outfits: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Return how many favourites are in it: 0.4 for none, 0.8 for one, 1 for more; unknown where nobody has any."""
    if not closet.favourite.any():
        return np.full(len(outfits), np.nan)
    return np.array([0.4, 0.8, 1.0])[np.minimum((closet.favourite[outfits] & there).sum(axis=1), 2)]


def template_name(place: int) -> str | None:
    """Return the name of a harmony template, "accent" for one colour among neutrals, ``None`` for neutrals alone."""
    return TEMPLATE_NAMES[place] if place >= 0 else ("accent" if place == ACCENT else None)
