"""One ZIP out and in: the same wardrobe comes back, and nothing hostile gets through."""

import errno
import filecmp
import io
import json
import os
import shutil
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ewardrobe import __main__ as cli
from ewardrobe.feature_store import backup_zip, doctor
from ewardrobe.feature_store.backup_zip import open_backup, restore, write_backup
from ewardrobe.feature_store.exchange import compare, counts
from ewardrobe.feature_store.marker import accept_loss
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.records import record_name
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.feature_store.wardrobe_json import dump_document


def png(colour=(200, 0, 0), size=(6, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def cutout(shade=200) -> np.ndarray:
    return np.full((8, 6, 4), shade, np.uint8)


def files(home: Path, pattern: str = "*") -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob(pattern) if path.is_file()}


def make_zip(path: Path, entries: dict[str, bytes], **kwargs) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content, **kwargs)
    return path


def document(*items: dict) -> bytes:
    return json.dumps({"version": 2, "items": items}).encode()


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    store = FeatureStore(tmp_path / "home")
    store.add_many([({"type": "shirt", "id": "a"}, cutout(1), png()), ({"type": "jeans", "id": "b"}, cutout(2), png())])
    store.update("a", earlier_images=[store.get("b")["image"]])
    store.update("a", price=12.5, fit="loose", wear_log=[{"date": "2026-03-01", "outfit": None}])
    return store


@pytest.fixture
def zipped(store, tmp_path) -> Path:
    write_backup(store, tmp_path / "backup.zip")
    return tmp_path / "backup.zip"


def test_export_wipe_import_gives_the_same_wardrobe(tmp_path):
    store, zipped = FeatureStore(tmp_path / "home"), tmp_path / "backup.zip"
    store.ensure_samples()
    store.add_many([({"type": "shirt", "wear_log": [{"date": "2026-03-01"}]}, cutout(1), png())] * 2)
    write_backup(store, zipped)
    before, pictures = store.items(), files(store.images, "*.png")
    shutil.rmtree(store.home)
    accept_loss(store.home)
    store.ensure_samples()
    with open_backup(zipped) as backup:
        assert counts(compare(store.items(), backup.items)) == {"new": 2, "changed": 0, "same": len(before) - 2}
        result = restore(store, backup)
        assert (result.added, result.changed, result.problems) == (2, 0, [])
        assert counts(compare(store.items(), backup.items))["same"] == len(before)
    times = ("added", "changed")
    after = [{name: value for name, value in item.items() if name not in times} for item in store.items()]
    assert after == [{name: value for name, value in item.items() if name not in times} for item in before]
    assert files(store.images, "*.png") == pictures


def test_unpacked_the_backup_is_a_wardrobe(store, zipped, tmp_path):
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path / "unpacked")
    copy = FeatureStore(tmp_path / "unpacked")
    assert copy.items() == store.items()
    assert copy.image_path("a").read_bytes() == store.image_path("a").read_bytes()


@pytest.mark.parametrize(
    ("choose", "brand", "items"),
    [
        ("theirs", None, 0),
        ("mine", "mine", 0),
        ("newer", "mine", 0),
        ("both", "mine", 1),
    ],
)
def test_the_owner_chooses_what_to_do_with_items_that_differ(store, zipped, choose, brand, items):
    store.update("a", brand="mine")
    count = len(store.items())
    with open_backup(zipped) as backup:
        (difference,) = [d for d in compare(store.items(), backup.items) if d.status == "changed"]
        assert (difference.id, difference.name, difference.fields) == ("a", "shirt", {"brand": ("mine", None)})
        restore(store, backup, choose)
    assert store.get("a")["brand"] == brand
    assert len(store.items()) == count + items
    if brand is None:
        assert str(store.undo()) == "imported: shirt"
        assert store.get("a")["brand"] == "mine"


def test_an_unknown_choice_is_refused(store, zipped):
    store.update("a", brand="mine")
    with open_backup(zipped) as backup, pytest.raises(StoreError, match="expected one of theirs, mine"):
        restore(store, backup, "yours")


def test_what_is_not_in_the_backup_stays_or_goes_to_the_trash(store, zipped):
    other = store.add({"type": "hat"}, cutout(77))
    with open_backup(zipped) as backup:
        restore(store, backup)
        assert store.get(other)
        assert restore(store, backup, remove_others=True).removed == 1
    assert other not in {item["id"] for item in store.items()}
    store.undo()
    assert store.image_path(other) is not None


