"""An item as cells of a table, as people write them: text of its fields, and fields of text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ewardrobe.wardrobe.fields import DAY, NUMBERS, TABLE, ItemField, entered
from ewardrobe.wardrobe.item import kind, kind_fields
from ewardrobe.wardrobe.reading import AmbiguousError, DayOrder, amount_text, day
from ewardrobe.wardrobe.vocabulary import kind_of, meant_by
from ewardrobe.wardrobe.wear_log import days_worn

READ_ONLY = ("times_worn", "last_worn", "added")
FIELDS = {field.column: field for field in TABLE if field.csv}
COLUMNS = (*FIELDS, *READ_ONLY)
"""The columns of an exported table; those of ``READ_ONLY`` are passed over when it comes back."""

HEADINGS = {word: column for column, field in FIELDS.items() for word in field.words}
"""What other programs call the columns."""

_FORMULA = re.compile(
    r"(?:^|[;,|\":]|(?<!\s)[^\S\t\r\n]*+[\t\r\n])\s*+'*+(?=[=+\-@＝＋－＠])"  # where a reader may see a cell begin
    r"|(?:^|[;,|\":\n])'*+(?=[\t\r])"
    r"|(?<!\s)\s++'*+(?=[=@＝＠]|[+\-＋－]\S)"
)
"""Where a spreadsheet would take what follows for a formula, with the apostrophes that stand there already."""

_TOTALS = {
    *(
        "total",
        "totals",
        "grand total",
        "subtotal",
        "sub total",
        "sum",
        "total price",
        "total cost",
        "average",
        "count",
    ),
    *("summe", "gesamt", "gesamtsumme", "somme", "suma", "totale", "totaal", "итого"),
}

_SEVERAL = re.compile(r"[;|,/&+]|\band\b", re.IGNORECASE)
"""What parts the words of a list whose words are known."""


def cell_of(item: Mapping, column: str) -> str:
    """Return the text of an item's cell; what any spreadsheet would take for a formula gets an apostrophe before it.

    >>> cell_of({"brand": "ok;=1+1", "tags": ["-", "a-b"]}, "brand"), cell_of({"tags": ["-", "a-b"]}, "tags")
    ("ok;'=1+1", "'-; a-b")
    """
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
        return amount_text(float(value))
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return _FORMULA.sub(lambda found: f"{found[0]}'", text)


def value_of(column: str, text: str, order: DayOrder | None = None, any_type: bool = False) -> dict[str, Any]:
    """Return the fields that a cell stands for; ``ValueError`` says what was expected.  An empty cell is no value.

    order: which number comes first in dates such as 3/4/2026, where that is known.  any_type: whether a type may be
    one that nobody knows.

    >>> value_of("price", "12,50 €"), value_of("bought", "31.3.2026"), value_of("tags", "work; summer")
    ({'price': 12.5}, {'bought': '2026-03-31'}, {'tags': ['work', 'summer']})
    >>> value_of("category", "Sneakers")
    {'category': None, 'category_id': None, 'slot': 'shoes'}
    """
    text = _FORMULA.sub(lambda found: found[0].removesuffix("'"), text.strip())
    if column == "category":
        return kind_fields(kind_of(text) or text) if text else {}
    field = FIELDS[column]
    if field.many and field.choices and not field.free:
        text = text if _choices(field, text) != [text] else _SEVERAL.sub(";", text)
    try:
        if column == "type" and not any_type:
            return {column: entered(column, text)}
        value = day(text, order) if field.holds == DAY and text else field.holds.value_of(text)
    except AmbiguousError as error:
        raise AmbiguousError(f"{column}: {error}", error.readings) from None
    except ValueError as error:
        raise ValueError(f"{column}: {error}") from None
    if isinstance(value, list):
        return {column: list(dict.fromkeys(word for part in value for word in _choices(field, part)))}
    return {column: _choices(field, value)[0] if isinstance(value, str) else value}


def _choices(field: ItemField, text: str) -> list[str]:
    """Return a word of a vocabulary as it is written there, or those that it stands for; any other as it is.

    >>> _choices(FIELDS["season"], "Fall"), _choices(FIELDS["colour"], "Gray"), _choices(FIELDS["brand"], "Gray")
    (['autumn'], ['grey'], ['Gray'])
    """
    if field.free:  # the owner's own word
        return [text]
    word = text.casefold()
    found = (word,) if word in field.choices else meant_by(field.name, word)
    return [choice for choice in found if choice in field.choices] or [text]


def is_total(text: str) -> bool:
    """Tell whether a row of this name sums up a table and is no garment.

    >>> is_total("Total:"), is_total("total recall shirt")
    (True, False)
    """
    return text.casefold().strip(" :.") in _TOTALS
