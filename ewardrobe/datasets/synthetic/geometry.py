"""Curves, tubes and the view: everything is drawn in body units (1 = the height of the head), y downwards.

Points are float64 xy, (N, 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

Tone = float | tuple[float, ...]


@dataclass(frozen=True)
class BodyView:
    """Similarity from body units to pixels: rotate by ``angle`` (radians, clockwise), scale, then shift."""

    scale: float
    centre: np.ndarray | tuple[float, float]
    angle: float = 0.0

    def __call__(self, points: ArrayLike) -> np.ndarray:
        """Map (N, 2) float points ``x y`` in body units to pixels."""
        c, s = np.cos(self.angle) * self.scale, np.sin(self.angle) * self.scale
        return np.asarray(points, float) @ np.array([[c, s], [-s, c]]) + self.centre


@dataclass(frozen=True)
class DrawnLine:
    """A line on cloth: points in body units, width in body units, ``tone`` multiplies the cloth or is an RGB colour."""

    points: ArrayLike
    width: float = 0.02
    tone: Tone = 0.8
    dashed: bool = False
    filled: bool = False


def spot(points: ArrayLike, tone: Tone) -> DrawnLine:
    """Return the (N, 2) float outline ``points`` as a filled shape on cloth."""
    return DrawnLine(points, tone=tone, filled=True)


@dataclass
class DrawnPart:
    """One piece of cloth or body: outline, cloth grain, what is drawn on it and where it bends."""

    outline: np.ndarray
    strokes: list[DrawnLine] = field(default_factory=list)
    creases: list[tuple[np.ndarray, float, float]] = field(default_factory=list)
    grain: float = 0.0
    origin: tuple[float, float] = (0.0, 0.0)
    puff: float = 0.18
    tone: float = 1.0
    shadow: float = 0.45
    holes: list[np.ndarray] = field(default_factory=list)
    fade: tuple[np.ndarray, np.ndarray] | None = None
    quads: np.ndarray = field(default_factory=lambda: np.zeros((0, 4, 2)))
    clip: list[np.ndarray] | None = None
    reach: float = 1.0
    seed: int = 0
    role: str = "cloth"


firm = partial(DrawnPart, role="skin")
"""A part that makes no folds: skin, hair, leather, wood."""


def smooth(points: ArrayLike, closed: bool = True, steps: int = 5) -> np.ndarray:
    """Uniform Catmull-Rom curve through (K, 2) points; a point given twice stays a corner."""
    p = np.asarray(points, float)
    if closed:
        a, b, c, d = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        q = np.vstack([p[:1], p, p[-1:]])
        a, b, c, d = q[:-3], q[1:-2], q[2:-1], q[3:]
    t = (np.arange(steps) / steps)[None, :, None]
    moving = np.abs(b - c).sum(1) > 1e-9  # a doubled point is a corner: no curve between its two copies
    a, b, c, d = (v[moving][:, None] for v in (a, b, c, d))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.vstack([curve, p[-1:]])


def along(axis: ArrayLike, fractions: ArrayLike) -> np.ndarray:
    """Points (F, 2) at ``fractions`` (0..1) of the length of the polyline ``axis`` (K, 2)."""
    axis = np.asarray(axis, float)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(axis, axis=0).T))])
    at = np.asarray(fractions, float) * length[-1]
    return np.stack([np.interp(at, length, axis[:, 0]), np.interp(at, length, axis[:, 1])], 1)


def normals(axis: np.ndarray) -> np.ndarray:
    """Unit normals (K, 2) of a polyline, to the left of its direction on paper with y downwards."""
    tangent = np.gradient(np.asarray(axis, float), axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    return np.stack([tangent[:, 1], -tangent[:, 0]], 1)


def tube_quads(axis: ArrayLike, half_widths: ArrayLike, count: int = 18) -> np.ndarray:
    """The same limb as (count - 1, 4, 2) quadrilaterals: their union has no holes where the limb bends sharply."""
    outline = tube(axis, half_widths, count)
    left, right = outline[:count], outline[count:][::-1]
    return np.stack([left[:-1], left[1:], right[1:], right[:-1]], 1)


def tube(axis: ArrayLike, half_widths: ArrayLike, count: int = 18, cap_start: bool = False) -> np.ndarray:
    """Outline of a limb: ``axis`` (K, 2) rounded, ``half_widths`` spread evenly along its length."""
    t, half_widths = np.linspace(0, 1, count), np.asarray(half_widths, float)
    line = along(smooth(axis, closed=False, steps=4), t)
    width = np.interp(t, np.linspace(0, 1, len(half_widths)), half_widths)[:, None]
    n = normals(line)
    outline = [line + n * width, (line - n * width)[::-1]]
    if cap_start:  # half a disc
        angle, (x, y) = np.linspace(0, np.pi, 9)[1:-1, None], -n[0]
        outline.append(line[0] + width[0, 0] * (np.cos(angle) * (x, y) + np.sin(angle) * (-y, x)))
    return np.vstack(outline)


def ellipse(centre: ArrayLike, radii: tuple[float, float], count: int = 28) -> np.ndarray:
    """Points (count, 2) on an ellipse."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.asarray(centre) + np.stack([radii[0] * np.cos(angle), radii[1] * np.sin(angle)], 1)


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """The corners of a rectangle, the first one twice, so that it closes: (5, 2)."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])


def mirrored(right: ArrayLike) -> np.ndarray:
    """Close a shape given by its right half (K, 2), top to bottom, with its mirror image in x = 0.

    An end that lies on the axis is not repeated: the outline stays smooth there.
    """
    right = np.asarray(right, float)
    first, last = (int(abs(x) < 1e-9) for x in right[[0, -1], 0])
    return np.vstack([right, (right * (-1, 1))[first : len(right) - last][::-1]])


def bend(start: ArrayLike, stop: ArrayLike, sag: float) -> np.ndarray:
    """Quadratic curve (7, 2) from ``start`` to ``stop``, pushed sideways by ``sag`` of its length."""
    start, stop = np.asarray(start, float), np.asarray(stop, float)
    d = stop - start
    middle = (start + stop) / 2 + sag * np.array([-d[1], d[0]])
    t = np.linspace(0, 1, 7)[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * stop
