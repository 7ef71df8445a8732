"""What is on the cloth: seams, ribs, plackets, pockets, collars, prints; and where the cloth creases."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic import prints
from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import Part, Stroke, along, bend, ellipse, mirrored, normals, smooth, tube

METAL, BUTTON = (196, 192, 184), (232, 228, 218)


def label(fig: Figure) -> Stroke:
    """The little white label inside the collar."""
    return Stroke(fig.warp([(-0.07, 0.02), (0.07, 0.02), (0.07, 0.1), (-0.07, 0.1)]), tone=(232, 230, 226), filled=True)


def body_strokes(style, fig, fabric, neck, rng) -> list[Stroke]:
    """Neck rib, hem, side seams, waist seam, placket, pocket and print of a top or dress."""
    strokes = []
    if fabric.pattern == "graphic":
        strokes += prints.graphic(fig, fabric, rng)
    if style.sleeve not in ("strap",) and style.neckline not in ("turtle",):
        rim = np.array([*neck, (style.neck_width, -0.07)])
        curve = smooth(np.vstack([rim[::-1] * (-1, 1), rim]), closed=False)
        strokes += [Stroke(fig.warp(curve), 0.14, 0.9), Stroke(fig.warp(curve * (1.14, 1) + (0, 0.07)), 0.014, 0.74)]
    if style.neckline == "turtle":
        strokes.append(Stroke(fig.warp(bend((-0.28, -0.12), (0.28, -0.12), 0.1)), 0.016, 0.74))
    strokes += hem_strokes(style, fig) + placket(style, fig, 0.0, style.neck_depth)
    if style.seam or style.belt:
        strokes += waist_seam(style, fig)
    return strokes + pockets(style, fig)


def hem_strokes(style, fig) -> list[Stroke]:
    """Stitched or ribbed hem."""
    corner = fig.half(min(style.hem, 2.6)) + style.hem_ease
    rise = 0.24 if style.ribbed else 0.07
    line = np.stack([np.linspace(-corner, corner, 97), np.zeros(97)], 1)
    line[:, 1] = style.hem - rise + style.hem_curve * (1 - (line[:, 0] / corner) ** 2)
    strokes = [Stroke(fig.warp(line), 0.008, 0.8, dashed=not style.ribbed)]
    if style.ribbed:
        strokes += [
            Stroke(fig.warp([(x, style.hem - rise + 0.05), (x, style.hem + 0.05)]), 0.012, 0.84)
            for x in np.linspace(-corner, corner, 26)
        ]
    return strokes


def waist_seam(style, fig) -> list[Stroke]:
    """Seam or belt at the waist of a dress or coat."""
    w = fig.half(1.62) + style.waist_ease
    curve = fig.warp(bend((-w - 0.1, 1.6), (w + 0.1, 1.6), 0.03))
    if style.belt:
        buckle = fig.warp([(-0.09, 1.57), (0.09, 1.57), (0.09, 1.74), (-0.09, 1.74)])
        return [Stroke(curve + (0, 0.03), 0.15, 0.55), Stroke(np.vstack([buckle, buckle[:1]]), 0.03, METAL)]
    return [Stroke(curve, 0.016, 0.72)]


def placket(style, fig, x: float, top: float) -> list[Stroke]:
    """Front closure down the line ``x``: buttons or a zip."""
    if style.closure == "none":
        return []
    low = min(style.hem, 3.4) if style.closure == "buttons" else style.hem - 0.05
    if style.closure == "zip":
        return [Stroke(fig.warp([(x, top), (x, low)]), 0.05, 0.7), Stroke(fig.warp([(x, top), (x, low)]), 0.018, METAL)]
    edges = [Stroke(fig.warp([(x + d, top), (x + d, style.hem + 0.1)]), 0.012, 0.78) for d in (-0.07, 0.07)]
    rows = np.arange(top + 0.16, low - 0.1, 0.36)
    discs = [Stroke(fig.warp(ellipse((x, y), (0.034, 0.034), 12)), tone=t, filled=True) for y in rows for t in (0.6,)]
    return (
        edges
        + discs
        + [
            Stroke(fig.warp(ellipse((x - 0.004, y - 0.006), (0.026, 0.026), 12)), tone=BUTTON, filled=True)
            for y in rows
        ]
    )


def pockets(style, fig) -> list[Stroke]:
    """Pockets of upper garments."""
    if style.pockets == "chest":
        shape = [(0.2, 0.72), (0.52, 0.72), (0.52, 1.06), (0.36, 1.13), (0.2, 1.06), (0.2, 0.72)]
        return [Stroke(fig.warp(np.array(shape) * (s, 1)), 0.014, 0.74) for s in ((1,) if style.gap == 0 else SIDES)]
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
        cords = [Stroke(fig.warp(bend((s * 0.12, 0.2), (s * 0.15, 0.85), 0.04)), 0.025, (226, 224, 220)) for s in SIDES]
        return [Stroke(fig.warp(shape), 0.016, 0.74), *cords]
    return []


def panel_strokes(style, fig, side: int, rng) -> list[Stroke]:
    """Front edge, closure, pockets and hem of one jacket front."""
    edge = [
        (side * (style.gap * 1.0 + 0.06), style.hem),
        (side * (style.gap * 0.8 + 0.06), 1.6),
        (side * (style.gap * 0.65 + 0.06), 0.7),
    ]
    strokes = [Stroke(fig.warp(edge), 0.012, 0.8)]
    if style.gap == 0 and side == 1:
        strokes += placket(style, fig, 0.0, max(style.neck_depth, 0.3))
    elif style.closure == "buttons" and side == 1:
        strokes += [
            Stroke(fig.warp(ellipse((side * (style.gap * 0.85 + 0.1), y), (0.036, 0.036), 12)), tone=0.55, filled=True)
            for y in np.arange(1.3, 2.3, 0.4)
        ]
    elif style.closure == "zip":
        strokes.append(
            Stroke(
                fig.warp([(side * (style.gap * x), y) for x, y in ((0.73, 0.9), (0.86, 1.9), (1.14, style.hem))]),
                0.04,
                METAL,
            )
        )
    low = min(style.hem - 0.3, 2.35)
    a, b = style.gap * 0.5 + 0.34, min(style.gap * 0.5 + 0.68, fig.half(2.2) - 0.02)
    if style.pockets == "patch":
        strokes.append(
            Stroke(
                fig.warp(
                    np.array([(a, low - 0.3), (b, low - 0.3), (b, low + 0.12), (a, low + 0.12), (a, low - 0.3)])
                    * (side, 1)
                ),
                0.016,
                0.72,
            )
        )
    if style.pockets == "slant":
        strokes.append(Stroke(fig.warp(np.array([(a + 0.05, low - 0.35), (b, low)]) * (side, 1)), 0.03, 0.62))
    return strokes + pockets(style, fig) + hem_strokes(style, fig)


def collars(style, fig) -> list[Part]:
    """Shirt collar, lapels or stand collar, as parts of their own with a shadow."""
    w, inner = style.neck_width, style.gap * 0.6
    if style.neckline in ("shirt", "polo"):
        tip = 0.36 if style.neckline == "shirt" else 0.3
        shape = [
            (w + 0.03, -0.13),
            (w + 0.03, -0.13),
            (w + 0.1, 0.02),
            (0.3 + inner, tip),
            (0.3 + inner, tip),
            (inner * 0.8 + 0.01, style.neck_depth),
            (inner * 0.8 + 0.01, style.neck_depth),
            (w * 0.78, -0.02),
        ]
    elif style.neckline == "lapel":
        low = max(style.neck_depth, 0.8) + 0.25
        notch = [
            (0.52 + inner * 0.3, 0.42),
            (0.44, 0.5),
            (0.44, 0.5),
            (0.6 + inner * 0.3, 0.52),
            (0.6 + inner * 0.3, 0.52),
        ]
        shape = [
            (w, -0.14),
            (w, -0.14),
            (w + 0.12, 0.0),
            *notch,
            (inner + 0.12, low),
            (inner, low + 0.1),
            (inner, low + 0.1),
            (w * 0.74, 0.3),
        ]
    elif style.neckline == "stand":
        shape = [
            (w, -0.2),
            (w, -0.2),
            (w + 0.06, -0.02),
            (inner + 0.14, 0.2),
            (inner, 0.22),
            (inner, 0.22),
            (inner + 0.02, 0.08),
            (w * 0.6, -0.02),
        ]
    else:
        return []
    return [
        Part(fig.warp(smooth(np.array(shape) * (s, 1), steps=4)), puff=0.05, shadow=0.5, grain=s * 0.5, tone=1.03)
        for s in SIDES
    ]


def hood(style, fig) -> list[Part]:
    """A hood that lies behind the neck."""
    half = [(0, -0.42), (0.3, -0.38), (0.5, -0.16), (0.46, 0.12), (0.2, 0.3), (0, 0.34)]
    opening = Stroke(fig.warp(ellipse((0, -0.06), (0.32, 0.22))), tone=0.55, filled=True)
    return [Part(fig.warp(smooth(mirrored(half))), [opening], puff=0.2)]


def straps(style, fig) -> list[Part]:
    """Thin shoulder straps of slings."""
    if style.sleeve != "strap":
        return []
    x = fig.build.chest * 0.56
    return [
        Part(
            fig.warp(tube([(s * x * 0.74, -0.02), (s * x * 0.92, 0.3), (s * x, 0.72)], (0.035, 0.035, 0.05), 12)),
            puff=0.04,
            shadow=0.3,
        )
        for s in SIDES
    ]


def cuff_strokes(style, line, width) -> list[Stroke]:
    """Stitching, rib or cuff at the end of a sleeve."""
    n, end = normals(line)[-1], line[-1]
    back = (line[-2] - end) / max(np.hypot(*(line[-2] - end)), 1e-6)
    across = lambda d, k=1.2: np.array([end + back * d + n * width[-1] * k, end + back * d - n * width[-1] * k])  # noqa: E731
    if style.sleeve == "short":
        return [Stroke(along(across(0.07), np.linspace(0, 1, 33)), 0.008, 0.8, dashed=True)]
    strokes = [Stroke(across(0.2), 0.015, 0.74)]
    if style.ribbed:
        strokes += [
            Stroke(np.array([end + n * width[-1] * k, end + back * 0.17 + n * width[-1] * k]), 0.011, 0.84)
            for k in np.linspace(-1, 1, 9)
        ]
    elif style.closure == "buttons":
        strokes.append(
            Stroke(ellipse(end + back * 0.1 + n * width[-1] * 0.4, (0.03, 0.03), 10), tone=BUTTON, filled=True)
        )
    return strokes


def trouser_strokes(style, fig, legs, crotch) -> list[Stroke]:
    """Waistband, fly, pockets, seams and hems."""
    w, top = fig.half(style.waist) + style.ease, style.waist
    band = [
        Stroke(np.array([(-w - 0.1, top + 0.17), (w + 0.1, top + 0.17)]), 0.016, 0.72),
        Stroke(np.array([(0, top + 0.17), crotch]), 0.014, 0.72),
    ]
    if style.ribbed:
        band += [Stroke(np.array([(x, top), (x, top + 0.15)]), 0.011, 0.84) for x in np.linspace(-w, w, 24)]
    else:
        band += [Stroke(np.array([(x, top - 0.02), (x, top + 0.18)]), 0.045, 0.84) for x in (-w * 0.62, w * 0.62)]
        band += [
            Stroke(smooth([(0.13, top + 0.17), (0.13, top + 0.6), (0.02, top + 0.75)], closed=False), 0.012, 0.78),
            Stroke(ellipse((0, top + 0.085), (0.038, 0.038), 12), tone=METAL, filled=True),
        ]
    for side, (line, width) in zip(SIDES, legs, strict=True):
        band += _leg_strokes(style, side, line, width, w, top, crotch)
    return band


def _leg_strokes(style, side, line, width, w, top, crotch) -> list[Stroke]:
    end, half = line[-1], width[-1]
    strokes = [
        Stroke(np.array([(end[0] - half * 1.2, end[1] - d), (end[0] + half * 1.2, end[1] - d)]), 0.014, 0.76)
        for d in ((0.07,), (0.14, 0.02))[int(style.cuff)]
    ]
    strokes.append(Stroke(np.array([(0, crotch[1]), (0, line[-1][1])]), 0.03, 0.5))
    if style.pockets in ("jeans", "cargo"):
        strokes.append(
            Stroke(bend((side * w * 0.5, top + 0.17), (side * (w + 0.1), top + 0.5), -0.3 * side), 0.018, 0.68)
        )
    if style.pockets == "slant":
        strokes.append(Stroke(np.array([(side * w * 0.72, top + 0.17), (side * (w + 0.1), top + 0.75)]), 0.018, 0.68))
    if style.pockets == "cargo" and style.leg_end > 0.45:
        x, y = line[3] + (side * width[3] * 0.45, -0.1)
        strokes.append(
            Stroke(
                np.array([(x - 0.2, y), (x + 0.2, y), (x + 0.2, y + 0.42), (x - 0.2, y + 0.42), (x - 0.2, y)]),
                0.016,
                0.7,
            )
        )
    return strokes


def skirt_strokes(style, fig, top, corner) -> list[Stroke]:
    """Waistband, hem, pleats and buttons of a skirt."""
    y, low = style.waist, style.hem
    strokes = [Stroke(np.array([(-top - 0.1, y + 0.15), (top + 0.1, y + 0.15)]), 0.016, 0.72)]
    curve = np.stack(
        [np.linspace(-corner, corner, 97), low - 0.08 + style.hem_curve * (1 - np.linspace(-1, 1, 97) ** 2)], 1
    )
    strokes.append(Stroke(curve, 0.013, 0.8, dashed=True))
    if style.pleats:
        strokes += [
            Stroke(np.array([(x * top, y + 0.15), (x * corner, low + 0.1)]), 0.016, 0.78)
            for x in np.linspace(-0.9, 0.9, style.pleats)
        ]
    return strokes + placket(style, fig, 0.0, y + 0.1)


def wavy_hem(corner, style, rng) -> list[tuple[float, float]]:
    """Points along the right half of a hem, from the corner to the centre, with small waves."""
    x = np.linspace(0.8, 0.0, 5)
    wave = rng.normal(0, 0.02 + 0.02 * (style.hem_ease > 0.2), 5)
    return [(corner * a, style.hem + style.hem_curve * (1 - a * a) + w) for a, w in zip(x, wave, strict=True)]
