"""The queue of many photos: nothing lost, nothing twice, whatever ends the app and whatever a photo does."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from dataclasses import asdict, replace

import numpy as np
import pytest
from filelock import FileLock
from red_photos import RedSegmenter, photo

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.core.masks import mask_to_rle
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.draft import BOTH, LOWEST_SCORE, SKIP, Photo
from ewardrobe.garments.queue import ANALYSING, FAILED, QUEUED, READY, ImportQueue
from ewardrobe.garments.review import change_field, hash_of, photos_of, reviewed, save_drafts
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
    return queue.add(photos, "red")


def work(queue: ImportQueue, segmenter=None) -> None:
    segmenter = segmenter or RedSegmenter()
    assert work_through(queue, lambda name: segmenter) == {}


def garments(queue: ImportQueue, store: FeatureStore):
    items = store.items()
    known = {item["id"]: hash_of(store, item) for item in items}
    return reviewed(queue.entries(), 0.5, known, photos_of(items))


def test_photos_are_on_disk_in_their_order_and_each_once(queue):
    added = add(queue, photo(2), photo(1), photo(2, "copy.png"), ImageError("x.jpg: broken"))
    assert (added.taken, added.again, added.refused) == (2, 1, ["x.jpg: broken"])
    assert add(queue, photo(0), photo(1)).again == 1
    again = ImportQueue(queue.folder.parent)
    assert [entry.name for entry in again.entries()] == ["photo2.png", "photo1.png", "photo0.png"]
    assert again.photo(again.entries()[0]).data == photo(2).data
    assert states(again) == [QUEUED] * 3


def test_every_photo_is_looked_at_and_bad_ones_say_why(queue):
    add(queue, photo(0), Photo("cut.png", photo(2).data[:-200]), photo(1))
    work(queue)
    assert states(queue) == [READY, FAILED, READY]
    good, bad, _ = queue.entries()
    assert "cut off or damaged" in bad.reason
    (draft,) = good.drafts
    assert np.array_equal(draft.mask[31:119, 25:55], np.ones((88, 30), bool))
    assert queue.cutout(draft).shape[0] > 80
    assert set(good.looks["red"]) == {"read", "find", "cut out"}


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
    assert work_through(queue, missing) == {"red": "weights are missing"}
    assert states(queue) == [QUEUED]
    queue.add([photo(1)], "blue")
    assert work_through(queue, lambda name: missing(name) if name == "red" else RedSegmenter()).keys() == {"red"}
    assert states(queue) == [QUEUED, READY], "the others do not wait"
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
    queue.look_again([first.key], "red")
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


def test_foreign_files_are_passed_over(queue):
    add(queue, photo(1))
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
    with FileLock(queue.folder / ".worker.lock"):
        assert work_through(queue, lambda name: RedSegmenter()) is None
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


class Twice(RedSegmenter):
    """Sees the garment, and with less confidence its upper half beside it."""

    def predict(self, image, min_score=0.5):
        assert min_score == LOWEST_SCORE
        sure = super().predict(image)
        guess = np.zeros(image.shape[:2], bool)
        guess[130:155, 20:60] = True
        return Detections.from_masks(np.stack([sure.masks[0], guess]), [1, 8], [0.9, 0.3])


def test_each_photo_is_segmented_once_and_cut_once(queue, store, monkeypatch):
    """From the look to the wardrobe, whatever the slider, the reloads and the words of the owner."""
    cuts = []
    for module in ("cutout", "queue"):
        monkeypatch.setattr(
            f"ewardrobe.garments.{module}.garment_from_mask",
            lambda image, *rest: cuts.append(rest) or garment_from_mask(image, *rest),
        )
    segmenter = Twice()
    add(queue, photo(0), photo(1), photo(4))
    work(queue, segmenter)
    for score in (0.1, 0.5, 0.3):
        drafts = reviewed(ImportQueue(queue.folder.parent).entries(), score, {}, {})
        assert len(drafts) == (3 if score > 0.3 else 6)
        assert all(queue.cutout(draft).shape[2] == 4 for draft in drafts)
    queue.edit([draft.id for draft in drafts], lambda draft: replace(draft, choice=BOTH))
    list(save_drafts(queue, store, garments(queue, store)))
    assert segmenter.asked == 3
    assert len(cuts) == len(store.items()) == 6


def test_another_models_drafts_are_kept_and_nothing_is_seen_twice(queue):
    one, other = RedSegmenter(), Twice()
    load = {"red": one, "twice": other}.get
    add(queue, photo(0))
    work_through(queue, load)
    (entry,) = queue.entries()
    for model, shown in (("twice", 2), ("red", 1), ("twice", 2)):
        queue.look_again([entry.key], model)
        work_through(queue, load)
        assert len(reviewed(queue.entries(), 0.1, {}, {})) == shown
    assert (one.asked, other.asked) == (1, 1)


def test_cut_out_whose_file_is_broken_is_cut_anew(queue):
    add(queue, photo(0))
    work(queue)
    (draft,) = queue.entries()[0].drafts
    whole = queue.cutout(draft)
    queue.cutout_path(draft).write_bytes(b"half a file")
    assert np.array_equal(queue.cutout(draft), whole)
    queue.remove([draft.photo])
    with pytest.raises(ImageError, match="add it again"):
        queue.cutout(draft)


def test_queue_of_the_version_before_is_read(queue, store):
    add(queue, photo(0), photo(1))
    work(queue)
    for entry, state in zip(queue.entries(), (READY, QUEUED), strict=True):
        raw = {**asdict(entry), "min_score": 0.5, "state": state}
        (draft,) = raw.pop("drafts")
        del raw["looks"]
        piece = {name: draft[name] for name in ("id", "category_id", "score", "colours", "hash", "turns", "keep")}
        piece |= {"mask": draft["outlines"][0][1], "twin": BOTH, "fields": {"brand": "Acme"}}
        raw["pieces"] = [piece] if state == READY else []
        (queue.folder / f"{entry.key}.json").write_text(json.dumps(raw))
        queue.cutout_path(entry.drafts[0]).unlink()
    again = ImportQueue(queue.folder.parent)
    assert states(again) == [READY, QUEUED]
    work(again)
    first, second = garments(again, store)
    assert (first.fields, first.choice, first.model) == ({"brand": "Acme"}, BOTH, "red")
    assert list(save_drafts(again, store, [first, second])) == [2]
    assert [item["brand"] for item in store.items()] == ["Acme", None]


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
    decided = {one.id for one in garments(queue, store)}
    queue.edit(decided, lambda draft: replace(draft, choice=BOTH))
    assert list(save_drafts(queue, store, garments(queue, store))) == [4]
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
    queue.edit([shown[0].id], lambda draft: replace(draft, keep=False))
    list(save_drafts(queue, store, garments(queue, store)))
    assert [item["id"] for item in store.items()] == [shown[1].id]
    assert queue.entries() == []


def test_crash_between_saving_and_clearing_saves_nothing_twice(queue, store, monkeypatch):
    add(queue, photo(0))
    work(queue)
    shown = garments(queue, store)
    with monkeypatch.context() as crash:
        crash.setattr(ImportQueue, "remove", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            list(save_drafts(queue, store, shown))
    assert len(store.items()) == len(queue.entries()) == 1
    list(save_drafts(queue, store, shown))
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
            list(save_drafts(queue, store, garments(queue, store)))
    assert states(queue) == [READY]


def test_photo_of_the_wardrobe_is_left_out_by_itself_and_a_twin_is_not(queue, store):
    add(queue, photo(0))
    work(queue)
    list(save_drafts(queue, store, garments(queue, store)))
    (item,) = store.items()
    add(queue, photo(0), Photo("again.png", photo(0).data + b" "))
    work(queue)
    same, alike = garments(queue, store)
    assert (same.twin.id, same.twin.same_photo, same.decision, same.saved) == (item["id"], True, SKIP, False)
    assert (alike.twin.id, alike.twin.same_photo, alike.decision, alike.saved) == (item["id"], False, BOTH, True)
    queue.edit([same.id], lambda draft: replace(draft, choice=BOTH))
    list(save_drafts(queue, store, garments(queue, store)))
    assert len(store.items()) == 3


def test_twins_within_the_queue(queue, store):
    add(queue, photo(0), Photo("again.png", photo(0).data + b" "))
    work(queue)
    first, second = garments(queue, store)
    assert first.twin is None
    assert (second.twin.id, second.twin.in_queue) == (first.id, True)


def test_repaired_outline_is_what_is_saved(queue, store):
    add(queue, photo(0))
    work(queue)
    (one,) = garments(queue, store)
    change_field(queue, [one], "brand", "Acme")
    image = queue.photo(queue.entry(one.photo)).read()
    mask = np.zeros(image.shape[:2], bool)
    mask[30:75, 20:60] = True
    steps = [*one.outlines, ("lasso", mask_to_rle(mask))]
    queue.recut(one, steps, garment_from_mask(image, mask, 1, 0.9))
    (cut,) = garments(queue, store)
    assert (cut.id, cut.score, cut.fields) == (one.id, one.score, {"brand": "Acme"})
    assert [name for name, _ in cut.outlines] == ["original", "lasso"], "every step can still be undone"
    assert cut.hash != one.hash
    list(save_drafts(queue, store, [cut]))
    (item,) = store.items()
    assert (load_image(store.image_path(item["id"])).shape[0]) == pytest.approx(45, abs=8)


def test_many_photos_are_saved_in_batches(queue, store, monkeypatch):
    monkeypatch.setattr("ewardrobe.garments.review.BATCH", 2)
    add(queue, *map(photo, range(5)))
    work(queue)
    queue.edit([one.id for one in garments(queue, store)], lambda draft: replace(draft, choice=BOTH))
    assert list(save_drafts(queue, store, garments(queue, store))) == [2, 4, 5]
    assert len(store.items()) == 5


def test_a_starting_worker_leaves_what_another_import_is_writing(queue):
    add(queue, photo(0))
    under_way, killed = queue.folder / ".x.photo.ab12cd34.tmp", queue.folder / ".y.photo.ab12cd34.tmp"
    with queue._writing():
        under_way.write_bytes(b"half")
        worker = threading.Thread(target=work, args=(queue,))
        worker.start()
        worker.join(0.5)
        assert under_way.exists()
        under_way.rename(queue.folder / "x.photo")
        killed.write_bytes(b"half")
    worker.join(60)
    assert states(queue) == [READY]
    assert not killed.exists()


def test_what_is_no_picture_is_never_stored(queue):
    added = add(queue, Photo("zeros.jpg", bytes(5_000_000)), photo(0), Photo("letter.jpg", b"Dear Sir"))
    assert added.taken == 1
    assert [text.partition(":")[0] for text in added.refused] == ["zeros.jpg", "letter.jpg"]
    assert len(list(queue.folder.glob("*.photo"))) == 1


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: bytes(len(raw)), lambda raw: b"[]"])
def test_a_damaged_entry_is_told_and_its_photo_looked_at_again(queue, damage):
    add(queue, photo(0), photo(1))
    work(queue)
    key = queue.entries()[0].key
    path = queue.folder / f"{key}.json"
    raw = damage(path.read_bytes())
    path.write_bytes(raw)
    anew = ImportQueue(queue.folder.parent)
    bad, good = anew.entries()
    assert (bad.state, good.state) == (FAILED, READY)
    assert "look again" in bad.reason
    assert anew.photo(bad).data == photo(0).data
    anew.look_again([key], "red")
    work(anew)
    assert states(anew) == [READY, READY]
    assert (queue.folder / f"{key}.damaged").read_bytes() == raw, "set aside, not lost"
    anew.remove([key])
    assert not list(queue.folder.glob(f"{key}*"))


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_a_drive_without_locks_is_named_with_its_cure(queue, store, monkeypatch, number):
    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(FileLock, "_acquire", refuse)
    for write in (lambda: add(queue, photo(0)), lambda: store.add({"type": "hat"}), lambda: work(queue)):
        with pytest.raises(StoreError, match="offers no file locks, as some network drives"):
            write()
