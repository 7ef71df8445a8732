"""Statistics of a wardrobe as tables: a frame of ``derived.with_derived`` in, a small frame out.  No drawing here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ewardrobe.core.colour_terms import hex_to_lab
from ewardrobe.wardrobe.derived import missing, prices, rows_of
from ewardrobe.wardrobe.vocabulary import COLOURS

RECENT_DAYS = 90
"""Days that count as recent in ``summary``."""


def summary(frame: pd.DataFrame, today: date | None = None) -> dict[str, float | int | None]:
    """Return the headline figures; ``None`` where nothing is known.

    items, priced (items with a price), value (sum of prices), worn (items worn at least once), worn_recently (items
    worn in the last ``RECENT_DAYS``), wears, cost_per_wear (value of what was worn / its wears, of priced items).
    """
    cost, wears = prices(frame), frame["wears"]
    first = ((today or date.today()) - timedelta(days=RECENT_DAYS)).isoformat()
    paid = cost.notna() & (wears > 0)
    return {
        "items": len(frame),
        "priced": int(cost.notna().sum()),
        "value": float(cost.sum()) if cost.notna().any() else None,
        "worn": int((wears > 0).sum()),
        "worn_recently": int((frame["last_worn"].fillna("") >= first).sum()),
        "wears": int(wears.sum()),
        "cost_per_wear": float(cost[paid].sum() / wears[paid].sum()) if paid.any() else None,
    }


def by_category(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``category``, ``items``, ``worn`` (at least once), ``wears``, ``value``, the most items first."""
    table = pd.DataFrame({"category": frame["kind"], "wears": frame["wears"], "value": prices(frame)})
    table["worn"] = table["wears"] > 0
    groups = table.groupby("category", sort=True)
    counted = groups.agg(items=("wears", "size"), worn=("worn", "sum"), wears=("wears", "sum"), value=("value", "sum"))
    return counted.sort_values("items", ascending=False, kind="stable").reset_index()


