"""An outfit as a collage of cut-outs, laid out in the order in which it is worn: places, and HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ewardrobe.outfits.grammar import in_order, name_of, slot_of
from ewardrobe.wardrobe.palette import SWATCHES

CANVAS_RATIO = 1.2
"""Height over width of the canvas."""

BOX_RATIO = {"outer": 1.2, "top": 0.8, "dress": 1.7, "bottom": 1.55, "shoes": 0.75, "bag": 1.0, "hat": 0.75}
"""Height over width of the box into which a piece of each slot is fitted."""

Place = tuple[float, float, float, float]
"""Left, top (0..1 of the canvas), width (0..1 of its width), depth (0 lies below all)."""

PLAIN: dict[str, Place] = {
    "hat": (0.02, 0.03, 0.22, 5),
    "accessory": (0.02, 0.30, 0.20, 5),
    "top": (0.17, 0.03, 0.60, 3),
    "bottom": (0.27, 0.41, 0.42, 2),
    "dress": (0.22, 0.06, 0.56, 3),
    "shoes": (0.71, 0.78, 0.26, 4),
    "bag": (0.73, 0.47, 0.25, 4),
}
LAYERED: dict[str, Place] = {
    "hat": (0.76, 0.02, 0.20, 5),
    "accessory": (0.78, 0.24, 0.18, 5),
    "outer": (0.01, 0.03, 0.52, 1),
    "top": (0.46, 0.05, 0.50, 3),
    "bottom": (0.50, 0.41, 0.40, 2),
    "dress": (0.48, 0.06, 0.50, 3),
    "shoes": (0.22, 0.79, 0.26, 4),
    "bag": (0.04, 0.62, 0.22, 4),
}
"""Where each slot lies: coats at the left, then what is worn below them; shoes at the foot."""


KIND_SIZE = {"shorts": 0.8, "skirt": 0.9}
"""Kinds that fill their box in width are made smaller, so that shorts are not wider than trousers."""


def places(items: Iterable[Mapping], own: Mapping[str, Sequence[float]] | None = None) -> dict[str, Place]:
    """Return the place of each item by its id, in wearing order: where it was laid by hand, else its slot's.

    A second piece of a slot is set a little aside.
    """
    items, own = in_order(items), own or {}
    slots = [slot_of(item) for item in items]
    table = LAYERED if "outer" in slots else PLAIN
    laid: dict[str, Place] = {}
    seen: dict[str, int] = {}
    for item, slot in zip(items, slots, strict=True):
        left, top, width, depth = table[slot]
        aside = 0.08 * seen.get(slot, 0)
        seen[slot] = seen.get(slot, 0) + 1
        size = KIND_SIZE.get(str(item.get("category")), 1.0)
        left += width * (1 - size) / 2 + aside
        laid[str(item["id"])] = (round(left, 4), round(top + aside, 4), round(width * size, 4), depth + seen[slot] - 1)
    for item_id in laid.keys() & own.keys():
        left, top, width, depth = map(float, own[item_id])
        laid[item_id] = left, top, width, depth
    return laid


def collage_html(
    items: Iterable[Mapping], picture: Callable[[Mapping], str], own: Mapping[str, Sequence[float]] | None = None
) -> str:
    """Return the collage as HTML; ``picture`` gives an item's data URL.  All text of the items is escaped.

    An item without a picture is a patch of its colour with its name.
    """
    items = in_order(items)
    laid = places(items, own)
    pieces = "".join(_piece(item, laid[str(item["id"])], picture(item)) for item in items)
    frame = f"class='ew-collage' style='aspect-ratio:1/{CANVAS_RATIO}' role='img'"
    return f"<div {frame} aria-label='{escape(names(items), quote=True)}'>{pieces}</div>"


def _piece(item: Mapping, place: Place, url: str) -> str:
    left, top, width, depth = place
    ratio = BOX_RATIO.get(slot_of(item), 0.9)
    style = f"left:{left:.2%};top:{top:.2%};width:{width:.2%};aspect-ratio:1/{ratio};z-index:{int(depth)}"
    if not is_picture(url):
        return f"<span style='{style};--c:{swatch(item)}'><b>{escape(name_of(item))}</b></span>"
    return f"<img style='{style}' src='{url}' alt='{escape(name_of(item), quote=True)}' loading='lazy'>"


def is_picture(url: str) -> bool:
    """Tell whether a data URL is a picture of the item, not the placeholder."""
    return not url.startswith("data:image/svg")


def swatch(item: Mapping) -> str:
    """Return the CSS colour of an item's colour name."""
    return SWATCHES.get(str(item.get("colour")), "#cfc9be")


def names(items: Iterable[Mapping], labels: Mapping[str, str] | None = None) -> str:
    """Return the names of the items in wearing order; labels: by id, where they are to be told apart."""
    return ", ".join((labels or {}).get(str(item.get("id"))) or name_of(item) for item in in_order(items))


def reasons_html(reasons: Sequence, score: float) -> str:
    """Return the reasons (``explain.Reason``) of an outfit: two sentences; behind a click a bar and a sentence each."""
    best = sorted(reasons, key=lambda reason: -reason.value)[:2]
    lead = escape(" ".join(reason.text for reason in reasons if reason in best))
    more = f"<details class='ew-why'><summary>Why</summary><p>Score {score:.0%}</p>{bars(reasons)}</details>"
    return f"<p class='ew-lead'>{lead}</p>{more}"


def bars(reasons: Iterable) -> str:
    """Return a bar and a sentence for each reason."""
    rows = "".join(f"{_row(reason)}<p>{escape(reason.text)}</p>" for reason in reasons)
    return f"<div class='ew-terms'>{rows}</div>"


def _row(reason: Any) -> str:
    share = f"{reason.value:.0%}"
    return f"<b>{escape(reason.label)}</b><i title='{share}'><s style='width:{share}'></s></i>"
