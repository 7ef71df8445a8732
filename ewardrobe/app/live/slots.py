"""Which live session serves which stream: one locked table, and a watch that ends what nobody looks at any more.

A frame callback finds its session here, by key, for every frame: Streamlit makes new closures with every run, and one
that is left attached must neither keep an old session alive nor draw with it.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ewardrobe.app.streamlit_internals import Viewer

LOGGER = logging.getLogger(__name__)
LOOK_SECONDS = 0.2
"""How often the watch looks: with the time that a peer connection takes to close, well within a second."""

QUIET_SECONDS = 0.4
"""A connection that is lost while frames still come is a network's hiccup, not a closed tab."""

SHUT_DOWN_SECONDS = 3.0


@dataclass(eq=False)
class Slot:
    """One stream: what draws its frames, who looks, and how its connection is hung up (None: there is none).

    ticket: the number of this use of the key; a connection's end may be told after the next one has begun.
    """

    session: Any
    viewer: Viewer | None
    ticket: int
    hang_up: Callable[[], None] | None = None
    ended: bool = False
    last_frame: float = field(default_factory=time.monotonic)

    def is_over(self) -> bool:
        """Tell whether nobody needs this stream any more."""
        if self.ended or self.viewer is None:
            return self.ended
        silent = time.monotonic() - self.last_frame > QUIET_SECONDS or self.hang_up is None
        return self.viewer.left_page() or (silent and self.viewer.closed_tab())


class Slots:
    """The streams of all tabs by key; a daemon thread named ``stream-watch`` lives while there is one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._slots: dict[str, Slot] = {}
        self._tickets = itertools.count()
        self._drawing = 0  # frames under way
        self._watch: threading.Thread | None = None

    def put(self, key: str, session: Any, viewer: Viewer | None) -> int:
        """Let ``session`` draw the stream ``key`` from its next frame on; a session that did so before is closed.

        Returns the ticket with which `end` ends this use of the key.
        """
        with self._changed:
            old = self._slots.get(key)
            if old is not None and old.session is session and not old.ended:
                old.viewer = viewer
                return old.ticket
            hang_up = old.hang_up if old and not old.ended else None
            slot = self._slots[key] = Slot(session, viewer, next(self._tickets), hang_up)
            if self._watch is None:
                self._watch = threading.Thread(target=self._run_watch, name="stream-watch", daemon=True)
                self._watch.start()
        if old is not None and old.session is not session:
            _end(old.session.close)
        return slot.ticket

    def open_session(self, key: str) -> Any | None:
        """Return the session that draws ``key``; None if there is none or its stream has ended."""
        with self._changed:
            slot = self._slots.get(key)
            return None if slot is None or slot.ended else slot.session

    def connect(self, key: str, ticket: int, hang_up: Callable[[], None] | None) -> None:
        """Say how the connection of ``key`` is ended; None: it has none, so that a use that had one is over."""
        with self._changed:
            slot = self._slots.get(key)
            if slot and slot.ticket == ticket:
                slot.ended = slot.ended or (slot.hang_up is not None and hang_up is None)
                slot.hang_up = hang_up
                self._changed.notify_all()

    def process(self, key: str, frame: np.ndarray) -> np.ndarray:
        """Return ``frame`` (RGB uint8 (H, W, 3)) as the session of ``key`` draws it; never raises.

        The frame itself comes back where there is no session any more, and where the session raised.
        """
        with self._changed:
            slot = self._slots.get(key)
            if slot is None or slot.ended:
                return frame
            slot.last_frame = time.monotonic()
            self._drawing += 1
        try:
            return slot.session.process(frame)
        except Exception:  # whatever it is: a stream that raises once is dead for good
            LOGGER.exception("A frame could not be drawn")
            return frame
        finally:
            with self._changed:
                self._drawing -= 1
                self._changed.notify_all()

    def end(self, key: str, ticket: int) -> None:
        """Close the session of ``key`` soon, in the watch's thread: the caller may be the server's event loop."""
        with self._changed:
            slot = self._slots.get(key)
            if slot and slot.ticket == ticket:
                slot.ended = True
                self._changed.notify_all()

    def end_others(self, key: str | None, tab: str) -> None:
        """Close every session whose key begins with ``tab`` soon, but not that of ``key``."""
        with self._changed:
            for other, slot in self._slots.items():
                slot.ended = slot.ended or (other != key and other.startswith(tab))
            self._changed.notify_all()

    def close_all(self) -> None:
        """End every stream now."""
        with self._changed:
            slots, self._slots = list(self._slots.values()), {}
            self._changed.notify_all()
        for slot in slots:
            release(slot)

    def shut_down(self) -> None:
        """End every stream as the server ends.

        A thread that is inside OpenCV or a model when the interpreter goes down aborts the process: frames under way
        are waited for.
        """
        self.close_all()
        with self._changed:
            self._changed.wait_for(lambda: not self._drawing, SHUT_DOWN_SECONDS)
        if watch := self._watch:  # it may be closing some that it has taken from the table
            watch.join(SHUT_DOWN_SECONDS)

    def _run_watch(self) -> None:
        while over := self._wait():
            for slot in over:
                release(slot)

    def _wait(self) -> list[Slot]:
        """Return streams to be released, taken from the table; an empty list when the table is empty."""
        with self._changed:
            while self._slots:
                if over := {key: slot for key, slot in self._slots.items() if slot.is_over()}:
                    self._slots = {key: slot for key, slot in self._slots.items() if key not in over}
                    return list(over.values())
                self._changed.wait(LOOK_SECONDS)
            self._watch = None
            return []


def release(slot: Slot) -> None:
    """Close a stream's session, then its connection: the session is what costs."""
    _end(slot.session.close)
    if slot.hang_up:
        _end(slot.hang_up)


def _end(close: Callable[[], object]) -> None:
    try:
        close()
    except Exception:  # a connection may be half closed already; the watch must go on for the others
        LOGGER.exception("A live session or its connection could not be closed")


SLOTS = Slots()
"""Streams of this process."""
