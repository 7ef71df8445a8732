"""The statistics' tables by hand-worked cases, and that every figure can be drawn of any wardrobe."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from wardrobe_items import frame_of, items

from ewardrobe.evaluation.figures import wardrobe as figures
from ewardrobe.wardrobe import statistics
from ewardrobe.wardrobe.vocabulary import COLOURS

CHARTS = (
    *(figures.categories, figures.colours, figures.wear_counts, figures.cost_per_wear, figures.spending),
    figures.additions,
)


def wears(*days):
    return [{"date": day, "outfit": None} for day in days]


ITEMS = (
    {"id": "a", "type": "jeans", "category_id": 8, "colour": "blue", "price": 80, "bought": "2025-11-05"},
    {"id": "b", "type": "shoes", "slot": "shoes", "colour": "brown", "price": 60, "bought": "2026-01-20"},
    {"id": "c", "type": "skirt", "category_id": 9, "colour": "blue", "price": None, "added": "2026-01-02"},
    {"id": "d", "type": "jeans", "category_id": 8, "price": 40, "bought": "2025-11-30", "added": "2025-11-30"},
)
ITEMS[0].update({"wear_log": wears("2026-03-01", "2026-03-02", "2025-03-02"), "added": "2025-11-06T10:00:00+00:00"})
ITEMS[0].update(
    {"colours": [{"name": "white", "hex": "#ffffff", "share": 0.6}, {"name": "blue", "hex": "#3344cc", "share": 0.4}]}
)
ITEMS[1].update({"wear_log": wears("2026-03-01"), "added": "2026-01-21"})
ITEMS[2].update({"wear_log": wears("2025-01-01"), "colours": [{"name": "blue", "hex": "#88aaff", "share": 1}]})


@pytest.fixture
def frame(tmp_path) -> pd.DataFrame:
    return frame_of(ITEMS, tmp_path)


def test_summary(frame):
    found = statistics.summary(frame, today=date(2026, 3, 14))
    assert found == {
        "items": 4,
        "priced": 3,
        "value": 180,
        "worn": 3,
        "worn_recently": 2,
        "wears": 5,
        "cost_per_wear": (80 + 60) / 4,
    }


def test_summary_of_nothing(frame):
    found = statistics.summary(frame.iloc[:0])
    assert (found["items"], found["value"], found["cost_per_wear"]) == (0, None, None)


def test_by_category(frame):
    table = statistics.by_category(frame).set_index("category")
    assert table.index.tolist()[0] == "trousers"
    assert table.loc["trousers"].tolist() == [2, 1, 3, 120]
    assert table["items"].sum() == 4


def test_colours_are_those_that_were_measured(frame):
    table = statistics.by_colour(frame)
    assert table["id"].tolist() == ["b", "c", "a", "d"], "in the order of the colour names, light ones first"
    assert table.set_index("id")["hex"].to_dict() == {"a": "#3344cc", "c": "#88aaff", "b": None, "d": None}
    assert table["colour"].tolist()[-1] == "unknown"


def test_worn_most_least_never(frame):
    assert statistics.most_worn(frame)["id"].tolist() == ["a", "b"]
    assert statistics.most_worn(frame, least=True)["id"].tolist() == ["c"]
    assert statistics.most_worn(frame, 1)["id"].tolist() == ["a"]
    assert statistics.most_worn(frame, 1, least=True)["id"].tolist() == ["c"]
    assert statistics.never_worn(frame)["id"].tolist() == ["d"]


def test_cost_per_wear_puts_the_never_worn_last(frame):
    table = statistics.cost_per_wear(frame)
    assert table["id"].tolist() == ["a", "b", "d"]
    assert table["cost_per_wear"].round(2).tolist()[:2] == [26.67, 60]


def test_spending_has_every_month_between(frame):
    table = statistics.spending(frame)
    assert table["month"].tolist() == ["2025-11", "2025-12", "2026-01"]
    assert table["amount"].tolist() == [120, 0, 60]
    assert table["total"].tolist() == [120, 120, 180]
    assert table["items"].tolist() == [2, 0, 1]


def test_additions(frame):
    table = statistics.additions(frame).set_index(["month", "slot"])["items"]
    assert table["2025-11", "bottom"] == 2
    assert table["2025-12"].sum() == 0
    assert table["2026-01", "shoes"] == 1
    assert table.sum() == 4


def test_wear_log_and_calendar(frame):
    log = statistics.wears(frame)
    assert log["date"].is_monotonic_increasing
    assert statistics.years(log) == [2026, 2025]
    days = statistics.wear_days(log, 2026).set_index("date")
    assert len(days) == 365
    assert days.loc["2026-03-01"].tolist() == [2, "blue jeans, brown shoes"]
    assert days["wears"].sum() == 3


def test_a_leap_year_has_366_days_in_the_calendar(frame):
    chart = figures.calendar(statistics.wears(frame), 2024)
    assert len(chart.data) == 366
    assert pd.notna(pd.DataFrame(chart.figure.data[0].z)).to_numpy().sum() == 366


def test_the_calendar_puts_days_under_their_weekday(frame):
    chart = figures.calendar(statistics.wears(frame), 2026)
    heat = chart.figure.data[0]
    assert date(2026, 3, 1).weekday() == 6
    row = list(heat.text[6])
    assert [text for text in row if text.startswith("1 Mar")] == ["1 Mar: blue jeans<br>brown shoes"]
    assert heat.z[6][row.index("1 Mar: blue jeans<br>brown shoes")] == 2


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize("count", [0, 1, 4, 300])
def test_every_figure_can_be_drawn_of_any_wardrobe(draw, count, tmp_path):
    frame = frame_of(items(count), tmp_path) if count != 4 else frame_of(ITEMS, tmp_path)
    chart = draw(frame)
    chart.figure.to_json()
    assert chart.name.startswith("wardrobe_")
    assert isinstance(chart.data, pd.DataFrame)


def test_items_without_anything_can_be_drawn(tmp_path):
    frame = frame_of([{"id": str(number), "type": "thing"} for number in range(3)], tmp_path)
    for draw in CHARTS:
        draw(frame).figure.to_json()
    assert statistics.spending(frame).empty


def test_bars_of_a_colour_have_the_items_own_colours(frame):
    bars = figures.colours(frame).figure.data[0]
    assert set(bars.marker.color) >= {"#3344cc", "#88aaff"}
    assert sum(bars.x) == 4


def test_ten_thousand_items_make_no_more_bars_than_can_be_drawn(tmp_path):
    frame = pd.concat([frame_of(items(200), tmp_path)] * 50)
    bars = figures.colours(frame).figure.data[0]
    assert len(bars.x) <= (len(COLOURS) + 1) * figures.SLICES
    assert sum(bars.x) == 10_000


def test_items_of_one_name_keep_bars_of_their_own(tmp_path):
    same = [{"type": "tee", "colour": "red", "wear_log": wears("2026-01-01")} for _ in range(6)]
    bars = figures.wear_counts(frame_of(same, tmp_path)).figure.data[0]
    assert len(set(bars.y)) == 3


def test_dates_that_are_none_are_passed_over(frame):
    broken = frame.assign(bought="soon", added=None)
    assert statistics.spending(broken).empty
    assert statistics.additions(broken).empty
