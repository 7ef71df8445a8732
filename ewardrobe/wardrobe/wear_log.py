"""What the wear log of an item tells: when it was worn, whether it needs a wash, and what one wear of it costs."""

from __future__ import annotations

from collections.abc import Mapping

from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.vocabulary import STATES

IN_USE, LAUNDRY, LENT, ARCHIVED = STATES

WASH_INTERVALS: dict[str, int | None] = {
    # everyday names; whoever calls it something else gets the interval of its kind below
    **dict.fromkeys(("t-shirt", "socks", "underwear", "tights", "vest", "top", "sports bra", "leggings"), 1),
    **dict.fromkeys(("shirt", "blouse", "polo shirt", "dress", "shorts", "pyjamas"), 2),
    "trousers": 4,
    "skirt": 4,
    "sweater": 4,
    "jumper": 4,
    "cardigan": 4,
    "hoodie": 3,
    "sweatshirt": 3,
    "jeans": 6,
    "blazer": 8,
    "jacket": 8,
    "coat": 10,
    "scarf": 10,
    "gloves": 10,
    "hat": 10,
    "cap": 10,
    "beanie": 10,
    # kinds
    "short sleeve top": 1,
    "long sleeve top": 2,
    "short sleeve outwear": 8,
    "long sleeve outwear": 8,
    "sling": 1,
    **dict.fromkeys(("short sleeve dress", "long sleeve dress", "vest dress", "sling dress"), 2),
    **dict.fromkeys(("shoes", "bag", "accessory"), None),
}
"""Wears after which an item needs a wash, by everyday name, else by kind; ``None``: it is not counted."""


def wash_interval(item: Mapping) -> int | None:
    """Return after how many wears an item needs a wash: its own number, else its kind's; ``None`` for never.

    >>> wash_interval({"type": "Jeans"}), wash_interval({"type": "jeans", "wash_interval": 3})
    (6, 3)
    >>> wash_interval({"type": "trainers", "slot": "shoes"}), wash_interval({"type": "coat", "wash_interval": 0})
    (None, None)
    """
    own = item.get("wash_interval")
    if own is not None:
        return own or None
    name = str(item.get("type") or "").casefold()
    return WASH_INTERVALS[name] if name in WASH_INTERVALS else WASH_INTERVALS.get(kind(item))


def needs_wash(item: Mapping) -> bool:
    """Tell whether an item was worn as often as it may be between washes."""
    interval = wash_interval(item)
    return interval is not None and (item.get("wears_since_wash") or 0) >= interval


def days_worn(item: Mapping) -> list[str]:
    """Return the days on which an item was worn, in order, each once."""
    return sorted({wear["date"] for wear in item.get("wear_log") or ()})


def last_worn(item: Mapping) -> str | None:
    """Return the last day on which an item was worn."""
    return max((wear["date"] for wear in item.get("wear_log") or ()), default=None)


def cost_per_wear(item: Mapping) -> float | None:
    """Return price / days worn (the whole price before the first); ``None`` without a price."""
    price = item.get("price")
    return None if price is None else price / max(1, len(days_worn(item)))