def test_what_others_changed_between_preview_and_import_is_kept(store, zipped, monkeypatch):
    store.update("a", brand="mine")
    real = backup_zip.exchange.take_over

    def late(other_store, *args, **kwargs):
        FeatureStore(store.home).update("a", size="M")
        return real(other_store, *args, **kwargs)

    monkeypatch.setattr(backup_zip.exchange, "take_over", late)
    with open_backup(zipped) as backup:
        restore(store, backup)
    assert (store.get("a")["brand"], store.get("a")["size"]) == (None, "M")


def test_missing_pictures_come_back_from_the_backup_and_missing_ones_in_it_are_told(store, zipped, tmp_path):
    path = store.image_path("b")
    path.unlink()
    assert write_backup(store, tmp_path / "second.zip").missing == (path.name,)
    with open_backup(tmp_path / "second.zip") as backup:
        assert backup.missing == [path.name]
        assert [path.name in problem for problem in restore(store, backup).problems] == [True]
    assert store.get("b")["image"] == path.name
    with open_backup(zipped) as backup:
        assert restore(store, backup).problems == []
    assert store.image_path("b") == path


def test_outfits_come_along(store, tmp_path):
    outfits = OutfitStore(store.home)
    monday = outfits.save("Monday", ["a", "b"])
    outfits.plan(date(2026, 3, 31), ["a"], monday)
    outfits.rate(["a", "b"], True, {"colour": 0.5}, date(2026, 3, 31))
    write_backup(store, tmp_path / "x.zip")
    before = outfits.document()
    outfits.path.unlink()
    with open_backup(tmp_path / "x.zip") as backup:
        assert restore(store, backup).outfits == 3
        assert outfits.document() == before | {"revision": 4}
        outfits.rename(monday, "Tuesday")
        assert restore(store, backup, "mine").outfits == 0
        assert restore(store, backup).outfits == 1
    assert outfits.document() == before | {"revision": 6}


def test_a_backup_can_be_written_into_memory_and_read_from_there(store):
    progress, buffer = [], io.BytesIO()
    written = write_backup(store, buffer, lambda done, total: progress.append((done, total)))
    assert progress[-1] == (written.pictures, written.pictures)
    with open_backup(buffer) as backup:
        assert len(backup.items) == written.items


# What is refused


@pytest.mark.parametrize(
    "name", ["../evil.json", "/etc/evil", "images/../../evil", "C:\\evil", "..\\evil", "a/../../b"]
)
def test_names_that_lead_out_are_refused(store, tmp_path, name):
    path = make_zip(tmp_path / "x.zip", {"wardrobe.json": document({"id": "x"}), name: b"evil"})
    before = files(tmp_path)
    with pytest.raises(StoreError, match="leads out of the ZIP file"), open_backup(path):
        pass
    assert files(tmp_path) == before


def test_links_and_passwords_are_refused(tmp_path):
    link = zipfile.ZipInfo("images/link.png")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("wardrobe.json", document())
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(StoreError, match="is a link"), open_backup(path):
        pass
    raw = bytearray(make_zip(tmp_path / "y.zip", {"wardrobe.json": document()}).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "y.zip").write_bytes(raw)
    with pytest.raises(StoreError, match="encrypted"), open_backup(tmp_path / "y.zip"):
        pass


def test_bombs_are_refused_without_unpacking_them(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "x.zip", {"wardrobe.json": document(), "images/a.png": b"\0" * 120_000_000})
    monkeypatch.setattr(zipfile.ZipFile, "open", pytest.fail)
    with pytest.raises(StoreError, match="unpack to 120 MB are no backup"), open_backup(path):
        pass


def test_a_lying_directory_is_refused(tmp_path):
    raw = bytearray(make_zip(tmp_path / "x.zip", {"wardrobe.json": document({"id": "x" * 500})}).read_bytes())
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = (50).to_bytes(4, "little")  # says that it unpacks to 50 bytes
    (tmp_path / "x.zip").write_bytes(raw)
    with pytest.raises(StoreError, match=r"x\.zip"), open_backup(tmp_path / "x.zip"):
        pass


def test_oversized_and_false_pictures_are_left_out_and_told(store, tmp_path, monkeypatch):
    monkeypatch.setattr("ewardrobe.core.images.MAX_PIXELS", 1000)
    items = [{"id": name, "type": "hat", "image": f"{name}.png"} for name in ("big", "false", "good", "out")]
    items[3]["image"] = "../../x.png"
    entries = {"images/big.png": png(size=(64, 64)), "images/false.png": b"<svg/>", "images/good.png": png()}
    path = make_zip(tmp_path / "x.zip", {"wardrobe.json": document(*items), **entries})
    with open_backup(path) as backup:
        problems = restore(store, backup).problems
    assert [problem.split(":")[0] for problem in problems] == ["../../x.png", "big.png", "false.png"]
    assert [store.get(name)["image"] for name in ("big", "false", "out")] == [None] * 3
    assert store.image_path("good").read_bytes() == png()
    assert store.get("good")["image"].startswith("garment-"), "named by its content: nothing is written over"


