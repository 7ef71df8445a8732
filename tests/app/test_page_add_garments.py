"""The page Add garments without a browser, with a segmenter that knows the drawn photos by heart."""
# ruff: noqa: F401 - fixtures of another file

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
import streamlit as st
from attribute_files import Teller
from garments_page import (
    BLUE,
    FLOOR_ONLY,
    ONLY_TOP,
    OUTFIT,
    RED,
    TOP,
    TROUSERS,
    WHOLE,
    WholeSegmenter,
    by_end,
    by_key,
    drawn,
    kinds,
    models,
    own_items,
    page,
    press,
    run,
    save_label,
    store,
    texts,
    unet_first,
    upload,
)
from scipy import ndimage
from streamlit.testing.v1 import AppTest

from ewardrobe.app.add.intake import Visit
from ewardrobe.app.add.queue import importer
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import jpeg_bytes, load_image, png_bytes, read_cutout
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments import repair
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.models import cache
from ewardrobe.models.weights import WeightsError
from ewardrobe.wardrobe.sources import LEARNED, open_question


def test_opens_on_the_upload(page):
    assert page.title[0].value == "Add garments"
    assert page.file_uploader[0].accept_multiple_files
    assert not page.error


def test_photo_becomes_cards_and_cards_become_items(page, store):
    page = upload(page, OUTFIT)
    assert kinds(page) == ["short sleeve top", "trousers"]
    assert [box.label for box in by_key(page.selectbox, "kind-")] == ["90% sure", "60% sure"]
    assert re.search(r"2 garments found in \d\.\d\d s: read .*, found .*, cut out", texts(page))
    assert "red" in page.get("html")[0].proto.body
    assert save_label(page) == "Save 2 garments"
    page = press(page, "save")
    assert "2 garments saved" in page.success[0].value
    top, trousers = own_items(store)
    assert (top["category"], top["colour"], top["model"], top["score"]) == ("short sleeve top", "red", "unet", 0.9)
    assert (trousers["category_id"], trousers["slot"], trousers["colour"]) == (8, "bottom", "blue")
    assert store.image_path(top["id"], "photo").read_bytes() == OUTFIT
    assert load_image(store.image_path(top["id"])).shape[:2] == pytest.approx((94, 104), abs=8)


def test_category_can_be_corrected(page, store):
    page = upload(page, OUTFIT)
    page = run(by_key(page.selectbox, "kind-")[0].set_value("vest"))
    press(page, "save")
    top, trousers = own_items(store)
    assert (top["category"], top["source"]["category"]) == ("vest", "user")
    assert trousers["source"]["category"] == "unet"


@pytest.fixture
def whole(models, monkeypatch):
    models["unet"] = WholeSegmenter()
    monkeypatch.setattr(cache, "classifier", Teller)  # it tells nothing: what is named here is what was found


def test_shoes_bag_and_hat_become_items_and_a_pair_is_one(whole, page, store):
    page = upload(page, WHOLE)
    assert kinds(page) == ["short sleeve top", "shoes", "bag", "hat"]
    assert [box.label for box in by_key(page.selectbox, "kind-")] == ["90% sure", "80% sure", "70% sure", "60% sure"]
    assert save_label(page) == "Save 4 garments"
    press(page, "save")
    top, *others = own_items(store)
    assert top["category_id"] == 1
    told = [(item["type"], item["category"], item["category_id"], item["slot"], item["colour"]) for item in others]
    assert told == [
        ("shoes", None, None, "shoes", "brown"),
        ("bag", None, None, "bag", "green"),
        ("hat", None, None, "hat", "purple"),
    ]
    for item in others:
        assert item["source"]["category"] == "unet" and item["source"]["colour"] == "measured"
        assert not any(open_question(item, name) or (item[name] and name != "type") for name in LEARNED)
    alpha = read_cutout(store.image_path(others[0]["id"]))[..., 3] > 127
    assert ndimage.label(alpha)[1] == 2


