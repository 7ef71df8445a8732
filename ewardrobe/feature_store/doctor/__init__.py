"""The doctor (``python -m ewardrobe doctor --fix``): finds what is wrong in a wardrobe's folder, deletes nothing.

Files that nobody names go to ``trash/``; a broken file is kept beside the one that takes its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ewardrobe.feature_store.doctor import blanked, document, pictures
from ewardrobe.feature_store.doctor.document import rebuild
from ewardrobe.feature_store.doctor.finding import Finding, unreadable
from ewardrobe.feature_store.store import FeatureStore

__all__ = ["Finding", "examine", "is_there", "mend", "rebuild"]

CHECKS: tuple[tuple[Callable[[FeatureStore], Iterable[Finding]], Callable[[FeatureStore], list[str]] | None], ...] = (
    (document.check_folder, None),
    (document.check, document.mend),
    (blanked.check, blanked.mend),
    (pictures.check, pictures.mend),
    (document.check_outfits, lambda store: [document.restored(store.outfits)]),
    (document.check_backups, document.mend_backups),
    (document.check_journal, document.mend_journal),
)
"""What is looked for, in this order, and what mends it; called only if something was found that has a cure."""


def examine(store: FeatureStore) -> list[Finding]:
    """Return what is wrong in the folder of ``store``, the gravest first; nothing is changed."""
    return [finding for check, _ in CHECKS for finding in _found(check, store)] if is_there(store) else []


def mend(store: FeatureStore) -> list[str]:
    """Mend what can be mended and return what was done, in words; ``StoreError`` where it cannot be written."""
    done: list[str] = []
    for check, cure in CHECKS if is_there(store) else ():
        if cure and any(finding.cure for finding in _found(check, store)):
            done += cure(store)
    return done


def is_there(store: FeatureStore) -> bool:
    """Tell whether the folder of ``store`` is there, be it readable or not."""
    try:
        store.home.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return store.home.is_dir()


def _found(check: Callable[[FeatureStore], Iterable[Finding]], store: FeatureStore) -> list[Finding]:
    """Return what ``check`` finds; a file or folder that cannot be read is told and ends the check, nothing more."""
    try:
        return list(check(store))
    except OSError as error:
        return [unreadable(error.filename or store.home, error)]
