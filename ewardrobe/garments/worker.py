"""The photos of the queue looked at one after the other, in a thread of the app or in the process that asks for it.

One worker at a time looks at a wardrobe's queue, also when several processes are open on it: it holds a lock that the
operating system frees when the process dies.  What was begun and not ended is then begun again.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Container
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from ewardrobe.core.images import ImageError
from ewardrobe.feature_store.document import StoreError, explain_os_error
from ewardrobe.garments.digitize import digitize_photo
from ewardrobe.garments.draft import LOWEST_SCORE, draft_of
from ewardrobe.garments.queue import ANALYSING, FAILED, MAX_ATTEMPTS, READY, ImportQueue, QueuedPhoto
from ewardrobe.models import Segmenter
from ewardrobe.models.weights import WeightsError

THREAD_NAME = "import-queue"
Load = Callable[[str], Segmenter]


def work_through(
    queue: ImportQueue,
    load: Load,
    stop: threading.Event | None = None,
    told: Callable[[QueuedPhoto], object] | None = None,
    keys: Container[str] | None = None,
) -> dict[str, str] | None:
    """Look at every photo that waits; return why models could not be used, by name; their photos wait on.

    ``None`` if another worker is at it.  load: returns the segmenter of a name, or raises ``WeightsError``.  told: is
    called with each photo before it is looked at.  keys: of the photos to look at; all if ``None``.
    """
    queue.folder.mkdir(parents=True, exist_ok=True)
    problems: dict[str, str] = {}
    try:
        with FileLock(queue.folder / ".worker.lock", timeout=0):
            queue.remove_leftovers()
            while (entry := next_entry(queue, problems, keys)) and not (stop and stop.is_set()):
                if told:
                    told(entry)
                try:
                    look_at(queue, entry, load)
                except WeightsError as error:
                    problems[entry.model] = str(error)
    except Timeout:
        return None
    except OSError as error:
        raise explain_os_error(error, queue.folder) from error
    return problems


def next_entry(
    queue: ImportQueue, unusable: Container[str] = (), keys: Container[str] | None = None
) -> QueuedPhoto | None:
    """Return the first photo that waits for a usable model; one that was under way belongs to a worker that died."""
    waiting = (entry for entry in queue.entries() if entry.waits and entry.model not in unusable)
    return next((entry for entry in waiting if keys is None or entry.key in keys), None)


def look_at(queue: ImportQueue, entry: QueuedPhoto, load: Load) -> None:
    """Look at one photo, cut its garments out and write their drafts, or why that failed."""
    if entry.attempts >= MAX_ATTEMPTS:
        _fail(queue, entry, "the app ended twice while it looked at this photo; scale it down, or discard it")
        return
    segmenter = load(entry.model)
    queue.change(entry.key, lambda entry: replace(entry, state=ANALYSING, attempts=entry.attempts + 1))
    try:
        result = digitize_photo(queue.photo(entry).data, segmenter, LOWEST_SCORE)
        cut = [(draft_of(garment, entry.key, entry.model), garment.cutout) for garment in result.garments]
    except ImageError as error:
        _fail(queue, entry, str(error).removeprefix("the picture: "))
    except Exception as error:  # one photo must not end the import of the others
        logging.getLogger(__name__).exception("import of %s", entry.name)
        _fail(queue, entry, f"{type(error).__name__}: {error}")
    else:
        looks = entry.looks | {entry.model: result.milliseconds}
        queue.put(entry.key, cut, state=READY, reason=None, looks=looks)


def _fail(queue: ImportQueue, entry: QueuedPhoto, reason: str) -> None:
    queue.change(entry.key, lambda entry: replace(entry, state=FAILED, reason=reason))


class Importer:
    """The worker of one wardrobe's queue as a thread of the app, which lives while there is something to look at."""

    def __init__(self, home: Path, load: Load) -> None:
        self.queue, self._load = ImportQueue(home), load
        self._stop, self._guard = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        _IMPORTERS.add(self)

    @property
    def busy(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """Start the thread unless it is at work or nothing waits."""
        with self._guard:
            if not self.busy and not self._stop.is_set() and next_entry(self.queue):
                self.problem = None
                self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
                self._thread.start()

    def end(self, seconds: float = 20) -> None:
        """Stop after the photo at hand: a thread inside a model would abort the process as it ends."""
        self._stop.set()
        if self.busy and self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            problems = work_through(self.queue, self._load, self._stop) or {}
            self.problem = "\n\n".join(problems.values()) or None
        except StoreError as error:
            self.problem = str(error)


_IMPORTERS: weakref.WeakSet[Importer] = weakref.WeakSet()


def end_all() -> None:
    """End every importer's thread; none of them begins again."""
    for importer in list(_IMPORTERS):
        importer.end()
