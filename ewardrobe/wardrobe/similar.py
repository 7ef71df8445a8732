"""Items that look alike: palette in CIELAB, kind and pattern, each distance in the open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ewardrobe.core.colour_terms import hex_to_lab
from ewardrobe.wardrobe.derived import rows_of
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.palette import SWATCHES

PALETTE_SIZE = 4
WEIGHTS = {"palette_distance": 0.5, "kind_distance": 0.35, "pattern_distance": 0.15}
SAME_COLOUR, OTHER_COLOUR = 4.0, 60.0
"""CIE76 distances that count as no difference and as a whole one."""

UNKNOWN = 0.6
"""Distance to what is not known: nearer than certainly different, farther than certainly alike."""


def similar(frame: pd.DataFrame, item_id: str, count: int = 8) -> pd.DataFrame:
    """Return the ``count`` items nearest to ``item_id``, nearest first, with the columns of their distances.

    Added: ``distance`` and its parts ``palette_distance``, ``kind_distance``, ``pattern_distance``, each 0..1.
    Archived items are left out; an unknown id has no neighbours.
    """
    if item_id not in frame.index:
        return frame.iloc[:0].assign(distance=[])
    rows = rows_of(frame[["category", "slot", "colour", "colours", "pattern", "state"]])
    place = frame.index.get_loc(item_id)
    parts = {
        "palette_distance": palette_distances(*palettes(rows), place),
        "kind_distance": _kinds(rows, place),
        "pattern_distance": _patterns(rows, place),
    }
    distance = sum(WEIGHTS[name] * part for name, part in parts.items())
    others = [row["id"] != item_id and row.get("state") != "archived" for row in rows]
    return frame.assign(**parts, distance=distance)[others].nsmallest(count, "distance", keep="first")


def palettes(items: Sequence[Mapping]) -> tuple[np.ndarray, np.ndarray]:
    """Return CIELAB colours (n, PALETTE_SIZE, 3) float32 and their shares (n, PALETTE_SIZE), which sum to 1 or 0."""
    labs = np.zeros((len(items), PALETTE_SIZE, 3), np.float32)
    shares = np.zeros((len(items), PALETTE_SIZE), np.float32)
    for row, item in enumerate(items):
        for column, (lab, share) in enumerate(palette(item)):
            labs[row, column], shares[row, column] = lab, share
    totals = shares.sum(1, keepdims=True)
    return labs, np.divide(shares, totals, out=shares, where=totals > 0)


def palette(item: Mapping) -> list[tuple[tuple[float, float, float], float]]:
    """Return up to ``PALETTE_SIZE`` colours of an item as CIELAB and share.

    They are the measured ones, else the usual shade of its colour's name.
    """
    measured = [part for part in item.get("colours") or () if isinstance(part, Mapping)]
    found = [(lab, _share(part)) for part in measured if (lab := _lab_of(part))]
    usual = hex_to_lab(SWATCHES.get(str(item.get("colour")), ""))
    return sorted(found, key=lambda part: -part[1])[:PALETTE_SIZE] or ([(usual, 1.0)] if usual else [])


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
    return np.where(known, both.astype(np.float64), UNKNOWN)


def _kinds(rows: list[dict], place: int) -> np.ndarray:
    """Same kind 0, same place on the body 0.5, else 1."""
    mine, slot = kind(rows[place]), rows[place].get("slot")
    return np.array([0.0 if kind(row) == mine else 0.5 if slot and row.get("slot") == slot else 1.0 for row in rows])


def _patterns(rows: list[dict], place: int) -> np.ndarray:
    mine = rows[place].get("pattern")
    return np.array([UNKNOWN if not mine or not row.get("pattern") else float(row["pattern"] != mine) for row in rows])


def _share(colour: Mapping) -> float:
    share = colour.get("share")
    return float(share) if isinstance(share, int | float) and share > 0 else 0.05


def _lab_of(colour: Mapping) -> tuple[float, float, float] | None:
    lab = colour.get("lab")
    if isinstance(lab, list | tuple) and len(lab) == 3 and all(isinstance(part, int | float) for part in lab):
        return float(lab[0]), float(lab[1]), float(lab[2])
    return hex_to_lab(str(colour.get("hex")))
