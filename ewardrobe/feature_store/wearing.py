"""Wearing, washing and moving items: the changes of the wear log.

A day is ISO text (``2026-03-31``) or a ``date``; the log holds one entry for each day and outfit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.fields import DAY
from ewardrobe.wardrobe.wear_log import IN_USE, LAUNDRY, days_worn


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
        found = date.fromisoformat(DAY.value_of(str(date.today() if day is None else day)) or "")
    except ValueError as error:
        raise StoreError(f"The day cannot be read: {error}.") from None
    if found > date.today() + timedelta(days=1):
        raise StoreError(f"{found.isoformat()} is still to come: what was worn lies in the past.")
    return found.isoformat()


def _when(day: str) -> str:
    return datetime.fromisoformat(day).strftime("%d %B").lstrip("0")