def test_a_garment_can_be_corrected_into_shoes_and_shoes_into_a_garment(whole, page, store):
    page = upload(page, WHOLE)
    page = run(by_key(page.selectbox, "kind-")[0].set_value("bag"))
    page = run(by_key(page.selectbox, "kind-")[1].set_value("trousers"))
    assert kinds(page)[:2] == ["bag", "trousers"]
    page = run(by_key(page.selectbox, "kind-")[2].set_value("vest"))
    page = run(by_key(page.selectbox, "kind-")[2].set_value("bag"))
    press(page, "save")
    items = own_items(store)
    assert [item["slot"] for item in items] == ["bag", "bottom", "bag", "hat"]
    assert [item["category_id"] for item in items] == [None, 8, None, None]
    assert [item["source"]["category"] for item in items] == ["user", "user", "user", "unet"]
    assert items[0]["sleeve"] is None and not open_question(items[0], "pattern")


def test_garment_can_be_left_out_and_taken_back(page, store):
    page = upload(page, OUTFIT)
    page = run(by_key(page.checkbox, "keep-")[0].uncheck())
    assert save_label(page) == "Save 1 garment"
    page = run(by_key(page.checkbox, "keep-")[1].uncheck())
    assert save_label(page) == "Finish"
    page = run(by_key(page.checkbox, "keep-")[0].check())
    press(page, "save")
    assert [item["category"] for item in own_items(store)] == ["short sleeve top"]


def opaque_pixels(store, item) -> int:
    return int((cv2.imread(str(store.image_path(item["id"])), cv2.IMREAD_UNCHANGED)[..., 3] > 127).sum())


def test_cut_out_is_repaired_step_by_step_and_every_step_undone(page, store):
    page = press(upload(page, ONLY_TOP), "repair-")
    assert by_key(page.button, "repairing-")
    before = press(page, "repairing-", "-grow")
    page = press(before, "repairing-", "-grow")
    page = press(page, "repairing-", "-undo")
    page = press(page, "repairing-", "-done")
    press(page, "save")
    assert opaque_pixels(store, own_items(store)[0]) == pytest.approx(102 * 92, rel=0.01)


def test_repair_can_be_taken_back_to_the_original_or_cancelled(page, store):
    page = press(upload(page, ONLY_TOP), "repair-")
    assert by_end(page.button, "-original").disabled
    page = press(press(page, "repairing-", "-grow"), "repairing-", "-original")
    page = press(page, "repairing-", "-done")
    page = press(press(press(page, "repair-"), "repairing-", "-grow"), "repairing-", "-cancel")
    press(page, "save")
    assert opaque_pixels(store, own_items(store)[0]) == pytest.approx(100 * 90, rel=0.01)


def test_step_that_would_leave_nothing_is_refused(page, store, monkeypatch):
    monkeypatch.setattr(repair, "STEP", 0.1)  # of the photo's 240 pixels: a top of 90 is gone after two
    page = press(upload(page, ONLY_TOP), "repair-")
    for _ in range(2):
        page = press(page, "repairing-", "-shrink")
    assert "Nothing would be left" in page.warning[0].value
    press(press(page, "repairing-", "-done"), "save")
    assert opaque_pixels(store, own_items(store)[0]) >= 64


def test_garment_can_have_another_models_outline(page, models, store):
    models["yolo"] = Half()
    page = press(upload(page, ONLY_TOP), "repair-")
    page = press(page, "repairing-", "-ask-yolo")
    page = press(page, "repairing-", "-done")
    press(page, "save")
    (item,) = own_items(store)
    assert item["model"] == "unet"
    assert opaque_pixels(store, item) == pytest.approx(100 * 45, rel=0.25)


class Half:
    """Sees the upper half of the top."""

    name = "yolo"

    def predict(self, image, min_score=0.5):
        mask = np.zeros((1, *image.shape[:2]), bool)
        mask[0, 30:75, 40:140] = True
        return Detections.from_masks(mask, [1], [0.9])


