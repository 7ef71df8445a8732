"""Speed side by side: every model on every runtime, each in its own process, taking turns on the same photos.

Turns (each process once over the photos, RGB uint8 (H, W, 3), then the next pass) share out whatever else the machine
does meanwhile; only one process computes at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.images import load_image, png_bytes
from ewardrobe.evaluation import speed

ROUNDS = 5


def write_photos(images: Iterable[np.ndarray], folder: Path, count: int, size: int) -> int:
    """Write the first ``count`` of ``images`` as PNG files whose long side is ``size`` pixels; returns how many."""
    number = 0
    for number, image in enumerate(islice(images, count), start=1):
        factor = size / max(image.shape[:2])
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        scaled = cv2.resize(image, None, fx=factor, fy=factor, interpolation=method)
        (folder / f"{number:04}.png").write_bytes(png_bytes(scaled))
    return number


def synthetic_photos() -> Iterator[np.ndarray]:
    """Draw people in random outfits, RGB uint8, without end."""
    from ewardrobe.datasets.synthetic import random_outfit, render_person

    rng = np.random.default_rng(0)
    while True:
        yield render_person(random_outfit(rng), int(rng.integers(1 << 31)), (640, 480)).image


def data_set_photos(root: Path, split: str, count: int) -> Iterator[np.ndarray]:
    """Read ``count`` photos spread over a data set in DeepFashion2's layout, RGB uint8."""
    from ewardrobe.datasets.deepfashion2 import DeepFashion2

    for record in DeepFashion2(root, split).records(count):
        yield load_image(record.image_path, max_side=None)


def benchmark_models(
    cases: Iterable[tuple[str, str]],
    folder: Path,
    threads: int,
    rounds: int = ROUNDS,
    progress: Callable[[str], None] = print,
) -> list[dict]:
    """Return a row for each case: model, runtime, device, weights_sha256, input_px, load_s, first_ms, ms_median,
    ms_p95, ms_iqr, peak_rss_mb, calls; or model, runtime and ``error``.

    cases: models, each with its runtime.  folder: photos of ``write_photos``.  load_s: from nothing to a loaded model,
    with the imports and the conversion of weights new to OpenVINO.  A model without such a runtime is left out.
    """
    with ExitStack() as stack:
        runs = []
        for model, runtime in cases:
            progress(f"loading {model} on {runtime}")
            pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            run = _SpeedRun(pool, {"model": model, "runtime": runtime})
            run.ask(speed.start, model, runtime, threads, folder)
            if run.row["runtime"] == runtime:
                runs.append(run)
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            for run in runs:
                run.take_turn()
        return [run.row | _times(run.ms) for run in runs]


@dataclass
class _SpeedRun:
    """A model at work in a process of its own; ``row`` says what is known of it."""

    pool: ProcessPoolExecutor
    row: dict
    ms: list[float] = field(default_factory=list)

    def ask(self, function: Callable[..., dict], *words) -> None:
        """Add what ``function`` returns in the process; an error is told, and the other models go on."""
        try:
            self.row |= self.pool.submit(function, *words).result()
        except Exception as error:
            self.row = {key: self.row[key] for key in ("model", "runtime")}
            self.row["error"] = f"{type(error).__name__}: {error}"
            self.ms.clear()

    def take_turn(self) -> None:
        if "error" not in self.row:
            self.ask(speed.take_turn)
            self.ms += self.row.pop("ms", [])


def _times(ms: list[float]) -> dict:
    if not ms:
        return {}
    low, middle, high, p95 = (round(float(value), 2) for value in np.percentile(ms, [25, 50, 75, 95]))
    return {"ms_median": middle, "ms_p95": p95, "ms_iqr": [low, high], "calls": len(ms)}
