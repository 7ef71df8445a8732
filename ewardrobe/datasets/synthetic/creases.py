"""Where cloth creases: lines, width in body units and height (-1..1) of folds, for the light to find."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import bend, normals
from ewardrobe.datasets.synthetic.styles import Style

Creases = list[tuple[np.ndarray, float, float]]


def body_creases(style: Style, fig: Figure, rng: np.random.Generator) -> Creases:
    """From the armpits inwards, across the waist, and down to the hem."""
    creases = [_from_armpit(fig, s, rng) for s in SIDES for _ in range(3)]
    if style.hem > 1.9:
        creases += [_across_waist(fig, s, rng) for s in SIDES for _ in range(2)]
    top, bottom = fig.half(2.0) + style.waist_ease * 0.5, fig.half(2.4) + style.hem_ease
    return creases + _falls(rng, top, bottom, max(1.75, style.hem - 2.5), style.hem, 3 if style.hem < 3 else 8)


def _from_armpit(fig, side, rng) -> tuple:
    start = (side * fig.half(0.85) * rng.uniform(0.8, 1.0), rng.uniform(0.75, 1.1))
    stop = (side * rng.uniform(0.1, 0.45), start[1] + rng.uniform(0.1, 0.6))
    return fig.warp(bend(start, stop, rng.uniform(-0.15, 0.15))), rng.uniform(0.06, 0.12), rng.uniform(-0.9, 0.9)


def _across_waist(fig, side, rng) -> tuple:
    y = rng.uniform(1.4, 1.9)
    stop = (side * rng.uniform(0.1, 0.4), y + rng.uniform(-0.12, 0.2))
    return fig.warp(bend((side * fig.half(y), y), stop, rng.uniform(-0.2, 0.2))), 0.09, rng.uniform(-0.9, 0.9)


def _falls(rng, top, bottom, y0, y1, count) -> Creases:
    """Folds that fall from ``y0`` to ``y1`` and spread with the cloth."""
    creases = []
    for x in np.linspace(-0.85, 0.85, count) + rng.normal(0, 0.09, count):
        start, stop = (x * top, y0 + rng.uniform(0, 0.6) * (y1 - y0)), (x * bottom, y1 + 0.05)
        line, width = bend(start, stop, rng.uniform(-0.05, 0.05)), rng.uniform(0.08, 0.26)
        creases.append((line, width, rng.choice([-1, 1]) * rng.uniform(0.25, 0.9)))
    return creases


def skirt_creases(style: Style, top: float, corner: float, rng: np.random.Generator) -> Creases:
    """Falling folds; more of them in wide skirts."""
    return _falls(rng, top, corner, style.waist + 0.2, style.hem, 5 + int(max(style.hem_ease, 0) * 14))


def sleeve_creases(line: np.ndarray, width: np.ndarray, rng: np.random.Generator) -> Creases:
    """Across a sleeve whose middle is ``line`` (K, 2) and half width ``width`` (K,), float64; mostly at the elbow."""
    n, creases = normals(line), []
    for _ in range(2 + len(line) // 2):
        i = int(np.clip(round(rng.normal(3, 1.2)), 1, len(line) - 2))
        edge = n[i] * width[i] * rng.choice([-1, 1])
        stop = line[i] - edge * rng.uniform(-0.2, 0.5) + rng.normal(0, 0.08, 2)
        crease = bend(line[i] + edge, stop, rng.uniform(-0.25, 0.25))
        creases.append((crease, rng.uniform(0.06, 0.1), rng.uniform(-1, 1)))
    return creases


def trouser_creases(legs: list, crotch: tuple[float, float], rng: np.random.Generator) -> Creases:
    """Radiating from the crotch, across the knees, piled at the hem; ``legs``: middle and half width of each."""
    creases = []
    for side, (line, width) in zip(SIDES, legs, strict=True):
        for angle in rng.uniform(0.1, 0.9, 3):
            stop = (side * 0.7 * np.cos(angle), crotch[1] - 0.6 * np.sin(angle) + 0.25)
            fold = bend((side * 0.04, crotch[1] - 0.05), stop, rng.uniform(-0.1, 0.1))
            creases.append((fold, 0.08, rng.uniform(-1, 1)))
        for i in (3, 3, 5, 6):
            start = line[i] + (side * width[i], rng.normal(0, 0.12))
            stop = line[i] + (-side * width[i] * rng.uniform(-0.4, 0.6), rng.normal(0, 0.16))
            creases.append((bend(start, stop, rng.uniform(-0.2, 0.2)), 0.08, rng.uniform(-1, 1)))
    return creases
