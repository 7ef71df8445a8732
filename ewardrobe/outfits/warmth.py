"""How warm clothes are, in clo, and how warm they should be at a temperature.

1 clo = 0.155 m²K/W keeps a sitting person comfortable at 21 °C.  The values are rounded from the garment tables of
ISO 9920 and ASHRAE 55; materials shift them.  A rule of thumb, not physiology: wind, rain and people differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ewardrobe.outfits.grammar import BODY_SLOTS, category_number, slot_of

CLO = dict(enumerate((0.12, 0.25, 0.2, 0.35, 0.10, 0.08, 0.08, 0.24, 0.17, 0.25, 0.34, 0.22, 0.18), 1))
"""By DeepFashion2's id: clo in cotton."""

MATERIAL_FACTOR = {
    "knit": 1.35,
    "wool": 1.5,
    "fur": 1.9,
    "leather": 1.2,
    "denim": 1.1,
    "linen": 0.75,
    "silk": 0.75,
    "lace": 0.7,
}
TYPE_FACTOR = {  # words of an item's name
    **dict.fromkeys(("parka", "down", "puffer"), 1.9),
    "coat": 1.4,
    **dict.fromkeys(("sweater", "jumper", "pullover", "hoodie", "turtleneck", "maxi"), 1.3),
    "blazer": 0.9,
    **dict.fromkeys(("cardigan", "mini"), 0.8),
    "windbreaker": 0.7,
}
ACCESSORY_CLO = {"scarf": 0.08, "beanie": 0.05, "gloves": 0.05, "boots": 0.08, "hat": 0.02, "sandals": 0.0}
UNDERWEAR = 0.1
"""Underwear, socks, shoes: what everybody wears and no wardrobe lists."""

TOLERANCE = 0.3
"""An outfit off by so many clo (about 7 °C) keeps 1/e of its fit."""


def clo(item: Mapping) -> float:
    """Return the warmth of an item in clo; 0 for what has no category and no name that tells.

    >>> clo({"category_id": 2, "material": "wool"}), clo({"category_id": 4, "type": "Winter coat"}), clo({})
    (0.375, 0.49, 0.0)
    """
    words = str(item.get("type") or "").lower().split()
    number = category_number(item)
    if not number or slot_of(item) not in BODY_SLOTS:
        return max((ACCESSORY_CLO.get(word, 0.0) for word in words), default=0.0)
    factor = MATERIAL_FACTOR.get(str(item.get("material")), 1.0)
    type_factor = max((TYPE_FACTOR[word] for word in words if word in TYPE_FACTOR), default=1.0)
    return round(CLO[number] * factor * type_factor, 3)


def wanted(celsius: float) -> float:
    """Return the clo that walking outside at ``celsius`` asks for: 0.7 at 21 °C, 1.2 at 10 °C, 1.7 at 0 °C.

    >>> round(wanted(21), 2), round(wanted(0), 2), wanted(40)
    (0.72, 1.66, 0.15)
    """
    return max(0.15, 0.4 + 0.045 * (28 - celsius))


def fit(total: np.ndarray, celsius: float) -> np.ndarray:
    """Return (M,) float64 0..1: how well garments of ``total`` (M,) clo, without underwear, suit ``celsius``."""
    off = (np.asarray(total, float) + UNDERWEAR - wanted(celsius)) / TOLERANCE
    return np.exp(-(off**2))
