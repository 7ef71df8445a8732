"""A drive that is not connected is no empty wardrobe: nothing is begun anew there, and nothing is called lost."""

import shutil

import numpy as np
import pytest

from ewardrobe import __main__ as cli
from ewardrobe.core.images import png_bytes
from ewardrobe.feature_store import marker
from ewardrobe.feature_store.doctor import examine, mend
from ewardrobe.feature_store.document import AbsentDriveError
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import ImportQueue

PHOTO = Photo("a.png", png_bytes(np.full((9, 9, 3), 90, np.uint8)))


def cutout(shade: int = 7) -> np.ndarray:
    return np.full((8, 6, 4), shade, np.uint8)


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "drive" / "home")
    store.add({"type": "shirt", "id": "a"}, cutout())
    return store


def test_a_drive_that_is_gone_is_no_empty_wardrobe(store, tmp_path):
    (tmp_path / "drive").rename(tmp_path / "elsewhere")
    (tmp_path / "drive").mkdir()  # what is left of a drive where it was
    writes = (
        store.items,
        store.ensure_samples,
        lambda: store.add({"type": "hat"}),
        lambda: store.outfits.save("Monday", ["a"]),
        lambda: ImportQueue(store.home).add([PHOTO], "red"),
    )
    for attempt in writes:
        with pytest.raises(AbsentDriveError, match="If it is on a drive, connect it"):
            attempt()
    assert cli.main(["doctor", "--fix", "--wardrobe", str(store.home)]) == 2
    assert not any((tmp_path / "drive").iterdir())
    (tmp_path / "drive").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "drive")
    assert [item["id"] for item in store.items()] == ["a"]


def test_the_owner_may_begin_anew(store, capsys):
    shutil.rmtree(store.home)
    with pytest.raises(AbsentDriveError):
        store.items()
    assert cli.main(["doctor", "--gone", "--wardrobe", str(store.home)]) == 0
    assert store.items() == []
    store.add({"type": "hat"})
    assert len(store.items()) == 1


def test_a_folder_that_holds_a_wardrobe_without_its_file_is_told(store):
    store.path.unlink()
    for attempt in (store.items, store.ensure_samples, lambda: store.add({"type": "hat"})):
        with pytest.raises(StoreError, match=r"wardrobe\.json is missing, though .* The newest good backup is"):
            attempt()
    assert not store.path.exists()
    store.restore_backup()
    assert [item["id"] for item in store.items()] == ["a"]


def test_pictures_on_a_drive_that_is_gone_are_not_lost(tmp_path, capsys):
    store, disk = FeatureStore(tmp_path / "home"), tmp_path / "disk"
    disk.mkdir()
    store.home.mkdir()
    store.images.symlink_to(disk)
    item_id = store.add({"type": "shirt"}, cutout())
    before = store.get(item_id)
    disk.rename(tmp_path / "elsewhere")
    for place in ("a link to nothing", "an empty folder"):
        if place == "an empty folder":
            disk.mkdir()
        (finding,) = examine(store)
        assert "is a link to" in finding.what
        assert finding.cure is None
        assert mend(store) == []
        assert store.get(item_id) == before
        with pytest.raises(AbsentDriveError, match="none of the 2 pictures"):
            store.add({"type": "hat"}, cutout(9))
        assert not disk.exists() or not any(disk.iterdir())
        store.update(item_id, brand=place)
        before = store.get(item_id)
        assert not disk.exists() or not any(disk.iterdir()), "neither marker nor record where the drive should be"
        assert cli.main(["export", str(tmp_path / "a.zip"), "--wardrobe", str(store.home)]) == 2
    capsys.readouterr()
    assert cli.main(["doctor", "--gone", "--wardrobe", str(store.home)]) == 1
    assert "2 pictures missing" in capsys.readouterr().out
    mend(store)
    assert store.get(item_id)["image"] is None


def test_without_file_backup_and_records_the_owner_begins_anew(store, capsys):
    for path in [store.path, *store.backups(), *store.images.glob("item-*.json")]:
        path.unlink()
    home = ["--wardrobe", str(store.home)]
    assert cli.main(["doctor", "--fix", *home]) == 1
    assert "neither a backup nor a record" in capsys.readouterr().out
    cli.main(["doctor", "--gone", *home])
    assert store.items() == []


def test_an_older_wardrobe_is_marked_by_its_first_change(store, monkeypatch):
    for folder in (store.home, store.images):
        (folder / marker.FILE).unlink()
    assert [item["id"] for item in store.items()] == ["a"]
    store.update("a", brand="Acme")
    assert all(map(marker.is_marked, (store.home, store.images)))


def test_a_machine_that_keeps_no_notes_can_be_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    store = FeatureStore(tmp_path / "home")
    store.add({"type": "hat"})
    assert len(store.items()) == 1
