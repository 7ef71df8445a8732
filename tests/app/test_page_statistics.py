"""The statistics page without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from wardrobe_items import items
from wardrobe_page import run

from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.feature_store.wearing import log_wear

TABS = ("Overview", "Worn", "Money", "Additions")


@pytest.fixture
def page(repository):
    """Open the page with one of its tabs."""

    def open_page(tab: str = "Overview") -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "statistics.py"), default_timeout=90)
        at.session_state["statistics-tab"] = tab
        return run(at)

    return open_page


def charts(at: AppTest) -> list[str]:
    return [element.proto.alt for element in at.get("plotly_chart")]


def texts(at: AppTest) -> str:
    return "\n".join(str(element.value) for element in [*at.markdown, *at.caption, *at.info])


def fill(home, some) -> FeatureStore:
    store = FeatureStore(home)
    store.add_many([(item, None, None) for item in some])
    return store


def test_figures_and_headlines_of_a_wardrobe(wardrobe_home, page):
    fill(wardrobe_home, items(80))
    found = {tab: charts(page(tab)) for tab in TABS}
    assert found["Overview"] == ["Items by category", "Items by colour, as they are"]
    assert found["Worn"][0].startswith("What was worn in 2")
    assert found["Worn"][1:] == ["Worn most", "Worn least, of what was worn"]
    assert found["Money"] == ["Price and wears", "Spending"]
    assert found["Additions"] == ["Additions"]


@pytest.mark.parametrize("tab", TABS)
def test_every_figure_has_its_data_to_save(wardrobe_home, page, tab):
    fill(wardrobe_home, items(80))
    at = page(tab)
    buttons = at.get("download_button")
    assert len(buttons) >= len(charts(at))
    assert all(button.proto.label == "Data as CSV" for button in buttons)


@pytest.mark.parametrize("tab", ["Overview", "Worn", "Money"])
def test_words_of_the_owner_are_no_html_of_the_figures(wardrobe_home, page, tab):
    link = "<a href='http://evil.example'>x</a>"
    names = {"type": link, "colour": link}
    fill(wardrobe_home, [item | names for item in items(12)])
    store = FeatureStore(wardrobe_home)
    log_wear(store, [item["id"] for item in store.items()])
    specs = "".join(chart.proto.spec for chart in page(tab).get("plotly_chart")).encode().decode("unicode_escape")
    assert "&lt;a href" in specs
    assert "<a href" not in specs


def test_what_counts_is_chosen(wardrobe_home, page):
    fill(wardrobe_home, [{"type": "jeans", "category_id": 8}, {"type": "hat", "slot": "hat", "state": "archived"}])
    at = page()
    assert at.metric[0].value == "1"
    run(at.toggle(key="count-archived").set_value(True))
    assert at.metric[0].value == "2"
    run(at.multiselect(key="count-kind").set_value(["hat"]))
    assert at.metric[0].value == "1"
    run(at.toggle(key="count-archived").set_value(False))
    assert "Nothing fits these filters" in texts(at)


def test_the_year_of_the_calendar_is_chosen(wardrobe_home, page):
    log = [{"date": "2026-01-01", "outfit": None}, {"date": "2024-05-05", "outfit": None}]
    fill(wardrobe_home, [{"type": "jeans", "category_id": 8, "wear_log": log}])
    at = page("Worn")
    assert charts(at)[0] == "What was worn in 2026"
    run(at.segmented_control(key="calendar-year").set_value(2024))
    assert charts(at)[0] == "What was worn in 2024"


@pytest.mark.parametrize(
    ("tab", "says"),
    [("Worn", "No wear is logged yet"), ("Money", "No prices yet"), ("Additions", "")],
)
def test_a_bare_wardrobe_is_told_the_next_step(wardrobe_home, page, tab, says):
    fill(wardrobe_home, [{"type": "jeans", "category_id": 8}])
    assert says in texts(page(tab))


def test_an_empty_wardrobe_is_told_the_next_step(wardrobe_home, page):
    store = fill(wardrobe_home, [])
    store.ensure_samples()
    store.remove_samples()
    assert "Nothing to count yet" in texts(page())


def test_samples_do_not_count_beside_ones_own_clothes(wardrobe_home, page):
    at = page()
    assert at.metric[0].value == "2"
    FeatureStore().add({"type": "jeans", "category_id": 8})
    assert run(at).metric[0].value == "1"
