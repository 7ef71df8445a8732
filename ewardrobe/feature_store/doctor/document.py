"""The folder, ``wardrobe.json`` (missing, broken, or with values of no garment), the outfits and the kept copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.core.taxonomy import CATEGORY_BY_ID
from ewardrobe.feature_store import journal, marker, records
from ewardrobe.feature_store.doctor.finding import Finding, counted, some, unreadable
from ewardrobe.feature_store.document import MAX_BYTES, BrokenFileError, Document, StoreError, read_json, told
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.feature_store.trash import throw_away
from ewardrobe.feature_store.wardrobe_json import dump_document, empty_document, find_faults, parse_document
from ewardrobe.wardrobe.fields import UNREADABLE
from ewardrobe.wardrobe.item import KIND_FIELDS, kind_fields

LOW_DISK_BYTES = 200_000_000


def check(store: FeatureStore) -> Iterator[Finding]:
    """Yield what is wrong with the file, else with values in it."""
    name = store.path.name
    if not store.path.exists():
        if copies := store.restorable():
            yield Finding(f"{name} is missing. {told(copies)}", f"{copies[-1].path.name} becomes {name} again")
        elif recorded := records.read_all(store.home):
            what = f"{name} is missing, and there is no backup."
            yield Finding(what, f"it is made anew of the {counted(recorded, 'record')} beside the pictures")
        elif marker.holds_wardrobe(store.home):
            what = f"{name} is missing, and there is neither a backup nor a record beside the pictures."
            yield Finding(f"{what} Bring it back from elsewhere, or begin anew with `doctor --gone`.")
        return
    try:
        store.items()
    except StoreError as error:
        yield Finding(str(error), _cure(store) if isinstance(error, BrokenFileError) else None)
        return
    yield from _check_values(store)


def mend(store: FeatureStore) -> list[str]:
    """Put a broken file together again, write cleaned values, let category, id and slot agree."""
    if not store.path.exists():
        return [restored(store) if store.restorable() else rebuild(store)]
    try:
        store.items()
    except StoreError:
        return [_put_together(store)]
    done = [f"mended: {finding.what}" for finding in check(store) if finding.cure]
    with store._change("mended") as change:
        change.edit({item["id"]: fields for item in change.items if (fields := _agreeing(item))})
        change.rewrite = True
    return done


def _cure(store: FeatureStore) -> str | None:
    readable, kept = _readable_items(store), _kept_items(store)
    if not readable and not kept:
        return None
    others = len(kept.keys() - readable.keys())
    return (
        f"the wardrobe is put together from {counted(readable, 'item')} that can be read in it and {others} more of the"
        " fullest good backup; the broken file is kept beside it"
    )


def _readable_items(store: FeatureStore) -> dict[str, dict]:
    """Return the items by id whose lines can be read: the file has one item a line."""
    items: dict[str, dict] = {}
    if not store.path.exists() or store.path.stat().st_size > MAX_BYTES:
        return items
    for line in store.path.read_bytes().splitlines():
        try:
            item = read_json(line.strip().rstrip(b","), store.path)
        except StoreError:
            continue
        if isinstance(item, dict) and isinstance(item.get("id"), str) and len(item) > 1:
            items.setdefault(item["id"], item)
    return items


def _kept_items(store: FeatureStore) -> dict[str, dict]:
    """Return the items by id of the newest good copy, or of an older one if that holds more."""
    copies = store.restorable()
    good = copies[-1].path if copies else None
    return {item["id"]: item for item in parse_document(good.read_bytes(), good)["items"]} if good else {}


def rebuild(store: FeatureStore) -> str:
    """Make a ``wardrobe.json`` that is missing or broken, and such outfits, anew of the records beside the pictures.

    Returns what was done in words.  Raises ``StoreError`` where there are no records; a file that is whole stays.
    """
    if store.path.exists():
        with suppress(BrokenFileError):
            return f"{store.path.name} is whole, with {counted(store.items(), 'item')}: nothing was rebuilt"
    with store._locked():
        items = {item["id"]: item for item in records.read_all(store.home)}
        if not items:
            raise StoreError(f"There are no records in {store.images}: nothing was rebuilt.")
        _write_anew(store, items | _readable_items(store))
    done = f"{store.path.name} rebuilt of {counted(items, 'record')} beside the pictures"
    return f"{done}, {store.outfits.path.name} too" if _rebuild_outfits(store) else done


def _rebuild_outfits(store: FeatureStore) -> bool:
    """Take the outfits' record for an ``outfits.json`` that is missing; tell whether it was."""
    record = store.images / records.OUTFITS
    if store.outfits.path.exists() or not record.is_file():
        return False
    store.outfits.restore_backup(record)
    return True


def _put_together(store: FeatureStore) -> str:
    with store._locked():
        readable, kept = _readable_items(store), _kept_items(store)
        _write_anew(store, {**kept, **readable})
    others = kept.keys() - readable.keys()
    return f"{store.path.name} put together from {counted(readable, 'readable item')} and {len(others)} of a backup"


