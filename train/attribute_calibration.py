"""Calibration of the heads on held-out garments, and their scores there."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from ewardrobe.attributes.calibration import Calibration, expected_calibration_error, macro_f1
from ewardrobe.attributes.values import HEADS

ADJUSTMENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
TEMPERATURES = np.geomspace(0.3, 6, 60)
ASSERTED_RIGHT = 0.8
"""The app may assert where at least this share of the held-out guesses of that confidence or more was right."""

LEAST_ANSWERS = 20
"""On fewer held-out garments no threshold is chosen."""


def calibrate(
    logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], log_prior: dict[str, np.ndarray]
) -> dict[str, Calibration]:
    """Return the calibration of each head from held-out ``logits`` (N, values) and ``labels`` (N,), -1 = not judged."""
    return {
        name: _calibrate_head(logits[name][labels[name] >= 0], labels[name][labels[name] >= 0], log_prior[name])
        for name in HEADS
    }


def scores(
    logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], calibration: dict[str, Calibration]
) -> dict[str, float]:
    """Return accuracy, macro-F1 and calibration error of each head, and ``mean``: of all the macro-F1."""
    values: dict[str, float] = {}
    for name, head in calibration.items():
        judged = labels[name] >= 0
        if not judged.any():
            continue
        chances, truth = head.chances(logits[name][judged]), labels[name][judged]
        told = chances.argmax(axis=1)
        values[f"{name}_accuracy"] = round(float((told == truth).mean()), 4)
        values[f"{name}_f1"] = round(macro_f1(truth, told, len(HEADS[name])), 4)
        values[f"{name}_ece"] = round(expected_calibration_error(chances.max(axis=1), told == truth), 4)
    return {"mean": round(float(np.mean([v for k, v in values.items() if k.endswith("_f1")] or [0])), 4), **values}


def as_content(calibration: dict[str, Calibration]) -> dict[str, dict]:
    """Return ``calibration`` as plain values for a weights file."""
    return {name: asdict(head) for name, head in calibration.items()}


def _calibrate_head(logits: np.ndarray, truth: np.ndarray, log_prior: np.ndarray) -> Calibration:
    prior = tuple(round(float(value), 4) for value in log_prior)
    if not len(truth):
        return Calibration(prior, 1.0, 1.0, 1.0)
    adjust = max(ADJUSTMENTS, key=lambda share: _decisions(logits, truth, prior, share))
    temperature = min(TEMPERATURES, key=lambda t: _surprise(Calibration(prior, adjust, float(t), 1.0), logits, truth))
    head = Calibration(prior, adjust, round(float(temperature), 4), 1.0)
    chances = head.chances(logits)
    threshold = ask_below(chances.max(axis=1), chances.argmax(axis=1) == truth)
    return Calibration(prior, adjust, head.temperature, threshold)


def ask_below(confidence: np.ndarray, right: np.ndarray, share: float = ASSERTED_RIGHT) -> float:
    """Return the lowest confidence from which up a ``share`` of the answers was right; 0.99 where there is none.

    Never below a half: what is more likely wrong than right is a question.
    """
    order = np.argsort(-confidence)
    so_far = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(so_far >= share)
    good = good[good >= LEAST_ANSWERS - 1]
    return round(max(0.5, float(confidence[order][good[-1]])), 3) if len(good) else 0.99


def _decisions(logits: np.ndarray, truth: np.ndarray, prior: tuple, share: float) -> float:
    """Judge a share of the prior by what it decides: rare values and all garments count alike."""
    told = Calibration(prior, share, 1.0, 1.0).chances(logits).argmax(axis=1)
    return macro_f1(truth, told, logits.shape[1]) + float((told == truth).mean())


def _surprise(head: Calibration, logits: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(head.chances(logits)[np.arange(len(truth)), truth] + 1e-9).mean())
