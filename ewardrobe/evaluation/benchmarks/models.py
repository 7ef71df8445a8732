"""Speed side by side: every model on every runtime, each in its own process, taking turns on the same photos.

Turns (one pass over the photos for each process, then the next pass) share out whatever else the machine does
meanwhile; only one process computes at a time.

Photos are RGB uint8 (H, W, 3).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from ewardrobe.core.images import load_image, png_bytes, scale_to

PHOTOS, ROUNDS, SIZE = 10, 5, 1280


@dataclass(frozen=True)
class SpeedCase:
    """One model on one runtime (``openvino`` or ``torch``)."""

    model: str
    runtime: str


def write_photos(images: Iterable[np.ndarray], folder: Path, count: int, size: int) -> int:
    """Write the first ``count`` of ``images`` as PNG files whose long side is ``size`` pixels; returns how many."""
    number = 0
    for number, image in enumerate(islice(images, count), start=1):
        (folder / f"{number:04}.png").write_bytes(png_bytes(_with_long_side(image, size)))
    return number


def synthetic_photos(seed: int = 0) -> Iterator[np.ndarray]:
    """Draw people in random outfits, RGB uint8, without end."""
    from ewardrobe.datasets.synthetic import random_outfit, render_person

    rng = np.random.default_rng(seed)
    while True:
        yield render_person(random_outfit(rng), int(rng.integers(1 << 31)), (640, 480)).image


def data_set_photos(root: Path, split: str, count: int) -> Iterator[np.ndarray]:
    """Read ``count`` photos spread over a data set in DeepFashion2's layout, RGB uint8."""
    from ewardrobe.datasets.deepfashion2 import DeepFashion2

    for record in DeepFashion2(root, split).records(count):
        yield load_image(record.image_path, max_side=None)


def benchmark_models(
    cases: Iterable[SpeedCase],
    folder: Path,
    threads: int,
    rounds: int = ROUNDS,
    progress: Callable[[str], None] = print,
) -> list[dict]:
    """Return a row for each case: model, runtime, device, weights_sha256, input_px, load_s, first_ms, ms_median,
    ms_p95, ms_iqr, peak_rss_mb, calls; or model, runtime and ``error``.

    folder: photos of ``write_photos``.  load_s: from nothing to a loaded model, with the imports and, for weights that
    OpenVINO has not seen before, their conversion.  A case whose model has no such runtime is left out.
    """
    with ExitStack() as stack:
        started = [stack.enter_context(_Process(case, folder, threads)) for case in _told(cases, progress)]
        runs = [run for run in started if "error" in run.answer or run.answer["runtime"] == run.case.runtime]
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            for run in runs:
                run.round()
        return [run.row() for run in runs]


def _told(cases: Iterable[SpeedCase], progress) -> Iterator[SpeedCase]:
    for case in cases:
        progress(f"loading {case.model} on {case.runtime}")
        yield case


class _Process:
    """A process of ``ewardrobe.evaluation.speed``; leaving the context ends it."""

    def __init__(self, case: SpeedCase, folder: Path, threads: int) -> None:
        self.case, self.ms, self.peak = case, [], None
        env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 (until __exit__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ewardrobe.evaluation.speed", case.model, case.runtime, str(threads), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=env,
        )

    def __enter__(self) -> _Process:
        self.answer = self._read()
        return self

    def __exit__(self, *exception) -> None:
        self._process.stdin.close()
        if exception[0] is not None:  # Ctrl-C: do not wait for the round to end
            self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def round(self) -> None:
        if "error" in self.answer:
            return
        try:
            self._process.stdin.write("round\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer below says why
        answer = self._read()
        if "error" in answer:
            self.answer = answer
            return
        self.ms += answer["ms"]
        self.peak = answer["peak_rss_mb"]

    def _read(self) -> dict:
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        last = ([text for text in self._errors.read().splitlines() if text.strip()] or ["no message"])[-1]
        return {"error": f"the process ended with {code}: {last}"}

    def row(self) -> dict:
        head = {"model": self.case.model, "runtime": self.case.runtime}
        if "error" in self.answer:
            return head | {"error": self.answer["error"]}
        low, high, p95 = np.percentile(self.ms, [25, 75, 95])
        return (
            head
            | self.answer
            | {
                "ms_median": round(median(self.ms), 2),
                "ms_p95": round(float(p95), 2),
                "ms_iqr": [round(float(low), 2), round(float(high), 2)],
                "peak_rss_mb": self.peak,
                "calls": len(self.ms),
            }
        )


def _with_long_side(image: np.ndarray, size: int) -> np.ndarray:
    """Return ``image`` with a long side of ``size`` pixels, larger or smaller."""
    if max(image.shape[:2]) >= size:
        return scale_to(image, size)
    import cv2

    factor = size / max(image.shape[:2])
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
