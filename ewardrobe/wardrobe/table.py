"""The wardrobe as an editable table: its rows, and what its edits, which come by position, mean for the items."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ewardrobe.wardrobe.derived import iso_date, missing, rows_of
from ewardrobe.wardrobe.fields import DAY, FLAG, NUMBERS, PRICE, TABLE, entered, shown
from ewardrobe.wardrobe.item import following, kind, kind_fields
from ewardrobe.wardrobe.palette import palette_names, with_names
from ewardrobe.wardrobe.vocabulary import fits

SHOWN = {field.name: field for field in TABLE if field.width}
FLAG_COLUMNS = ("chosen", *(name for name, field in SHOWN.items() if field.holds == FLAG))
LIST_COLUMNS = tuple(name for name, field in SHOWN.items() if field.many)
TEXT_ENTERED = tuple(name for name, field in SHOWN.items() if field.holds in (PRICE, DAY))
"""Amounts and days: their cells are text.  The grid reads numbers and dates by rules of its own: a pasted 49,90 is 4990
to it, and 04.03.2026 the third of April.  It sorts text by its letters: days as they are, amounts by `_aligned`."""

_NUMBERS = (name for name, field in SHOWN.items() if field.holds in NUMBERS and name not in TEXT_ENTERED)
NUMBER_COLUMNS = (*_NUMBERS, "wears", "cost_per_wear")
DATE_COLUMNS = ("last_worn",)
READ_ONLY = ("picture", "open", "wears", "last_worn", "cost_per_wear")
_LONG = tuple(name for name, field in SHOWN.items() if field.long)
_SHORT = tuple(name for name in SHOWN if name not in (*_LONG, *FLAG_COLUMNS))
COLUMNS = ("chosen", "picture", "open", *FLAG_COLUMNS[1:], *_SHORT, *READ_ONLY[2:], *_LONG)
"""In their order.  chosen, picture and open belong to the page, not to the item."""

OPEN_LABEL = ":material/open_in_full:"


def table_rows(
    frame: pd.DataFrame, picture: Callable[[Mapping], str], chosen: Container[str] = ()
) -> list[dict[str, Any]]:
    """Return one dictionary of ``COLUMNS`` for each row of a frame of ``derived.with_derived``.

    picture: the data URL of an item's picture; chosen: ids of the items that the owner has ticked.
    """
    rows = []
    for item in rows_of(frame):
        own = {"kind": kind(item), "picture": picture(item), "open": OPEN_LABEL, "chosen": item["id"] in chosen}
        own["colours"] = palette_names(item)
        rows.append(_row({name: item.get(name) for name in COLUMNS} | own))
    return rows


def item_fields(cells: Mapping, item: Mapping | None = None) -> dict[str, Any]:
    """Return the fields of an item that edited ``cells`` of the table stand for; ``item`` as it was before.

    Raises ``ValueError`` for an amount or day that is none, or can be read in two ways.
    """
    fields = {name: value for name, value in cells.items() if name not in ("kind", "chosen", *READ_ONLY)}
    fields |= {name: entered(name, fields[name]) for name in TEXT_ENTERED if name in fields}
    if "colours" in fields:
        fields["colours"] = with_names((item or {}).get("colours"), fields["colours"] or [])
    if cells.get("kind"):
        stays = "type" in fields or fits(str((item or {}).get("type") or ""), cells["kind"])
        return fields | kind_fields(cells["kind"]) | ({} if stays else {"type": cells["kind"]})
    if "type" in cells:
        if not cells["type"]:
            raise ValueError("say what it is: it cannot be empty")
        fields["type"] = entered("type", cells["type"])
        fields |= following(item or {}, fields["type"])
    return fields


@dataclass(frozen=True)
class News:
    """What the user did since the last look: cells by item id, and the items ticked or no longer ticked."""

    cells: dict[str, dict[str, Any]]
    chosen: dict[str, bool]


@dataclass
class TableView:
    """What one mounted table was given, so that its edits, which come by position, find their items.

    The table keeps this frame while the user edits it: feeding it the saved values at every edit would mount it anew,
    with the cursor lost.  It is replaced as soon as frame + pending edits are not what the wardrobe holds.
    """

    ids: list[str]
    rows: list[dict[str, Any]]
    options: dict[str, list[str]]
    key: str
    edited: dict[int, dict[str, Any]] = field(default_factory=dict)

    _numbers = itertools.count(1)

    @classmethod
    def of(cls, ids: Iterable[str], rows: list[dict[str, Any]], known_tags: Iterable[str] = ()) -> TableView:
        """Return a new view with a key of its own."""
        options = {
            name: _options(field.choices, itertools.chain(*(row[name] if field.many else [row[name]] for row in rows)))
            for name, field in SHOWN.items()
            if field.many or field.fixed
        }
        options["tags"] = sorted({*options["tags"], *known_tags})
        return cls(list(ids), rows, options, f"wardrobe-table-{next(cls._numbers)}")

    @property
    def frame(self) -> pd.DataFrame:
        """The table's input: columns of one type whatever the rows hold, so that every cell can be edited."""
        frame = pd.DataFrame(self.rows, columns=list(COLUMNS))
        for name in DATE_COLUMNS:
            frame[name] = pd.to_datetime(frame[name], errors="coerce", format="%Y-%m-%d")
        for name in TEXT_ENTERED:
            frame[name] = _aligned(frame[name])
        text = dict.fromkeys(COLUMNS, "str")
        text = {name: kind for name, kind in text.items() if name not in (*LIST_COLUMNS, *DATE_COLUMNS)}
        return frame.astype(text | dict.fromkeys(NUMBER_COLUMNS, "float64") | dict.fromkeys(FLAG_COLUMNS, bool))

    def shows(self, ids: Iterable[str], rows: list[dict[str, Any]], state: Mapping | None) -> bool:
        """Tell whether the user, with the table's pending ``state``, sees exactly these items and values."""
        edited = _edited(state)
        seen = [_row({**row, **edited.get(place, {})}) for place, row in enumerate(self.rows)]
        return self.ids == list(ids) and seen == rows

    def take_news(self, state: Mapping | None) -> News:
        """Return what is new in ``state`` since the last call.

        The table reports all edits since it was mounted every time; writing an old one again would undo what another
        window has saved meanwhile.
        """
        edited, news = _edited(state), News({}, {})
        for place, cells in edited.items():
            before = self.edited.get(place, {})
            changed = {name: value for name, value in cells.items() if name not in before or before[name] != value}
            if place >= len(self.ids):
                continue
            if "chosen" in changed:
                news.chosen[self.ids[place]] = bool(changed.pop("chosen"))
            if changed:
                news.cells[self.ids[place]] = changed
        self.edited = edited
        return news


