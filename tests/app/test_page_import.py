"""Many photos at once on the page Add garments, without a browser."""
# ruff: noqa: F401 - fixtures of another file

from __future__ import annotations

import io
import zipfile

import pytest
from garments_page import WHOLE, WholeSegmenter, by_key, kinds, press, run, save_label, served, store
from red_photos import RedSegmenter, photo
from streamlit.testing.v1 import AppTest

from ewardrobe.app.add.queue import importer
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.queue import FAILED, READY, ImportQueue
from ewardrobe.garments.worker import work_through
from ewardrobe.models import DEFAULT_MODEL


@pytest.fixture
def models(monkeypatch):
    with served(monkeypatch, {name: RedSegmenter() for name in (DEFAULT_MODEL, "unet", "mask_rcnn")}) as known:
        yield known


@pytest.fixture
def page(repository, models) -> AppTest:
    at = run(AppTest.from_file(str(repository / "pages" / "add_garments.py"), default_timeout=60))
    return run(at.segmented_control(key="photo-source").set_value("Many"))


@pytest.fixture
def queue(wardrobe_home) -> ImportQueue:
    return ImportQueue(wardrobe_home)


@pytest.fixture
def folder(tmp_path):
    """Four photos of red squares, one that is cut off, and a file that is no photo."""
    folder = tmp_path / "my photos"
    folder.mkdir()
    for number in range(4):
        (folder / f"photo{number}.png").write_bytes(photo(number).data)
    (folder / "broken.jpg").write_bytes(photo(4).data[:-200])
    (folder / "letter.jpg").write_bytes(b"Dear Sir or Madam")
    return folder


def finished(at: AppTest, store: FeatureStore) -> AppTest:
    """Wait for the worker and show what it found."""
    worker = importer(str(store.home.absolute()))
    if worker._thread:
        worker._thread.join(60)
    return run(at)


def take_folder(at: AppTest, folder) -> AppTest:
    run(by_key(at.text_input, "many-")[0].set_value(str(folder)))
    return press(at, "many-")


@pytest.fixture
def imported(page, folder, store) -> AppTest:
    return finished(take_folder(page, folder), store)


def pick(at: AppTest, *places: int) -> AppTest:
    for place in places:
        at = run(by_key(at.checkbox, "pick-")[place].check())
    return at


def test_shoes_bag_and_hat_come_out_of_a_folder_too(models, page, tmp_path, store):
    models["yolo_s"] = models["unet"] = models["mask_rcnn"] = WholeSegmenter()
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "whole.png").write_bytes(WHOLE)
    page = finished(take_folder(page, tmp_path / "one"), store)
    assert sorted(kinds(page)) == ["bag", "hat", "shoes", "short sleeve top"]
    press(page, "save")
    assert sorted(item["slot"] for item in store.items()) == ["bag", "hat", "shoes", "top"]


def test_folder_becomes_a_grid_and_the_grid_items(imported, store, queue):
    assert len(by_key(imported.checkbox, "pick-")) == 4
    assert save_label(imported) == "Save 4 garments"
    assert any("**broken.jpg**: the picture is cut off" in text.value for text in imported.markdown)
    assert not list(queue.folder.glob("*letter*")) and len(list(queue.folder.glob("*.photo"))) == 5
    assert [entry.state for entry in queue.entries()].count(FAILED) == 1
    page = press(imported, "save")
    assert "4 garments saved" in page.success[0].value
    assert len(store.items()) == 4
    assert [entry.name for entry in queue.entries()] == ["broken.jpg"], "what failed waits for a decision"
    page = press(page, "add-more")
    page = press(page, "failed-discard")
    assert queue.entries() == []


def test_batch_edit_of_one_field_on_many(imported, store):
    assert by_key(imported.button, "batch-keep-False")[0].disabled
    page = pick(imported, 0, 2)
    page = run(page.selectbox(key="batch-field").set_value("brand"))
    page = run(page.text_input(key="batch-value-brand").set_value("Acme"))
    page = press(page, "batch-apply")
    page = press(page, "save")
    assert [item["brand"] for item in store.items()] == ["Acme", None, "Acme", None]


