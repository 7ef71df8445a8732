"""Filters, orders and what is derived from an item's fields."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wardrobe_items import TODAY, frame_of, items

from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.derived import DERIVED, all_of, rows_of, with_derived
from ewardrobe.wardrobe.filters import ORDERS, Filters, apply, hidden, ordered

ITEMS = (
    {
        "id": "a",
        "type": "jeans",
        "category_id": 8,
        "colour": "blue",
        "tags": ["work"],
        "price": 80,
        "season": ["winter"],
    },
    {"id": "b", "type": "shoes", "slot": "shoes", "brand": "Acme", "favourite": True, "price": 20},
    {"id": "c", "type": "Dress", "category_id": 10, "colour": "black", "state": "archived", "tags": ["party"]},
)
ITEMS[0]["wear_log"] = [{"date": "2026-03-01", "outfit": None}, {"date": "2026-02-01", "outfit": None}]
ITEMS[1]["source"] = {"material": {"by": "attributes", "confidence": 0.4, "guess": "wool"}}
ITEMS[1]["wear_log"] = [{"date": "2025-01-01", "outfit": None}]
ITEMS[0].update({"wears_since_wash": 2, "wash_interval": 2})


@pytest.fixture
def frame(tmp_path) -> pd.DataFrame:
    return frame_of(ITEMS, tmp_path)


def test_what_is_derived(frame):
    assert frame["kind"].tolist() == ["trousers", "shoes", "short sleeve dress"]
    assert frame["wears"].tolist() == [2, 1, 0]
    assert frame["last_worn"].tolist() == ["2026-03-01", "2025-01-01", None]
    assert frame["cost_per_wear"].tolist()[:2] == [40, 20]
    assert math.isnan(frame["cost_per_wear"].iloc[2])
    assert frame["needs_wash"].tolist() == [True, False, False]


def test_what_a_person_takes_for_one_word_is_one(tmp_path):
    spellings = ("Café Noir", "Café Noir", "Cafe\u0301 Noir", "CAFÉ NOIR", "Café  Noir\u200b")
    frame = frame_of([{"id": str(n), "type": "hat", "tags": []} for n in range(5)], tmp_path)
    frame["brand"] = spellings  # as an older file may have them
    frame["tags"] = [[text] for text in spellings]
    frame = with_derived(frame)
    for name in ("brand", "tags"):
        assert all_of(frame, name) == ["Café Noir"]
        assert len(apply(frame, Filters(any_of={name: ("Café Noir",)}))) == 5
    assert len(apply(frame, Filters(text="cafe\u0301 noir"))) == 5


def test_an_empty_wardrobe_has_the_same_columns(tmp_path):
    frame = with_derived(FeatureStore(tmp_path / "none").load())
    assert set(DERIVED) <= set(frame.columns)
    assert apply(frame, Filters(text="x", worn="30", price_from=1, any_of={"season": ("winter",)})).empty
    assert all(ordered(frame, order).empty for order in ORDERS)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), "ab"),
        (Filters(text="ACME shoes"), "b"),
        (Filters(text="work"), "a"),
        (Filters(text="acme work"), ""),
        (Filters(text="(["), ""),
        (Filters(any_of={"kind": ("trousers", "shoes")}), "ab"),
        (Filters(any_of={"colour": ("blue",), "tags": ("work", "party")}), "a"),
        (Filters(any_of={"state": ("archived",)}), "c"),
        (Filters(any_of={"state": ("archived", "in use")}), "abc"),
        (Filters(any_of={"season": ("winter",)}), "a"),
        (Filters(any_of={"brand": ("Acme",)}), "b"),
        (Filters(favourite=True), "b"),
        (Filters(needs_wash=True), "a"),
        (Filters(asks=True), "b"),
        (Filters(price_from=20, price_to=20), "b"),
        (Filters(price_from=21), "a"),
        (Filters(price_to=0), ""),
        (Filters(worn="never"), ""),
        (Filters(worn="30"), "b"),
        (Filters(worn="365"), "b"),
        (Filters(worn="never", any_of={"state": ("archived",)}), "c"),
    ],
)
def test_filters(frame, filters, found):
    assert "".join(apply(frame, filters, today=date(2026, 3, 14)).index) == found


def test_what_is_hidden_is_counted(frame):
    assert hidden(frame, Filters()) == 1
    assert hidden(frame, Filters(text="dress")) == 1
    assert hidden(frame, Filters(text="jeans")) == 0
    assert hidden(frame, Filters(any_of={"state": ("in use",)})) == 0


def test_set_filters_are_counted():
    assert (Filters().count, Filters(text="x", needs_wash=True, any_of={"kind": ("skirt",)}).count) == (0, 3)


@pytest.mark.parametrize(
    ("order", "ids"),
    [
        ("Name", "cab"),
        ("Worn most", "abc"),
        ("Worn least", "cba"),
        ("Worn last", "abc"),
        ("Not worn longest", "cba"),
        ("Dearest first", "abc"),
        ("Cheapest first", "bac"),
        ("Bought last", "abc"),
        ("Best cost per wear", "bac"),
        ("Colour", "cab"),
        ("Brand", "bac"),
    ],
)
def test_orders(frame, order, ids):
    assert "".join(ordered(frame, order).index) == ids


def test_every_value_of_a_field(frame):
    assert all_of(frame, "tags") == ["party", "work"]
    assert all_of(frame, "brand") == ["Acme"]
    assert all_of(frame, "no such field") == []


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> pd.DataFrame:
    return frame_of(items(120), tmp_path_factory.mktemp("many"))


words = st.text("abcdeilnorstw ", max_size=6)
some = st.sampled_from


@settings(max_examples=40)
@given(
    text=words,
    kinds=st.sets(some(["skirt", "shoes", "trousers", "vest"])),
    colours=st.sets(some(["red", "blue", "black"])),
    tags=st.sets(some(["work", "party"])),
    worn=st.none() | some(["never", "30", "365"]),
    order=some(sorted(ORDERS)),
)
def test_combined_filters_keep_exactly_what_each_of_them_keeps(many, text, kinds, colours, tags, worn, order):
    filters = Filters(
        text=text, worn=worn, any_of={"kind": tuple(kinds), "colour": tuple(colours), "tags": tuple(tags)}
    )
    single = [Filters(**{part.name: getattr(filters, part.name)}) for part in fields(Filters)]
    single += [Filters(any_of={name: values}) for name, values in filters.any_of.items()]
    expected = set.intersection(*[set(apply(many, one, today=TODAY).index) for one in single])
    found = ordered(apply(many, filters, today=TODAY), order)
    assert set(found.index) == expected
    assert found.index.is_unique
    for row in rows_of(found):
        assert all(word in row["search"] for word in text.split())
        assert not kinds or row["kind"] in kinds
        assert not tags or tags & set(row["tags"])