def test_values_are_checked_whatever_checksum_the_file_bears(store, tmp_path):
    """A checksum says that a file was not damaged, not that it is ours: anybody can work one out."""
    wrong = {"id": "x", "type": "hat", "price": "a lot", "tags": "work", "state": "on the moon", "wear_log": [{}]}
    raw = dump_document({"items": [wrong, wrong]})
    with open_backup(make_zip(tmp_path / "x.zip", {"wardrobe.json": raw})) as backup:
        assert [item["id"] for item in backup.items] == ["x", "x-2"]
        restore(store, backup)
    item = store.get("x")
    assert (item["price"], item["tags"], item["state"], item["wear_log"]) == (None, ["work"], "in use", [])
    assert item["unreadable"] == {"price": "a lot", "state": "on the moon", "wear_log": [{}]}
    raw = dump_document({"items": []}).replace(b"[\n", b"[\n3")
    with pytest.raises(StoreError, match="expected an object"):
        open_backup(make_zip(tmp_path / "y.zip", {"wardrobe.json": raw})).__enter__()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no ZIP archive"),
        (b"PK\x03\x04 broken", "no ZIP archive"),
        (None, "no wardrobe.json in it"),
        ({"wardrobe.json": b"{"}, "broken at line 1"),
        ({"wardrobe.json": b'{"version": 99, "items": []}'}, "version 99"),
        ({"a/b/wardrobe.json": document()}, "no wardrobe.json in it"),
    ],
)
def test_other_files_are_refused_with_a_reason(store, tmp_path, content, told):
    path = tmp_path / "x.zip"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        make_zip(path, content or {"photo.png": png()})
    with pytest.raises(StoreError, match=told), open_backup(path):
        pass


def test_a_folder_that_was_packed_as_a_whole_is_read(store, tmp_path):
    path = make_zip(
        tmp_path / "x.zip", {"mine/wardrobe.json": document({"id": "x", "image": "a.png"}), "mine/images/a.png": png()}
    )
    with open_backup(path) as backup:
        assert restore(store, backup).problems == []
    assert store.image_path("x") is not None


def test_a_full_disk_leaves_no_half_backup(store, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(StoreError, match="backup was not written.*No space left"):
        write_backup(store, tmp_path / "out" / "x.zip")
    assert files(tmp_path / "out") == {}


def test_an_error_of_the_page_is_not_taken_for_one_of_the_file(zipped):
    with pytest.raises(OSError, match="mine"), open_backup(zipped):
        raise OSError("mine")


# Commands


def test_the_commands_export_show_and_import(store, tmp_path, capsys):
    path, home = tmp_path / "out.zip", ["--wardrobe", str(store.home)]
    assert cli.main(["export", str(path), *home]) == 0
    assert cli.main(["export", str(path), *home]) == 2
    assert "--force" in capsys.readouterr().err
    other = ["--wardrobe", str(tmp_path / "other")]
    assert cli.main(["import", str(path), "--dry-run", *other]) == 0
    assert f"{len(store.items())} new, 0 changed, 0 same" in capsys.readouterr().out
    assert not (tmp_path / "other").exists()
    assert cli.main(["import", str(path), *other]) == 0
    store.update("a", brand="Acme")
    assert cli.main(["import", str(path), "--dry-run", *home]) == 0
    assert "changed a shirt: brand: Acme → –" in capsys.readouterr().out
    assert cli.main(["import", str(tmp_path / "none.zip"), *home]) == 2
    assert cli.main(["export", str(tmp_path / "x.tar"), *home]) == 2


def test_text_that_unpacks_to_far_more_than_it_holds_is_refused_before_it_is_read(store, tmp_path, monkeypatch):
    bomb = b'{"items":[' + b"{}," * 3_000_000 + b"{}]}"
    path = make_zip(tmp_path / "bomb.zip", {"wardrobe.json": bomb})
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: pytest.fail("unpacked"))
    with pytest.raises(StoreError, match="unpacks to far more than it holds"), open_backup(path):
        pass


