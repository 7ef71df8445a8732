"""A model judged on webcam views of worn photos: what the live page sees, which the photos of a data set are not."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.webcam import VIEWS, write_views
from ewardrobe.evaluation.evaluator import Options, evaluate
from ewardrobe.models import Segmenter

SEED = 0
"""The views are the same in every evaluation: models are compared on the same frames."""


def evaluate_views(
    segmenter: Segmenter, dataset: DeepFashion2, options: Options, *, progress: bool = False
) -> dict[str, dict]:
    """Return the measures of ``overall`` for each of ``VIEWS``, of ``segmenter`` as the live page runs it.

    A model that sees photos twice (mirrored too) sees a live picture once.  The frames are written to a temporary
    folder and removed again.  Raises ``DatasetError`` when ``dataset`` has no worn photo with a parsing map.
    """
    live = segmenter.at(segmenter.size)
    options = replace(options, refine=False, parsing=False, resamples=0, timed=0)
    result = {}
    for view in VIEWS:
        with tempfile.TemporaryDirectory() as folder:
            with tqdm(total=len(dataset), desc=f"view {view}", unit="photo", disable=not progress) as bar:
                root = write_views(dataset, Path(folder), view, SEED, bar.update)
            result[view] = evaluate(live, DeepFashion2(root, dataset.split), options, progress=progress)["overall"]
    return result
