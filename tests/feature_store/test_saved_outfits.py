"""Saved outfits on disk: nothing lost, nothing half-written, two windows at once, broken files told."""

from __future__ import annotations

import json
import threading
from datetime import date

import pytest
from outfit_items import planned, saved_outfit

from ewardrobe.feature_store.backups import KEEP_NEWEST
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.outfits import OutfitStore, missing

DAY = date(2026, 11, 26)


@pytest.fixture
def store(wardrobe_home) -> OutfitStore:
    return OutfitStore(wardrobe_home)


def test_save_rename_remove_and_put_back(store):
    assert store.saved() == [] and not store.path.exists()
    first = store.save(" Monday  look ", ["a", "b", "a"], {"a": [0.1, 0.2, 0.3, 1]})
    second = store.save("Party", ["c"])
    assert [outfit["name"] for outfit in store.saved()] == ["Party", "Monday look"]
    outfit = saved_outfit(store, first)
    assert (outfit["items"], outfit["layout"]["a"]) == (["a", "b"], [0.1, 0.2, 0.3, 1])
    store.rename(first, "Tuesday")
    store.save("Tuesday", ["a", "c"], outfit_id=first)
    assert saved_outfit(store, first)["items"] == ["a", "c"] and saved_outfit(store, first)["created"]
    gone = store.remove(second)
    assert [outfit["id"] for outfit in store.saved()] == [first]
    store.put_back(gone)
    store.put_back(gone)
    assert len(store.saved()) == 2


def test_one_plan_for_a_day(store):
    outfit_id = store.save("Party", ["a"])
    store.plan(date(2026, 12, 2), ["a"], outfit_id)
    store.plan(DAY, ["b"])
    store.plan(DAY, ["c"])
    assert list(planned(store)) == ["2026-11-26", "2026-12-02"]
    assert planned(store)["2026-11-26"]["items"] == ["c"]
    store.remove(outfit_id)
    assert planned(store)["2026-12-02"]["items"] == ["a"], "what is planned stays planned"
    store.unplan(DAY)
    store.unplan(DAY)
    assert list(planned(store)) == ["2026-12-02"]


def test_one_rating_for_an_outfit_whatever_its_order(store):
    store.rate(["a", "b"], True, {"colour": 0.5}, DAY)
    store.rate(["b", "a"], False, {"colour": 0.5}, DAY)
    store.rate(["c"], True, {"colour": 0.7}, DAY)
    rated = [(entry["items"], entry["liked"]) for entry in store.document()["feedback"]]
    assert rated == [(["a", "b"], False), (["c"], True)]
    store.rate(["c"], None, {}, DAY)
    assert len(store.document()["feedback"]) == 1
    assert len(store.forget_feedback()) == 1 and store.document()["feedback"] == []


def test_removed_items_are_named():
    assert missing(["a", "b"], ["b", "c"]) == ["a"]


@pytest.mark.parametrize(("name", "items"), [("", ["a"]), ("  ", ["a"]), ("x", [])])
def test_nothing_without_name_or_pieces(store, name, items):
    with pytest.raises(StoreError, match=r"name|pieces"):
        store.save(name, items)
    assert not store.path.exists()


def test_unknown_outfits_are_told(store):
    for change in (lambda: store.rename("x", "y"), lambda: store.remove("x")):
        with pytest.raises(StoreError, match="no outfit with id"):
            change()
    with pytest.raises(StoreError, match="no pieces"):
        store.plan(DAY, [])


def test_two_windows_lose_nothing(store):
    def work(number: int) -> None:
        for round_ in range(5):
            OutfitStore(store.home).save(f"{number}-{round_}", [str(number)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({outfit["name"] for outfit in store.saved()}) == 20
    assert len(store.backups()) <= KEEP_NEWEST


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ('{"outfits": [', "line 1, column"),
        ("[]", "expected an object"),
        ('{"version": 9}', "version 9"),
        ('{"outfits": [{"id": "a"}]}', 'entry 1 of "outfits"'),
        ('{"planned": [{"date": "soon", "items": []}]}', "2026-03-31"),
        ('{"feedback": [{"items": ["a"], "liked": 1, "terms": {}}]}', "true or false"),
        ('{"outfits": 3}', "no list"),
    ],
)
def test_a_broken_file_is_told_left_alone_and_restored(store, content, match):
    store.save("good", ["a"])
    store.save("better", ["b"])
    store.path.write_text(content)
    with pytest.raises(StoreError, match=match) as caught:
        store.save("new", ["c"])
    assert store.path.read_text() == content
    assert [copy.entries for copy in caught.value.copies] == [2]
    store.restore_backup()
    assert [outfit["name"] for outfit in store.saved()] == ["better", "good"]
    assert [path.read_text() for path in store.home.glob("outfits.replaced-*.json")] == [content]


def test_a_failed_write_leaves_the_old_file(store, monkeypatch):
    store.save("good", ["a"])
    before = store.path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="disk is full"):
        store.save("new", ["b"])
    monkeypatch.undo()
    assert store.path.read_bytes() == before
    assert not list(store.home.glob(".*.tmp"))


def test_unknown_fields_are_kept(store):
    store.home.mkdir(parents=True)
    store.path.write_text(json.dumps({"outfits": [{"id": "a", "name": "x", "items": ["1"], "mood": "sunny"}], "z": 1}))
    store.rename("a", "y")
    document = json.loads(store.path.read_text())
    assert document["outfits"][0]["mood"] == "sunny" and document["z"] == 1
