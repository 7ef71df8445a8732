"""One live picture: camera frames in, composed frames out, the models at their own pace beside it."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ewardrobe.core.images import scale_to
from ewardrobe.models import Parser, Segmenter, cache
from ewardrobe.tryon.compositor import ComposedState, Look, compose
from ewardrobe.tryon.motion import IDENTITY, MotionTracker, move_mask
from ewardrobe.tryon.scene import Scene, read_scene
from ewardrobe.tryon.smoothing import STALE_SECONDS, Smoother
from ewardrobe.tryon.target import target
from ewardrobe.tryon.worker import InferenceWorker, Job

log = logging.getLogger(__name__)

LARGEST = 960
"""Pixels on the long side of the picture that is composed; a larger camera frame is reduced first."""

SIZES = {"fast": 256, "balanced": 320, "sharp": 384}
"""Presets: pixels on the long side of what the models see.

Below 256 the U-Net, which learned at 384, often takes a person who stands whole in the frame for nobody.
"""

PRESETS = ("auto", *SIZES)
SLOW_MS, QUICK_MS = 60.0, 20.0
"""*auto* takes smaller pictures above, and larger ones below, these milliseconds an answer."""

PARSER = "unet"


@dataclass(frozen=True)
class Stats:
    """camera_fps, inference_hz; age of the shown result and compositing time in ms; size in pixels; the last error."""

    camera_fps: float
    inference_hz: float
    result_age_ms: float | None
    frame_ms: float
    size: int
    error: str | None


class LiveSession:
    """Composes frames with what the models last saw.  ``look``, ``model``, ``mirror``, ``preset`` may be set any time.

    ``close`` ends its thread; a session that is forgotten ends it too.
    """

    def __init__(
        self,
        model: str,
        *,
        look: Look | None = None,
        mirror: bool = True,
        preset: str = "auto",
        load: Callable[[str], Segmenter] = cache.segmenter,
    ) -> None:
        self.model, self.look, self.mirror, self.preset = model, look or Look(), mirror, preset
        self._load, self._lock = load, threading.Lock()
        self._tracker, self._smoother = MotionTracker(), Smoother()
        self._number, self._auto, self._told = 0, SIZES["balanced"], False
        self._frames: deque[float] = deque(maxlen=30)
        self._frame_ms: deque[float] = deque(maxlen=60)
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._age: float | None = None
        self._error: str | None = None
        me = weakref.ref(self)

        def see(job: Job) -> None:
            if (alive := me()) is not None:  # not kept alive: a forgotten session ends its thread
                alive._see(job)

        self._worker = InferenceWorker(see)
        self._finalizer = weakref.finalize(self, self._worker.stop, 0.0)

    def process(self, frame: np.ndarray, now: float | None = None) -> np.ndarray:
        """Return the composed picture for a camera frame (RGB uint8 (H, W, 3), or grey (H, W)).

        Never raises: what goes wrong is logged once, kept in `stats`, and the raw picture comes back.  ``now``: seconds
        of a monotonic clock, by default the time of the call.
        """
        start = time.perf_counter()
        try:
            frame = _ready(frame, self.mirror)
            out = self._composed(frame, time.monotonic() if now is None else now)
            self._error = None
        except Exception as error:  # a dead stream would be worse than a plain picture
            self._error = f"{type(error).__name__}: {error}"
            out = frame
            if not self._told:
                self._told = True
                log.exception("a camera frame could not be composed")
        self._last = (frame, out)
        self._frame_ms.append(1000 * (time.perf_counter() - start))
        return out

    def stats(self) -> Stats:
        """Return the pace of the last second or so."""
        frames = list(self._frames)
        span = frames[-1] - frames[0] if len(frames) > 1 else 0.0
        return Stats(
            camera_fps=(len(frames) - 1) / span if span > 0 else 0.0,
            inference_hz=self._worker.rate(),
            result_age_ms=None if self._age is None else 1000 * self._age,
            frame_ms=float(np.median(self._frame_ms)) if self._frame_ms else 0.0,
            size=self.size,
            error=self._error or self._worker.error,
        )

    @property
    def answers(self) -> int:
        """How many frames the models have looked at without a fault."""
        return self._worker.answers

    @property
    def size(self) -> int:
        """Pixels on the long side of what the models see."""
        return SIZES.get(self.preset, self._auto)

    def snapshot(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the last pictures, RGB uint8 (H, W, 3): raw (mirrored as shown) and composed; ``None`` before any."""
        return self._last

    def state(self) -> ComposedState | None:
        """Return what the next frame would be composed with."""
        with self._lock:
            return self._state(time.monotonic())

    def is_late(self) -> bool:
        """Tell whether the models' last answer is of a frame so long ago that nothing of it is shown any more."""
        scene = self._smoother.scene
        return scene is not None and bool(self._frames) and self._frames[-1] - scene.time > STALE_SECONDS

    def missing(self) -> tuple[str, ...]:
        """Return the slots of the look that the person now shows nothing of; none while nobody knows what they show."""
        state, look = self.state(), self.look
        if state is None or look.mode == "segments" or self.is_late():
            return ()
        somebody = state.strength > 0
        return tuple(slot for slot in look.garments if not somebody or target(state.scene, slot) is None)

    def close(self) -> bool:
        """End the thread; tells whether it ended within a second.  Closing twice does no harm."""
        self._finalizer.detach()
        return self._worker.stop()

    def _composed(self, frame: np.ndarray, now: float) -> np.ndarray:
        with self._lock:
            self._number += 1
            self._tracker.add(frame, self._number)
            state = self._state(now)
        self._frames.append(now)
        self._worker.submit(Job(frame, self._number, now))
        return compose(frame, state, self.look)

    def _state(self, now: float) -> ComposedState | None:
        scene = self._smoother.scene
        if scene is None:
            return None
        self._age = now - scene.time
        return ComposedState(scene, self._tracker.motion_since(scene.frame_id), self._smoother.strength(now))

    def _see(self, job: Job) -> None:
        """Look at a frame with the models (in the worker's thread)."""
        size = self.size
        chosen, parser = self._load(self.model), cast(Parser, self._load(PARSER)).at(size)
        model = parser if self.model == PARSER else chosen  # others see best at the size of their training
        scene = read_scene(job.frame, model, parser, frame_id=job.frame_id, time=job.time, size=size)
        with self._lock:
            last = self._smoother.scene
            motion = IDENTITY if last is None else self._tracker.motion_between(last.frame_id, job.frame_id)
            smooth = self._smoother.add(scene, motion)
            self._tracker.look_at(self._dressed_now(smooth))
        self._choose_size()

    def _dressed_now(self, scene: Scene) -> np.ndarray | None:
        """Return the mask (h, w) of what is worn, moved to the newest frame; ``None`` where nothing is."""
        if not scene.worn:
            return None
        mask = np.max([worn.mask for worn in scene.worn.values()], axis=0)
        return move_mask(mask, self._tracker.motion_since(scene.frame_id), scene.frame_size)

    def _choose_size(self) -> None:
        if len(self._worker.seconds) < 10:
            return
        ms = 1000 * float(np.median(self._worker.seconds))
        sizes = list(SIZES.values())
        place = sizes.index(self._auto) - (ms > SLOW_MS) + (ms < QUICK_MS)
        wanted = sizes[int(np.clip(place, 0, len(sizes) - 1))]
        if wanted != self._auto:
            self._auto = wanted
            self._worker.seconds.clear()


def _ready(frame: np.ndarray, mirror: bool) -> np.ndarray:
    """Return RGB uint8 (H, W, 3) of at most ``LARGEST`` pixels, mirrored if asked for; the input stays as it is."""
    if frame.ndim == 2:
        frame = cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB)
    frame = scale_to(frame, LARGEST)
    return cv2.flip(frame, 1) if mirror else frame