def test_confidence_filters_without_asking_the_model_again(page, models):
    page = upload(page, OUTFIT)
    assert len(models["unet"].shown) == 1
    page = run(by_key(page.slider, "confidence")[0].set_value(75))
    assert kinds(page) == ["short sleeve top"]
    assert save_label(page) == "Save 1 garment"
    page = run(by_key(page.slider, "confidence")[0].set_value(50))
    assert kinds(page) == ["short sleeve top", "trousers"]
    assert len(models["unet"].shown) == 1


def test_edits_outlive_the_slider(page):
    page = upload(page, OUTFIT)
    page = run(by_key(page.selectbox, "kind-")[1].set_value("shorts"))
    page = run(by_key(page.slider, "confidence")[0].set_value(75))
    assert kinds(page) == ["short sleeve top", "shorts"], "what the owner has touched is not hidden"


def test_one_photo_can_have_another_model(page, models, store):
    page = upload(page, OUTFIT)
    page = run(by_key(page.selectbox, "model-")[0].set_value("yolo"))
    assert kinds(page) == ["vest", "trousers"]
    assert page.selectbox(key="model").value == "unet"
    press(page, "save")
    assert {item["model"] for item in own_items(store)} == {"yolo"}


def test_model_in_the_sidebar_is_for_all_photos(page, models):
    page = upload(page, OUTFIT)
    page = run(by_key(page.checkbox, "keep-")[0].uncheck())
    page = run(page.selectbox(key="model").set_value("yolo"))
    assert kinds(page) == ["vest", "trousers"]
    assert by_key(page.selectbox, "model-")[0].value == "yolo"
    page = run(page.selectbox(key="model").set_value("unet"))
    assert kinds(page) == ["short sleeve top", "trousers"]
    assert [box.value for box in by_key(page.checkbox, "keep-")] == [False, True], "what was said is still there"
    assert len(models["unet"].shown) == len(models["yolo"].shown) == 1


def test_a_reload_loses_nothing(page, models, repository, store):
    page = upload(page, OUTFIT)
    page = run(by_key(page.selectbox, "kind-")[0].set_value("vest"))
    page = run(by_key(page.button, "repair-")[0].click())
    page = press(press(page, "repairing-", "-grow"), "repairing-", "-done")
    page = run(by_key(page.checkbox, "keep-")[1].uncheck())
    again = run(AppTest.from_file(str(repository / "pages" / "add_garments.py"), default_timeout=30))
    assert kinds(again) == ["vest", "trousers"]
    assert save_label(again) == "Save 1 garment"
    assert len(models["unet"].shown) == 1
    opened = run(by_key(again.button, "repair-")[0].click())
    assert not by_end(opened.button, "-undo").disabled, "the repair can still be undone"
    press(press(opened, "repairing-", "-cancel"), "save")
    (item,) = own_items(store)
    assert item["category"] == "vest"
    assert opaque_pixels(store, item) == pytest.approx(102 * 92, rel=0.01)


def test_nothing_found_says_what_to_try(page):
    page = upload(page, FLOOR_ONLY)
    assert "No garment found" in texts(page)
    for advice in ("light", "whole garment", "confidence", "another model", "by hand"):
        assert advice in texts(page)
    assert by_key(page.button, "save")[0].disabled
    assert not by_key(page.button, "guess-")


def test_best_guess_is_one_click_away(page, models):
    models["unet"].scores = (0.34, 0.2)
    page = upload(page, OUTFIT)
    (guess,) = by_key(page.button, "guess-")
    assert "34%" in guess.label
    page = run(guess.click())
    assert by_key(page.slider, "confidence")[0].value == 30
    assert kinds(page) == ["short sleeve top"]
    assert len(models["unet"].shown) == 1


