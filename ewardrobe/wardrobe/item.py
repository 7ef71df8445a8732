"""A wardrobe item: its kind, and the rules that keep a stored item sound."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import PurePath
from typing import Any

import numpy as np

from ewardrobe.core.attributes import SLEEVE_OF_CATEGORY
from ewardrobe.core.taxonomy import CATEGORIES, CATEGORY_BY_ID, CATEGORY_ID_BY_NAME
from ewardrobe.wardrobe.fields import STORED, cleaned, faults
from ewardrobe.wardrobe.vocabulary import ACCESSORY_SLOTS, KINDS, thing

_NUMBER_LIKE = re.compile(r"\d*e?\d*")

KIND_FIELDS = ("category", "category_id", "slot")
"""The fields that say what kind an item is; they follow each other."""

FIELDS = tuple(name for name in STORED if name != "id")
"""The fields of an item beside its id, in the order of the table's columns; any others are kept as they are."""


def view(item: Mapping) -> dict[str, Any]:
    """Return ``item`` with every one of ``FIELDS`` present; unknown fields follow at the end."""
    known = {name: item.get(name) for name in STORED}
    known |= {name: STORED[name].holds.empty() for name, value in known.items() if value is None}
    return known | {name: value for name, value in item.items() if name not in known}


def new_id() -> str:
    """Return an id that no item has, and that no spreadsheet takes for a number such as 12e45."""
    while _NUMBER_LIKE.fullmatch(found := uuid.uuid4().hex[:12]):
        pass
    return found


def values_of(items: Iterable[Mapping], field: str) -> list:
    """Return the value of ``field`` of each item, its default where an item has none: a column of the table."""
    empty: Callable[..., Any] = STORED[field].holds.empty if field in STORED else type(None)
    if empty in (list, dict):  # copies: the cells are the caller's to change
        return [empty(value) if (value := item.get(field)) else empty() for item in items]
    missing = empty()
    return [missing if (value := item.get(field)) is None else value for item in items]


def kind(item: Mapping) -> str:
    """Return one of ``KINDS``: the category's name, else the accessory slot.

    >>> kind({"category": "skirt"}), kind({"slot": "bag"}), kind({})
    ('skirt', 'bag', 'accessory')
    """
    slot = item.get("slot")
    return item.get("category") or (slot if slot in ACCESSORY_SLOTS else "accessory")


def kind_fields(name: str) -> dict[str, Any]:
    """Return ``category``, ``category_id`` and ``slot`` of a kind; ``ValueError`` lists ``KINDS`` for any other.

    >>> kind_fields("skirt")
    {'category': 'skirt', 'category_id': 9, 'slot': 'bottom'}
    """
    if name in ACCESSORY_SLOTS:
        return {"category": None, "category_id": None, "slot": name}
    if name not in CATEGORY_ID_BY_NAME:
        raise ValueError(f"unknown category {name!r}: expected one of {', '.join(KINDS)}")
    found = CATEGORIES[CATEGORY_ID_BY_NAME[name] - 1]
    return {"category": found.name, "category_id": found.id, "slot": found.slot}


def following(item: Mapping, name: str | None) -> dict[str, Any]:
    """Return the kind's fields that an item gets with its new type, none where its kind can stay.

    A sleeve that is known decides between a t-shirt's two.

    >>> following({"category": "skirt"}, "jeans")
    {'category': 'trousers', 'category_id': 8, 'slot': 'bottom'}
    >>> following({"category": "skirt"}, "Grandma's"), following({"category": "long sleeve top"}, "t-shirt")
    ({}, {})
    """
    row = thing(name or "")
    if row is None or kind(item) in row.kinds:
        return {}
    sleeves = {number: sleeve for number, sleeve in SLEEVE_OF_CATEGORY.items() if sleeve == item.get("sleeve")}
    same_sleeve = [word for word in row.kinds if CATEGORY_ID_BY_NAME.get(word) in sleeves]
    return kind_fields((same_sleeve or row.kinds)[0])


def sound(fields: Mapping) -> dict[str, Any]:
    """Return ``fields`` as they may be stored: plain JSON values, and category, category id and slot in agreement.

    Raises ``ValueError`` or ``TypeError`` with the field's name when a value cannot be stored.
    """
    fields = {str(name): plain(value, str(name)) for name, value in fields.items()}
    fields = {name: cleaned(name, value) for name, value in fields.items()}
    for name, fault in faults(fields).items():
        raise ValueError(f"field {name!r}: {fault}")
    return fields | _category_fields(fields)


def new_item(fields: Mapping) -> dict[str, Any]:
    """Return a whole new item: ``fields`` made sound, the kind taken from its everyday type where none is given."""
    fields = sound(fields)
    if not fields.get("category") and not fields.get("slot"):
        fields |= following({"slot": None, **fields}, fields.get("type")) or kind_fields("accessory")
    fields["type"] = fields.get("type") or kind(fields)
    return view(fields)


def plain(value: Any, name: str = "value") -> Any:
    """Return ``value`` as JSON can hold it: NaN, NaT and infinities become ``None``, NumPy values Python's own.

    Dataclasses (``ColourShare``) become objects.
    Raises ``TypeError`` naming the field for anything else (bytes, functions, …).

    >>> plain({"a": float("nan"), "b": np.float32(0.5), "c": ("x", np.int64(3))})
    {'a': None, 'b': 0.5, 'c': ['x', 3]}
    """
    if value is None or isinstance(value, bool) or type(value).__name__ in ("NAType", "NaTType"):
        return value if isinstance(value, bool) else None
    if isinstance(value, np.ndarray | np.generic) and not isinstance(value, str | float):
        return plain(value.tolist(), name)
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part, f"{name}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        parts = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(part, name) for part in parts]
    return _plain_scalar(value, name)


def _plain_scalar(value: Any, name: str) -> str | int | float | None:
    if isinstance(value, str):  # lone surrogates (from broken file names) have no UTF-8
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"field {name!r}: a {type(value).__name__} cannot be stored; give text, a number or a list of them")


def _category_fields(fields: Mapping) -> dict[str, Any]:
    number, name = fields.get("category_id"), fields.get("category")
    if number is None and name is None:
        return {"category": None, "category_id": None} if {"category", "category_id"} & set(fields) else {}
    if number is None and name is not None:
        return kind_fields(name)
    try:
        found = CATEGORY_BY_ID[int(number or 0)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"field 'category_id': expected 1..{len(CATEGORIES)} or nothing, got {number!r}") from error
    if name is not None and name != found.name:
        raise ValueError(f"category {name!r} and category_id {number} disagree: {number} is {found.name!r}")
    return kind_fields(found.name)
