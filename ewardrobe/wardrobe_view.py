"""What the wardrobe page shows and what its edits mean: filters, table rows, pending edits, the gallery's HTML."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
from PIL import Image, ImageOps

from ewardrobe.items import COLOURS, KINDS, MATERIALS, PATTERNS, SEASONS, STYLES, kind, kind_fields

SWATCHES = dict(
    zip(
        COLOURS,
        (
            *("#26282b", "#fafafa", "#9a9a9a", "#d9c7a7", "#7a5236", "#c8342f", "#e5822b", "#e8c93a"),
            *("#3f8f54", "#3f74c9", "#1f2f56", "#7d55a6", "#e08aab"),
            "conic-gradient(#c8342f, #e8c93a, #3f8f54, #3f74c9, #7d55a6, #c8342f)",
        ),
        strict=True,
    )
)
"""CSS colour of each colour name."""

TEXT_COLUMNS = ("type", "kind", "colour", "pattern", "material", "style", "brand", "size", "notes")
LIST_COLUMNS = ("season", "tags")
COLUMNS = ("picture", "favourite", *TEXT_COLUMNS[:6], "season", "brand", "size", "tags", "notes")
CHOICES = {"kind": KINDS, "colour": COLOURS, "pattern": PATTERNS, "material": MATERIALS, "style": STYLES}
SEARCHED = ("type", "category", "slot", "colour", "pattern", "material", "style", "brand", "size", "notes")

_HANGER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" fill="none" stroke="#a39d92" stroke-width="2.5" '
    'stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M27 20a5 5 0 1 1 7 5q-2 1-2 4L8 45q-2 4 2 4h44q4 0 2-4L32 29"/></svg>'
)
PLACEHOLDER = "data:image/svg+xml;base64," + base64.b64encode(_HANGER.encode()).decode()
"""Data URL of a hanger, for items without a picture."""


def filter_items(
    frame: pd.DataFrame, kinds: Iterable[str] = (), colours: Iterable[str] = (), text: str = ""
) -> pd.DataFrame:
    """Return the rows of a wardrobe frame that are of one of ``kinds`` and ``colours`` and hold every word of ``text``.

    An empty filter lets everything pass; words are found in any text field or tag, whatever their case.
    """
    keep = pd.Series(True, index=frame.index)
    if kinds := set(kinds):
        keep &= pd.Series([kind(row) in kinds for row in _rows(frame)], index=frame.index, dtype=bool)
    if colours := set(colours):
        keep &= frame["colour"].isin(colours)
    words = text.casefold().split()
    if words:
        found = [all(word in _searchable(row) for word in words) for row in _rows(frame)]
        keep &= pd.Series(found, index=frame.index, dtype=bool)
    return frame[keep]


def newest_first(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows by the time of their adding, the newest first; those added together keep their order."""
    return frame.sort_values("added", ascending=False, kind="stable")


def all_tags(frame: pd.DataFrame) -> list[str]:
    """Return every tag in use, sorted."""
    return sorted({str(tag) for tags in frame["tags"] if isinstance(tags, list) for tag in tags})


def table_rows(frame: pd.DataFrame, picture: Callable[[Mapping], str]) -> list[dict[str, Any]]:
    """Return one dictionary of ``COLUMNS`` for each row; ``picture`` gives an item's data URL."""
    rows = []
    for item in _rows(frame):
        cells = {name: item.get(name) for name in COLUMNS} | {"kind": kind(item), "picture": picture(item)}
        rows.append({name: _cell(name, value) for name, value in cells.items()})
    return rows


