"""One evaluator for every model: what the app would show for each photo, compared with the annotation.

Masks are turned into run lengths as soon as they are predicted and matched in chunks, so that memory does not grow with
the data set (a few kilobytes a photo stay).
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ewardrobe.core import process
from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, Record
from ewardrobe.datasets.samples import read_photo
from ewardrobe.datasets.webcam import VIEWS, write_views
from ewardrobe.evaluation.accessories import AccessoryJudgements
from ewardrobe.evaluation.bootstrap import RESAMPLES
from ewardrobe.evaluation.coco_eval import MAX_DETECTIONS, CocoMatcher
from ewardrobe.evaluation.photo import add_parsing, add_refined, judge, read_truth
from ewardrobe.evaluation.speed import best_ms, peak_rss_mb
from ewardrobe.evaluation.summary import Judgements, summarise
from ewardrobe.garments.cutout import extract_garments
from ewardrobe.models import SHOWN_SCORE, Parser, Segmenter
from ewardrobe.models.unet import label_map

MIN_SCORE = 0.01
"""Candidates down to this score enter AP, which judges the ranking and not one threshold."""

TIMED_PHOTOS = 25
TIMES = ("ms", "cut_ms", "refined_ms")
"""What is timed: the model's answer; the photo with its garments cut out; the same with their outlines refined."""

VIEWS_SEED = 0
"""The webcam views are the same in every evaluation: models are compared on the same frames."""


@dataclass(frozen=True)
class Options:
    """What to judge, beside AP and pixels.

    threshold: confidence from which the app shows a garment.  min_score: lowest one that enters AP.  refine: also
    judge the garments after their refinement.  parsing: also judge the label map of a model that is a ``Parser``.
    resamples: of the bootstrap, 0 for none.  timed: photos of which the time is taken.
    """

    threshold: float = SHOWN_SCORE
    min_score: float = MIN_SCORE
    refine: bool = False
    parsing: bool = True
    resamples: int = RESAMPLES
    timed: int = TIMED_PHOTOS


