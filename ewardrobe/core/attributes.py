"""The attributes that the network tells, their values, and what it says of one of them.

The everyday kinds are one table, from which the network's head, the names that the forms offer and the reader of the
judged kinds follow.
"""

from __future__ import annotations

from dataclasses import dataclass

from ewardrobe.core.taxonomy import ACCESSORY_IDS

NAME = "attributes"
"""Of the network's weights in the manifest, and the source of a value in the wardrobe that was told by them."""

KIND_CATEGORIES: dict[str, tuple[int, ...]] = {
    "t-shirt": (1, 2, 5, 6),
    "polo": (1, 2, 5),
    "shirt": (2, 1, 5),
    "blouse": (2, 1, 5, 6),
    "top": (2, 1, 5, 6),
    "tank top": (5, 6, 1),
    "camisole": (6, 5),
    "bodysuit": (2, 1, 5, 6),
    "sweater": (2, 1, 5),
    "sweatshirt": (2, 1, 5),
    "hoodie": (4, 2, 1, 3, 5),
    "gilet": (3, 4, 5, 2, 6, 1),
    **dict.fromkeys(("cardigan", "blazer", "jacket", "denim jacket", "leather jacket", "puffer jacket"), (4, 3)),
    **dict.fromkeys(("coat", "trench coat", "cape"), (4, 3)),
    **dict.fromkeys(("shorts", "denim shorts"), (7,)),
    **dict.fromkeys(("jeans", "trousers", "leggings", "joggers"), (8,)),
    "skirt": (9,),
    **dict.fromkeys(("dress", "shirt dress"), (10, 11, 12, 13)),
    **dict.fromkeys(("sneakers", "boots", "ankle boots", "heels", "sandals", "flats", "loafers", "slippers"), (16,)),
    **dict.fromkeys(("handbag", "shoulder bag", "clutch", "backpack", "tote"), (17,)),
    **dict.fromkeys(("cap", "beanie", "hat", "headscarf"), (19,)),
}
"""The everyday words for what people wear, and the ids of the categories in which each is found, its own first."""

HEADS = {
    "pattern": ("solid", "striped", "checked", "floral", "dotted", "animal", "graphic", "other"),
    "material": ("cotton", "denim", "knit", "leather", "wool", "silk", "lace", "fur", "synthetic"),
    "style": ("casual", "smart", "party", "sporty"),
    "sleeve": ("none", "short", "long"),
    "kind": tuple(KIND_CATEGORIES),
}
"""The attributes and their values, in the order of the network's outputs."""

LATER_HEADS = ("kind",)
"""What older weights, and figures of them, do not tell."""

SLEEVE_OF_CATEGORY = {
    **dict.fromkeys((1, 3, 10), "short"),
    **dict.fromkeys((2, 4, 11), "long"),
    **dict.fromkeys((5, 6, 12, 13), "none"),
}
"""Sleeve length by category id, as DeepFashion2's names say; what is worn on the legs has none to speak of."""


def kinds_of(category_id: int | None) -> tuple[str, ...]:
    """Return the everyday words that a piece of a category can have; all of them where it is unknown.

    >>> kinds_of(8)
    ('jeans', 'trousers', 'leggings', 'joggers')
    """
    return tuple(kind for kind, ids in KIND_CATEGORIES.items() if category_id is None or category_id in ids)


def heads_of(category_id: int | None) -> tuple[str, ...]:
    """Return the attributes that are told of a category: no sleeves of trousers, the kind alone of an accessory.

    >>> heads_of(1) == tuple(HEADS), heads_of(8), heads_of(16)
    (True, ('pattern', 'material', 'style', 'kind'), ('kind',))
    """
    if category_id is None:
        return tuple(HEADS)
    if category_id in ACCESSORY_IDS:
        return ("kind",)
    return tuple(name for name in HEADS if name != "sleeve" or category_id in SLEEVE_OF_CATEGORY)


@dataclass(frozen=True)
class Guess:
    """What the network says of one attribute.

    confidence: 0..1, the chance that ``value`` is right.  sure: whether the app may assert it instead of asking.
    chances: of every value, in the order of ``HEADS``.
    """

    value: str
    confidence: float
    sure: bool
    chances: tuple[float, ...] = ()
