"""Pictures: missing, damaged, or named by nobody; and what killed writers left behind."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.core.images import ImageError, check_picture, read_cutout
from ewardrobe.feature_store import marker, pictures, records, trash
from ewardrobe.feature_store.change import Change
from ewardrobe.feature_store.doctor.finding import Finding, counted, some, unreadable
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.store import FeatureStore

TEXTS = re.compile(r'"(?:[^"\\]|\\.)*"')
"""The texts in JSON."""

SETTLED_SECONDS = 3600
"""A younger file that nobody names may belong to an import that is under way."""


@dataclass
class PictureAudit:
    """Pictures against the items that name them.

    trashed: named, but in the trash.  lost, thumbnails: ``(item id, field, name)`` of files that are nowhere or
    damaged, and of thumbnails among them whose cut-out is there.  damaged: files that are no picture any more.
    locked: files that cannot be read, with the reason.  orphans: files that nobody names.  leftovers: temporary files.
    """

    trashed: list[str] = field(default_factory=list)
    lost: list[tuple[str, str, str]] = field(default_factory=list)
    thumbnails: list[tuple[str, str, str]] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    locked: dict[Path, OSError] = field(default_factory=dict)
    orphans: list[Path] = field(default_factory=list)
    leftovers: list[Path] = field(default_factory=list)


def check(store: FeatureStore) -> Iterator[Finding]:
    """Yield what is wrong with the pictures; nothing if the wardrobe itself cannot be read."""
    try:
        items = store.items()
    except StoreError:
        return
    if absent := pictures.absent(store.home, items):
        yield Finding(absent)
        return
    state = look(store, items)
    lost = [f"{name} of {item_id}" for item_id, _, name in state.lost]
    thumbnails = [item_id for item_id, _, _ in state.thumbnails]
    damaged, orphans = ([path.name for path in paths] for paths in (state.damaged, state.orphans))
    nowhere = "the items no longer name them; undo brings the names back"
    for names, what, cure in (
        (state.trashed, f"{_files(state.trashed)} of items in the trash.", "brought back"),
        (damaged, f"{_files(damaged)} damaged: {some(damaged)}.", "moved to trash/"),
        (thumbnails, f"{counted(thumbnails, 'thumbnail')} missing: {some(thumbnails)}.", "made anew from the cut-out"),
        (lost, f"{_files(lost)} missing: {some(lost)}.", nowhere),
        (orphans, f"{_files(orphans)} that no item names: {some(orphans)}.", "moved to trash/"),
        (state.leftovers, f"{counted(state.leftovers, 'temporary file')} of killed writers.", "moved to trash/"),
    ):
        if names:
            yield Finding(what, cure)
    yield from (unreadable(path, error) for path, error in state.locked.items())


def mend(store: FeatureStore) -> list[str]:
    """Bring back, make anew, move to the trash; nothing is deleted."""
    with store._change("mended") as change:
        state = look(store, change.items)
        away = [*state.damaged, *state.orphans, *state.leftovers]
        left: list[Path | str] = [path for path in away if not _done(trash.throw_away, store.home, path)]
        store.images.mkdir(exist_ok=True)
        left += [name for name in state.trashed if not _done(trash.fetch_back, store.home, [name])]
        edits: dict[str, dict[str, None]] = {}
        for item_id, field_name, _ in state.lost:
            edits.setdefault(item_id, {})[field_name] = None
        change.edit(edits)
        _make_thumbnails(store, change, state.thumbnails)
        change.rewrite = bool(state.thumbnails)  # one that gets its old name changes no item, but is to be written
    parts: dict[str, list] = {
        "brought back from the trash": [name for name in state.trashed if name not in left],
        "made anew": state.thumbnails,
        "no longer named by their items": state.lost,
        "moved to trash/": [path for path in away if path not in left],
        "not moved; check the permissions and the disk": left,
    }
    return [f"{_files(names)} {what}" for what, names in parts.items() if names]


def look(store: FeatureStore, items: list[dict]) -> PictureAudit:
    """Return the state of the pictures of ``items``."""
    state = PictureAudit()
    present = {path.name: path for path in _listed(store.images)}
    thrown = {path.name for path in _listed(store.home / trash.TRASH)}
    folders = (store.home, store.images, store.home / "backups")
    temporary = [path for folder in folders for path in sorted(folder.glob(f".*{atomic.TEMPORARY_SUFFIX}"))]
    state.leftovers = [path for path in temporary if _is_settled(path)]
    named = pictures.picture_names(items)
    for path in (present[name] for name in sorted(named & present.keys())):
        try:
            state.damaged += [] if _is_picture(path) else [path]
        except OSError as error:
            state.locked[path] = error
    good = present.keys() - {path.name for path in state.damaged}
    state.trashed = sorted((named - good) & thrown)
    there = good | thrown
    for item, name in itertools.product(items, pictures.IMAGE_FIELDS):
        if item.get(name) and item[name] not in there:
            again = name == "thumbnail" and item.get("image") in there
            (state.thumbnails if again else state.lost).append((item["id"], name, item[name]))
    # Every text in an item: other programs and versions may name pictures in fields of their own.
    mentioned = named | set(map(json.loads, TEXTS.findall(json.dumps(items))))
    mentioned |= {marker.FILE, records.OUTFITS, *(records.record_name(item["id"]) for item in items)}
    unnamed = [path for name, path in sorted(present.items()) if name not in mentioned]
    state.orphans = [path for path in unnamed if path not in state.leftovers and _is_settled(path)]
    return state


def _make_thumbnails(store: FeatureStore, change: Change, wanted: list[tuple[str, str, str]]) -> None:
    items = {item["id"]: item for item in change.items}
    edits = {}
    for item_id, _, _ in wanted:
        try:
            cutout = read_cutout(store.images / items[item_id]["image"])
        except OSError:  # its own finding
            continue
        name, content = pictures.encode_pictures(cutout, None)["thumbnail"]
        edits[item_id], change.pictures[name] = {"thumbnail": name}, content
    change.edit(edits)


def _done(act: Callable[..., None], *args: Any) -> bool:
    """Do it and tell whether that went well: one fault does not end the rest."""
    try:
        act(*args)
    except OSError:
        return False
    return True


def _listed(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _is_settled(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False


def _is_picture(path: Path) -> bool:
    """Tell by the head, else by the whole file, whether it is a picture; photos kept as they came must not be empty.

    Raises ``OSError`` where it cannot be read.
    """
    for size in (65536, -1):  # some formats tell what they are only at the end
        with open(path, "rb") as file, suppress(ImageError):
            content = file.read(size)
            if path.suffix != ".bin":
                check_picture(content, path.name)
            return bool(content)
    return False


def _files(names: list) -> str:
    return counted(names, "picture")
