"""The recommender: what it never does (by hypothesis), what it says, and how it meets bad input."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outfit_items import basics, many, piece

from ewardrobe.outfits import candidates, compatibility, warmth
from ewardrobe.outfits import suggest as recommender
from ewardrobe.outfits.collage import names
from ewardrobe.outfits.gaps import OUT_OF_SEASON, advice, find_gaps, missing_slots
from ewardrobe.outfits.grammar import OCCASIONS, Wish, is_outfit, slot_of, temperature_problem, unavailable
from ewardrobe.outfits.packing import pack
from ewardrobe.outfits.suggest import diversity, suggest
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, LABELS, TERMS, terms_of
from ewardrobe.wardrobe.item import kind_fields, new_item
from ewardrobe.wardrobe.naming import told_apart
from ewardrobe.wardrobe.vocabulary import COLOURS, PATTERNS, SEASONS, STYLES

TODAY = date(2026, 11, 26)
KINDS = ["short sleeve top", "vest", "trousers", "skirt", "vest dress", "long sleeve outwear", "shoes", "bag", "hat"]

anything = st.none() | st.text(max_size=5) | st.integers() | st.floats() | st.lists(st.integers(), max_size=2)
ITEMS = st.builds(
    lambda kind, fields: kind_fields(kind) | fields,
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["coat", "jeans", "", "T-shirt"]),
            "colour": st.sampled_from([*COLOURS, None, "mauve"]),
            "pattern": st.sampled_from([*PATTERNS, None]),
            "style": st.sampled_from([*STYLES, None]),
            "state": st.sampled_from(["in use", "laundry", "lent", "archived", None]),
            "archived": st.booleans(),
            "season": st.lists(st.sampled_from(SEASONS), unique=True, max_size=2),
            "favourite": st.booleans(),
            "wear_log": st.lists(st.fixed_dictionaries({"date": st.dates().map(str)}), max_size=2),
            "colours": anything,
            "material": anything,
        },
    ),
)
WARDROBES = st.lists(ITEMS, max_size=12).map(lambda items: [item | {"id": str(n)} for n, item in enumerate(items)])
WISHES = st.builds(
    Wish,
    occasion=st.sampled_from([None, *OCCASIONS]),
    temperature=st.none() | st.floats(-20, 40),
    season=st.sampled_from([None, *SEASONS]),
    locked=st.lists(st.sampled_from("0123"), max_size=2).map(tuple),
    extras=st.sampled_from([(), ("shoes", "bag"), ("hat",)]),
    today=st.sampled_from([None, TODAY]),
    seed=st.integers(0, 5),
)


@pytest.fixture(scope="module")
def model():
    return compatibility.load()


@settings(max_examples=25)
@given(items=WARDROBES, wish=WISHES, count=st.integers(1, 8))
def test_what_no_suggestion_ever_breaks(items, wish, count):
    by_id = {item["id"]: item for item in items}
    found = suggest(items, wish, count, compatibility.load())
    assert len(found.outfits) <= count
    assert len({frozenset(outfit.ids) for outfit in found.outfits}) == len(found.outfits), "an outfit came twice"
    for outfit in found.outfits:
        pieces = [by_id[item_id] for item_id in outfit.ids]
        assert is_outfit([slot_of(item) for item in pieces])
        assert all(unavailable(item) is None for item in pieces)
        assert set(wish.locked) <= set(outfit.ids)
        assert 0 <= outfit.score <= 1 and all(0 <= value <= 1 for value in outfit.terms.values())
        assert [r.name for r in outfit.reasons] == list(outfit.terms) and all(r.text for r in outfit.reasons)
        in_season = [i for i in pieces if not i.get("season") or not wish.season or wish.season in i["season"]]
        assert {item["id"] for item in pieces} - {item["id"] for item in in_season} <= set(wish.locked)
    assert suggest(items, wish, count, compatibility.load()) == found, "not deterministic"


@settings(max_examples=40)
@given(items=WARDROBES, wish=WISHES)
def test_advice_speaks_exactly_where_there_is_too_little(items, wish):
    items = [item for item in items if item["id"] not in wish.locked]
    wish = Wish(season=wish.season, today=TODAY)
    said = advice(items, wish, 3)
    free = [item for item in items if unavailable(item) is None]
    free = [slot_of(i) for i in free if not (i.get("season") and wish.season) or wish.season in i["season"]]
    tops, bottoms, dresses = (free.count(slot) for slot in ("top", "bottom", "dress"))
    assert (said is None) == (tops * bottoms + dresses >= 3)


# The grammar


def test_every_outfit_has_its_slots_once_and_extras_as_wished(model):
    outfit = suggest(basics(), Wish(temperature=8, today=TODAY), 1, model).outfits[0]
    slots = [slot_of(item) for item in basics() if item["id"] in outfit.ids]
    assert {"outer", "shoes", "bag"} <= set(slots)
    bare = suggest(basics(), Wish(temperature=25, extras=(), today=TODAY), 3, model).outfits
    assert all({slot_of(i) for i in basics() if i["id"] in o.ids} <= {"top", "bottom", "dress"} for o in bare)


def test_outerwear_comes_with_the_cold_and_goes_with_the_heat(model):
    def coats(celsius):
        found = suggest(basics(), Wish(temperature=celsius, today=TODAY), 6, model).outfits
        return {any(item_id.startswith("outer") for item_id in outfit.ids) for outfit in found}

    assert coats(2) == {True} and coats(28) == {False}


def test_a_locked_piece_stays_and_the_rest_is_shuffled(model):
    first = suggest(many(200), Wish(locked=("i3",), seed=0, today=TODAY), 6, model)
    other = suggest(many(200), Wish(locked=("i3",), seed=1, today=TODAY), 6, model)
    assert all("i3" in outfit.ids for found in (first, other) for outfit in found.outfits)
    assert len(first.outfits) == 6 and first != other


def test_locked_pieces_that_clash_or_are_away_are_told():
    items = [*basics(), piece("dirty", "top", "pink", state="laundry")]
    assert suggest(items, Wish(locked=("dress-green", "top-red"))).problems
    assert "in the laundry" in suggest(items, Wish(locked=("dirty",))).problems[0]
    assert "no longer" in suggest(items, Wish(locked=("gone",))).problems[0]
    assert not suggest(items, Wish(locked=("dress-green", "outer-grey"))).problems


def test_a_combination_to_avoid_does_not_come_again(model):
    items = basics()
    first = suggest(items, Wish(today=TODAY, extras=()), 1, model).outfits[0]
    again = suggest(items, Wish(today=TODAY, extras=(), avoid=frozenset({frozenset(first.ids)})), 10, model).outfits
    assert again and all(not set(first.ids) <= set(outfit.ids) for outfit in again)


# The terms


def terms(items, wish=None, model=None):
    found = suggest(items, wish or Wish(extras=()), 1, model).outfits
    return found[0].terms if found else None


def test_formality_agreement_and_occasion():
    suit = [piece("a", "top", style="smart"), piece("b", "bottom", style="smart")]
    mixed = [piece("a", "top", style="party"), piece("b", "bottom", style="sporty")]
    assert terms(suit)["formality"] == 1.0 and terms(mixed)["formality"] == pytest.approx(0.05)
    assert terms(suit, Wish(occasion="work"))["formality"] == 1.0
    assert terms(suit, Wish(occasion="party"))["formality"] == pytest.approx(0.3 * 1 + 0.7 * 0.6)
    assert "formality" not in terms([piece("a", "top"), piece("b", "bottom")])


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("solid", "solid"), 0.85),
        (("striped", "solid"), 1.0),
        (("striped", "striped"), 0.65),
        (("floral", "striped"), 0.4),
    ],
)
def test_patterns(patterns, expected):
    items = [piece("a", "top", pattern=patterns[0]), piece("b", "bottom", pattern=patterns[1])]
    assert terms(items)["pattern"] == pytest.approx(expected)


def test_warmth_is_a_sum_of_clo():
    items = [piece("a", "top", category="long sleeve top", material="wool"), piece("b", "bottom", material="wool")]
    total = 0.25 * 1.5 + 0.24 * 1.5
    assert sum(map(warmth.clo, items)) == pytest.approx(total)
    expected = np.exp(-(((total + 0.1 - warmth.wanted(12)) / 0.3) ** 2))
    assert terms(items, Wish(temperature=12, extras=()))["weather"] == pytest.approx(expected)


def test_rotation_and_favourites():
    worn = [piece("a", "top", wear_log=[{"date": "2026-11-19"}]), piece("b", "bottom", favourite=True)]
    found = terms(worn, Wish(today=TODAY))
    assert found["rotation"] == pytest.approx((7 / 14 + 1) / 2) and found["favourites"] == 0.8
    fresh = terms([piece("a", "top"), piece("b", "bottom")], Wish(today=TODAY))
    assert "rotation" not in fresh and "favourites" not in fresh


def test_the_learned_term_needs_no_colour_material_or_style(model):
    """A real wardrobe may lack them all: then it goes by the categories alone, and stays finite."""
    found = terms([piece("a", "top"), piece("b", "bottom")], model=model)
    assert 0 < found["compatibility"] < 1


def test_every_reason_is_a_sentence(model):
    items = many(300)
    wish = Wish("work", 9, "autumn", today=TODAY)
    for outfit in suggest(items, wish, 12, model).outfits:
        for reason in outfit.reasons:
            assert reason.text[0] == reason.text[0].upper() and reason.text.endswith(".") and "  " not in reason.text
            assert reason.label == LABELS[reason.name]
    assert set(TERMS) == set(LABELS) == set(DEFAULT_WEIGHTS)


# A varied list, sparse wardrobes, gaps


def test_a_list_is_varied_and_says_how(model):
    items = many(400)
    found = suggest(items, Wish(today=TODAY), 6, model).outfits
    garments = [{i for i in o.ids if slot_of(items[int(i[1:])]) in ("top", "bottom", "dress", "outer")} for o in found]
    assert len(set().union(*garments)) >= 9
    assert diversity(found, {i["id"]: slot_of(i) for i in items}).startswith("6 outfits of ")


def test_advice_for_sparse_wardrobes():
    tops = [piece(str(n), "top") for n in range(3)]
    assert advice(tops, Wish()) == "There are 3 tops but no bottoms. Add two bottoms and I can make six outfits."
    dirty = [item | {"state": "laundry"} for item in basics()]
    said = advice(dirty, Wish())
    assert "Three tops and three bottoms and one dress are in the laundry." in said
    summer = [piece("a", "top", season=["summer"])]
    assert "1 piece is marked for other seasons." in advice(summer, Wish(season="winter"))
    assert advice(basics(), Wish()) is None
    assert suggest(dirty, Wish()).outfits == ()


def test_a_gap_is_what_the_wardrobe_lacks(model):
    items = [piece(str(n), "top", c, pattern="solid", style="casual") for n, c in enumerate(("white", "navy", "red"))]
    found = find_gaps(items, Wish(), model)
    assert found and found[0].category in ("trousers", "shorts", "skirt") and found[0].opens > 0
    assert [gap.opens for gap in found] == sorted((gap.opens for gap in found), reverse=True)
    assert all(gap.opens == 1 and "dress" in gap.category for gap in find_gaps([], Wish(), model)), "a dress is one"


@pytest.mark.parametrize("season", ["autumn", "winter", "spring", "summer"])
def test_no_gap_is_what_is_owned_or_out_of_season(season, model):
    items = [*basics(), piece("bottom-navy", "bottom", "navy", pattern="solid", style="casual", state="laundry")]
    found = find_gaps(items, Wish(season=season), model)
    assert found
    for gap in found:
        assert (gap.category, gap.colour) not in {("trousers", c) for c in ("blue", "navy", "black", "beige")}
        assert season not in OUT_OF_SEASON.get(gap.category, ()), gap


def test_what_nobody_goes_without_comes_first():
    clothes = [item for item in basics() if slot_of(item) in ("top", "bottom")]
    assert missing_slots(clothes, "winter") == ["shoes", "coat or jacket"]
    assert missing_slots([*clothes, piece("s", "shoes", state="laundry")], "summer") == []
    assert missing_slots([*clothes, piece("s", "shoes", state="archived")], "summer") == ["shoes"]


def test_packing_wears_pieces_again_but_no_outfit_twice(model):
    items = many(120)
    packed = pack(items, Wish(temperature=20, today=TODAY), 5, model)
    assert len(packed.days) == 5 and len({frozenset(day.ids) for day in packed.days}) == 5
    garments = {i for day in packed.days for i in day.ids if slot_of(items[int(i[1:])]) in ("top", "bottom", "dress")}
    assert garments <= set(packed.ids) and len(garments) < 10, "nothing is worn twice"
    few = pack(basics(), Wish(temperature=20, today=TODAY), 30, model)
    assert len(few.days) < 30 and few.note


# Bad input


@pytest.mark.parametrize("value", [80, 59.0, 451, -100, float("nan"), float("inf")])
def test_temperatures_beyond_weather_are_questioned(value):
    assert temperature_problem(value)
    with pytest.raises(ValueError, match="°C|number"):
        Wish(temperature=value)


def test_fahrenheit_is_recognised():
    assert temperature_problem(80).endswith("If you meant 80 °F, that is 27 °C.")
    assert "°F" not in temperature_problem(451)
    assert all(temperature_problem(v) is None for v in (-40, 0, 45, None))


def test_unknown_occasions_and_seasons_are_refused():
    with pytest.raises(ValueError, match="everyday, work"):
        Wish(occasion="wedding")
    with pytest.raises(ValueError, match="spring, summer"):
        Wish(season="monsoon")


def test_items_without_anything_are_survived(model):
    items = [{"id": "1"}, {"id": "2", "category_id": 99}, {"id": "3", "category_id": 1, "colours": "red"}, {}]
    assert suggest(items, Wish(temperature=5, season="winter", today=TODAY), 6, model).outfits == ()
    assert "Add" in advice(items, Wish())
    assert suggest([], Wish(), 6, model).outfits == ()


def test_ten_times_the_items_make_no_more_outfits_to_score(model, monkeypatch):
    """Each piece is looked at once; what is combined is a shortlist, whose length the wardrobe's does not change."""

    def scored(count):
        rows = {candidates: 0, recommender: 0}
        for module in rows:

            def counted(closet, outfits, *rest, module=module):
                rows[module] += len(outfits)
                return terms_of(closet, outfits, *rest)

            monkeypatch.setattr(module, "terms_of", counted)
        found = suggest(many(count), Wish("work", 8, "winter", today=TODAY), 6, model)
        assert len(found.outfits) == 6
        return rows[candidates], rows[recommender]

    (alone, combined), (alone_of_many, combined_of_many) = scored(500), scored(5_000)
    assert alone <= 500 and alone_of_many <= 5_000
    assert 0 < combined_of_many <= 1.2 * combined


def test_the_titles_of_a_list_of_suggestions_all_differ():
    kinds = ("t-shirt", "jeans", "skirt", "sneakers")
    wardrobe = [new_item({"id": str(n), "type": kinds[n % 4], "colour": "black"}) for n in range(24)]
    outfits = suggest(wardrobe, Wish(), 8, compatibility.load()).outfits
    pieces = [[item for item in wardrobe if item["id"] in outfit.ids] for outfit in outfits]
    labels = told_apart(item for outfit in pieces for item in outfit)
    titles = [names(outfit, labels) for outfit in pieces]
    assert len(titles) == len(set(titles)) == 8
    assert len({names(outfit) for outfit in pieces}) < 8
