"""The wardrobe page without a browser.  Edits go in as the browser sends them, through the table's callback."""
# ruff: noqa: F401 - fixtures of another file

from __future__ import annotations

from collections import Counter
from datetime import date

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from wardrobe_items import items
from wardrobe_page import (
    choose,
    editors,
    gallery,
    item_page,
    names,
    page,
    run,
    send,
    store,
    table,
    texts,
    undo,
)

from ewardrobe.core.images import png_bytes
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore, StoreError

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
        ("find-kind", ["shoes", "trousers"], ["jeans", "shoes"]),
        ("find-colour", ["blue"], ["jeans", "t-shirt"]),
        ("find-text", "ACME brown", ["shoes"]),
        ("find-text", "work", ["jeans"]),
    ],
)
def test_filters(store, page, widget, value, expected):
    at = page()
    field = at.text_input(key=widget) if widget == "find-text" else at.multiselect(key=widget)
    run(field.set_value(value))
    assert names(at) == expected


def test_filters_that_nothing_fits_say_so(store, page):
    at = page()
    run(at.text_input(key="find-text").set_value("no such thing"))
    assert not at.data_editor
    assert "Nothing fits these filters" in texts(at)


def test_a_long_wardrobe_is_shown_in_pages(store, page):
    store.add_many([({"type": f"hat {number}", "added": f"2026-02-{number:02}"}, None, None) for number in range(100)])
    at = page()
    assert (len(names(at)), names(at)[0]) == (60, "hat 99")
    assert "104 items" in texts(at)


def test_a_large_wardrobe_is_read_once_and_shown_in_pages_however_often_the_page_runs(wardrobe_home, page, monkeypatch):
    FeatureStore(wardrobe_home).add_many([(item, None, None) for item in items(1_000)])
    load, pictures, seen = FeatureStore.load, FeatureStore.picture, Counter()
    monkeypatch.setattr(FeatureStore, "load", lambda self: seen.update(["load"]) or load(self))
    monkeypatch.setattr(FeatureStore, "picture", lambda *args: seen.update(["picture"]) or pictures(*args))
    at = page()
    assert len(names(at)) == 60
    run(at.text_input(key="find-text").set_value("red work"))
    assert seen["load"] == 1
    assert 60 < seen["picture"] <= 120


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
    run(at.multiselect(key="find-colour").set_value(["blue"]))
    send(at, edited_rows={1: {"size": "M"}})
    assert [item["size"] for item in store.items()] == [None, None, None, "M"]
    run(at.multiselect(key="find-colour").set_value([]))
    assert table(at).value["size"].tolist()[3] == "M"
    send(at, edited_rows={1: {"size": "42"}})
    assert [item["size"] for item in store.items()] == [None, "42", None, "M"]


def test_an_item_edited_out_of_the_filter_leaves_and_the_next_edit_finds_its_item(store, page):
    at = page()
    run(at.multiselect(key="find-colour").set_value(["blue"]))
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
        ("price", "12,5", {"price": 12.5}),
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
    run(at.multiselect(key="find-colour").set_value(["brown"]))
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
    run(at.multiselect(key="find-colour").set_value(["red"]))
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
    run(at.multiselect(key="find-state").set_value(["archived"]))
    assert gallery(at).count("<figure ") == 1


def test_filters_combine_and_are_cleared_together(store, page):
    at = page()
    run(at.multiselect(key="find-colour").set_value(["blue"]))
    run(at.text_input(key="find-text").set_value("jeans"))
    assert names(at) == ["jeans"]
    run(at.toggle(key="find-favourite").set_value(True))
    assert "Nothing fits these filters" in texts(at)
    before = filter_ids(at)
    run(at.button(key="clear-filters").click())
    assert names(at) == ["jeans", "shoes", "dress", "t-shirt"]
    assert before.isdisjoint(filter_ids(at)), "what a slow browser still tells of the old ones brings no filter back"


def filter_ids(at: AppTest) -> set[str]:
    boxes = [*at.text_input, *at.multiselect, *at.toggle, *at.number_input]
    return {box.id for box in boxes if str(box.key).startswith("find-")}


def test_the_order_is_of_the_whole_wardrobe(store, page):
    at = page()
    run(at.selectbox(key="find-order").set_value("Name"))
    assert names(at) == ["dress", "jeans", "t-shirt", "shoes"]  # black, blue, blue, brown
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
    (outfit,) = OutfitStore(store.home).saved()
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
    run(at.button(key="restore-backup-0").click())
    assert names(at) == ["jeans", "shoes", "dress", "t-shirt"]
    assert store.path.read_bytes() == good


