"""What tells a drive that is not there from a wardrobe that is empty: a marker in its folders, and a note outside.

The wardrobe's folder and its ``images/`` hold the file ``.ewardrobe``.  A folder without it, where there was one, is
the place of a drive that is not connected: nothing in it is called lost, and no new wardrobe is begun there, before the
owner has said so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from ewardrobe.core import atomic, process

FILE = ".ewardrobe"
TEXT = (
    b"This folder belongs to a wardrobe of eWardrobe. Leave this file here: without it a drive that is not connected"
    b" looks like an empty wardrobe.\n"
)
IMAGES = "images"
"""The folder of the pictures, which may be a link to another drive."""

KNOWN = "wardrobes.json"
"""File outside of all wardrobes: ``{folder: the day on which it was first noted}``."""

KEPT = 200
"""Folders that are noted; older ones are forgotten."""

_noted: set[Path] = set()


def is_marked(folder: Path) -> bool:
    """Tell whether a folder is a wardrobe's, or its pictures'; one that cannot be looked into is taken for that."""
    try:
        (folder / FILE).stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # reading from it tells what is wrong with it
        return True
    return True


def holds_wardrobe(home: Path) -> bool:
    """Tell whether a folder is a wardrobe's by its marker, or by that of its pictures."""
    return is_marked(home) or is_marked(home / IMAGES)


def mark(home: Path, *, pictures: bool = True) -> None:
    """Mark the folder of a wardrobe that was just written, and its pictures' if that is there; note it outside."""
    for folder in (home, home / IMAGES) if pictures else (home,):
        if folder.is_dir() and not is_marked(folder):
            atomic.write_bytes(folder / FILE, TEXT, durable=False)
    if home.absolute() not in _noted:
        known = _known()
        if str(home.absolute()) not in known:
            _note(known | {str(home.absolute()): date.today().isoformat()})
        _noted.add(home.absolute())


def absent_drive(home: Path) -> str | None:
    """Return what is to be said of a folder in which a wardrobe was, and is no more; ``None`` if all is well."""
    if holds_wardrobe(home) or (home / "wardrobe.json").exists():
        return None
    since = _known().get(str(home.absolute()))
    if since is None:
        return None
    return (
        f"The wardrobe that lies in {home} since {since} is not there now. If it is on a drive, connect it. If it is"
        f" gone for good, `python -m ewardrobe doctor --gone --wardrobe {home}` lets a new one begin there."
    )


def absent_pictures(home: Path, wanted: Sequence[Path]) -> str | None:
    """Return what is to be said where none of the pictures is there and their folder is no longer marked."""
    images = home / IMAGES
    if not wanted or is_marked(images) or any(path.exists() for path in wanted):
        return None
    where = f"{images} is a link to {images.readlink()}, and" if images.is_symlink() else f"{images} is not there, or"
    return (
        f"{where} none of the {len(wanted)} pictures of the wardrobe is in it. If they are on a drive, connect it. If"
        f" they are gone for good, `python -m ewardrobe doctor --gone --wardrobe {home}` goes on without them."
    )


def accept_loss(home: Path) -> None:
    """Take it that what is missing is gone for good (the owner has said so)."""
    known = _known()
    if known.pop(str(home.absolute()), None):
        _note(known)
    _noted.discard(home.absolute())
    if (home / "wardrobe.json").exists():
        (home / IMAGES).resolve().mkdir(exist_ok=True)  # also where it is a link to nothing
        mark(home)
    else:
        for folder in (home, home / IMAGES):
            (folder / FILE).unlink(missing_ok=True)


def _known() -> dict[str, str]:
    with suppress(OSError, ValueError):
        known = json.loads((process.state_dir() / KNOWN).read_bytes())
        if isinstance(known, dict):
            return {str(home): str(day) for home, day in known.items()}
    return {}


def _note(known: dict[str, str]) -> None:
    with suppress(OSError):  # a machine whose disk is read-only has this guard only inside the folder
        process.state_dir().mkdir(parents=True, exist_ok=True)
        content = json.dumps(dict(list(known.items())[-KEPT:]), indent=1).encode()
        atomic.write_bytes(process.state_dir() / KNOWN, content, durable=False)
