"""What follows from an item's fields: how often it was worn, what a wear cost, whether it needs a wash."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import chain
from typing import Any

import pandas as pd

from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.fields import STORED, TABLE
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.sources import LEARNED, open_question

DERIVED = ("kind", "wears", "last_worn", "cost_per_wear", "needs_wash", "asks", "search")
"""The columns that ``with_derived`` adds; they are never stored."""

SEARCHED = tuple(field.name for field in TABLE if field.searched)
NEEDED = dict.fromkeys((*SEARCHED, "category_id", "wear_log", "wears_since_wash", "wash_interval", "price", "source"))


def with_derived(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a wardrobe frame with the columns ``DERIVED``.

    wears: days worn; last_worn: ISO date or ``None``; cost_per_wear: price / wears, NaN where one of them is missing;
    needs_wash: bool; asks: whether a guess waits for the owner's word; search: all words of an item in small letters.
    """
    items = rows_of(frame[[name for name in NEEDED if name in frame]])  # all 40 columns take twice as long
    logs = [wear_log.days_worn(item) for item in items]
    columns = {
        "kind": [kind(item) for item in items],
        "wears": [len(log) for log in logs],
        "last_worn": [log[-1] if log else None for log in logs],
        "cost_per_wear": [_cost_per_wear(item, log) for item, log in zip(items, logs, strict=True)],
        "needs_wash": [wear_log.needs_wash(item) for item in items],
        "asks": [any(open_question(item, field) for field in LEARNED) for item in items],
        "search": [_words(item) for item in items],
    }
    types = {"kind": "str", "search": "str", "wears": "int64", "last_worn": "object"}
    types |= dict.fromkeys(("needs_wash", "asks"), "bool")
    made = {name: pd.Series(values, frame.index, types.get(name, "float64")) for name, values in columns.items()}
    return frame.assign(**made)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries with their ``id``, and ``None`` for whatever pandas calls missing."""
    columns = {name: frame[name].tolist() for name in frame.columns}
    values = zip(frame.index.tolist(), *columns.values(), strict=True)
    names = ("id", *columns)
    return [dict(zip(names, (None if missing(v) else v for v in row), strict=True)) for row in values]


def missing(value: Any) -> bool:
    """Tell whether ``value`` is one of the things that pandas and JSON have for nothing."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def iso_date(value: Any) -> str | None:
    """Return the day of an ISO date or time as text, ``None`` for anything else.

    >>> iso_date("2026-02-28T10:00:00+00:00"), iso_date("2026-02-30"), iso_date(date(2026, 1, 2)), iso_date(7)
    ('2026-02-28', None, '2026-01-02', None)
    """
    text = value.isoformat() if isinstance(value, date) else value
    if not isinstance(text, str):
        return None
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def _cost_per_wear(item: Mapping, days: list[str]) -> float:
    """Price / days worn; NaN before the first, when nobody knows what a wear will have cost."""
    cost = wear_log.cost_per_wear(item) if days else None
    return float("nan") if cost is None else cost


def _words(item: Mapping) -> str:
    found: list[str] = []
    for name in SEARCHED:
        value = item.get(name)
        found += map(str, value if isinstance(value, list) else [value] if value else [])
    return " ".join(found).casefold()


def all_of(frame: pd.DataFrame, field: str) -> list[str]:
    """Return every value of ``field`` (text or lists of texts) that the wardrobe holds, sorted."""
    if field not in frame:
        return []
    if field in STORED and STORED[field].empty is list:
        lists = (value for value in frame[field].array if isinstance(value, list))
        values = set(chain.from_iterable(lists))
    else:
        values = {value for value in frame[field].unique() if not missing(value)}
    return sorted(map(str, values - {""}), key=str.casefold)