def item_fields(cells: Mapping) -> dict[str, Any]:
    """Return the item's fields that edited ``cells`` of the table stand for."""
    fields = {name: value for name, value in cells.items() if name not in ("kind", "picture")}
    return fields | (kind_fields(cells["kind"]) if cells.get("kind") else {})


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
    deleted: set[int] = field(default_factory=set)

    _numbers = itertools.count(1)

    @classmethod
    def of(cls, ids: Iterable[str], rows: list[dict[str, Any]], known_tags: Iterable[str] = ()) -> TableView:
        """Return a new view with a key of its own."""
        options = {name: _options(choices, [row[name] for row in rows]) for name, choices in CHOICES.items()}
        options["season"] = _options(SEASONS, itertools.chain(*[row["season"] for row in rows]))
        options["tags"] = sorted(set(known_tags))
        return cls(list(ids), rows, options, f"wardrobe-table-{next(cls._numbers)}")

    @property
    def frame(self) -> pd.DataFrame:
        """The table's input: text, list and bool columns whatever the rows hold, so that every cell can be edited."""
        frame = pd.DataFrame(self.rows, columns=list(COLUMNS))
        return frame.astype(dict.fromkeys(("picture", *TEXT_COLUMNS), "str") | {"favourite": bool})

    def shows(self, ids: Iterable[str], rows: list[dict[str, Any]], state: Mapping | None) -> bool:
        """Tell whether the user, with the table's pending ``state``, sees exactly these items and values."""
        edited, deleted = _parts(state)
        kept = [position for position in range(len(self.ids)) if position not in deleted]
        seen = [_row({**self.rows[position], **edited.get(position, {})}) for position in kept]
        return [self.ids[position] for position in kept] == list(ids) and seen == rows

    def take_news(self, state: Mapping | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
        """Return what is new in ``state`` since the last call: ``{id: {field: value}}`` and deleted ids.

        The table reports all edits since it was mounted every time; writing an old one again would undo what another
        window has saved meanwhile.
        """
        edited, deleted = _parts(state)
        news = {}
        for position, cells in edited.items():
            before = self.edited.get(position, {})
            changed = {name: value for name, value in cells.items() if name not in before or before[name] != value}
            if changed and position < len(self.ids):
                news[self.ids[position]] = item_fields(changed)
        gone = [self.ids[position] for position in sorted(deleted - self.deleted) if position < len(self.ids)]
        self.edited, self.deleted = edited, deleted
        return news, gone


def data_url(path: Path | BinaryIO, side: int, margin: float = 0.0) -> str:
    """Return the picture in ``path`` as a WebP data URL of at most ``side`` pixels; the placeholder if unreadable.

    With a ``margin`` (share of the side) it is set in the middle of a transparent square, as the table's cells crop.
    """
    buffer = io.BytesIO()
    inner = round(side * (1 - 2 * margin))
    try:
        with Image.open(path) as picture:
            image = ImageOps.contain(picture.convert("RGBA"), (inner, inner))
            image = ImageOps.pad(image, (inner, inner), color=(0, 0, 0, 0)) if margin else image
            ImageOps.expand(image, (side - inner) // 2, (0, 0, 0, 0)).save(buffer, "WEBP", quality=82)
    except (OSError, ValueError):
        return PLACEHOLDER
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def gallery_html(frame: pd.DataFrame, picture: Callable[[Mapping], str]) -> str:
    """Return the cards of a gallery as HTML; all text of the items is escaped.

    Where an item has a try-on picture the card shows it under the pointer.
    """
    cards = "".join(_card(item, picture(item), _worn(item, picture)) for item in _rows(frame))
    return f"<style>{_GALLERY_CSS}</style><div class='ew-gallery'>{cards}</div>"


def _worn(item: Mapping, picture: Callable[[Mapping], str]) -> str:
    name = item.get("try_on")
    return f"<img class='ew-worn' src='{picture({'image': name})}' alt='' loading='lazy'>" if _text(name) else ""


def _card(item: Mapping, url: str, worn: str = "") -> str:
    swatch = SWATCHES.get(item.get("colour") or "", "transparent")
    facts = " · ".join(escape(str(item[name])) for name in ("colour", "brand", "size") if _text(item.get(name)))
    marks = ("<i title='Favourite'>♥</i>" if item.get("favourite") else "") + (
        "<em>sample</em>" if item.get("sample") else ""
    )
    name = escape(str(item.get("type") or kind(item)))
    return (
        f"<figure><div><img src='{url}' alt='{name}' loading='lazy'>{worn}{marks}</div>"
        f"<figcaption><b>{name}</b><span><s style='background:{swatch}'></s>{facts or '&nbsp;'}</span></figcaption>"
        "</figure>"
    )


_GALLERY_CSS = """
.ew-gallery {display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 20px 16px;}
.ew-gallery figure {margin: 0; min-width: 0;}
.ew-gallery div {position: relative; aspect-ratio: 4 / 5; border-radius: 10px; background: #f1efea; overflow: hidden;}
.ew-gallery img {position: absolute; inset: 9%; width: 82%; height: 82%; object-fit: contain;}
.ew-gallery img[src*='svg'] {inset: 32%; width: 36%; height: 36%;}
.ew-gallery img.ew-worn {inset: 0; width: 100%; height: 100%; object-fit: cover; opacity: 0; transition: opacity .2s;}
.ew-gallery figure:hover img.ew-worn {opacity: 1;}
.ew-gallery i {position: absolute; top: 6px; right: 10px; font: 18px sans-serif; color: #c8342f;}
.ew-gallery em {position: absolute; bottom: 8px; left: 8px; padding: 1px 8px; border-radius: 9px; font: 12px sans-serif;
  color: #5d584f; background: #ffffffcc;}
.ew-gallery figcaption {padding: 8px 2px 0; line-height: 1.35;}
.ew-gallery b, .ew-gallery span {display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;}
.ew-gallery b {font-weight: 600; font-size: 15px;}
.ew-gallery b::first-letter {text-transform: uppercase;}
.ew-gallery span {font-size: 13px; color: color-mix(in srgb, currentColor 75%, transparent);}
.ew-gallery s {display: inline-block; width: 11px; height: 11px; margin: 0 7px 0 1px; border-radius: 50%;
  vertical-align: -1px; box-shadow: 0 0 0 1px color-mix(in srgb, currentColor 45%, transparent);}
"""


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as dictionaries with ``None`` for whatever pandas calls missing."""
    rows = frame.to_dict("records")
    return [{name: None if _missing(value) else value for name, value in row.items()} for row in rows]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _text(value: Any) -> str | None:
    """Return ``value`` as text; an empty cell and no value are the same."""
    return None if _missing(value) or value == "" else str(value)


def _cell(name: str, value: Any) -> Any:
    if name in LIST_COLUMNS:
        return [str(part) for part in value] if isinstance(value, list | tuple) else ([value] if _text(value) else [])
    return bool(value) if name == "favourite" else _text(value)


def _row(cells: Mapping) -> dict[str, Any]:
    return {name: _cell(name, value) for name, value in cells.items()}


def _options(choices: Iterable[str], present: Iterable[str | None]) -> list[str]:
    """Return ``choices`` and after them whatever else the wardrobe holds: a cell must be able to show its value."""
    return list(dict.fromkeys([*choices, *sorted(filter(None, present))]))


def _parts(state: Mapping | None) -> tuple[dict[int, dict[str, Any]], set[int]]:
    state = state or {}
    edited = {int(position): dict(cells) for position, cells in (state.get("edited_rows") or {}).items()}
    return edited, {int(position) for position in state.get("deleted_rows") or ()}


def _searchable(row: Mapping) -> str:
    tags = row.get("tags")
    words = [_text(row.get(name)) for name in SEARCHED] + (list(tags) if isinstance(tags, list) else [])
    return " ".join(str(word) for word in words if word).casefold()
