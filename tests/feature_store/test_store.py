"""The wardrobe on disk: nothing is lost, whatever happens to the process, the disk or the file."""

import codecs
import contextlib
import errno
import io
import json
import math
import os
import runpy
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from wardrobe_items import edit_many

from ewardrobe.core import atomic
from ewardrobe.feature_store import backups, document, wardrobe_json, wearing
from ewardrobe.feature_store import store as store_module
from ewardrobe.feature_store.backup_zip import write_backup
from ewardrobe.feature_store.doctor import examine
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.feature_store.wardrobe_json import dump_item
from ewardrobe.wardrobe.fields import cleaned
from ewardrobe.wardrobe.item import FIELDS, kind_fields

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("EWARDROBE_CRASH_KILLS", "60"))


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


def cutout(colour=(200, 0, 0), height=40, width=30) -> np.ndarray:
    image = np.zeros((height, width, 4), np.uint8)
    image[5:-5, 5:-5] = (*colour, 255)
    return image


def files(store: FeatureStore) -> set[str]:
    """Everything in the wardrobe's folder except the lock."""
    found = {str(path.relative_to(store.home)) for path in store.home.rglob("*") if path.is_file()}
    return found - {".wardrobe.lock"}


# What goes in comes out


def test_an_unused_wardrobe_is_an_empty_table_and_makes_no_folder(store):
    frame = store.load()
    assert frame.empty
    assert list(frame.columns) == list(FIELDS)
    assert not store.home.exists()


def test_home_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path / "elsewhere"))
    assert FeatureStore().home == tmp_path / "elsewhere"
    monkeypatch.delenv("EWARDROBE_HOME")
    assert FeatureStore().home == Path("wardrobe")


def test_added_items_are_in_the_frame_under_their_string_ids(store):
    ids = [store.add({"type": "t-shirt", "colour": "red"}), store.add({"type": "shoes", "id": 7})]
    frame = FeatureStore(store.home).load()
    assert frame.index.tolist() == ids == [ids[0], "7"]
    assert frame.loc[ids[0], ["category", "category_id", "slot"]].tolist() == ["short sleeve top", 1, "top"]
    assert pd.isna(frame.loc["7", "category_id"])
    assert frame.loc["7", "slot"] == "shoes"
    assert frame.loc["7", "tags"] == []
    assert not frame.loc["7", "favourite"]
    assert pd.Timestamp(frame.loc["7", "added"]).tz is not None


def test_pictures_lie_beside_the_file_and_the_photo_is_kept_as_it_came(store):
    photo = b"\xff\xd8\xff not really a JPEG"
    item_id, other = store.add_many([({}, cutout(), photo), ({}, cutout((0, 0, 9)), photo)])
    with Image.open(store.image_path(item_id)) as image:
        assert np.array_equal(np.asarray(image), cutout())
    assert store.image_path(item_id, "photo").read_bytes() == photo
    assert store.image_path(item_id, "photo") == store.image_path(other, "photo")
    assert store.image_path(store.add({})) is None


def test_items_added_together_share_their_time_and_later_ones_are_later(store):
    together = store.add_many([({"type": "hat"}, None, None)] * 3)
    time.sleep(0.002)
    times = store.load()["added"]
    assert times[together].nunique() == 1
    assert store.get(store.add({"type": "bag"}))["added"] > times[together[0]]


def test_thumbnail_keeps_the_proportions(store):
    item_id = store.add({}, cutout(height=600, width=300))
    with Image.open(store.image_path(item_id, "thumbnail")) as image:
        assert image.size == (128, 256)


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (np.zeros((4, 4, 3), np.uint8), "(4, 4, 3)"),
        (np.zeros((4, 4, 4)), "float64"),
        (np.zeros((0, 4, 4), np.uint8), "(0, 4, 4)"),
        ("x.png", "str"),
    ],
)
def test_a_wrong_cutout_is_refused_with_what_was_expected(store, bad, got):
    with pytest.raises(StoreError, match=r"RGBA uint8 \(h, w, 4\)") as error:
        store.add({}, bad)
    assert got in str(error.value)
    assert not store.home.exists()