def test_too_many_values_or_items_are_refused_before_they_take_memory(tmp_path, monkeypatch):
    store = FeatureStore(tmp_path)
    store.path.write_bytes(b'{"items":[' + b"{}," * 400_000 + b"{}]}")
    with pytest.raises(StoreError, match="holds 400001 items; up to 300000 are read"):
        store.items()
    monkeypatch.setattr("ewardrobe.feature_store.document.MAX_VALUES", 1000)
    with pytest.raises(StoreError, match="values; up to 1000 are read"):
        store.items()


# Proven: read back before it counts, and put back as it was where what came in differs


def damaged_by(monkeypatch, alter) -> None:
    """Let the disk change what is written into a ZIP."""
    real = zipfile.ZipFile.writestr

    def writestr(archive, name, content, *args):
        real(archive, name, alter(name, content), *args)

    monkeypatch.setattr(zipfile.ZipFile, "writestr", writestr)


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (lambda name, raw: raw.replace(b"12.5", b"13.5") if name == "wardrobe.json" else raw, "price of a differ"),
        (lambda name, raw: png((9, 9, 9)) if name.startswith("images/garment") else raw, "is another picture"),
        (lambda name, raw: raw.replace(b"Monday", b"Friday") if name == "outfits.json" else raw, "the outfits differ"),
    ],
)
def test_a_backup_that_reads_back_otherwise_does_not_count(store, tmp_path, monkeypatch, alter, told):
    store.outfits.save("Monday", ["a"])
    target = tmp_path / "mine.zip"
    write_backup(store, target)
    good = target.read_bytes()
    damaged_by(monkeypatch, alter)
    with pytest.raises(StoreError, match=told):
        write_backup(store, target)
    assert target.read_bytes() == good, "the older backup stays"
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_kept_copy_that_reads_back_otherwise_does_not_count(store, monkeypatch):
    from ewardrobe.core import atomic
    from ewardrobe.feature_store import backups

    before = store.backups()
    real = atomic.write_bytes

    def write(path, data, **options):
        real(path, data[:-1] if path.parent.name == "backups" else data, **options)

    monkeypatch.setattr(backups.atomic, "write_bytes", write)
    store.update("a", brand="Acme")
    assert store.get("a")["brand"] == "Acme"
    assert store.backups() == before, "none of the older ones went for it"


def test_what_does_not_exist_or_holds_nothing_replaces_no_backup(store, zipped, tmp_path, capsys):
    good = zipped.read_bytes()
    for home in (tmp_path / "none", tmp_path / "empty"):
        if home.name == "empty":
            FeatureStore(home).remove(FeatureStore(home).add({"type": "hat"}))
        assert cli.main(["export", str(zipped), "--force", "--wardrobe", str(home)]) == 2
        assert "There is no garment in" in capsys.readouterr().err
        assert cli.main(["export", str(tmp_path / "a.csv"), "--wardrobe", str(home)]) == 2
    assert zipped.read_bytes() == good
    assert not (tmp_path / "none").exists()
    assert cli.main(["export", str(zipped), "--force", "--wardrobe", str(store.home)]) == 0
    assert "read back, all as in the wardrobe" in capsys.readouterr().out


def test_an_import_whose_check_fails_puts_all_back(store, zipped, monkeypatch):
    store.update("a", brand="mine")
    store.remove("b")
    before, outfits = store.items(), store.outfits.document()
    real = FeatureStore.picture

    def gone(self, name):
        path = real(self, name)
        return path.with_name("gone.png") if path and name.startswith("garment") and len(self.items()) == 2 else path

    monkeypatch.setattr(FeatureStore, "picture", gone)
    with open_backup(zipped) as backup, pytest.raises(StoreError, match="did not come; all was put back as it was"):
        restore(store, backup)
    monkeypatch.undo()
    assert (store.items(), store.outfits.document()) == (before, outfits)
    with open_backup(zipped) as backup:
        restore(store, backup)
    assert len(store.items()) == 2
    assert list(store.home.glob("wardrobe.replaced-*.json")), "the restore point"


def test_a_restore_whose_check_fails_puts_all_back(store, monkeypatch):
    store.update("a", brand="mine")
    before = store.path.read_bytes()
    real = type(store).document
    monkeypatch.setattr(type(store), "document", lambda self: real(self) | {"other": 1})
    with pytest.raises(StoreError, match="Nothing was restored; all is as it was"):
        store.restore_backup(store.backups()[-1])
    assert store.path.read_bytes() == before


def test_a_damaged_picture_comes_back_from_a_backup(store, zipped):
    picture, whole = store.image_path("a"), store.image_path("a").read_bytes()
    picture.write_bytes(whole[:20])
    with open_backup(zipped) as backup:
        assert restore(store, backup).problems == []
    assert picture.read_bytes() == whole
    assert (store.home / "trash" / picture.name).read_bytes() == whole[:20]


