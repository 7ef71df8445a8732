"""What is on the cloth: seams, ribs, plackets, pockets, collars, prints; and where the cloth creases."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic import prints
from ewardrobe.datasets.synthetic.body import SIDES
from ewardrobe.datasets.synthetic.geometry import DrawnLine, along, bend, ellipse, normals, smooth

METAL, BUTTON = (196, 192, 184), (232, 228, 218)


def body_strokes(style, fig, fabric, neck, rng) -> list[DrawnLine]:
    """Neck rib, hem, side seams, waist seam, placket, pocket and print of a top or dress."""
    strokes = []
    if fabric.pattern == "graphic":
        strokes += prints.graphic(fig, fabric, rng)
    if style.sleeve not in ("strap",) and style.neckline not in ("turtle",):
        rim = np.array([*neck, (style.neck_width, -0.07)])
        curve = smooth(np.vstack([rim[::-1] * (-1, 1), rim]), closed=False)
        strokes += [
            DrawnLine(fig.warp(curve), 0.14, 0.9),
            DrawnLine(fig.warp(curve * (1.14, 1) + (0, 0.07)), 0.014, 0.74),
        ]
    if style.neckline == "turtle":
        strokes.append(DrawnLine(fig.warp(bend((-0.28, -0.12), (0.28, -0.12), 0.1)), 0.016, 0.74))
    strokes += hem_strokes(style, fig) + placket(style, fig, 0.0, style.neck_depth)
    if style.seam or style.belt:
        strokes += waist_seam(style, fig)
    return strokes + pockets(style, fig)


def hem_strokes(style, fig) -> list[DrawnLine]:
    """Stitched or ribbed hem."""
    corner = fig.half(min(style.hem, 2.6)) + style.hem_ease
    rise = 0.24 if style.ribbed else 0.07
    line = np.stack([np.linspace(-corner, corner, 97), np.zeros(97)], 1)
    line[:, 1] = style.hem - rise + style.hem_curve * (1 - (line[:, 0] / corner) ** 2)
    strokes = [DrawnLine(fig.warp(line), 0.008, 0.8, dashed=not style.ribbed)]
    if style.ribbed:
        strokes += [
            DrawnLine(fig.warp([(x, style.hem - rise + 0.05), (x, style.hem + 0.05)]), 0.012, 0.84)
            for x in np.linspace(-corner, corner, 26)
        ]
    return strokes


def waist_seam(style, fig) -> list[DrawnLine]:
    """Seam or belt at the waist of a dress or coat."""
    w = fig.half(1.62) + style.waist_ease
    curve = fig.warp(bend((-w - 0.1, 1.6), (w + 0.1, 1.6), 0.03))
    if style.belt:
        buckle = fig.warp([(-0.09, 1.57), (0.09, 1.57), (0.09, 1.74), (-0.09, 1.74)])
        return [DrawnLine(curve + (0, 0.03), 0.15, 0.55), DrawnLine(np.vstack([buckle, buckle[:1]]), 0.03, METAL)]
    return [DrawnLine(curve, 0.016, 0.72)]


def placket(style, fig, x: float, top: float) -> list[DrawnLine]:
    """Front closure down the line ``x``: buttons or a zip."""
    if style.closure == "none":
        return []
    low = min(style.hem, 3.4) if style.closure == "buttons" else style.hem - 0.05
    if style.closure == "zip":
        return [
            DrawnLine(fig.warp([(x, top), (x, low)]), 0.05, 0.7),
            DrawnLine(fig.warp([(x, top), (x, low)]), 0.018, METAL),
        ]
    edges = [DrawnLine(fig.warp([(x + d, top), (x + d, style.hem + 0.1)]), 0.012, 0.78) for d in (-0.07, 0.07)]
    rows = np.arange(top + 0.16, low - 0.1, 0.36)
    discs = [
        DrawnLine(fig.warp(ellipse((x, y), (0.034, 0.034), 12)), tone=t, filled=True) for y in rows for t in (0.6,)
    ]
    return (
        edges
        + discs
        + [
            DrawnLine(fig.warp(ellipse((x - 0.004, y - 0.006), (0.026, 0.026), 12)), tone=BUTTON, filled=True)
            for y in rows
        ]
    )


def pockets(style, fig) -> list[DrawnLine]:
    """Pockets of upper garments."""
    if style.pockets == "chest":
        shape = [(0.2, 0.72), (0.52, 0.72), (0.52, 1.06), (0.36, 1.13), (0.2, 1.06), (0.2, 0.72)]
        return [DrawnLine(fig.warp(np.array(shape) * (s, 1)), 0.014, 0.74) for s in ((1,) if style.gap == 0 else SIDES)]
    if style.pockets == "kangaroo":
        low = style.hem - 0.28
        shape = [
            (-0.32, low - 0.62),
            (0.32, low - 0.62),
            (0.55, low - 0.22),
            (0.55, low),
            (-0.55, low),
            (-0.55, low - 0.22),
            (-0.32, low - 0.62),
        ]
        cords = [
            DrawnLine(fig.warp(bend((s * 0.12, 0.2), (s * 0.15, 0.85), 0.04)), 0.025, (226, 224, 220)) for s in SIDES
        ]
        return [DrawnLine(fig.warp(shape), 0.016, 0.74), *cords]
    return []


def panel_strokes(style, fig, side: int, rng) -> list[DrawnLine]:
    """Front edge, closure, pockets and hem of one jacket front."""
    edge = [(side * (style.gap * k + 0.06), y) for k, y in ((1.0, style.hem), (0.8, 1.6), (0.65, 0.7))]
    strokes = [
        DrawnLine(fig.warp(edge), 0.012, 0.8),
        *_panel_closure(style, fig, side),
        *_side_pocket(style, fig, side),
    ]
    return strokes + pockets(style, fig) + hem_strokes(style, fig)


def _panel_closure(style, fig, side) -> list[DrawnLine]:
    """Buttons on the right panel, half a zip on both; a closed jacket has its placket on the right."""
    if style.gap == 0:
        return placket(style, fig, 0.0, max(style.neck_depth, 0.3)) if side == 1 else []
    if style.closure == "zip":
        line = [(side * style.gap * k, y) for k, y in ((0.73, 0.9), (0.86, 1.9), (1.14, style.hem))]
        return [DrawnLine(fig.warp(line), 0.04, METAL)]
    discs = [ellipse((style.gap * 0.85 + 0.1, y), (0.036, 0.036), 12) for y in np.arange(1.3, 2.3, 0.4)]
    return [DrawnLine(fig.warp(d), tone=0.55, filled=True) for d in discs] if side == 1 else []


def _side_pocket(style, fig, side) -> list[DrawnLine]:
    low = min(style.hem - 0.3, 2.35)
    a, b = style.gap * 0.5 + 0.34, min(style.gap * 0.5 + 0.68, fig.half(2.2) - 0.02)
    if style.pockets == "patch":
        box = [(a, low - 0.3), (b, low - 0.3), (b, low + 0.12), (a, low + 0.12), (a, low - 0.3)]
        return [DrawnLine(fig.warp(np.array(box) * (side, 1)), 0.016, 0.72)]
    if style.pockets == "slant":
        return [DrawnLine(fig.warp(np.array([(a + 0.05, low - 0.35), (b, low)]) * (side, 1)), 0.03, 0.62)]
    return []


def cuff_strokes(style, line, width) -> list[DrawnLine]:
    """Stitching, rib or cuff at the end of a sleeve."""
    n, end = normals(line)[-1], line[-1]
    back = (line[-2] - end) / max(np.hypot(*(line[-2] - end)), 1e-6)
    across = lambda d, k=1.2: np.array([end + back * d + n * width[-1] * k, end + back * d - n * width[-1] * k])  # noqa: E731
    if style.sleeve == "short":
        return [DrawnLine(along(across(0.07), np.linspace(0, 1, 33)), 0.008, 0.8, dashed=True)]
    strokes = [DrawnLine(across(0.2), 0.015, 0.74)]
    if style.ribbed:
        strokes += [
            DrawnLine(np.array([end + n * width[-1] * k, end + back * 0.17 + n * width[-1] * k]), 0.011, 0.84)
            for k in np.linspace(-1, 1, 9)
        ]
    elif style.closure == "buttons":
        strokes.append(
            DrawnLine(ellipse(end + back * 0.1 + n * width[-1] * 0.4, (0.03, 0.03), 10), tone=BUTTON, filled=True)
        )
    return strokes


def trouser_strokes(style, fig, legs, crotch) -> list[DrawnLine]:
    """Waistband, fly, pockets, seams and hems."""
    w, top = fig.half(style.waist) + style.ease, style.waist
    band = [
        DrawnLine(np.array([(-w - 0.1, top + 0.17), (w + 0.1, top + 0.17)]), 0.016, 0.72),
        DrawnLine(np.array([(0, top + 0.17), crotch]), 0.014, 0.72),
    ]
    if style.ribbed:
        band += [DrawnLine(np.array([(x, top), (x, top + 0.15)]), 0.011, 0.84) for x in np.linspace(-w, w, 24)]
    else:
        band += [DrawnLine(np.array([(x, top - 0.02), (x, top + 0.18)]), 0.045, 0.84) for x in (-w * 0.62, w * 0.62)]
        band += [
            DrawnLine(smooth([(0.13, top + 0.17), (0.13, top + 0.6), (0.02, top + 0.75)], closed=False), 0.012, 0.78),
            DrawnLine(ellipse((0, top + 0.085), (0.038, 0.038), 12), tone=METAL, filled=True),
        ]
    for side, (line, width) in zip(SIDES, legs, strict=True):
        band += _leg_strokes(style, side, line, width, w, top, crotch)
    return band


def _leg_strokes(style, side, line, width, w, top, crotch) -> list[DrawnLine]:
    end, half = line[-1], width[-1]
    strokes = [
        DrawnLine(np.array([(end[0] - half * 1.2, end[1] - d), (end[0] + half * 1.2, end[1] - d)]), 0.014, 0.76)
        for d in ((0.07,), (0.14, 0.02))[int(style.cuff)]
    ]
    strokes.append(DrawnLine(np.array([(0, crotch[1]), (0, line[-1][1])]), 0.03, 0.5))
    if style.pockets in ("jeans", "cargo"):
        strokes.append(
            DrawnLine(bend((side * w * 0.5, top + 0.17), (side * (w + 0.1), top + 0.5), -0.3 * side), 0.018, 0.68)
        )
    if style.pockets == "slant":
        strokes.append(
            DrawnLine(np.array([(side * w * 0.72, top + 0.17), (side * (w + 0.1), top + 0.75)]), 0.018, 0.68)
        )
    if style.pockets == "cargo" and style.leg_end > 0.45:
        x, y = line[3] + (side * width[3] * 0.45, -0.1)
        strokes.append(
            DrawnLine(
                np.array([(x - 0.2, y), (x + 0.2, y), (x + 0.2, y + 0.42), (x - 0.2, y + 0.42), (x - 0.2, y)]),
                0.016,
                0.7,
            )
        )
    return strokes


def skirt_strokes(style, fig, top, corner) -> list[DrawnLine]:
    """Waistband, hem, pleats and buttons of a skirt."""
    y, low = style.waist, style.hem
    strokes = [DrawnLine(np.array([(-top - 0.1, y + 0.15), (top + 0.1, y + 0.15)]), 0.016, 0.72)]
    curve = np.stack(
        [np.linspace(-corner, corner, 97), low - 0.08 + style.hem_curve * (1 - np.linspace(-1, 1, 97) ** 2)], 1
    )
    strokes.append(DrawnLine(curve, 0.013, 0.8, dashed=True))
    if style.pleats:
        strokes += [
            DrawnLine(np.array([(x * top, y + 0.15), (x * corner, low + 0.1)]), 0.016, 0.78)
            for x in np.linspace(-0.9, 0.9, style.pleats)
        ]
    return strokes + placket(style, fig, 0.0, y + 0.1)


def wavy_hem(corner, style, rng) -> list[tuple[float, float]]:
    """Points along the right half of a hem, from the corner to the centre, with small waves."""
    x = np.linspace(0.8, 0.0, 5)
    wave = rng.normal(0, 0.02 + 0.02 * (style.hem_ease > 0.2), 5)
    return [(corner * a, style.hem + style.hem_curve * (1 - a * a) + w) for a, w in zip(x, wave, strict=True)]
