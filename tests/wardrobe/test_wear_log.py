"""What the wear log of an item tells."""

import pytest

from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS, TYPES


@pytest.mark.parametrize(
    ("name", "interval"), [("t-shirt", 1), ("shirt", 2), ("dress", 2), ("jeans", 6), ("jacket", 8), ("coat", 10)]
)
def test_intervals_of_everyday_names(name, interval):
    assert wear_log.wash_interval({"type": name.upper(), **kind_fields(TYPES[name])}) == interval


def test_every_name_and_kind_has_an_interval_and_shoes_have_none():
    known = wear_log.WASH_INTERVALS
    assert not [name for name in (*KINDS, *TYPES) if name not in known and TYPES.get(name) not in known]
    assert wear_log.wash_interval({"type": "boots", **kind_fields("shoes")}) is None
    assert wear_log.wash_interval({"type": "boots", "wash_interval": 15}) == 15
    assert wear_log.wash_interval({"type": "anorak", **kind_fields("long sleeve outwear")}) == 8


def test_a_day_counts_once():
    jeans = {"wear_log": [{"date": f"2026-03-0{day}"} for day in (3, 1, 2, 2)]}
    assert wear_log.days_worn(jeans) == ["2026-03-01", "2026-03-02", "2026-03-03"]
