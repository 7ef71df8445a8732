"""Cells of a table as people write them: dates, prices, lists, yes and no, into values of an item and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from ewardrobe.wardrobe.fields import COUNT, DAY, FLAG, NUMBERS, TABLE, TEXTS
from ewardrobe.wardrobe.item import kind, kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS
from ewardrobe.wardrobe.wear_log import days_worn, last_worn

READ_ONLY = ("times_worn", "last_worn", "added")
FIELDS = {field.column: field for field in TABLE if field.csv}
COLUMNS = (*FIELDS, *READ_ONLY)
"""The columns of an exported table; those of ``READ_ONLY`` are passed over when it comes back."""

HEADINGS = {word: column for column, field in FIELDS.items() for word in field.words}
"""What other programs call the columns."""

_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell_of(item: Mapping, column: str) -> str:
    """Return the text of an item's cell; what a spreadsheet would take for a formula gets an apostrophe before it."""
    if column == "category":
        return kind(item)
    if column == "times_worn":
        return str(len(days_worn(item)))
    value = last_worn(item) if column == "last_worn" else item.get(column)
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
    """
    text = text.strip()
    if text.startswith("'") and text.lstrip("'").startswith(_FORMULA):
        text = text[1:]
    if column == "category":
        return _kind(text)
    holds = FIELDS[column].holds
    if holds == TEXTS:
        return {column: [_word(column, part.strip()) for part in re.split(r"[;|]", text) if part.strip()]}
    if holds == FLAG:
        return {column: _flag(column, text)}
    if not text:
        return {column: 0 if holds == COUNT else None}
    if holds == DAY:
        return {column: _day(column, text)}
    return {column: _number(column, text) if holds in NUMBERS else _word(column, text)}


def _word(column: str, text: str) -> str:
    """Return a word of a vocabulary as it is written there, any other text as it is."""
    return text.casefold() if text.casefold() in FIELDS[column].choices else text


def _kind(text: str) -> dict[str, Any]:
    if text and text.casefold() not in KINDS:
        raise ValueError(f"category: {text!r} is none of {', '.join(KINDS)}")
    return kind_fields(text.casefold()) if text else {}


def _flag(column: str, text: str) -> bool:
    word = text.casefold()
    if word in ("yes", "y", "true", "1", "x", "✓", "♥"):
        return True
    if word in ("", "no", "n", "false", "0"):
        return False
    raise ValueError(f"{column}: expected yes or no, got {text!r}")


def _number(column: str, text: str) -> float | int:
    digits = re.sub(r"[^\d.,\-]", "", text)
    if re.search(r"[^\W\d_]{4,}", text) or not re.search(r"\d", digits):
        raise ValueError(f"{column}: expected a number, got {text!r}")
    if "," in digits and "." in digits:  # the later one is the decimal sign
        digits = digits.replace("." if digits.rfind(",") > digits.rfind(".") else ",", "")
    elif re.fullmatch(r"-?\d{1,3}(,\d{3})+", digits):
        raise ValueError(f"{column}: {text!r} could be {digits.replace(',', '')} or {digits.replace(',', '.')}")
    try:
        number = float(digits.replace(",", "."))
    except ValueError:
        raise ValueError(f"{column}: expected a number, got {text!r}") from None
    return int(number) if number.is_integer() else number


def _day(column: str, text: str) -> str:
    text = text[:10] if re.match(r"\d{4}-\d\d-\d\d[T ]", text) else text  # with a time of day
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(text, pattern).date().isoformat()
        except ValueError:
            continue
    return _slashed(column, text)


def _slashed(column: str, text: str) -> str:
    """Return a date such as 31/3/2026 or 3/31/2026 where only one reading is possible."""
    parts = [int(part) for part in re.findall(r"\d+", text)] if re.fullmatch(r"\d+[/-]\d+[/-]\d{4}", text) else []
    found = set()
    for day, month in ((parts[0], parts[1]), (parts[1], parts[0])) if parts else ():
        try:
            found.add(date(parts[2], month, day).isoformat())
        except ValueError:
            continue
    if len(found) == 1:
        return found.pop()
    if found:
        raise ValueError(f"{column}: {text!r} could be {' or '.join(sorted(found))}; write it in one of these ways")
    raise ValueError(f"{column}: {text!r} is no date; write it as 2026-03-31")