def evaluate(
    segmenter: Segmenter,
    dataset: DeepFashion2,
    options: Options | None = None,
    *,
    limit: int | None = None,
    progress: bool = False,
) -> dict:
    """Return the metrics of ``segmenter`` on ``dataset``: fractions of 1, ``None`` where there was nothing to judge.

    The measures are of the 13 garments, on the photos that show any; where ``dataset`` is read with accessories,
    ``accessories`` has a row for each of these, of the photos on which it is labelled.
    limit: at most so many photos, spread evenly over the data set.  progress: a bar on stderr.
    Photos that cannot be read are listed under ``meta.skipped``; raises ``DatasetError`` when none is left.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected a number of photos from 1, got {limit}")
    options, total = options or Options(), min(len(dataset), limit or len(dataset))
    run = _Run(segmenter, options, timed_every=max(1, total // max(1, options.timed)))
    bar = tqdm(dataset.records(limit), f"evaluate {segmenter.name}", total, unit="photo", disable=not progress)
    for record in bar:
        run.add(record)
    if not run.judged.photos:
        reasons = run.skipped + dataset.problems
        raise DatasetError(f"no photo could be evaluated: {'; '.join(reasons[:3]) or 'the data set is empty'}")
    beside = {"accessories": rows} if (rows := run.accessories.rows()) else {}
    return summarise(run.judged, options.resamples) | beside | {"speed": run.speed(), "meta": run.meta(dataset)}


def evaluate_views(
    segmenter: Segmenter, dataset: DeepFashion2, options: Options, *, progress: bool = False
) -> dict[str, dict]:
    """Return the measures of ``overall`` for each of ``VIEWS``, of ``segmenter`` as the live page runs it.

    A model that sees photos twice (mirrored too) sees a live picture once.  The frames are written to a temporary
    folder and removed again.  Raises ``DatasetError`` when ``dataset`` has no worn photo with a parsing map.
    """
    live, dataset = segmenter.at(segmenter.size), DeepFashion2(dataset.root, dataset.split)
    options = replace(options, refine=False, parsing=False, resamples=0, timed=0)
    result = {}
    for view in VIEWS:
        with tempfile.TemporaryDirectory() as folder:
            with tqdm(total=len(dataset), desc=f"view {view}", unit="photo", disable=not progress) as bar:
                root = write_views(dataset, Path(folder), view, VIEWS_SEED, bar.update)
            result[view] = evaluate(live, DeepFashion2(root, dataset.split), options, progress=progress)["overall"]
    return result


class _Run:
    """One pass over the photos: predictions, judgements and times."""

    def __init__(self, segmenter: Segmenter, options: Options, timed_every: int) -> None:
        self.segmenter, self.options, self.timed_every = segmenter, options, timed_every
        self.parser = segmenter if options.parsing and isinstance(segmenter, Parser) else None
        threads = process.cpu_threads()
        self.judged = Judgements(CocoMatcher("segm", threads=threads), CocoMatcher("bbox"), [], options.threshold)
        self.accessories = AccessoryJudgements(options.threshold)
        self.looked_at = 0
        self.skipped: list[str] = []
        self.first_ms: float | None = None
        self.times_ms: dict[str, list[float]] = {name: [] for name in TIMES}
        self.sizes: list[tuple[int, int]] = []
        self.disagreements = 0

    def add(self, record: Record) -> None:
        try:
            self._judge(record, read_photo(record))
        except DatasetError as error:
            self.skipped.append(str(error))

    def _judge(self, record: Record, image: np.ndarray) -> None:
        started = time.perf_counter()
        detections = self.segmenter.predict(image, self.options.min_score)
        if self.first_ms is None:  # what the app's first photo costs: kernels chosen, memory allocated
            self.first_ms = (time.perf_counter() - started) * 1e3
        truth, self.looked_at = read_truth(record), self.looked_at + 1
        self.accessories.add(record, image, truth, detections)
        accessories_alone = bool(record.items) and not record.garments_only().items
        record, truth = record.garments_only(), truth.only(CATEGORY_IDS)
        if accessories_alone:
            return
        detections = detections.only(CATEGORY_IDS)[:MAX_DETECTIONS]
        shown = detections.above(self.options.threshold)
        result = judge(record, truth, detections, self.options.threshold)
        if self.options.refine:
            add_refined(result, truth, image, shown)
        if self.parser is not None and record.parsing_path is not None:
            add_parsing(result, record, label_map(self.parser.parse(image), image.shape[:2]))
        for matcher in (self.judged.masks, self.judged.boxes):
            matcher.add(truth, detections)
        self._time(image, len(shown))
        self.judged.photos.append(result)
        self.sizes.append(image.shape[:2])

    def _time(self, image: np.ndarray, shown: int) -> None:
        """Take the time of some photos as the app asks for them; it must also get what was judged."""
        if len(self.judged.photos) % self.timed_every or len(self.times_ms["ms"]) >= self.options.timed:
            return
        looked, detections = best_ms(lambda: self.segmenter.predict(image, self.options.threshold))
        self.times_ms["ms"].append(looked)
        self.disagreements += len(detections.only(CATEGORY_IDS)) != shown
        for name, refine in (("cut_ms", False), ("refined_ms", True)):
            if self.options.refine:
                cutting, _ = best_ms(partial(extract_garments, image, detections, refine=refine))
                self.times_ms[name].append(looked + cutting)

    def speed(self) -> dict:
        heights, widths = np.array(self.sizes).T
        medians = {f"{name}_median": _percentile(times, 50) for name, times in self.times_ms.items()}
        return medians | {
            "ms_p95": _percentile(self.times_ms["ms"], 95),
            "first_ms": None if self.first_ms is None else round(self.first_ms, 2),
            "photos_timed": len(self.times_ms["ms"]),
            "threads": process.cpu_threads(),
            "runtime": self.segmenter.runtime,
            "precision": self.segmenter.precision,
            "image_width_median": int(np.median(widths)),
            "image_height_median": int(np.median(heights)),
            "megapixels_max": round(float((heights * widths).max() / 1e6), 3),
            "peak_rss_mb": peak_rss_mb(),
        }

    def meta(self, dataset: DeepFashion2) -> dict:
        return {
            "model": self.segmenter.name,
            "images": len(self.judged.photos),
            "looked_at": self.looked_at,
            "min_score": self.options.min_score,
            "app_threshold": self.options.threshold,
            "raw_thresholds": self.segmenter.confidence.by_name(),
            "refined": self.options.refine,
            "skipped": self.skipped,
            "annotation_problems": list(dataset.problems),
            "threshold_disagreements": self.disagreements,
        }


def _percentile(times: list[float], percent: float) -> float | None:
    return round(float(np.percentile(times, percent)), 2) if times else None
