"""What follows from an item's fields: how often it was worn, what a wear cost, whether it needs a wash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.fields import STORED, TABLE
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.naming import called, word_of
from ewardrobe.wardrobe.palette import main_tone, seen_colours
from ewardrobe.wardrobe.reading import same
from ewardrobe.wardrobe.sources import LEARNED, open_question
from ewardrobe.wardrobe.vocabulary import key

DERIVED = (
    "kind",
    "word",
    "called",
    "hues",
    "tone",
    "wears",
    "last_worn",
    "cost_per_wear",
    "needs_wash",
    "asks",
    "search",
)
"""The columns that ``with_derived`` adds; they are never stored."""

SEARCHED = tuple(field.name for field in TABLE if field.searched)
NEEDED = dict.fromkeys(
    (*SEARCHED, "category_id", "colours", "wear_log", "wears_since_wash", "wash_interval", "price", "source")
)


def with_derived(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a wardrobe frame with the columns ``DERIVED``.

    word: what it is, a name of the vocabulary; called: what people call it; hues: the names of its colours, as far as
    they are seen; tone: how light the main one is, "" where nobody knows.
    wears: days worn; last_worn: ISO date or ``None``; cost_per_wear: price / wears, NaN before the first, when nobody
    knows what a wear will have cost; needs_wash: bool; asks: whether a guess waits for the owner's word; search: all
    words of an item as `vocabulary.key` has them.
    """
    items = rows_of(frame[[name for name in NEEDED if name in frame]])  # all 40 columns take twice as long
    logs = [wear_log.days_worn(item) for item in items]
    wears = np.array([len(log) for log in logs], np.int64)

    def column(values: Iterable, dtype: str) -> pd.Series:
        return pd.Series(list(values), frame.index, dtype)

    return frame.assign(
        kind=column(map(kind, items), "str"),
        word=column(map(word_of, items), "str"),
        called=column(map(called, items), "str"),
        hues=column(map(seen_colours, items), "object"),
        tone=column(map(main_tone, items), "str"),
        wears=wears,
        last_worn=column((log[-1] if log else None for log in logs), "object"),
        cost_per_wear=prices(frame) / np.where(wears, wears, np.nan),
        needs_wash=column(map(wear_log.needs_wash, items), "bool"),
        asks=column((any(open_question(item, field) for field in LEARNED) for item in items), "bool"),
        search=column(map(_words, items), "str"),
    )


def prices(frame: pd.DataFrame) -> pd.Series:
    """Return the prices as float64, NaN where there is none."""
    return pd.to_numeric(frame["price"], errors="coerce").astype(float)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries with their ``id``, and ``None`` for whatever pandas calls missing."""
    columns = {name: frame[name].tolist() for name in frame.columns}
    values = zip(frame.index.tolist(), *columns.values(), strict=True)
    return [dict(zip(("id", *columns), (None if missing(v) else v for v in row), strict=True)) for row in values]


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


def _words(item: Mapping) -> str:
    values = filter(None, map(item.get, SEARCHED))
    words = chain.from_iterable(value if isinstance(value, list) else [value] for value in values)
    return " ".join(key(str(word)) for word in words)


def all_of(frame: pd.DataFrame, field: str) -> list[str]:
    """Return every value of ``field`` (text or lists of texts) that the wardrobe holds, sorted.

    What a person takes for one word is one: the spelling that is used most.
    """
    if field not in frame:
        return []
    if field in STORED and STORED[field].holds.empty is list:
        values: Iterable = chain.from_iterable(value for value in frame[field].array if isinstance(value, list))
    else:
        values = (value for value in frame[field].array if not missing(value))
    spellings: dict[str, str] = {}
    for text, _ in Counter(map(str, values)).most_common():
        spellings.setdefault(same(text), text)
    spellings.pop("", None)
    return sorted(spellings.values(), key=str.casefold)
