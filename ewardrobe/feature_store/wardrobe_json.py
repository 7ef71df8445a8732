"""The content of ``wardrobe.json``: reading it strictly, writing it one item a line, and errors that name the place.

The last state is kept in memory, so that an edit parses and encodes only the items that it changes.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ewardrobe.feature_store.document import StoreError, broken, read_json, version_of
from ewardrobe.wardrobe.fields import settle
from ewardrobe.wardrobe.item import plain

SCHEMA_VERSION = 2
"""0: a bare list of items, as the first program wrote it.  1: any field of any type.  2: the fields of ``schema.Item``.

All are read; at the first change the file of an older version is kept as ``wardrobe.v<version>.json``.
"""

MAX_ITEMS = 300_000
"""Larger wardrobes are refused before each item is looked at."""

KEPT = 3
"""Wardrobes whose last state is kept in memory."""

_ANY = TypeAdapter(Any)  # writes JSON three times as fast as json does
_LAST = ("revision", "checksum", "items")
_ITEMS_START, _ITEMS_END = b'"items":[\n', b"\n]\n}\n"


def empty_document() -> dict[str, Any]:
    """Return the document of a wardrobe that was never used."""
    return {"format": "eWardrobe", "version": SCHEMA_VERSION, "samples_added": False, "items": []}


def parse_document(raw: bytes, path: Path) -> dict[str, Any]:
    """Return the document in ``raw``; see ``parse_lines``."""
    return parse_lines(raw, path)[0]


def parse_lines(raw: bytes, path: Path) -> tuple[dict[str, Any], list[bytes] | None]:
    """Return the document in ``raw``, its items as the schema wants them, and the items' lines as they stand there.

    ``version`` stays the one of the file.  The lines are ``None`` where they are not what would be written: by another
    program or version, or where an item had to be settled.  Raises ``StoreError`` with file, line and column if it is
    broken.
    """
    document = read_json(raw, path)
    if isinstance(document, list):
        document = empty_document() | {"version": 0, "samples_added": True, "items": document}
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise broken(path, 'expected an object with a list "items"')
    version_of(document, SCHEMA_VERSION, 1, path)
    sound = not find_faults(document["items"], path)  # whatever checksum the file bears
    return document, _own_lines(document, raw) if sound else None


def find_faults(items: list, path: Path) -> list[str]:
    """Make items agree with the schema, each with an id of its own, and return in words what did not.

    Every way in goes through here: the file, its copies, a backup.  Raises ``StoreError`` for what is no object.
    """
    if len(items) > MAX_ITEMS:
        raise StoreError(f"{path} holds {len(items)} items; up to {MAX_ITEMS} are read. It was left as it is.")
    doubled = _check_ids(items, path)
    told = [f"{item_id} {name} ({fault})" for item_id, name, fault in settle(items)]
    return doubled + told


def dump_document(document: Mapping) -> bytes:
    """Return ``document`` as UTF-8 JSON with one item a line, so that a fault's line number names the item."""
    return join_lines(document, map(dump_item, document["items"]))


def dump_item(item: Mapping) -> bytes:
    """Return one item as JSON on one line."""
    try:
        return _ANY.dump_json(item)
    except ValueError:  # a hand-written file may hold half a surrogate pair: read, but never written again
        return _ANY.dump_json(plain(item))


def join_lines(document: Mapping, lines: Iterable[bytes]) -> bytes:
    """Return the content of the file: ``document`` without its items, then the items' ``lines``."""
    body = b",\n".join(lines)
    head = {**document, "version": SCHEMA_VERSION}
    fields = [dump_item({key: value})[1:-1] for key, value in head.items() if key not in _LAST]
    revision = document.get("revision")
    last = b'"revision":%d,"checksum":%d,' % (revision if isinstance(revision, int) else 0, zlib.crc32(body))
    return b"".join([b"{\n", *(field + b",\n" for field in fields), last, _ITEMS_START, body, _ITEMS_END])


def _own_lines(document: Mapping, raw: bytes) -> list[bytes] | None:
    """Return the items' lines in ``raw`` if this version wrote them and nobody touched them since, else ``None``."""
    if document.get("version") != SCHEMA_VERSION or not raw.endswith(_ITEMS_END):
        return None
    body = raw[raw.find(_ITEMS_START) + len(_ITEMS_START) : -len(_ITEMS_END)]
    lines = body.split(b",\n")
    sound = zlib.crc32(body) == document.get("checksum") and len(lines) == len(document["items"])
    return lines if sound else None


def _check_ids(items: list, path: Path) -> list[str]:
    """Give every item a text of its own as id, and return what was wrong: a file by hand may lack or repeat one."""
    seen: set[str] = set()
    wrong = []
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise broken(path, f"item {number} is a {type(item).__name__}, expected an object")
        given = item.get("id")
        wanted = given if isinstance(given, str) and given else f"item-{number}" if given in (None, "") else str(given)
        name, copy = wanted, 2
        while name in seen:
            name, copy = f"{wanted}-{copy}", copy + 1
        if name != given:
            wrong.append(f"item {number} is called {name}, not {given!r}")
        item["id"] = name
        seen.add(name)
    return wrong


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


def snapshot_of(path: Path, raw: bytes | None, signature: Signature | None = None) -> Snapshot:
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
