"""The wardrobe's gallery: its cards as HTML, and their style; `gallery.js` lets them be opened and chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from ewardrobe.wardrobe.derived import missing
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.palette import SWATCHES
from ewardrobe.wardrobe.statistics import main_hex
from ewardrobe.wardrobe.wear_log import STATE_WORDS


def gallery_html(items: Iterable[Mapping], picture: Callable[[Mapping], str]) -> str:
    """Return the cards as HTML; all text of the items is escaped.

    items: with their ``id``; picture: the data URL of an item's picture.
    Where an item has a try-on picture the card shows it under the pointer.
    """
    return "".join(_card(item, picture) for item in items)


def _card(item: Mapping, picture: Callable[[Mapping], str]) -> str:
    swatch = main_hex(item) or SWATCHES.get(_text(item.get("colour")) or "", "transparent")  # as it was measured
    plain = called(item)
    facts = [text for part in ("colour", "brand", "size") if (text := _text(item.get(part)))]
    told = " · ".join(escape(text) for text in facts if text not in plain)
    name = escape(plain)
    worn = _text(item.get("try_on"))
    over = f"<img class='ew-worn' src='{picture({'image': worn})}' alt='' loading='lazy'>" if worn else ""
    return (
        f"<figure data-id='{escape(str(item['id']))}'>"
        f"<button class='pick' role='checkbox' aria-checked='false' aria-label='Choose {name}'></button>"
        f"<button class='open' aria-label='Open {name}'><span class='frame'>"
        f"<img src='{picture(item)}' alt='{name}' loading='lazy'>{over}{_marks(item)}</span>"
        f"<span class='caption'><b>{name}</b><span><s style='background:{swatch}'></s>{told or '&nbsp;'}</span></span>"
        "</button></figure>"
    )


def _marks(item: Mapping) -> str:
    state = STATE_WORDS.get(_text(item.get("state")) or "")
    words = [state] if state else (["needs a wash"] if item.get("needs_wash") is True else [])
    words += ["sample"] if item.get("sample") is True else []
    heart = "<i title='Favourite'>♥</i>" if item.get("favourite") is True else ""
    return heart + (f"<em>{escape(', '.join(words))}</em>" if words else "")


def _text(value: Any) -> str | None:
    return None if missing(value) or value == "" else str(value)
