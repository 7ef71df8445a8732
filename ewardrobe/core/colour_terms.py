"""Words for a CIELAB colour beside its everyday name: nearest CSS name, light or dark, warm or cool."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import ImageColor


def css_name(lab: tuple[float, float, float]) -> str:
    """Return the CSS colour name nearest to a CIELAB colour (D65).

    Distance: HyAB (Abasi, Tehran and Fairchild, 2020), which ranks large differences better than the straight line.

    >>> css_name((53.2, 80.1, 67.2)), css_name((100, 0, 0))
    ('red', 'white')
    """
    names, labs = _css_colours()
    difference = labs - np.asarray(lab, np.float32)
    return names[int((np.abs(difference[:, 0]) + np.hypot(difference[:, 1], difference[:, 2])).argmin())]


@lru_cache(maxsize=4096)
def hex_to_lab(code: str) -> tuple[float, float, float] | None:
    """Return the CIELAB (D65) of an sRGB ``#rrggbb``, with or without its ``#``; ``None`` for any other text.

    >>> [round(part) for part in hex_to_lab("#ffffff")], hex_to_lab("white")
    ([100, 0, 0], None)
    """
    try:
        rgb = bytes.fromhex(code.removeprefix("#"))
    except ValueError:
        return None
    if len(rgb) != 3:
        return None
    pixel = np.array([[list(rgb)]], np.float32) / 255
    lightness, a, b = map(float, cv2.cvtColor(pixel, cv2.COLOR_RGB2LAB)[0, 0])
    return lightness, a, b


def tone(lab: tuple[float, float, float]) -> str:
    """Return ``dark``, ``medium`` or ``light``: black cloth in daylight ends near 35, white and pastel begin near 70.

    >>> tone((20, 0, 0)), tone((50, 40, 20)), tone((90, 0, 5))
    ('dark', 'medium', 'light')
    """
    return "dark" if lab[0] < 35 else "light" if lab[0] >= 70 else "medium"


def temperature(lab: tuple[float, float, float]) -> str:
    """Return ``warm``, ``cool``, or ``neutral`` where the chroma is too small for a hue.

    >>> temperature((53, 80, 67)), temperature((32, 20, -60)), temperature((60, 1, -2))
    ('warm', 'cool', 'neutral')
    """
    _, a, b = lab
    if np.hypot(a, b) < 9:  # the eye names no hue on such cloth
        return "neutral"
    return "warm" if -25 <= np.degrees(np.arctan2(b, a)) <= 115 else "cool"  # from pink over red to yellowish green


@lru_cache(maxsize=1)
def _css_colours() -> tuple[list[str], np.ndarray]:
    """Return the CSS names, one of each colour, and their CIELAB values (N, 3) float32."""
    names = [name for name in ImageColor.colormap if "grey" not in name]  # CSS spells both ways
    by_colour = {ImageColor.getrgb(name)[:3]: name for name in reversed(names)}
    rgb = np.array(list(by_colour), np.float32) / 255
    return list(by_colour.values()), cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB)[0]