def test_choose_all_and_none(imported, store):
    page = press(imported, "choose-all")
    assert all(box.value for box in by_key(page.checkbox, "pick-"))
    page = press(page, "choose-none")
    assert not any(box.value for box in by_key(page.checkbox, "pick-"))
    page = press(press(page, "choose-all"), "batch-keep-False")
    assert save_label(page) == "Finish"
    page = press(page, "batch-keep-True")
    assert save_label(page) == "Save 4 garments"


def test_queue_is_there_after_a_reload_and_can_wait(imported, repository, store):
    again = run(AppTest.from_file(str(repository / "pages" / "add_garments.py"), default_timeout=60))
    assert save_label(again) == "Save 4 garments"
    again = press(again, "later")
    assert again.file_uploader
    assert "5 photos in the queue" in again.markdown[0].value
    assert save_label(press(again, "go-on")) == "Save 4 garments"


def test_everything_can_be_discarded(imported, queue):
    page = press(imported, "discard-all")
    assert queue.entries() == []
    assert page.segmented_control(key="photo-source")


def test_zip_and_photos_together(page, store, queue):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/photo1.png", photo(1).data)
        archive.writestr("a/again.png", photo(0).data)
    files = [("photo0.png", photo(0).data, "image/png"), ("my.zip", file.getvalue(), "application/zip")]
    page = finished(run(page.file_uploader[0].set_value(files)), store)
    assert [entry.name for entry in queue.entries()] == ["photo0.png", "photo1.png"]
    page = run(page.segmented_control(key="view-True").set_value("At a glance"))
    assert len(by_key(page.checkbox, "pick-")) == 2


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("../a.png", photo(0).data)], "leads out of the ZIP file"),
        ([("bomb.bmp", bytes(30_000_000))], "as a ZIP bomb does"),
        ([("notes.txt", b"hello")], "no photo in it"),
    ],
)
def test_bad_zip_is_refused_and_nothing_taken(page, queue, members, message):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    page = run(page.file_uploader[0].set_value([("my.zip", file.getvalue(), "application/zip")]))
    assert message in page.error[0].value.replace("\\", "")
    assert queue.entries() == []


@pytest.mark.parametrize(
    ("name", "message"), [("", "No folder was named"), ("nowhere", "no such folder"), (".", "no photo in it")]
)
def test_bad_folder_is_told(page, tmp_path, name, message):
    page = take_folder(page, tmp_path / name if name else "")
    assert message in page.error[0].value.replace("\\", "")


def test_photos_that_failed_are_looked_at_again(page, models, store, queue, tmp_path):
    (tmp_path / "a.png").write_bytes(photo(0).data)
    models[DEFAULT_MODEL].predict = lambda image, min_score=0.5: 1 / 0
    page = finished(take_folder(page, tmp_path), store)
    assert any("ZeroDivisionError" in text.value for text in page.markdown)
    del models[DEFAULT_MODEL].predict  # the class's own works
    page = finished(press(page, "failed-again"), store)
    assert [entry.state for entry in queue.entries()] == [READY]
    assert save_label(page) == "Save 1 garment"


def test_photo_of_the_wardrobe_again(imported, store, folder, models, queue):
    press(imported, "save")
    queue.remove([entry.key for entry in queue.entries()])
    queue.add([photo(1)], DEFAULT_MODEL)
    work_through(queue, lambda name: models[DEFAULT_MODEL])
    page = press(imported, "add-more")
    assert any("This photo is in your wardrobe already" in text.value for text in page.caption)
    assert save_label(page) == "Finish"
    page = run(by_key(page.selectbox, "twin-")[0].set_value("Keep both"))
    assert save_label(page) == "Save 1 garment"
    press(page, "save")
    assert len(store.items()) == 5
