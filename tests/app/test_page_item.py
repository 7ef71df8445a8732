"""One item's page without a browser: opened, every field edited, its past, what is like it."""
# ruff: noqa: F401 - fixtures of another file

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.context import ContextProxy as StreamlitContext
from streamlit.testing.v1 import AppTest
from wardrobe_items import rendered
from wardrobe_page import (
    click_card,
    editors,
    gallery,
    item_page,
    open_item,
    page,
    run,
    send_widget,
    store,
    table,
    texts,
    undo,
)

from ewardrobe.app import page as pages
from ewardrobe.feature_store.store import FeatureStore


def test_an_item_is_opened_from_gallery_and_table_and_closed(store, page):
    at = click_card(page("Gallery"), "open", "b")
    assert at.title[0].value == "Brown shoes"
    run(at.button(key="item-next").click())
    assert at.title[0].value == "Black dress"
    run(at.button(key="item-close").click())
    assert gallery(at).count("<figure ") == 4
    run(at.segmented_control(key="layout").set_value("Table"))
    click = json.dumps({"row": 3, "label": "x"})
    key = f"open-{table(at).key}"
    clicks = [column for column in _button_columns(at) if key in column]
    assert clicks
    send_widget(at, WidgetState(id=clicks[0], json_trigger_value=click))
    assert at.title[0].value == "Blue T-shirt"


def _button_columns(at: AppTest) -> list[str]:
    """Return the widget ids of the table's button columns, which its column configuration names."""
    return [part for part in str(table(at).proto).replace("\\", "").split('"') if "open-wardrobe-table" in part]


def test_an_outfit_is_worn_on_the_day_of_the_click_not_of_the_page(store, repository, monkeypatch):
    outfit = store.outfits.save("Monday", ["a", "b"])
    yesterday = date.today() - timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(pages, "today", lambda: yesterday)
        at = open_item(repository, "a", "Outfits")
    run(at.button(key=f"wear-{outfit}").click())
    assert store.get("b")["wear_log"][-1]["date"] == date.today().isoformat()


def test_what_was_ordered_for_a_later_day_shows_its_day(store, repository):
    store.update("b", bought="2099-12-31")
    at = open_item(repository, "b")
    (bought,) = (box for box in at.date_input if box.label == "Bought")
    assert (bought.value, bought.proto.max) == (date(2099, 12, 31), "2099-12-31")


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("type", "leggings", "leggings"),
        ("name", "  spaced  ", "spaced"),
        ("kind", "skirt", "skirt"),
        ("colour", "black", "black"),
        ("pattern", "striped", "striped"),
        ("sleeve", "none", "none"),
        ("brand", "Acme", "Acme"),
        ("price", "79,5", 79.5),
        ("price", "1.299,00 €", 1299),
        ("bought", date(2026, 2, 1), "2026-02-01"),
        ("wash_interval", 9, 9),
        ("season", ["winter", "spring"], ["winter", "spring"]),
        ("tags", [], []),
        ("notes", "too long", "too long"),
        ("favourite", True, True),
    ],
)
def test_every_field_of_an_item_can_be_edited(store, item_page, field, value, stored):
    at = item_page()
    widgets = {widget.key: widget for widget in [*editors(at), *at.text_area]}
    run(widgets[f"item-a-{field}"].set_value(value))
    item = store.get("a")
    assert item["category" if field == "kind" else field] == stored
    assert item["source"]["category" if field == "kind" else field] == "user"


def test_the_palette_is_edited_by_name(store, item_page):
    store.update("a", colours=[{"name": "blue", "hex": "#223388", "share": 1.0}])
    at = item_page()
    assert at.multiselect(key="item-a-colours").value == ["blue"]
    run(at.multiselect(key="item-a-colours").set_value(["blue", "white"]))
    assert [colour["name"] for colour in store.get("a")["colours"]] == ["blue", "white"]
    assert store.get("a")["colours"][0]["hex"] == "#223388"


def test_a_kind_brings_its_category_and_says_so(store, item_page):
    at = item_page()
    run(at.selectbox(key="item-a-type").set_value("hoodie"))
    item = store.get("a")
    assert (item["type"], item["category"], item["slot"]) == ("hoodie", "long sleeve outwear", "outer")
    assert "The category is now jacket or coat" in texts(at)
    assert at.title[0].value == "Blue hoodie"
    run(at.selectbox(key="item-a-kind-1").set_value("skirt"))
    assert store.get("a")["type"] == "skirt"
    assert "The kind was of another category" in texts(at)


def test_words_of_ones_own_are_understood_and_an_unknown_kind_is_asked_about(store, item_page):
    at = _type_kind(item_page(), "Chelsea boots")
    assert (store.get("a")["type"], store.get("a")["slot"]) == ("Chelsea boots", "shoes")
    at = _type_kind(at, "wibble")
    assert store.get("a")["type"] == "Chelsea boots"
    assert "'wibble' is no kind that is known" in texts(at)


def _type_kind(at: AppTest, text: str) -> AppTest:
    """Type a word that is not offered, as the browser sends it."""
    return send_widget(at, WidgetState(id=at.selectbox(key="item-a-type").proto.id, string_value=text))


def test_a_name_of_ones_own_is_kept_and_may_be_taken_back(store, item_page):
    at = item_page()
    assert at.text_input(key="item-a-name").placeholder == "blue jeans"
    run(at.text_input(key="item-a-name").set_value("Old faithful"))
    assert at.title[0].value == "Old faithful"
    run(at.text_input(key="item-a-name").set_value(" "))
    assert store.get("a")["name"] is None
    assert at.title[0].value == "Blue jeans"