def test_a_picture_of_another_programs_name_is_the_backups_own(store, tmp_path):
    item = store.get("a") | {"image": "shirt.png"}
    (store.images / "shirt.png").write_bytes(png((1, 2, 3)))
    path = make_zip(tmp_path / "a.zip", {"wardrobe.json": document(item), "images/shirt.png": png((9, 9, 9))})
    with open_backup(path) as backup:
        restore(store, backup)
    assert store.image_path("a").read_bytes() == png((9, 9, 9))


def test_a_backup_tells_of_damaged_pictures(store, tmp_path, capsys):
    picture = store.image_path("a")
    picture.write_bytes(picture.read_bytes()[:20])
    assert write_backup(store, tmp_path / "a.zip").damaged == (picture.name,)
    assert cli.main(["export", str(tmp_path / "b.zip"), "--wardrobe", str(store.home)]) == 1
    assert f"damaged, in the backup too: {picture}" in capsys.readouterr().err


@pytest.mark.parametrize("name", [".ewardrobe", record_name("b"), "outfits.json"])
def test_no_item_names_a_file_of_the_wardrobes_own(store, tmp_path, name):
    before = files(store.images, name)
    hostile = {"id": "evil", "type": "hat", "image": name, "earlier_images": [name]}
    path = make_zip(tmp_path / "a.zip", {"wardrobe.json": document(hostile), f"images/{name}": png()})
    with open_backup(path) as backup:
        restore(store, backup)
    assert not [finding for finding in doctor.examine(store) if finding.cure]
    store.remove("evil")
    doctor.mend(store)
    assert before.items() <= files(store.images, name).items()


@pytest.mark.parametrize(
    "fields",
    [
        {"type": ["x"]},
        {"image": ["x"]},
        {"price": "1e400", "own": {"a": ["1e400"]}, "colours": [{"share": "1e400"}]},
        {"photo": "x" * 300},
        {"thumbnail": "é" * 200, "try_on": "a\0b"},
    ],
    ids=["list for text", "list for a name", "beyond all numbers", "long name", "name of no file"],
)
def test_what_can_be_opened_can_be_brought_back(store, tmp_path, fields):
    text = document({"id": "a", "type": "shirt"} | fields, {"id": "c", "type": "hat"} | fields)
    path = make_zip(tmp_path / "a.zip", {"wardrobe.json": text.replace(b'"1e400"', b"1e400")})
    with open_backup(path) as backup:
        wanted = backup.items
        restore(store, backup)
    write_backup(store, tmp_path / "again.zip")
    came = {item["id"]: item for item in store.items()}
    if "price" in fields:
        assert came["c"]["unreadable"]["price"] == came["a"]["own"]["a"][0] == "1e400"
    assert [came[item["id"]].get("unreadable") for item in wanted] == [item.get("unreadable") for item in wanted]


def test_a_refused_restore_puts_the_pictures_back(store, tmp_path, monkeypatch):
    def refuse(*_):
        raise StoreError("not as it came")

    monkeypatch.setattr(backup_zip, "_check_restored", refuse)
    before = files(store.images)
    path = make_zip(tmp_path / "a.zip", {"wardrobe.json": document({"id": "a", "type": "hat", "image": None})})
    with open_backup(path) as backup, pytest.raises(StoreError, match="not as it came"):
        restore(store, backup, remove_others=True)
    assert files(store.images) == before


def test_a_backup_as_large_as_the_disk_allows(tmp_path):
    """EWARDROBE_BIG_BACKUP=2000 tries two gigabytes; an ordinary run 60 MB, and how much memory that takes."""
    import tracemalloc

    size, part = int(os.environ.get("EWARDROBE_BIG_BACKUP", "60")) * 1_000_000, 20_000_000
    store, copy = FeatureStore(tmp_path / "home"), FeatureStore(tmp_path / "copy")
    for number in range(size // part):
        photo = png((number % 256, number // 256, 0)) + os.urandom(1000) * (part // 1000)
        store.add({"type": "shirt", "id": f"{number}"}, photo=photo)
    tracemalloc.start()
    write_backup(store, tmp_path / "big.zip")
    with open_backup(tmp_path / "big.zip") as backup:
        assert restore(copy, backup).problems == []
    assert tracemalloc.get_traced_memory()[1] < 3 * part
    tracemalloc.stop()
    assert (tmp_path / "big.zip").stat().st_size > size
    assert copy.items() == store.items()
    for path in store.images.glob("photo*"):
        assert filecmp.cmp(path, copy.images / path.name, shallow=False)
