"""How well outfits are told from thrown-together ones: fill in the blank, and the area under the ROC curve.

Fill in the blank (FITB): one garment of a real outfit is taken out; the method chooses among it and three garments of
the same slot from other outfits.  Compatibility AUC: real outfits against ones in which every garment is replaced by
one of the same slot.  Both after Vasileva et al., ECCV 2018, whose negatives of the same type are the hard ones.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.core.taxonomy import ACCESSORY_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation.bootstrap import interval, resampled
from ewardrobe.evaluation.held_out import photos_named
from ewardrobe.outfits.closet import Closet, closet_of
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import BODY_SLOTS, Wish, category_number, slot_of
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, score, terms_of

CHOICES = 4
RULES = ("colour", "pattern", "formality")

Scorer = Callable[[Closet, np.ndarray], np.ndarray]
"""From a closet and outfits (M, S) of places in it, -1 = nothing, to (M,) scores; higher is better."""


@dataclass(frozen=True, eq=False)
class OutfitSet:
    """Real outfits.  closet: all their garments, N.  members: for each outfit the places of its garments."""

    closet: Closet
    members: tuple[tuple[int, ...], ...]

    def others(self, place: int) -> np.ndarray:
        """Return the places (K,) int of the garments of the same slot in other outfits."""
        own = next(outfit for outfit in self.members if place in outfit)
        return np.setdiff1d(np.flatnonzero(self.closet.slots == self.closet.slots[place]), own)

    def subset(self, chosen: Sequence[int]) -> OutfitSet:
        """Return only the outfits at ``chosen``, with only their garments."""
        places = [place for outfit in chosen for place in self.members[outfit]]
        return OutfitSet(self.closet.take(places), _numbered([self.members[outfit] for outfit in chosen]))


def read_outfits(path: Path) -> OutfitSet:
    """Return the outfits in a JSON file: a list of ``{"items": [{"category_id", "pattern", "material", "style",
    "palette": [{"lab": [L, a, b], "share"}]}, …]}``; items may also have the wardrobe's own ``colours``.

    Shoes, bags and hats (16, 17, 19) are left out, and outfits of one garment beside them: the learned term knows
    clothes only.  Raises ``DatasetError`` that says what is wrong where.
    """
    try:
        outfits = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}", "unreadable file") from error
    except ValueError as error:
        raise DatasetError(f"{path} is no JSON: {error}", "unreadable file") from error
    if not isinstance(outfits, list) or not outfits:
        raise DatasetError(f'{path}: expected a list of outfits, each {{"items": [...]}}', "no outfits")
    read = (_items(outfit, number, path) for number, outfit in enumerate(outfits, 1))
    return outfit_set([items for items in read if len(items) > 1])


def photos_of_outfits(path: Path) -> list[str]:
    """Return what stands for the photos that the outfits in a JSON file were worn in, as ``held_out`` knows photos.

    None where the photo of any outfit, its ``image`` below the file's folder, is not there: then nobody can tell.
    """
    outfits, root = json.loads(Path(path).read_text(encoding="utf-8")), Path(path).parent
    names = [str(outfit.get("image") or "") for outfit in outfits]
    return photos_named(root, names) if all((root / name).is_file() for name in names) else []


def _items(outfit: Any, number: int, path: Path) -> list[dict]:
    items = outfit.get("items") if isinstance(outfit, dict) else None
    if not isinstance(items, list) or len(items) < 2 or not all(isinstance(item, dict) for item in items):
        raise DatasetError(f'{path}: outfit {number} needs a list "items" of at least two garments', "no outfit")
    items = [item for item in items if item.get("category_id") not in ACCESSORY_IDS]
    unknown = [item for item in items if not category_number(item)]
    if unknown:
        what = unknown[0].get("category_id")
        raise DatasetError(f"{path}: outfit {number} has an item of category {what!r}, expected 1..13", "no category")
    return [item | {"colours": item.get("colours") or item.get("palette")} for item in items]


def outfit_set(outfits: Sequence[Sequence[Mapping]]) -> OutfitSet:
    """Return outfits, each a list of items as the wardrobe has them, as an ``OutfitSet``."""
    return OutfitSet(closet_of([item for items in outfits for item in items]), _numbered(outfits))


def _numbered(outfits: Sequence[Sequence]) -> tuple[tuple[int, ...], ...]:
    """Return the places of the garments of each outfit, where they stand one after the other."""
    places = itertools.count()
    return tuple(tuple(itertools.islice(places, len(outfit))) for outfit in outfits)


def scorers(model: Compatibility | None, seed: int = 0) -> dict[str, Scorer]:
    """Return random, colour-only, rules, learned and combined by name; without a model the first three."""
    wish = Wish()

    def weighted(names: Sequence[str], with_model: Compatibility | None) -> Scorer:
        weights = {name: DEFAULT_WEIGHTS[name] for name in names}
        return lambda closet, outfits: score(terms_of(closet, outfits, wish, with_model).values, weights)

    rng = np.random.default_rng((seed, 1))  # not the stream of the questions
    methods: dict[str, Scorer] = {
        "random": lambda closet, outfits: rng.random(len(outfits)),
        "colour-only": weighted(["colour"], None),
        "rules": weighted(RULES, None),
    }
    if model is not None:
        methods["learned"] = weighted(["compatibility"], model)
        methods["combined"] = weighted([*RULES, "compatibility"], model)
    return methods


@dataclass(frozen=True, eq=False)
class Trials:
    """What every method is asked, the same for all.

    blanks: (Q, 4, S) outfits, the true one first; blank_outfit: (Q,) whose.  real: (O, S).  thrown: (O, D, S) outfits
    thrown together for each real one.
    """

    blanks: np.ndarray
    blank_outfit: np.ndarray
    real: np.ndarray
    thrown: np.ndarray


def make_trials(data: OutfitSet, draws: int = 20, seed: int = 0) -> Trials:
    """Return the questions: ``draws`` for each garment of each outfit, and ``draws`` thrown-together outfits for each.

    A garment whose slot has fewer than three others takes part in no blank.
    """
    rng = np.random.default_rng(seed)
    width = max(map(len, data.members))
    real = np.array([[*outfit, *[-1] * (width - len(outfit))] for outfit in data.members])
    blanks, owner, thrown = [], [], np.repeat(real[:, None], draws, axis=1)
    for number, outfit in enumerate(data.members):
        for column, place in enumerate(outfit):
            others = data.others(place)
            if len(others):
                thrown[number, :, column] = rng.choice(others, draws)
            for _ in range(draws if len(others) >= CHOICES - 1 else 0):
                question = np.repeat(real[number : number + 1], CHOICES, axis=0)
                question[1:, column] = rng.choice(others, CHOICES - 1, replace=False)
                blanks.append(question)
                owner.append(number)
    return Trials(np.array(blanks, int).reshape(-1, CHOICES, width), np.array(owner, int), real, thrown)


def evaluate(
    data: OutfitSet, methods: Mapping[str, Scorer], draws: int = 20, resamples: int = 1000, seed: int = 0
) -> list[dict[str, Any]]:
    """Return a row for each method: ``method``, ``fitb``, ``fitb_ci``, ``auc``, ``auc_ci``, and ``against``.

    Intervals are 95 % percentile bootstraps over outfits (Efron, 1979).  ``against``: for every other method the
    intervals of this one's lead, on the same resamples; one that holds 0 means that this set cannot tell them apart.
    """
    trials = make_trials(data, draws, seed)
    tables = {name: _answers(data.closet, trials, scorer) for name, scorer in methods.items()}
    count = len(data.members)
    weights = resampled(count, resamples, seed)
    drawn = {name: np.array([_measures(table, w) for w in weights]).reshape(-1, 2) for name, table in tables.items()}
    rows: list[dict[str, Any]] = []
    for name, table in tables.items():
        fitb, auc = _measures(table, np.ones(count))
        against = {other: _intervals(drawn[name] - sample) for other, sample in drawn.items() if other != name}
        rows.append({"method": name, "fitb": fitb, "auc": auc} | _intervals(drawn[name]) | {"against": against})
    return rows


def _answers(closet: Closet, trials: Trials, scorer: Scorer) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (O,) sums of right answers, (O,) questions, and (O, O) the share of thrown outfits j that i beats."""
    count, width = trials.real.shape
    values = scorer(closet, trials.blanks.reshape(-1, width)).reshape(-1, CHOICES)
    best = values >= values.max(axis=1, keepdims=True) - 1e-12
    right = best[:, 0] / best.sum(axis=1)  # among equals one guesses
    thrown = scorer(closet, trials.thrown.reshape(-1, width)).reshape(count, -1)
    draws = thrown.shape[1]  # a real outfit is scored as often: chance is to be seen at 0.5, not at one roll's luck
    apart = scorer(closet, np.repeat(trials.real, draws, axis=0)).reshape(count, 1, draws) - thrown[None]
    wins = ((apart > 1e-12) + 0.5 * (np.abs(apart) <= 1e-12)).mean(axis=2)
    asked = np.bincount(trials.blank_outfit, minlength=count)
    return np.bincount(trials.blank_outfit, right, minlength=count), asked, wins


