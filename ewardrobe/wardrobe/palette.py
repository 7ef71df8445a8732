"""An item's palette: its names, which the owner reads and chooses, and its colours, measured or of a usual shade."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ewardrobe.core.colour_names import SHADES
from ewardrobe.core.colour_terms import hex_to_lab, tone
from ewardrobe.wardrobe.vocabulary import PLAIN_COLOURS

SWATCHES = dict(
    zip(
        PLAIN_COLOURS,
        (
            *("#26282b", "#fafafa", "#9a9a9a", "#d9c7a7", "#7a5236", "#c8342f", "#e5822b", "#e8c93a"),
            *("#3f8f54", "#3f74c9", "#1f2f56", "#7d55a6", "#e08aab"),
            "conic-gradient(#c8342f, #e8c93a, #3f8f54, #3f74c9, #7d55a6, #c8342f)",
        ),
        strict=True,
    )
) | {name: shade.hex for name, shade in SHADES.items()}
"""CSS colour of each colour name."""

Colour = tuple[float, float, float, float]
"""CIELAB and share."""


def palette_names(item: Mapping) -> list[str]:
    """Return the names of an item's colours, the largest first, each once.

    >>> palette_names({"colours": [{"name": "navy", "share": 0.6}, {"name": "white"}, {"name": "navy"}]})
    ['navy', 'white']
    """
    return list(dict.fromkeys(colour["name"] for colour in _colours(item.get("colours")) if colour.get("name")))


SEEN = 0.2
"""Share from which on a colour is one that a garment is known by."""


def seen_colours(item: Mapping) -> list[str]:
    """Return the names of the colours that an item is known by: its main one, and the others that are well seen.

    >>> seen_colours({"colour": "white", "colours": [{"name": "navy", "share": 0.3}, {"name": "red", "share": 0.05}]})
    ['white', 'navy']
    """
    parts = (part for part in _colours(item.get("colours")) if (part.get("share") or 1) >= SEEN)
    names = [item.get("colour"), *(part.get("name") for part in parts)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def main_tone(item: Mapping) -> str:
    """Return how light an item's main colour is, dark, medium or light; "" where it has none."""
    main = palette(item, 1)
    return tone(main[0][:3]) if main else ""


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
    shades = {name: code for name, code in SWATCHES.items() if code.startswith("#")}  # a mixture has none
    return kept + [{"name": name, "hex": shades.get(name), "share": round(part, 4)} for name in new]


def _colours(value: Any) -> list[Mapping]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list | tuple) else []


def palette(item: Mapping, most: int) -> list[Colour]:
    """Return up to ``most`` colours (L, a, b, share) of an item, the largest share first and their sum 1.

    They are the measured ones; where there are none, the usual shade of its colour's name; else nothing.
    """
    known = [colour for part in _colours(item.get("colours")) if (colour := _colour(part))]
    known = sorted(known, key=lambda colour: -colour[3])[:most]
    total = sum(colour[3] for colour in known)
    if not total:
        usual = hex_to_lab(SWATCHES.get(str(item.get("colour")), ""))
        return [(*usual, 1.0)] if usual else []
    return [(lightness, a, b, share / total) for lightness, a, b, share in known]


def palettes(items: Sequence[Mapping], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (n, most, 3) CIELAB and (n, most) shares, float64, of the palettes; share 0 where there is no colour."""
    lab, shares = np.full((len(items), most, 3), 50.0), np.zeros((len(items), most))
    for row, item in enumerate(items):
        for place, colour in enumerate(palette(item, most)):
            lab[row, place], shares[row, place] = colour[:3], colour[3]
    return lab, shares


def _colour(part: Mapping) -> Colour | None:
    """Return one stored colour, which has CIELAB values or at least a hex code; ``None`` for anything else."""
    try:
        lightness, a, b = map(float, part.get("lab") or hex_to_lab(str(part["hex"])) or ())
        share = float(part.get("share", 1.0))
    except (KeyError, TypeError, ValueError):
        return None
    return (lightness, a, b, share) if all(map(math.isfinite, (lightness, a, b, share))) and share > 0 else None
