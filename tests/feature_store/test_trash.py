"""The trash: what is thrown away stays while something could bring it back, whatever the clock says."""

import errno
import os
from datetime import date, timedelta

import numpy as np
import pytest

from ewardrobe.feature_store import journal, trash
from ewardrobe.feature_store.store import FeatureStore


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


@pytest.fixture
def clock(monkeypatch) -> dict:
    """The day that the trash counts; ``clock["day"]`` may be set."""
    clock = {"day": date(2026, 3, 1)}

    class Today(date):
        @classmethod
        def today(cls) -> date:
            return clock["day"]

    monkeypatch.setattr(trash, "date", Today)
    return clock


def cutout(shade: int) -> np.ndarray:
    return np.full((8, 6, 4), shade, np.uint8)


def throw(store: FeatureStore, shade: int):
    """Add a garment, remove it, and return its cut-out's file in the trash."""
    item_id = store.add({"type": "shirt"}, cutout(shade))
    name = store.image_path(item_id).name
    store.remove(item_id)
    return store.home / "trash" / name


def forget(store: FeatureStore) -> None:
    """Leave no undo and no copy that names a removed garment."""
    for path in [store.home / journal.FILE, *store.backups()]:
        path.unlink()


def live_on(store: FeatureStore, clock: dict, days: int) -> None:
    """Change something on each of so many days."""
    keep = store.add({"type": "keep"})
    for number in range(days):
        clock["day"] += timedelta(days=1)
        store.update(keep, notes=f"{clock['day']} {number}")


def test_the_trash_is_emptied_of_what_nothing_names_after_thirty_days_of_changes(store, clock):
    gone = throw(store, 1)
    forget(store)
    live_on(store, clock, trash.TRASH_DAYS - 1)
    assert gone.exists()
    live_on(store, clock, 1)
    assert not gone.exists()


def test_what_an_undo_or_a_copy_names_stays(store, clock, monkeypatch):
    gone = throw(store, 1)
    live_on(store, clock, 2 * trash.TRASH_DAYS)
    assert gone.exists(), "the journal names it"
    (store.home / journal.FILE).unlink()
    copy = store.home / "wardrobe.replaced-20260301.json"
    copy.write_text(f'{{"items": [{{"image": "{gone.name}"}}]}}')
    live_on(store, clock, 2)
    assert gone.exists(), "a file that was set aside names it"
    copy.unlink()
    live_on(store, clock, 2)
    assert not gone.exists()


@pytest.mark.parametrize("wrong", [date(2027, 9, 9), date(1970, 1, 1)])
def test_one_wrong_clock_deletes_nothing(store, clock, wrong):
    gone = throw(store, 1)
    forget(store)
    right, clock["day"] = clock["day"], wrong
    late = throw(store, 2)
    os.utime(gone, (0, 0))
    clock["day"] = right
    forget(store)
    live_on(store, clock, 3)
    assert gone.exists()
    assert late.exists()


def test_pictures_on_another_disk_are_copied_where_a_rename_cannot_be(store, tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    store.home.mkdir()
    store.images.symlink_to(tmp_path / "disk")
    real = os.replace

    def replace(source, target):
        folders = [str(path).startswith(str(store.images)) for path in (source, target)]
        if folders[0] != folders[1]:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(source))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    item_id = store.add({"type": "shirt"}, cutout(1))
    image = store.image_path(item_id)
    content = image.read_bytes()
    store.remove(item_id)
    assert (store.home / "trash" / image.name).read_bytes() == content
    assert not image.exists()
    store.undo()
    assert image.read_bytes() == content
