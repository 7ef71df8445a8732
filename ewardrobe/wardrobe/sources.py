"""Who said the values of an item's fields, and what the owner is to be asked.

``source[field]`` is ``"user"``, ``"measured"`` (colours), ``{"by": "category"}`` (the sleeve in a category's name) or
``{"by": "attributes", "confidence": 0.93}``.  A guess that is not sure is no value: the field stays empty and its
source carries it, ``{"by": "attributes", "confidence": 0.41, "guess": "wool"}``.
"""

from __future__ import annotations

from collections.abc import Mapping

from ewardrobe.core.attributes import HEADS

LEARNED = tuple(HEADS)
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
    return by == USER or (by is None and item.get(field) not in (None, "", []))


def open_question(item: Mapping, field: str) -> tuple[str, float] | None:
    """Return the guess and its confidence that the owner of ``item`` is to be asked about; ``None`` if nothing is."""
    source = (item.get("source") or {}).get(field)
    if item.get(field) is None and isinstance(source, Mapping) and source.get("guess"):
        return str(source["guess"]), float(source.get("confidence") or 0)
    return None


def confidence_of(item: Mapping, field: str) -> float | None:
    """Return how sure the network was of the value of ``field``; ``None`` if somebody else said it."""
    source = (item.get("source") or {}).get(field)
    return source.get("confidence") if isinstance(source, Mapping) else None
