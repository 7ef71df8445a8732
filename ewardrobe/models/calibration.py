"""From the logits of a head to chances that mean something, and how that is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """What turns the logits of one head into chances that mean something; measured on photos not trained on.

    log_prior: of every value in the training data.  adjust: the share of it that is added to the logits, which the
    training has balanced (logit adjustment, Menon et al., ICLR 2021).  temperature: divides them (Guo et al., ICML
    2017).  ask_below: the confidence under which the app asks.
    """

    log_prior: tuple[float, ...]
    adjust: float
    temperature: float
    ask_below: float

    def chances(self, logits: np.ndarray) -> np.ndarray:
        """Return (N, values) float64 chances of ``logits`` (N, values); each row sums to 1."""
        return softmax((np.asarray(logits, float) + self.adjust * np.array(self.log_prior)) / self.temperature)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return (N, values) chances of ``logits`` (N, values), float as they are; each row sums to 1."""
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


def places_of(confidence: np.ndarray) -> np.ndarray:
    """Return (N,) int: in which of ``BINS`` of equal width each confidence lies, (N,) float 0..1."""
    return np.minimum((np.asarray(confidence) * BINS).astype(int), BINS - 1)


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray) -> float | None:
    """Return how far confidence and share of right answers lie apart, 0..1; ``None`` without answers.

    confidence: (N,) 0..1; right: (N,) bool.  The mean over ``BINS`` of equal width, each as heavy as it is full
    (Naeini et al., AAAI 2015; Guo et al., ICML 2017).

    >>> round(expected_calibration_error(np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 1, 1, 0], bool)), 3)
    0.1
    """
    if not len(confidence):
        return None
    apart = np.bincount(places_of(confidence), np.asarray(confidence) - np.asarray(right, float), BINS)
    return float(np.abs(apart).sum() / len(confidence))


def f1_by_class(truth: np.ndarray, told: np.ndarray, classes: int) -> list[float | None]:
    """Return F1 of each class; ``None`` for one that is neither in ``truth`` nor in ``told``, both (N,) int.

    >>> f1_by_class(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    [0.666..., 0.666..., None]
    """
    hits = np.bincount(truth[truth == told], minlength=classes)
    sizes = np.bincount(truth, minlength=classes) + np.bincount(told, minlength=classes)
    return [2 * float(hit) / float(size) if size else None for hit, size in zip(hits, sizes, strict=True)]


def macro_f1(truth: np.ndarray, told: np.ndarray, classes: int) -> float | None:
    """Return the mean F1 over the classes that occur in ``truth`` (N,) int; ``None`` without any."""
    by_class = f1_by_class(truth, told, classes)
    scores = [f1 for i in np.unique(truth) if (f1 := by_class[i]) is not None]
    return float(np.mean(scores)) if scores else None
