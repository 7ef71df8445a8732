"""What the doctor finds in a wardrobe's folder, and that mending loses nothing."""

import json
import os
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ewardrobe import __main__ as cli
from ewardrobe.core.images import png_bytes
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.doctor import examine, mend
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.edits import change_of

PHOTO = png_bytes(np.full((9, 9, 3), 90, np.uint8))


def cutout(shade: int) -> np.ndarray:
    return np.full((8, 6, 4), shade, np.uint8)


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "home")
    for name, shade in (("a", 1), ("b", 2), ("c", 3)):
        store.add({"type": "shirt", "id": name}, cutout(shade), PHOTO)
    return store


def contents(store: FeatureStore) -> set[bytes]:
    files = [path for path in store.home.rglob("*") if path.is_file() and path.name != "journal.jsonl"]
    return {path.read_bytes() for path in files if not path.name.startswith("item-")}  # records follow the garments


def cures(store: FeatureStore) -> list[bool]:
    return [bool(finding.cure) for finding in examine(store)]


def old(path) -> None:
    os.utime(path, (time.time() - 7200,) * 2)


def mended(store: FeatureStore, left: int = 0) -> None:
    """Mend, and assert that nothing on the disk is gone and that the doctor has no more to do."""
    before = contents(store) - {store.path.read_bytes() if store.path.exists() else b""}
    assert mend(store)
    assert before <= contents(store)
    assert cures(store) == [False] * left
    assert mend(store) == []


def test_a_sound_wardrobe_has_nothing_and_nothing_is_written(store):
    before = contents(store)
    assert (examine(store), mend(store)) == ([], [])
    assert contents(store) == before
    assert examine(FeatureStore(store.home / "none")) == []


@pytest.mark.parametrize("damage", [lambda raw: raw[:-40], lambda raw: raw.replace(b'"id":"b"', b'"id":"b', 1)])
def test_a_broken_file_is_put_together_from_its_lines_and_the_backup(store, damage):
    raw = store.path.read_bytes().replace(b'"id":"c"', b'"brand":"by hand","id":"c"', 1)
    store.path.write_bytes(damage(raw))
    broken = store.path.read_bytes()
    (finding,) = examine(store)
    assert "broken at line" in finding.what
    assert "2 items that can be read in it and 1 more" in finding.cure
    mended(store)
    assert broken in contents(store)
    assert sorted(item["id"] for item in store.items()) == ["a", "b", "c"]
    assert store.image_path("b") is not None


def test_a_file_of_which_nothing_is_left_comes_from_the_backup_or_is_left_alone(store):
    before = store.items()
    store.path.write_bytes(b"\0" * 100)
    mended(store)
    assert store.items() == before
    for path in store.backups():
        path.unlink()
    store.path.write_bytes(b"{")
    assert (cures(store), mend(store)) == ([False], [])
    store.path.write_text('{"version": 99, "items": []}')
    assert (cures(store), mend(store)) == ([False], [])


def test_a_missing_file_is_restored(store):
    before = store.items()
    store.path.unlink()
    assert "is missing" in examine(store)[0].what
    mended(store)
    assert store.items() == before


def test_wrong_values_doubled_ids_and_kinds_that_disagree_are_mended(store):
    document = json.loads(store.path.read_text())
    document["items"][0] |= {"price": "12,50", "bought": "soon"}
    document["items"][1] |= {"id": "a"}
    document["items"][2] |= {"category": "skirt", "category_id": 1, "slot": "top"}
    store.path.write_text(json.dumps(document))
    told = " ".join(finding.what for finding in examine(store))
    assert "3 values of a wrong type: item 2 is called a-2, not 'a', " in told
    assert "a price (expected a number of at least 0, got '12,50'), a bought" in told
    assert "disagree in 1 item: c" in told
    mended(store, left=1)
    assert examine(store)[0].what.startswith("1 item with values put aside: a bought")
    assert [item["id"] for item in store.items()] == ["a", "a-2", "c"]
    assert [store.get("c")[name] for name in ("category", "category_id", "slot")] == ["skirt", 9, "bottom"]
    assert (store.get("a")["price"], store.get("a")["unreadable"]) == (12.5, {"bought": "soon"})


def test_missing_pictures_are_brought_back_made_anew_or_no_longer_named(store):
    (store.home / "trash").mkdir(exist_ok=True)
    image, photo = store.image_path("a"), store.image_path("a", "photo")
    content = image.read_bytes()
    os.replace(image, store.home / "trash" / image.name)
    store.image_path("b", "thumbnail").unlink()
    store.image_path("c").unlink()
    photo.unlink()
    assert [finding.what.partition(":")[0] for finding in examine(store)] == [
        *("1 picture of items in the trash.", "1 thumbnail missing", "4 pictures missing"),
    ]
    mended(store)
    assert image.read_bytes() == content
    assert store.image_path("b", "thumbnail") is not None
    assert [store.get(name)["photo"] for name in "abc"] == [None] * 3
    assert store.get("c")["image"] is None
    assert store.undo().what == "mended: 3 items"
    assert store.get("c")["image"] is not None


