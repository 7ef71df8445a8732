"""Outfits in a real browser: suggest, like, wear, see it in the log; the canvas by pointer; try on live."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from playwright.sync_api import expect

from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.naming import called

SCRIPT_MS = 90_000
CLOTHES = (  # name, category or slot, colour, RGB
    *(("white shirt", 2, "white", (242, 242, 244)), ("red tee", 1, "red", (190, 44, 48))),
    *(("navy tee", 1, "navy", (34, 44, 78)), ("jeans", 8, "blue", (72, 98, 142))),
    *(("chinos", 8, "beige", (206, 184, 150)), ("boots", "shoes", "brown", (96, 62, 44))),
)


def cutout(colour: tuple[int, int, int], height: int = 200) -> np.ndarray:
    """A patch of cloth with a transparent rim."""
    patch = np.zeros((height, 120, 4), np.uint8)
    patch[4:-4, 4:-4] = (*colour, 255)
    return patch


@pytest.fixture
def wardrobe(app_home) -> FeatureStore:
    """The wardrobe of the running app: these clothes and nothing else, no outfits."""
    store = FeatureStore(app_home)
    store.ensure_samples()
    store.remove([item["id"] for item in store.items()])
    items = []
    for name, kind, colour, rgb in CLOTHES:
        where = {"category_id": kind} if isinstance(kind, int) else {"slot": kind}
        code = "#" + bytes(rgb).hex()
        look = {"pattern": "solid", "style": "casual", "colours": [{"hex": code, "share": 1.0}]}
        items.append(({"type": name, "colour": colour} | where | look, cutout(rgb), None))
    store.add_many(items)
    OutfitStore(app_home).path.unlink(missing_ok=True)
    return store


def settled(page) -> None:
    page.wait_for_timeout(300)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SCRIPT_MS)
    expect(page.get_by_test_id("stException")).to_have_count(0)


def open_page(page, base_url, tab: str = "Suggestions") -> None:
    page.goto(f"{base_url}/outfits")
    expect(page.get_by_role("heading", name="Outfits", exact=True)).to_be_visible(timeout=SCRIPT_MS)
    page.get_by_role("tab", name=tab).click()
    settled(page)


def pressed(page, start: str, number: int = 0):
    """The button whose key begins so."""
    return page.locator(f"[class*='st-key-{start}-']").nth(number).locator("button").first


def test_suggest_like_wear_and_find_it_in_the_log(page, base_url, app_home, wardrobe):
    open_page(page, base_url)
    temperature = page.get_by_role("spinbutton", name="Temperature, °C")
    temperature.fill("80")
    temperature.press("Enter")
    page.get_by_role("button", name="Use 27 °C").click()
    settled(page)
    collages = page.locator(".ew-collage")
    expect(collages).to_have_count(6)
    words = collages.first.get_attribute("aria-label")
    pressed(page, "like").click()
    expect(page.get_by_text("Liked").first).to_be_visible()
    page.get_by_role("button", name="Wear today").first.click()
    expect(page.get_by_role("button", name="Worn today").first).to_be_visible()

    names = {item["id"]: called(item) for item in wardrobe.items()}
    (rating,) = OutfitStore(app_home).document()["feedback"]
    assert rating["liked"] and sorted(names[i] for i in rating["items"]) == sorted(words.split(", "))
    worn = [called(item) for item in wardrobe.items() if wear_log.days_worn(item) == [date.today().isoformat()]]
    assert sorted(worn) == sorted(words.split(", "))

    page.get_by_role("tab", name="Calendar").click()
    settled(page)
    expect(page.locator(".ew-month .today .ew-collage")).to_have_attribute("aria-label", words)


def test_pieces_are_dragged_and_stay_where_they_were_put(page, base_url, app_home, wardrobe):
    open_page(page, base_url, "By hand")
    pieces = page.get_by_role("combobox", name="Pieces")
    for name in ("red tee", "jeans"):
        pieces.click()
        pieces.fill(name)
        page.get_by_role("option", name=name).click()
        settled(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)  # the open list lies over the canvas
    piece = page.locator(".piece[aria-label^='red tee']")
    piece.hover()  # waits until the piece is what the pointer meets
    box = piece.bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 - 90, box["y"] + box["height"] / 2 + 60, steps=5)
    page.mouse.up()
    settled(page)
    moved = piece.bounding_box()
    assert moved["x"] - box["x"] == pytest.approx(-90, abs=4) and moved["y"] - box["y"] == pytest.approx(60, abs=4)
    piece.focus()
    page.keyboard.press("+")
    page.wait_for_timeout(500)
    settled(page)
    assert piece.bounding_box()["width"] > moved["width"]
    page.get_by_role("textbox", name="Name").fill("Mine")
    page.get_by_role("textbox", name="Name").press("Enter")
    settled(page)
    page.get_by_role("button", name="Save outfit").click()
    expect(page.get_by_text("Saved: Mine").first).to_be_visible()
    (saved,) = OutfitStore(app_home).saved()
    red = next(item["id"] for item in wardrobe.items() if item["type"] == "red tee")
    left, _, width, _ = saved["layout"][red]
    board = page.locator(".board").bounding_box()
    assert left == pytest.approx((piece.bounding_box()["x"] - board["x"]) / board["width"], abs=0.01)
    assert width == pytest.approx(piece.bounding_box()["width"] / board["width"], abs=0.01)


def test_try_on_opens_the_live_page(page, base_url, wardrobe):
    open_page(page, base_url)
    page.get_by_role("button", name="Try on").first.click()
    expect(page.get_by_role("heading", name="Live try-on")).to_be_visible(timeout=SCRIPT_MS)
    settled(page)
    expect(page.get_by_text(re.compile("^On you: "))).to_be_visible(timeout=SCRIPT_MS)
