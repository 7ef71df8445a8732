"""The queue of many photos: nothing lost, nothing twice, whatever ends the app and whatever a photo does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace

import numpy as np
import pytest
from red_photos import RedSegmenter, photo

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.core.masks import rle_to_mask
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments import worker as import_worker
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import ANALYSING, FAILED, QUEUED, READY, ImportQueue
from ewardrobe.garments.review import change_field, photos_of, save_garments, shown_garments
from ewardrobe.garments.saving import BOTH, SKIP, hash_of
from ewardrobe.garments.worker import THREAD_NAME, Importer, look_at, work_through
from ewardrobe.models.weights import WeightsError


@pytest.fixture
def queue(wardrobe_home) -> ImportQueue:
    return ImportQueue(wardrobe_home)


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


def states(queue: ImportQueue) -> list[str]:
    return [entry.state for entry in queue.entries()]


def add(queue: ImportQueue, *photos):
    return queue.add(photos, "red", 0.3)


def work(queue: ImportQueue, segmenter=None) -> None:
    segmenter = segmenter or RedSegmenter()
    assert work_through(queue, lambda name: segmenter)


def garments(queue: ImportQueue, store: FeatureStore):
    items = store.items()
    known = {item["id"]: hash_of(store, item) for item in items}
    return shown_garments(queue.entries(), known, photos_of(items))


def test_photos_are_on_disk_in_their_order_and_each_once(queue):
    added = add(queue, photo(2), photo(1), photo(2, "copy.png"), ImageError("x.jpg: broken"))
    assert (added.taken, added.again, added.refused) == (2, 1, ["x.jpg: broken"])
    assert add(queue, photo(0), photo(1)).again == 1
    again = ImportQueue(queue.folder.parent)
    assert [entry.name for entry in again.entries()] == ["photo2.png", "photo1.png", "photo0.png"]
    assert again.photo(again.entries()[0]).data == photo(2).data
    assert states(again) == [QUEUED] * 3


def test_every_photo_is_looked_at_and_bad_ones_say_why(queue):
    add(queue, photo(0), Photo("letter.jpg", b"Dear Sir"), photo(1))
    work(queue)
    assert states(queue) == [READY, FAILED, READY]
    good, bad, _ = queue.entries()
    assert bad.reason.startswith("not a picture")
    (piece,) = good.pieces
    assert np.array_equal(rle_to_mask(piece.mask)[31:119, 25:55], np.ones((88, 30), bool))
    assert load_image(queue.picture(good, piece)).shape[0] > 80


def test_a_photo_that_breaks_the_model_does_not_end_the_import(queue):
    class Breaks(RedSegmenter):
        def predict(self, image, min_score=0.5):
            if image[0, 0, 0] == 1:
                raise RuntimeError("tensor of a strange size")
            return super().predict(image, min_score)

    add(queue, photo(0), photo(1), photo(2))
    work(queue, Breaks())
    assert states(queue) == [READY, FAILED, READY]
    assert "tensor of a strange size" in queue.entries()[1].reason


def test_missing_weights_leave_the_photos_queued(queue):
    def missing(name):
        raise WeightsError("weights are missing")

    add(queue, photo(0))
    with pytest.raises(WeightsError):
        work_through(queue, missing)
    assert states(queue) == [QUEUED]
    worker = Importer(queue.folder.parent, missing)
    worker.wake()
    worker._thread.join(10)
    assert worker.problem == "weights are missing"


def test_what_was_under_way_at_a_crash_is_begun_again_but_not_for_ever(queue):
    add(queue, photo(0), photo(1))
    first = queue.entries()[0]
    queue.change(first.key, lambda entry: replace(entry, state=ANALYSING, attempts=1))
    work(queue)
    assert states(queue) == [READY, READY]
    queue.change(first.key, lambda entry: replace(entry, state=ANALYSING, attempts=2))
    work(queue)
    assert states(queue) == [FAILED, READY]
    assert "ended twice" in queue.entries()[0].reason
    queue.look_again([first.key], "red", 0.5)
    work(queue)
    assert states(queue) == [READY, READY]


CHILD = """
    import os, sys, time
    from pathlib import Path
    sys.path[:0] = [{tests!r}]
    from ewardrobe.garments.queue import ImportQueue
    from ewardrobe.garments.worker import work_through
    from red_photos import RedSegmenter

    class Slow(RedSegmenter):
        def predict(self, image, min_score=0.5):
            print("at work", flush=True)
            time.sleep(0.15)
            return super().predict(image, min_score)

    work_through(ImportQueue(Path({home!r})), lambda name: Slow())