def test_a_thumbnail_that_is_the_only_fault_is_made_anew(store):
    store.image_path("b", "thumbnail").unlink()
    mended(store)
    assert store.image_path("b", "thumbnail") is not None


def test_damaged_pictures_go_to_the_trash(store):
    thumbnail, image = store.image_path("a", "thumbnail"), store.image_path("b")
    thumbnail.write_bytes(b"")
    image.write_bytes(b"\0" * 400)
    assert "2 pictures damaged" in examine(store)[0].what
    mended(store)
    assert store.image_path("a", "thumbnail").stat().st_size > 0
    assert store.get("b")["image"] is None
    assert b"\0" * 400 in contents(store)


def test_orphans_and_leftovers_go_to_the_trash_unless_they_may_be_of_an_import(store):
    store.update("a", another_view="kept.png")
    names = ("garment-0.png", "kept.png", ".garment-1.png.ab12cd34.tmp")
    for name in names:
        (store.images / name).write_bytes(PHOTO + name.encode())
    (store.home / ".wardrobe.json.ab12cd34.tmp").write_bytes(b"half")
    assert examine(store) == []
    for path in (*(store.images / name for name in names), store.home / ".wardrobe.json.ab12cd34.tmp"):
        old(path)
    assert [finding.what.partition(":")[0] for finding in examine(store)] == [
        *("1 picture that no item names", "2 temporary files of killed writers."),
    ]
    mended(store)
    assert sorted(path.name for path in (store.home / "trash").iterdir()) == [
        *("garment-0.png", "garment-1.png.ab12cd34.tmp", "wardrobe.json.ab12cd34.tmp"),
    ]
    assert (store.images / "kept.png").exists()


def test_broken_backups_and_outfits(store):
    outfits = OutfitStore(store.home)
    outfits.save("Monday", ["a"])
    outfits.save("Tuesday", ["b"])
    outfits.path.write_text("{")
    store.backups()[1].write_text("{")
    assert len(examine(store)) == 2
    mended(store)
    assert [outfit["name"] for outfit in outfits.saved()] == ["Tuesday", "Monday"]


def test_the_command_tells_mends_and_tells_what_is_left(store, capsys):
    home = ["--wardrobe", str(store.home)]
    assert cli.main(["doctor", *home]) == 0
    assert "all is well, 3 items" in capsys.readouterr().out
    store.image_path("a").unlink()
    assert cli.main(["doctor", *home]) == 1
    assert "--fix: the items no longer name them" in capsys.readouterr().out
    assert cli.main(["doctor", "--fix", *home]) == 0
    assert "1 picture no longer named by their items" in capsys.readouterr().out
    assert cli.main(["doctor", "--wardrobe", str(store.home / "none")]) == 2


# Fields that were emptied though nobody emptied them


FULL = {"brand": "Acme", "price": 20.0, "notes": "a note", "tags": ["work"], "category": "trousers"}


def enter(store: FeatureStore, field: str, value) -> None:
    """Save one field as the item's page does."""
    store.alter(["a"], lambda item: change_of(item, field, value))


@pytest.fixture
def clock(monkeypatch) -> dict:
    """The journal's time, with ``step`` seconds between two changes: how fast this machine is does not count."""
    clock = {"time": datetime(2026, 3, 1, 10, tzinfo=UTC), "step": 0.005}

    def now() -> str:
        clock["time"] += timedelta(seconds=clock["step"])
        return clock["time"].isoformat(timespec="milliseconds")

    monkeypatch.setattr("ewardrobe.feature_store.journal.now", now)
    return clock


@pytest.fixture
def full(store, clock) -> FeatureStore:
    store.update("a", **FULL)
    return store


def blank(store: FeatureStore) -> None:
    """Save a blank form, as the item's page once did."""
    for field, value in {"kind": "short sleeve top", "brand": None, "price": None, "tags": [], "notes": None}.items():
        enter(store, field, value)


def held(store: FeatureStore) -> dict:
    return {name: store.get("a")[name] for name in FULL}


