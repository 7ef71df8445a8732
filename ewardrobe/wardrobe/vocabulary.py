"""The words of the wardrobe: the choices of an item's fields, and the everyday names with the kind of each."""

from __future__ import annotations

from typing import Literal, get_args

from ewardrobe.core.attributes import HEADS, KIND_CATEGORIES
from ewardrobe.core.taxonomy import ACCESSORIES, INSTANCES, category

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

ACCESSORY_SLOTS = (*(a.slot for a in ACCESSORIES), "accessory")
"""Places of what has no category of DeepFashion2: shoes, bag, hat, and the last for all else, which no model finds."""

KINDS = (*(i.word for i in INSTANCES), "accessory")
"""What an item can be: a DeepFashion2 category, or one of the accessory slots."""

TYPES = {  # everyday name: kind
    **{word: category(ids[0]).word for word, ids in KIND_CATEGORIES.items()},
    **dict.fromkeys(("shoes", "trainers"), "shoes"),
    "bag": "bag",
    "vest": "vest",
    **dict.fromkeys(("scarf", "belt", "gloves", "socks", "jewellery", "glasses"), "accessory"),
}
"""Everyday names that the form offers (any other is welcome) and the kind that each starts with."""

OTHER_TYPES = {
    **dict.fromkeys(("pumps", "moccasins", "clogs", "mules", "espadrilles", "footwear"), "shoes"),
    **dict.fromkeys(("purse", "rucksack", "satchel", "holdall", "briefcase"), "bag"),
    **dict.fromkeys(("beret", "fedora", "headwear"), "hat"),
}
"""More names that are understood, not offered: from other programs and other countries."""


SAME_WORDS = {
    **dict.fromkeys(("gray",), ("grey",)),
    **dict.fromkeys(("multicolor", "multicoloured", "multicolored", "multi"), ("multicolour",)),
    **dict.fromkeys(("fall",), ("autumn",)),
    **dict.fromkeys(("all year", "all seasons", "all season", "year round", "year-round", "all"), SEASONS),
}
"""Words for choices that are written otherwise here: in other countries, or for several of them."""


def kind_of(name: str) -> str | None:
    """Return the kind that an everyday name stands for, ``None`` for one that tells nothing.

    Its last word decides, in singular or plural.

    >>> kind_of("Chelsea boot"), kind_of("Handbags"), kind_of("denim jacket"), kind_of("umbrella")
    ('shoes', 'bag', 'long sleeve outwear', None)
    """
    known = {kind: kind for kind in KINDS} | TYPES | OTHER_TYPES
    name = name.casefold().strip()
    words = [name, *name.replace("-", " ").split()[-1:]]
    forms = (form for word in words for form in (word, f"{word}s", word.removesuffix("s"), word.removesuffix("es")))
    return next((known[form] for form in forms if form in known), None)