def by_colour(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``called``, ``colour`` and ``hex``, a row for each item, in the order of ``vocabulary.COLOURS``.

    colour: the main one's name, "unknown" where there is none; hex: the colour as it was measured, else ``None``.
    Within a colour the light ones come first.
    """
    names = frame["colour"].map(lambda name: "unknown" if missing(name) or not name else name).astype("object")
    table = pd.DataFrame({"called": frame["called"], "colour": names, "hex": main_hexes(frame)}, dtype="object")
    places = {name: place for place, name in enumerate((*COLOURS, *sorted(set(names) - set(COLOURS))))}
    light = table["hex"].map(lambda code: (hex_to_lab(code) or (0,))[0] if code else 0)
    order = np.lexsort([-light.astype(float), names.map(places).astype(float)])
    return table.iloc[order].rename_axis("id").reset_index()


def main_hexes(frame: pd.DataFrame) -> pd.Series:
    """Return the ``main_hex`` of every item."""
    found = [main_hex(row) for row in rows_of(frame[["colour", "colours"]])]
    return pd.Series(found, frame.index, dtype="object")


def main_hex(item: Mapping) -> str | None:
    """Return ``#rrggbb`` of the largest colour that bears the name of the item's colour, else of the largest one."""
    parts = [part for part in item.get("colours") or () if isinstance(part, Mapping) and _is_hex(part.get("hex"))]
    named = [part for part in parts if part.get("name") == item.get("colour")]
    return max(named or parts, key=lambda part: part.get("share") or 0)["hex"] if parts else None


def most_worn(frame: pd.DataFrame, count: int = 15, least: bool = False) -> pd.DataFrame:
    """Return ``id``, ``called``, ``kind``, ``colour``, ``wears``, ``last_worn`` of the items worn most, or least.

    Never worn ones are in neither (see ``never_worn``), and what is among the most is not among the least.
    """
    worn = _named(frame[frame["wears"] > 0], "wears", "last_worn").sort_values("wears", ascending=False, kind="stable")
    half = min(count, -(-len(worn) // 2))
    return worn.iloc[max(half, len(worn) - count) :][::-1] if least else worn.head(half)


def never_worn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``called``, ``kind``, ``colour``, ``price``, ``added`` of what was never worn, oldest first."""
    never = _named(frame[frame["wears"] == 0], "price", "added")
    return never.sort_values("added", kind="stable").reset_index(drop=True)


def cost_per_wear(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``id``, ``called``, ``kind``, ``colour``, ``price``, ``wears``, ``cost_per_wear`` of items with a price.

    The best value first; never worn ones, whose cost is not known yet, last.
    """
    known = frame.assign(price=prices(frame), hex=main_hexes(frame))
    priced = _named(known, "price", "wears", "cost_per_wear", "hex")
    return priced[priced["price"].notna()].sort_values("cost_per_wear", kind="stable").reset_index(drop=True)


def spending(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``month`` ("2026-03"), ``items``, ``amount``, ``total`` (so far), every month from first to last.

    What lacks a price or a date of purchase is not in it.
    """
    table = pd.DataFrame({"month": _months(frame["bought"]), "amount": prices(frame)}).dropna()
    months = table.groupby("month")["amount"].agg(items="size", amount="sum").reindex(_all_months(table["month"]))
    months = months.fillna(0).astype({"items": int}).rename_axis("month").reset_index()
    return months.assign(month=months["month"].astype("str"), total=months["amount"].cumsum())


def additions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``month``, ``slot``, ``items``: what came into the wardrobe, every month from first to last."""
    slots = frame["slot"].where(frame["slot"].notna(), "accessory") if len(frame) else frame["slot"]
    table = pd.DataFrame({"month": _months(frame["added"]), "slot": slots}).dropna()
    counts = table.groupby(["month", "slot"]).size().unstack(fill_value=0)
    counts = counts.reindex(_all_months(table["month"]), fill_value=0).rename_axis("month").reset_index()
    return counts.assign(month=counts["month"].astype("str")).melt("month", var_name="slot", value_name="items")


def wears(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the whole wear log: ``date``, ``id``, ``called``, ``outfit``, a row for each wear, oldest first."""
    rows = [
        {"date": entry["date"], "id": row["id"], "called": row["called"], "outfit": entry.get("outfit")}
        for row in rows_of(frame[["called", "wear_log"]])
        for entry in row["wear_log"]
    ]
    return pd.DataFrame(rows, columns=["date", "id", "called", "outfit"]).sort_values("date", kind="stable")


def wear_days(log: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return ``date``, ``wears``, ``items`` (their names) for every day of ``year``, from the table of ``wears``."""
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31").strftime("%Y-%m-%d")
    groups = log.drop_duplicates(["date", "id"]).groupby("date")["called"]
    wears, items = groups.size(), groups.agg(lambda names: ", ".join(names))
    columns = {"wears": wears.reindex(days, fill_value=0), "items": items.reindex(days, fill_value="")}
    return pd.DataFrame(columns).rename_axis("date").reset_index()


def years(log: pd.DataFrame) -> list[int]:
    """Return the years of a wear log, the latest first."""
    return sorted({int(day[:4]) for day in log["date"]}, reverse=True)


def worn_together(frame: pd.DataFrame, item_id: str) -> pd.DataFrame:
    """Return the items that were worn on the days of ``item_id``, with the number of ``days``, the most first.

    Where both wears of a day are part of outfits, it must be the same outfit.
    """
    log = wears(frame)
    mine = log[log["id"] == item_id]
    others = log[(log["id"] != item_id) & log["date"].isin(mine["date"])]
    pairs = others.merge(mine[["date", "outfit"]], on="date", suffixes=("", "_mine"))
    apart = pairs["outfit"].notna() & pairs["outfit_mine"].notna() & (pairs["outfit"] != pairs["outfit_mine"])
    days = Counter(other for other, _ in set(zip(pairs["id"][~apart], pairs["date"][~apart], strict=True)))
    ordered = dict(days.most_common())
    return frame.loc[list(ordered)].assign(days=list(ordered.values()))


def _named(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame[["called", "kind", "colour", *columns]].rename_axis("id").reset_index()


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and value.startswith("#") and hex_to_lab(value) is not None


def _months(days: pd.Series) -> pd.Series:
    """Return the months of ISO dates or times, NaT for anything else."""
    return pd.to_datetime(days.astype("str").str[:10], format="%Y-%m-%d", errors="coerce").dt.to_period("M")


def _all_months(months: pd.Series) -> pd.PeriodIndex:
    return pd.period_range(months.min(), months.max(), freq="M") if len(months) else pd.PeriodIndex([], freq="M")