def test_a_picture_name_cannot_lead_out_of_the_folder(store):
    item_id = store.add({"type": "hat"})
    (store.home / "secret").write_text("x")
    for name in ("../secret", "/etc/passwd", "..", "", 3):
        store.update(item_id, image=name)
        assert store.image_path(item_id) is None


def test_update_sets_single_fields_and_keeps_unknown_ones(store):
    item_id = store.add({"type": "shirt", "wears": [{"on": "2026-01-02"}], "price": 12.5})
    store.update(item_id, brand="Acme", id="another")
    item = store.get(item_id)
    assert (item["brand"], item["price"], item["wears"]) == ("Acme", 12.5, [{"on": "2026-01-02"}])
    assert store.load().loc[item_id, "price"] == 12.5


def test_unknown_fields_of_the_document_survive_too(store):
    item_id = store.add({"type": "shirt"})
    document = json.loads(store.path.read_text()) | {"outfits": [{"name": "Monday"}]}
    store.path.write_text(json.dumps(document))
    store.update(item_id, brand="Acme")
    assert json.loads(store.path.read_text())["outfits"] == [{"name": "Monday"}]


def test_category_id_slot_and_name_follow_each_other(store):
    item_id = store.add({"category_id": 8})
    assert [store.get(item_id)[name] for name in ("type", "category", "slot")] == ["trousers", "trousers", "bottom"]
    store.update(item_id, category="skirt")
    assert [store.get(item_id)[name] for name in ("category_id", "slot")] == [9, "bottom"]
    store.update(item_id, **kind_fields("bag"))
    assert [store.get(item_id)[name] for name in ("category", "category_id", "slot")] == [None, None, "bag"]


@pytest.mark.parametrize(
    "fields",
    [{"category_id": 14}, {"category": "toga"}, {"category_id": 1, "category": "skirt"}, {"notes": b"x"}, {"a": print}],
)
def test_values_that_cannot_be_stored_are_refused_by_name_and_nothing_is_written(store, fields):
    item_id = store.add({"type": "shirt"})
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="The item was not saved: .*(category|notes|'a')"):
        store.update(item_id, **fields)
    with pytest.raises(StoreError):
        store.add_many([({"type": "hat"}, None, None), (fields, None, None)])
    assert store.path.read_bytes() == before


def test_nan_never_reaches_the_file(store):
    frame = pd.DataFrame({"type": ["hat"], "brand": [np.nan], "price": [math.inf], "bought": [pd.NaT], "fit": [pd.NA]})
    item_id = store.add(frame.iloc[0].to_dict() | {"score": np.float32("nan"), "parts": np.array([np.nan, 1])})
    store.update(item_id, size=float("nan"), lab=[{"L": np.nan}])
    text = store.path.read_text()
    assert "NaN" not in text
    assert "Infinity" not in text
    item = store.get(item_id)
    assert [item[name] for name in ("brand", "price", "bought", "fit", "score", "size")] == [None] * 6
    assert (item["parts"], item["lab"]) == ([None, 1], [{"L": None}])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts), max_leaves=8)


@settings(max_examples=25, deadline=None)
@given(extra=st.dictionaries(st.text().map("x".__add__), VALUES, max_size=5), notes=st.text(), tags=st.lists(st.text()))
def test_any_json_value_survives_the_round_trip(tmp_path_factory, extra, notes, tags):
    store = FeatureStore(tmp_path_factory.mktemp("home"))
    item_id = store.add(extra | {"notes": notes, "tags": tags})
    store.update(item_id, brand="edited")
    item = store.get(item_id)
    assert (item["notes"], item["tags"]) == (cleaned("notes", notes), cleaned("tags", tags))
    assert {name: item[name] for name in extra} == extra


