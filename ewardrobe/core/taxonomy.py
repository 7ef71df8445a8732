"""The labels 1..19: one table, from which every numbering follows.

1..13 are the garments of DeepFashion2 (Ge et al., CVPR 2019), their ids, names and order; 16, 17 and 19 are
accessories; 14, 15 and 18 are the context of a person, which only label maps know.  A U-Net has a channel for each
label (label ``i`` is channel ``i - 1``).  Networks that find single pieces number the garments first and the
accessories behind them: YOLO from 0, torchvision from 1 with 0 for the background.  COCO ids are the labels themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

SLOTS = ("top", "outer", "bottom", "dress")
"""Places on the body that a garment can fill."""

EXCLUDES = {"dress": ("top", "bottom"), "top": ("dress",), "bottom": ("dress",), "outer": ()}
"""What is not worn together with a garment of a slot."""


@dataclass(frozen=True)
class Label:
    """One row of the table.

    id: 1..19.  kind: ``"garment"``, ``"accessory"`` or ``"context"``.  slot: place on the body, ``""`` for context.
    layer: the higher one lies in front.  colour: RGB for drawing, 0..255.
    """

    id: int
    name: str
    kind: str
    slot: str
    layer: int
    colour: tuple[int, int, int]

    @property
    def word(self) -> str:
        """What the app calls it, and a kind of the wardrobe: a garment's name, an accessory's slot ("shoes")."""
        return self.slot if self.kind == "accessory" else self.name


LABELS = (
    Label(1, "short sleeve top", "garment", "top", 3, (52, 120, 246)),
    Label(2, "long sleeve top", "garment", "top", 3, (17, 168, 171)),
    Label(3, "short sleeve outwear", "garment", "outer", 4, (214, 137, 16)),
    Label(4, "long sleeve outwear", "garment", "outer", 4, (192, 86, 33)),
    Label(5, "vest", "garment", "top", 3, (99, 179, 237)),
    Label(6, "sling", "garment", "top", 3, (129, 140, 248)),
    Label(7, "shorts", "garment", "bottom", 2, (104, 185, 82)),
    Label(8, "trousers", "garment", "bottom", 2, (39, 133, 79)),
    Label(9, "skirt", "garment", "bottom", 2, (176, 196, 39)),
    Label(10, "short sleeve dress", "garment", "dress", 1, (217, 70, 145)),
    Label(11, "long sleeve dress", "garment", "dress", 1, (157, 48, 153)),
    Label(12, "vest dress", "garment", "dress", 1, (242, 121, 163)),
    Label(13, "sling dress", "garment", "dress", 1, (226, 62, 87)),
    Label(14, "skin", "context", "", 0, (224, 172, 138)),
    Label(15, "hair", "context", "", 8, (92, 64, 51)),
    Label(16, "footwear", "accessory", "shoes", 5, (146, 108, 71)),
    Label(17, "bag", "accessory", "bag", 7, (250, 204, 21)),
    Label(18, "other", "context", "", 7, (148, 148, 148)),
    Label(19, "headwear", "accessory", "hat", 6, (20, 110, 140)),
)

LABEL_COUNT = len(LABELS)
"""Number of U-Net channels: label ``i`` (1..19) of a parsing map is channel ``i - 1``."""

LABEL_NAMES = {label.id: label.name for label in LABELS}
UNKNOWN = 255
"""Value of a parsing map where nobody knows what the pixel shows."""

CATEGORIES = tuple(label for label in LABELS if label.kind == "garment")
"""The 13 garments, of which the measures of a model are; the app shows all of ``INSTANCES``."""

CATEGORY_IDS = tuple(c.id for c in CATEGORIES)
CATEGORY_NAMES = tuple(c.name for c in CATEGORIES)
CATEGORY_BY_ID = {c.id: c for c in CATEGORIES}
CATEGORY_ID_BY_NAME = {c.name: c.id for c in CATEGORIES}

ACCESSORIES = tuple(label for label in LABELS if label.kind == "accessory")
ACCESSORY_IDS = tuple(a.id for a in ACCESSORIES)

INSTANCES = CATEGORIES + ACCESSORIES
"""All that is found piece by piece, in the order of the networks' classes: the 13 garments, footwear, bag, headwear."""

INSTANCE_IDS = tuple(i.id for i in INSTANCES)
INSTANCE_NAMES = tuple(i.name for i in INSTANCES)
INSTANCE_BY_ID = {i.id: i for i in INSTANCES}
INSTANCE_ID_BY_WORD = {i.word: i.id for i in INSTANCES}

CONTEXT_IDS = tuple(label.id for label in LABELS if label.kind != "garment")
"""Labels of a parsing map beside the garments: what a garment may pass behind.  Accessories are among them."""

LAYER_ORDER = tuple(dict.fromkeys(i.slot for i in sorted(INSTANCES, key=lambda i: -i.layer)))
"""Slots from the outermost layer inwards: where two masks overlap, the earlier slot keeps the pixel."""

_CLASSES = np.full(LABEL_COUNT + 1, -1)
_CLASSES[list(INSTANCE_IDS)] = np.arange(len(INSTANCES))


def classes_of(label_ids: ArrayLike) -> np.ndarray:
    """Return the classes 0..15, int64, of labels, (N,) each, or of one label; context has the class -1.

    Torchvision's classes are one more.

    >>> classes_of(np.array([1, 13, 16, 17, 19])).tolist()
    [0, 12, 13, 14, 15]
    """
    return _CLASSES[np.asarray(label_ids, np.int64)]


def labels_of(classes: ArrayLike) -> np.ndarray:
    """Return the labels, (N,) int64, of (N,) classes 0..15; networks of 13 classes use the first 13.

    >>> labels_of(np.array([0, 12, 13, 14, 15])).tolist()
    [1, 13, 16, 17, 19]
    """
    return np.array(INSTANCE_IDS, np.int64)[np.asarray(classes, np.int64)]


def category(category_id: int) -> Label:
    """Return the garment 1..13 or accessory 16, 17, 19; ``KeyError`` names the valid ids."""
    try:
        return INSTANCE_BY_ID[int(category_id)]
    except KeyError:
        raise KeyError(f"unknown category id {category_id!r}: expected 1..13, 16, 17 or 19") from None


def category_ids_of_slot(slot: str) -> tuple[int, ...]:
    """Return the ids of the garments that fill ``slot``.

    >>> category_ids_of_slot("outer")
    (3, 4)
    """
    if slot not in SLOTS:
        raise ValueError(f"unknown slot {slot!r}: expected one of {', '.join(SLOTS)}")
    return tuple(c.id for c in CATEGORIES if c.slot == slot)
