"""What garments are called, and the table of words behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wardrobe_items import items

from ewardrobe.core.attributes import HEADS
from ewardrobe.wardrobe import vocabulary
from ewardrobe.wardrobe.item import new_item
from ewardrobe.wardrobe.naming import called, told_apart, word_of
from ewardrobe.wardrobe.vocabulary import KINDS, TABLE, THINGS, key, narrower, row_of


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"type": "jacket", "category_id": 4, "colour": "navy", "material": "denim"}, "navy denim jacket"),
        ({"type": "denim jacket", "colour": "navy", "material": "denim"}, "navy denim jacket"),
        ({"type": "t-shirt", "pattern": "striped"}, "striped T-shirt"),
        ({"type": "T-Shirts", "colour": "white", "pattern": "solid", "material": "cotton"}, "white T-shirt"),
        ({"type": "t-shirt", "category": "long sleeve top", "sleeve": "long"}, "long-sleeved T-shirt"),
        ({"type": "shirt", "colour": "blue", "sleeve": "short"}, "blue short-sleeved shirt"),
        ({"type": "shirt", "colour": "blue", "sleeve": "long"}, "blue shirt"),
        ({"type": "tank top", "colour": "white", "sleeve": "none"}, "white tank top"),
        ({"type": "ankle boots", "colour": "black", "material": "leather"}, "black leather ankle boots"),
        ({"type": "jumper", "material": "wool", "colour": "grey"}, "grey wool jumper"),
        ({"type": "dress", "colour": "multicolour", "pattern": "floral"}, "floral dress"),
        ({"type": "dress", "sleeve": "none", "material": "silk", "pattern": "graphic"}, "printed silk dress"),
        ({"type": "dress", "sleeve": "none", "colour": "red"}, "red sleeveless dress"),
        ({"type": "scarf", "colour": "multicolour"}, "multicoloured scarf"),
        ({"type": "long sleeve outwear", "category": "long sleeve outwear", "colour": "navy"}, "navy jacket"),
        ({"category": "short sleeve top", "colour": "red", "sleeve": "short"}, "red short-sleeved top"),
        ({"type": "sling dress", "category": "sling dress", "sleeve": "none"}, "strappy dress"),
        ({"type": "jeans", "material": "denim", "colour": "blue", "name": "Old faithful"}, "Old faithful"),
        ({"type": "Grandma's coat", "colour": "red"}, "Grandma's coat"),
        ({"slot": "bag"}, "bag"),
        ({}, "accessory"),
    ],
)  # fmt: skip
def test_a_garment_is_called_what_people_call_it(fields, name):
    assert called(fields) == name


def test_no_name_is_deepfashion2s(tmp_path):
    for kind in KINDS:
        name = called({"category": kind}) if kind not in vocabulary.ACCESSORY_SLOTS else called({"slot": kind})
        assert not {"outwear", "sling", "vest"} & set(name.split()), name
        assert "sleeve " not in name


def test_every_kind_that_the_network_tells_is_a_word_with_its_categories():
    assert not [kind for kind in HEADS["kind"] if row_of("type", kind) is None or row_of("type", kind).name != kind]
    assert all(kind in KINDS for row in THINGS for kind in row.kinds)
    assert all(row.kinds for row in THINGS)


def test_every_wider_word_and_condition_is_in_the_table():
    names = {(row.field, row.name) for row in TABLE}
    assert not [(row.name, wider) for row in TABLE for wider in row.of if (row.field, wider) not in names]


def test_no_word_for_a_thing_has_two_meanings():
    found: dict[str, str] = {}
    clashes = []
    for row in THINGS:
        for form in row.same:
            if found.setdefault(key(form), row.name) != row.name:
                clashes.append((form, row.name, found[key(form)]))
    assert not clashes


def test_singular_and_plural_british_and_american_are_one():
    for words in (
        ("jumper", "jumpers", "sweater", "Sweaters"),
        ("trainers", "sneaker"),
        ("pants", "trouser", "trousers"),
    ):
        assert len({row_of("type", word) for word in words}) == 1
    assert row_of("colour", "gray") is row_of("colour", "grey")
    assert "burgundy" in narrower("colour", "red")


def test_labels_of_many_items_are_all_different():
    some = [
        {"id": str(number), "type": "tee", "brand": number % 3 and "Acme", "size": "SM"[number % 2]}
        for number in range(9)
    ]
    labels = told_apart([*some, *items(40)])
    assert len(set(labels.values())) == len(labels) == 49


@given(st.text(max_size=12), st.sampled_from(KINDS))
def test_whatever_it_is_called_it_has_a_name_and_a_word(text, kind):
    item = new_item({"type": text, **({"slot": kind} if kind in vocabulary.ACCESSORY_SLOTS else {"category": kind})})
    assert called(item)
    assert word_of(item) in {row.name for row in TABLE} | set(KINDS)
