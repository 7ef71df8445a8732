"""What is on the cloth: seams, ribs, plackets, pockets, cuffs, collars, straps and prints."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.fabric import Fabric
from ewardrobe.datasets.synthetic.geometry import (
    DrawnLine,
    DrawnPart,
    along,
    bend,
    box,
    ellipse,
    mirrored,
    normals,
    smooth,
    spot,
    tube,
)
from ewardrobe.datasets.synthetic.styles import Style

METAL, BUTTON = (196, 192, 184), (232, 228, 218)

Half = list[tuple[float, float]]
"""The right half of an outline."""


def body_strokes(style: Style, fig: Figure, fabric: Fabric, neck: Half, rng: np.random.Generator) -> list[DrawnLine]:
    """Neck rib, hem, side seams, waist seam, placket, pocket and print of a top or dress."""
    strokes = _print(fig, fabric, rng) if fabric.pattern == "graphic" else []
    if style.neckline == "turtle":
        strokes.append(DrawnLine(fig.warp(bend((-0.28, -0.12), (0.28, -0.12), 0.1)), 0.016, 0.74))
    elif style.sleeve != "strap":
        rim = np.array([*neck, (style.neck_width, -0.07)])
        curve = smooth(np.vstack([rim[::-1] * (-1, 1), rim]), closed=False)
        strokes.append(DrawnLine(fig.warp(curve), 0.14, 0.9))
        strokes.append(DrawnLine(fig.warp(curve * (1.14, 1) + (0, 0.07)), 0.014, 0.74))
    strokes += _hem(style, fig) + _placket(style, fig, style.neck_depth)
    if style.seam or style.belt:
        w = fig.half(1.62) + style.waist_ease
        waist = fig.warp(bend((-w - 0.1, 1.6), (w + 0.1, 1.6), 0.03))
        buckle = DrawnLine(fig.warp(box(-0.09, 1.57, 0.09, 1.74)), 0.03, METAL)
        strokes += [DrawnLine(waist + (0, 0.03), 0.15, 0.55), buckle] if style.belt else [DrawnLine(waist, 0.016, 0.72)]
    return strokes + _front_pockets(style, fig)


def _hem(style, fig) -> list[DrawnLine]:
    corner = fig.half(style.hem) + style.hem_ease
    rise = 0.24 if style.ribbed else 0.07
    x, y = np.linspace(-corner, corner, 97), style.hem - rise
    line = np.stack([x, y + style.hem_curve * (1 - (x / corner) ** 2)], 1)
    strokes = [DrawnLine(fig.warp(line), 0.008, 0.8, dashed=not style.ribbed)]
    if style.ribbed:
        ribs = [[(x, y + 0.05), (x, style.hem + 0.05)] for x in np.linspace(-corner, corner, 26)]
        strokes += [DrawnLine(fig.warp(rib), 0.012, 0.84) for rib in ribs]
    return strokes


def _placket(style, fig, top: float) -> list[DrawnLine]:
    """Front closure down the middle: buttons or a zip."""
    if style.closure == "none":
        return []
    if style.closure == "zip":
        line = fig.warp([(0, top), (0, style.hem - 0.05)])
        return [DrawnLine(line, 0.05, 0.7), DrawnLine(line, 0.018, METAL)]
    edges = [DrawnLine(fig.warp([(d, top), (d, style.hem + 0.1)]), 0.012, 0.78) for d in (-0.07, 0.07)]
    rows = np.arange(top + 0.16, min(style.hem, 3.4) - 0.1, 0.36)
    shadows = [spot(fig.warp(ellipse((0, y), (0.034, 0.034), 12)), 0.6) for y in rows]
    buttons = [spot(fig.warp(ellipse((-0.004, y - 0.006), (0.026, 0.026), 12)), BUTTON) for y in rows]
    return edges + shadows + buttons


def _front_pockets(style, fig) -> list[DrawnLine]:
    if style.pockets == "chest":
        flap = np.array([(0.2, 0.72), (0.52, 0.72), (0.52, 1.06), (0.36, 1.13), (0.2, 1.06), (0.2, 0.72)])
        return [DrawnLine(fig.warp(flap * (s, 1)), 0.014, 0.74) for s in (SIDES if style.gap else (1,))]
    if style.pockets == "kangaroo":
        low = style.hem - 0.28
        top, side = low - 0.62, low - 0.22
        shape = [(-0.32, top), (0.32, top), (0.55, side), (0.55, low), (-0.55, low), (-0.55, side), (-0.32, top)]
        cords = [bend((s * 0.12, 0.2), (s * 0.15, 0.85), 0.04) for s in SIDES]
        pocket = DrawnLine(fig.warp(shape), 0.016, 0.74)
        return [pocket, *(DrawnLine(fig.warp(cord), 0.025, (226, 224, 220)) for cord in cords)]
    return []


def panel_strokes(style: Style, fig: Figure, side: int) -> list[DrawnLine]:
    """Front edge, closure, pockets and hem of one jacket front."""
    edge = [(side * (style.gap * k + 0.06), y) for k, y in ((1.0, style.hem), (0.8, 1.6), (0.65, 0.7))]
    strokes = [DrawnLine(fig.warp(edge), 0.012, 0.8), *_panel_closure(style, fig, side)]
    return strokes + _side_pocket(style, fig, side) + _front_pockets(style, fig) + _hem(style, fig)


def _panel_closure(style, fig, side) -> list[DrawnLine]:
    """Buttons on the right panel, half a zip on both; a closed jacket has its placket on the right."""
    if style.gap == 0:
        return _placket(style, fig, max(style.neck_depth, 0.3)) if side == 1 else []
    if style.closure == "zip":
        line = [(side * style.gap * k, y) for k, y in ((0.73, 0.9), (0.86, 1.9), (1.14, style.hem))]
        return [DrawnLine(fig.warp(line), 0.04, METAL)]
    discs = [ellipse((style.gap * 0.85 + 0.1, y), (0.036, 0.036), 12) for y in np.arange(1.3, 2.3, 0.4)]
    return [spot(fig.warp(d), 0.55) for d in discs] if side == 1 else []


def _side_pocket(style, fig, side) -> list[DrawnLine]:
    low = min(style.hem - 0.3, 2.35)
    a, b = style.gap * 0.5 + 0.34, min(style.gap * 0.5 + 0.68, fig.half(2.2) - 0.02)
    if style.pockets == "patch":
        return [DrawnLine(fig.warp(box(a, low - 0.3, b, low + 0.12) * (side, 1)), 0.016, 0.72)]
    if style.pockets == "slant":
        return [DrawnLine(fig.warp([(side * (a + 0.05), low - 0.35), (side * b, low)]), 0.03, 0.62)]
    return []


def cuff_strokes(style: Style, line: np.ndarray, width: np.ndarray) -> list[DrawnLine]:
    """Stitching, rib or cuff at the end of a sleeve: middle (K, 2) and half width (K,), float64."""
    end = line[-1]
    out = normals(line)[-1] * width[-1]
    back = (line[-2] - end) / max(np.hypot(*(line[-2] - end)), 1e-6)
    if style.sleeve == "short":
        across = [end + back * 0.07 + out * 1.2, end + back * 0.07 - out * 1.2]
        return [DrawnLine(along(across, np.linspace(0, 1, 33)), 0.008, 0.8, dashed=True)]
    strokes = [DrawnLine([end + back * 0.2 + out * 1.2, end + back * 0.2 - out * 1.2], 0.015, 0.74)]
    if style.ribbed:
        ribs = [[end + out * k, end + back * 0.17 + out * k] for k in np.linspace(-1, 1, 9)]
        strokes += [DrawnLine(rib, 0.011, 0.84) for rib in ribs]
    elif style.closure == "buttons":
        strokes.append(spot(ellipse(end + back * 0.1 + out * 0.4, (0.03, 0.03), 10), BUTTON))
    return strokes


def trouser_strokes(style: Style, fig: Figure, legs: list, crotch: tuple[float, float]) -> list[DrawnLine]:
    """Waistband, fly, pockets, seams and hems; ``legs``: middle and half width of each."""
    w, top = fig.half(style.waist) + style.ease, style.waist
    low = top + 0.17
    band = [DrawnLine([(-w - 0.1, low), (w + 0.1, low)], 0.016, 0.72), DrawnLine([(0, low), crotch], 0.014, 0.72)]
    if style.ribbed:
        band += [DrawnLine([(x, top), (x, top + 0.15)], 0.011, 0.84) for x in np.linspace(-w, w, 24)]
    else:
        fly = smooth([(0.13, low), (0.13, top + 0.6), (0.02, top + 0.75)], closed=False)
        band += [DrawnLine([(x, top - 0.02), (x, top + 0.18)], 0.045, 0.84) for x in (-w * 0.62, w * 0.62)]
        band += [DrawnLine(fly, 0.012, 0.78), spot(ellipse((0, top + 0.085), (0.038, 0.038), 12), METAL)]
    for side, (line, width) in zip(SIDES, legs, strict=True):
        band += _leg_strokes(style, side, line, width, w, top, crotch)
    return band


def _leg_strokes(style, side, line, width, w, top, crotch) -> list[DrawnLine]:
    (x, y), half = line[-1], width[-1] * 1.2
    hems = (0.14, 0.02) if style.cuff else (0.07,)
    strokes = [DrawnLine([(x - half, y - d), (x + half, y - d)], 0.014, 0.76) for d in hems]
    strokes.append(DrawnLine([(0, crotch[1]), (0, y)], 0.03, 0.5))
    if style.pockets in ("jeans", "cargo"):
        curve = bend((side * w * 0.5, top + 0.17), (side * (w + 0.1), top + 0.5), -0.3 * side)
        strokes.append(DrawnLine(curve, 0.018, 0.68))
    if style.pockets == "slant":
        strokes.append(DrawnLine([(side * w * 0.72, top + 0.17), (side * (w + 0.1), top + 0.75)], 0.018, 0.68))
    if style.pockets == "cargo" and style.leg_end > 0.45:
        x, y = line[3] + (side * width[3] * 0.45, -0.1)
        strokes.append(DrawnLine(box(x - 0.2, y, x + 0.2, y + 0.42), 0.016, 0.7))
    return strokes


def skirt_strokes(style: Style, fig: Figure, top: float, corner: float) -> list[DrawnLine]:
    """Waistband, hem, pleats and buttons of a skirt."""
    y, low, t = style.waist, style.hem, np.linspace(-1, 1, 97)
    curve = np.stack([np.linspace(-corner, corner, 97), low - 0.08 + style.hem_curve * (1 - t**2)], 1)
    pleats = np.linspace(-0.9, 0.9, style.pleats)
    return [
        DrawnLine([(-top - 0.1, y + 0.15), (top + 0.1, y + 0.15)], 0.016, 0.72),
        DrawnLine(curve, 0.013, 0.8, dashed=True),
        *(DrawnLine([(x * top, y + 0.15), (x * corner, low + 0.1)], 0.016, 0.78) for x in pleats),
        *_placket(style, fig, y + 0.1),
    ]


def label(fig: Figure) -> DrawnLine:
    """The little white label inside the collar."""
    return spot(fig.warp(box(-0.07, 0.02, 0.07, 0.1)[:4]), (232, 230, 226))


def collars(style: Style, fig: Figure) -> list[DrawnPart]:
    """Shirt collar, lapels or stand collar, as parts of their own with a shadow."""
    shapes = {"shirt": _turned_down, "polo": _turned_down, "lapel": _lapel, "stand": _stand}
    if style.neckline not in shapes:
        return []
    shape = np.array(shapes[style.neckline](style, style.neck_width, style.gap * 0.6))
    return [
        DrawnPart(fig.warp(smooth(shape * (s, 1), steps=4)), puff=0.05, shadow=0.5, grain=s * 0.5, tone=1.03)
        for s in SIDES
    ]


def _turned_down(style, w, inner) -> list[tuple[float, float]]:
    """Right half of a shirt's collar; points given twice are corners, here and below."""
    tip = (0.3 + inner, 0.36 if style.neckline == "shirt" else 0.3)
    front = (inner * 0.8 + 0.01, style.neck_depth)
    return [*[(w + 0.03, -0.13)] * 2, (w + 0.1, 0.02), tip, tip, front, front, (w * 0.78, -0.02)]