# Edits of a table, removal and its undoing


def test_edits_of_several_items_are_one_write_and_pass_over_what_is_gone(store):
    ids = store.add_many([({"type": name}, None, None) for name in ("shirt", "skirt")])
    writes = len(store.backups())
    edit_many(store, {ids[0]: {"brand": "Acme"}, ids[1]: {"size": "M"}, "gone": {"brand": "x"}}, source="user")
    assert [item["size"] for item in store.items()] == [None, "M"]
    assert (store.get(ids[0])["brand"], store.get(ids[0])["source"]) == ("Acme", {"brand": "user"})
    assert len(store.backups()) == writes + 1


def test_an_edit_that_changes_nothing_writes_nothing(store):
    item_id = store.add({"type": "shirt", "brand": "Acme"})
    before = store.signature()
    store.update(item_id, brand="Acme")
    assert store.signature() == before
    store.update(item_id, brand="Other")
    assert store.signature() != before


def test_remove_moves_pictures_to_the_trash_and_undo_fetches_them(store):
    keep, gone = store.add_many([({}, cutout(), b"photo"), ({}, cutout((1, 2, 3)), b"photo")])
    image, photo = store.image_path(gone), store.image_path(gone, "photo")
    store.remove(gone)
    assert not image.exists()
    assert photo.exists(), "the other garment of the photo still needs it"
    store.undo()
    assert [item["id"] for item in store.items()] == [keep, gone]
    assert store.image_path(gone) == image


def test_an_unknown_id_or_one_given_twice_is_an_error(store):
    item_id = store.add({"type": "hat"})
    with pytest.raises(StoreError, match="no item with id 'nobody'"):
        store.update("nobody", brand="x")
    with pytest.raises(StoreError, match=f"already an item with id '{item_id}'"):
        store.add({"id": item_id})


# Samples


def test_while_the_samples_are_drawn_others_may_write(tmp_path, monkeypatch):
    draw = store_module._sample_entries

    def slowly():
        FeatureStore(tmp_path).add({"type": "coat"})
        return draw()

    monkeypatch.setattr(store_module, "_sample_entries", slowly)
    monkeypatch.setattr(document, "LOCK_SECONDS", 0.2)
    assert FeatureStore(tmp_path).ensure_samples() == []
    assert [item["type"] for item in FeatureStore(tmp_path).items()] == ["coat"]


def test_samples_come_once_and_do_not_come_back(store):
    ids = store.ensure_samples()
    frame = store.load()
    assert len(ids) >= 2
    assert frame["sample"].all()
    assert {("blue", "t-shirt"), ("black", "dress")} <= set(zip(frame["colour"], frame["type"], strict=True))
    assert all(store.image_path(item_id).exists() for item_id in ids)
    own = store.add({"type": "shoes"})
    assert store.ensure_samples() == []
    assert [item["id"] for item in store.remove_samples()] == ids
    assert store.ensure_samples() == []
    assert store.load().index.tolist() == [own]


def test_samples_are_not_forced_on_a_wardrobe_in_use(store):
    store.add({"type": "shoes"})
    assert store.ensure_samples() == []
    assert len(store.load()) == 1


