"""The wardrobe page without a browser.  Edits go in as the browser sends them, through the table's callback."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from ewardrobe.feature_store import FeatureStore, StoreError
from ewardrobe.images import png_bytes
from ewardrobe.outfit_store import OutfitStore

ITEMS = (
    {"id": "a", "type": "jeans", "category_id": 8, "colour": "blue", "tags": ["work"], "added": "2026-01-05"},
    {"id": "b", "type": "shoes", "slot": "shoes", "colour": "brown", "brand": "Acme", "added": "2026-01-04"},
    {"id": "c", "type": "dress", "category_id": 10, "colour": "black", "sample": True, "added": "2026-01-03"},
    {"id": "d", "type": "t-shirt", "category_id": 1, "colour": "blue", "sample": True, "added": "2026-01-02"},
)


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    """A wardrobe of four items, two of them samples, one with a picture; the page shows them in this order."""
    store = FeatureStore(wardrobe_home)
    cutout = np.full((40, 30, 4), 200, np.uint8)
    store.add_many([(item, cutout if item["id"] == "a" else None, None) for item in ITEMS])
    return store


@pytest.fixture
def page(repository):
    """Open the page, in the table's layout unless told otherwise."""

    def open_page(layout: str = "Table") -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "wardrobe.py"), default_timeout=30)
        at.session_state["layout"] = layout
        return run(at)

    return open_page


def run(at) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def table(at: AppTest):
    return at.data_editor[0]


def names(at: AppTest) -> list[str]:
    return table(at).value["type"].tolist()


def send(at: AppTest, **state) -> AppTest:
    """Send the table's whole pending state, as the browser does at every edit, and run."""
    whole = {"edited_rows": {}, "added_rows": [], "deleted_rows": []} | state
    return send_widget(at, WidgetState(id=table(at).proto.id, string_value=json.dumps(whole)))


def send_widget(at: AppTest, state: WidgetState) -> AppTest:
    states = at._tree.get_widget_states()
    states.widgets.append(state)
    at._run(states)
    assert not at.exception, at.exception
    return at


def click_card(at: AppTest, event: str, value) -> AppTest:
    """Send what the gallery's script sends: "open" with an id, "choose" with all ids chosen among the shown ones."""
    payload = json.dumps([{"event": event, "value": value}])
    trigger = f"$$STREAMLIT_INTERNAL_KEY_{gallery_proto(at).id}__events"
    return send_widget(at, WidgetState(id=trigger, json_trigger_value=payload))


def choose(at: AppTest, *item_ids: str) -> AppTest:
    """Choose items in whatever view is open."""
    if at.get("bidi_component"):
        return click_card(at, "choose", list(item_ids))
    ids = at.session_state["table"].ids
    return send(at, edited_rows={place: {"chosen": item_id in item_ids} for place, item_id in enumerate(ids)})


def texts(at: AppTest) -> str:
    elements = [*at.markdown, *at.caption, *at.error, *at.info, *at.code, *at.toast]
    return "\n".join(str(element.value) for element in elements)


def gallery_proto(at: AppTest):
    return at.get("bidi_component")[0].proto


def gallery(at: AppTest) -> str:
    return json.loads(gallery_proto(at).json)["html"]


# What it shows


def test_the_table_has_all_items_newest_first_with_pictures(store, page):
    at = page()
    frame = table(at).value
    assert frame["type"].tolist() == ["jeans", "shoes", "dress", "t-shirt"]
    assert frame["kind"].tolist() == ["trousers", "shoes", "short sleeve dress", "short sleeve top"]
    assert frame["picture"].iloc[0].startswith("data:image/webp;base64,")
    assert frame["picture"].iloc[1].startswith("data:image/svg+xml;base64,")
    assert frame["tags"].iloc[0].tolist() == ["work"]


def test_the_gallery_shows_every_item_and_escapes_what_users_wrote(store, page):
    store.update("b", type="<script>alert(1)</script>", brand="A & B")
    html = gallery(page("Gallery"))
    assert html.count("<figure ") == 4
    assert "<script>" not in html
    assert "A &amp; B" in html


