"""What the owner's likes and dislikes say about the terms: regularised logistic regression, one weight a term.

The chance of a like grows with weight times how much a term is above its mean over all rated outfits.  The weights are
drawn towards the default ones (a Gaussian prior of their own size): a few ratings shift them a little, many decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, LABELS, TERMS

STRENGTH = 3.0
"""Of the pull to the default weights: to double or drop one, ratings must outweigh 3 nats."""

SCALE = 3.0
"""From weight times difference to log-odds: a term of weight 1 that is 0.5 better makes a like e^1.5 times likelier."""

MOST = 3.0
"""A weight stays between 0 and so many times its default."""


@dataclass(frozen=True)
class Preferences:
    """weights: of each term, default where nothing is rated.  likes, dislikes: ratings behind them."""

    weights: dict[str, float]
    likes: int
    dislikes: int

    def changes(self) -> dict[str, float]:
        """Return weight over default weight of each term, those that moved most first."""
        ratios = {name: weight / DEFAULT_WEIGHTS[name] for name, weight in self.weights.items()}
        return dict(sorted(ratios.items(), key=lambda pair: -abs(pair[1] - 1)))

    def sentence(self) -> str:
        """Return in words what was learned."""
        if not self.likes + self.dislikes:
            return "Nothing yet: like or dislike outfits, and what you value counts more."
        if not (self.likes and self.dislikes):
            missing, count = ("dislike" if self.likes else "like"), self.likes + self.dislikes
            return f"{count} ratings, all alike: {missing} some too, so that there is a difference."
        changed = {LABELS[name].lower(): ratio - 1 for name, ratio in self.changes().items() if abs(ratio - 1) >= 0.05}
        moved = [f"{label} {abs(by):.0%} {'more' if by > 0 else 'less'}" for label, by in changed.items()]
        told = " and ".join(
            f"{count} {word}{'' if count == 1 else 's'}"
            for count, word in ((self.likes, "like"), (self.dislikes, "dislike"))
        )
        return f"From {told}: {', '.join(moved)}." if moved else f"{told} do not point in any direction yet."


def learn(feedback: Sequence[Mapping]) -> Preferences:
    """Return the weights that ``feedback`` (entries with ``liked`` and ``terms`` 0..1 by name) makes likeliest.

    The same for the same ratings, whatever their order; without both likes and dislikes the default weights.
    """
    rated = [entry for entry in feedback if entry.get("terms")]
    liked = np.array([bool(entry["liked"]) for entry in rated], bool)
    likes, dislikes = int(liked.sum()), int((~liked).sum())
    if not (likes and dislikes):
        return Preferences(dict(DEFAULT_WEIGHTS), likes, dislikes)
    found = _likeliest(_features(rated), np.where(liked, 1.0, -1.0))
    weights = {name: round(float(weight), 4) for name, weight in zip(TERMS, found, strict=True)}
    return Preferences(weights, likes, dislikes)


def _features(rated: Sequence[Mapping]) -> np.ndarray:
    """Return (n, 7) how far each term is above its mean over the rated outfits; unknown ones are at the mean."""
    values = pd.DataFrame([entry["terms"] for entry in rated], columns=TERMS, dtype=float)
    return (values - values.mean()).fillna(0.0).to_numpy() * SCALE


def _likeliest(features: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """Return the (7,) weights with the greatest posterior; signs: (n,) +1 for a like, -1 for a dislike.

    One parameter after the other moves to the least value of a parabola above the loss (Böhning and Lindsay, 1988), and
    stays within its limits.  The loss is convex: every round lowers it, and there is one best place.
    """
    default = np.array([DEFAULT_WEIGHTS[name] for name in TERMS])
    start, highest = np.append(default, 0.0), np.append(MOST * default, np.inf)
    lowest, pull = np.append(0 * default, -np.inf), np.append(STRENGTH / default**2, 0.01)
    columns = np.column_stack([features, np.ones(len(features))]) * signs[:, None]
    bend = (columns**2).sum(axis=0) / 4 + 2 * pull
    found, moved = start.copy(), np.inf
    margins = columns @ found
    while moved > 1e-6:
        before = found.copy()
        for i, column in enumerate(columns.T):
            slope = column @ (np.tanh(margins / 2) - 1) / 2 + 2 * pull[i] * (found[i] - start[i])
            new = np.clip(found[i] - slope / bend[i], lowest[i], highest[i])
            margins += column * (new - found[i])
            found[i] = new
        moved = np.abs(found - before).max()
    return found[:-1]
