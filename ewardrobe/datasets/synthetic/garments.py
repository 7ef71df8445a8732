"""Garments as parts: the cut of a style laid on a figure, flat or worn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ewardrobe.core.taxonomy import category
from ewardrobe.datasets.synthetic import details
from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.details import Half
from ewardrobe.datasets.synthetic.fabric import Fabric
from ewardrobe.datasets.synthetic.geometry import DrawnPart, along, bend, mirrored, normals, smooth, tube, tube_quads
from ewardrobe.datasets.synthetic.styles import Style

Zones = dict[str, list[DrawnPart]]
"""Parts by place in the painting order: back, legs, torso, arm-1 (left of the picture), arm1 (right)."""

Creases = list[tuple[np.ndarray, float, float]]
"""Lines, widths in body units and heights (-1..1) of folds, for the light to find."""


def garment_parts(
    category_id: int, style: Style, fig: Figure, fabric: Fabric, rng: np.random.Generator, flat: bool
) -> Zones:
    """Cut the garment for ``fig``; ``flat``: also show the inside of the back, which a neck would hide."""
    slot = category(category_id).slot
    if slot == "bottom":
        return {"legs": [_skirt(style, fig, rng) if category_id == 9 else _trousers(style, fig, rng)]}
    zones = {"back": _inside(style, fig, flat)}
    zones["torso"] = _panels(style, fig, rng) if slot == "outer" else _body(style, fig, fabric, rng)
    if style.sleeve in ("short", "long"):
        zones |= {f"arm{side}": [_sleeve(style, fig, side, rng)] for side in SIDES}
    return zones


def parts_of(zones: Zones, names: str) -> Iterator[DrawnPart]:
    """Yield the parts of the zones ``names`` (separated by spaces) in that order."""
    return (part for name in names.split() for part in zones.get(name, ()))


def _right_half(style: Style, fig: Figure) -> Half:
    """Right half of a body garment's outline from the neck's side point down to the hem's corner."""
    b, neck, shoulder = fig.build, style.neck_width, fig.build.shoulder
    if style.sleeve == "strap":
        top = [(b.chest * 0.62, 0.62), (b.chest + style.ease * 0.4, 0.86), (b.chest + style.ease * 0.5, 0.92)]
    elif style.sleeve == "none":
        strap = neck + 0.2
        top = [(neck, -0.03), (neck, -0.03), (strap, 0.02), (strap, 0.02), (strap - 0.01, 0.35), (b.chest - 0.04, 0.72)]
        top += [(b.chest + style.ease * 0.7, 0.86), (b.chest + style.ease * 0.7, 0.9)]
    else:
        wide, lift = style.ease * 0.45, 0.025 + style.ease * 0.3
        top = [(neck, -0.07), (neck, -0.07), (shoulder * 0.8, 0.055 - lift), (shoulder + wide - 0.02, 0.2 - lift)]
        top += [(shoulder + wide, 0.42), (b.chest + style.ease, 0.85)]
    low = style.hem
    if low > 1.9:
        top.append((fig.half(1.6) + style.waist_ease, 1.6))
    if low > 2.7:
        flare = max(style.hem_ease - style.ease, 0) * 0.42 * min(1, 1.2 / (low - 1.6))
        top.append((fig.half(2.4) + max(style.ease, 0.04) + flare, 2.4))
    return top + [(fig.half(low) + style.hem_ease, low)] * 2


def neckline(style: Style) -> Half:
    """Right half of the neck opening, from the centre front up to the neck's side point (left out)."""
    w, d = style.neck_width, style.neck_depth
    shapes: dict[str, Half] = {
        "v": [(0, d), (0, d), (w * 0.55, d * 0.42)],
        "square": [(0, d), (w * 0.86, d), (w * 0.86, d)],
        "sweetheart": [(0, 0.86), (0, 0.86), (0.2, 0.72), (0.36, 0.7)],
        "straight": [(0, 0.74), (0.3, 0.71)],
        "turtle": [(0, -0.36), (w * 0.9, -0.38), (w * 0.95, -0.38)],
        "boat": [(0, d), (w * 0.6, d * 0.7)],
    }
    return shapes.get(style.neckline, [(0, d), (w * 0.5, d * 0.88), (w * 0.86, d * 0.42)])


def _body(style, fig, fabric, rng) -> list[DrawnPart]:
    neck = neckline(style)
    outline = fig.warp(smooth(mirrored([*neck, *_right_half(style, fig), (0, style.hem + style.hem_curve)])))
    strokes = details.body_strokes(style, fig, fabric, neck, rng)
    part = DrawnPart(outline, strokes, _body_creases(style, fig, rng), puff=0.2)
    return [part, *(details.straps(fig) if style.sleeve == "strap" else []), *details.collars(style, fig)]