def test_a_new_wardrobe_starts_with_samples_that_one_click_removes_for_good(wardrobe_home, page):
    at = page()
    count = len(names(at))
    assert count >= 2
    run(at.button(key="remove-samples").click())
    assert "Nothing here yet" in texts(at)
    assert FeatureStore().load().empty
    assert not page().data_editor, "the samples came back in a new session"


def test_removing_samples_keeps_the_rest_and_can_be_undone(store, page):
    at = page()
    run(at.button(key="remove-samples").click())
    assert names(at) == ["jeans", "shoes"]
    assert "samples are removed" in texts(at)
    undo(at)
    assert names(at) == ["jeans", "shoes", "dress", "t-shirt"]


@pytest.mark.parametrize(
    ("widget", "value", "expected"),
    [
        ("find-kinds", ["shoes", "trousers"], ["jeans", "shoes"]),
        ("find-colours", ["blue"], ["jeans", "t-shirt"]),
        ("find", "ACME brown", ["shoes"]),
        ("find", "work", ["jeans"]),
    ],
)
def test_filters(store, page, widget, value, expected):
    at = page()
    field = at.text_input(key=widget) if widget == "find" else at.multiselect(key=widget)
    run(field.set_value(value))
    assert names(at) == expected


def test_filters_that_nothing_fits_say_so(store, page):
    at = page()
    run(at.text_input(key="find").set_value("no such thing"))
    assert not at.data_editor
    assert "Nothing fits these filters" in texts(at)


def test_a_long_wardrobe_is_shown_in_pages(store, page):
    store.add_many([({"type": f"hat {number}", "added": f"2026-02-{number:02}"}, None, None) for number in range(100)])
    at = page()
    assert (len(names(at)), names(at)[0]) == (60, "hat 99")
    assert "104 items" in texts(at)


# Edits


def test_an_edit_is_on_disk_at_once_and_survives_a_reload(store, page):
    send(page(), edited_rows={1: {"brand": "Other", "favourite": True}})
    item = store.get("b")
    assert (item["brand"], item["favourite"]) == ("Other", True)
    assert item["source"] == {"brand": "user", "favourite": "user"}
    assert table(page()).value["brand"].iloc[1] == "Other"


def test_every_second_edit_is_kept_too(store, page):
    at = page()
    pending: dict[int, dict] = {}
    for number in range(6):
        key = table(at).key
        pending.setdefault(number % 4, {})["notes"] = f"note {number}"
        send(at, edited_rows=pending)
        assert store.items()[number % 4]["notes"] == f"note {number}"
        assert table(at).key == key, "the table was mounted anew in the middle of the user's editing"
    assert [item["notes"] for item in store.items()] == ["note 4", "note 5", "note 2", "note 3"]


def test_an_edit_while_filtered_goes_to_the_right_item(store, page):
    at = page()
    run(at.multiselect(key="find-colours").set_value(["blue"]))
    send(at, edited_rows={1: {"size": "M"}})
    assert [item["size"] for item in store.items()] == [None, None, None, "M"]
    run(at.multiselect(key="find-colours").set_value([]))
    assert table(at).value["size"].tolist()[3] == "M"
    send(at, edited_rows={1: {"size": "42"}})
    assert [item["size"] for item in store.items()] == [None, "42", None, "M"]


def test_an_item_edited_out_of_the_filter_leaves_and_the_next_edit_finds_its_item(store, page):
    at = page()
    run(at.multiselect(key="find-colours").set_value(["blue"]))
    send(at, edited_rows={0: {"colour": "navy"}})
    assert names(at) == ["t-shirt"]
    send(at, edited_rows={0: {"brand": "Acme"}})
    assert (store.get("a")["colour"], store.get("a")["brand"], store.get("d")["brand"]) == ("navy", None, "Acme")


