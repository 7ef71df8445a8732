"""What is worn together: the items that share days, and the outfits, of a wear log."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from ewardrobe.wardrobe.statistics import wears


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
    ordered = [other for other, _ in days.most_common()]
    return frame.loc[ordered].assign(days=[days[other] for other in ordered])