@pytest.mark.parametrize("typed", ["1,299", "1.299", "from 20", "20-30"])
def test_a_price_that_can_be_read_in_two_ways_is_asked_about(store, item_page, typed):
    at = item_page()
    before = store.path.read_bytes()
    run(at.text_input(key="item-a-price").set_value(typed))
    assert store.path.read_bytes() == before
    assert "Price\\: " in texts(at)


def test_a_price_a_hundred_times_as_large_is_shown_before_it_is_kept(store, item_page):
    store.update("a", price=49.9)
    at = item_page()
    run(at.text_input(key="item-a-price").set_value("4990"))
    assert store.get("a")["price"] == 49.9
    assert "**blue jeans**: Price 49.90 → 4990.00. Is that right?" in texts(at)
    run(at.button(key="odd-leave-a-price").click())
    assert (store.get("a")["price"], "Is that right" in texts(at)) == (49.9, False)
    run(next(box for box in at.text_input if box.label == "Price").set_value("0.49"))
    run(at.button(key="odd-keep-a-price").click())
    assert store.get("a")["price"] == 0.49


def test_the_day_is_the_persons_not_the_servers(store, item_page, monkeypatch):
    """Behind UTC by more than a day's difference to the server's clock, whatever that says."""
    far = {"minutes": 26 * 60}
    monkeypatch.setattr(StreamlitContext, "timezone_offset", property(lambda self: far["minutes"]), raising=False)
    at = item_page()
    run(at.button(key="item-today").click())
    there = (datetime.now(UTC) - timedelta(hours=26)).date()
    assert store.get("a")["wear_log"][-1]["date"] == there.isoformat()


def test_a_field_shows_what_another_window_has_saved(store, item_page):
    at = item_page()
    store.update("a", brand="Other", price=5, season=["winter"])
    run(at)
    shown = {widget.label: widget.value for widget in editors(at)}
    assert (shown["Brand"], shown["Price"], shown["Season"]) == ("Other", "5.00", ["winter"])
    run(at.text_input(key="item-a-size").set_value("M"))
    assert (store.get("a")["brand"], store.get("a")["size"]) == ("Other", "M")


def test_a_guess_is_asked_about_and_the_answer_is_the_owners(store, item_page):
    guess = {"by": "attributes", "confidence": 0.41, "guess": "wool"}
    store.update("a", source={"material": guess, "pattern": {"by": "attributes", "confidence": 0.93}}, pattern="solid")
    at = item_page()
    box = at.selectbox(key="item-a-material")
    assert (box.label, box.value, box.proto.placeholder) == ("Material · ?", None, "wool? (41%)")
    assert at.selectbox(key="item-a-pattern").label == "Pattern · 93%"
    run(box.set_value("wool"))
    assert store.get("a")["source"]["material"] == "user"
    assert at.selectbox(key="item-a-material").label == "Material"


def test_the_wear_log_of_an_item_grows_and_entries_are_taken_back(store, item_page):
    at = item_page(tab="History")
    assert "Not worn yet" in texts(at)
    run(at.button(key="item-today").click())
    assert at.metric[0].value == "1 ×"
    assert at.dataframe[0].value["Day"].tolist() == [date.today().isoformat()]
    run(at.button(key=f"item-undo-{store.changes()[0].id}").click())
    assert store.get("a")["wear_log"] == []


def test_similar_items_and_what_was_worn_together(store, item_page):
    shown = json.loads(item_page(tab="Similar").get("bidi_component")[0].proto.json)["html"]
    assert shown.index("data-id='d'") < shown.index("data-id='b'"), "the other blue one first"
    assert "Nothing was logged on the same day" in texts(item_page(tab="Outfits"))
    for item_id in ("a", "b"):
        store.update(item_id, wear_log=[{"date": "2026-01-01", "outfit": None}])
    at = item_page(tab="Outfits")
    assert "data-id='b'" in at.get("bidi_component")[0].proto.json


def test_a_cut_out_is_repaired_and_the_repair_taken_back(wardrobe_home, repository):
    store = FeatureStore(wardrobe_home)
    (item_id,) = rendered(store, 1)
    first = store.get(item_id)["image"]
    at = open_item(repository, item_id)
    run(at.button(key="item-repair").click())
    grow = next(button for button in at.button if button.label == "Grow")
    run(grow.click())
    run(next(button for button in at.button if button.key == f"repairing-{item_id}-done").click())
    assert store.get(item_id)["image"] != first
    run(at.button(key="item-repair-undo").click())
    assert store.get(item_id)["image"] == first


def test_removing_an_item_from_its_page_leads_back(store, item_page):
    at = item_page("b")
    run(at.button(key="item-remove").click())
    assert [item["id"] for item in store.items()] == ["a", "c", "d"]
    assert "data-id='b'" not in gallery(at)
    undo(at)
    assert "data-id='b'" in gallery(at)


def test_the_page_of_an_item_that_is_gone_says_so(store, item_page):
    at = item_page("gone")
    assert "no longer in the wardrobe" in texts(at)
    run(at.button(key="item-close").click())
    assert gallery(at).count("<figure ") == 4


def test_markdown_in_a_name_is_shown_as_it_is(store, item_page):
    store.update("a", type="<b>*x*</b>")
    assert at_header(item_page()) == "\\<b\\>\\*x\\*\\</b\\>"


def at_header(at: AppTest) -> str:
    return at.title[0].value
