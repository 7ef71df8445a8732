"""Kept copies of a document, in the order of the counter that each of them holds.

A clock may be set back, the counter only ever grows; the time in a copy's name tells the day of which it is the last.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from ewardrobe.core import atomic

FOLDER = "backups"
KEEP_NEWEST = 10
KEEP_DAYS = 7

_HEAD_BYTES = 65536
_COUNTER = re.compile(rb'^ ?"revision": ?(\d{1,18}),', re.MULTILINE)


def counter_of(raw: bytes) -> int:
    """Return the counter of a document, of which the first 64 KB will do; 0 in a file of an earlier version."""
    found = _COUNTER.search(raw[:_HEAD_BYTES])
    return int(found[1]) if found else 0


def stamp() -> str:
    """Return the time as it stands in the names of files that are kept."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


@dataclass(frozen=True)
class Backups:
    """The copies in ``backups/`` of folder ``home`` of the file whose name without its ending is ``stem``."""

    home: Path
    stem: str

    @property
    def folder(self) -> Path:
        """The folder, which need not be there."""
        return self.home / FOLDER

    def listed(self) -> list[Path]:
        """Return the copies, newest first: by their counters, and by their names where two have the same.

        Raises ``OSError`` where the folder cannot be read.
        """
        return [path for _, _, path in self._ordered()]

    def counter(self) -> int:
        """Return the highest counter of a copy, 0 without copies."""
        return next((counter for counter, _, _ in self._ordered()), 0)

    def hold(self, raw: bytes) -> bool:
        """Tell whether ``raw`` is the newest copy."""
        newest = next(iter(self.listed()), None)
        return newest is not None and newest.stat().st_size == len(raw) and newest.read_bytes() == raw

    def keep(self, raw: bytes) -> None:
        """Keep ``raw``, the content of a good file, unless it is the newest copy, and read it back; thin out old ones.

        The newest ten stay, and the newest of each of the last seven days with a change.
        """
        if self.hold(raw):
            return
        self.folder.mkdir(exist_ok=True)
        atomic.remove_leftovers(self.folder, f"{self.stem}-")
        # No fsync: the document itself is on disk already, and a copy is checked before it is offered.
        copy = self.folder / f"{self.stem}-{stamp()}.json"
        atomic.write_bytes(copy, raw, durable=False)
        if copy.read_bytes() != raw:  # it does not count, and no older one goes for it
            copy.unlink()
            raise OSError(errno.EIO, "what was read back is not what was written", str(copy))
        copies = self.listed()
        newest_of_day: dict[str, Path] = {}
        for path in copies:
            newest_of_day.setdefault(path.name[: len(f"{self.stem}-YYYYMMDD")], path)
        kept = {*copies[:KEEP_NEWEST], *list(newest_of_day.values())[:KEEP_DAYS]}
        for path in copies:
            if path not in kept:
                path.unlink(missing_ok=True)

    def _ordered(self) -> list[tuple[int, str, Path]]:
        try:  # glob would take a folder that cannot be read for an empty one
            names = [name for name in os.listdir(self.folder) if fnmatch(name, f"{self.stem}-*.json")]
        except FileNotFoundError:
            return []
        return sorted(((_counter_in(self.folder / name), name, self.folder / name) for name in names), reverse=True)


def _counter_in(path: Path) -> int:
    try:
        with open(path, "rb") as file:
            return counter_of(file.read(_HEAD_BYTES))
    except OSError:
        return 0
