"""One field changed on many items: which fields, with which choices, and what the change means for each item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ewardrobe.wardrobe.fields import FIELD, PALETTE, TABLE, TEXTS
from ewardrobe.wardrobe.item import following, kind_fields
from ewardrobe.wardrobe.palette import with_names
from ewardrobe.wardrobe.reading import same
from ewardrobe.wardrobe.sources import USER, is_owners
from ewardrobe.wardrobe.vocabulary import fits

BULK = sorted((field for field in TABLE if field.bulk), key=lambda field: not field.many)
FIELDS = {field.name: field.label for field in BULK}
"""The fields that can be changed on many items, and what they are called; the lists first, the most useful."""

LIST_FIELDS = tuple(field.name for field in BULK if field.holds == TEXTS)
"""Those that hold a list of words."""

WAYS = ("Add", "Remove", "Replace")
"""What can be done to a list: its values are joined, taken out, or set."""


def change_of(item: Mapping, field: str, value: Any, way: str = "Replace") -> dict[str, Any]:
    """Return the fields of ``item`` that setting ``field`` to ``value`` changes, with their source; {} for none.

    way: one of ``WAYS``, for ``LIST_FIELDS`` only.  A type that nobody has given, or that cannot
    be of the new category, follows that; and the category follows a new type (see ``item.following``).
    """
    if field == "kind":
        new = kind_fields(value)
    elif field in LIST_FIELDS:
        new = {field: joined(item.get(field) or [], value or (), way)}
    elif FIELD[field].holds == PALETTE:
        new = {field: with_names(item.get(field), value or ())}
    elif field == "type":
        new = {field: value, **following(item, value)}
    else:
        new = {field: value}
    if all(item.get(name) == part for name, part in new.items()):
        return {}
    changed = by_owner(item, new)
    if field == "kind" and not (is_owners(item, "type") and fits(str(item.get("type")), value)):
        changed["type"] = value
        changed["source"].pop("type", None)  # what was told of it was told of the other category
    return changed


def by_owner(item: Mapping, fields: Mapping) -> dict[str, Any]:
    """Return ``fields`` with the note that the owner has entered them."""
    return {**fields, "source": {**(item.get("source") or {}), **dict.fromkeys(fields, USER)}}


def joined(present: Iterable[str], values: Iterable[str], way: str) -> list[str]:
    """Return a list after ``values`` were added, removed or set; order kept, each value once, however it is written.

    >>> joined(["work", "old"], ["new", "Work"], "Add"), joined(["work", "old"], ["Old"], "Remove")
    (['work', 'old', 'new'], ['work'])
    """
    present, values = list(present), list(values)
    if way == "Remove":
        gone = set(map(same, values))
        return [value for value in present if same(value) not in gone]
    found: dict[str, str] = {}
    for value in (present if way == "Add" else []) + values:
        found.setdefault(same(value), value)
    return list(found.values())
