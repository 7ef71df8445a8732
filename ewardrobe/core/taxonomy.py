"""The 13 clothing categories of DeepFashion2 and the five context labels of the person: one table.

Category ids, names and their order are DeepFashion2's (Ge et al., CVPR 2019).  Every numbering that a
framework needs (YOLO 0..12, torchvision 1..13 with 0 = background) is derived from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

SLOTS = ("top", "outer", "bottom", "dress")
"""Places on the body that a detected garment can fill."""

EXCLUDES = {"dress": ("top", "bottom"), "top": ("dress",), "bottom": ("dress",), "outer": ()}
"""What is not worn together with a garment of a slot."""

LAYER_ORDER = ("outer", "top", "bottom", "dress")
"""From the outermost layer inwards: where two masks overlap, the earlier slot keeps the pixel."""


@dataclass(frozen=True)
class Category:
    """One clothing category: DeepFashion2's id (1..13) and name, body slot, RGB drawing colour (0..255)."""

    id: int
    name: str
    slot: str
    colour: tuple[int, int, int]


CATEGORIES = (
    Category(1, "short sleeve top", "top", (52, 120, 246)),
    Category(2, "long sleeve top", "top", (17, 168, 171)),
    Category(3, "short sleeve outwear", "outer", (214, 137, 16)),
    Category(4, "long sleeve outwear", "outer", (192, 86, 33)),
    Category(5, "vest", "top", (99, 179, 237)),
    Category(6, "sling", "top", (129, 140, 248)),
    Category(7, "shorts", "bottom", (104, 185, 82)),
    Category(8, "trousers", "bottom", (39, 133, 79)),
    Category(9, "skirt", "bottom", (176, 196, 39)),
    Category(10, "short sleeve dress", "dress", (217, 70, 145)),
    Category(11, "long sleeve dress", "dress", (157, 48, 153)),
    Category(12, "vest dress", "dress", (242, 121, 163)),
    Category(13, "sling dress", "dress", (226, 62, 87)),
)

CATEGORY_IDS = tuple(c.id for c in CATEGORIES)
CATEGORY_NAMES = tuple(c.name for c in CATEGORIES)
CATEGORY_BY_ID = {c.id: c for c in CATEGORIES}
CATEGORY_ID_BY_NAME = {c.name: c.id for c in CATEGORIES}

CONTEXT_NAMES = {14: "skin", 15: "hair", 16: "footwear", 17: "bag", 18: "other"}
"""Labels of a parsing map beside the garments: what a garment may pass behind."""

LABEL_COUNT = len(CATEGORIES) + len(CONTEXT_NAMES)
"""Number of U-Net channels: label ``i`` (1..18) of a parsing map is channel ``i - 1``."""


def category(category_id: int) -> Category:
    """Return the category with DeepFashion2 id ``category_id`` (1..13); ``KeyError`` names the valid range."""
    try:
        return CATEGORY_BY_ID[int(category_id)]
    except KeyError:
        raise KeyError(f"unknown category id {category_id!r}: DeepFashion2 has 1..{len(CATEGORIES)}") from None


def category_ids_of_slot(slot: str) -> tuple[int, ...]:
    """Return the ids of the categories that fill ``slot``.

    >>> category_ids_of_slot("outer")
    (3, 4)
    """
    if slot not in SLOTS:
        raise ValueError(f"unknown slot {slot!r}: expected one of {', '.join(SLOTS)}")
    return tuple(c.id for c in CATEGORIES if c.slot == slot)
