"""How well attributes are told: every judged garment through the very path of the app, under its annotated mask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ewardrobe.core.attributes import HEADS, SLEEVE_OF_CATEGORY
from ewardrobe.core.colour_names import COLOUR_NAMES
from ewardrobe.datasets.attributes import judged_garments
from ewardrobe.evaluation.bootstrap import PERCENTILES
from ewardrobe.garments import attributes
from ewardrobe.garments.colours import MULTICOLOUR, colour_ranking
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.models.calibration import BINS, expected_calibration_error, f1_by_class, macro_f1

TARGETS = {"colour_top1": 0.70, "colour_top2": 0.88, "pattern_macro_f1": 0.55}
DARK = {"black", "navy"}
"""Two names that people who judge photos confuse with each other; told apart by no figure of theirs."""


@dataclass(frozen=True)
class Answer:
    """What was judged of one garment and what the app says; empty guesses: no weights, or not told."""

    image: str
    truth: dict[str, str]
    ranking: tuple[str, ...]
    colour: str
    guesses: dict


def answers(data: Path, split: str, progress=iter) -> list[Answer]:
    """Return what the app says of every judged garment; ``DatasetError`` where the data cannot be read."""
    return [_answer(*found) for found in progress(judged_garments(data, split))]


def evaluate_attributes(found: list[Answer], resamples: int = 300) -> dict:
    """Return the figures of each attribute; ``None`` for what was not told of any garment."""
    return {
        "colour": colour_figures(found, resamples),
        **{name: head_figures(found, name, resamples) for name in HEADS},
        "targets": TARGETS,
    }


def colour_figures(found: list[Answer], resamples: int = 300) -> dict | None:
    """Compare the first and second name with the judged one; "multicolour" is judged apart, it is no colour."""
    named = [a for a in found if a.truth["colour"] in COLOUR_NAMES and a.ranking]
    if not named:
        return None
    truth = [a.truth["colour"] for a in named]
    first = np.array([t == a.ranking[0] for t, a in zip(truth, named, strict=True)])
    second = np.array([t in a.ranking[:2] for t, a in zip(truth, named, strict=True)])
    dark = np.array([{t, a.ranking[0]} == DARK for t, a in zip(truth, named, strict=True)])
    places = _places([a.image for a in named])
    told = [a.colour for a in found if a.ranking]
    judged = [a.truth["colour"] for a in found if a.ranking]
    return {
        "garments": len(named),
        "top1": _mean(first),
        "top1_ci": interval(first, places, resamples),
        "top2": _mean(second),
        "top2_ci": interval(second, places, resamples),
        "black_navy_confused": _mean(dark),
        "top1_black_navy_as_one": _mean(first | dark),
        "app_name_right": _mean(np.array(judged) == np.array(told)),
        "multicolour_judged": judged.count(MULTICOLOUR),
        "multicolour_told": told.count(MULTICOLOUR),
        "per_value": _colour_table(truth, [a.ranking[0] for a in named]),
    }


def head_figures(found: list[Answer], name: str, resamples: int = 300) -> dict | None:
    """Return accuracy, macro-F1, calibration error and what the app asserts, of one head of the network."""
    values = HEADS[name]
    rows = [(values.index(a.truth[name]), a.guesses[name], a.image) for a in found if _can_judge(a, name)]
    if not rows:
        return None
    truth = np.array([row[0] for row in rows])
    told = np.array([values.index(guess.value) for _, guess, _ in rows])
    confidence = np.array([guess.confidence for _, guess, _ in rows])
    sure = np.array([guess.sure for _, guess, _ in rows])
    right, places = truth == told, _places([row[2] for row in rows])
    common = int(np.bincount(truth).argmax())
    return {
        "garments": len(rows),
        "accuracy": _mean(right),
        "accuracy_ci": interval(right, places, resamples),
        "macro_f1": macro_f1(truth, told, len(values)),
        "macro_f1_ci": _macro_interval(truth, told, len(values), places, resamples),
        "majority": values[common],
        "majority_accuracy": _mean(truth == common),
        "majority_macro_f1": macro_f1(truth, np.full_like(truth, common), len(values)),
        "ece": expected_calibration_error(confidence, right),
        "reliability": reliability(confidence, right),
        "asserted": _mean(sure),
        "asserted_right": _mean(right[sure]) if sure.any() else None,
        "per_value": _head_table(values, truth, told),
        "confusion": np.bincount(truth * len(values) + told, minlength=len(values) ** 2)
        .reshape(len(values), -1)
        .tolist(),
    }


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[dict]:
    """Return for each filled bin of confidence the mean confidence, the share of right answers, and their number."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {"confidence": _mean(confidence[place == b]), "right": _mean(right[place == b]), "garments": int(n)}
        for b, n in enumerate(np.bincount(place, minlength=bins))
        if n
    ]


def interval(values: np.ndarray, places: np.ndarray, resamples: int, seed: int = 0) -> list[float] | None:
    """Return the 95 % interval of the mean of ``values`` (N,), photos ``places`` (N,) drawn with replacement."""
    weights = _resampled(places, resamples, seed)
    if weights is None:
        return None
    means = [float(w @ values / w.sum()) for w in weights if w.sum()]
    return [float(v) for v in np.percentile(means, PERCENTILES)]


def _macro_interval(truth, told, classes: int, places, resamples: int, seed: int = 0) -> list[float] | None:
    weights = _resampled(places, resamples, seed)
    if weights is None:
        return None
    repeated = (np.repeat(np.arange(len(truth)), w) for w in weights)
    scores = [macro_f1(truth[r], told[r], classes) for r in repeated if len(r)]
    return [float(v) for v in np.percentile(scores, PERCENTILES)]


def _resampled(places: np.ndarray, resamples: int, seed: int) -> list[np.ndarray] | None:
    """Return how often each garment counts in every resample of the photos; ``None`` for one photo or no resample."""
    count = int(places.max()) + 1
    if count < 2 or not resamples:
        return None
    rng = np.random.default_rng(seed)
    return [np.bincount(rng.integers(0, count, count), minlength=count)[places] for _ in range(resamples)]


def _answer(judged, pixels: np.ndarray, mask: np.ndarray) -> Answer:
    garment = garment_from_mask(pixels, mask, judged.category_id, 1.0)
    truth = judged.values | {"sleeve": SLEEVE_OF_CATEGORY.get(judged.category_id, "")}
    guesses = dict(attributes.guess(garment.cutout, judged.category_id))
    return Answer(judged.image, truth, colour_ranking(garment.colours), garment.colour, guesses)


def _can_judge(answer: Answer, name: str) -> bool:
    return name in answer.guesses and answer.truth[name] in HEADS[name]


def _places(images: list[str]) -> np.ndarray:
    return np.unique(images, return_inverse=True)[1]


def _mean(values: Iterable) -> float:
    return float(np.mean(values))


def _head_table(values: tuple[str, ...], truth: np.ndarray, told: np.ndarray) -> list[dict]:
    scores, counts = f1_by_class(truth, told, len(values)), np.bincount(truth, minlength=len(values))
    hits = np.bincount(truth[truth == told], minlength=len(values))
    return [
        {"value": value, "garments": int(n), "recall": float(hit / n) if n else None, "f1": f1}
        for value, n, hit, f1 in zip(values, counts, hits, scores, strict=True)
    ]


def _colour_table(truth: list[str], told: list[str]) -> list[dict]:
    places = [np.array([COLOUR_NAMES.index(name) for name in names]) for names in (truth, told)]
    return _head_table(COLOUR_NAMES, *places)
