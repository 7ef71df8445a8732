"""The wardrobe as arrays: what the terms need of every piece, so that thousands of outfits are scored at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from ewardrobe.core.colour_names import COLOUR_NAMES, name_probabilities
from ewardrobe.outfits import harmony, warmth
from ewardrobe.outfits.grammar import ALL_SLOTS, category_number, slot_of
from ewardrobe.wardrobe.palette import palettes
from ewardrobe.wardrobe.vocabulary import MATERIALS, PATTERNS, SEASONS, STYLES
from ewardrobe.wardrobe.wear_log import days_worn

PALETTE = 3
"""Colours of a garment that are looked at."""


@dataclass(frozen=True, eq=False)
class Closet:
    """N pieces as arrays; what is unknown is -1 or NaN and takes part in no term.

    items: as they are stored.  ids: their ids.  slots: (N,) places in ``ALL_SLOTS``.  categories: (N,) 0..13, 0 = none.
    patterns, materials, styles: (N,) places in the lists of the vocabulary.  names: (N, 13) probability of each
    colour name; zeros without colours.  hues: (N, 72) see ``harmony``.  shades: (N, 13) bool: non-neutral colours by
    name.  clo: (N,) warmth.  seasons: (N, 4) bool.  favourite: (N,) bool.
    idle: (N,) days since it was worn, NaN if never.
    """

    items: Sequence[Mapping]
    ids: list[str]
    slots: np.ndarray
    categories: np.ndarray
    patterns: np.ndarray
    materials: np.ndarray
    styles: np.ndarray
    names: np.ndarray
    hues: np.ndarray
    shades: np.ndarray
    clo: np.ndarray
    seasons: np.ndarray
    favourite: np.ndarray
    idle: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: Sequence[int] | np.ndarray) -> Closet:
        """Return the closet with only the pieces at ``places``, in that order."""
        chosen = np.asarray(places, int)
        arrays = {name: value[chosen] for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        return Closet([self.items[i] for i in chosen], [self.ids[i] for i in chosen], **arrays)

    def in_slot(self, slot: str) -> np.ndarray:
        """Return the places of the pieces of a slot."""
        return np.flatnonzero(self.slots == ALL_SLOTS.index(slot))


def closet_of(items: Iterable[Mapping], today: date | None = None) -> Closet:
    """Return ``items`` of the wardrobe as arrays; ``today`` for how long ago each was worn.

    Nothing in an item is needed: whatever is missing, or not what it should be, counts as unknown.
    """
    items = list(items)
    lab, shares = palettes(items, PALETTE)
    probabilities = name_probabilities(lab.reshape(-1, 3)).reshape(*lab.shape[:2], len(COLOUR_NAMES))
    shades = np.zeros((len(items), len(COLOUR_NAMES)), bool)
    rows, places = np.nonzero(harmony.colourfulness(lab) * (shares >= harmony.SEEN_SHARE) > 0.5)
    shades[rows, probabilities[rows, places].argmax(axis=-1)] = True
    return Closet(
        items=items,
        ids=[str(item.get("id")) for item in items],
        slots=np.array([ALL_SLOTS.index(slot_of(item)) for item in items], int),
        categories=np.array([category_number(item) for item in items], int),
        patterns=_places(items, "pattern", PATTERNS),
        materials=_places(items, "material", MATERIALS),
        styles=_places(items, "style", STYLES),
        names=(probabilities * shares[..., None]).sum(axis=1),
        hues=harmony.hue_histogram(lab, shares),
        shades=shades,
        clo=np.array([warmth.clo(item) for item in items], float),
        seasons=np.array([[s in str(item.get("season")) for s in SEASONS] for item in items], bool).reshape(-1, 4),
        favourite=np.array([bool(item.get("favourite")) for item in items], bool),
        idle=np.array([_idle_days(item, today) for item in items], float),
    )


def _idle_days(item: Mapping, today: date | None) -> float:
    past = [day for day in days_worn(item) if day <= str(today)] if today else []
    return float((today - date.fromisoformat(past[-1])).days) if today and past else np.nan


def _places(items: Sequence[Mapping], field: str, choices: Sequence[str]) -> np.ndarray:
    return pd.Index(choices).get_indexer([str(item.get(field)) for item in items])
