"""The wardrobe's gallery: its cards as HTML, and their style; `gallery.js` lets them be opened and chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

from ewardrobe.wardrobe.derived import missing
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.palette import SWATCHES

STATE_MARKS = {"laundry": "in the laundry", "lent": "lent", "archived": "archived"}


def gallery_html(items: Iterable[Mapping], picture: Callable[[Mapping], str]) -> str:
    """Return the cards as HTML; all text of the items is escaped.

    items: with their ``id``; picture: the data URL of an item's picture.
    Where an item has a try-on picture the card shows it under the pointer.
    """
    return "".join(_card(item, picture) for item in items)


def card_name(item: Mapping) -> str:
    """Return what a card calls its item: its everyday name, else its kind."""
    return str(_text(item.get("type")) or kind(item))


def _card(item: Mapping, picture: Callable[[Mapping], str]) -> str:
    swatch = SWATCHES.get(_text(item.get("colour")) or "", "transparent")
    facts = " · ".join(escape(str(item[name])) for name in ("colour", "brand", "size") if _text(item.get(name)))
    name = escape(card_name(item))
    worn = _text(item.get("try_on"))
    over = f"<img class='ew-worn' src='{picture({'image': worn})}' alt='' loading='lazy'>" if worn else ""
    return (
        f"<figure data-id='{escape(str(item['id']))}'>"
        f"<button class='pick' role='checkbox' aria-checked='false' aria-label='Choose {name}'></button>"
        f"<button class='open' aria-label='Open {name}'><span class='frame'>"
        f"<img src='{picture(item)}' alt='{name}' loading='lazy'>{over}{_marks(item)}</span>"
        f"<span class='caption'><b>{name}</b><span><s style='background:{swatch}'></s>{facts or '&nbsp;'}</span></span>"
        "</button></figure>"
    )


def _marks(item: Mapping) -> str:
    state = STATE_MARKS.get(_text(item.get("state")) or "")
    words = [state] if state else (["needs a wash"] if item.get("needs_wash") is True else [])
    words += ["sample"] if item.get("sample") is True else []
    heart = "<i title='Favourite'>♥</i>" if item.get("favourite") is True else ""
    return heart + (f"<em>{escape(', '.join(words))}</em>" if words else "")


def _text(value: Any) -> str | None:
    return None if missing(value) or value == "" else str(value)


HTML = "<div class='ew-gallery'></div>"

CSS = """
.ew-gallery {display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 22px 16px;
  padding: 3px; font-family: var(--st-font); color: var(--st-text-color);}
.ew-gallery figure {position: relative; margin: 0; min-width: 0;}
.ew-gallery button {font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer;}
.ew-gallery .open {display: block; width: 100%; text-align: left; border-radius: 10px;}
.ew-gallery button:focus-visible {outline: 2px solid var(--st-primary-color); outline-offset: 2px;}
.ew-gallery .frame {display: block; position: relative; aspect-ratio: 4 / 5; border-radius: 10px; overflow: hidden;
  background: #f1efea;}
.ew-gallery figure.chosen .frame {box-shadow: 0 0 0 3px var(--st-primary-color);}
.ew-gallery img {position: absolute; inset: 9%; width: 82%; height: 82%; object-fit: contain;}
.ew-gallery img[src^='data:image/svg'] {inset: 32%; width: 36%; height: 36%;}
.ew-gallery img.ew-worn {inset: 0; width: 100%; height: 100%; object-fit: cover; opacity: 0; transition: opacity .2s;}
.ew-gallery figure:hover img.ew-worn {opacity: 1;}
.ew-gallery .pick {position: absolute; z-index: 1; top: 8px; left: 8px; width: 24px; height: 24px; border-radius: 50%;
  background: #ffffffd9; box-shadow: inset 0 0 0 2px #8d877c; opacity: 0; transition: opacity .12s;}
.ew-gallery figure:hover .pick, .ew-gallery .pick:focus-visible, .ew-gallery.choosing .pick {opacity: 1;}
.ew-gallery figure.chosen .pick {opacity: 1; background: var(--st-primary-color); box-shadow: 0 0 0 2px #fff;}
.ew-gallery figure.chosen .pick::after {content: ''; position: absolute; left: 9px; top: 5px; width: 5px; height: 10px;
  border: solid #fff; border-width: 0 2.5px 2.5px 0; transform: rotate(45deg);}
@media (hover: none) {.ew-gallery .pick {opacity: 1;}}
.ew-gallery i {position: absolute; top: 6px; right: 10px; font: 18px sans-serif; color: #c8342f;}
.ew-gallery em {position: absolute; bottom: 8px; left: 8px; padding: 1px 8px; border-radius: 9px;
  font: normal 12px var(--st-font); color: #5d584f; background: #ffffffd9;}
.ew-gallery .caption {display: block; padding: 8px 2px 0; line-height: 1.35;}
.ew-gallery .caption b, .ew-gallery .caption > span {display: block; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap;}
.ew-gallery b {font-weight: 600; font-size: 15px;}
.ew-gallery b::first-letter {text-transform: uppercase;}
.ew-gallery .caption > span {font-size: 13px; color: color-mix(in srgb, currentColor 75%, transparent);}
.ew-gallery s {display: inline-block; width: 11px; height: 11px; margin: 0 7px 0 1px; border-radius: 50%;
  vertical-align: -1px; box-shadow: 0 0 0 1px color-mix(in srgb, currentColor 45%, transparent);}
"""