def _lapel(style, w, inner) -> list[tuple[float, float]]:
    low, wide = max(style.neck_depth, 0.8) + 0.25, inner * 0.3
    notch = [(0.52 + wide, 0.42), *[(0.44, 0.5)] * 2, *[(0.6 + wide, 0.52)] * 2]
    return [*[(w, -0.14)] * 2, (w + 0.12, 0.0), *notch, (inner + 0.12, low), *[(inner, low + 0.1)] * 2, (w * 0.74, 0.3)]


def _stand(style, w, inner) -> list[tuple[float, float]]:
    foot = [(inner + 0.14, 0.2), *[(inner, 0.22)] * 2, (inner + 0.02, 0.08)]
    return [*[(w, -0.2)] * 2, (w + 0.06, -0.02), *foot, (w * 0.6, -0.02)]


def hood(fig: Figure) -> DrawnPart:
    """A hood that lies behind the neck."""
    half = [(0, -0.42), (0.3, -0.38), (0.5, -0.16), (0.46, 0.12), (0.2, 0.3), (0, 0.34)]
    opening = spot(fig.warp(ellipse((0, -0.06), (0.32, 0.22))), 0.55)
    return DrawnPart(fig.warp(smooth(mirrored(half))), [opening], puff=0.2)


def straps(fig: Figure) -> list[DrawnPart]:
    """Thin shoulder straps of slings."""
    x = fig.build.chest * 0.56
    lines = [[(s * x * 0.74, -0.02), (s * x * 0.92, 0.3), (s * x, 0.72)] for s in SIDES]
    return [DrawnPart(fig.warp(tube(line, (0.035, 0.035, 0.05), 12)), puff=0.04, shadow=0.3) for line in lines]


def _print(fig, fabric, rng) -> list[DrawnLine]:
    """A print on the chest: disc, stripes, star, sun over waves, or bold letters."""
    kind, r = str(rng.choice(["disc", "bands", "star", "sun", "text"])), rng.uniform(0.2, 0.32)
    y, first = 0.98, fabric.accent  # so far is the middle of the print below the neck
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
        strokes = [spot(fig.warp(ellipse((0, y), (r * 0.72, r * 0.72))), first)]
        for low in y + r * (0.55 + 0.26 * np.arange(3)):
            wave = [(-r * 1.3 + i * r * 0.65, low + 0.04 * (-1) ** i) for i in range(5)]
            strokes.append(DrawnLine(fig.warp(smooth(wave, closed=False)), 0.04, second))
        return strokes
    return _letters(fig, str(rng.choice(("HELLO", "1984", "NORTH", "CLUB", "OSLO", "23"))), y, first)


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