def test_fields_emptied_at_once_are_told_and_filled_again(full, capsys):
    before = full.get("a")
    blank(full)
    wearing.log_wear(full, ["a"], date.today())
    assert held(full) != FULL
    assert cli.main(["doctor", "--wardrobe", str(full.home)]) == 1
    told = capsys.readouterr().out
    assert all(part in told for part in ("shirt (a)", "Category, Brand, Price, Tags, Notes", "--fix", "March 2026"))
    assert cli.main(["doctor", "--wardrobe", str(full.home), "--fix"]) == 0
    after = full.get("a")
    assert held(full) == FULL
    assert after["source"] == before["source"]
    assert len(after["wear_log"]) == 1
    assert mend(full) == []
    full.undo()
    assert held(full) != FULL, "the mending is a change that can be taken back"


def test_what_was_entered_since_stays(full):
    blank(full)
    enter(full, "brand", "Fjord")
    (finding,) = examine(full)
    assert "Brand" not in finding.what
    mend(full)
    assert held(full) == FULL | {"brand": "Fjord"}
    assert full.get("a")["source"]["brand"] == "user"
    assert examine(full) == []


def test_what_the_owner_has_cleared_or_changed_is_left_alone(full, clock):
    clock["step"] = 2
    enter(full, "brand", None)
    enter(full, "price", None)  # one after the other
    enter(full, "tags", [])
    assert examine(full) == []
    full.update("b", notes="a note")
    clock["step"] = 0.005
    enter(full, "notes", "another note")
    full.alter(["a", "b"], lambda item: change_of(item, "notes", None))  # many garments
    enter(full, "favourite", True)  # something else at the same time
    enter(full, "season", ["winter"])
    assert examine(full) == []


def test_what_undo_has_brought_back_is_no_damage(full):
    enter(full, "brand", None)
    enter(full, "notes", None)
    full.undo()
    full.undo()
    assert held(full) == FULL
    assert examine(full) == []


def test_damaged_lines_of_the_journal_are_told_and_set_aside(store):
    path = store.home / "journal.jsonl"
    whole = path.read_bytes()
    lines = whole.split(b"\n")
    damaged = b"\n".join([*lines[:2], bytes(40), *lines[2:], lines[-1][:30]])
    path.write_bytes(damaged)
    (finding,) = examine(store)
    assert "2 lines of journal.jsonl cannot be understood" in finding.what
    mended(store)
    assert path.read_bytes() == whole
    assert damaged in contents(store)
    assert len(store.changes()) == 3


# What cannot be read is said, not mended


def locked(path) -> None:
    """Let reading a file end in an input/output error, as on a failing disk."""
    if not os.path.exists("/proc/self/mem"):
        pytest.skip("no file here that cannot be read by whoever runs the tests")
    path.unlink()
    path.symlink_to("/proc/self/mem")


def test_pictures_that_cannot_be_read_are_told_and_left_alone(store):
    image, before = store.image_path("a"), store.items()
    locked(image)
    (finding,) = examine(store)
    assert image.name in finding.what
    assert "cannot be read (Input/output error)" in finding.what
    assert finding.cure is None
    assert mend(store) == []
    assert image.is_symlink()
    assert store.items() == before


def test_backups_that_cannot_be_read_are_told_and_left_alone(store):
    copy = store.backups()[1]
    locked(copy)
    (finding,) = examine(store)
    assert str(copy) in finding.what
    assert mend(store) == []
    assert copy.is_symlink()


@pytest.mark.parametrize("place", ["", "images", "backups", "trash"])
def test_a_folder_that_cannot_be_read_is_told_and_the_rest_is_looked_at(store, monkeypatch, capsys, place):
    (store.home / "trash").mkdir()
    before, scandir, listdir = contents(store), os.scandir, os.listdir

    def refuse(path=".", *args, **kwargs):
        inside = place in ("", "backups") and str(path).startswith(f"{store.home / place}/".replace("//", "/"))
        if inside or str(path) == str(store.home / place):
            raise PermissionError(13, "Permission denied", str(path))

    def listing(path="."):
        refuse(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", listing)
    monkeypatch.setattr(os, "listdir", lambda path=".": (refuse(path), listdir(path))[1])
    findings = examine(store)
    assert all(finding.cure is None for finding in findings)
    assert mend(store) == []
    monkeypatch.undo()
    assert contents(store) == before
    assert any("Permission denied" in finding.what for finding in findings)


def test_one_file_that_cannot_be_moved_does_not_end_the_mending(store, monkeypatch):
    for name in "abc":
        store.image_path(name).write_bytes(b"\0" * 400)
    stuck, real = store.image_path("a"), os.replace

    def replace(source, target):
        if str(source) == str(stuck):
            raise PermissionError(13, "Permission denied", str(source))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    done = mend(store)
    assert "2 pictures moved to trash/" in done
    assert "1 picture not moved; check the permissions and the disk" in done
