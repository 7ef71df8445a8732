"""What becomes of a garment that the wardrobe seems to hold already: kept as well, the same one, or left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ewardrobe.core.images import read_cutout
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.duplicates import perceptual_hash

BOTH, SAME, SKIP = CHOICES = ("Keep both", "Same as this one", "Skip")
FILLED = (
    "pattern",
    "material",
    "style",
    "season",
    "sleeve",
    "brand",
    "size",
    "price",
    "bought",
    "tags",
    "notes",
    "hash",
)
"""What an item takes over from another photo of itself, where it has nothing of its own."""


@dataclass(frozen=True, eq=False)
class Save:
    """A garment to be saved: item, cut-out RGBA uint8 (h, w, 4), the photo's bytes; twin: the item it resembles."""

    item: Mapping[str, Any]
    cutout: np.ndarray
    photo: bytes
    choice: str = BOTH
    twin: str | None = None


def save_all(store: FeatureStore, saves: Iterable[Save]) -> list[str]:
    """Add the garments in one write, all or none, and return their ids; raises ``StoreError``.

    One that is the same as an item gives it what it lacks; one that is skipped leaves no trace.  An item that is
    there already (its id) is passed over: it was saved before a crash.
    """
    saves = list(saves)
    present = {item["id"]: item for item in store.items()}
    coming = {str(save.item.get("id")) for save in saves if save.choice == BOTH}
    new = [save for save in saves if _is_new(save, present, coming)]
    ids = store.add_many([(save.item, save.cutout, save.photo) for save in new]) if new else []
    same = [save for save in saves if save.choice == SAME and save.twin in present]
    edits = {save.twin: fields for save in same if (fields := lacking(present[save.twin], save.item))}
    if edits:
        store.apply_edits(edits)
    return ids


def _is_new(save: Save, present: Mapping, coming: set[str]) -> bool:
    """Tell whether a garment becomes an item; one that is the same as nothing any more is its own."""
    same = save.choice == SAME and (save.twin in present or save.twin in coming)
    return not same and save.choice != SKIP and save.item.get("id") not in present


def lacking(item: Mapping, other: Mapping) -> dict[str, Any]:
    """Return what ``other`` says and ``item`` does not.

    >>> lacking({"brand": "Acme", "size": None}, {"brand": "Other", "size": "M"})
    {'size': 'M'}
    """
    return {name: other[name] for name in FILLED if other.get(name) and not item.get(name)}


def hash_of(store: FeatureStore, item: Mapping) -> str | None:
    """Return an item's hash, made from its small picture where the item has none; ``None`` without a picture."""
    if item.get("hash"):
        return item["hash"]
    path = store.picture(item.get("thumbnail"))
    try:
        return (perceptual_hash(read_cutout(path)) or None) if path else None
    except OSError:  # no picture, or none that can be read
        return None
