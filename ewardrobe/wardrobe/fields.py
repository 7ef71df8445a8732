"""The schema of a wardrobe item: one table of fields and types, for what is read and for what is written.

A description completes the sentence "expected …" of an error message.  Fields that are not in the table are kept as
they are: a newer program, or the owner, may have put them there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

State = Literal["in use", "laundry", "lent", "archived"]
STATES = get_args(State)
"""Where an item is; ``state_reason`` says why, to whom or since when: "sold", "to Kim"."""

SLEEVES = ("none", "short", "long")

UNREADABLE = "unreadable"
"""Field that keeps values of a wrong type, ``{field: value}``: a hand-written file loses nothing by being read."""


_DAY = "a date such as 2026-03-31"


class _IsoDate:
    """Checks text for a day of the calendar; the text stays text."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict:
        text = {"type": "str", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "strict": True}
        return {"type": "chain", "steps": [text, {"type": "date", "strict": False}]}


def _said(what: str) -> Any:
    return Field(description=what)


Text = Annotated[str | None, _said("text")]
Texts = Annotated[list[str] | None, _said("a list of text")]
Flag = Annotated[bool | None, _said("true or false")]
Count = Annotated[Annotated[int, Field(ge=0)] | None, _said("a whole number of at least 0")]
Day = Annotated[_IsoDate | None, _said(_DAY)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class Wear(_Strict):
    """One day on which an item was worn, with the outfit's id if it was worn as part of one."""

    date: Annotated[_IsoDate, _said(_DAY)]
    outfit: Text = None


class Item(_Strict):
    """What ``wardrobe.json`` holds of one item, in the order of the table's columns."""

    id: Text = None
    type: Text = None
    category: Text = None
    category_id: Annotated[Annotated[int, Field(ge=1, le=13)] | None, _said("1..13 or nothing")] = None
    slot: Text = None
    colour: Text = None
    colours: Annotated[list | None, _said("a list of colours with their shares")] = None
    pattern: Text = None
    material: Text = None
    style: Text = None
    season: Texts = None
    sleeve: Annotated[str | None, _said("none, short, long or nothing")] = None
    brand: Text = None
    size: Text = None
    price: Annotated[Annotated[float, Field(ge=0)] | None, _said("a number of at least 0")] = None
    bought: Day = None
    notes: Text = None
    tags: Texts = None
    favourite: Flag = None
    state: Annotated[State | None, _said(f"one of {', '.join(STATES)}")] = None
    state_reason: Text = None
    wear_log: Annotated[list[Wear] | None, _said('a list of {"date": "2026-03-31", "outfit": null}')] = None
    wears_since_wash: Count = None
    wash_interval: Annotated[Annotated[int, Field(ge=0)] | None, _said("a number of wears, 0 for never")] = None
    washed: Day = None
    sample: Flag = None
    image: Text = None
    thumbnail: Text = None
    photo: Text = None
    model: Text = None
    score: Annotated[float | None, _said("a number")] = None
    try_on: Text = None
    earlier_images: Texts = None
    hash: Text = None
    added: Text = None
    changed: Text = None
    source: Annotated[dict | None, _said('{field: text, or {"by": text, "confidence": 0..1}}')] = None


_ITEM, _ITEMS = TypeAdapter(Item), TypeAdapter(list[Item])
EXPECTED = {name: str(field.description) for name, field in Item.model_fields.items()}
"""What each field of an item is to hold, in words, in the order of the table's columns."""


def faults(fields: Mapping) -> dict[str, str]:
    """Return what is wrong with ``fields``, ``{field: "expected …, got …"}``; empty if they may be stored."""
    try:
        _ITEM.validate_python(dict(fields))
    except ValidationError as error:
        names = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_url=False))
        return {name: f"expected {EXPECTED[name]}, got {_shown(fields[name])}" for name in names}
    return {}


def settle(items: list[dict]) -> list[tuple[str, str, str]]:
    """Make items that were read from a file agree with the schema, in place.

    A number that was written as text becomes a number, and so on; what cannot be understood moves to ``unreadable`` and
    is returned as ``(id, field, fault)``.
    """
    try:
        _ITEMS.validate_python(items)
    except ValidationError as error:
        wrong = dict.fromkeys(fault["loc"][0] for fault in error.errors(include_url=False, include_input=False))
        return [fault for number in wrong for fault in _settle_item(items[number])]
    return []


def _settle_item(item: dict) -> list[tuple[str, str, str]]:
    written = {name: item[name] for name in faults(item)}
    for name, value in written.items():
        item[name] = cleaned(name, value)
    found = faults(item)
    for name in found:
        del item[name]
        kept = item.get(UNREADABLE)
        item[UNREADABLE] = {**(kept if isinstance(kept, dict) else {}), name: written[name]}
    return [(str(item.get("id")), name, fault) for name, fault in found.items()]


def cleaned(name: str, value: Any) -> Any:
    """Return ``value`` as field ``name`` holds it, where that is beyond doubt; else as it is, for ``faults`` to tell.

    >>> cleaned("price", "12,50"), cleaned("bought", "2026-03-31T10:00:00"), cleaned("tags", "work")
    (12.5, '2026-03-31', ['work'])
    """
    clean = _CLEANERS.get(name)
    return value if clean is None else clean(value)


def _text(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) else value


def _texts(value: Any) -> Any:
    parts = value if isinstance(value, list) else ([] if value in (None, "") else [value])
    return [_text(part) for part in parts if part is not None]


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else ([] if value in (None, "") else [value])


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip().casefold() not in ("", "0", "no", "n", "false", "off")
    return bool(value)


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            number = float(value.strip().replace(",", "."))
        except ValueError:
            return value if value.strip() else None
        return number if math.isfinite(number) else None
    return value


def _whole(value: Any) -> Any:
    value = _number(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _day(value: Any) -> Any:
    if isinstance(value, str):
        return value[:10] if re.match(r"\d{4}-\d\d-\d\d[T ]", value) else (value.strip() or None)
    return value


def _state(value: Any) -> Any:
    return value if value is None else " ".join(str(value).casefold().replace("_", " ").split()) or None


def _wears(value: Any) -> Any:
    entries = [{"date": part} if isinstance(part, str) else part for part in _list(value)]
    return [
        entry | {"date": _day(entry.get("date")), "outfit": _text(entry.get("outfit"))}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]


_BY_KIND = {"text": _text, "a list of text": _texts, "true or false": _flag, _DAY: _day}
_CLEANERS: dict[str, Callable[[Any], Any]] = {
    **{name: _BY_KIND[what] for name, what in EXPECTED.items() if what in _BY_KIND},
    **dict.fromkeys(("category_id", "wears_since_wash", "wash_interval"), _whole),
    **dict.fromkeys(("price", "score"), _number),
    "colours": _list,
    "sleeve": _text,
    "state": _state,
    "wear_log": _wears,
}


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
