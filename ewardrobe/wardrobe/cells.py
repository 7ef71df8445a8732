"""An item as cells of a table, as people write them: text of its fields, and fields of text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ewardrobe.wardrobe.fields import NUMBERS, TABLE
from ewardrobe.wardrobe.item import kind, kind_fields
from ewardrobe.wardrobe.vocabulary import kind_of
from ewardrobe.wardrobe.wear_log import days_worn

READ_ONLY = ("times_worn", "last_worn", "added")
FIELDS = {field.column: field for field in TABLE if field.csv}
COLUMNS = (*FIELDS, *READ_ONLY)
"""The columns of an exported table; those of ``READ_ONLY`` are passed over when it comes back."""

HEADINGS = {word: column for column, field in FIELDS.items() for word in field.words}
"""What other programs call the columns."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell_of(item: Mapping, column: str) -> str:
    """Return the text of an item's cell; what a spreadsheet would take for a formula gets an apostrophe before it."""
    if column == "category":
        return kind(item)
    if column == "times_worn":
        return str(len(days_worn(item)))
    value = max(days_worn(item), default=None) if column == "last_worn" else item.get(column)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column in FIELDS and FIELDS[column].holds in NUMBERS:
        return f"{value:.10g}"
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def value_of(column: str, text: str) -> dict[str, Any]:
    """Return the fields that a cell stands for; ``ValueError`` says what was expected.  An empty cell is no value.

    >>> value_of("price", "12,50 €"), value_of("bought", "31.3.2026"), value_of("tags", "work; summer")
    ({'price': 12.5}, {'bought': '2026-03-31'}, {'tags': ['work', 'summer']})
    >>> value_of("category", "Sneakers")
    {'category': None, 'category_id': None, 'slot': 'shoes'}
    """
    text = text.strip()
    if text.startswith("'") and text.lstrip("'").startswith(_FORMULA):
        text = text[1:]
    if column == "category":
        return kind_fields(kind_of(text) or text) if text else {}
    try:
        value = FIELDS[column].holds.value_of(text)
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None
    return {column: [_word(column, part) for part in value] if isinstance(value, list) else _word(column, value)}


def _word(column: str, value: Any) -> Any:
    """Return a word of a vocabulary as it is written there, anything else as it is."""
    return value.casefold() if str(value).casefold() in FIELDS[column].choices else value