def test_garment_can_be_added_by_hand(page, store, models):
    models["unet"].scores = (0.05, 0.05)
    page = upload(page, ONLY_TOP)
    assert by_key(page.button, "hand-add-")[0].disabled
    page = run(by_key(page.selectbox, "hand-kind-")[0].set_value("bag"))
    page = run(by_key(page.slider, "hand-across-")[0].set_value((10, 90)))
    page = run(by_key(page.slider, "hand-down-")[0].set_value((5, 60)))
    page = press(page, "hand-add-")
    assert kinds(page) == ["bag"]
    assert by_key(page.selectbox, "kind-")[0].label == "By hand"
    press(page, "save")
    (item,) = own_items(store)
    assert (item["slot"], item["model"], item["score"], item["colour"]) == ("bag", None, None, "red")
    assert opaque_pixels(store, item) == pytest.approx(100 * 90, rel=0.05)


def test_bad_files_are_named_and_the_good_ones_go_on(page, store):
    good = ("good.jpg", jpeg_bytes(load_image(OUTFIT), 95))
    bad = [
        ("empty.jpg", b""),
        ("letter.jpg", b"Dear Sir or Madam"),
        ("cut_[1].jpg", jpeg_bytes(np.zeros((600, 600, 3), np.uint8))[:900]),
        ("dot.png", png_bytes(np.zeros((1, 1, 3), np.uint8))),
    ]
    page = upload(page, bad[0], good, *bad[1:])
    if thread := importer(str(store.home.absolute()))._thread:
        thread.join(60)
    (refused,) = [error.value.replace("\\", "") for error in page.error]
    assert "empty.jpg: the file is empty" in refused
    assert "letter.jpg: not a picture" in refused
    page = run(page)
    (told,) = [text.value for text in page.markdown if "dot.png" in text.value]
    assert r"cut\_\[1\].jpg" in told, "Markdown shows the name as it is"
    lines = told.replace("\\", "").split("\n")
    assert len(lines) == 2
    assert "**cut_[1].jpg**: the picture is cut off" in lines[0]
    assert "1×1 pixels" in lines[1]
    assert save_label(page) == "Save 2 garments"
    press(page, "save")
    assert len(own_items(store)) == 2


def test_only_bad_files_leave_a_way_back(page):
    page = upload(page, ("letter.jpg", b"Dear Sir or Madam"))
    assert "not a picture" in texts(page)
    assert page.file_uploader, "nothing of it is stored"
    page = upload(page, ("dot.png", png_bytes(np.zeros((1, 1, 3), np.uint8))))
    assert by_key(page.button, "save")[0].disabled
    assert press(page, "later").file_uploader


def test_one_photo_of_several_is_discarded(page, store):
    page = upload(page, ("a.png", OUTFIT), ("b.png", ONLY_TOP))
    first = ImportQueue(store.home).entries()[0]
    page = press(page, f"discard-{first.key}")
    assert [entry.name for entry in ImportQueue(store.home).entries()] == ["b.png"]
    assert save_label(page) == "Save 1 garment"


def test_several_photos_have_a_section_each(page, store, models):
    page = upload(page, ("a.png", OUTFIT), ("b.png", ONLY_TOP), ("c.png", FLOOR_ONLY))
    assert [section.label for section in page.expander if "png" in section.label] == [
        "a.png · 2 garments",
        "b.png · 1 garment · :orange[1 there already?]",
        "c.png · nothing to save",
    ]
    assert len(kinds(page)) == 2, "only the open one is drawn"
    assert save_label(page) == "Save 3 garments"
    press(page, "save")
    assert len(own_items(store)) == 3
    assert len(models["unet"].shown) == 3


def test_a_photo_given_twice_is_shown_once(page):
    page = upload(page, ("a.png", ONLY_TOP), ("b.png", ONLY_TOP))
    assert save_label(page) == "Save 1 garment"
    assert "1 photo already in the queue" in [toast.value for toast in page.toast]


def test_photos_are_shown_one_by_one_or_at_a_glance(page):
    page = upload(page, ("a.png", OUTFIT), ("b.png", ONLY_TOP))
    assert len(kinds(page)) == 2
    page = run(page.segmented_control(key="view-True").set_value("At a glance"))
    assert len(kinds(page)) == 3
    assert len(by_key(page.checkbox, "pick-")) == 3