def test_a_new_category_brings_its_id_and_slot(store, page):
    at = send(page(), edited_rows={0: {"kind": "skirt"}})
    assert [store.get("a")[name] for name in ("category", "category_id", "slot")] == ["skirt", 9, "bottom"]
    send(at, edited_rows={0: {"kind": "bag"}})
    assert [store.get("a")[name] for name in ("category", "category_id", "slot")] == [None, None, "bag"]


def test_two_windows_see_and_keep_each_others_edits(store, page):
    one, two = page(), page()
    send(one, edited_rows={0: {"brand": "One"}})
    send(two, edited_rows={0: {"size": "L"}})
    assert (store.get("a")["brand"], store.get("a")["size"]) == ("One", "L")
    assert table(two).value["brand"].iloc[0] == "One"
    send(two, edited_rows={0: {"brand": "Two"}})
    send(one, edited_rows={0: {"brand": "One"}, 1: {"notes": "x"}})
    assert store.get("a")["brand"] == "Two", "an old edit was written again"
    assert table(one).value["brand"].iloc[0] == "Two"


def test_an_edit_of_an_item_removed_elsewhere_harms_nothing(store, page):
    at = page()
    store.remove("a")
    send(at, edited_rows={0: {"brand": "x"}})
    assert names(at) == ["shoes", "dress", "t-shirt"]
    assert all(item["brand"] in (None, "Acme") for item in store.items())


def test_clearing_a_cell_and_new_tags(store, page):
    at = send(page(), edited_rows={1: {"brand": None, "colour": None}, 0: {"tags": ["work", "new"]}})
    assert (store.get("b")["brand"], store.get("b")["colour"], store.get("a")["tags"]) == (None, None, ["work", "new"])
    key = table(at).key
    send(at, edited_rows={1: {"brand": "", "colour": None}, 0: {"tags": []}})
    assert store.get("a")["tags"] == []
    assert table(at).key == key


# Choosing, and changing many at once


@pytest.mark.parametrize("layout", ["Gallery", "Table"])
def test_one_field_is_changed_on_all_chosen_items(store, page, layout):
    at = choose(page(layout), "a", "d")
    assert "**2 chosen**" in texts(at)
    run(at.selectbox(key="bulk-field").set_value("tags"))
    at.multiselect(key="bulk-value-tags").set_value(["summer"])
    run(at.button(key="bulk-apply").click())
    assert [item["tags"] for item in store.items()] == [["work", "summer"], [], [], ["summer"]]
    assert store.get("d")["source"]["tags"] == "user"


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("kind", "skirt", {"category": "skirt", "category_id": 9, "slot": "bottom"}),
        ("colour", "navy", {"colour": "navy"}),
        ("brand", "Acme", {"brand": "Acme"}),
        ("brand", "", {"brand": None}),
        ("price", 12.5, {"price": 12.5}),
        ("bought", date(2026, 1, 31), {"bought": "2026-01-31"}),
        ("wash_interval", 3, {"wash_interval": 3}),
        ("favourite", True, {"favourite": True}),
        ("season", ["winter"], {"season": ["winter"]}),
    ],
)
def test_every_kind_of_field_can_be_changed_on_many(store, page, field, value, stored):
    at = choose(page("Gallery"), "b", "c")
    run(at.selectbox(key="bulk-field").set_value(field))
    next(widget for widget in editors(at) if widget.key == f"bulk-value-{field}").set_value(value)
    run(at.button(key="bulk-apply").click())
    for item_id in ("b", "c"):
        assert {name: store.get(item_id)[name] for name in stored} == stored
    assert store.get("a")["colour"] == "blue"


def undo(at: AppTest) -> AppTest:
    """Take the last change back."""
    return run(next(button for button in at.button if str(button.key).startswith("undo-")).click())


def editors(at: AppTest):
    return [*at.selectbox, *at.multiselect, *at.text_input, *at.number_input, *at.date_input, *at.toggle]


def test_a_category_cannot_be_cleared_on_many(store, page):
    at = choose(page("Gallery"), "a")
    run(at.selectbox(key="bulk-field").set_value("kind"))
    run(at.button(key="bulk-apply").click())
    assert "Category cannot be empty" in texts(at)
    assert store.get("a")["category"] == "trousers"