def test_run_as_a_script_it_tells_the_story(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EWARDROBE_HOME", str(tmp_path))
    runpy.run_module("ewardrobe.feature_store", run_name="__main__")
    before, after = capsys.readouterr().out.split("added a red t-shirt")
    assert "blue" in before
    assert "red" not in before
    assert "red" in after
    assert sorted(FeatureStore(tmp_path).load()["colour"])[-1] == "red"


# Broken files


@pytest.mark.parametrize(
    ("damage", "line", "column"),
    [
        (lambda raw: raw[: len(raw) // 2], 6, None),
        (lambda raw: raw.replace(b'"hat"', b'"hat', 1), 7, None),
        (lambda raw: b"", 1, 1),
        (lambda raw: b"\x00" * len(raw), 1, 1),
        (lambda raw: raw.replace(b"hat", b"h\xe4t", 1), 7, None),
        (lambda raw: b'{"items": {}}', 1, 1),
        (lambda raw: b'{"items": [3]}', 1, 1),
        (lambda raw: b"[" * 100_000, 1, None),
        (lambda raw: b'{"items": [' + b"9" * 5000 + b"]}", 1, None),
    ],
)
def test_a_broken_file_is_reported_with_its_place_and_never_overwritten(store, damage, line, column):
    store.add({"type": "shirt", "notes": "x" * 500})
    store.add({"type": "hat"})
    good = store.path.read_bytes()
    store.path.write_bytes(damage(good))
    broken = store.path.read_bytes()
    for action in (store.load, lambda: store.add({"type": "bag"}), store.remove_samples, store.ensure_samples):
        with pytest.raises(StoreError, match="wardrobe.json is broken at line") as caught:
            action()
        place = f"{store.path} is broken at line {line}, column " + (f"{column}:" if column else "")
        assert str(caught.value).startswith(place)
        assert caught.value.copies == store.restorable()
        assert str(caught.value.copies[0].path) in str(caught.value)
        assert store.path.read_bytes() == broken
    assert store.restore_backup() == caught.value.copies[0].path
    assert store.path.read_bytes() == good
    assert [path.read_bytes() for path in store.home.glob("wardrobe.replaced-*.json")] == [broken]


def test_restoring_passes_over_broken_backups_and_brings_pictures_back(store):
    item_id = store.add({"type": "shirt"}, cutout())
    store.remove(item_id)
    newest = store.backups()[0]
    newest.write_bytes(newest.read_bytes()[:-9])
    assert store.restore_backup() == store.backups()[1]
    assert store.image_path(item_id) is not None


def test_restoring_without_a_backup_says_so(store):
    store.home.mkdir()
    store.path.write_text("{")
    with pytest.raises(StoreError, match="no readable backup"):
        store.restore_backup()
    with pytest.raises(StoreError, match="broken at line 1") as caught:
        store.load()
    assert not caught.value.copies


def test_a_hand_made_change_is_kept_as_a_backup_before_the_next_write(store):
    item_id = store.add({"type": "shirt"})
    by_hand = store.path.read_bytes().replace(b"shirt", b"smock")
    store.path.write_bytes(by_hand)
    store.update(item_id, brand="Acme")
    assert [path.read_bytes() for path in store.backups()[:2]] == [store.path.read_bytes(), by_hand]


def test_backups_are_the_newest_ten_and_one_a_day_for_a_week(store, monkeypatch):
    stamps = iter([f"202601{day:02}T{hour:02}0000000000Z" for day in range(1, 13) for hour in range(3)])
    monkeypatch.setattr(backups, "stamp", lambda: next(stamps))
    store.home.mkdir()
    for number in range(36):
        store._copies.keep(b'{"revision":%d,\n' % number)
    kept = [path.name[9:20] for path in store.backups()]
    assert kept[:10] == [f"202601{day}T{hour:02}" for day in (12, 11, 10, "09") for hour in (2, 1, 0)][:10]
    assert kept[10:] == ["20260108T02", "20260107T02", "20260106T02"]


def test_the_first_programs_bare_list_is_read_and_hand_written_ids_are_made_unique(store):
    store.home.mkdir()
    store.path.write_text('\ufeff[{"type": "t-shirt", "price": NaN}, {"id": 5}, {"id": 5}, {"id": 0, "x": 1e999}]')
    assert store.load().index.tolist() == ["item-1", "5", "5-2", "0"]
    store.update("item-1", brand="Acme")
    document = json.loads(store.path.read_text(), parse_constant=pytest.fail)
    assert (document["version"], len(document["items"]), document["items"][3]["x"]) == (2, 4, "1e999")
    assert json.loads((store.home / "wardrobe.v0.json").read_text("utf-8-sig"))[0]["type"] == "t-shirt"


def test_a_file_of_a_newer_version_is_left_alone(store):
    store.home.mkdir()
    store.path.write_text('{"version": 99, "items": []}')
    with pytest.raises(StoreError, match="version 99.*Update eWardrobe"):
        store.add({"type": "hat"})
    assert store.path.read_text() == '{"version": 99, "items": []}'


# Disks


@pytest.mark.parametrize("when", ["write", "fsync", "replace", "picture"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_or_failing_disk_leaves_everything_as_it_was(store, monkeypatch, when, code):
    item_id = store.add({"type": "shirt"}, cutout())
    before, all_files = store.path.read_bytes(), files(store)
    _fail(monkeypatch, when, code)
    actions = [lambda: store.add({"type": "hat"}, cutout((0, 9, 0)), b"photo")]
    actions += [] if when == "picture" else [lambda: store.update(item_id, brand="x"), lambda: store.remove(item_id)]
    for action in actions:
        with pytest.raises(StoreError, match="not changed .*" + ("disk is full" if code != errno.EIO else "error")):
            action()
        assert store.path.read_bytes() == before
        assert files(store) == all_files
    monkeypatch.undo()
    assert len(store.load()) == 1
    store.add({"type": "hat"}, cutout((0, 9, 0)))


def _fail(monkeypatch, when: str, code: int) -> None:
    """Let writing fail as a disk does: after some bytes, at the sync, at the renaming, or at the second picture."""
    real_write, real_replace, calls = atomic._write_new, os.replace, []

    def write(path, data, durable):
        calls.append(path)
        if when == "write" or (when == "picture" and len(calls) == 2):
            path.write_bytes(data[: len(data) // 2])
            raise OSError(code, os.strerror(code))
        real_write(path, data, durable)

    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic, "_write_new", write)
    if when == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    if when == "replace":
        monkeypatch.setattr(
            os, "replace", lambda a, b: fail() if Path(b).name == "wardrobe.json" else real_replace(a, b)
        )


def test_a_backup_that_fails_after_saving_does_not_undo_it(store, monkeypatch, caplog):
    item_id = store.add({"type": "shirt"})
    monkeypatch.setattr(backups, "stamp", lambda: "x/" * 9)  # a folder that is not there
    store.update(item_id, brand="Acme")
    assert store.get(item_id)["brand"] == "Acme"
    assert "is saved, but its backup" in caplog.text


@contextlib.contextmanager
def read_only(folder: Path):
    """Make ``folder`` unwritable for this process; root, whom modes do not stop, becomes nobody meanwhile."""
    for path in folder.rglob("*"):  # the owner's alone, as they are, would say nothing of a folder
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(0o555)
    root = os.geteuid() == 0
    codecs.lookup("cp437")  # of ZIP files: nobody may not read Python's own folder, where it lies
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="modes of folders are POSIX")
def test_a_read_only_folder_can_be_read_and_says_what_to_do():
    with tempfile.TemporaryDirectory() as parent:  # not tmp_path: its parents are closed to other users
        Path(parent).chmod(0o755)
        store = FeatureStore(Path(parent) / "home")
        item_id = store.add({"type": "shirt"})
        (store.home / ".wardrobe.lock").unlink()
        for path in (store.home, *store.home.rglob("*")):  # its owner has opened it to others
            path.chmod(0o755 if path.is_dir() else 0o644)
        before = files(store)
        with read_only(store.home):
            assert len(store.load()) == 1
            actions = (
                lambda: store.add({"type": "hat"}),
                lambda: store.update(item_id, brand="x"),
                lambda: wearing.log_wear(store, [item_id]),
                store.undo,
            )
            assert any("cannot be written" in finding.what for finding in examine(store))
            write_backup(store, io.BytesIO())
            for action in actions:
                with pytest.raises(StoreError, match="not changed .*no permission.*EWARDROBE_HOME"):
                    action()
        assert files(store) == before


def test_a_file_that_is_far_too_large_is_refused_without_reading_it(store):
    store.add({"type": "hat"})
    with open(store.path, "r+b") as file:
        file.truncate(400_000_000)  # takes no room: the rest is a hole
    for action in (store.load, lambda: store.add({"type": "bag"})):
        with pytest.raises(StoreError, match="has 400 MB; a file of up to 200 MB.*newest good backup"):
            action()
    store.restore_backup()
    assert len(store.items()) == 1


def test_a_home_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="not changed .*EWARDROBE_HOME"):
        FeatureStore(tmp_path / "file" / "home").add({"type": "hat"})


# Crashes and company


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_writer_killed_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    command = [sys.executable, "-m", "tests.store_crash", str(tmp_path), str(KILLS)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{KILLS} kills" in result.stdout


WRITER = """
import sys
from ewardrobe.feature_store.store import FeatureStore
home, name, shared = sys.argv[1:]
store = FeatureStore(home)
for number in range(10):
    store.add({"type": name, "number": number})
    store.update(shared, **{name: number})
    store.alter([shared], lambda item: {f"{name}-{number}": True})
"""


def test_two_processes_lose_nothing(store):
    shared = store.add({"type": "shirt"})
    names = ("left", "right")
    command = [sys.executable, "-c", WRITER, str(store.home)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    writers = [subprocess.Popen([*command, name, shared], env=env) for name in names]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    frame = store.load()
    for name in names:
        assert sorted(frame[frame["type"] == name]["number"]) == list(range(10))
        assert store.get(shared)[name] == 9
        assert all(store.get(shared)[f"{name}-{number}"] for number in range(10))


def test_a_lock_that_is_never_released_is_reported(store, monkeypatch):
    from filelock import FileLock

    store.add({"type": "hat"})
    monkeypatch.setattr("ewardrobe.feature_store.document.LOCK_SECONDS", 0.1)
    with FileLock(store.home / ".wardrobe.lock"), pytest.raises(StoreError, match="Another program has been writing"):
        store.add({"type": "bag"})


def test_an_edit_among_many_items_reads_nothing_and_encodes_one(store, monkeypatch):
    item = {"type": "t-shirt", "colour": "red", "tags": ["a"], "colours": [{"name": "red", "lab": [1.5, 2.5, 3.5]}]}
    ids = store.add_many([(item, None, None)] * 300)
    encoded = []
    monkeypatch.setattr(wardrobe_json, "parse_lines", pytest.fail)
    monkeypatch.setattr(wardrobe_json, "dump_item", lambda part: encoded.append(part.get("id")) or dump_item(part))
    assert len(store.load()) == 300
    store.update(ids[150], brand="Acme")
    assert [item_id for item_id in encoded if item_id] == [ids[150]]  # the rest: fields of the document


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_files_are_the_owners_alone_also_when_they_are_replaced(tmp_path):
    old = os.umask(0o022)
    try:
        store = FeatureStore(tmp_path / "home")
        cutout = np.full((40, 30, 4), 200, np.uint8)
        item_id = store.add({"type": "coat"}, cutout, b"a photo")
        store.path.chmod(0o644)  # as an older program left it
        store.update(item_id, brand="Acme")
        store.outfits.save("Monday", [item_id])
        home = tmp_path / "home"
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        files = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
        assert {path.name for path in files} >= {"wardrobe.json", "outfits.json", "journal.jsonl"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        atomic.write_bytes(tmp_path / "elsewhere.json", b"{}")
        assert stat.S_IMODE((tmp_path / "elsewhere.json").stat().st_mode) == 0o644
    finally:
        os.umask(old)
