"""How long a model takes and how much memory it needs; a process of its own for each model and runtime.

``python -m ewardrobe.evaluation.speed MODEL RUNTIME THREADS PHOTOS`` is the measured process: ``benchmarks.models``
starts it and talks to it by lines of JSON.  It loads the model, answers with the cost of that, and then goes through
the photos once for every line that it reads.  Only what the model needs is imported here: whatever else were loaded
would count as the model's memory.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TextIO

from ewardrobe.core import process

_STATUS = Path("/proc/self/status")


def peak_rss_mb() -> float | None:
    """Return the largest resident memory of this process so far in MB (10⁶ bytes); ``None`` on Windows.

    Linux is asked for ``VmHWM``: its ``ru_maxrss`` starts at the peak of the process that started this one.
    """
    try:
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)


class SpeedSubject:
    """A freshly loaded model and the photos that it is timed on, RGB uint8 arrays."""

    def __init__(self, name: str, runtime: str, photos: list) -> None:
        started = time.perf_counter()
        from ewardrobe.models import load_segmenter, weights

        self.segmenter = load_segmenter(name, runtime=runtime)
        self.load_s = time.perf_counter() - started
        self.photos = photos
        self.first_ms = self._ms(photos[0])
        self.weights_sha256 = weights.verified_path(name)[1]["sha256"]

    def _ms(self, photo) -> float:
        started = time.perf_counter()
        self.segmenter.predict(photo)
        return (time.perf_counter() - started) * 1e3

    def start(self) -> dict:
        """Return what is known once the first photo is done."""
        return {
            "runtime": self.segmenter.runtime,
            "precision": self.segmenter.precision,
            "device": _device(),
            "weights_sha256": self.weights_sha256,
            "input_px": self.segmenter.size,
            "load_s": round(self.load_s, 2),
            "first_ms": round(self.first_ms, 2),
        }

    def round(self) -> dict:
        """Return the milliseconds of every photo and the peak memory so far."""
        return {"ms": [round(self._ms(photo), 3) for photo in self.photos], "peak_rss_mb": peak_rss_mb()}


def _device() -> str:
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"


def _answers() -> TextIO:
    """Return the process's stdout for answers alone: what libraries print goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, content: dict) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


def main(argv: list[str]) -> int:
    """Measure a model (``argv``: name, runtime, threads, folder of photos), a round for each line of stdin."""
    name, runtime, threads, folder = argv
    answers = _answers()
    process.use_threads(int(threads))
    process.configure()
    from ewardrobe.core.images import load_image

    try:
        photos = [load_image(path, max_side=None) for path in sorted(Path(folder).iterdir())]
        measured = SpeedSubject(name, runtime, photos)
    except Exception as error:
        _say(answers, {"error": f"{type(error).__name__}: {error}"})
        return 1
    _say(answers, measured.start())
    for _ in sys.stdin:
        _say(answers, measured.round())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