def test_garment_of_the_wardrobe_is_recognised_and_decided_about(page, store):
    page = press(press(upload(page, OUTFIT), "save"), "add-more")
    page = upload(page, png_bytes(drawn((TOP, RED), (TROUSERS, BLUE), tint=9)))
    assert texts(page).count("Looks like") == 2
    top, trousers = by_key(page.selectbox, "twin-")
    assert top.value == "Keep both", "nothing is left out by itself"
    page = run(top.set_value("Skip"))
    assert save_label(page) == "Save 1 garment"
    store.update(own_items(store)[1]["id"], brand="Acme")
    page = run(by_key(page.selectbox, "twin-")[1].set_value("Same as this one"))
    assert save_label(page) == "Finish"
    page = run(by_key(page.selectbox, "twin-")[0].set_value("Keep both"))
    press(page, "save")
    assert [item["category"] for item in own_items(store)] == ["short sleeve top", "trousers", "short sleeve top"]
    assert own_items(store)[1]["brand"] == "Acme"


def test_camera_photo(page, store):
    page = run(page.segmented_control(key="photo-source").set_value("Camera"))
    photo = jpeg_bytes(load_image(OUTFIT), 95)
    page = run(page.camera_input[0].set_value(("camera.jpg", photo, "image/jpeg")))
    press(page, "save")
    assert len(own_items(store)) == 2


def test_sample_photo(page, monkeypatch, store):
    from ewardrobe.datasets import synthetic

    class Sample:
        image = drawn((TOP, RED))

    monkeypatch.setattr(synthetic, "sample_photos", lambda: {"red top": Sample, "empty floor": Sample})
    st.cache_data.clear()
    page = run(page.segmented_control(key="photo-source").set_value("Samples"))
    page = press(page, "sample-red top")
    st.cache_data.clear()
    assert kinds(page) == ["short sleeve top"]


def test_weights_that_cannot_be_used(page, models):
    models["unet"] = WeightsError("weights/unet.pt is missing: restore it from the repository")
    page = upload(page, OUTFIT)
    assert "U-Net" in page.error[0].value
    assert "restore it from the repository" in page.error[0].value
    assert by_key(page.button, "save")[0].disabled
    page = run(page.selectbox(key="model").set_value("yolo"))
    assert not page.error
    assert kinds(page) == ["vest", "trousers"]


def test_a_photo_whose_own_model_is_missing_can_go_back(page, models):
    models["yolo"] = WeightsError("weights/yolo.pt is missing")
    page = upload(page, ("a.png", OUTFIT), ("b.png", ONLY_TOP))
    page = run(by_key(page.selectbox, "model-")[0].set_value("yolo"))
    assert "is missing" in page.error[0].value
    assert save_label(page) == "Save 1 garment"
    page = run(by_key(page.selectbox, "model-")[0].set_value("unet"))
    assert save_label(page) == "Save 3 garments"


def test_failed_save_loses_nothing(page, store, monkeypatch):
    def full(*_):
        raise StoreError("The disk is full.")

    page = upload(page, OUTFIT)
    with monkeypatch.context() as broken:
        broken.setattr(FeatureStore, "add_many", full)
        page = press(page, "save")
    assert "Not all was saved" in page.error[0].value
    assert "disk is full" in page.error[0].value
    press(page, "save")
    assert len(own_items(store)) == 2


def test_wardrobe_is_linked_after_saving(repository, models, monkeypatch):
    monkeypatch.chdir(repository)
    page = AppTest.from_file(str(repository / "ewardrobe" / "app" / "script" / "main.py"), default_timeout=60)
    page.session_state["adding"] = Visit(saved=1, pictures=[np.zeros((8, 8, 3), np.uint8)])
    page = run(run(page).switch_page(str(repository / "pages" / "add_garments.py")))
    assert "1 garment saved" in page.success[0].value
    assert [link.proto.page for link in page.get("page_link")] == ["wardrobe"]
