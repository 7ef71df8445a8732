"""Names of colours: the softmax of a quadratic form in CIELAB, fitted to garments that people named.

The numbers come from ``python -m train.attributes.colour_names`` (maximum likelihood on the garments of a training
split and on textbook colours); "multicolour" is no colour and is decided in ``garments.colours.garment_colour``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WEIGHTS = {
    "black": (0.62, -3.61, -0.51, -1.04, 0.75, -0.76, -1.28, 1.08, -1.22, -0.11, -3.56),
    "white": (1.41, 3.3, 0.5, -0.48, 0.46, -1.67, -0.61, 0.58, -1.03, -0.71, -2.14),
    "grey": (5.51, -0.1, -1.69, -2.86, -1.59, -1.48, 0.84, -0.82, -0.81, 0.06, -5.77),
    "beige": (1.43, 1.73, -0.44, 4, -0.65, -2.22, -0.28, 0.64, 1.79, 0.62, -0.05),
    "brown": (0.77, -1.77, 2.49, 3.53, -0.37, -1.02, 0.37, -0.84, -1.6, 2.59, -0.36),
    "red": (-3.03, -0.73, 4.16, -0.27, 0.99, 2.19, -1.29, 0.2, -0.39, 1.74, 1.94),
    "orange": (-3.72, 0.08, 2.96, 1.58, -0.31, 0.58, 1, 0.53, 0.82, 1.21, 2.57),
    "yellow": (-2.24, 0.57, -1.96, 3.11, 0.2, -0.27, 1.72, -2.6, -0.03, -0.46, 2.24),
    "green": (1.05, -0.91, -8.93, 2.14, 0.08, 1.22, 1.3, 2.09, -1.61, -2.24, 1.35),
    "blue": (1.39, 0.97, -4.32, -4.5, -0.62, -0.59, 3.14, -1.88, 1.66, 1.53, -0.64),
    "navy": (-0.57, -1.53, -0.2, -2.94, 0.81, 0.02, -0.35, 0.61, 3.21, -1.6, 0.48),
    "purple": (-1.78, 0.06, 3.7, -3.51, 0.14, 1.11, -2.11, -1.4, 0, -1.99, 2.69),
    "pink": (-0.86, 1.94, 4.25, 1.23, 0.11, 2.9, -2.46, 1.81, -0.79, -0.62, 1.23),
}
"""For each name the weights of ``lab_features``."""

COLOUR_NAMES = tuple(WEIGHTS)
"""The names of single colours."""


def colour_name(lab: tuple[float, float, float]) -> str:
    """Return the English name of a CIELAB colour (L 0..100, a and b about -128..127, D65).

    >>> colour_name((53.2, 80.1, 67.2))
    'red'
    """
    return COLOUR_NAMES[int(name_probabilities(np.array([lab]))[0].argmax())]


def name_probabilities(labs: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return (n, 13) float64 probabilities of ``COLOUR_NAMES`` for ``labs`` (n, 3); each row sums to 1.

    ``weights`` (11, 13) replace the fitted ones.
    """
    logits = lab_features(np.asarray(labs, float)) @ (_MATRIX if weights is None else weights)
    chance = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return chance / chance.sum(axis=-1, keepdims=True)


def lab_features(labs: np.ndarray) -> np.ndarray:
    """Return the features, (…, 11) float64, of ``labs`` (…, 3): 1, L, a, b, their products, and the chroma.

    All are near 1 in size.
    """
    light, a, b = (labs[..., 0] - 50) / 25, labs[..., 1] / 20, labs[..., 2] / 20
    chroma = np.hypot(a, b)
    columns = [np.ones_like(light), light, a, b, light**2, a**2, b**2, light * a, light * b, a * b, chroma]
    return np.stack(columns, axis=-1)


_MATRIX = np.array(list(WEIGHTS.values())).T


@dataclass(frozen=True)
class Shade:
    """A finer name within others: a box in CIELAB's lightness (0..100), chroma and hue (degrees, from a* = red).

    hex: its usual shade.  of: the names that whoever asks for them means it by.  within: those that a colour has by
    ``colour_name`` before it gets this one.  hue: from, to; a ``from`` above ``to`` goes through 0.
    """

    hex: str
    of: tuple[str, ...]
    within: tuple[str, ...]
    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float]

    def holds(self, lab: tuple[float, float, float]) -> bool:
        """Tell whether a CIELAB colour lies in the box."""
        chroma, hue = float(np.hypot(lab[1], lab[2])), float(np.degrees(np.arctan2(lab[2], lab[1]))) % 360
        first, last = self.hue
        turned = first <= hue <= last if first <= last else hue >= first or hue <= last
        light, strong = self.lightness[0] <= lab[0] <= self.lightness[1], self.chroma[0] <= chroma <= self.chroma[1]
        return turned and light and strong


SHADES = {
    "cream": Shade("#f3ead3", ("white", "beige"), ("white", "beige", "yellow"), (82, 99), (7, 20), (78, 106)),
    "camel": Shade("#c19a6b", ("beige", "brown"), ("beige", "brown", "yellow", "orange"), (52, 72), (25, 44), (60, 82)),
    "burgundy": Shade("#6d1f33", ("red",), ("red", "purple", "brown", "pink"), (12, 34), (18, 50), (345, 28)),
    "coral": Shade("#f08070", ("red", "pink", "orange"), ("red", "pink", "orange"), (58, 78), (34, 66), (20, 44)),
    "mustard": Shade("#c9992c", ("yellow",), ("yellow", "orange", "brown"), (50, 72), (46, 75), (72, 92)),
    "olive": Shade("#6b6b3a", ("green",), ("green", "brown", "yellow", "beige", "grey"), (25, 58), (15, 50), (94, 124)),
    "mint": Shade("#a8e0c0", ("green",), ("green", "yellow", "blue", "white"), (78, 95), (11, 42), (140, 185)),
    "teal": Shade("#1f6f72", ("green", "blue"), ("green", "blue"), (24, 56), (15, 45), (182, 224)),
    "turquoise": Shade("#40c8c0", ("green", "blue"), ("green", "blue"), (60, 90), (24, 60), (176, 215)),
    "lilac": Shade("#c4a8d8", ("purple",), ("purple", "pink", "white"), (66, 90), (14, 44), (294, 326)),
    "light blue": Shade("#a8c8e8", ("blue",), ("blue",), (72, 94), (9, 36), (226, 284)),
}
"""The finer names, beside ``COLOUR_NAMES``, of what people tell apart on clothes."""


def shade_name(lab: tuple[float, float, float], name: str | None = None) -> str:
    """Return the finer name of a CIELAB colour that is called ``name`` (default: its ``colour_name``), else that.

    >>> shade_name((25.0, 36.0, 7.0)), shade_name((53.2, 80.1, 67.2))
    ('burgundy', 'red')
    """
    name = name or colour_name(lab)
    return next((finer for finer, shade in SHADES.items() if name in shade.within and shade.holds(lab)), name)
