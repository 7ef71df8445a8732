"""One state of ``wardrobe.json`` in memory, so that an edit parses and encodes only the items that it changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ewardrobe.feature_store.wardrobe_json import dump_item, empty_document, join_lines, parse_lines

KEPT = 3
"""Wardrobes whose last state is kept in memory."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What was read or written last.  It is shared by all sessions of the process: never change what it holds.

    raw: the file's bytes, ``None`` without a file.  lines: the JSON of each item as it stands in ``raw``, if known.
    """

    raw: bytes | None
    document: dict[str, Any]
    lines: list[bytes] | None = None

    @property
    def items(self) -> list[dict]:
        """The document's items."""
        return self.document["items"]

    def with_document(self, document: Mapping) -> Snapshot:
        """Return the state after ``document`` is written; items that are this one's own objects keep their line."""
        known = {id(item): line for item, line in zip(self.items, self.lines, strict=True)} if self.lines else {}
        lines = [known.get(id(item)) or dump_item(item) for item in document["items"]]
        return Snapshot(join_lines(document, lines), dict(document), lines)


Signature = tuple[int, ...]
"""Time of change in ns, size and inode of a file."""

SETTLED_NS = 200_000_000
"""A file changed less than this before it was read may be changed again with the same time on it: it is read anew."""

_recent: dict[Path, tuple[Snapshot, Signature | None]] = {}


def unchanged(path: Path, signature: Signature | None) -> Snapshot | None:
    """Return the snapshot of ``path`` if the file still is as it was read, by its ``signature`` alone."""
    snapshot, known = _recent.get(path.absolute(), (None, None))
    return snapshot if known is not None and known == signature else None


def of(path: Path, raw: bytes | None, signature: Signature | None = None) -> Snapshot:
    """Return the snapshot of the file ``path`` with content ``raw``; ``StoreError`` if it is broken.

    signature: as it was before ``raw`` was read.
    """
    known, _ = _recent.get(path.absolute(), (None, None))
    if known is not None and known.raw == raw:
        return remember(path, known, signature)
    if raw is None:
        return remember(path, Snapshot(None, empty_document()))
    return remember(path, Snapshot(raw, *parse_lines(raw, path)), signature)


def remember(path: Path, snapshot: Snapshot, signature: Signature | None = None) -> Snapshot:
    """Keep ``snapshot`` as the present state of ``path`` and return it."""
    settled = signature is not None and time.time_ns() - signature[0] > SETTLED_NS
    _recent.pop(path.absolute(), None)
    _recent[path.absolute()] = snapshot, signature if settled else None
    for old in list(_recent)[:-KEPT]:
        _recent.pop(old, None)
    return snapshot