def test_a_choice_is_kept_between_views_pages_and_filters(store, page):
    at = choose(page("Gallery"), "a", "b")
    run(at.segmented_control(key="layout").set_value("Table"))
    assert table(at).value["chosen"].tolist() == [True, True, False, False]
    run(at.multiselect(key="find-colours").set_value(["brown"]))
    assert "**2 chosen**" in texts(at)
    send(at, edited_rows={0: {"chosen": False}})
    assert "**1 chosen**" in texts(at)
    run(at.button(key="bulk-clear").click())
    assert "chosen**" not in texts(at)


def test_a_tick_is_no_edit_of_the_item(store, page):
    at = page()
    before = store.path.read_bytes()
    send(at, edited_rows={0: {"chosen": True}})
    key = table(at).key
    send(at, edited_rows={0: {"chosen": True}, 1: {"chosen": True}})
    assert (table(at).key, store.path.read_bytes()) == (key, before)
    send(at, edited_rows={0: {"chosen": True}, 1: {"chosen": True, "brand": "New"}})
    assert (store.get("b")["brand"], "**2 chosen**" in texts(at)) == ("New", True)


def test_choose_all_takes_every_page_of_what_is_found(store, page):
    store.add_many([({"type": f"hat {number}", "colour": "red"}, None, None) for number in range(70)])
    at = page("Gallery")
    run(at.multiselect(key="find-colours").set_value(["red"]))
    run(at.button(key="choose-all").click())
    assert "**70 chosen**" in texts(at)


def test_removing_many_can_be_undone(store, page):
    at = choose(page("Gallery"), "a", "b")
    run(at.button(key="bulk-remove").click())
    assert [item["id"] for item in store.items()] == ["c", "d"]
    assert "chosen**" not in texts(at)
    undo(at)
    assert sorted(item["id"] for item in store.items()) == ["a", "b", "c", "d"]


def test_archived_items_are_out_of_sight_until_they_are_asked_for(store, page):
    at = choose(page("Gallery"), "b")
    at.selectbox(key="bulk-reason").set_value("sold")
    run(at.button(key="bulk-archive").click())
    assert (store.get("b")["state"], store.get("b")["state_reason"]) == ("archived", "sold")
    assert "3 of 4 items · 1 archived not shown" in texts(at)
    assert "data-id='b'" not in gallery(at)
    run(at.multiselect(key="find-states").set_value(["archived"]))
    assert gallery(at).count("<figure ") == 1


def test_filters_combine_and_are_cleared_together(store, page):
    at = page()
    run(at.multiselect(key="find-colours").set_value(["blue"]))
    run(at.text_input(key="find").set_value("jeans"))
    assert names(at) == ["jeans"]
    run(at.toggle(key="find-favourite").set_value(True))
    assert "Nothing fits these filters" in texts(at)
    run(at.button(key="clear-filters").click())
    assert names(at) == ["jeans", "shoes", "dress", "t-shirt"]


def test_the_order_is_of_the_whole_wardrobe(store, page):
    at = page()
    run(at.selectbox(key="find-order").set_value("Name"))
    assert names(at) == ["dress", "jeans", "shoes", "t-shirt"]
    send(at, edited_rows={1: {"brand": "Sorted"}})
    assert store.get("a")["brand"] == "Sorted"


# Wearing, washing, lending, and taking back


def test_wear_is_logged_today_and_on_another_day(store, page):
    at = choose(page("Gallery"), "a", "b")
    run(at.button(key="bulk-today").click())
    today = date.today().isoformat()
    assert [[wear["date"] for wear in item["wear_log"]] for item in store.items()] == [[today], [today], [], []]
    assert "chosen**" not in texts(at)
    assert "Worn today: 2 items" in texts(at)
    choose(at, "a")
    at.date_input(key="bulk-day").set_value(date(2026, 1, 31))
    run(at.button(key="bulk-log").click())
    assert [wear["date"] for wear in store.get("a")["wear_log"]] == ["2026-01-31", today]


