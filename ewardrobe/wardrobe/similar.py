"""Items that look alike: palette in CIELAB, kind and pattern, each distance in the open."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ewardrobe.wardrobe.derived import rows_of
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.palette import palettes

PALETTE_SIZE = 4
WEIGHTS = {"palette_distance": 0.5, "kind_distance": 0.35, "pattern_distance": 0.15}
SAME_COLOUR, OTHER_COLOUR = 4.0, 60.0
"""CIE76 distances that count as no difference and as a whole one."""

UNKNOWN = 0.6
"""Distance to what is not known: nearer than certainly different, farther than certainly alike."""


def similar(frame: pd.DataFrame, item_id: str, count: int = 8) -> pd.DataFrame:
    """Return the ``count`` items nearest to ``item_id``, nearest first, with the columns of their distances.

    Added: ``distance`` and its parts ``palette_distance``, ``kind_distance``, ``pattern_distance``, each 0..1.
    kind_distance: 0 for the same kind, 0.5 for the same slot only.  Archived items are left out; an unknown id has no
    neighbours.
    """
    if item_id not in frame.index:
        return frame.iloc[:0].assign(distance=[])
    rows = rows_of(frame[["category", "slot", "colour", "colours", "pattern", "state"]])
    place = frame.index.get_loc(item_id)
    mine, own_kind = rows[place], kind(rows[place])
    same_slot = [bool(mine["slot"]) and row["slot"] == mine["slot"] for row in rows]
    apart = [row["pattern"] != mine["pattern"] if mine["pattern"] and row["pattern"] else UNKNOWN for row in rows]
    parts = {
        "palette_distance": palette_distances(*palettes(rows, PALETTE_SIZE), place),
        "kind_distance": np.where([kind(row) == own_kind for row in rows], 0.0, np.where(same_slot, 0.5, 1.0)),
        "pattern_distance": np.array(apart, float),
    }
    distance = sum(WEIGHTS[name] * part for name, part in parts.items())
    others = [row["id"] != item_id and row.get("state") != "archived" for row in rows]
    return frame.assign(**parts, distance=distance)[others].nsmallest(count, "distance", keep="first")


def palette_distances(labs: np.ndarray, shares: np.ndarray, place: int) -> np.ndarray:
    """Return how far (n,) float64 in 0..1 every palette is from that at ``place``; ``UNKNOWN`` where one has no colour.

    Each colour goes to its nearest in the other palette (CIE76), weighted by its share, in both directions: a relaxed
    earth mover's distance, after Kusner et al. 2015 (Word Mover's Distance, section 4.1).
    """
    between = np.linalg.norm(labs[:, :, None] - labs[place][None, None], axis=-1)
    scaled = np.clip((between - SAME_COLOUR) / (OTHER_COLOUR - SAME_COLOUR), 0, 1)
    there = np.where(shares[place] > 0, scaled, 1).min(2)
    back = np.where(shares[:, :, None] > 0, scaled, 1).min(1)
    both = np.maximum((there * shares).sum(1), (back * shares[place]).sum(1))
    known = (shares.sum(1) > 0) & (shares[place].sum() > 0)
    return np.where(known, both, UNKNOWN)
