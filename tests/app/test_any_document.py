"""Whatever JSON stands in the wardrobe's files: every page shows it or says what is wrong; the doctor settles it."""

import json
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from wardrobe_page import texts

from ewardrobe.feature_store import doctor
from ewardrobe.feature_store.backup_zip import open_backup
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe.fields import STORED

PAGES = ("wardrobe", "statistics", "outfits", "exchange")
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["\ud800", "=1+1", "2026-02-30", "../../x.png", "skirt", "shoes", "0001-01-01", "9999-12-31", "\x00"]
    ),
    st.builds(lambda depth: json.loads("[" * depth + "]" * depth), st.sampled_from([3, 120, 400])),
    st.lists(st.integers() | st.text(max_size=3) | st.none(), max_size=2),
    st.lists(
        st.dictionaries(
            st.sampled_from(["name", "hex", "share", "lab", "date", "outfit", "by", "guess", "confidence"]),
            st.none() | st.text(max_size=4) | st.floats() | st.lists(st.floats(), max_size=3) | st.just("2026-03-01"),
            max_size=4,
        ),
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(["brand", "type", "pattern", "by"]), st.text(max_size=3) | st.integers(), max_size=2
    ),
)
ITEM = st.dictionaries(st.sampled_from([*STORED, "unreadable", "own"]), ODD, max_size=8)
ENTRY = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b"]), "items": st.just(["item-1", "item-1", "gone"])},
    optional={
        **dict.fromkeys(("name", "created", "outfit", "layout", "terms", "liked"), ODD),
        "date": st.just("2026-03-01") | ODD,
    },
)
WHOLE = {"name": "Monday", "date": "2999-03-01", "liked": True, "terms": {}}
OUTFITS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("outfits", "planned", "feedback"), st.lists(ENTRY.map(lambda e: WHOLE | e), max_size=3))
)
CASES = {
    "half a surrogate pair": {"brand": "caf\ud800", "own": {"\ud800": 1}},
    "too large a number": {"price": float("inf"), "own": float("nan"), "score": float("-inf")},
    "beyond all numbers": {"price": 1e308, "score": 1e308, "own": 1e308, "colours": [{"share": 1e308}]},
    "nested 900 deep": {"own": json.loads("[" * 900 + "]" * 900)},
    "share that is text": {"colours": [{"hex": "#ff0000", "share": "abc"}]},
    "colour that is none": {"colours": [{"hex": "javascript:1", "share": 0.5, "name": 7}]},
    "source that is none": {"source": {"pattern": {"by": 7, "confidence": "much", "guess": {}}}},
    "numbers for text": {"id": 7, "type": 7, "brand": 7, "added": 7, "tags": 7, "image": 7, "hash": 7},
    "categories that are none": {"category": "blazer", "slot": "moon", "category_id": 99},
    "objects for text": {"type": {}, "category": [], "slot": {}, "state": {}, "added": {}, "hash": []},
    "unreadable that is none": {"unreadable": [1]},
}


def write(store: FeatureStore, items: list, outfits: dict) -> None:
    """Write both files as this version does, so that their checksum is right."""
    store.home.mkdir(parents=True, exist_ok=True)
    for path in store.home.glob("*.json*"):
        path.unlink()
    lines = b",\n".join(json.dumps(item).encode().replace(b"1e+308", b"1e400") for item in items)
    head = b'{\n"format":"eWardrobe",\n"version":2,\n"samples_added":true,\n"revision":1,"checksum":%d,"items":[\n'
    store.path.write_bytes(head % zlib.crc32(lines) + lines + b"\n]\n}\n")
    store.outfits.path.write_text(json.dumps(outfits))


def stands(repository, name: str, **query) -> AppTest:
    at = AppTest.from_file(str(repository / "pages" / f"{name}.py"), default_timeout=300)
    for key, value in query.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, (name, at.exception)
    return at


def settled_by_the_doctor(store: FeatureStore) -> None:
    doctor.mend(store)
    assert not [finding for finding in doctor.examine(store) if finding.cure]
    assert doctor.mend(store) == []


def check(repository, store: FeatureStore) -> None:
    for name in PAGES:
        stands(repository, name)
    for item in store.items()[:2]:
        stands(repository, "wardrobe", item=item["id"])
    settled_by_the_doctor(store)


@pytest.mark.parametrize("name", CASES)
def test_a_value_that_is_none_breaks_no_page(name, repository, wardrobe_home, tmp_path):
    store = FeatureStore()
    write(store, [CASES[name], {"type": "skirt", "category_id": 9}], {})
    assert doctor.examine(store), "the doctor finds all that is wrong"
    before = store.path.read_bytes()
    check(repository, store)
    assert store.path.read_bytes() != before
    assert not doctor.document.find_faults(store.items(), store.path)


# Not shrunk: every run of the pages takes seconds.
@settings(
    max_examples=4,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(items=st.lists(ITEM, min_size=4, max_size=8), outfits=OUTFITS)
def test_whatever_stands_in_the_files(items, outfits, repository, wardrobe_home):
    store = FeatureStore()
    write(store, items, outfits)
    check(repository, store)


def test_plans_that_name_objects_are_told(repository, wardrobe_home):
    store = FeatureStore()
    write(store, [{"type": "skirt"}], {"planned": [{"date": "2026-03-01", "items": ["a"], "outfit": {"id": "a"}}]})
    with pytest.raises(StoreError, match='entry 1 of "planned": "outfit" must be text or nothing'):
        store.outfits.document()
    assert "must be text or nothing" in texts(stands(repository, "outfits"))


def test_outfits_with_one_id_have_ids_of_their_own(repository, wardrobe_home):
    store = FeatureStore()
    outfit = {"id": "a", "name": "Monday", "items": ["item-1"]}
    write(store, [{"type": "skirt"}], {"outfits": [outfit, outfit]})
    at = AppTest.from_file(str(repository / "pages" / "outfits.py"), default_timeout=90)
    at.session_state["outfits-open-tab"] = "Saved"
    assert not at.run().exception
    assert len({outfit["id"] for outfit in store.outfits.saved()}) == 2


def test_a_backup_goes_through_the_same_check(wardrobe_home, tmp_path):
    store = FeatureStore()
    write(store, [{"id": 7, "price": "x", "colours": "red"}, {"id": "7"}], {})
    with zipfile.ZipFile(tmp_path / "backup.zip", "w") as archive:
        archive.write(store.path, "wardrobe.json")
    with open_backup(tmp_path / "backup.zip") as backup:
        assert backup.items == store.items()
        assert [item["id"] for item in backup.items] == ["7", "7-2"]