def test_a_fuller_copy_is_offered_beside_the_newest(store, page):
    before = store.path.read_bytes()
    store.path.write_bytes(store.dump(store.empty()))
    store.add({"type": "scarf"})
    store.path.write_text("{")
    at = page()
    assert "with 1 entries; " in texts(at) and "is older and has 4" in texts(at)
    assert at.button(key="restore-backup-0")
    run(at.button(key="restore-backup-1").click())
    assert store.path.read_bytes() == before


def test_a_broken_file_without_a_backup_offers_none(wardrobe_home, page):
    wardrobe_home.mkdir()
    (wardrobe_home / "wardrobe.json").write_text("{")
    at = page()
    assert "broken at line 1" in texts(at)
    assert not [button for button in at.button if button.key and button.key.startswith("restore-backup")]


def test_amounts_and_days_are_text_that_no_locale_misreads(store, page):
    store.update("b", price=80, bought="2026-03-31")
    at = page()
    assert table(at).value[["price", "bought"]].iloc[1].tolist() == ["80.00", "2026-03-31"]
    send(at, edited_rows={0: {"price": "49,90", "bought": "04.03.2026"}, 1: {"price": "1.299,00"}})
    assert (store.get("a")["price"], store.get("a")["bought"], store.get("b")["price"]) == (49.9, "2026-03-04", 1299)


def test_amounts_and_days_sort_by_their_letters_as_by_their_values(store, page):
    """The grid sorts text by its letters when a heading is clicked; an amount is still read as it was typed."""
    for item_id, price, bought in (("a", 1299, "2026-03-31"), ("b", 80, "2025-11-02"), ("c", 9.5, "1999-12-01")):
        store.update(item_id, price=price, bought=bought)
    at = page()
    shown = table(at).value.loc[:, ["price", "bought"]].dropna()
    assert sorted(shown["price"]) == ["   9.50", "  80.00", "1299.00"]
    assert sorted(shown["bought"]) == ["1999-12-01", "2025-11-02", "2026-03-31"]
    send(at, edited_rows={1: {"price": "  85.00"}})
    assert store.get("b")["price"] == 85


def test_what_can_be_read_in_two_ways_is_said_and_other_cells_are_kept(store, page):
    at = page()
    send(at, edited_rows={0: {"price": "1,299", "brand": "Acme"}, 1: {"bought": "3/4/2026"}})
    assert (store.get("a")["price"], store.get("a")["brand"], store.get("b")["bought"]) == (None, "Acme", None)
    assert "Price\\: '1,299' could be 1299 or 1.299" in texts(at)
    assert "Bought\\: '3/4/2026' could be 2026-03-04 or 2026-04-03" in texts(at)
    assert table(at).value["price"].isna().iloc[0]


def test_a_price_a_hundred_times_as_large_is_asked_about(store, page):
    store.update("b", price=80)
    at = page()
    send(at, edited_rows={1: {"price": "8000", "brand": "Other"}})
    assert (store.get("b")["price"], store.get("b")["brand"]) == (80, "Other")
    assert table(at).value["price"].iloc[1] == "80.00"
    run(at.button(key="odd-keep-b-price").click())
    assert (store.get("b")["price"], table(at).value["price"].iloc[1]) == (8000, "8000.00")


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


def test_a_search_says_what_it_understood(store, page):
    at = page()
    run(at.text_input(key="find-text").set_value("blue jeens"))
    assert names(at) == ["jeans"]
    assert "blue · jeens → jeans" in texts(at)
    run(at.text_input(key="find-text").set_value("brown spaceship"))
    assert "brown; not known, looked for as text" in texts(at)
    assert "Nothing fits" in texts(at)


def test_a_kind_typed_in_the_table_brings_its_category_and_an_unknown_one_is_asked_about(store, page):
    at = page()
    send(at, edited_rows={"0": {"type": "Hoodie"}})
    assert (store.get("a")["type"], store.get("a")["slot"]) == ("Hoodie", "outer")
    send(at, edited_rows={"1": {"type": "wibble"}})
    assert store.get("b")["type"] == "shoes"
    assert "'wibble' is no kind that is known" in texts(at)