"""


def test_killed_worker_loses_nothing(queue, wardrobe_home, repository):
    """SIGKILL at several moments; the photos that were done stay done, the lock is free, the others follow."""
    add(queue, *map(photo, range(6)))
    code = textwrap.dedent(CHILD.format(tests=str(repository / "tests"), home=str(wardrobe_home)))
    env = {**os.environ, "PYTHONPATH": str(repository)}
    for begun in (1, 3):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env, text=True)
        for _ in range(begun):
            assert child.stdout.readline() == "at work\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
    assert len(queue.entries()) == 6
    segmenter, left = RedSegmenter(), sum(state != READY for state in states(queue))
    work(queue, segmenter)
    assert states(queue) == [READY] * 6
    assert segmenter.asked == left, "what was done is not done again"


def test_broken_and_foreign_files_are_passed_over(queue):
    add(queue, photo(0), photo(1))
    broken = queue.folder / f"{queue.entries()[0].key}.json"
    broken.write_text('{"key": "a", ')
    (queue.folder / "other.json").write_text(json.dumps({"hello": 1}))
    assert [entry.name for entry in queue.entries()] == ["photo1.png"]
    assert add(queue, photo(0)).again + add(queue, photo(2)).taken >= 1
    work(queue)


def test_photo_whose_file_is_gone_fails_with_the_cure(queue):
    add(queue, photo(0))
    (queue.folder / f"{queue.entries()[0].key}.photo").unlink()
    work(queue)
    assert "add the photo again" in queue.entries()[0].reason


def test_one_worker_at_a_time(queue):
    add(queue, photo(0))
    with import_worker.FileLock(queue.folder / ".worker.lock"):
        assert not work_through(queue, lambda name: RedSegmenter())
    assert states(queue) == [QUEUED]


def test_thread_lives_while_there_is_work_and_stops_when_told(queue, wardrobe_home):
    slow, go = RedSegmenter(), threading.Event()
    slow.predict = lambda image, min_score=0.5: go.wait(10) and Detections.empty(*image.shape[:2])
    worker = Importer(wardrobe_home, lambda name: slow)
    worker.wake()
    assert not worker.busy, "nothing waits"
    add(queue, *map(photo, range(3)))
    worker.wake()
    worker.wake()
    assert [thread.name for thread in threading.enumerate()].count(THREAD_NAME) == 1
    threading.Timer(0.2, go.set).start()
    worker.end()
    assert not worker.busy
    assert QUEUED in states(queue)
    worker.wake()
    assert not worker.busy, "the app is ending"


def test_photo_removed_while_it_is_looked_at(queue):
    add(queue, photo(0))
    (entry,) = queue.entries()
    queue.remove([entry.key])
    look_at(queue, entry, lambda name: RedSegmenter())
    assert queue.entries() == []
    assert not [path for path in queue.folder.iterdir() if not path.name.startswith(".")]


def test_read_only_disk_is_a_clear_error(queue, monkeypatch):
    from ewardrobe.core import atomic

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(StoreError, match="disk is full"):
        add(queue, photo(0))
    assert queue.entries() == []


# Review


def test_one_field_of_many_is_changed_and_saved(queue, store):
    add(queue, *map(photo, range(4)))
    work(queue)
    shown = garments(queue, store)
    assert change_field(queue, shown, "brand", "Acme") == 4
    assert change_field(queue, garments(queue, store)[:2], "tags", ["work"], "Add") == 2
    assert change_field(queue, garments(queue, store)[:1], "kind", "vest") == 1
    assert change_field(queue, garments(queue, store)[:1], "material", "wool") == 1
    assert change_field(queue, garments(queue, store), "brand", "Acme") == 0
    decided = {one.piece.id for one in garments(queue, store)}
    queue.edit(decided, lambda piece: replace(piece, twin=BOTH))
    assert list(save_garments(queue, store, garments(queue, store))) == [4]
    first, second, third, _ = store.items()
    assert {item["brand"] for item in store.items()} == {"Acme"}
    assert (first["category"], first["slot"], first["material"], first["tags"]) == ("vest", "top", "wool", ["work"])
    assert (second["category"], second["tags"], third["tags"]) == ("short sleeve top", ["work"], [])
    assert {name: first["source"][name] for name in ("category", "brand", "material")} == dict.fromkeys(
        ("category", "brand", "material"), "user"
    )
    assert second["source"]["category"] == "red"
    assert all(item["hash"] and item["photo"] for item in store.items())
    assert queue.entries() == []
    assert not list(queue.folder.glob("*.photo")) + list(queue.folder.glob("*.png"))


def test_left_out_garments_are_not_saved_and_their_photos_leave(queue, store):
    add(queue, photo(0), photo(4))
    work(queue)
    shown = garments(queue, store)
    queue.edit([shown[0].piece.id], lambda piece: replace(piece, keep=False))
    list(save_garments(queue, store, garments(queue, store)))
    assert [item["id"] for item in store.items()] == [shown[1].piece.id]
    assert queue.entries() == []


def test_crash_between_saving_and_clearing_saves_nothing_twice(queue, store, monkeypatch):
    add(queue, photo(0))
    work(queue)
    shown = garments(queue, store)
    with monkeypatch.context() as crash:
        crash.setattr(ImportQueue, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            list(save_garments(queue, store, shown))
    assert len(store.items()) == len(queue.entries()) == 1
    list(save_garments(queue, store, shown))
    assert len(store.items()) == 1
    assert queue.entries() == []


def test_failed_save_keeps_the_queue(queue, store, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    add(queue, photo(0))
    work(queue)
    with monkeypatch.context() as broken:
        broken.setattr(FeatureStore, "add_many", full)
        with pytest.raises(StoreError):
            list(save_garments(queue, store, garments(queue, store)))
    assert states(queue) == [READY]


def test_photo_of_the_wardrobe_is_left_out_by_itself_and_a_twin_is_not(queue, store):
    add(queue, photo(0))
    work(queue)
    list(save_garments(queue, store, garments(queue, store)))
    (item,) = store.items()
    add(queue, photo(0), Photo("again.png", photo(0).data + b" "))
    work(queue)
    same, alike = garments(queue, store)
    assert (same.twin.id, same.twin.same_photo, same.choice, same.saved) == (item["id"], True, SKIP, False)
    assert (alike.twin.id, alike.twin.same_photo, alike.choice, alike.saved) == (item["id"], False, BOTH, True)
    queue.edit([same.piece.id], lambda piece: replace(piece, twin=BOTH))
    list(save_garments(queue, store, garments(queue, store)))
    assert len(store.items()) == 3


def test_twins_within_the_queue(queue, store):
    add(queue, photo(0), Photo("again.png", photo(0).data + b" "))
    work(queue)
    first, second = garments(queue, store)
    assert first.twin is None
    assert (second.twin.id, second.twin.in_queue) == (first.piece.id, True)


def test_repaired_outline_is_what_is_saved(queue, store):
    add(queue, photo(0))
    work(queue)
    (one,) = garments(queue, store)
    change_field(queue, [one], "brand", "Acme")
    image = queue.photo(one.entry).read()
    mask = np.zeros(image.shape[:2], bool)
    mask[30:75, 20:60] = True
    queue.recut(one.entry.key, one.piece.id, garment_from_mask(image, mask, 1, 0.9))
    (cut,) = garments(queue, store)
    assert (cut.piece.id, cut.item["brand"]) == (one.piece.id, "Acme")
    assert cut.piece.hash != one.piece.hash
    list(save_garments(queue, store, [cut]))
    (item,) = store.items()
    assert (load_image(store.image_path(item["id"])).shape[0]) == pytest.approx(45, abs=8)


def test_many_photos_are_saved_in_batches(queue, store, monkeypatch):
    monkeypatch.setattr("ewardrobe.garments.review.BATCH", 2)
    add(queue, *map(photo, range(5)))
    work(queue)
    queue.edit([one.piece.id for one in garments(queue, store)], lambda piece: replace(piece, twin=BOTH))
    assert list(save_garments(queue, store, garments(queue, store))) == [2, 4, 5]
    assert len(store.items()) == 5
