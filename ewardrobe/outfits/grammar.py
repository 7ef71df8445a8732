"""What an outfit is made of: the slots, which of them go together, and what may be suggested at all."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ewardrobe.core.taxonomy import CATEGORIES, CATEGORY_ID_BY_NAME, SLOTS
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.vocabulary import ACCESSORY_SLOTS, SEASONS

ALL_SLOTS = ("outer", "top", "dress", "bottom", *ACCESSORY_SLOTS)
"""Every slot, in the order in which an outfit is listed: from the outermost and uppermost down."""

BODY_SLOTS = tuple(slot for slot in ALL_SLOTS if slot in SLOTS)

OCCASIONS = {"everyday": "casual", "work": "smart", "party": "party", "sport": "sporty"}
"""What an outfit is for, and the style that it asks for."""

TYPICAL_CELSIUS = {"spring": 13.0, "summer": 24.0, "autumn": 12.0, "winter": 3.0}
"""The temperature that is assumed when only the season is known: daytime in a temperate climate."""

COLDEST, HOTTEST = -40.0, 45.0
"""Temperatures in °C beyond which a wish is taken for a slip."""

LAYER_BELOW, NO_LAYER_FROM = 16.0, 22.0
"""Below the first temperature an outfit needs outerwear, from the second on it has none."""


@dataclass(frozen=True)
class Wish:
    """What outfits are asked for.

    temperature: °C or ``None``; season: one of ``SEASONS`` or ``None``; occasion: a key of ``OCCASIONS``, ``None`` for
    any.  locked: ids of pieces that every outfit holds.  extras: accessory slots to fill where the wardrobe can.
    avoid: combinations (sets of ids) that must not come again.  today: for how long ago a piece was worn; ``None``: not
    considered.  seed: another one shuffles what is equally good.
    """

    occasion: str | None = None
    temperature: float | None = None
    season: str | None = None
    locked: tuple[str, ...] = ()
    extras: tuple[str, ...] = ("shoes", "bag")
    avoid: frozenset[frozenset[str]] = field(default_factory=frozenset)
    today: date | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no wish: the message says what is known."""
        if self.occasion is not None and self.occasion not in OCCASIONS:
            raise ValueError(f"unknown occasion {self.occasion!r}: expected one of {', '.join(OCCASIONS)}")
        if self.season is not None and self.season not in SEASONS:
            raise ValueError(f"unknown season {self.season!r}: expected one of {', '.join(SEASONS)}")
        if problem := temperature_problem(self.temperature):
            raise ValueError(problem)

    @property
    def celsius(self) -> float | None:
        """The temperature to dress for: the one given, else the season's usual one, else ``None``."""
        if self.temperature is not None:
            return float(self.temperature)
        return None if self.season is None else TYPICAL_CELSIUS[self.season]


def temperature_problem(value: float | None) -> str | None:
    """Return why ``value`` is no temperature in °C to dress for, with what may be meant; ``None`` if it is one.

    >>> temperature_problem(80)
    '80 °C is hotter than any weather. If you meant 80 °F, that is 27 °C.'
    >>> temperature_problem(18), temperature_problem(None)
    (None, None)
    """
    if value is None or COLDEST <= value <= HOTTEST:
        return None
    if not math.isfinite(value):
        return "The temperature is no number: type degrees Celsius, such as 18."
    if value > HOTTEST and COLDEST <= (celsius := fahrenheit_to_celsius(value)) <= HOTTEST:
        return f"{value:g} °C is hotter than any weather. If you meant {value:g} °F, that is {celsius:.0f} °C."
    return f"{value:g} °C is no weather to go out in: type degrees Celsius from {COLDEST:g} to {HOTTEST:g}."


def fahrenheit_to_celsius(value: float) -> float:
    """Return degrees Fahrenheit as Celsius.

    >>> fahrenheit_to_celsius(212)
    100.0
    """
    return (value - 32) / 1.8


def season_of(day: date) -> str:
    """Return the meteorological season of ``day`` on the northern half of the globe: what is offered first.

    >>> season_of(date(2026, 11, 26)), season_of(date(2026, 1, 1))
    ('autumn', 'winter')
    """
    return SEASONS[(day.month - 3) // 3 % 4]


def slot_of(item: Mapping) -> str:
    """Return the slot of an item, one of ``ALL_SLOTS``: its category's, else its accessory slot.

    >>> slot_of({"category": "skirt"}), slot_of({"category_id": 4}), slot_of({"slot": "shoes"}), slot_of({})
    ('bottom', 'outer', 'shoes', 'accessory')
    """
    number = category_number(item)
    return CATEGORIES[number - 1].slot if number else kind({"slot": item.get("slot")})


def category_number(item: Mapping) -> int:
    """Return the DeepFashion2 id 1..13 of an item's category, 0 where it has none or an unknown one."""
    number = item.get("category_id")
    if isinstance(number, int | float) and number in range(1, len(CATEGORIES) + 1):
        return int(number)
    return CATEGORY_ID_BY_NAME.get(item.get("category", ""), 0)


def unavailable(item: Mapping) -> str | None:
    """Return why an item cannot be worn now, in a word of its field ``state``; ``None`` if it can.

    >>> unavailable({"state": "laundry"}), unavailable({"state": "in use"}), unavailable({})
    ('laundry', None, None)
    """
    if item.get("archived") is True:
        return "archived"
    state = item.get("state")
    return None if state in (None, "", "in use") else str(state)


def in_season(item: Mapping, season: str | None) -> bool:
    """Tell whether an item suits ``season``; one that no season is noted for suits all."""
    return season is None or season in (item.get("season") or [season])


def layers(wish: Wish) -> tuple[bool, bool]:
    """Return whether outfits come without outerwear, and whether they come with it, by the temperature."""
    celsius = wish.celsius
    return celsius is None or celsius >= LAYER_BELOW, celsius is None or celsius < NO_LAYER_FROM


def is_outfit(slots: Iterable[str]) -> bool:
    """Tell whether these slots make an outfit: (top and bottom) or dress, and none of them twice.

    >>> is_outfit(["top", "bottom", "shoes"]), is_outfit(["dress", "outer"]), is_outfit(["top", "dress"])
    (True, True, False)
    """
    slots = list(slots)
    whole = {"top", "bottom"} <= set(slots) if "dress" not in slots else not {"top", "bottom"} & set(slots)
    return whole and len(slots) == len(set(slots))


def name_of(item: Mapping) -> str:
    """Return what an item is called."""
    return called({"slot": slot_of(item), **item})


def listed(names: Iterable[str]) -> str:
    """Return names as a list in a sentence.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    *first, last = list(names) or [""]
    return f"{', '.join(first)} and {last}" if first else last


def number_word(number: int) -> str:
    """Return a number as a sentence has it: in a word up to twelve."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[number] if number < len(words) else str(number)


def in_order(items: Iterable[Mapping]) -> list[Mapping]:
    """Return items in the order of ``ALL_SLOTS``."""
    return sorted(items, key=lambda item: ALL_SLOTS.index(slot_of(item)))
