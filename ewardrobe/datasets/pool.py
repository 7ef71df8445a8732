"""Work spread over processes, results in order, memory flat."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from ewardrobe.datasets.records import DatasetError


def in_order(function: Callable, jobs: Iterable, workers: int = 1) -> Iterator:
    """Yield ``function(job)`` for every job, in order, computed by ``workers`` processes (1: in this one).

    function and jobs must pickle.  At most two jobs a worker are under way, so that results do not pile up.
    Processes are spawned: forking a process that runs PyTorch or a web server may hang.
    """
    if workers <= 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        pending: deque = deque()
        try:
            for job in jobs:
                pending.append(pool.submit(function, job))
                if len(pending) >= 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except BrokenProcessPool as error:
            raise DatasetError("a worker process was killed, for lack of memory perhaps: try fewer workers") from error
        finally:
            for future in pending:
                future.cancel()


def chunks(items: Any, size: int) -> list:
    """Cut ``items``, a sequence or an array, into pieces of ``size``; the last may be shorter.

    >>> chunks("abcde", 2)
    ['ab', 'cd', 'e']
    """
    return [items[start : start + size] for start in range(0, len(items), size)]


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, OpenCV to one thread, and end with the parent even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