def test_wear_makes_an_item_need_a_wash_and_washing_ends_it(store, page):
    run(choose(page("Gallery"), "d").button(key="bulk-today").click())
    at = page("Gallery")
    assert gallery(at).count("needs a wash") == 1
    run(at.toggle(key="find-needs_wash").set_value(True))
    assert gallery(at).count("<figure ") == 1
    run(choose(at, "d").button(key="bulk-to-laundry").click())
    assert store.get("d")["state"] == "laundry"
    at = page("Gallery")
    assert "in the laundry" in gallery(at)
    run(choose(at, "d").button(key="bulk-washed").click())
    assert (store.get("d")["state"], store.get("d")["wears_since_wash"]) == ("in use", 0)


def test_lending_says_to_whom_and_ends(store, page):
    at = choose(page("Gallery"), "a")
    at.text_input(key="bulk-to").set_value("Kim")
    run(at.button(key="bulk-lend").click())
    assert (store.get("a")["state"], store.get("a")["state_reason"]) == ("lent", "Kim")
    run(choose(at, "a").button(key="bulk-back").click())
    assert (store.get("a")["state"], store.get("a")["state_reason"]) == ("in use", None)


def test_a_whole_outfit_is_saved_and_worn(store, page, item_page):
    at = choose(page("Gallery"), "a", "b")
    run(at.button(key="bulk-outfit-save").click())
    assert "give it a name" in texts(at)
    at.text_input(key="bulk-outfit-name").set_value("Monday")
    run(at.button(key="bulk-outfit-save").click())
    (outfit,) = OutfitStore(store.home).outfits()
    assert (outfit["name"], sorted(outfit["items"])) == ("Monday", ["a", "b"])
    at.date_input(key="wear-outfit-day").set_value(date(2026, 2, 3))
    run(at.button(key="wear-outfit-log").click())
    worn = [{"date": "2026-02-03", "outfit": outfit["id"]}]
    assert [item["wear_log"] for item in store.items()] == [worn, worn, [], []]
    assert item_page(tab="History").dataframe[0].value["Outfit"].tolist() == ["Monday"]
    run(item_page("b", tab="Outfits").button(key=f"wear-{outfit['id']}").click())
    assert store.get("a")["wear_log"][-1] == {"date": date.today().isoformat(), "outfit": outfit["id"]}


def test_a_broken_file_of_outfits_does_not_stop_the_wardrobe(store, page):
    (store.home / "outfits.json").write_text("{")
    assert gallery(page("Gallery")).count("<figure ") == 4


def test_each_of_the_last_changes_can_be_taken_back_and_done_again(store, page):
    at = send(page(), edited_rows={0: {"brand": "One"}})
    send(at, edited_rows={0: {"brand": "One"}, 1: {"size": "L"}})
    lines = [button for button in at.button if str(button.key).startswith("undo-")]
    assert len(lines) >= 2
    run(lines[1].click())
    assert (store.get("a")["brand"], store.get("b")["size"]) == (None, "L")
    assert table(at).value["size"].iloc[1] == "L"
    run(at.button(key="redo").click())
    assert store.get("a")["brand"] == "One"


# One item's page


@pytest.fixture
def item_page(repository, store):
    """Open the page of item "a", jeans with a cut-out."""

    def open_page(item_id: str = "a", tab: str = "Details") -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "wardrobe.py"), default_timeout=30)
        at.query_params["item"] = item_id
        at.session_state["item-tab"] = tab
        return run(at)

    return open_page


def test_an_item_is_opened_from_gallery_and_table_and_closed(store, page):
    at = click_card(page("Gallery"), "open", "b")
    assert at.title[0].value == "Shoes"
    run(at.button(key="item-next").click())
    assert at.title[0].value == "Dress"
    run(at.button(key="item-close").click())
    assert gallery(at).count("<figure ") == 4
    run(at.segmented_control(key="layout").set_value("Table"))
    click = json.dumps({"row": 3, "label": "x"})
    key = f"open-{table(at).key}"
    clicks = [column for column in _button_columns(at) if key in column]
    assert clicks
    send_widget(at, WidgetState(id=clicks[0], json_trigger_value=click))
    assert at.title[0].value == "T-shirt"


