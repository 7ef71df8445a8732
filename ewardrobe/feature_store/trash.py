"""The trash: pictures that no item names any more, and files that the doctor moves out of the way.

A file stays for thirty days on which the wardrobe was changed, and as long as an undo or a kept copy names it.  Days
are counted, not subtracted: a clock that is wrong for once adds one day and deletes nothing.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

from ewardrobe.core import atomic
from ewardrobe.feature_store.backups import FOLDER as BACKUPS
from ewardrobe.feature_store.backups import stamp
from ewardrobe.feature_store.pictures import IMAGES, safe_path

TRASH, TRASH_DAYS = "trash", 30
AGES = ".days.json"
"""File of the trash: how many days were counted, the last of them, and at which day each file came."""


def throw_away(home: Path, path: Path) -> None:
    """Move a file into the trash; one of the same name that is there keeps its place."""
    target = home / TRASH / path.name.lstrip(".")
    move(path, target.with_name(f"{stamp()}-{target.name}") if target.exists() else target)


def throw_pictures_away(home: Path, names: Iterable[str]) -> None:
    """Move pictures into the trash, in place of older ones of the same name."""
    for name in names:
        source, target = safe_path(home / IMAGES, name), safe_path(home / TRASH, name)
        if source and target and source.exists():
            move(source, target)


def fetch_back(home: Path, names: Iterable[str]) -> None:
    """Bring back those pictures ``names`` that lie in the trash and are missing from ``images/``."""
    for name in names:
        source, target = safe_path(home / TRASH, name), safe_path(home / IMAGES, name)
        if source and target and source.exists() and not target.exists():
            move(source, target)


def empty_old(home: Path) -> None:
    """Count the day of a change, and delete what is too old and named by nothing that could come back."""
    folder = home / TRASH
    if not folder.is_dir():
        return
    present = {path.name: path for path in folder.iterdir() if path.name != AGES and path.is_file()}
    days, last, since = _read_ages(folder / AGES)
    today = date.today().isoformat()
    days += today != last
    since = {name: min(since.get(name, days), days) for name in present}
    if old := {name for name, day in since.items() if days - day >= TRASH_DAYS}:
        for name in old - _named(home, old):
            present[name].unlink(missing_ok=True)
            del since[name]
    content = json.dumps({"days": days, "last": today, "since": since}).encode()
    if not (folder / AGES).exists() or (folder / AGES).read_bytes() != content:
        atomic.write_bytes(folder / AGES, content, durable=False)


def move(path: Path, target: Path) -> None:
    """Move a file, also to another disk: there it is copied as a whole before it goes here."""
    target.parent.mkdir(exist_ok=True)
    try:
        os.replace(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with open(path, "rb") as source, atomic.writing(target) as file:
            shutil.copyfileobj(source, file)
        path.unlink()


def _read_ages(path: Path) -> tuple[int, str, dict[str, int]]:
    """Return days, the last day, and the day of each file; a file that cannot be understood counts anew."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        ages = json.loads(path.read_bytes())
        return int(ages["days"]), str(ages["last"]), {str(name): int(day) for name, day in ages["since"].items()}
    return 0, "", {}


def _named(home: Path, names: set[str]) -> set[str]:
    """Return those of ``names`` that stand in the journal, a kept copy, or another file of the folder."""
    found: set[str] = set()
    for path in [*home.glob("*.json*"), *(home / BACKUPS).glob("*.json")]:
        content = path.read_bytes()  # what cannot be read ends it: it may name any of them
        found |= {name for name in names - found if json.dumps(name)[1:-1].encode() in content}
    return found
