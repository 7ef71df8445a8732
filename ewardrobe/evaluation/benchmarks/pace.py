"""The live view measured as a user meets it: pace, age of what is shown, memory."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from ewardrobe.evaluation.benchmarks.clips import FPS, Frame
from ewardrobe.tryon.compositor import Look
from ewardrobe.tryon.session import LiveSession
from ewardrobe.tryon.target import target

WARM_SECONDS = 2.0
"""What a clip runs before anything is counted: filters settle, caches fill."""


def paced(frames: Iterable[Frame]) -> Iterator[tuple[Frame, float]]:
    """Yield frames at the camera's pace, each with the ``time.perf_counter`` at which it was due; late ones at once."""
    start = time.perf_counter()
    for i, frame in enumerate(frames):
        due = start + i / FPS
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        yield frame, due


def pace(model: str, look: Look, frames: Iterable[Frame], seconds: float) -> dict:
    """Run a live session on a clip in real time and return compositor_ms {median, p95}, output_fps, inference_hz,
    result_age_ms_p95, memory_growth_mb, dressed, frames and seconds, after a warm-up of ``WARM_SECONDS``.

    A frame is put out in time when it is ready before the next one is due.  compositor_ms is the whole of what happens
    in the camera's clock: motion, composition, hand-over to the models.  dressed: share of the frames in which there
    was something to draw on; without it compositor_ms says little.
    """
    with closing(LiveSession(model, look=look, mirror=False, preset="balanced")) as session:
        return _pace(session, frames, seconds)


def _pace(session: LiveSession, frames: Iterable[Frame], seconds: float) -> dict:
    ms: list[float] = []
    ages: list[float] = []
    in_time, dressed, first = 0, 0, round(WARM_SECONDS * FPS)
    memory, answers = 0.0, 0
    for number, (frame, due) in enumerate(paced(islice(frames, first + round(seconds * FPS)))):
        if number == first:
            memory, answers = _rss_mb(), session.answers
            ms, ages, in_time, dressed = [], [], 0, 0
        start = time.perf_counter()
        session.process(frame.image)
        ms.append(1000 * (time.perf_counter() - start))
        in_time += time.perf_counter() - due < 1 / FPS
        ages += [] if (age := session.stats().result_age_ms) is None else [age]
        state = session.state()
        if state is not None and state.strength > 0:
            dressed += any(target(state.scene, slot) for slot in session.look.garments)
    return {
        "compositor_ms": {"median": float(np.median(ms)), "p95": float(np.percentile(ms, 95))},
        "output_fps": in_time / len(ms) * FPS,
        "inference_hz": (session.answers - answers) / len(ms) * FPS,
        "result_age_ms_p95": float(np.percentile(ages, 95)) if ages else None,
        "memory_growth_mb": _rss_mb() - memory if memory else None,
        "dressed": dressed / len(ms),
        "frames": len(ms),
        "seconds": len(ms) / FPS,
    }


def _rss_mb() -> float:
    """Return the resident memory of this process in MB (10⁶ bytes); 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
