"""Records beside the pictures: with nothing else left, the whole wardrobe comes back from ``images/``."""

import shutil

import numpy as np
import pytest

from ewardrobe import __main__ as cli
from ewardrobe.feature_store import records, wearing
from ewardrobe.feature_store.doctor import examine, mend, rebuild
from ewardrobe.feature_store.store import FeatureStore, StoreError


def cutout(shade: int) -> np.ndarray:
    return np.full((8, 6, 4), shade, np.uint8)


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "home")
    store.add({"type": "shirt", "id": "a", "notes": "mine", "fit": "loose"}, cutout(1))
    store.add({"type": "hat", "id": "../b/é"})
    store.add({"type": "gone", "id": "c"}, cutout(3))
    store.update("a", price=12.5)
    wearing.log_wear(store, ["a"], "2026-03-01")
    store.remove("c")
    store.outfits.save("Monday", ["a"])
    return store


def lose_all(store: FeatureStore) -> None:
    """Leave images/ and nothing else."""
    for path in store.home.iterdir():
        if path.is_dir() and path != store.images:
            shutil.rmtree(path)
        elif path != store.images:
            path.unlink()


def test_the_wardrobe_comes_back_from_its_pictures_alone(store, capsys):
    items, outfits = store.items(), store.outfits.saved()
    lose_all(store)
    home = ["--wardrobe", str(store.home)]
    with pytest.raises(StoreError):
        store.items()
    assert cli.main(["doctor", "--rebuild", *home]) in (0, 1)
    assert "wardrobe.json rebuilt of 2 records beside the pictures, outfits.json too" in capsys.readouterr().out
    assert store.items() == items
    assert store.outfits.saved() == outfits
    assert store.image_path("a").exists()
    assert examine(store) == []


def test_fix_rebuilds_where_there_is_no_backup(store):
    items = store.items()
    lose_all(store)
    (finding,) = [finding for finding in examine(store) if "missing" in finding.what]
    assert "2 records beside the pictures" in finding.cure
    mend(store)
    assert store.items() == items


def test_records_follow_every_change_of_every_writer(store):
    other = FeatureStore(store.home)
    shirt = store.images / records.record_name("a")
    store.path.write_bytes(store.path.read_bytes().replace(b'"notes":"mine"', b'"notes":"by hand"'))
    other.update("../b/é", brand="Acme")
    assert b'"notes":"by hand"' in shirt.read_bytes()
    shirt.unlink()
    other.remove("../b/é")
    other.undo()
    assert sorted(item["id"] for item in records.read_all(store.home)) == ["../b/é"]
    wearing.wash(other, ["a"])
    assert records.read_all(store.home) == sorted(other.items(), key=lambda item: item["added"])
    store.restore_backup(store.backups()[-1])
    assert records.read_all(store.home) == store.items()


def test_a_whole_wardrobe_is_not_rebuilt_and_nothing_cannot_be(store, tmp_path):
    before = store.path.read_bytes()
    assert "is whole, with 2 items: nothing was rebuilt" in rebuild(store)
    assert store.path.read_bytes() == before
    with pytest.raises(StoreError, match="There are no records"):
        rebuild(FeatureStore(tmp_path / "none"))
    assert not (tmp_path / "none" / "wardrobe.json").exists()


def test_of_a_broken_file_the_lines_that_can_be_read_count_more_than_records(store):
    raw = store.path.read_bytes().replace(b'"price":12.5', b'"price":13')
    store.path.write_bytes(raw[:-20])
    rebuild(store)
    assert store.get("a")["price"] == 13
    assert list(store.home.glob("wardrobe.replaced-*.json"))


def test_damaged_records_cost_only_themselves(store):
    (store.images / records.record_name("a")).write_bytes(b"\0" * 50)
    lose_all(store)
    rebuild(store)
    assert [item["id"] for item in store.items()] == ["../b/é"]


def test_a_disk_on_which_no_record_can_be_written_is_no_reason_to_lose_the_change(store, monkeypatch):
    monkeypatch.setattr(records, "_write", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left")))
    store.update("a", brand="Acme")
    assert store.get("a")["brand"] == "Acme"
