"""How long a model takes and how much memory it needs: what `benchmarks.models` runs in a process of its own.

Only what the model needs is imported here: whatever else were loaded would count as the model's memory.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

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


Result = TypeVar("Result")
TRIES = 3
"""Of which the fastest counts: what else the machine does makes a call slower, never faster."""


def best_ms(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return the milliseconds of the fastest of ``TRIES`` calls, and what the last returned."""
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        result = call()
        times.append((time.perf_counter() - started) * 1e3)
    return min(times), result


_loaded: dict[str, Any] = {}
"""The model and the photos of this process."""


def start(name: str, runtime: str, threads: int, folder: Path) -> dict:
    """Load a model and show it the first of the photos in ``folder``; return what is known then."""
    os.dup2(2, 1)  # what libraries print is no figure of the command
    process.use_threads(threads)
    process.configure()
    from ewardrobe.core.images import load_image

    photos = [load_image(path, max_side=None) for path in sorted(folder.iterdir())]
    started = time.perf_counter()
    from ewardrobe.models import load_segmenter, weights

    segmenter = load_segmenter(name, runtime=runtime)
    load_s = time.perf_counter() - started
    _loaded.update(segmenter=segmenter, photos=photos)
    torch = sys.modules.get("torch")
    return {
        "runtime": segmenter.runtime,
        "precision": segmenter.precision,
        "device": "cuda" if torch is not None and torch.cuda.is_available() else "cpu",
        "weights_sha256": weights.verified_path(name)[1]["sha256"],
        "input_px": segmenter.size,
        "load_s": round(load_s, 2),
        "first_ms": round(_ms(photos[0]), 2),
    }


def take_turn() -> dict:
    """Return the milliseconds of every photo, and the peak memory so far."""
    return {"ms": [round(_ms(photo), 3) for photo in _loaded["photos"]], "peak_rss_mb": peak_rss_mb()}


def _ms(photo) -> float:
    started = time.perf_counter()
    _loaded["segmenter"].predict(photo)
    return (time.perf_counter() - started) * 1e3
