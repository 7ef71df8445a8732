"""Kept copies of ``wardrobe.json`` and the trash of its pictures."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from ewardrobe.core import atomic
from ewardrobe.feature_store.pictures import safe_path
from ewardrobe.feature_store.wardrobe_json import SCHEMA_VERSION, StoreError, parse_document

FOLDER = "backups"
KEEP_NEWEST = 10
KEEP_DAYS = 7
TRASH_DAYS = 30

_log = logging.getLogger(__name__)


def listed(home: Path) -> list[Path]:
    """Return the copies in ``home``, newest first."""
    return sorted((home / FOLDER).glob("wardrobe-*.json"), reverse=True)


def newest_good(home: Path) -> Path | None:
    """Return the newest copy that can be read, ``None`` if there is none."""
    for path in listed(home):
        with contextlib.suppress(OSError, StoreError):
            parse_document(path.read_bytes(), path)
            return path
    return None


def keep(home: Path, raw: bytes) -> None:
    """Keep ``raw``, the content of a good file, unless the newest copy is the same; thin out the old ones."""
    copies = listed(home)
    if copies and copies[0].stat().st_size == len(raw) and copies[0].read_bytes() == raw:
        return
    folder = home / FOLDER
    folder.mkdir(exist_ok=True)
    atomic.remove_leftovers(folder, "wardrobe-")
    # No fsync: the wardrobe itself is on disk already, and a copy is checked before it is offered.
    atomic.write_bytes(folder / f"wardrobe-{_stamp()}.json", raw, durable=False)
    for path in _superfluous(listed(home)):
        path.unlink(missing_ok=True)


def keep_version(path: Path, raw: bytes, version: int) -> None:
    """Keep ``raw`` beside ``path`` for good if it is of an older version of the schema and none is kept yet."""
    kept = path.with_name(f"{path.stem}.v{version}{path.suffix}")
    if version < SCHEMA_VERSION and not kept.exists():
        atomic.write_bytes(kept, raw)


def after_commit(home: Path, data: bytes, *, gone: set[str], come: set[str]) -> None:
    """Keep a copy and tidy the pictures once a change is on disk: nothing here may undo it, so errors are logged."""
    try:
        keep(home, data)
        fetch_from_trash(home, come)
        _move_to_trash(home, gone)
    except OSError as error:
        _log.warning("The wardrobe is saved, but its backup or trash is not in order: %s", error)


def set_aside(path: Path) -> None:
    """Keep a file that is about to be replaced under another name, so that nothing is lost; no file, nothing to do."""
    kept = path.with_name(f"{path.stem}.replaced-{_stamp()}{path.suffix}")
    try:
        os.link(path, kept)
    except FileNotFoundError:
        return
    except OSError:  # a file system without links
        atomic.write_bytes(kept, path.read_bytes())


def fetch_from_trash(home: Path, names: Iterable[str]) -> None:
    """Bring back those pictures ``names`` that lie in the trash and are missing from ``images/``."""
    for name in names:
        source, target = safe_path(home / "trash", name), safe_path(home / "images", name)
        if source and target and source.exists() and not target.exists():
            os.replace(source, target)


def to_trash(home: Path, path: Path) -> None:
    """Move a file into the trash; one of the same name that is there keeps its place."""
    folder = home / "trash"
    folder.mkdir(exist_ok=True)
    target = folder / path.name.lstrip(".")
    target = target if not target.exists() else folder / f"{_stamp()}-{target.name}"
    os.replace(path, target)
    os.utime(target)  # the age in the trash counts, not the file's


def _move_to_trash(home: Path, names: set[str]) -> None:
    if not names:
        return
    (home / "trash").mkdir(exist_ok=True)
    for name in names:
        source, target = safe_path(home / "images", name), safe_path(home / "trash", name)
        if source and target and source.exists():
            os.replace(source, target)
            os.utime(target)  # the age in the trash counts, not the picture's
    for path in (home / "trash").iterdir():
        if time.time() - path.stat().st_mtime > TRASH_DAYS * 86400:
            path.unlink(missing_ok=True)


def _superfluous(copies: list[Path]) -> list[Path]:
    """Return what is neither among the newest ten nor the newest of one of the last seven days with a change."""
    newest_of_day: dict[str, Path] = {}
    for path in copies:
        newest_of_day.setdefault(path.name[:17], path)  # wardrobe-YYYYMMDD
    kept = {*copies[:KEEP_NEWEST], *list(newest_of_day.values())[:KEEP_DAYS]}
    return [path for path in copies if path not in kept]


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
