"""The models' clock: a thread that looks at the newest frame only, as often as it can."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

log = logging.getLogger(__name__)

THREAD_NAME = "ewardrobe-live"

LOADING_SECONDS = 30.0
"""How long `end_all` waits for a thread that is loading the models."""


@dataclass(frozen=True, eq=False)
class Job:
    """A frame to look at: RGB uint8 (H, W, 3), its number, when it came (seconds)."""

    frame: np.ndarray
    frame_id: int
    time: float


class InferenceWorker:
    """Calls ``look(job)`` in a thread of its own for the newest submitted frame; older ones are dropped.

    An exception is logged once for each kind and kept in ``error``; the thread goes on.
    """

    def __init__(self, look: Callable[[Job], None]) -> None:
        self._look = look
        self._job: Job | None = None
        self._condition = threading.Condition()
        self._ending = False
        self._told: set[str] = set()
        self.error: str | None = None
        self.answers = 0
        self.seconds: deque[float] = deque(maxlen=30)
        self.finished: deque[float] = deque(maxlen=30)
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        _WORKERS.add(self)

    def submit(self, job: Job) -> None:
        """Put ``job`` in place of any that waits; the first one starts the thread."""
        with self._condition:
            self._job = job
            if self._thread.ident is None and not self._ending:
                self._thread.start()
            self._condition.notify()

    def stop(self, timeout: float = 1.0) -> bool:
        """End the thread after the frame that it is at; tells whether it ended within ``timeout`` seconds."""
        with self._condition:
            self._ending = True
            self._condition.notify()
        if self._thread.ident is not None and threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def rate(self) -> float:
        """Return the answers a second, over the last two seconds or so."""
        now = time.monotonic()
        times = [t for t in list(self.finished) if now - t < 3]  # a copy: the thread may add to it meanwhile
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    def _next(self) -> Job | None:
        with self._condition:
            self._condition.wait_for(lambda: self._job is not None or self._ending)
            job, self._job = self._job, None
            return None if self._ending else job

    def _run(self) -> None:
        while (job := self._next()) is not None:
            start = time.monotonic()
            try:
                self._look(job)
                self.error = None
                self.answers += 1
            except Exception as error:  # whatever a model does, the picture goes on
                self.error = f"{type(error).__name__}: {error}"
                if (kind := type(error).__name__) not in self._told:  # a message may differ with every frame
                    self._told.add(kind)
                    log.exception("the live model failed on a frame")
            self.finished.append(time.monotonic())
            self.seconds.append(self.finished[-1] - start)


_WORKERS: weakref.WeakSet[InferenceWorker] = weakref.WeakSet()


def end_all(seconds: float = LOADING_SECONDS) -> None:
    """End every thread; for the end of the process, which one that is inside a model would abort."""
    workers = [worker for worker in list(_WORKERS) if not worker.stop(0.5)]
    if workers:
        log.warning("Ending when the models are loaded …")
    until = time.monotonic() + seconds
    for worker in workers:
        worker.stop(max(0.0, until - time.monotonic()))
