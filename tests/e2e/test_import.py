"""Twenty photos at once in a real browser with the shipped weights: looked at, changed together, one painted, saved."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ewardrobe.core.images import jpeg_bytes
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import Draft
from ewardrobe.garments.queue import FAILED, READY, ImportQueue
from ewardrobe.garments.review import reviewed
from ewardrobe.models import SHOWN_SCORE

PHOTOS = 20
WAIT_MS = 180_000  # the model, then twenty photos, on a busy machine
WORN = [(1, 8), (2, 9), (1, 7), (4, 8), (10,)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """A folder of small rendered photos."""
    from ewardrobe.datasets.synthetic import render_person

    folder = tmp_path_factory.mktemp("closet")
    for number in range(PHOTOS):
        photo = render_person(WORN[number % len(WORN)], seed=number, size=(400, 300))
        (folder / f"photo{number:02}.jpg").write_bytes(jpeg_bytes(photo.image))
    return folder


def own_items(home) -> list[dict]:
    return [item for item in FeatureStore(home).items() if not item["sample"]]


def garments(queue: ImportQueue) -> list[Draft]:
    """What the page shows at the app's own confidence."""
    return reviewed(queue.entries(), SHOWN_SCORE, {}, {})


def looked_at(queue: ImportQueue) -> None:
    """Wait until the worker is done with every photo."""
    deadline = time.monotonic() + WAIT_MS / 1000
    while any(entry.state not in (READY, FAILED) for entry in queue.entries()):
        assert time.monotonic() < deadline, [entry.state for entry in queue.entries()]
        time.sleep(0.5)


def settled(page) -> None:
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=WAIT_MS)


def screenshot(page, tmp_path, name: str) -> None:
    """Keep a picture; the README's where ``EWARDROBE_SCREENSHOTS`` names its folder."""
    page.screenshot(path=Path(os.environ.get("EWARDROBE_SCREENSHOTS", tmp_path)) / f"{name}.png")


def test_twenty_photos_are_imported_changed_together_and_saved(page, base_url, app_home, photos, tmp_path):
    before, queue = len(own_items(app_home)), ImportQueue(app_home)
    page.goto(f"{base_url}/add_garments")
    page.get_by_role("radio", name="Many").click(timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Import folder")).to_be_visible(timeout=WAIT_MS)
    settled(page)
    page.locator("input[type=file]").set_input_files(sorted(photos.iterdir()))
    expect(page.get_by_text(re.compile(r"\d+ garments? of 20 photos"))).to_be_visible(timeout=WAIT_MS)
    page.reload()  # nothing is lost with the tab
    looked_at(queue)
    expect(page.get_by_role("button", name="Choose all")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text(re.compile("photos looked at"))).to_have_count(0, timeout=WAIT_MS)
    settled(page)
    found = len(garments(queue))
    assert len(queue.entries()) == PHOTOS
    assert found >= PHOTOS / 2

    page.get_by_role("button", name="Choose all").click()
    expect(page.get_by_text(f"{found} chosen")).to_be_visible()
    page.get_by_role("button", name="Change a field").click()
    page.get_by_role("combobox", name="Field").click()
    page.get_by_role("option", name="Brand", exact=True).click()
    page.get_by_role("textbox", name="Brand").fill("Acme")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=f"Change {found} garments").click()
    expect(page.get_by_text(f"Brand changed on {found} garments")).to_be_visible()
    page.keyboard.press("Escape")
    settled(page)
    screenshot(page, tmp_path, "import")

    painted = paint(page, queue, tmp_path)
    save = page.get_by_role("button", name=re.compile(r"Save \d+ garment"))
    count = int(re.search(r"\d+", save.inner_text())[0])
    save.click()
    expect(page.get_by_text(f"{count} garments saved")).to_be_visible(timeout=WAIT_MS)
    added = own_items(app_home)[before:]
    assert len(added) == count == found
    assert {item["brand"] for item in added} == {"Acme"}
    assert painted in {item["id"] for item in added}
    assert not garments(queue), "what is left found no garment"
    queue.remove([entry.key for entry in queue.entries()])


def paint(page, queue, tmp_path) -> str:
    """Paint a part of the first garment away, undo it, paint it back; return the garment's id."""
    draft = garments(queue)[0]
    page.locator(f".st-key-repair-{draft.id} button").first.click()
    canvas = page.locator("canvas[data-step='0']")
    canvas.wait_for(timeout=WAIT_MS)
    page.get_by_role("radio", name="Paint away").click()
    stroke(page, 1)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("button", name="Back to the original")).to_be_disabled()
    page.get_by_role("radio", name="Lasso back").click()
    stroke(page, 2)
    expect(page.get_by_role("button", name="Back to the original")).to_be_enabled()
    screenshot(page, tmp_path, "repair")
    page.get_by_role("button", name="Use this cut-out").click()
    expect(page.locator("canvas")).to_have_count(0)
    settled(page)
    now = garments(queue)[0]
    assert now.outline != draft.outline
    assert now.fields["brand"] == "Acme"
    return draft.id


def stroke(page, number: int) -> None:
    """Draw a triangle over the middle of the photo; wait until the outline has changed."""
    settled(page)
    box = page.locator("canvas").bounding_box()
    at = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in ((0.3, 0.3), (0.7, 0.5), (0.4, 0.8))]
    page.mouse.move(*at[0])
    page.mouse.down()
    for point in at[1:]:
        page.mouse.move(*point, steps=6)
    page.mouse.up()
    expect(page.locator(f"canvas[data-step='{number}']")).to_be_visible()
    settled(page)
