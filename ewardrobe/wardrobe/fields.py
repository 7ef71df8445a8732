"""The table of an item's fields, a row a field; and the schema that follows from it, for what is read and written.

Schema, columns, form, bulk bar, CSV, filters, search and the merging of twins follow from ``TABLE``.  Fields that are
not in it are kept as they are: a newer program, or the owner, may have put them there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from ewardrobe.wardrobe import vocabulary
from ewardrobe.wardrobe.reading import AmbiguousError, amount, amount_text, day, flag, same, tidy, words

UNREADABLE = "unreadable"
"""Field that keeps values of a wrong type, ``{field: value}``: a hand-written file loses nothing by being read."""

# Values


@dataclass(frozen=True)
class Holds:
    """What a field holds.

    check: its type for pydantic.  expected: completes the sentence "expected …" of an error.  read: makes a value of
    text as people write it; its ``ValueError`` says what was expected.  clean: makes other values of older files and
    programs agree with ``check``, where that is beyond doubt.  empty: makes the value of an item that has none.
    """

    check: Any
    expected: str
    read: Callable[[str], Any] = str
    clean: Callable[[Any], Any] = lambda value: value
    empty: Callable[[], Any] = type(None)

    def value_of(self, text: str) -> Any:
        """Return the value that ``text`` stands for, the empty one for no text; ``ValueError`` if it is none."""
        text = text.strip()
        return self.read(text) if text else self.empty()

    def cleaned(self, value: Any) -> Any:
        """Return ``value`` as the field holds it, where that is beyond doubt; else as it is."""
        if not isinstance(value, str) or self.read is str:
            return self.clean(value)
        with suppress(ValueError):
            return self.value_of(value)
        return value


class IsoDate:
    """Checks text for a day of the calendar; the text stays text."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> dict:
        text = {"type": "str", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "strict": True}
        return {"type": "chain", "steps": [text, {"type": "date", "strict": False}]}


