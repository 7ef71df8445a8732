"""What garments and outfits have in common on disk: copies in order whatever the clock says, links, old files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ewardrobe.feature_store import backups
from ewardrobe.feature_store.backups import counter_of
from ewardrobe.feature_store.doctor import examine, mend
from ewardrobe.feature_store.document import Document, StoreError
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore


def add(store: Document, name: str) -> None:
    if isinstance(store, FeatureStore):
        store.add({"type": name, "id": name})
    else:
        store.save(name, ["a"])


def names(store: Document) -> list[str]:
    document = store.document()
    entries = document["items"] if isinstance(store, FeatureStore) else document["outfits"]
    return [entry["type"] if isinstance(store, FeatureStore) else entry["name"] for entry in entries]


def break_file(store: Document) -> None:
    store.path.write_text("{")


@pytest.fixture(params=[FeatureStore, OutfitStore], ids=["garments", "outfits"])
def store(request, tmp_path) -> Document:
    return request.param(tmp_path / "home")


@pytest.fixture
def clock(monkeypatch) -> list[str]:
    """A clock whose years are taken from the list, the last one for good."""
    years, number = ["2026"], iter(range(10**6))

    def stamp() -> str:
        return f"{years[0]}0101T{next(number):012}Z"

    monkeypatch.setattr(backups, "stamp", stamp)
    return years


def test_every_write_counts_and_its_copy_holds_the_count(store):
    for number, name in enumerate(("shirt", "hat", "bag"), 1):
        add(store, name)
        assert counter_of(store.path.read_bytes()) == store.document()["revision"] == number
    assert [counter_of(path.read_bytes()) for path in store.backups()] == [3, 2, 1]


def test_a_clock_that_ran_ahead_puts_no_old_copy_first(store, clock):
    clock[0] = "2030"
    add(store, "shirt")
    clock[0] = "2026"
    for number in range(backups.KEEP_NEWEST + 3):
        add(store, f"hat {number}")
    good = store.path.read_bytes()
    assert store.backups()[0].read_bytes() == good, "the newest copy is the last one written"
    assert len(store.backups()) == backups.KEEP_NEWEST + 1, "and the last of that day of 2030"
    break_file(store)
    store.restore_backup()
    assert store.path.read_bytes() == good


def test_copies_of_earlier_versions_come_last_in_the_order_of_their_names(store):
    add(store, "shirt")
    old = store.document() | {"revision": None}
    for year in ("2025", "2030"):
        raw = json.dumps({name: value for name, value in old.items() if name != "revision"}).encode()
        (store.home / "backups" / f"{store.stem}-{year}0101T000000000000Z.json").write_bytes(raw)
    assert [path.name.split("-")[1][:4] for path in store.backups()[1:]] == ["2030", "2025"]
    assert counter_of(store.backups()[0].read_bytes()) == 1


def test_a_file_of_an_earlier_version_is_read_kept_and_counted_from_then_on(store):
    add(store, "shirt")
    old = json.dumps({name: value for name, value in store.document().items() if name != "revision"}).encode()
    for path in store.backups():
        path.unlink()
    store.path.write_bytes(old)
    assert names(store) == ["shirt"]
    assert store.path.read_bytes() == old, "reading does not write"
    add(store, "hat")
    assert store.document()["revision"] == 1
    assert store.backups()[1].read_bytes() == old


def test_what_was_restored_counts_as_newer_than_what_it_replaced(store):
    for name in ("shirt", "hat", "bag"):
        add(store, name)
    oldest = store.backups()[-1]
    store.restore_backup(oldest)
    assert store.path.read_bytes() == oldest.read_bytes()
    add(store, "scarf")
    assert names(store) == ["shirt", "scarf"]
    assert store.backups()[0].read_bytes() == store.path.read_bytes()
    assert [counter_of(path.read_bytes()) for path in store.backups()] == [5, 4, 3, 2, 1]
    store.restore_backup(store.backups()[1])
    assert names(store) == ["shirt"]


def test_a_smaller_copy_is_never_taken_without_a_word(store):
    for name in ("shirt", "hat", "bag"):
        add(store, name)
    store.path.write_bytes(store.dump(store.empty()))
    add(store, "scarf")
    break_file(store)
    newest, fuller = store.restorable()
    assert (newest.entries, fuller.entries) == (1, 3)
    with pytest.raises(StoreError, match="with 1 entries; .* is older and has 3") as caught:
        store.document()
    assert caught.value.copies == [newest, fuller]
    with pytest.raises(StoreError, match="Nothing was restored.*Say which"):
        store.restore_backup()
    assert store.path.read_text() == "{"
    store.restore_backup(newest.path)
    assert names(store) == ["scarf"]


def test_the_doctor_takes_the_fuller_copy_and_tells(store):
    for name in ("shirt", "hat", "bag"):
        add(store, name)
    store.path.write_bytes(store.dump(store.empty()))
    add(store, "scarf")
    break_file(store)
    assert any("is older and has 3" in finding.what for finding in examine(FeatureStore(store.home)))
    done = mend(FeatureStore(store.home))
    assert names(store) == ["shirt", "hat", "bag"]
    assert len(done) == 1


def test_a_link_stays_a_link(store, tmp_path):
    real = tmp_path / "disk" / "things.json"
    real.parent.mkdir()
    store.home.mkdir()
    store.path.symlink_to(real)
    with pytest.raises(StoreError, match="is a link to .*things.json, which is not there"):
        add(store, "shirt")
    assert not real.exists()
    real.write_bytes(store.dump(store.empty()))
    (real.parent / ".things.json.ab12cd34.tmp").write_text("left behind by a killed writer")
    add(store, "shirt")
    add(store, "hat")
    assert store.path.is_symlink() and names(store) == ["shirt", "hat"]
    assert os.listdir(real.parent) == ["things.json"]
    newest = real.read_bytes()
    store.restore_backup(store.backups()[1])
    assert store.path.is_symlink() and names(store) == ["shirt"]
    assert [path.read_bytes() for path in kept(store)] == [newest]


def kept(store: Document) -> list[Path]:
    return list(store.home.glob(f"{store.stem}.replaced-*.json"))
