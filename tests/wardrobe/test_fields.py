"""One schema for what is read and what is written: values of the wrong type, older files, unknown fields."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wardrobe_items import edit_many

from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe import sources
from ewardrobe.wardrobe.cells import value_of
from ewardrobe.wardrobe.fields import STORED, cleaned, faults
from ewardrobe.wardrobe.item import FIELDS, view

OLD_ITEM = {"id": "a", "type": "jeans", "price": "12,50", "size": 42, "tags": "work", "favourite": 1, "fit": "loose"}


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


def write_file(store: FeatureStore, *entries: dict, version: int = 1) -> bytes:
    store.home.mkdir(exist_ok=True)
    store.path.write_text(json.dumps({"version": version, "items": entries}))
    return store.path.read_bytes()


def test_a_new_item_has_every_field_with_its_default(store):
    item = store.get(store.add({"type": "coat"}))
    assert list(item) == ["id", *FIELDS]
    assert (item["state"], item["wears_since_wash"], item["wear_log"], item["price"]) == ("in use", 0, [], None)
    assert not faults(item)


def test_an_older_file_is_read_and_kept_when_it_is_first_changed(store):
    raw = write_file(store, OLD_ITEM)
    item = store.get("a")
    assert (item["price"], item["size"], item["tags"], item["favourite"]) == (12.5, "42", ["work"], True)
    assert store.path.read_bytes() == raw
    store.update("a", brand="Acme")
    document = json.loads(store.path.read_text())
    assert (document["version"], document["items"][0]["fit"]) == (2, "loose")
    kept = store.home / "wardrobe.v1.json"
    assert kept.read_bytes() == raw
    store.update("a", brand="Other")
    assert kept.read_bytes() == raw


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("price", "1.234,50 €", 1234.5), ("bought", "31.3.2026", "2026-03-31"), ("state", "In_Use", "in use")],
)
def test_text_is_read_in_a_file_as_in_a_table(store, name, text, value):
    write_file(store, {"id": "a", name: text})
    assert store.get("a")[name] == value
    assert value_of(name, text) == {name: value}


@pytest.mark.parametrize(("name", "text"), [("price", "1,234"), ("bought", "3/4/2026"), ("favourite", "maybe")])
def test_text_of_two_meanings_is_not_guessed_in_a_file_either(store, name, text):
    write_file(store, {"id": "a", name: text})
    assert store.get("a")["unreadable"] == {name: text}


def test_what_cannot_be_understood_is_kept_aside_until_the_field_is_set_anew(store):
    write_file(store, {"id": "a", "price": "a lot", "bought": "2026-02-30", "state": "on the moon", "wear_log": [{}]})
    item = store.get("a")
    assert (item["price"], item["bought"], item["state"], item["wear_log"]) == (None, None, "in use", [])
    assert item["unreadable"]["price"] == "a lot"
    store.update("a", price=3)
    unreadable = {"bought": "2026-02-30", "state": "on the moon", "wear_log": [{}]}
    assert (store.get("a")["price"], store.get("a")["unreadable"]) == (3, unreadable)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"price": "a lot"}, "field 'price': expected a number of at least 0, got 'a lot'"),
        ({"price": -1}, "field 'price': expected a number of at least 0, got -1"),
        ({"bought": "3/4/2026"}, "field 'bought': expected a date such as 2026-03-31, got '3/4/2026'"),
        ({"bought": "2026-02-29"}, "field 'bought': expected a date"),
        ({"state": "lost"}, "field 'state': expected one of in use, laundry, lent, archived, got 'lost'"),
        ({"wear_log": [{"date": "yesterday"}]}, "field 'wear_log': expected a list of"),
        ({"wash_interval": 1.5}, "field 'wash_interval': expected a number of wears"),
        ({"tags": [{}]}, "field 'tags': expected a list of text"),
    ],
)
def test_a_wrong_value_is_refused_with_what_was_expected(store, fields, told):
    item_id = store.add({"type": "coat"})
    before = store.path.read_bytes()
    with pytest.raises(StoreError) as error:
        store.update(item_id, **fields)
    assert told in str(error.value)
    assert store.path.read_bytes() == before


def test_every_change_notes_its_time_and_a_source_its_confidence(store):
    item_id = store.add({"type": "coat"})
    assert store.get(item_id)["changed"] is None
    predicted = {"by": "attributes", "confidence": 0.8}
    edit_many(store, {item_id: {"pattern": "striped"}}, source=predicted)
    item = store.get(item_id)
    assert item["changed"] > item["added"]
    assert (sources.by_whom(item, "pattern"), sources.confidence_of(item, "pattern")) == ("attributes", 0.8)
    assert (sources.by_whom(item, "brand"), sources.confidence_of(item, "brand")) == (None, None)
    edit_many(store, {item_id: {"pattern": "striped"}}, source=predicted)
    assert store.get(item_id)["changed"] == item["changed"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=5), parts, max_size=3),
    max_leaves=6,
)
FIELD_NAMES = st.sampled_from(["unreadable", *FIELDS]) | st.text(max_size=6)


@settings(max_examples=60, deadline=None)
@given(fields=st.dictionaries(FIELD_NAMES, JSON, max_size=6))
def test_any_object_can_be_read_as_an_item_and_loses_nothing(tmp_path_factory, fields):
    store = FeatureStore(tmp_path_factory.mktemp("home"))
    fields.pop("id", None)
    write_file(store, fields | {"id": "a"}, version=2)
    store.update("a", fit="loose")
    item = store.get("a")
    assert not faults(item)
    assert len(store.load()) == 1
    for name in fields.keys() - set(FIELDS) - {"fit", "unreadable"}:
        assert item[name] == fields[name]
    kept = item.get("unreadable") or {}
    for name in fields.keys() & set(FIELDS) - {"changed"}:
        as_held = (view({name: value})[name] for value in (fields[name], cleaned(name, fields[name])))
        assert name in kept or item[name] in as_held


def test_the_documentation_names_every_field():
    text = (Path(__file__).parents[2] / "docs" / "wardrobe.md").read_text("utf-8")
    section = text.split("## Fields")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(rows))) == sorted(STORED)
