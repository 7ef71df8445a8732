"""Statistics of a wardrobe as tables: a frame of ``derived.with_derived`` in, a small frame out.  No drawing here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ewardrobe.wardrobe.derived import iso_date, missing, rows_of
from ewardrobe.wardrobe.vocabulary import COLOURS

RECENT_DAYS = 90
"""Days that count as recent in ``summary``."""


def summary(frame: pd.DataFrame, today: date | None = None) -> dict[str, float | int | None]:
    """Return the headline figures; ``None`` where nothing is known.

    items, priced (items with a price), value (sum of prices), worn (items worn at least once), worn_recently (items
    worn in the last ``RECENT_DAYS``), wears, cost_per_wear (value of what was worn / its wears, of priced items).
    """
    prices, wears = _prices(frame), frame["wears"]
    first = ((today or date.today()) - timedelta(days=RECENT_DAYS)).isoformat()
    paid = prices.notna() & (wears > 0)
    return {
        "items": len(frame),
        "priced": int(prices.notna().sum()),
        "value": float(prices.sum()) if prices.notna().any() else None,
        "worn": int((wears > 0).sum()),
        "worn_recently": int(sum(isinstance(day, str) and day >= first for day in frame["last_worn"])),
        "wears": int(wears.sum()),
        "cost_per_wear": float(prices[paid].sum() / wears[paid].sum()) if paid.any() else None,
    }


def by_category(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``category``, ``items``, ``worn`` (at least once), ``wears``, ``value``, the most items first."""
    table = pd.DataFrame({"category": frame["kind"], "wears": frame["wears"], "value": _prices(frame)})
    table["worn"] = table["wears"] > 0
    groups = table.groupby("category", sort=True)
    counted = groups.agg(items=("wears", "size"), worn=("worn", "sum"), wears=("wears", "sum"), value=("value", "sum"))
    return counted.sort_values("items", ascending=False, kind="stable").reset_index()