def _text_cell(name: str, value: Any) -> str | None:
    """Return an amount or day as its cell shows it; what cannot be read stays as it was typed."""
    with suppress(ValueError):
        value = entered(name, value)
    return shown(name, None if missing(value) else value) or None


def _aligned(texts: pd.Series) -> list[str | None]:
    """Return amounts with blanks before them, so that their letters sort as the numbers do; other text as it is.

    >>> _aligned(pd.Series(["80.00", None, "1299.00", "2026-03-31", "soon"]))
    ['  80.00', None, '1299.00', '2026-03-31', 'soon']
    """
    wholes = [re.fullmatch(r"(\d+)(?:\.\d+)?", text) if isinstance(text, str) else None for text in texts]
    width = max((len(whole[1]) for whole in wholes if whole), default=0)
    return [
        " " * (width - len(whole[1])) + text if whole else None if missing(text) else text
        for text, whole in zip(texts, wholes, strict=True)
    ]


def _cell(name: str, value: Any) -> Any:
    if name in TEXT_ENTERED:
        return _text_cell(name, value)
    if name in LIST_COLUMNS:
        return [str(part) for part in value] if isinstance(value, list | tuple) else []
    if name in NUMBER_COLUMNS:
        return None if missing(value) or isinstance(value, str) else float(value)
    if name in DATE_COLUMNS:
        return iso_date(value)
    if name in FLAG_COLUMNS:
        return bool(value)
    return None if missing(value) or value == "" else str(value)


def _row(cells: Mapping) -> dict[str, Any]:
    return {name: _cell(name, value) for name, value in cells.items()}


def _options(choices: Iterable[str], present: Iterable[str | None]) -> list[str]:
    """Return ``choices`` and after them whatever else the wardrobe holds: a cell must be able to show its value."""
    return list(dict.fromkeys([*choices, *sorted(filter(None, present))]))


def _edited(state: Mapping | None) -> dict[int, dict[str, Any]]:
    return {int(place): dict(cells) for place, cells in ((state or {}).get("edited_rows") or {}).items()}
