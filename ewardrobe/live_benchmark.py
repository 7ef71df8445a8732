"""The live view measured as a user meets it: pace, age, calm, lag, memory, and its time against ultralytics' own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ewardrobe import live_clips
from ewardrobe.live_clips import FPS, Frame
from ewardrobe.tryon.compositor import Look, State, compose
from ewardrobe.tryon.garment import Prepared
from ewardrobe.tryon.motion import IDENTITY, move_points
from ewardrobe.tryon.scene import read_scene
from ewardrobe.tryon.session import SIZES, LiveSession, shared
from ewardrobe.tryon.target import target

WARM_SECONDS = 2.0
"""What a clip runs before anything is counted: filters settle, caches fill."""


def paced(frames: Iterable[Frame], fps: float = FPS) -> Iterator[tuple[Frame, float]]:
    """Yield frames at the camera's pace, each with the ``time.perf_counter`` at which it was due; late ones at once."""
    start = time.perf_counter()
    for i, frame in enumerate(frames):
        due = start + i / fps
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        yield frame, due


def pace(session: LiveSession, frames: Iterable[Frame], seconds: float, fps: float = FPS) -> dict:
    """Run ``session`` on a clip in real time and return compositor_ms {median, p95}, output_fps, inference_hz,
    result_age_ms_p95, memory_growth_mb, frames and seconds, after a warm-up of ``WARM_SECONDS``.

    A frame is put out in time when it is ready before the next one is due.  compositor_ms is the whole of what happens
    in the camera's clock: motion, composition, hand-over to the models.
    """
    ms, ages, in_time, first = [], [], 0, round(WARM_SECONDS * fps)
    memory, answers = 0.0, 0
    for number, (frame, due) in enumerate(paced(islice(frames, first + round(seconds * fps)), fps)):
        if number == first:
            memory, answers = rss_mb(), session.answers
            ms, ages, in_time = [], [], 0
        start = time.perf_counter()
        session.process(frame.image)
        ms.append(1000 * (time.perf_counter() - start))
        in_time += time.perf_counter() - due < 1 / fps
        ages += [] if (age := session.stats().result_age_ms) is None else [age]
    return {
        "compositor_ms": {"median": float(np.median(ms)), "p95": float(np.percentile(ms, 95))},
        "output_fps": in_time / len(ms) * fps,
        "inference_hz": (session.answers - answers) / len(ms) * fps,
        "result_age_ms_p95": float(np.percentile(ages, 95)) if ages else None,
        "memory_growth_mb": rss_mb() - memory if memory else None,
        "frames": len(ms),
        "seconds": len(ms) / fps,
    }


def live_pace(model: str, look: Look, frames: Iterable[Frame], seconds: float) -> dict:
    """Return `pace` of a session of its own."""
    session = LiveSession(model, look=look, mirror=False, preset="balanced")
    try:
        return pace(session, frames, seconds)
    finally:
        session.close()


def calm(model: str, picture: np.ndarray, look: Look, seconds: float = 4.0) -> dict:
    """Return jitter_px_rms on a still picture with camera noise, lag_frames in a pan, overshoot_px at a stop.

    The anchors are the four ends of the garment's first and last row, as they are drawn; the lag is the shift in time
    at which their path follows the true one best.
    """
    still, _ = _anchors(model, picture, look, "still", seconds)
    path, truth = _anchors(model, picture, look, "pan", seconds)
    stop, there = _anchors(model, picture, look, "stop", seconds)
    return {
        "jitter_px_rms": None if still is None else float(np.sqrt(still.var(axis=0).sum(axis=-1).mean())),
        "lag_frames": None if path is None else lag(path.mean(axis=1)[:, 0], truth),
        "overshoot_px": None if stop is None else _overshoot(stop.mean(axis=1)[:, 0], there),
    }


