"""Filters and orders of the wardrobe page: all of them combine, none of them looks at an item one by one."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta

import pandas as pd

from ewardrobe.wardrobe.derived import prices
from ewardrobe.wardrobe.fields import FIELD, TABLE
from ewardrobe.wardrobe.reading import same
from ewardrobe.wardrobe.search import understand

HIDDEN_STATES = ("archived",)
"""Shown only when they are asked for."""

LISTS = tuple(field for field in TABLE if field.filtered)
"""The fields of which values are chosen."""

WORN = {
    "never": "Never worn",
    "30": "Not worn for a month",
    "180": "Not worn for half a year",
    "365": "Not worn for a year",
}
"""Choices of the filter ``worn``; the numbers are days."""


@dataclass(frozen=True)
class Filters:
    """What the owner asks to see; the empty value of each lets everything pass, archived items apart.

    any_of: by the name of one of ``LISTS`` the values of which an item must have one, none for all.
    price_from, price_to: inclusive, in the wardrobe's currency; either leaves items without a price out.
    """

    text: str = ""
    any_of: Mapping[str, Collection[str]] = field(default_factory=dict)
    worn: str | None = None
    price_from: float | None = None
    price_to: float | None = None
    favourite: bool = False
    needs_wash: bool = False
    asks: bool = False

    @property
    def count(self) -> int:
        """How many of them are set."""
        single = [part for part in fields(self) if part.name != "any_of"]
        return sum(getattr(self, part.name) != part.default for part in single) + sum(map(bool, self.any_of.values()))


def apply(frame: pd.DataFrame, filters: Filters, today: date | None = None) -> pd.DataFrame:
    """Return the rows of a frame of ``derived.with_derived`` that pass every filter, in their order.

    The text is understood as people ask (see `search`).
    """
    keep = pd.Series(True, index=frame.index)
    if not filters.any_of.get("state"):
        keep &= ~frame["state"].isin(HIDDEN_STATES)
    for name, chosen in filters.any_of.items():
        wanted = set(map(same, chosen))
        if chosen and FIELD[name].many:
            keep &= frame[name].map(lambda values, wanted=wanted: not wanted.isdisjoint(map(same, values)))
        elif chosen:
            keep &= frame[name].isin([v for v in frame[name].unique() if isinstance(v, str) and same(v) in wanted])
    if filters.text:
        keep &= understand(filters.text, frame).mask(frame)
    for name in ("favourite", "needs_wash", "asks"):
        if getattr(filters, name):
            keep &= frame[name].astype(bool)
    if filters.price_from is not None or filters.price_to is not None:
        most = math.inf if filters.price_to is None else filters.price_to
        keep &= prices(frame).between(filters.price_from or 0, most)
    if filters.worn == "never":
        keep &= frame["wears"] == 0
    elif filters.worn:
        first = ((today or date.today()) - timedelta(days=int(filters.worn))).isoformat()
        keep &= frame["last_worn"].fillna("") < first
    return frame[keep]


def hidden(frame: pd.DataFrame, filters: Filters) -> int:
    """Return how many items are left out only because they are archived."""
    if filters.any_of.get("state"):
        return 0
    return len(apply(frame, replace(filters, any_of={**filters.any_of, "state": HIDDEN_STATES})))


ORDERS: dict[str, tuple[str, bool]] = {
    "Newest first": ("added", False),
    "Oldest first": ("added", True),
    "Name": ("called", True),
    "Category": ("kind", True),
    "Colour": ("colour", True),
    "Brand": ("brand", True),
    "Worn most": ("wears", False),
    "Worn least": ("wears", True),
    "Worn last": ("last_worn", False),
    "Not worn longest": ("last_worn", True),
    "Dearest first": ("price", False),
    "Cheapest first": ("price", True),
    "Bought last": ("bought", False),
    "Bought first": ("bought", True),
    "Best cost per wear": ("cost_per_wear", True),
    "Worst cost per wear": ("cost_per_wear", False),
    "Changed last": ("changed", False),
}
"""Name of an order: column, ascending."""


def ordered(frame: pd.DataFrame, order: str) -> pd.DataFrame:
    """Return the rows in one of ``ORDERS``; equals keep their order, what has no value comes last.

    The one exception: what was never worn is what was not worn longest.
    """
    column, ascending = ORDERS[order]
    if column not in frame:
        return frame
    if column in ("wears", "price", "cost_per_wear"):
        values = pd.to_numeric(frame[column], errors="coerce")
    else:
        values = frame[column].map(lambda value: value.casefold() if isinstance(value, str) and value else None)
    last = "first" if order == "Not worn longest" else "last"
    return frame.loc[values.sort_values(ascending=ascending, kind="stable", na_position=last).index]
