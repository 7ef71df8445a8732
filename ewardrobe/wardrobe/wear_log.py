"""What the wear log of an item tells: when it was worn, and whether it needs a wash."""

from __future__ import annotations

from collections.abc import Mapping

from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.naming import word_of
from ewardrobe.wardrobe.vocabulary import STATES

IN_USE, LAUNDRY, LENT, ARCHIVED = STATES

STATE_WORDS = {LAUNDRY: "in the laundry", LENT: "lent", ARCHIVED: "archived"}
"""Why an item cannot be worn, in a sentence."""

WASH_INTERVALS: dict[str, int | None] = {
    # names of the vocabulary; what has another gets the interval of its kind below
    **dict.fromkeys(("t-shirt", "socks", "underwear", "vest", "top", "leggings"), 1),
    **dict.fromkeys(("shirt", "blouse", "polo", "dress", "shorts", "nightwear"), 2),
    **dict.fromkeys(("hoodie", "sweatshirt"), 3),
    **dict.fromkeys(("trousers", "skirt", "sweater", "cardigan"), 4),
    "jeans": 6,
    **dict.fromkeys(("blazer", "jacket"), 8),
    **dict.fromkeys(("coat", "scarf", "gloves", "hat", "cap", "beanie"), 10),
    # kinds
    **dict.fromkeys(("short sleeve top", "sling"), 1),
    **dict.fromkeys(("long sleeve top", "short sleeve dress", "long sleeve dress", "vest dress", "sling dress"), 2),
    **dict.fromkeys(("short sleeve outwear", "long sleeve outwear"), 8),
    **dict.fromkeys(("shoes", "bag", "accessory"), None),
}
"""Wears after which an item needs a wash, by name of the vocabulary, else by kind; ``None``: it is not counted."""


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
    name = word_of(item)
    return WASH_INTERVALS[name] if name in WASH_INTERVALS else WASH_INTERVALS.get(kind(item))


def needs_wash(item: Mapping) -> bool:
    """Tell whether an item was worn as often as it may be between washes."""
    interval = wash_interval(item)
    return interval is not None and (item.get("wears_since_wash") or 0) >= interval


def days_worn(item: Mapping) -> list[str]:
    """Return the days on which an item was worn, in order, each once."""
    return sorted({wear["date"] for wear in item.get("wear_log") or ()})