def lag(path: np.ndarray, truth: np.ndarray, most: int = 12) -> float:
    """Return by how many frames (T,) ``path`` follows ``truth`` (T,): where the squared difference is least.

    >>> t = np.arange(200) / 30
    >>> round(lag(np.sin(2 * (t - 3 / 30)), np.sin(2 * t)), 1)
    3.0
    """
    path, truth = path - path.mean(), truth - truth.mean()
    shifts = np.arange(0, most + 1, 0.1)
    at = np.arange(len(truth))
    inner = slice(most + 1, None)
    errors = [np.mean((path - np.interp(at - s, at, truth))[inner] ** 2) for s in shifts]
    return float(shifts[int(np.argmin(errors))])


def _anchors(model: str, picture: np.ndarray, look: Look, kind: str, seconds: float):
    """Return the drawn anchors (T, 4, 2) of a clip after the warm-up, and the true shift in x (T,); ``None`` if nothing
    was seen for more than a tenth of it."""
    session = LiveSession(model, look=look, mirror=False, preset="balanced")
    warm, frames = round(WARM_SECONDS * FPS), round(seconds * FPS)
    start = next(live_clips.moved(picture, "still", 1)).image
    seen, truth, missed = [], [], 0
    try:
        for _ in paced(range(warm)):
            session.process(start)
        for frame, _ in paced(live_clips.moved(picture, kind, frames)):
            session.process(frame.image)
            points = _drawn_at(session.state(), look)
            missed += points is None
            seen.append(seen[-1] if points is None and seen else points)
            truth.append(frame.motion[0, 2])
    finally:
        session.close()
    known = [(p, t) for p, t in zip(seen, truth, strict=True) if p is not None]
    if missed > 0.1 * frames or not known:
        return None, np.array(truth)
    return np.stack([p for p, _ in known]), np.array([t for _, t in known])


def _drawn_at(state: State | None, look: Look) -> np.ndarray | None:
    slot = next(iter(look.garments), "top")
    worn = None if state is None else target(state.scene, slot)
    return None if worn is None else move_points(worn.spans.points[:, [0, -1]].reshape(4, 2), state.motion)


def _overshoot(path: np.ndarray, truth: np.ndarray) -> float:
    offset = np.median(path[-15:] - truth[-15:])
    return float(max(0.0, (path - offset - truth.max()).max()))


def ratio_to_ultralytics(picture: np.ndarray, garment: Prepared, rounds: int = 20) -> dict:
    """Return the median time of our whole try-on frame over that of ultralytics' ``predict`` and ``plot``, taking turns
    in one run, with the same YOLO weights and size; ours is models (YOLO and the person's parsing) and composition.

    ultralytics runs its network with PyTorch, ours runs on the fastest runtime here: ``ratio`` compares what a user of
    each gets.
    """
    size, slot = SIZES["balanced"], garment.slot
    theirs = _ultralytics()
    yolo, unet, look = shared("yolo"), shared("unet"), Look("wear", {slot: garment})

    def ours() -> None:
        scene = read_scene(picture, yolo, unet, frame_id=0, time=0.0, size=size)
        compose(picture, State(scene, IDENTITY), look)

    def other() -> None:
        theirs.predict(picture[..., ::-1], imgsz=size, verbose=False, conf=0.2)[0].plot()

    times = {ours: [], other: []}
    for _ in range(rounds + 3):
        for run, seconds in times.items():
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    a, b = (1000 * float(np.median(seconds[3:])) for seconds in times.values())
    return {"ratio_to_ultralytics": a / b, "ours_ms": a, "ultralytics_ms": b, "rounds": rounds}


def _ultralytics():
    """Return ultralytics' own front with the shipped weights in it."""
    from ewardrobe import runtime, weights

    runtime.quiet_ultralytics()
    from ultralytics import YOLO

    state, _ = weights.load_state("yolo")
    model = YOLO(state["architecture"], task="segment")
    from ewardrobe.segmenters import yolo as own

    model.model = own.build(state["architecture"])
    weights.fill(model.model, state["model"], "yolo")
    return model


def rss_mb() -> float:
    """Return the resident memory of this process in MB (10⁶ bytes); 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