def _inside(style, fig, flat) -> list[DrawnPart]:
    """The inner side of the back, seen through the neck opening or between open panels; the hood."""
    parts = [details.hood(fig)] if style.neckline == "hood" else []
    w, depth, tone = style.neck_width, style.neck_depth, 0.5
    if style.gap > 0 or (style.neckline == "lapel" and flat):
        half = [(0, -0.04), (w, -0.08), (fig.build.shoulder * 0.7, 0.08), (fig.half(1.2), 1.2)]
        half += [(fig.half(2.4), min(2.4, style.hem - 0.2))]
        half += [(fig.half(2.4) + style.hem_ease * 0.5, style.hem - 0.06), (0, style.hem - 0.04)]
    elif flat and depth > 0.05 and style.neckline not in ("turtle", "sweetheart", "straight"):
        half = [(0, 0.0), (w * 0.7, -0.03), (w + 0.03, -0.07), (w, 0.1), (w * 0.8, depth), (0, depth + 0.1)]
        tone = 0.62
    else:
        return parts
    return [*parts, DrawnPart(fig.warp(smooth(mirrored(half))), [details.label(fig)], tone=tone, shadow=0.2)]


def _panels(style, fig, rng) -> list[DrawnPart]:
    """The two fronts of a jacket or coat, right over left; they meet when ``gap`` is 0."""
    parts, deep, closed = [], style.neckline == "lapel", style.gap == 0
    for side in SIDES:
        overlap = 0.05 if closed and side == 1 else 0.0
        half = [(style.gap * 1.15 - overlap, style.hem + style.hem_curve * 0.4)] * 2
        half.append((style.gap * 0.85 - overlap, 1.9))
        half += [(style.gap * 0.7 - overlap, style.neck_depth if closed else 0.9)] * (2 if deep or closed else 1)
        if not (closed and deep):
            half.append((style.neck_width * 0.75, 0.25))
        outline = fig.warp(smooth(np.array(half + _right_half(style, fig)) * (side, 1)))
        folds = [c for c in _body_creases(style, fig, rng) if c[0][:, 0].mean() * side > 0]
        parts.append(DrawnPart(outline, details.panel_strokes(style, fig, side), folds))
    return parts + details.collars(style, fig)


def _sleeve(style, fig, side, rng) -> DrawnPart:
    b = fig.build
    start = b.arm + 0.06 + style.sleeve_ease * 0.8
    axis = fig.arm(side, start - b.arm)
    cut = np.linspace(0, style.sleeve_end, 7)
    line = along(smooth(axis, closed=False), cut)
    widths = (start, start * 0.94, b.arm + style.sleeve_ease * 0.85, b.arm * 0.72 + style.sleeve_ease * 0.7)
    taper = np.interp(cut, (0, 0.25, 0.55, 1.0), widths)
    gathered = style.ribbed and style.sleeve == "long"
    taper[-2:] *= (1.06, 0.72) if gathered else ((1 + style.cuff) / 2, style.cuff)
    direction = line[-1] - line[0]
    strokes = details.cuff_strokes(style, line, taper)
    folds = _sleeve_creases(line, taper, rng)
    return DrawnPart(
        tube(line, taper, 22, cap_start=True),
        strokes,
        folds,
        grain=float(np.arctan2(-direction[0], direction[1])),
        origin=tuple(line[0]),
        fade=(line[0], along(axis, [0.16])[0]),
        shadow=0.4,
        seed=int(rng.integers(1 << 31)),
        role="short sleeve" if style.sleeve == "short" else "cloth",
        reach=style.sleeve_end,
        quads=tube_quads(line, taper, 22),
    )


def _leg_line(style, fig, side) -> tuple[np.ndarray, np.ndarray]:
    """Centres and half widths of a trouser leg from the thigh to its hem."""
    cut = np.linspace(0, style.leg_end, 7)
    t = fig.build.thigh
    width = np.interp(cut, (0, 0.15, 0.5, 0.75, 1.0), (t * 1.05, t * 1.02, t * 0.68, t * 0.6, t * 0.5))
    width += style.leg_ease * np.interp(cut, (0, 0.3), (0.3, 1))
    return along(fig.leg(side), cut), width + style.leg_flare * np.clip((cut - 0.5) * 2, 0, 1)


