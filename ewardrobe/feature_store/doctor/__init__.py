"""The doctor: finds what is wrong in a wardrobe's folder and mends it without deleting anything.

    python -m ewardrobe doctor --fix

Files that nobody names go to ``trash/``; a broken file is kept beside the one that takes its place.
"""

from __future__ import annotations

from ewardrobe.feature_store.doctor import blanked, copies, document, pictures
from ewardrobe.feature_store.doctor.finding import Finding
from ewardrobe.feature_store.store import FeatureStore

__all__ = ["Finding", "examine", "mend"]


def examine(store: FeatureStore) -> list[Finding]:
    """Return what is wrong in the folder of ``store``, the gravest first; nothing is changed."""
    if not store.home.is_dir():
        return []
    checks = (
        copies.check_folder,
        document.check,
        blanked.check,
        pictures.check,
        copies.check_outfits,
        copies.check_backups,
    )
    return [finding for check in checks for finding in check(store)]


def mend(store: FeatureStore) -> list[str]:
    """Mend what can be mended and return what was done, in words; ``StoreError`` where it cannot be written."""
    cures = (document.mend, blanked.mend, pictures.mend, copies.mend_outfits, copies.mend_backups)
    return [done for cure in cures for done in cure(store)] if store.home.is_dir() else []