def _write_anew(store: FeatureStore, items: Mapping[str, dict]) -> None:
    document = empty_document() | {"samples_added": True, "items": list(items.values())}
    find_faults(document["items"], store.path)
    store._set_aside()
    store._replace(None, lambda counter: dump_document({**document, "revision": counter}))


def _check_values(store: FeatureStore) -> Iterator[Finding]:
    written = read_json(store.path.read_bytes(), store.path)
    wrong = find_faults(written if isinstance(written, list) else written["items"], store.path)
    if wrong:
        cure = "what can be understood is written as it should be, the rest is kept under “unreadable”"
        yield Finding(f"{counted(wrong, 'value')} of a wrong type: {some(wrong)}.", cure)
    yield from _check_items(store.items())


def _check_items(items: list[dict]) -> Iterator[Finding]:
    if apart := [item["id"] for item in items if _agreeing(item)]:
        what = f"Category, its number and the slot disagree in {counted(apart, 'item')}: {some(apart)}."
        yield Finding(what, "number and slot follow the category")
    kept = {item["id"]: item[UNREADABLE] for item in items if item.get(UNREADABLE)}
    if kept:
        told = [f"{i} {', '.join(map(str, values))}" for i, values in kept.items() if isinstance(values, dict)]
        yield Finding(f"{counted(kept, 'item')} with values put aside: {some(told)}. Enter them anew.")


def _agreeing(item: Mapping) -> dict[str, Any]:
    """Return the fields to set so that category, id and slot agree; nothing where they do or cannot."""
    try:
        if item.get("category"):
            fields = kind_fields(item["category"])
        elif item.get("category_id"):
            fields = kind_fields(CATEGORY_BY_ID[int(item["category_id"])].name)
        else:
            return {}
    except (KeyError, ValueError):
        return {}
    return fields if any(item.get(name) != fields[name] for name in KIND_FIELDS) else {}


def check_folder(store: FeatureStore) -> Iterator[Finding]:
    """Yield what hinders writing."""
    if not os.access(store.home, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        yield Finding(f"{store.home} cannot be written: make it writable, or set EWARDROBE_HOME to another folder.")
    free = shutil.disk_usage(store.home).free
    if free < LOW_DISK_BYTES:
        yield Finding(f"Only {free / 1e6:.0f} MB are free on the disk of {store.home}: make room before you add more.")


def check_outfits(store: FeatureStore) -> Iterator[Finding]:
    """Yield the fault of a broken ``outfits.json``."""
    outfits = store.outfits
    try:
        outfits.document()
    except StoreError as error:
        cures = [f"{copy.path.name} becomes outfits.json again; the broken file is kept" for copy in error.copies]
        yield Finding(str(error), cures[-1] if cures else None)


def restored(document: Document) -> str:
    """Restore the newest good copy, or an older one if that holds more, and return what was done in words."""
    copies = document.restorable()
    document.restore_backup(copies[-1].path)
    done = f"{document.path.name} restored from {copies[-1].path.name}"
    return done if len(copies) == 1 else f"{done}. {told(copies)}"


def check_journal(store: FeatureStore) -> Iterator[Finding]:
    """Yield how many lines of the journal are no changes."""
    if broken := journal.broken_lines(store.home):
        what = f"{counted(broken, 'line')} of {journal.FILE} cannot be understood: such changes cannot be undone."
        yield Finding(what, "moved to trash/; the others stay")


def mend_journal(store: FeatureStore) -> list[str]:
    """Keep the journal's whole lines, and the file as it was in the trash."""
    with store._locked():
        broken = journal.broken_lines(store.home)
        kept = store.home / f"{journal.FILE}.damaged"
        atomic.write_bytes(kept, (store.home / journal.FILE).read_bytes())
        journal.drop_lines(store.home, broken)
        throw_away(store.home, kept)
    return [f"{counted(broken, 'line')} of {journal.FILE} moved to trash/"]


def check_backups(store: FeatureStore) -> Iterator[Finding]:
    """Yield kept copies that are broken, and those that cannot be read."""
    broken, locked = _broken(store)
    if broken:
        names = [path.name for path in broken]
        yield Finding(f"{counted(names, 'backup')} broken: {some(names)}.", "moved to trash/")
    yield from (unreadable(path, error) for path, error in locked.items())


def mend_backups(store: FeatureStore) -> list[str]:
    """Move broken copies out of the way."""
    broken, _ = _broken(store)
    with store._locked():
        for path in broken:
            throw_away(store.home, path)
    return [f"{counted(broken, 'broken backup')} moved to trash/"]


def _broken(store: FeatureStore) -> tuple[list[Path], dict[Path, OSError]]:
    """Return the kept copies that are no documents, and those that cannot be read, with the reason."""
    documents: tuple[Document, ...] = (store, store.outfits)
    broken: list[Path] = []
    locked: dict[Path, OSError] = {}
    for document, path in [(each, path) for each in documents for path in each.backups()]:
        try:
            document.parse(path.read_bytes(), path)
        except OSError as error:
            locked[path] = error
        except StoreError:
            broken.append(path)
    return broken, locked
