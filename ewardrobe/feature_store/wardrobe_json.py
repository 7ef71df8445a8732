"""The content of ``wardrobe.json``: reading it strictly, writing it one item a line, and errors that name the place."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ewardrobe.feature_store.document import broken, read_json, version_of
from ewardrobe.wardrobe.fields import settle
from ewardrobe.wardrobe.item import plain

SCHEMA_VERSION = 2
"""0: a bare list of items, as the first program wrote it.  1: any field of any type.  2: the fields of ``schema.Item``.

All are read; at the first change the file of an older version is kept as ``wardrobe.v<version>.json``.
"""

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

    ``version`` stays the one of the file.  The lines are ``None`` where somebody else wrote or touched the file.
    Raises ``StoreError`` with file, line and column if it is broken.  NaN and infinities are read as nothing.
    """
    document = read_json(raw, path)
    if isinstance(document, list):
        document = empty_document() | {"version": 0, "samples_added": True, "items": document}
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise broken(path, 'expected an object with a list "items"')
    version_of(document, SCHEMA_VERSION, 1, path)
    lines = _own_lines(document, raw)
    return (document if lines else settled(document, path)), lines  # our own lines agree with the schema already


def settled(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return ``document`` with its items made to agree with the schema, each with an id of its own.

    For what came from elsewhere, whatever checksum it bears.  Raises ``StoreError`` for an item that is no object.
    """
    _check_ids(document["items"], path)
    settle(document["items"])
    return document


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


def _check_ids(items: list, path: Path) -> None:
    """Give every item a string id of its own; a hand-written file may lack some or repeat one."""
    seen: set[str] = set()
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise broken(path, f"item {number} is a {type(item).__name__}, expected an object")
        wanted = f"item-{number}" if item.get("id") in (None, "") else str(item["id"])
        name, copy = wanted, 2
        while name in seen:
            name, copy = f"{wanted}-{copy}", copy + 1
        item["id"] = name
        seen.add(name)
