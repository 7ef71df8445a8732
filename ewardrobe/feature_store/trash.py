"""The trash of the wardrobe: pictures that no item names any more, and files that the doctor moves out of the way."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from ewardrobe.feature_store.backups import stamp
from ewardrobe.feature_store.pictures import safe_path

FOLDER = "trash"
KEEP_DAYS = 30


def throw_away(home: Path, path: Path) -> None:
    """Move a file into the trash; one of the same name that is there keeps its place."""
    target = home / FOLDER / path.name.lstrip(".")
    _move(path, target.with_name(f"{stamp()}-{target.name}") if target.exists() else target)


def throw_pictures_away(home: Path, names: Iterable[str]) -> None:
    """Move pictures into the trash, in place of older ones of the same name, and empty it of what is too old."""
    for name in names:
        source, target = safe_path(home / "images", name), safe_path(home / FOLDER, name)
        if source and target and source.exists():
            _move(source, target)
    if names:
        _empty(home / FOLDER)


def fetch_back(home: Path, names: Iterable[str]) -> None:
    """Bring back those pictures ``names`` that lie in the trash and are missing from ``images/``."""
    for name in names:
        source, target = safe_path(home / FOLDER, name), safe_path(home / "images", name)
        if source and target and source.exists() and not target.exists():
            os.replace(source, target)


def _move(path: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True)
    os.replace(path, target)
    os.utime(target)  # the age in the trash counts, not the file's


def _empty(folder: Path) -> None:
    for path in folder.iterdir() if folder.is_dir() else ():
        if time.time() - path.stat().st_mtime > KEEP_DAYS * 86400:
            path.unlink(missing_ok=True)
