"""Wearing and washing: the wear log of an item, when it needs a wash, and what one wear of it costs.

A day is ISO text (``2026-03-31``) or a ``date``; the log holds one entry for each day and outfit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ewardrobe.feature_store.wardrobe_json import StoreError
from ewardrobe.wardrobe.fields import STATES
from ewardrobe.wardrobe.item import kind

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore

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


# Changes


def log_wear(
    store: FeatureStore, item_ids: Iterable[str], day: date | str | None = None, outfit: str | None = None
) -> list[str]:
    """Note that items were worn on ``day`` (default: today), together as ``outfit`` if given; returns their ids.

    Items that are gone are passed over.  Noting the same twice changes nothing; a wear that was noted without an outfit
    takes it over.  Raises ``StoreError`` for a day that is none, or after tomorrow.
    """
    day = _day(day)
    return store.alter(item_ids, lambda item: _worn(item, day, outfit), f"logged wear on {_when(day)}")


def undo_wear(
    store: FeatureStore, item_ids: Iterable[str], day: date | str | None = None, outfit: str | None = None
) -> list[str]:
    """Take a wear out of the log again: that of ``outfit``, or all of the day without one."""
    day = _day(day)
    return store.alter(item_ids, lambda item: _not_worn(item, day, outfit), f"took back wear on {_when(day)}")


def wash(store: FeatureStore, item_ids: Iterable[str], day: date | str | None = None) -> list[str]:
    """Note that items were washed on ``day`` (default: today): counted from nought, back from the laundry."""
    day = _day(day)
    return store.alter(item_ids, lambda item: _washed(item, day), "washed")


def set_state(store: FeatureStore, item_ids: Iterable[str], state: str, reason: str | None = None) -> list[str]:
    """Set where items are (one of ``STATES``) and why: "sold", "to Kim"; the reason of an earlier state goes."""
    fields = {"state": state, "state_reason": reason or None}
    return store.alter(item_ids, lambda _: fields, f"set to {state}")


def _worn(item: Mapping, day: str, outfit: str | None) -> dict[str, Any]:
    log = item["wear_log"]
    same_day = [wear for wear in log if wear["date"] == day]
    if outfit in {wear.get("outfit") for wear in same_day} or (same_day and outfit is None):
        return {}
    kept = [wear for wear in log if wear["date"] != day or wear.get("outfit")]
    log = sorted([*kept, {"date": day, "outfit": outfit}], key=lambda wear: wear["date"])
    counts = not same_day and day >= (item["washed"] or "")
    return {"wear_log": log, "wears_since_wash": item["wears_since_wash"] + counts}


def _not_worn(item: Mapping, day: str, outfit: str | None) -> dict[str, Any]:
    log = [wear for wear in item["wear_log"] if wear["date"] != day or outfit not in (None, wear.get("outfit"))]
    if len(log) == len(item["wear_log"]):
        return {}
    counted = day >= (item["washed"] or "") and day not in {wear["date"] for wear in log}
    return {"wear_log": log, "wears_since_wash": max(0, item["wears_since_wash"] - counted)}


def _washed(item: Mapping, day: str) -> dict[str, Any]:
    last = max(day, item["washed"] or day)
    back = {"state": IN_USE, "state_reason": None} if item["state"] == LAUNDRY else {}
    return {"wears_since_wash": sum(worn > last for worn in days_worn(item)), "washed": last, **back}


def _day(day: date | str | None) -> str:
    """Return ``day`` as ISO text; tomorrow passes, since the server may stand in another time zone than its user."""
    try:
        found = date.today() if day is None else date.fromisoformat(str(day)[:10])
    except ValueError:
        raise StoreError(f"{day!r} is no day: give one such as {date.today().isoformat()}.") from None
    if found > date.today() + timedelta(days=1):
        raise StoreError(f"{found.isoformat()} is still to come: what was worn lies in the past.")
    return found.isoformat()


def _when(day: str) -> str:
    return datetime.fromisoformat(day).strftime("%d %B").lstrip("0")
