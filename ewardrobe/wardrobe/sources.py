"""Who said the values of an item's fields, and what the owner is to be asked.

``source[field]`` is ``"user"``, ``"measured"`` (colours), ``{"by": "category"}`` (the sleeve in a category's name) or
``{"by": "attributes", "confidence": 0.93}``.  A guess that is not sure is no value: the field stays empty and its
source carries it, ``{"by": "attributes", "confidence": 0.41, "guess": "wool"}``.  An item always has a name: one that
only repeats its category, "long sleeve top", is nobody's word.
"""

from __future__ import annotations

from collections.abc import Mapping

from ewardrobe.core.attributes import HEADS
from ewardrobe.wardrobe.item import kind

FIELD_OF = dict(zip(HEADS, HEADS, strict=True)) | {"kind": "type"}
"""The field of an item that each attribute of the network fills."""

LEARNED = tuple(FIELD_OF.values())
"""The fields that the network tells."""

USER, MEASURED, CATEGORY = "user", "measured", "category"


def by_whom(item: Mapping, field: str) -> str | None:
    """Return who said the value of ``field``: "user", "measured", a model's name; ``None`` if nobody noted it.

    >>> item = {"source": {"brand": "user", "pattern": {"by": "attributes", "confidence": 0.9}}}
    >>> by_whom(item, "brand"), by_whom(item, "pattern"), by_whom(item, "size")
    ('user', 'attributes', None)
    """
    source = (item.get("source") or {}).get(field)
    return source.get("by") if isinstance(source, Mapping) else source


def is_owners(item: Mapping, field: str) -> bool:
    """Tell whether ``field`` is the owner's: entered by hand, emptied by hand, or there without a word from whom."""
    by = by_whom(item, field)
    return by == USER or (by is None and not _unsaid(item, field))


def open_question(item: Mapping, field: str) -> tuple[str, float] | None:
    """Return the guess and its confidence that the owner of ``item`` is to be asked about; ``None`` if nothing is."""
    source = (item.get("source") or {}).get(field)
    if _unsaid(item, field) and isinstance(source, Mapping) and source.get("guess"):
        return str(source["guess"]), float(source.get("confidence") or 0)
    return None


def confidence_of(item: Mapping, field: str) -> float | None:
    """Return how sure the network was of the value of ``field``; ``None`` if somebody else said it."""
    source = (item.get("source") or {}).get(field)
    return source.get("confidence") if isinstance(source, Mapping) else None


def _unsaid(item: Mapping, field: str) -> bool:
    """Tell whether ``field`` is empty, or a name that only repeats the category."""
    value = item.get(field)
    return value in (None, "", []) or (field == "type" and value == kind(item))
