"""Many photos at once on the page Add garments, without a browser."""

from __future__ import annotations

import io
import zipfile

import pytest
import streamlit as st
from red_photos import RedSegmenter, photo
from streamlit.testing.v1 import AppTest

from ewardrobe.app.add import queue as ui_import
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.queue import FAILED, READY, ImportQueue
from ewardrobe.garments.worker import work_through
from ewardrobe.models import cache
from ewardrobe.models.weights import WeightsError


@pytest.fixture
def models(monkeypatch) -> dict:
    known = {"yolo_s": RedSegmenter(), "unet": RedSegmenter(), "mask_rcnn": RedSegmenter()}

    def load(name, weights=None):
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    monkeypatch.setattr(cache, "load_segmenter", load)
    monkeypatch.setattr(FeatureStore, "ensure_samples", lambda self: [])
    st.cache_resource.clear()
    cache.release()
    yield known
    st.cache_resource.clear()
    cache.release()


@pytest.fixture
def page(repository, models) -> AppTest:
    at = run(AppTest.from_file(str(repository / "pages" / "add_garments.py"), default_timeout=60))
    return run(at.segmented_control(key="photo-source").set_value("Many"))


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


@pytest.fixture
def queue(wardrobe_home) -> ImportQueue:
    return ImportQueue(wardrobe_home)


@pytest.fixture
def folder(tmp_path):
    """Four photos of red squares, a floor, and a file that is no photo."""
    folder = tmp_path / "my photos"
    folder.mkdir()
    for number in range(4):
        (folder / f"photo{number}.png").write_bytes(photo(number).data)
    (folder / "broken.jpg").write_bytes(b"Dear Sir or Madam")
    return folder


def run(at: AppTest) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def by_key(elements, start: str):
    return [element for element in elements if (element.key or "").startswith(start)]


def press(at: AppTest, start: str) -> AppTest:
    (button,) = by_key(at.button, start)
    return run(button.click())


def finished(at: AppTest, store: FeatureStore) -> AppTest:
    """Wait for the worker and show what it found."""
    worker = ui_import.importer(str(store.home.absolute()))
    if worker._thread:
        worker._thread.join(60)
    return run(at)


def take_folder(at: AppTest, folder) -> AppTest:
    run(by_key(at.text_input, "many-")[0].set_value(str(folder)))
    return press(at, "many-")


@pytest.fixture
def imported(page, folder, store) -> AppTest:
    return finished(take_folder(page, folder), store)


def save_label(at: AppTest) -> str:
    return by_key(at.button, "save")[0].label


def pick(at: AppTest, *places: int) -> AppTest:
    for place in places:
        at = run(by_key(at.checkbox, "pick-")[place].check())
    return at


def test_folder_becomes_a_grid_and_the_grid_items(imported, store, queue):
    assert len(by_key(imported.checkbox, "pick-")) == 4
    assert save_label(imported) == "Save 4 garments"
    assert any("**broken.jpg**: not a picture" in text.value for text in imported.markdown)
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


def test_category_of_one_is_corrected_on_its_card(imported, store):
    page = run(by_key(imported.selectbox, "kind-")[1].set_value("vest"))
    press(page, "save")
    assert [item["category"] for item in store.items()][:2] == ["short sleeve top", "vest"]


def test_a_category_cannot_be_emptied(imported):
    page = pick(imported, 0)
    page = run(page.selectbox(key="batch-field").set_value("kind"))
    page = press(page, "batch-apply")
    assert "Category cannot be empty" in page.error[0].value


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


@pytest.mark.parametrize(("name", "message"), [("", "No folder was named"), ("nowhere", "no such folder")])
def test_bad_folder_is_told(page, tmp_path, name, message):
    page = take_folder(page, tmp_path / name if name else "")
    assert message in page.error[0].value.replace("\\", "")


def test_folder_without_photos_is_told(page, tmp_path):
    assert "no photo in it" in take_folder(page, tmp_path).error[0].value.replace("\\", "")


def test_photos_that_failed_are_looked_at_again(page, models, store, queue, tmp_path):
    (tmp_path / "a.png").write_bytes(photo(0).data)
    models["yolo_s"].predict = lambda image, min_score=0.5: 1 / 0
    page = finished(take_folder(page, tmp_path), store)
    assert any("ZeroDivisionError" in text.value for text in page.markdown)
    del models["yolo_s"].predict  # the class's own works
    page = finished(press(page, "failed-again"), store)
    assert [entry.state for entry in queue.entries()] == [READY]
    assert save_label(page) == "Save 1 garment"


def test_missing_weights_leave_the_photos_waiting(page, models, store, queue, tmp_path):
    (tmp_path / "a.png").write_bytes(photo(0).data)
    models["yolo_s"] = WeightsError("weights/yolo_s.pt is missing")
    page = take_folder(page, tmp_path)
    assert "is missing" in page.error[0].value.replace("\\", "")
    assert len(queue.entries()) == 1


def test_photo_of_the_wardrobe_again(imported, store, folder, models, queue):
    press(imported, "save")
    queue.remove([entry.key for entry in queue.entries()])
    queue.add([photo(1)], "yolo_s")
    work_through(queue, lambda name: models["yolo_s"])
    page = press(imported, "add-more")
    assert any("This photo is in your wardrobe already" in text.value for text in page.caption)
    assert save_label(page) == "Finish"
    page = run(by_key(page.selectbox, "twin-")[0].set_value("Keep both"))
    assert save_label(page) == "Save 1 garment"
    press(page, "save")
    assert len(store.items()) == 5


def test_cut_out_of_the_grid_is_repaired(imported, store):
    page = press(imported, by_key(imported.button, "repair-")[0].key)
    (grow,) = [button for button in page.button if (button.key or "").endswith("-grow")]
    page = run(grow.click())
    (done,) = [button for button in page.button if (button.key or "").endswith("-done")]
    page = run(done.click())
    assert not page.exception
    press(page, "save")
    assert len(store.items()) == 4


def test_failed_save_keeps_the_queue(imported, store, queue, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(FeatureStore, "add_many", full)
        page = press(imported, "save")
    assert "Not all was saved" in page.error[0].value
    assert len(queue.entries()) == 5
    press(page, "save")
    assert len(store.items()) == 4
