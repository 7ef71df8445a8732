"""The folder itself, the outfits and the kept copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ewardrobe.feature_store import trash
from ewardrobe.feature_store.doctor.finding import Finding, counted, some
from ewardrobe.feature_store.document import Document, StoreError, told
from ewardrobe.feature_store.store import FeatureStore

LOW_DISK_BYTES = 200_000_000


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


def mend_outfits(store: FeatureStore) -> list[str]:
    """Restore the fullest good copy of a broken ``outfits.json``."""
    return [restored(store.outfits)]


def restored(document: Document) -> str:
    """Restore the newest good copy, or an older one if that holds more, and return what was done in words."""
    copies = document.restorable()
    document.restore_backup(copies[-1].path)
    done = f"{document.path.name} restored from {copies[-1].path.name}"
    return done if len(copies) == 1 else f"{done}. {told(copies)}"


def check_backups(store: FeatureStore) -> Iterator[Finding]:
    """Yield kept copies that cannot be read."""
    if broken := [path.name for path in _broken(store)]:
        yield Finding(f"{counted(broken, 'backup')} cannot be read: {some(broken)}.", "moved to trash/")


def mend_backups(store: FeatureStore) -> list[str]:
    """Move kept copies that cannot be read out of the way."""
    broken = _broken(store)
    with store._locked():
        for path in broken:
            trash.throw_away(store.home, path)
    return [f"{counted(broken, 'broken backup')} moved to trash/"]


def _broken(store: FeatureStore) -> list[Path]:
    documents: tuple[Document, ...] = (store, store.outfits)
    return [path for document in documents for path in document.backups() if document.entries_in(path) is None]
