"""Prints on the chest: shapes and letters."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import Figure
from ewardrobe.datasets.synthetic.fabric import Fabric
from ewardrobe.datasets.synthetic.geometry import DrawnLine, ellipse, smooth, spot

_HEIGHT = 0.98
"""Body units from the neck down to the middle of the print."""

_WORDS = ("HELLO", "1984", "NORTH", "CLUB", "OSLO", "23")


def graphic(fig: Figure, fabric: Fabric, rng: np.random.Generator) -> list[DrawnLine]:
    """A print on the chest: disc, stripes, star, sun over waves, or bold letters."""
    kind, r = str(rng.choice(["disc", "bands", "star", "sun", "text"])), rng.uniform(0.2, 0.32)
    y, first = _HEIGHT, fabric.accent
    second = tuple(np.clip(np.array(first) * 0.55 + np.array(fabric.colour) * 0.2 + 30, 0, 255))
    if kind == "disc":
        rings = ((1, first), (0.74, second), (0.46, first))
        return [spot(fig.warp(ellipse((0, y), (r * k, r * k))), tone) for k, tone in rings]
    if kind == "bands":
        bands = ((0.75, first), (0.92, second), (1.09, first))
        return [DrawnLine(fig.warp([(-1.3, at), (1.3, at)]), 0.11, tone) for at, tone in bands]
    if kind == "star":
        a = np.arange(10) * np.pi / 5 - np.pi / 2
        radius = np.where(np.arange(10) % 2, r * 0.45, r * 1.1)
        return [spot(fig.warp(np.stack([np.cos(a) * radius, y + np.sin(a) * radius], 1)), first)]
    if kind == "sun":
        sun = spot(fig.warp(ellipse((0, y), (r * 0.72, r * 0.72))), first)
        return [sun, *(DrawnLine(fig.warp(_wave(r, y + r * (0.55 + 0.26 * k))), 0.04, second) for k in range(3))]
    return _letters(fig, str(rng.choice(_WORDS)), y, first)


def _wave(r: float, y: float) -> np.ndarray:
    return smooth([(-r * 1.3 + i * r * 0.65, y + 0.04 * (-1) ** i) for i in range(5)], closed=False)


_GLYPHS = {  # strokes on a 2 x 4 grid
    "H": "00-04 20-24 02-22",
    "E": "20-00-04-24 02-22",
    "L": "00-04-24",
    "O": "00-20-24-04-00",
    "1": "10-14",
    "9": "22-02-00-20-24-04",
    "8": "00-20-24-04-00 02-22",
    "4": "00-02-22 20-24",
    "N": "04-00-24-20",
    "R": "04-00-20-22-02 12-24",
    "T": "00-20 10-14",
    "C": "20-00-04-24",
    "U": "00-04-24-20",
    "B": "00-20-24-04-00 02-22",
    "S": "20-00-02-22-24-04",
    "2": "00-20-22-02-04-24",
    "3": "00-20-24-04 02-22",
}


def _letters(fig, text, y, colour) -> list[DrawnLine]:
    size = min(0.075, 0.42 / len(text) / 1.4)
    strokes = []
    for i, letter in enumerate(text):
        x = (i - (len(text) - 1) / 2) * size * 3.1 - size
        for run in _GLYPHS[letter].split():
            points = [(x + int(p[0]) * size, y - 0.15 + int(p[1]) * size) for p in run.split("-")]
            strokes.append(DrawnLine(fig.warp(points), size * 0.62, colour))
    return strokes