def _trousers(style, fig, rng) -> DrawnPart:
    top, hip = fig.half(style.waist) + style.ease, fig.half(2.4) + style.ease
    crotch = (0.0, 2.86 + min(style.leg_ease, 0.1))
    legs = [_leg_line(style, fig, s) for s in SIDES]
    (outer_l, inner_l), (inner_r, outer_r) = ([line + np.outer(w, (s, 0)) for s in SIDES] for line, w in legs)
    inner_r[:, 0], inner_l[:, 0] = np.maximum(inner_r[:, 0], 0.02), np.minimum(inner_l[:, 0], -0.02)
    waist = [(top, style.waist), (top, style.waist), (hip, 2.38)]
    points = [*waist, *outer_r[1:], outer_r[-1], inner_r[-1], *inner_r[:1:-1], crotch]
    points += [*inner_l[2:], inner_l[-1], outer_l[-1], *outer_l[:0:-1], *((-x, y) for x, y in waist[::-1])]
    points = [p for i, p in enumerate(points) if not (i > 2 and 0 < p[1] < 2.6 and abs(p[0]) < 0.1)]
    strokes = details.trouser_strokes(style, fig, legs, crotch)
    return DrawnPart(smooth(points), strokes, _trouser_creases(legs, crotch, rng), puff=0.26)


def _skirt(style, fig, rng) -> DrawnPart:
    top, hip = fig.half(style.waist) + style.ease, fig.half(2.4) + style.ease + max(style.hem_ease, 0) * 0.35
    corner = fig.half(2.4) + style.hem_ease
    half = [(0, style.waist + 0.02), *[(top, style.waist)] * 2, (hip, 2.4), *[(corner, style.hem)] * 2]
    waves = zip(np.linspace(0.8, 0.0, 5), rng.normal(0, 0.02 + 0.02 * (style.hem_ease > 0.2), 5), strict=True)
    half += [(corner * a, style.hem + style.hem_curve * (1 - a * a) + wave) for a, wave in waves]
    strokes = details.skirt_strokes(style, fig, top, corner)
    folds = _falls(rng, top, corner, style.waist + 0.2, style.hem, 5 + int(max(style.hem_ease, 0) * 14))
    return DrawnPart(smooth(mirrored(half)), strokes, folds, puff=0.25)


def _body_creases(style: Style, fig: Figure, rng: np.random.Generator) -> Creases:
    """From the armpits inwards, across the waist, and down to the hem."""
    creases = []
    for side in np.repeat(SIDES, 3):
        start = (side * fig.half(0.85) * rng.uniform(0.8, 1.0), rng.uniform(0.75, 1.1))
        stop = (side * rng.uniform(0.1, 0.45), start[1] + rng.uniform(0.1, 0.6))
        fold = fig.warp(bend(start, stop, rng.uniform(-0.15, 0.15)))
        creases.append((fold, rng.uniform(0.06, 0.12), rng.uniform(-0.9, 0.9)))
    for side in np.repeat(SIDES, 2) if style.hem > 1.9 else ():
        y = rng.uniform(1.4, 1.9)
        stop = (side * rng.uniform(0.1, 0.4), y + rng.uniform(-0.12, 0.2))
        fold = fig.warp(bend((side * fig.half(y), y), stop, rng.uniform(-0.2, 0.2)))
        creases.append((fold, 0.09, rng.uniform(-0.9, 0.9)))
    top, bottom = fig.half(2.0) + style.waist_ease * 0.5, fig.half(2.4) + style.hem_ease
    return creases + _falls(rng, top, bottom, max(1.75, style.hem - 2.5), style.hem, 3 if style.hem < 3 else 8)


def _falls(rng, top, bottom, y0, y1, count) -> Creases:
    """Folds that fall from ``y0`` to ``y1`` and spread with the cloth."""
    creases = []
    for x in np.linspace(-0.85, 0.85, count) + rng.normal(0, 0.09, count):
        start, stop = (x * top, y0 + rng.uniform(0, 0.6) * (y1 - y0)), (x * bottom, y1 + 0.05)
        line, width = bend(start, stop, rng.uniform(-0.05, 0.05)), rng.uniform(0.08, 0.26)
        creases.append((line, width, rng.choice([-1, 1]) * rng.uniform(0.25, 0.9)))
    return creases


def _sleeve_creases(line: np.ndarray, width: np.ndarray, rng: np.random.Generator) -> Creases:
    """Across a sleeve whose middle is ``line`` (K, 2) and half width ``width`` (K,), float64; mostly at the elbow."""
    n, creases = normals(line), []
    for _ in range(2 + len(line) // 2):
        i = int(np.clip(round(rng.normal(3, 1.2)), 1, len(line) - 2))
        edge = n[i] * width[i] * rng.choice([-1, 1])
        stop = line[i] - edge * rng.uniform(-0.2, 0.5) + rng.normal(0, 0.08, 2)
        crease = bend(line[i] + edge, stop, rng.uniform(-0.25, 0.25))
        creases.append((crease, rng.uniform(0.06, 0.1), rng.uniform(-1, 1)))
    return creases


def _trouser_creases(legs: list, crotch: tuple[float, float], rng: np.random.Generator) -> Creases:
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
