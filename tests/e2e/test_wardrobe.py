"""The wardrobe in a real browser: in, changed, worn, out, wiped, in again: the same; and edits one after another."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from browser import running_server
from playwright.sync_api import expect
from wardrobe_items import rendered

from ewardrobe.feature_store.backup_zip import write_backup
from ewardrobe.feature_store.store import FeatureStore

IDLE = 60_000
NAME = 6  # the place of the table's column


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("wardrobe") / "home"


@pytest.fixture(scope="module")
def backup(tmp_path_factory) -> Path:
    """A backup of four drawn garments."""
    folder = tmp_path_factory.mktemp("elsewhere")
    store = FeatureStore(folder / "home")
    rendered(store, 4, seed=5)
    write_backup(store, folder / "backup.zip")
    return folder / "backup.zip"


@pytest.fixture(scope="module")
def url(home, tmp_path_factory):
    with running_server(home, tmp_path_factory.mktemp("server") / "server.log") as address:
        yield address


def wait(page) -> None:
    """Wait until the script has ended."""
    page.wait_for_timeout(400)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=IDLE)


def eventually(page, holds, seconds: int = 20) -> None:
    """Under load a script starts late: wait until ``holds`` does."""
    for _ in range(seconds * 4):
        if holds():
            return
        page.wait_for_timeout(250)
    assert holds()


def bring_in(page, url, file: Path, remove_others: bool) -> None:
    page.goto(f"{url}/exchange")
    expect(page.get_by_role("heading", name="Import and export")).to_be_visible(timeout=IDLE)
    page.locator("input[type=file]").set_input_files(str(file))
    expect(page.get_by_role("button", name="Import", exact=True)).to_be_visible()
    if remove_others:
        page.get_by_text("Remove what is not in the file").click()
        wait(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text(re.compile("Imported: 4 added"))).to_be_visible()


def open_wardrobe(page, url) -> None:
    page.goto(f"{url}/wardrobe")
    expect(page.get_by_role("heading", name="Wardrobe")).to_be_visible(timeout=IDLE)
    wait(page)


def test_in_changed_worn_out_wiped_in_again_is_the_same_wardrobe(page, url, home, backup, tmp_path):
    store = FeatureStore(home)
    bring_in(page, url, backup, remove_others=True)
    assert len(store.items()) == 4

    open_wardrobe(page, url)
    cards = page.locator(".ew-gallery figure")
    expect(cards).to_have_count(4)
    for number in (0, 1):
        cards.nth(number).hover()
        cards.nth(number).locator(".pick").click()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_test_id("stBottom").get_by_role("button", name="Edit").click()
    tags = page.get_by_role("combobox", name=re.compile("Tags"))
    tags.fill("summer")
    tags.press("Enter")
    wait(page)
    page.keyboard.press("Escape")  # closes the list of tags
    page.get_by_role("button", name="Change 2 items").click()
    expect(page.get_by_text("Tags changed")).to_be_visible()
    assert sum("summer" in item["tags"] for item in store.items()) == 2

    open_wardrobe(page, url)
    cards.nth(2).locator(".open").click()
    expect(page.get_by_role("button", name="Worn today")).to_be_visible()
    opened = re.search(r"item=(\w+)", page.url).group(1)
    page.get_by_role("button", name="Worn today").click()
    expect(page.get_by_text("Worn today: 1 item")).to_be_visible()
    assert store.get(opened)["wear_log"][-1]["date"] == date.today().isoformat()
    page.get_by_role("link", name="Wardrobe", exact=True).click()
    expect(page.get_by_role("heading", name="Wardrobe", exact=True)).to_be_visible()
    assert "item=" not in page.url
    page.go_back()
    expect(page.get_by_role("button", name="Worn today")).to_be_visible()

    before = store.items()
    pictures = {path.name: path.read_bytes() for path in store.images.iterdir()}
    page.goto(f"{url}/exchange")
    page.get_by_role("button", name="Pack the backup").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Save the backup")).click()
    download.value.save_as(tmp_path / "mine.zip")

    shutil.rmtree(home)
    shutil.rmtree(home.parent / "state")  # nobody knows that there was a wardrobe
    bring_in(page, url, tmp_path / "mine.zip", remove_others=True)
    assert store.items() == before
    assert {path.name: path.read_bytes() for path in store.images.iterdir() if path.name in pictures} == pictures


def test_cells_edited_one_after_another_are_all_kept(page, url, home, backup):
    store = FeatureStore(home)
    if len(store.items()) != 4:
        bring_in(page, url, backup, remove_others=True)
    open_wardrobe(page, url)
    page.get_by_text("Table", exact=True).click()
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    wait(page)
    shown = [row["id"] for row in store.items()]
    x = 36 + 64 + 44 + 48 + 120 + 150 + 60  # behind tick, picture, button, heart, kind and category: the name
    table.click(position={"x": x, "y": 40 + 32})
    page.wait_for_function("() => document.activeElement.matches('[data-testid=data-grid-canvas]')")
    names = ["Alpha", "Beta", "Gamma", "Delta"]
    for row, name in enumerate(names):  # Enter opens the cell, Enter closes it and goes one down
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.activeElement.matches('textarea, input')")
        page.locator("*:focus").fill(name)
        page.keyboard.press("Enter")
        below = min(row + 1, len(names) - 1)  # a key that comes sooner than this is lost on a busy machine
        page.wait_for_function(f"() => document.activeElement.matches('[data-testid=glide-cell-{NAME}-{below}]')")
    eventually(page, lambda: sorted(str(item["name"]) for item in store.items()) == sorted(names))
    assert sorted(shown) == sorted(item["id"] for item in store.items())


def test_a_form_that_was_away_comes_back_as_it_was_and_writes_nothing(page, url, home, backup):
    store = FeatureStore(home)
    if len(store.items()) != 4:
        bring_in(page, url, backup, remove_others=True)
    for item in store.items():
        store.update(item["id"], brand="Acme", size="M", notes="a note")
    open_wardrobe(page, url)
    before = store.path.read_bytes()
    page.locator(".ew-gallery figure").first.locator(".open").click()
    brand = page.get_by_role("textbox", name="Brand")
    expect(brand).to_have_value("Acme")
    page.get_by_role("tab", name="History").click()
    expect(brand).to_have_count(0)
    page.get_by_role("tab", name="Details").click()
    expect(brand).to_have_value("Acme")
    for _ in range(6):  # faster than pages are drawn: runs are interrupted, and the browser lags behind
        page.get_by_role("button", name="Next").first.click()
        page.get_by_role("button", name="Previous").first.click()
    wait(page)
    expect(page.get_by_role("button", name="Worn today")).to_have_count(1)
    expect(brand).to_have_value("Acme")
    expect(page.get_by_role("textbox", name="Notes")).to_have_value("a note")
    assert store.path.read_bytes() == before
    page.get_by_role("button", name="Worn today").click()
    expect(page.get_by_text("Worn today: 1 item")).to_be_visible()
    assert {(item["brand"], item["size"], item["notes"]) for item in store.items()} == {("Acme", "M", "a note")}
