"""The exported forms of a model side by side: size, time, mask AP, and how far their outputs are from OpenVINO's f32.

All forms of a model look at each photo, RGB uint8 (H, W, 3), one after the other: whatever else the machine does
meanwhile is shared out.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.core.taxonomy import CATEGORIES, CATEGORY_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.evaluation.coco_eval import MAX_DETECTIONS, CocoMatcher, common_categories, mean_over_categories
from ewardrobe.evaluation.evaluator import MIN_SCORE
from ewardrobe.evaluation.photo import read_truth
from ewardrobe.models import SHOWN_SCORE, Segmenter
from ewardrobe.models.inference import VARIANTS, Network
from ewardrobe.models.networks import exports

TIMED_PHOTOS = 100
REFERENCE = "openvino"


class NetworkTimer:
    """Runs a network, adds up its milliseconds and keeps its last outputs."""

    def __init__(self, network: Network) -> None:
        self.network, self.ms = network, 0.0
        self.last: tuple[np.ndarray, ...] = ()

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for ``inputs``."""
        started = time.perf_counter()
        self.last = self.network(*inputs)
        self.ms += (time.perf_counter() - started) * 1e3
        return self.last


@dataclass(eq=False)
class Run:
    """One form of a model at work: its networks in its segmenter, and what was measured so far."""

    variant: str
    size: int
    networks: list[NetworkTimer]
    segmenter: Segmenter
    matcher: CocoMatcher = field(default_factory=lambda: CocoMatcher("segm"))
    network_ms: list[float] = field(default_factory=list)
    predict_ms: list[float] = field(default_factory=list)
    difference: float | None = 0.0

    def time(self, image: np.ndarray) -> None:
        """Take the time of ``image`` as the app asks for it."""
        for network in self.networks:
            network.ms = 0.0
        started = time.perf_counter()
        self.segmenter.predict(image, SHOWN_SCORE)
        self.predict_ms.append((time.perf_counter() - started) * 1e3)
        self.network_ms.append(sum(network.ms for network in self.networks))


def measure(
    model: str,
    dataset: DeepFashion2,
    variants: Iterable[str] = tuple(VARIANTS),
    *,
    int8: Path | None = None,
    limit: int | None = None,
    timed: int = TIMED_PHOTOS,
    progress: bool = False,
) -> list[dict]:
    """Return a row for each of ``variants`` of ``model``: weights_sha256, size_mb, network_ms and predict_ms (median,
    p95), mask_ap, mask_ap_min10, mask_ap50_min10, ap_loss, output_difference, photos; or ``reason`` why not.

    ap_loss: of ``mask_ap_min10`` against ``REFERENCE``.  output_difference: the largest, as a share of the largest
    output; ``None`` for a Mask R-CNN whose forms keep other regions.  ``network_ms`` sums the calls that a photo needs.
    int8: see ``exports.build``.  limit, timed: how many photos are judged and timed.
    """
    source = exports.read_source(model)
    with tempfile.TemporaryDirectory() as folder:
        started = [_start(variant, source, Path(folder), int8) for variant in variants]
        runs = [run for run in started if isinstance(run, Run)]
        counts, photos = _look(runs, dataset, limit, timed, progress) if runs else (np.zeros(len(CATEGORIES)), 0)
    head = {"model": model, "weights_sha256": source.sha256}
    rows = [head | (row(s, counts, photos) if isinstance(s, Run) else s) for s in started]
    reference = next((r.get("mask_ap_min10") for r in rows if r["variant"] == REFERENCE), None)
    return [_with_loss(r, reference) for r in rows]


def _start(variant: str, source: exports.Source, folder: Path, int8: Path | None) -> Run | dict:
    print(f"{source.model}: {VARIANTS[variant]}", file=sys.stderr, flush=True)
    try:
        networks, size = exports.build(variant, source, folder, int8)
    except exports.Unavailable as error:
        return {"variant": variant, "reason": str(error)}
    timed = {name: NetworkTimer(network) for name, network in networks.items()}
    return Run(variant, size, list(timed.values()), exports.with_networks(source.segmenter, timed))


def _look(runs: list[Run], dataset: DeepFashion2, limit, timed: int, progress: bool) -> tuple[np.ndarray, int]:
    """Show every photo to every run; returns the garments by category, (13,), and the number of photos."""
    total = min(len(dataset), limit or len(dataset))
    every, counts, photos = max(1, total // timed), np.zeros(len(CATEGORIES), int), 0
    for record in tqdm(dataset.records(limit), total=total, unit="photo", disable=not progress):
        try:
            image, truth = load_image(record.image_path, max_side=None), read_truth(record)
        except (ImageError, DatasetError):  # counted by `evaluate`; here forms are compared on what can be read
            continue
        _judge(runs, image, truth)
        if photos and photos % every == 0 or photos == total - 1:  # the first photo is for warming up
            first = photos % len(runs)  # who is first changes from photo to photo
            for run in runs[first:] + runs[:first]:
                run.time(image)
        counts += np.bincount(truth.category_ids, minlength=len(CATEGORIES) + 1)[1:]
        photos += 1
    if not photos:
        raise DatasetError("no photo could be read: give a data set in DeepFashion2's layout")
    return counts, photos


def _judge(runs: list[Run], image: np.ndarray, truth: Detections) -> None:
    """Match what each run finds; compare the outputs of the first part, whose input is the same for all.

    Forms of a Mask R-CNN that do not keep the same regions of every photo cannot be compared.
    """
    outputs = {}
    for run in runs:
        found = run.segmenter.predict(image, MIN_SCORE).only(CATEGORY_IDS)[:MAX_DETECTIONS]
        run.matcher.add(truth, found)
        outputs[run] = run.networks[0].last
    reference = next((outputs[run] for run in runs if run.variant == REFERENCE), None)
    if reference is not None:
        for run in runs:
            by = largest_difference(outputs[run], reference)
            run.difference = None if run.difference is None or by is None else max(run.difference, by)


def largest_difference(outputs: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float | None:
    """Return the largest absolute difference, as a share of the largest absolute value expected of that output.

    outputs, expected: arrays of any shape and number type; ``None`` where their shapes differ.

    >>> largest_difference([np.array([1.0, 2.0])], [np.array([1.0, 4.0])])
    0.5
    """
    if [one.shape for one in outputs] != [one.shape for one in expected]:
        return None
    pairs = zip(outputs, expected, strict=True)
    return max(float(np.abs(a - b).max(initial=0.0) / max(np.abs(b).max(initial=0.0), 1e-9)) for a, b in pairs)


def row(run: Run, counts: np.ndarray, photos: int) -> dict:
    """Return what was measured of ``run``; counts: (13,) garments by category."""
    scores, common = run.matcher.scores(), common_categories(counts)
    return {
        "variant": run.variant,
        "size_mb": round(run.size / 1e6, 2),
        **_times("network_ms", run.network_ms),
        **_times("predict_ms", run.predict_ms),
        "mask_ap": mean_over_categories(scores, "ap"),
        "mask_ap_min10": mean_over_categories(scores, "ap", common),
        "mask_ap50_min10": mean_over_categories(scores, "ap50", common),
        "output_difference": run.difference,
        "photos": photos,
    }


def _times(name: str, ms: list[float]) -> dict:
    return {f"{name}_median": round(float(np.median(ms)), 2), f"{name}_p95": round(float(np.percentile(ms, 95)), 2)}


def _with_loss(measured: dict, reference: float | None) -> dict:
    if "reason" in measured:
        return measured
    value = measured["mask_ap_min10"]
    return measured | {"ap_loss": None if reference is None or value is None else reference - value}
