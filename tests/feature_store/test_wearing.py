"""Wearing, washing and where an item is."""

from datetime import date, timedelta

import pytest

from ewardrobe.feature_store import wearing
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.wardrobe import wear_log

TODAY = date.today().isoformat()


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


@pytest.fixture
def ids(store) -> list[str]:
    return store.add_many([({"type": name, "price": 60}, None, None) for name in ("t-shirt", "jeans", "trainers")])


def test_wears_count_up_to_the_wash_and_start_again(store, ids):
    shirt, jeans, shoes = ids
    assert wearing.log_wear(store, [*ids, "gone"], "2026-03-01") == ids
    assert [wear_log.needs_wash(store.get(item_id)) for item_id in ids] == [True, False, False]
    for day in range(2, 7):
        wearing.log_wear(store, [jeans], date(2026, 3, day))
    assert wear_log.needs_wash(store.get(jeans))
    wearing.set_state(store, [shirt, jeans], wear_log.LAUNDRY)
    wearing.wash(store, [shirt, jeans], "2026-03-06")
    item = store.get(jeans)
    assert (item["wears_since_wash"], item["washed"], item["state"]) == (0, "2026-03-06", "in use")
    assert wear_log.days_worn(item) == [f"2026-03-0{day}" for day in range(1, 7)]
    wearing.log_wear(store, [jeans], "2026-03-05")
    wearing.log_wear(store, [jeans], "2026-03-07")
    wearing.log_wear(store, [jeans], "2026-02-07")
    assert store.get(jeans)["wears_since_wash"] == 1, "worn before the wash does not count"
    assert wear_log.days_worn(store.get(jeans))[-1] == "2026-03-07"


def test_a_wear_is_noted_once_and_takes_over_the_outfit(store, ids):
    for outfit in (None, None, "monday", "monday", None):
        wearing.log_wear(store, ids, outfit=outfit)
    item = store.get(ids[0])
    assert (item["wear_log"], item["wears_since_wash"]) == ([{"date": TODAY, "outfit": "monday"}], 1)
    wearing.log_wear(store, ids, outfit="evening")
    assert len(store.get(ids[0])["wear_log"]) == 2
    assert store.get(ids[0])["wears_since_wash"] == 1


def test_a_wear_can_be_taken_back(store, ids):
    wearing.log_wear(store, ids, outfit="monday")
    wearing.log_wear(store, ids, outfit="evening")
    wearing.undo_wear(store, ids, outfit="monday")
    assert store.get(ids[0])["wears_since_wash"] == 1
    wearing.undo_wear(store, ids)
    wearing.undo_wear(store, ids)
    assert (store.get(ids[0])["wear_log"], store.get(ids[0])["wears_since_wash"]) == ([], 0)


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", date.today() + timedelta(days=2)])
def test_a_day_that_cannot_be_is_refused(store, ids, day):
    with pytest.raises(StoreError, match="is no date|still to come"):
        wearing.log_wear(store, ids, day)


def test_states_have_a_reason_that_goes_with_them(store, ids):
    wearing.set_state(store, ids[:2], "lent", "to Kim")
    assert (store.get(ids[1])["state"], store.get(ids[1])["state_reason"]) == ("lent", "to Kim")
    wearing.set_state(store, ids[:1], wear_log.IN_USE)
    assert store.get(ids[0])["state_reason"] is None
    with pytest.raises(StoreError, match="expected one of in use, laundry, lent, archived"):
        wearing.set_state(store, ids, "sold")
