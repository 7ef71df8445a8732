"""Pictures: missing, damaged, or named by nobody; and what killed writers left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.core.images import ImageError, check_picture, read_cutout
from ewardrobe.feature_store import pictures, trash
from ewardrobe.feature_store.change import Change
from ewardrobe.feature_store.doctor.finding import Finding, counted, some
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.store import FeatureStore

SETTLED_SECONDS = 3600
"""A younger file that nobody names may belong to an import that is under way."""


@dataclass
class PictureAudit:
    """Pictures against the items that name them.

    trashed: named, but in the trash.  lost, thumbnails: ``(item id, field, name)`` of files that are nowhere or
    damaged, and of thumbnails among them whose cut-out is there.  damaged: files that are no picture any more.
    orphans: files that nobody names.  leftovers: temporary files.
    """

    trashed: list[str] = field(default_factory=list)
    lost: list[tuple[str, str, str]] = field(default_factory=list)
    thumbnails: list[tuple[str, str, str]] = field(default_factory=list)
    damaged: list[Path] = field(default_factory=list)
    orphans: list[Path] = field(default_factory=list)
    leftovers: list[Path] = field(default_factory=list)


def check(store: FeatureStore) -> Iterator[Finding]:
    """Yield what is wrong with the pictures; nothing if the wardrobe itself cannot be read."""
    try:
        state = look(store, store.items())
    except StoreError:
        return
    if state.trashed:
        yield Finding(f"{_files(state.trashed)} of items in the trash.", tuple(state.trashed), "brought back")
    if state.damaged:
        names = [path.name for path in state.damaged]
        yield Finding(f"{_files(names)} damaged: {some(names)}.", tuple(names), "moved to trash/")
    if state.thumbnails:
        ids = [item_id for item_id, _, _ in state.thumbnails]
        yield Finding(f"{counted(ids, 'thumbnail')} missing: {some(ids)}.", tuple(ids), "made anew from the cut-out")
    if state.lost:
        told = [f"{name} of {item_id}" for item_id, _, name in state.lost]
        cure = "the items no longer name them; undo brings the names back"
        yield Finding(f"{_files(told)} missing: {some(told)}.", tuple(item_id for item_id, _, _ in state.lost), cure)
    if state.orphans:
        names = [path.name for path in state.orphans]
        yield Finding(f"{_files(names)} that no item names: {some(names)}.", tuple(names), "moved to trash/")
    if state.leftovers:
        names = [path.name for path in state.leftovers]
        yield Finding(f"{counted(names, 'temporary file')} of killed writers.", tuple(names), "moved to trash/")


def mend(store: FeatureStore) -> list[str]:
    """Bring back, make anew, move to the trash; nothing is deleted."""
    if not any(finding.cure for finding in check(store)):
        return []
    with store._change("mended") as change:
        state = look(store, change.items)
        for path in (*state.damaged, *state.orphans, *state.leftovers):
            trash.throw_away(store.home, path)
        store.images.mkdir(exist_ok=True)
        for name in state.trashed:
            os.replace(store.home / trash.FOLDER / name, store.images / name)
        _clear(change, state.lost)
        _make_thumbnails(store, change, state.thumbnails)
    parts: dict[str, list] = {
        "brought back from the trash": state.trashed,
        "made anew": state.thumbnails,
        "no longer named by their items": state.lost,
        "moved to trash/": [*state.damaged, *state.orphans, *state.leftovers],
    }
    return [f"{_files(names)} {what}" for what, names in parts.items() if names]


def look(store: FeatureStore, items: list[dict]) -> PictureAudit:
    """Return the state of the pictures of ``items``."""
    state = PictureAudit()
    present = {path.name: path for path in _listed(store.images)}
    thrown = {path.name for path in _listed(store.home / trash.FOLDER)}
    state.leftovers = [path for path in _temporary(store) if _is_settled(path)]
    named = pictures.picture_names(items)
    state.damaged = [present[name] for name in sorted(named & present.keys()) if not _is_picture(present[name])]
    good = present.keys() - {path.name for path in state.damaged}
    state.trashed = sorted((named - good) & thrown)
    for item in items:
        _look_at(item, good | thrown, state)
    mentioned = named | {text for item in items for text in _texts(item)}
    unnamed = [path for name, path in sorted(present.items()) if name not in mentioned]
    state.orphans = [path for path in unnamed if path not in state.leftovers and _is_settled(path)]
    return state


def _look_at(item: Mapping, there: set[str], state: PictureAudit) -> None:
    for name in pictures.IMAGE_FIELDS:
        value = item.get(name)
        if value and value not in there:
            again = name == "thumbnail" and item.get("image") in there
            (state.thumbnails if again else state.lost).append((item["id"], name, value))


def _clear(change: Change, lost: list[tuple[str, str, str]]) -> None:
    edits: dict[str, dict[str, None]] = {}
    for item_id, name, _ in lost:
        edits.setdefault(item_id, {})[name] = None
    change.edit(edits)


def _make_thumbnails(store: FeatureStore, change: Change, wanted: list[tuple[str, str, str]]) -> None:
    items = {item["id"]: item for item in change.items}
    edits = {}
    for item_id, _, _ in wanted:
        cutout = read_cutout(store.images / items[item_id]["image"])
        name, content = pictures.encode_pictures(cutout, None)["thumbnail"]
        edits[item_id], change.pictures[name] = {"thumbnail": name}, content
    change.edit(edits)


def _listed(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _temporary(store: FeatureStore) -> list[Path]:
    folders = (store.home, store.images, store.home / "backups")
    return [path for folder in folders for path in sorted(folder.glob(f".*{atomic.TEMPORARY_SUFFIX}"))]


def _is_settled(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > SETTLED_SECONDS
    except OSError:
        return False


def _is_picture(path: Path) -> bool:
    """Tell whether the head of a file is a picture's; photos that were kept as they came may be anything but empty."""
    try:
        with open(path, "rb") as file:
            head = file.read(65536)
        if path.suffix == ".bin":
            return bool(head)
        check_picture(head, path.name)
    except ImageError:
        return _is_picture_whole(path)
    except OSError:
        return False
    return True


def _is_picture_whole(path: Path) -> bool:
    """Some formats tell what they are only at the end of the file."""
    try:
        check_picture(path.read_bytes(), path.name)
    except (ImageError, OSError):
        return False
    return True


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in an item: other programs and versions may name pictures in fields of their own."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _files(names: list) -> str:
    return counted(names, "picture")
