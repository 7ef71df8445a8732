"""How well attributes are told: every judged garment through the very path of the app, under its annotated mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ewardrobe.core.attributes import HEADS, SLEEVE_OF_CATEGORY
from ewardrobe.core.colour_names import COLOUR_NAMES
from ewardrobe.core.taxonomy import INSTANCES
from ewardrobe.datasets.attributes import judged_garments
from ewardrobe.evaluation.bootstrap import RESAMPLES, interval, resampled
from ewardrobe.garments import attributes
from ewardrobe.garments.colours import MULTICOLOUR, colour_ranking
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.models.calibration import BINS, expected_calibration_error, f1_by_class, macro_f1, places_of

TARGETS = {"colour_top1": 0.70, "colour_top2": 0.88, "pattern_macro_f1": 0.55, "kind_accuracy": 0.70}
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
    category_id: int | None = None


def answers(data: Path, split: str, progress=iter) -> list[Answer]:
    """Return what the app says of every judged garment; ``DatasetError`` where the data cannot be read."""
    found = []
    for judged, pixels, mask in progress(judged_garments(data, split)):
        garment = garment_from_mask(pixels, mask, judged.category_id, 1.0)
        truth = judged.values | {"sleeve": SLEEVE_OF_CATEGORY.get(judged.category_id, "")}
        guesses = dict(attributes.guess(garment.cutout, judged.category_id))
        ranking, category_id = colour_ranking(garment.colours), judged.category_id
        found.append(Answer(judged.image, truth, ranking, garment.colour, guesses, category_id))
    return found


def evaluate_attributes(found: list[Answer], resamples: int = RESAMPLES) -> dict:
    """Return the figures of each attribute; ``None`` for what was not told of any garment."""
    return {
        "colour": colour_figures(found, resamples),
        **{name: head_figures(found, name, resamples) for name in HEADS if name != "kind"},
        "kind": kind_figures(found, resamples),
        "targets": TARGETS,
    }


def colour_figures(found: list[Answer], resamples: int = RESAMPLES) -> dict | None:
    """Compare the first and second name with the judged one; "multicolour" is judged apart, it is no colour."""
    named = [a for a in found if a.truth["colour"] in COLOUR_NAMES and a.ranking]
    if not named:
        return None
    truth, best = [a.truth["colour"] for a in named], [a.ranking[0] for a in named]
    first = np.array(truth) == np.array(best)
    second = np.array([a.truth["colour"] in a.ranking[:2] for a in named])
    dark = np.array([set(pair) == DARK for pair in zip(truth, best, strict=True)])
    photos = [a.image for a in named]
    judged, told = zip(*((a.truth["colour"], a.colour) for a in found if a.ranking and a.truth["colour"]), strict=True)
    return {
        "garments": len(named),
        "top1": _mean(first),
        "top1_ci": _interval(lambda drawn: first[drawn].mean(), photos, resamples),
        "top2": _mean(second),
        "top2_ci": _interval(lambda drawn: second[drawn].mean(), photos, resamples),
        "black_navy_confused": _mean(dark),
        "top1_black_navy_as_one": _mean(first | dark),
        "app_name_right": _mean(np.array(judged) == np.array(told)),
        "multicolour_judged": judged.count(MULTICOLOUR),
        "multicolour_told": told.count(MULTICOLOUR),
        "per_value": _head_table(
            COLOUR_NAMES, *(np.array(list(map(COLOUR_NAMES.index, names))) for names in (truth, best))
        ),
    }


def head_figures(found: list[Answer], name: str, resamples: int = RESAMPLES) -> dict | None:
    """Return accuracy, macro-F1, calibration error and what the app asserts, of one head of the network."""
    values = HEADS[name]
    rows = [
        (values.index(a.truth[name]), values.index(guess.value), guess.confidence, guess.sure, a.image)
        for a in found
        if (guess := a.guesses.get(name)) and a.truth[name] in values
    ]
    if not rows:
        return None
    truth, told, confidence, sure, images = map(np.array, zip(*rows, strict=True))
    confusion = np.zeros((len(values),) * 2, int)
    np.add.at(confusion, (truth, told), 1)
    right, common = truth == told, int(np.bincount(truth).argmax())
    return {
        "garments": len(rows),
        "accuracy": _mean(right),
        "accuracy_ci": _interval(lambda drawn: right[drawn].mean(), images, resamples),
        "macro_f1": macro_f1(truth, told, len(values)),
        "macro_f1_ci": _interval(lambda drawn: macro_f1(truth[drawn], told[drawn], len(values)), images, resamples),
        "majority": values[common],
        "majority_accuracy": _mean(truth == common),
        "majority_macro_f1": macro_f1(truth, np.full_like(truth, common), len(values)),
        "ece": expected_calibration_error(confidence, right),
        "reliability": reliability(confidence, right),
        "asserted": _mean(sure),
        "asserted_right": _mean(right[sure]) if sure.any() else None,
        "per_value": _head_table(values, truth, told),
        "confusion": confusion.tolist(),
    }


def kind_figures(found: list[Answer], resamples: int = RESAMPLES) -> dict | None:
    """Return ``head_figures`` of the kinds, how often one of three guesses is right, and a row for each category."""
    figures = head_figures(found, "kind", resamples)
    if figures is None:
        return None
    told = [a for a in found if a.guesses.get("kind") and a.truth["kind"]]
    rows = [
        _category_row(label.name, mine)
        for label in INSTANCES
        if (mine := [a for a in told if a.category_id == label.id])
    ]
    return figures | {
        "top3": _mean(np.array([_is_among(a, 3) for a in told])),
        "commonest_accuracy": sum(row["commonest_accuracy"] * row["garments"] for row in rows) / len(told),
        "per_category": rows,
    }


def _category_row(name: str, told: list[Answer]) -> dict:
    truth = [a.truth["kind"] for a in told]
    commonest = max(dict.fromkeys(truth), key=truth.count)
    return {
        "category": name,
        "garments": len(told),
        "accuracy": _mean(np.array([_is_among(a, 1) for a in told])),
        "top3": _mean(np.array([_is_among(a, 3) for a in told])),
        "commonest": commonest,
        "commonest_accuracy": truth.count(commonest) / len(truth),
    }


def _is_among(answer: Answer, count: int) -> bool:
    """Tell whether the judged kind is among the ``count`` likeliest that the network tells."""
    guess = answer.guesses["kind"]
    likeliest = np.argsort(-np.array(guess.chances), kind="stable")[:count]
    return answer.truth["kind"] in [HEADS["kind"][i] for i in likeliest]


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict]:
    """Return for each filled bin the means of ``confidence``, (N,) float 0..1, and ``right``, (N,) bool, and N."""
    place = places_of(confidence)
    return [
        {"confidence": _mean(confidence[place == b]), "right": _mean(right[place == b]), "garments": int(n)}
        for b, n in enumerate(np.bincount(place, minlength=BINS))
        if n
    ]


def _interval(
    figure: Callable[[np.ndarray], float | None], photos: Sequence[str] | np.ndarray, resamples: int
) -> list[float] | None:
    """Return the 95 % interval of ``figure`` of the garments in the ``photos`` drawn (N,); ``None`` for one photo."""
    names, places = np.unique(photos, return_inverse=True)
    if len(names) < 2:
        return None
    garments = np.arange(len(places))
    return interval(figure(np.repeat(garments, weights[places])) for weights in resampled(len(names), resamples))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values))


def _head_table(values: tuple[str, ...], truth: np.ndarray, told: np.ndarray) -> list[dict]:
    scores, counts = f1_by_class(truth, told, len(values)), np.bincount(truth, minlength=len(values))
    hits = np.bincount(truth[truth == told], minlength=len(values))
    return [
        {"value": value, "garments": int(n), "recall": float(hit / n) if n else None, "f1": f1}
        for value, n, hit, f1 in zip(values, counts, hits, scores, strict=True)
    ]
