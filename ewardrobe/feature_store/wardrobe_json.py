"""The content of ``wardrobe.json``: reading it strictly, writing it one item a line, and errors that name the place."""

from __future__ import annotations

import errno
import gc
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ewardrobe.wardrobe import fields as schema
from ewardrobe.wardrobe.item import plain

SCHEMA_VERSION = 2
"""0: a bare list of items, as the first program wrote it.  1: any field of any type.  2: the fields of ``schema.Item``.

All are read; at the first change the file of an older version is kept as ``wardrobe.v<version>.json``.
"""

MAX_BYTES = 200_000_000
"""Largest file that is read: some hundred thousand items, twenty times as much in memory."""

_ANY = TypeAdapter(Any)  # writes JSON three times as fast as json does
_ITEMS_START, _ITEMS_END = b'"items":[\n', b"\n]\n}\n"


class StoreError(Exception):
    """The wardrobe could not be read or changed; the message says what was found and what to do.

    path: the file or folder concerned.  line, column: the place of the fault in a broken file, from 1.
    backup: the newest good copy to restore, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        backup: Path | None = None,
    ) -> None:
        super().__init__(message)
        self.path, self.line, self.column, self.backup = path, line, column, backup


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
    try:
        document = json.loads(raw.decode("utf-8-sig"), parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise _broken(path, error.msg, error.lineno, error.colno) from error
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise _broken(path, f"byte 0x{raw[error.start]:02x} is not UTF-8 text", line, column) from error
    except MemoryError as error:
        raise StoreError(f"{path} ({len(raw) / 1e6:.0f} MB) does not fit into memory.", path=path) from error
    except (RecursionError, ValueError) as error:  # brackets nested too deep, a number of thousands of digits
        raise _broken(path, str(error), 1, 1) from error
    return _check(document, raw, path)


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
    fields = [dump_item({key: value})[1:-1] for key, value in head.items() if key not in ("checksum", "items")]
    checksum = b'"checksum":%d,' % zlib.crc32(body)
    return b"".join([b"{\n", *(field + b",\n" for field in fields), checksum, _ITEMS_START, body, _ITEMS_END])


def _own_lines(document: Mapping, raw: bytes) -> list[bytes] | None:
    """Return the items' lines in ``raw`` if this version wrote them and nobody touched them since, else ``None``."""
    if document.get("version") != SCHEMA_VERSION or not raw.endswith(_ITEMS_END):
        return None
    body = raw[raw.find(_ITEMS_START) + len(_ITEMS_START) : -len(_ITEMS_END)]
    lines = body.split(b",\n")
    sound = zlib.crc32(body) == document.get("checksum") and len(lines) == len(document["items"])
    return lines if sound else None


def explain_os_error(error: OSError, path: Path) -> StoreError:
    """Return the ``StoreError`` that tells a user what to do about ``error`` on ``path``."""
    place = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full. Free some space and try again"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        what = "no permission to write there. Make the folder writable, or set EWARDROBE_HOME to one that is"
    else:
        what = f"{error.strerror or error}. Check the folder, or set EWARDROBE_HOME to another one"
    return StoreError(f"The wardrobe was not changed ({place}): {what}.", path=path)


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector while a document lives: searching it again and again takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _broken(path: Path, what: str, line: int, column: int) -> StoreError:
    return StoreError(
        f"{path} is broken at line {line}, column {column}: {what}. It was left as it is; correct that line,"
        " or restore a backup.",
        path=path,
        line=line,
        column=column,
    )


def _check(document: Any, raw: bytes, path: Path) -> tuple[dict[str, Any], list[bytes] | None]:
    if isinstance(document, list):
        document = empty_document() | {"version": 0, "samples_added": True, "items": document}
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise _broken(path, 'expected an object with a list "items"', 1, 1)
    version = document.setdefault("version", 1)
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has version {version!r}; this eWardrobe reads up to {SCHEMA_VERSION}. Update eWardrobe;"
            " the file was left as it is.",
            path=path,
        )
    lines = _own_lines(document, raw)
    if lines is None:  # else the items agree with the schema already
        _check_ids(document["items"], path)
        schema.settle(document["items"])
    return document, lines


def _check_ids(items: list, path: Path) -> None:
    """Give every item a string id of its own; a hand-written file may lack some or repeat one."""
    seen: set[str] = set()
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise _broken(path, f"item {number} is a {type(item).__name__}, expected an object", 1, 1)
        wanted = f"item-{number}" if item.get("id") in (None, "") else str(item["id"])
        name, copy = wanted, 2
        while name in seen:
            name, copy = f"{wanted}-{copy}", copy + 1
        item["id"] = name
        seen.add(name)
