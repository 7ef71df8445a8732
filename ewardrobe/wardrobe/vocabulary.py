"""The words of the wardrobe: the choices of an item's fields, and the everyday names with the kind of each."""

from __future__ import annotations

from typing import Literal, get_args

from ewardrobe.core.attributes import HEADS
from ewardrobe.core.taxonomy import CATEGORY_NAMES

COLOURS = (
    *("black", "white", "grey", "beige", "brown", "red", "orange", "yellow"),
    *("green", "blue", "navy", "purple", "pink", "multicolour"),
)
PATTERNS, STYLES, SLEEVES = HEADS["pattern"], HEADS["style"], HEADS["sleeve"]
MATERIALS = ("cotton", "denim", "knit", "leather", "linen", "wool", "silk", "lace", "fur", "synthetic", "other")
SEASONS = ("spring", "summer", "autumn", "winter")

State = Literal["in use", "laundry", "lent", "archived"]
STATES = get_args(State)
"""Where an item is; ``state_reason`` says why, to whom or since when: "sold", "to Kim"."""

ACCESSORY_SLOTS = ("shoes", "bag", "hat", "accessory")
"""Places that the detector does not know; such items are added by hand and have no category."""

KINDS = (*CATEGORY_NAMES, *ACCESSORY_SLOTS)
"""What an item can be: a DeepFashion2 category, or one of the accessory slots."""

TYPES = {  # everyday name: kind
    "shoes": "shoes",
    "trainers": "shoes",
    "boots": "shoes",
    "sandals": "shoes",
    "bag": "bag",
    "backpack": "bag",
    "hat": "hat",
    "cap": "hat",
    "beanie": "hat",
    "scarf": "accessory",
    "belt": "accessory",
    "gloves": "accessory",
    "socks": "accessory",
    "jewellery": "accessory",
    "glasses": "accessory",
    "t-shirt": "short sleeve top",
    "shirt": "long sleeve top",
    "sweater": "long sleeve top",
    "vest": "vest",
    "jacket": "long sleeve outwear",
    "coat": "long sleeve outwear",
    "shorts": "shorts",
    "trousers": "trousers",
    "jeans": "trousers",
    "skirt": "skirt",
    "dress": "short sleeve dress",
}
"""Everyday names that the form offers (any other is welcome) and the kind that each starts with."""
