"""The folder itself, the outfits and the kept copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ewardrobe.feature_store import backups
from ewardrobe.feature_store.doctor.finding import Finding, counted, some
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.feature_store.wardrobe_json import StoreError, parse_document

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
    outfits = OutfitStore(store.home)
    try:
        outfits.load()
    except StoreError as error:
        good = outfits.newest_good_backup()
        cure = f"{good.name} becomes outfits.json again; the broken file is kept beside it" if good else None
        yield Finding(str(error), (outfits.path.name,), cure)


def mend_outfits(store: FeatureStore) -> list[str]:
    """Restore the newest good copy of a broken ``outfits.json``."""
    if not any(finding.cure for finding in check_outfits(store)):
        return []
    return [f"outfits.json restored from {OutfitStore(store.home).restore_backup().name}"]


def check_backups(store: FeatureStore) -> Iterator[Finding]:
    """Yield kept copies that cannot be read."""
    if broken := [path.name for path in _broken(store)]:
        yield Finding(f"{counted(broken, 'backup')} cannot be read: {some(broken)}.", tuple(broken), "moved to trash/")


def mend_backups(store: FeatureStore) -> list[str]:
    """Move kept copies that cannot be read out of the way."""
    broken = _broken(store)
    if broken:
        with store._locked():
            for path in broken:
                backups.to_trash(store.home, path)
    return [f"{counted(broken, 'broken backup')} moved to trash/"] if broken else []


def _broken(store: FeatureStore) -> list[Path]:
    return [path for path in backups.listed(store.home) if not _is_readable(path)]


def _is_readable(path: Path) -> bool:
    try:
        parse_document(path.read_bytes(), path)
    except (OSError, StoreError):
        return False
    return True
