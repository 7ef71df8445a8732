"""The main job in a real browser with the shipped weights: a photo, its garments, saved, there after a reload."""

from __future__ import annotations

import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import running_server
from playwright.sync_api import expect

from ewardrobe.core.images import jpeg_bytes, load_image
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.wardrobe.naming import called

MODEL_MS = 90_000  # the first photo waits for torch and the weights

FRAMES_SHOWN = "video => video.currentTime > 0.2 && video.getVideoPlaybackQuality().totalVideoFrames > 5"


def source(page, name: str) -> None:
    """Choose where the photo comes from."""
    page.get_by_role("radio", name=name).click()


def settled(page) -> None:
    """Wait until the script has ended."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=MODEL_MS)


def open_page(page, base_url) -> None:
    page.goto(f"{base_url}/add_garments")
    expect(page.get_by_role("heading", name="Add garments")).to_be_visible(timeout=MODEL_MS)


def take_photo(page) -> None:
    camera = page.get_by_test_id("stCameraInput")
    video = camera.locator("video")
    video.wait_for()
    page.wait_for_function(f"() => ({FRAMES_SHOWN})(document.querySelector('video'))")  # before that it is black
    camera.get_by_role("button", name="Take Photo").click()


def see_garments(page) -> int:
    """Wait for the cards and return their number: the shipped model finds garments at the app's own confidence."""
    save = page.get_by_role("button", name=re.compile(r"Save \d+ garment"))
    expect(save).to_be_enabled(timeout=MODEL_MS)
    settled(page)
    return int(re.search(r"\d+", save.inner_text())[0])


@pytest.fixture(autouse=True)
def empty_queue(app_home) -> None:
    """What another test has left in the queue would be shown first."""
    queue = ImportQueue(app_home)
    queue.remove([entry.key for entry in queue.entries()])


def own_items(home) -> list[dict]:
    return [item for item in FeatureStore(home).items() if not item["sample"]]


def pictures(page):
    """The garments of the wardrobe's gallery."""
    return page.locator("figure img")


def test_photo_from_the_camera_ends_in_the_wardrobe(page, base_url, app_home, webcam_picture):
    before = len(own_items(app_home))
    open_page(page, base_url)
    source(page, "Camera")
    take_photo(page)
    count = see_garments(page)
    page.get_by_role("button", name=re.compile("^.*Save")).click()
    expect(page.get_by_text(re.compile(rf"{count} garments? saved"))).to_be_visible()
    added = own_items(app_home)[before:]
    assert len(added) == count
    assert_shows(FeatureStore(app_home).image_path(added[0]["id"], "photo"), webcam_picture)

    page.get_by_role("link", name="See them in the wardrobe").click()
    expect(page.get_by_role("heading", name="Wardrobe")).to_be_visible()
    page.reload()
    expect(pictures(page)).to_have_count(len(FeatureStore(app_home).items()))
    newest = [pictures(page).nth(place).get_attribute("alt") for place in range(count)]
    assert sorted(newest) == sorted(map(called, added))
    expect(pictures(page).first).to_have_js_property("complete", True)
    assert pictures(page).first.evaluate("picture => picture.naturalWidth") > 20


def assert_shows(path, picture) -> None:
    """The photo is of the webcam: its middle strip has the colours of the clip's."""
    photo = load_image(path)
    assert photo.std() > 20, "not a black frame"
    strips = [cv2.resize(image, (96, 128)).astype(float).mean(axis=(0, 1)) for image in (middle(photo), picture)]
    assert np.abs(strips[0] - strips[1]).max() < 40


def middle(photo: np.ndarray) -> np.ndarray:
    """Where the clip shows the picture: in the middle, as high as the frame."""
    height, width = photo.shape[:2]
    half = min(width, round(height * 3 / 4)) // 2
    return photo[:, width // 2 - half : width // 2 + half]


def test_upload_of_good_and_bad_files_then_another_start(page, base_url, webcam_picture):
    open_page(page, base_url)
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes(webcam_picture)},
            {"name": "letter.jpg", "mimeType": "image/jpeg", "buffer": b"Dear Sir or Madam"},
        ]
    )
    expect(page.get_by_text("letter.jpg: not a picture")).to_be_visible(timeout=MODEL_MS)
    see_garments(page)
    expect(page.get_by_text("of 1 photo")).to_be_visible()  # what is no picture is told, and is no photo of the queue
    page.get_by_role("button", name="Other photos").click()
    expect(page.locator("input[type=file]")).to_be_attached()
    expect(page.get_by_text("letter.jpg")).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    see_garments(page)


def test_sample_photo_is_checked_and_corrected(page, base_url, tmp_path):
    """Also takes the README's screenshot where ``EWARDROBE_SCREENSHOTS`` names its folder."""
    open_page(page, base_url)
    source(page, "Samples")
    page.get_by_role("button", name="person in red").click()
    count = see_garments(page)
    keep = page.get_by_role("checkbox", name="Keep")
    expect(keep).to_have_count(count)
    page.mouse.move(0, 0)
    page.screenshot(path=Path(os.environ.get("EWARDROBE_SCREENSHOTS", tmp_path)) / "add_garments.png")

    page.get_by_role("combobox", name=re.compile("% sure")).first.click()
    page.get_by_role("option", name="bag", exact=True).click()
    expect(page.get_by_role("combobox", name=re.compile("% sure")).first).to_have_value("bag")
    page.get_by_test_id("stCheckbox").locator("label").first.click()  # the input itself lies under it
    left = f"Save {count - 1} garment" if count > 1 else "Finish"
    expect(page.get_by_role("button", name=left)).to_be_visible()


def test_camera_can_be_left_again(page, base_url):
    """The camera is asked for only when it is chosen, and let go when another way is."""
    open_page(page, base_url)
    expect(page.locator("video")).to_have_count(0)
    source(page, "Camera")
    expect(page.locator("video")).to_have_count(1)
    source(page, "Upload")
    expect(page.locator("video")).to_have_count(0)
    settled(page)


def test_a_photo_dropped_on_the_welcome_leads_to_its_garments(page, tmp_path, webcam_picture):
    with running_server(tmp_path / "wardrobe", tmp_path / "server.log") as url:
        page.goto(url)
        expect(page.get_by_role("heading", name="Welcome to your wardrobe")).to_be_visible(timeout=MODEL_MS)
        photo = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": jpeg_bytes(webcam_picture)}
        page.locator("input[type=file]").set_input_files([photo])
        expect(page.get_by_role("heading", name="Add garments")).to_be_visible(timeout=MODEL_MS)
        see_garments(page)
        page.get_by_role("button", name=re.compile(r"Save \d+ garment")).click()
        expect(page.get_by_role("button", name="Remove samples")).to_be_visible(timeout=MODEL_MS)
        page.get_by_role("link", name="Today").click()
        expect(page.get_by_role("heading", name="New in the wardrobe")).to_be_visible(timeout=MODEL_MS)
        page.get_by_role("button", name=re.compile("^Open ")).first.click()
        expect(page).to_have_url(re.compile(r"/wardrobe\?item="))
