"""One field changed on many items: which fields, with which choices, and what the change means for each item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ewardrobe.items import COLOURS, KINDS, MATERIALS, PATTERNS, SEASONS, STYLES, kind_fields
from ewardrobe.schema import SLEEVES

CHOICE_FIELDS = {
    "kind": KINDS,
    "colour": COLOURS,
    "pattern": PATTERNS,
    "material": MATERIALS,
    "style": STYLES,
    "sleeve": SLEEVES,
}
LIST_FIELDS = {"tags": (), "season": SEASONS}
TEXT_FIELDS = ("type", "brand", "size", "notes")
FIELDS = {
    "tags": "Tags",
    "season": "Season",
    "kind": "Category",
    "colour": "Colour",
    "pattern": "Pattern",
    "material": "Material",
    "style": "Style",
    "sleeve": "Sleeve",
    "type": "Name",
    "brand": "Brand",
    "size": "Size",
    "price": "Price",
    "bought": "Bought",
    "wash_interval": "Wears between washes",
    "favourite": "Favourite",
    "notes": "Notes",
}
"""The fields that can be changed on many items, and what they are called; the most useful first."""

WAYS = ("Add", "Remove", "Replace")
"""What can be done to a list: its values are joined, taken out, or set."""


def edits(items: Iterable[Mapping], field: str, value: Any, way: str = "Replace") -> dict[str, dict[str, Any]]:
    """Return ``{id: {field: value}}`` for the items that ``value`` changes.

    way: one of ``WAYS``, for ``LIST_FIELDS`` only.
    """
    changes = {item["id"]: _change(item, field, value, way) for item in items}
    return {item_id: change for item_id, change in changes.items() if change}


def _change(item: Mapping, field: str, value: Any, way: str) -> dict[str, Any]:
    if field == "kind":
        new = kind_fields(value)
    elif field in LIST_FIELDS:
        new = {field: joined(item.get(field) or [], value, way)}
    else:
        new = {field: value}
    return new if any(item.get(name) != part for name, part in new.items()) else {}


def joined(present: Iterable[str], values: Iterable[str], way: str) -> list[str]:
    """Return a list after ``values`` were added, removed or set; order kept, each value once.

    >>> joined(["work", "old"], ["new", "work"], "Add"), joined(["work", "old"], ["old"], "Remove")
    (['work', 'old', 'new'], ['work'])
    """
    present, values = list(present), list(values)
    if way == "Remove":
        return [value for value in present if value not in values]
    return list(dict.fromkeys((present if way == "Add" else []) + values))
