"""The page that opens, without a browser: a welcome to the newcomer, the day at a glance for everybody else."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from garments_page import OUTFIT
from outfit_items import basics
from streamlit.testing.v1 import AppTest

from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import ImportQueue

TODAY = date.today()
CUTOUT = np.full((40, 30, 4), 200, np.uint8)


@pytest.fixture
def opened(repository):
    """Open the page."""

    def run() -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "today.py"), default_timeout=60).run()
        assert not at.exception, at.exception
        return at

    return run


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    """Three tops, three bottoms, a dress, a coat, shoes and a bag, with pictures, beside the drawn samples."""
    store = FeatureStore(wardrobe_home)
    store.ensure_samples()
    store.add_many([(item, CUTOUT, None) for item in basics()])
    return store


def headings(at: AppTest) -> list[str]:
    return [one.value for one in at.subheader]


def words(at: AppTest) -> str:
    return "\n".join(one.value for one in at.markdown)


def suggested(at: AppTest) -> list[str]:
    """The ids of each suggested outfit, joined."""
    return [button.key.removeprefix("like-") for button in at.button if button.key.startswith("like-")]


def test_a_newcomer_is_welcomed_in_three_steps_and_can_begin_at_once(opened, wardrobe_home):
    at = opened()
    assert at.title[0].value == "Welcome to your wardrobe"
    assert all(f"{n}. {step}" in words(at) for n, step in ((1, "Photograph"), (2, "Check and keep"), (3, "Wear")))
    assert len(at.get("file_uploader")) == 1
    assert not headings(at), "nothing is suggested from drawn samples"
    at.get("file_uploader")[0].upload("outfit.png", OUTFIT, "image/png").run()
    assert [entry.name for entry in ImportQueue(wardrobe_home).entries()] == ["outfit.png"]


def test_photos_that_wait_are_told(opened, store, wardrobe_home):
    ImportQueue(wardrobe_home).add([Photo("outfit.png", OUTFIT)], "yolo")
    assert "1 photo to be checked and saved" in words(opened())


def test_the_day_at_a_glance(opened, store):
    at = opened()
    assert at.title[0].value == "Today"
    assert headings(at) == ["What to wear", "New in the wardrobe"]
    assert len(suggested(at)) == 3
    assert not any("sample" in ids for ids in suggested(at))


def test_others_are_suggested_on_demand(opened, store):
    at = opened()
    before = suggested(at)
    at.button(key="today-others").click().run()
    assert len(suggested(at)) == 3
    assert suggested(at) != before


def test_planned_days_come_first(opened, store):
    book = OutfitStore(store.home)
    for days, ids in (
        (0, ["top-white", "bottom-blue"]),
        (1, ["dress-green"]),
        (9, ["dress-green"]),
        (-1, ["bag-black"]),
    ):
        book.plan(TODAY + timedelta(days), ids)
    at = opened()
    assert headings(at)[:2] == ["Planned", "What to wear"]
    lines = [one.value for one in at.markdown if one.value.startswith("**") and "  \n" in one.value]
    days = [f"{day:%A}, {day.day} {day:%B}" for day in (TODAY, TODAY + timedelta(1))]
    assert [line.split("**")[1] for line in lines] == days


def test_what_needs_a_wash_is_washed_with_one_press(opened, store):
    wearing.set_state(store, ["top-white"], "laundry")
    for days in range(3):
        wearing.log_wear(store, ["top-red"], TODAY - timedelta(days))
    at = opened()
    assert "For the wash" in headings(at)
    at.button(key="today-washed").click().run()
    assert "For the wash" not in headings(at)
    assert store.get("top-white")["state"] == "in use"
    assert store.get("top-red")["wears_since_wash"] == 0


def test_what_is_archived_is_not_new(opened, store):
    wearing.set_state(store, [item["id"] for item in basics()], "archived", "sold")
    at = opened()
    assert not suggested(at)
    assert at.title[0].value == "Today"
