"""Each garment's record beside its pictures, from which the wardrobe comes back when nothing else is left.

``images/item-<hash of the id>.json`` holds what ``wardrobe.json`` says of one garment, ``images/outfits.json`` the
outfits.  Both follow each change; neither is read as long as the wardrobe's own files are whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.feature_store import trash
from ewardrobe.feature_store.document import StoreError, read_json
from ewardrobe.feature_store.marker import IMAGES, is_marked
from ewardrobe.feature_store.wardrobe_json import dump_item, find_faults

PATTERN, OUTFITS = "item-*.json", "outfits.json"


def record_name(item_id: str) -> str:
    """Return the name of an item's record; an id may hold what no file name can."""
    return f"item-{hashlib.sha256(item_id.encode()).hexdigest()[:16]}.json"


def keep_all(home: Path, items: Iterable[Mapping]) -> None:
    """Let the records be those of ``items``: write what differs, and move the others to the trash."""
    images = home / IMAGES
    wanted = {record_name(item["id"]): dump_item(item) for item in items}
    present = set(_names(images))
    for name, content in wanted.items():
        if name not in present or (images / name).read_bytes() != content:
            _write(images / name, content)
    trash.throw_pictures_away(home, present - wanted.keys())
    with suppress(FileNotFoundError):
        keep_outfits(home, (home / OUTFITS).read_bytes())


def keep(home: Path, items: Iterable[Mapping], changed: Container[str], gone: Iterable[str]) -> None:
    """Write the records of the ``items`` that were ``changed``, and throw away those of the ids ``gone``."""
    for item in items:
        if item["id"] in changed:
            _write(home / IMAGES / record_name(item["id"]), dump_item(item))
    trash.throw_pictures_away(home, map(record_name, gone))


def keep_outfits(home: Path, raw: bytes) -> None:
    """Keep the content of ``outfits.json`` beside the pictures, where their folder is known to be theirs."""
    record = home / IMAGES / OUTFITS
    if is_marked(home / IMAGES) and not (record.exists() and record.read_bytes() == raw):
        _write(record, raw)


def read_all(home: Path) -> list[dict[str, Any]]:
    """Return the items of all records that can be understood, in the order of their adding, as the schema wants them.

    Raises ``OSError`` where the folder cannot be read.
    """
    items: list[dict[str, Any]] = []
    for path in (home / IMAGES / name for name in sorted(_names(home / IMAGES))):
        with suppress(OSError, StoreError):
            item = read_json(path.read_bytes(), path)
            items += [item] if isinstance(item, dict) else []
    find_faults(items, home / IMAGES)
    return sorted(items, key=lambda item: str(item.get("added")))


def _names(images: Path) -> list[str]:
    try:
        return [name for name in os.listdir(images) if fnmatch(name, PATTERN)]
    except FileNotFoundError:
        return []


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    # No fsync: a record that a power cut took is written anew by the next change, or told by the doctor.
    atomic.write_bytes(path, content, durable=False)