def _button_columns(at: AppTest) -> list[str]:
    """Return the widget ids of the table's button columns, which its column configuration names."""
    return [part for part in str(table(at).proto).replace("\\", "").split('"') if "open-wardrobe-table" in part]


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("type", "black jeans", "black jeans"),
        ("type", "  spaced  ", "spaced"),
        ("kind", "skirt", "skirt"),
        ("colour", "black", "black"),
        ("pattern", "striped", "striped"),
        ("sleeve", "none", "none"),
        ("brand", "Acme", "Acme"),
        ("price", 79.5, 79.5),
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


def test_a_name_cannot_be_empty(store, item_page):
    at = item_page()
    run(at.text_input(key="item-a-type").set_value(" "))
    assert store.get("a")["type"] == "jeans"
    assert "Name cannot be empty" in texts(at)


def test_a_field_shows_what_another_window_has_saved(store, item_page):
    at = item_page()
    store.update("a", brand="Other", price=5, season=["winter"])
    run(at)
    assert at.text_input(key="item-a-brand").value == "Other"
    assert at.number_input(key="item-a-price").value == 5
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


# Adding by hand


def submit(at: AppTest) -> AppTest:
    return run(next(button for button in at.button if button.label == "Add to the wardrobe").click())


def test_shoes_are_added_by_hand_with_a_photo(store, page):
    at = page()
    photo = png_bytes(np.full((30, 20, 3), 90, np.uint8))
    at.selectbox(key="type-0").set_value("boots")
    at.selectbox(key="colour-0").set_value("brown")
    at.multiselect(key="tags-0").set_value(["work"])
    at.file_uploader(key="photo-0").set_value(("boots.png", photo, "image/png"))
    submit(at)
    item = store.items()[-1]
    assert [item[name] for name in ("type", "slot", "category", "colour", "tags")] == [
        *("boots", "shoes", None, "brown"),
        ["work"],
    ]
    assert store.image_path(item["id"], "photo").read_bytes() == photo
    assert store.image_path(item["id"], "thumbnail") is not None
    assert names(at)[0] == "boots"
    assert at.selectbox(key="type-1").value is None, "the form was not emptied"


def test_the_form_says_what_is_missing_or_wrong(store, page):
    at = submit(page())
    assert "Say what it is" in texts(at)
    at.selectbox(key="type-0").set_value("hat")
    at.file_uploader(key="photo-0").set_value(("hat.jpg", b"not a picture", "image/jpeg"))
    submit(at)
    assert at.error
    assert len(store.items()) == 4


# Trouble


def test_a_broken_file_is_shown_with_its_place_and_restored_by_one_click(store, page):
    good = store.path.read_bytes()
    store.path.write_bytes(good[:-40])
    at = page()
    assert "broken at line 9" in texts(at)
    assert not at.data_editor
    assert store.path.read_bytes() == good[:-40]
    run(at.button(key="restore-backup").click())
    assert names(at) == ["jeans", "shoes", "dress", "t-shirt"]
    assert store.path.read_bytes() == good


def test_a_broken_file_without_a_backup_offers_none(wardrobe_home, page):
    wardrobe_home.mkdir()
    (wardrobe_home / "wardrobe.json").write_text("{")
    at = page()
    assert "broken at line 1" in texts(at)
    assert not [button for button in at.button if button.key == "restore-backup"]


def test_an_edit_that_cannot_be_saved_is_said_and_the_table_shows_what_is_stored(store, page, monkeypatch):
    def full(*_, **__):
        raise StoreError("The wardrobe was not changed: the disk is full.")

    at = page()
    monkeypatch.setattr(FeatureStore, "alter", full)
    send(at, edited_rows={0: {"brand": "lost"}})
    assert "the disk is full" in texts(at)
    assert table(at).value["brand"].isna().iloc[0]
    monkeypatch.undo()
    send(at, edited_rows={0: {"brand": "kept"}})
    assert store.get("a")["brand"] == "kept"