def _state(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _text(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) else value


def _texts(value: Any) -> Any:
    return [_text(part) for part in _list(value) if part is not None]


def _word(value: Any) -> Any:
    value = _text(value)
    return tidy(value) if isinstance(value, str) else value


def _word_list(value: Any) -> Any:
    """Return each word once, however it is written; words that are nothing to a person are left out."""
    found: dict[Any, Any] = {}
    for part in map(_word, _texts(value)):
        found.setdefault(same(part) if isinstance(part, str) else repr(part), part)
    return [part for part in found.values() if part != ""]


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else ([] if value in (None, "") else [value])


def _colours(value: Any) -> Any:
    return [{"name": part} if isinstance(part, str) else part for part in _list(value)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _wears(value: Any) -> Any:
    return [_wear({"date": part} if isinstance(part, str) else part) for part in _list(value)]


def _wear(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    return entry | {"date": DAY.cleaned(entry.get("date")), "outfit": _text(entry.get("outfit"))}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Colour(_Strict):
    """One colour of a palette."""

    name: str | None = None
    hex: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    share: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    lab: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None


class _Source(_Strict):
    """Who said a value, how sure, and the guess where it was not sure enough for a value."""

    by: str | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    guess: str | None = None


class _Wear(_Strict):
    """One day on which an item was worn, with the outfit's id if it was worn as part of one."""

    date: IsoDate
    outfit: str | None = None


_Count = Annotated[int, Field(ge=0)]

TEXT = Holds(str, "text", clean=_word)
TEXTS = Holds(list[str], "a list of text", words, _word_list, list)
FLAG = Holds(bool, "true or false", flag, bool, bool)
DAY = Holds(IsoDate, "a date such as 2026-03-31", day)
PRICE = Holds(Annotated[float, Field(ge=0)], "a number of at least 0", amount)
COUNT = Holds(_Count, "a whole number of at least 0", amount, _whole, int)
WEARS = Holds(_Count, "a number of wears, 0 for never", amount, _whole)
NUMBERS = (PRICE, COUNT, WEARS)
PALETTE = Holds(list[_Colour], 'a list of {"name": "red", "hex": "#c8342f", "share": 0..1}', _colours, _colours, list)
_CATEGORY = Holds(Annotated[int, Field(ge=1, le=13)], "1..13 or nothing", amount, _whole)
_STATE = Holds(vocabulary.State, f"one of {', '.join(vocabulary.STATES)}", _state, empty=lambda: vocabulary.STATES[0])
_SCORE = Holds(float, "a number", amount)
_NAME = Holds(str, "text", clean=_text)  # of a file or an item: kept letter by letter
_NAMES = Holds(list[str], "a list of text", words, _texts, list)
_WEAR_LOG = Holds(list[_Wear], 'a list of {"date": "2026-03-31", "outfit": null}', _wears, _wears, list)
_SOURCES = Holds(dict[str, str | _Source | None], '{field: text, or {"by": text, "confidence": 0..1}}', empty=dict)

# The table


@dataclass(frozen=True)
class ItemField:
    """One field of an item.

    label: what the app calls it; sign: its heading in the table of the page, where that is another.  choices: offered;
    free: any other word is welcome.  required: never empty.  long: many words.  help: shown beside it.
    words: other headings in a CSV, in small letters.  csv, form, bulk: whether it is a column of the exported table,
    in the item's form, and among what can be changed on many items.  width: of its column in pixels, 0 for none.
    searched: found by its words; filtered: by a filter of its own.  twin: taken over from another photo of the item;
    by_hand: asked when one is added without a photo.
    stored: false for the category's row, which stands for the three fields that follow it.
    """

    name: str
    holds: Holds
    label: str = ""
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    sign: str = ""
    help: str | None = None
    free: bool = False
    required: bool = False
    long: bool = False
    csv: bool = True
    form: bool = True
    bulk: bool = True
    width: int = 100
    searched: bool = False
    filtered: bool = False
    twin: bool = False
    by_hand: bool = False
    stored: bool = True

    @property
    def many(self) -> bool:
        """Whether it holds a list of words, or of colours with their names."""
        return self.holds in (TEXTS, PALETTE)

    @property
    def fixed(self) -> bool:
        """Whether its one value is chosen, not typed."""
        return bool(self.choices) and not self.many and not self.free

    @property
    def column(self) -> str:
        """Its heading in an exported table."""
        return self.name if self.stored else self.label.casefold()


_own = partial(ItemField, searched=True)
_choice = partial(_own, filtered=True)
_kept = partial(ItemField, csv=False, form=False, bulk=False, width=0)

_NAME_HELP = "Your own name for it; left empty, it is called by kind, colour, material and pattern"

TABLE: tuple[ItemField, ...] = (
    _kept("id", _NAME, csv=True),
    _choice(
        "type",
        TEXT,
        "Kind",
        tuple(vocabulary.TYPES),
        ("kind", "item", "what"),
        help="What it is: jeans, trainers, coat",
        free=True,
        required=True,
        width=120,
    ),
    _choice("kind", TEXT, "Category", vocabulary.KINDS, required=True, width=150, searched=False, stored=False),
    _own("name", TEXT, "Name", words=("title", "called"), help=_NAME_HELP, width=130, by_hand=True, bulk=False),
    _kept("category", TEXT, searched=True),
    _kept("category_id", _CATEGORY),
    _kept("slot", TEXT, searched=True),
    _choice("colour", TEXT, "Colour", vocabulary.COLOURS, ("color",), by_hand=True),
    ItemField("colours", PALETTE, "Palette", vocabulary.COLOURS, csv=False, bulk=False, width=150),
    _choice("pattern", TEXT, "Pattern", vocabulary.PATTERNS, twin=True, by_hand=True),
    _choice("material", TEXT, "Material", vocabulary.MATERIALS, twin=True, by_hand=True),
    _choice("style", TEXT, "Style", vocabulary.STYLES, twin=True, by_hand=True),
    _choice("season", TEXTS, "Season", vocabulary.SEASONS, ("seasons",), width=150, twin=True),
    _choice("sleeve", TEXT, "Sleeve", vocabulary.SLEEVES, twin=True),
    _choice("brand", TEXT, "Brand", words=("label",), twin=True, by_hand=True),
    _own("size", TEXT, "Size", width=60, twin=True),
    ItemField("price", PRICE, "Price", words=("cost", "paid"), width=80, twin=True, by_hand=True),
    ItemField(
        "bought", DAY, "Bought", words=("purchased", "purchase_date", "date_of_purchase"), twin=True, by_hand=True
    ),
    _own("notes", TEXT, "Notes", words=("note", "comment"), long=True, width=220, twin=True),
    _choice("tags", TEXTS, "Tags", words=("tag",), free=True, width=150, twin=True, by_hand=True),
    ItemField("favourite", FLAG, "Favourite", words=("favorite",), sign="♥", width=48),
    _choice("state", _STATE, "State", vocabulary.STATES, ("status",), required=True, form=False, bulk=False),
    _own("state_reason", TEXT, "Why, to whom", form=False, bulk=False, width=110),
    _kept("wear_log", _WEAR_LOG),
    _kept("wears_since_wash", COUNT, csv=True),
    ItemField("wash_interval", WEARS, "Wears between washes", help="0: never needs a wash", width=0),
    _kept("washed", DAY, csv=True),
    _kept("sample", FLAG),
    _kept("image", _NAME),
    _kept("thumbnail", _NAME),
    _kept("photo", _NAME),
    _kept("model", _NAME),
    _kept("score", _SCORE),
    _kept("try_on", _NAME),
    _kept("earlier_images", _NAMES),
    _kept("hash", _NAME, twin=True),
    _kept("added", _NAME),
    _kept("changed", _NAME),
    _kept("source", _SOURCES),
)
"""In the order of the columns, of the form and of the filters."""

FIELD = {field.name: field for field in TABLE}
STORED = {field.name: field for field in TABLE if field.stored}
"""The fields of ``wardrobe.json`` by name."""

_CHECKS: dict[str, Any] = {name: (field.holds.check | None, None) for name, field in STORED.items()}
_CHECKED: Any = create_model("Item", __base__=_Strict, **_CHECKS)
_ITEM, _ITEMS = TypeAdapter(_CHECKED), TypeAdapter(list[_CHECKED])


def entered(name: str, value: Any) -> Any:
    """Return what was typed for a field as it is stored; ``ValueError`` if it is nothing of the kind.

    >>> entered("price", "49,90 €"), entered("bought", "31.3.2026"), entered("brand", " Acme "), entered("size", "")
    (49.9, '2026-03-31', 'Acme', None)
    """
    if not isinstance(value, str):
        return value
    row, value = FIELD[name], value.strip()
    if row.name == "type" and value:
        return vocabulary.kind_text(value)
    return row.holds.value_of(value) if row.holds in (PRICE, DAY) else value or None


def shown(name: str, value: Any) -> str:
    """Return the value of a field as text that is read as the same value.

    >>> shown("price", 49.9), shown("price", 1.299), shown("bought", "2026-03-31"), shown("price", None)
    ('49.90', '1.2990', '2026-03-31', '')
    """
    if value is None or value == "":
        return ""
    if FIELD[name].holds == PRICE and isinstance(value, int | float):
        return f"{value:.2f}" if round(value, 2) == value else amount_text(value)
    return str(value)


ODD_TIMES = 20
"""An amount so many times as large or as small as the one before is shown before it is kept: a sign may be missing."""


def is_odd(name: str, before: Any, after: Any) -> bool:
    """Tell whether a change of an amount looks like a slip of a sign.

    >>> is_odd("price", 49.9, 4990), is_odd("price", 49.9, 60), is_odd("price", None, 4990), is_odd("size", 1, 40)
    (True, False, False, False)
    """
    numbers = all(isinstance(value, int | float) and value > 0 for value in (before, after))
    return numbers and FIELD[name].holds == PRICE and max(before / after, after / before) >= ODD_TIMES


# Checking


def faults(fields: Mapping) -> dict[str, str]:
    """Return what is wrong with ``fields``, ``{field: "expected …, got …"}``; empty if they may be stored."""
    try:
        _ITEM.validate_python(dict(fields))
    except ValidationError as error:
        names = dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_url=False))
        return {name: f"expected {STORED[name].holds.expected}, got {_told(name, fields[name])}" for name in names}
    return {}


def settle(items: list[dict]) -> list[tuple[str, str, str]]:
    """Make items that were read from a file agree with the schema, in place; returns ``(id, field, fault)`` of each.

    A number that was written as text becomes a number, and so on; what cannot be understood moves to ``unreadable``.
    """
    found: list[tuple[str, str, str]] = []
    for start in range(0, len(items), AT_ONCE):  # an error holds a kilobyte for each fault
        try:
            _ITEMS.validate_python(items[start : start + AT_ONCE])
        except ValidationError as error:
            faulty = {int(fault["loc"][0]) for fault in error.errors(include_url=False, include_input=False)}
            found += [fault for number in sorted(faulty) for fault in _settle_item(items[start + number])]
    return found


AT_ONCE = 1000
"""Items that are checked together."""


def _settle_item(item: dict) -> list[tuple[str, str, str]]:
    found = faults(item)
    written = {name: item[name] for name in found}
    for name, value in written.items():
        item[name] = cleaned(name, value)
    for name in faults(item):
        del item[name]
        kept = item.get(UNREADABLE)
        item[UNREADABLE] = {**(kept if isinstance(kept, dict) else {}), name: written[name]}
    return [(str(item.get("id")), name, fault) for name, fault in found.items()]


def cleaned(name: str, value: Any) -> Any:
    """Return ``value`` as field ``name`` holds it, where that is beyond doubt; else as it is, for ``faults`` to tell.

    >>> cleaned("price", "12,50"), cleaned("bought", "2026-03-31T10:00:00"), cleaned("tags", "work")
    (12.5, '2026-03-31', ['work'])
    """
    return STORED[name].holds.cleaned(value) if name in STORED else value


def _told(name: str, value: Any) -> str:
    text = repr(value)
    text = text if len(text) <= 80 else f"{text[:77]}…"
    try:
        STORED[name].holds.value_of(str(value))
    except AmbiguousError as error:
        return f"{text}, which could be {' or '.join(sorted(error.readings))}"
    except ValueError:
        pass
    return text
