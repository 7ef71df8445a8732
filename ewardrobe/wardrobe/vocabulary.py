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
    **dict.fromkeys(("shoes", "trainers", "boots", "sandals"), "shoes"),
    **dict.fromkeys(("bag", "backpack"), "bag"),
    **dict.fromkeys(("hat", "cap", "beanie"), "hat"),
    **dict.fromkeys(("scarf", "belt", "gloves", "socks", "jewellery", "glasses"), "accessory"),
    "t-shirt": "short sleeve top",
    **dict.fromkeys(("shirt", "sweater"), "long sleeve top"),
    "vest": "vest",
    **dict.fromkeys(("jacket", "coat"), "long sleeve outwear"),
    "shorts": "shorts",
    **dict.fromkeys(("trousers", "jeans"), "trousers"),
    "skirt": "skirt",
    "dress": "short sleeve dress",
}
"""Everyday names that the form offers (any other is welcome) and the kind that each starts with."""
