"""Calibration of the heads on held-out garments, and their scores there.

    python -m train.attributes.calibration runs/attributes/best.pt --data DATA

calibrates a weights file anew by the app's own path, which looks at a garment twice and at the photo's resolution,
where the training looks at small crops; the photos are those that its training held out, or the validation's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ewardrobe.core.attributes import HEADS
from ewardrobe.datasets.attributes import judged_garments, read_judged
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.models.attributes import load_classifier
from ewardrobe.models.calibration import Calibration, expected_calibration_error, macro_f1
from train.attributes.data import held_out_photos, label, log_priors
from train.loop import checkpoints
from train.loop.config import exit_code, make_parser

ADJUSTMENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
TEMPERATURES = np.geomspace(0.3, 6, 60)
ASSERTED_RIGHT = 0.8
"""The app may assert where at least this share of the held-out guesses of that confidence or more was right."""

LEAST_ANSWERS = 20
"""On fewer held-out garments no threshold is chosen."""


def calibrate(
    logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], log_prior: dict[str, np.ndarray]
) -> dict[str, Calibration]:
    """Return the calibration of each head, from what is held out.

    logits: (N, values) float32; labels: (N,) int64, -1 = not judged; log_prior: (values,) float64.
    """
    return {
        name: _calibrate_head(logits[name][labels[name] >= 0], labels[name][labels[name] >= 0], log_prior[name])
        for name in HEADS
    }


def scores(
    logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], calibration: dict[str, Calibration]
) -> dict[str, float]:
    """Return accuracy, macro-F1 and calibration error of each head, and ``mean``: of all the macro-F1; all 0..1.

    logits: (N, values) float32; labels: (N,) int64, -1 = not judged.
    """
    values: dict[str, float] = {}
    for name, head in calibration.items():
        judged = labels[name] >= 0
        if not judged.any():
            continue
        chances, truth = head.chances(logits[name][judged]), labels[name][judged]
        told = chances.argmax(axis=1)
        values[f"{name}_accuracy"] = round(float((told == truth).mean()), 4)
        values[f"{name}_f1"] = round(macro_f1(truth, told, len(HEADS[name])) or 0.0, 4)
        values[f"{name}_ece"] = round(expected_calibration_error(chances.max(axis=1), told == truth) or 0.0, 4)
    return {"mean": round(float(np.mean([v for k, v in values.items() if k.endswith("_f1")] or [0])), 4), **values}


def _calibrate_head(logits: np.ndarray, truth: np.ndarray, log_prior: np.ndarray) -> Calibration:
    prior = tuple(round(float(value), 4) for value in log_prior)
    if not len(truth):
        return Calibration(prior, 1.0, 1.0, 1.0)

    def decisions(share: float) -> float:
        """Judge a share of the prior by what it decides: rare values and all garments count alike."""
        told = Calibration(prior, share, 1.0, 1.0).chances(logits).argmax(axis=1)
        return (macro_f1(truth, told, logits.shape[1]) or 0.0) + float((told == truth).mean())

    adjust = max(ADJUSTMENTS, key=decisions)

    def surprise(temperature: float) -> float:
        chances = Calibration(prior, adjust, float(temperature), 1.0).chances(logits)
        return float(-np.log(chances[np.arange(len(truth)), truth] + 1e-9).mean())

    head = Calibration(prior, adjust, round(float(min(TEMPERATURES, key=surprise)), 4), 1.0)
    chances = head.chances(logits)
    return replace(head, ask_below=ask_below(chances.max(axis=1), chances.argmax(axis=1) == truth))


def ask_below(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the lowest confidence from which up ``ASSERTED_RIGHT`` of the answers were right; 0.99 if there is none.

    confidence: (N,) float, 0..1; right: (N,) bool.  Never below a half: what is more likely wrong than right is a
    question.
    """
    order = np.argsort(-confidence)
    so_far = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(so_far >= ASSERTED_RIGHT)
    good = good[good >= LEAST_ANSWERS - 1]
    return round(max(0.5, float(confidence[order][good[-1]])), 3) if len(good) else 0.99


def recalibrate(path: Path, data: Path) -> dict[str, float]:
    """Calibrate the weights file ``path`` on its held-out photos of ``data`` and return the scores there."""
    content = checkpoints.read(path)
    logits, labels = _served_logits(path, data, content["info"]["config"])
    judged = read_judged(data, "train")  # a validation split is too small to say how common a kind is
    seen = {name: np.array([label(name, one) for one in judged]) for name in HEADS}
    calibration = calibrate(logits, labels, log_priors(seen, np.ones(len(judged))))
    values = scores(logits, labels, calibration)
    content["info"]["scores"] = values
    checkpoints.write(path, content | {"calibration": {name: asdict(head) for name, head in calibration.items()}})
    return values


def _served_logits(path: Path, data: Path, config: dict) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return logits and labels of the held-out garments, from their cut-outs as the app makes them."""
    classifier = load_classifier(path)
    split, photos = "validation", None
    if config["held_out"]:
        names = (judged.image for judged in read_judged(data, "train"))
        split, photos = "train", held_out_photos(names, config["held_out"], config["seed"])
    found, labels = [], []
    for judged, pixels, mask in tqdm(judged_garments(data, split, photos), unit="garment", disable=None):
        cutout = garment_from_mask(pixels, mask, judged.category_id, 1.0).cutout
        found.append(classifier.logits(np.ascontiguousarray(cutout[..., :3]), cutout[..., 3], judged.category_id))
        labels.append([label(name, judged) for name in HEADS])
    joined = {name: np.concatenate([one[name] for one in found]) for name in HEADS}
    return joined, dict(zip(HEADS, np.array(labels).T, strict=True))


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("weights", type=Path, help="a best.pt that train.attributes wrote; it is written anew")
    parser.add_argument("--data", type=Path, required=True, help="the data set that it was trained on")
    args = parser.parse_args(argv)
    return exit_code(lambda: print(recalibrate(args.weights, args.data)))


if __name__ == "__main__":
    sys.exit(main())