def _measures(answers: tuple[np.ndarray, np.ndarray, np.ndarray], weights: np.ndarray) -> tuple[float, float]:
    """Return FITB and AUC with each outfit counted ``weights`` (O,) times."""
    right, asked, wins = answers
    fitb = weights @ right / max(weights @ asked, 1e-12)
    return float(fitb), float(weights @ wins @ weights / weights.sum() ** 2)


def _intervals(samples: np.ndarray) -> dict[str, list[float] | None]:
    """Return the intervals of FITB and AUC, the columns of (R, 2) ``samples``, to four digits."""
    found = {f"{name}_ci": interval(column) for name, column in zip(("fitb", "auc"), samples.T, strict=True)}
    return {name: bounds and [round(bound, 4) for bound in bounds] for name, bounds in found.items()}


def slot_counts(data: OutfitSet) -> dict[str, int]:
    """Return how many garments of each slot there are."""
    slots = [slot_of(item) for item in data.closet.items]
    return {slot: slots.count(slot) for slot in BODY_SLOTS}


def verdicts(rows: list[dict]) -> list[str]:
    """Return a sentence for each method below the last about whether the last is better, by the paired intervals."""
    last = rows[-1]
    lines = []
    for other in rows[:-1]:
        parts = []
        for measure in ("fitb", "auc"):
            low, high = last["against"][other["method"]][f"{measure}_ci"]
            word = "better" if low > 0 else "worse" if high < 0 else "not told apart"
            parts.append(f"{word} ({low:+.3f} … {high:+.3f}) in {measure.upper()}")
        lines.append(f"{last['method']} against {other['method']}: {', '.join(parts)}")
    return lines