def by_colour(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``type``, ``colour`` and ``hex``, a row for each item, in the order of ``items.COLOURS``.

    colour: the main one's name, "unknown" where there is none; hex: the colour as it was measured, else ``None``.
    Within a colour the light ones come first.
    """
    rows = [
        {"id": row["id"], "type": row.get("type"), "colour": row.get("colour") or "unknown", "hex": main_hex(row)}
        for row in rows_of(frame[["type", "colour", "colours"]])
    ]
    table = pd.DataFrame(rows, columns=["id", "type", "colour", "hex"], dtype="object")
    places = {name: place for place, name in enumerate((*COLOURS, *sorted(set(table["colour"]) - set(COLOURS))))}
    table["_place"], table["_light"] = table["colour"].map(places), table["hex"].map(_lightness)
    return table.sort_values(["_place", "_light"], ascending=[True, False], kind="stable")[
        ["id", "type", "colour", "hex"]
    ]


def main_hex(item: Mapping) -> str | None:
    """Return ``#rrggbb`` of the largest colour that bears the name of the item's colour, else of the largest one."""
    parts = [part for part in item.get("colours") or () if isinstance(part, Mapping) and _is_hex(part.get("hex"))]
    named = [part for part in parts if part.get("name") == item.get("colour")]
    return max(named or parts, key=lambda part: part.get("share") or 0)["hex"] if parts else None


def most_worn(frame: pd.DataFrame, count: int = 15, least: bool = False) -> pd.DataFrame:
    """Return ``id``, ``type``, ``kind``, ``colour``, ``wears``, ``last_worn`` of the items worn most, or least.

    Never worn ones are in neither (see ``never_worn``), and what is among the most is not among the least.
    """
    worn = _named(frame[frame["wears"] > 0], "wears", "last_worn").sort_values("wears", ascending=False, kind="stable")
    half = min(count, -(-len(worn) // 2))
    return worn.iloc[max(half, len(worn) - count) :][::-1] if least else worn.head(half)


def never_worn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``type``, ``kind``, ``colour``, ``price``, ``added`` of what was never worn, oldest first."""
    never = _named(frame[frame["wears"] == 0], "price", "added")
    return never.sort_values("added", kind="stable").reset_index(drop=True)


def cost_per_wear(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``type``, ``kind``, ``colour``, ``price``, ``wears``, ``cost_per_wear`` of items with a price.

    The best value first; never worn ones, whose cost is not known yet, last.
    """
    priced = _named(frame.assign(price=_prices(frame)), "price", "wears", "cost_per_wear", "hex")
    return priced[priced["price"].notna()].sort_values("cost_per_wear", kind="stable").reset_index(drop=True)


def spending(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``month`` ("2026-03"), ``items``, ``amount``, ``total`` (so far), every month from first to last.

    What lacks a price or a date of purchase is not in it.
    """
    table = pd.DataFrame({"month": _months(frame, "bought"), "amount": _prices(frame)}).dropna()
    months = _all_months(table["month"])
    groups = table.groupby("month")["amount"]
    out = pd.DataFrame({"month": months})
    out["items"] = out["month"].map(groups.size()).fillna(0).astype(int)
    out["amount"] = out["month"].map(groups.sum()).fillna(0.0)
    return out.assign(total=out["amount"].cumsum())


def additions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``month``, ``slot``, ``items``: what came into the wardrobe, every month from first to last."""
    slots = frame["slot"].where(frame["slot"].notna(), "accessory") if len(frame) else frame["slot"]
    table = pd.DataFrame({"month": _months(frame, "added"), "slot": slots}).dropna()
    if table.empty:
        return pd.DataFrame(columns=["month", "slot", "items"])
    counts = table.groupby(["month", "slot"]).size().unstack(fill_value=0)
    counts = counts.reindex(_all_months(table["month"]), fill_value=0)
    return counts.rename_axis("month").reset_index().melt("month", var_name="slot", value_name="items")


def wears(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the whole wear log: ``date``, ``id``, ``type``, ``outfit``, a row for each wear, oldest first."""
    rows = [
        {"date": day, "id": row["id"], "type": row.get("type"), "outfit": entry.get("outfit")}
        for row in rows_of(frame[["type", "wear_log"]])
        for log in [row.get("wear_log")]
        if isinstance(log, list)
        for entry in log
        if isinstance(entry, Mapping) and (day := iso_date(entry.get("date")))
    ]
    return pd.DataFrame(rows, columns=["date", "id", "type", "outfit"]).sort_values("date", kind="stable")


def wear_days(log: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return ``date``, ``wears``, ``items`` (their names) for every day of ``year``, from the table of ``wears``."""
    days = [day.date().isoformat() for day in pd.date_range(f"{year}-01-01", f"{year}-12-31")]
    groups = log[log["date"].str.startswith(f"{year}-")].drop_duplicates(["date", "id"]).groupby("date")["type"]
    names = groups.agg(lambda types: ", ".join(str(name) for name in types))
    table = pd.DataFrame({"date": days})
    table["wears"] = table["date"].map(groups.size()).fillna(0).astype(int)
    return table.assign(items=[names.get(day, "") for day in days])


def years(log: pd.DataFrame) -> list[int]:
    """Return the years of a wear log, the latest first."""
    return sorted({int(day[:4]) for day in log["date"]}, reverse=True)


def _named(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the columns that name an item and ``columns``; ``hex`` is made of its palette."""
    if "hex" in columns:
        frame = frame.assign(
            hex=pd.Series([main_hex(row) for row in rows_of(frame[["colour", "colours"]])], frame.index, dtype="object")
        )
    names = frame[["type", "kind", "colour", *columns]]
    return names.rename_axis("id").reset_index()


def _prices(frame: pd.DataFrame) -> pd.Series:
    return pd.to_numeric(frame["price"], errors="coerce").astype(float)


def _months(frame: pd.DataFrame, column: str) -> pd.Series:
    days = [None if missing(value) else iso_date(value) for value in frame[column]]
    return pd.Series([day and day[:7] for day in days], index=frame.index, dtype="object")


def _all_months(months: pd.Series) -> list[str]:
    if months.empty:
        return []
    return [str(month) for month in pd.period_range(months.min(), months.max(), freq="M")]


def _is_hex(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) == 7
        and value[0] == "#"
        and not set(value[1:].lower()) - set("0123456789abcdef")
    )


def _lightness(code: str | None) -> float:
    """Luma (Rec. 709) of ``#rrggbb`` in 0..255; nothing is darkest."""
    rgb = np.array(list(bytes.fromhex(code[1:]))) if isinstance(code, str) else np.zeros(3)
    return float(rgb @ (0.2126, 0.7152, 0.0722))
