"""The outfits page without a browser: every control, every tab, sparse and broken wardrobes."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np
import pytest
from outfit_items import basics, many, piece, planned, saved_outfit
from streamlit.testing.v1 import AppTest
from wardrobe_items import edit_many

from ewardrobe.app.outfits.calendar import month_html, worn_by_day
from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.outfits.collage import collage_html, places
from ewardrobe.wardrobe import wear_log

TODAY = date.today()
CUTOUT = np.full((40, 30, 4), 200, np.uint8)


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    """Three tops, three bottoms, a dress, a coat, shoes and a bag, with pictures."""
    store = FeatureStore(wardrobe_home)
    store.add_many([(item, CUTOUT, None) for item in basics()])
    return store


@pytest.fixture
def book(store) -> OutfitStore:
    return OutfitStore(store.home)


@pytest.fixture
def page(repository):
    """Open the page at a tab."""

    def open_page(tab: str = "Suggestions", **state) -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "outfits.py"), default_timeout=60)
        at.session_state["outfits-tab"] = tab
        for key, value in state.items():
            at.session_state[key.replace("_", "-")] = value
        return run(at)

    return open_page


def run(at) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def texts(at: AppTest) -> str:
    elements = [*at.markdown, *at.caption, *at.error, *at.info, *at.warning, *at.code, *at.toast]
    return "\n".join(str(element.value) for element in elements)


def html(at: AppTest) -> str:
    return "\n".join(element.proto.body for element in at.get("html"))


def shown(at: AppTest) -> list[tuple[str, ...]]:
    """Ids of the outfits on the page, from the keys of their like buttons."""
    keys = [button.key for button in at.button if str(button.key).startswith("like-")]
    known = [item["id"] for item in FeatureStore().items()]
    return [tuple(sorted(i for i in known if i in key)) for key in keys]


def first(at: AppTest, start: str):
    return next(button for button in at.button if str(button.key).startswith(start))


# Suggestions


def test_suggestions_come_with_collage_reasons_and_bars(store, page):
    at = page()
    assert len(shown(at)) == 6 and len(set(shown(at))) == 6
    assert html(at).count("class='ew-collage'") == 6
    assert "Worn together" in html(at) and "style='width:" in html(at) and "<summary>Why<" in html(at)
    assert "6 outfits of" in texts(at)


def test_occasion_season_temperature_count_and_extras_are_heeded(store, page):
    edit_many(store, {"top-red": {"style": "sporty"}, "bottom-black": {"style": "sporty"}})
    store.update("bottom-blue", season=["summer"])
    at = page()
    run(at.number_input(key="outfits-temperature").set_value(3.0))
    assert all("outer-grey" in outfit for outfit in shown(at))
    run(at.number_input(key="outfits-temperature").set_value(27.0))
    assert not any("outer-grey" in outfit for outfit in shown(at))
    run(at.selectbox(key="outfits-season").select("winter"))
    assert not any("bottom-blue" in outfit for outfit in shown(at))
    run(at.selectbox(key="outfits-season").select(None))
    run(at.segmented_control(key="outfits-occasion").set_value("sport"))
    assert {"top-red", "bottom-black"} <= set(shown(at)[0])
    run(at.number_input(key="outfits-count").set_value(2))
    assert len(shown(at)) == 2
    run(at.multiselect(key="outfits-extras").set_value([]))
    assert not any("shoes" in item or "bag" in item for outfit in shown(at) for item in outfit)


def test_a_hat_comes_with_the_outfits_if_it_is_asked_for(store, page):
    store.add({"id": "hat-red", "type": "beanie", "slot": "hat", "colour": "red"}, CUTOUT)
    at = page()
    assert not any("hat-red" in outfit for outfit in shown(at))
    run(at.multiselect(key="outfits-extras").set_value(["shoes", "hat"]))
    assert all({"hat-red"} < set(outfit) for outfit in shown(at))


def test_a_piece_to_build_around_and_another_shuffle(store, page):
    at = page()
    run(at.multiselect(key="outfits-locked").set_value(["dress-green"]))
    assert shown(at) and all("dress-green" in outfit for outfit in shown(at))
    run(at.multiselect(key="outfits-locked").set_value(["dress-green", "top-red"]))
    assert "cannot be worn together" in texts(at) and not shown(at)
    run(at.multiselect(key="outfits-locked").set_value([]))
    run(at.button(key="outfits-shuffle").click())
    assert at.session_state["outfits-seed"] == 1 and shown(at)


def test_some_pieces_are_kept_and_the_rest_is_shuffled(store, page):
    at = page()
    pills = next(p for p in at.get("pills") if str(p.key).startswith("pills-"))
    kept = next(item for item in shown(at)[0] if item.startswith(("top", "dress")))
    run(pills.set_value([kept]))
    run(first(at, "mix-").click())
    assert at.session_state["outfits-locked"] == [kept]
    assert all(kept in outfit for outfit in shown(at))


def test_fahrenheit_is_asked_about(store, page):
    at = page()
    run(at.number_input(key="outfits-temperature").set_value(80.0))
    assert "If you meant 80 °F, that is 27 °C." in texts(at)
    assert shown(at), "what can be shown without it is shown"
    run(at.button(key="outfits-celsius").click())
    assert at.number_input(key="outfits-temperature").value == 27
    run(at.number_input(key="outfits-temperature").set_value(500.0))
    assert "type degrees Celsius" in texts(at)
    run(at.button(key="outfits-no-celsius").click())
    assert at.number_input(key="outfits-temperature").value is None


def test_likes_and_dislikes_are_kept_and_can_be_taken_back(store, book, page):
    at = page()
    before = shown(at)
    run(first(at, "like-").click())
    run(first(at, "dislike-").click())
    assert [entry["liked"] for entry in book.document()["feedback"]] == [False], "one rating for an outfit: the last"
    assert shown(at) == before, "the list under the pointer stays"
    run(first(at, "dislike-").click())
    assert book.document()["feedback"] == []
    run(first(at, "dislike-").click())
    again = page()
    assert before[0] not in shown(again), "what is disliked does not come again"


def test_wear_today_goes_to_the_log_and_back(store, page):
    at = page()
    ids = shown(at)[0]
    run(first(at, "wear-").click())
    assert all(wear_log.days_worn(store.get(item_id)) == [TODAY.isoformat()] for item_id in ids)
    assert "In the wear log of today" in texts(at)
    run(first(at, "worn-").click())
    assert not any(wear_log.days_worn(store.get(item_id)) for item_id in ids)


def test_saved_under_a_name_or_without_one(store, book, page):
    at = page()
    run(next(t for t in at.text_input if str(t.key).startswith("name-")).set_value("Monday"))
    run(first(at, "keep-").click())
    assert [outfit["name"] for outfit in book.saved()] == ["Monday"]
    assert tuple(sorted(book.saved()[0]["items"])) == shown(at)[0]
    run([b for b in at.button if str(b.key).startswith("keep-")][1].click())
    assert " and " in book.saved()[0]["name"]


def test_planned_from_the_card(store, book, page):
    at = page()
    day = TODAY + timedelta(days=3)
    run(next(d for d in at.date_input if str(d.key).startswith("day-")).set_value(day))
    run(first(at, "plan-").click())
    assert list(planned(book)) == [day.isoformat()]


def test_try_on_leaves_the_outfit_for_the_live_page(store, page):
    at = page()
    ids = shown(at)[0]
    run(first(at, "try-").click())
    assert tuple(sorted(at.session_state["live_outfit"])) == ids


def test_the_laundry_is_never_suggested_and_the_list_follows(store, page):
    at = page()
    wearing.set_state(store, ["top-white", "top-navy", "top-red"], "laundry")
    at = run(at)
    assert shown(at) and not any(item.startswith("top") for outfit in shown(at) for item in outfit)
    wearing.set_state(store, ["dress-green"], "lent")
    at = run(at)
    assert not shown(at) and "Three tops are in the laundry." in texts(at)


# Sparse, empty and broken wardrobes


def test_no_bottoms_gets_a_number(wardrobe_home, page):
    FeatureStore().add_many([(piece(f"t{n}", "top"), None, None) for n in range(3)])
    assert "Add two bottoms and I can make six outfits" in texts(page()).replace("\\", "")


def test_an_empty_wardrobe_says_what_to_add(wardrobe_home, page):
    store = FeatureStore()
    store.ensure_samples()
    store.remove_samples()
    assert "three tops and two bottoms" in texts(page())


def test_items_without_category_or_colours(wardrobe_home, page):
    FeatureStore().add_many([({"type": "thing", "slot": "mystery"}, None, None), *[(p, None, None) for p in basics()]])
    at = page()
    assert len(shown(at)) == 6
    run(at.number_input(key="outfits-count").set_value(24))
    assert "has no category" in texts(at)


def test_broken_outfits_are_told_and_restored(store, book, page):
    book.save("one", ["top-red"])
    book.save("two", ["top-red"])
    book.path.write_text('{"outfits": [')
    at = page("Saved")
    assert "could not be read" in texts(at) and "line 1" in texts(at)
    run(at.button(key="restore-backup-0").click())
    assert "one" in texts(at)


def test_missing_weights_leave_the_rules(store, page, monkeypatch, tmp_path):
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    at = page()
    assert "Without the learned term" in texts(at) and shown(at)
    assert "Worn together" not in html(at)


def test_ten_thousand_items_show_suggestions(wardrobe_home, page):
    FeatureStore().add_many([(item, None, None) for item in many(10_000)])
    assert len([b for b in page().button if str(b.key).startswith("like-")]) == 6


# Saved, by hand


def test_saved_outfits_are_worn_renamed_removed_and_brought_back(store, book, page):
    outfit_id = book.save("Monday", ["top-red", "bottom-blue"])
    at = page("Saved")
    assert "Monday" in texts(at)
    run(first(at, "wear-").click())
    assert store.get("top-red")["wear_log"] == [{"date": TODAY.isoformat(), "outfit": outfit_id}]
    run(at.text_input(key=f"rename-s-{outfit_id}").set_value("Tuesday"))
    assert saved_outfit(book, outfit_id)["name"] == "Tuesday"
    run(at.button(key=f"plan-s-{outfit_id}").click())
    assert planned(book)[TODAY.isoformat()]["outfit"] == outfit_id
    run(at.button(key=f"remove-s-{outfit_id}").click())
    assert book.saved() == []
    run(at.button(key="outfit-undo").click())
    assert [outfit["name"] for outfit in book.saved()] == ["Tuesday"]


def test_a_saved_outfit_survives_a_removed_piece(store, book, page):
    book.save("Monday", ["top-red", "bottom-blue"])
    store.remove("top-red")
    at = page("Saved")
    assert "One piece is no longer in the wardrobe" in texts(at)
    assert not any(str(b.key).startswith("wear-") for b in at.button)
    store.undo()
    wearing.set_state(store, ["bottom-blue"], "laundry")
    at = page("Saved")
    assert "no longer" not in texts(at) and "in the laundry" in texts(at)


def test_by_hand_is_scored_and_saved(store, book, page):
    at = page("By hand")
    run(at.multiselect(key="canvas-pieces").set_value(["top-red"]))
    assert "Not a whole outfit" in texts(at)
    run(at.multiselect(key="canvas-pieces").set_value(["top-red", "bottom-blue", "shoes-grey"]))
    assert at.metric[0].value.endswith("%") and "Worn together" in html(at)
    run(at.text_input(key="canvas-name").set_value("Mine"))
    run(at.button(key="canvas-save").click())
    saved = book.saved()[0]
    assert saved["name"] == "Mine" and set(saved["layout"]) == set(saved["items"])
    run(at.multiselect(key="canvas-pieces").set_value(["top-red", "bottom-blue"]))
    run(at.button(key="canvas-save").click())
    assert len(book.saved()) == 1 and book.saved()[0]["items"] == ["top-red", "bottom-blue"]
    run(at.button(key="canvas-copy").click())
    assert len(book.saved()) == 2
    run(at.button(key="canvas-reset").click())


def test_a_saved_outfit_is_changed_by_hand(store, book, page):
    outfit_id = book.save("Monday", ["top-red", "bottom-blue"], {"top-red": [0.5, 0.5, 0.2, 9]})
    at = page("Saved")
    run(at.button(key=f"edit-s-{outfit_id}").click())
    assert at.multiselect(key="canvas-pieces").value == ["top-red", "bottom-blue"]
    run(at.button(key="canvas-save").click())
    assert saved_outfit(book, outfit_id)["layout"]["top-red"] == [0.5, 0.5, 0.2, 9]


def test_the_name_of_an_outfit_that_is_changed_is_never_anothers(store, book, page):
    """The page that brings the name is replaced before it is drawn: the browser still tells of the name before."""
    outfit_id = book.save("Monday", ["top-red", "bottom-blue"])
    at = page("By hand", canvas_pieces=["top-red", "bottom-blue"])
    run(next(box for box in at.text_input if str(box.key).startswith("canvas-name")).set_value("Mine"))
    told = at._tree.get_widget_states()
    at.session_state["outfits-tab"] = "Saved"
    run(at)
    at.button(key=f"edit-s-{outfit_id}").click()
    run(at)
    at._run(told)
    assert not at.exception
    run(at.button(key="canvas-save").click())
    assert saved_outfit(book, outfit_id)["name"] == "Monday"


def test_the_name_of_a_garment_is_no_link_among_the_pieces_to_keep(store, page):
    for item in store.items():
        store.update(item["id"], type="![x](http://evil.example/x.png)")
    labels = [option.content for pills in page().get("button_group") for option in pills.proto.options]
    assert any("evil" in label for label in labels)
    assert not [label for label in labels if "](http" in label]


# Calendar, packing, what is missing, taste


def test_the_calendar_plans_turns_and_clears(store, book, page):
    outfit_id = book.save("Monday", ["top-red", "bottom-blue"])
    at = page("Calendar")
    run(at.date_input(key="calendar-day").set_value(TODAY + timedelta(days=1)))
    run(at.button(key="calendar-save").click())
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    assert planned(book)[tomorrow]["outfit"] == outfit_id and "Coming up" in texts(at)
    run(at.button(key="calendar-1").click())
    run(at.button(key="calendar--1").click())
    run(at.button(key="calendar-today").click())
    assert f"{TODAY:%B %Y}" in texts(at)
    store.remove("top-red")
    at = page("Calendar")
    assert "1 piece no longer in the wardrobe" in texts(at)
    run(at.button(key=f"unplan-{tomorrow}").click())
    assert planned(book) == {} and "Nothing is planned" in texts(at)


def test_todays_plan_is_worn_from_the_calendar(store, book, page):
    book.plan(TODAY, ["top-red", "bottom-blue"])
    at = page("Calendar")
    run(first(at, "wear-").click())
    assert wear_log.days_worn(store.get("top-red")) == [TODAY.isoformat()]


def test_the_packing_list_counts_and_plans(store, book, page):
    at = page("Packing list")
    run(at.number_input(key="packing-days").set_value(3))
    run(at.number_input(key="packing-temperature").set_value(22.0))
    run(at.segmented_control(key="packing-occasion").set_value("everyday"))
    assert "pieces for 3 days" in texts(at) and html(at).count("class='ew-collage'") == 3
    run(at.button(key="packing-save").click())
    assert len(planned(book)) == 3
    run(at.number_input(key="packing-temperature").set_value(80.0))
    assert "80 °F" in texts(at)
    run(at.number_input(key="packing-temperature").set_value(None))
    run(at.number_input(key="packing-days").set_value(30))
    assert "of 30 days" in texts(at)


def test_what_is_missing_names_kind_and_colour(store, page):
    at = page("What is missing")
    assert "well-scored outfit" in html(at)
    run(at.segmented_control(key="gaps-occasion").set_value("work"))


def test_taste_shows_every_weight_and_forgets(store, book, page):
    for number in range(6):
        book.rate([f"a{number}"], number % 2 == 0, {"colour": 0.9 if number % 2 == 0 else 0.1}, TODAY)
    at = page("Your taste")
    assert "colours" in texts(at) and html(at).count("<u style=") == 7
    run(at.button(key="taste-reset").click())
    assert book.document()["feedback"] == [] and "Nothing yet" in texts(at)
    run(at.button(key="taste-undo").click())
    assert len(book.document()["feedback"]) == 6


# Collage and month


def test_a_collage_is_in_wearing_order_and_escapes_names():
    items = [piece("b", "bottom") | {"type": "<b>jeans</b>"}, piece("o", "outer"), piece("t", "top", "red")]
    text = collage_html(items, lambda item: "data:image/svg+xml;base64,x")
    assert "<b>jeans" not in text and "&lt;b&gt;jeans" in text
    assert list(places(items)) == ["o", "t", "b"]
    assert places(items, {"t": [0.1, 0.2, 0.3, 7]})["t"] == (0.1, 0.2, 0.3, 7.0)
    two = places([piece("x", "bag"), piece("y", "bag")])
    assert two["x"] != two["y"], "not one on top of the other"


def test_a_month_shows_plans_before_wears():
    items = [piece("t", "top", wear_log=[{"date": "2026-02-03"}, {"date": "2026-02-04"}])]
    worn = dict.fromkeys(worn_by_day(items), items)
    text = month_html(
        date(2026, 2, 1), date(2026, 2, 3), {"2026-02-04": ("A & B", items, {})}, worn, lambda item: "data:,"
    )
    assert text.count("<em>worn</em>") == 1 and "<em>A &amp; B</em>" in text and "class='today'" in text
    assert text.count("<span>") == 35


def test_saved_outfits_are_plain_json(store, book):
    book.save("x", ["top-red"], {"top-red": (0.1, 0.2, np.float64(0.3), 4)})
    assert json.loads(book.path.read_text())["outfits"][0]["layout"] == {"top-red": [0.1, 0.2, 0.3, 4]}
