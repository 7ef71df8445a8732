"""An item's palette as names: what the owner reads and chooses, beside the measured colours; and a shade for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ewardrobe.wardrobe.vocabulary import COLOURS

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


def palette_names(item: Mapping) -> list[str]:
    """Return the names of an item's colours, the largest first, each once.

    >>> palette_names({"colours": [{"name": "navy", "share": 0.6}, {"name": "white"}, {"name": "navy"}]})
    ['navy', 'white']
    """
    return list(dict.fromkeys(colour["name"] for colour in _colours(item.get("colours")) if colour.get("name")))


def with_names(colours: Any, names: Iterable[str]) -> list[dict]:
    """Return ``colours`` with exactly these names: measured ones stay, new ones come with their name's usual shade.

    A new colour has the share of an equal part; what was there makes room for it.
    """
    names, before = list(dict.fromkeys(names)), _colours(colours)
    kept = [dict(colour) for colour in before if colour.get("name") in names]
    new = [name for name in names if name not in {colour["name"] for colour in kept}]
    part = 1 / len(names) if names else 0.0
    room = 1 - part * len(new)
    for colour in kept if new else ():
        colour["share"] = round((colour.get("share") or 0) * room, 4)
    return kept + [{"name": name, "hex": _shade(name), "share": round(part, 4)} for name in new]


def _shade(name: str) -> str | None:
    """Return the usual shade of a colour name; a mixture has none."""
    code = SWATCHES.get(name, "")
    return code if code.startswith("#") else None


def _colours(value: Any) -> list[Mapping]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list | tuple) else []
