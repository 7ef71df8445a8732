"""The head: face, hair and glasses."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import (
    BodyView,
    DrawnLine,
    DrawnPart,
    bend,
    ellipse,
    firm,
    mirrored,
    smooth,
    spot,
)

HAIRSTYLES = ("short", "crop", "bob", "long", "bun", "curly", "bald")


def place_head(fig: Figure) -> BodyView:
    """The view that moves points around the head's centre (0, 0) to where the posed head is."""
    x, y = fig.warp([[0, -0.86]])[0]
    return BodyView(1.0, (x + fig.pose.nod * 0.3, y), fig.pose.nod)


def head_parts(fig: Figure, rng: np.random.Generator) -> list[DrawnPart]:
    """Ears and face, looking at the camera."""
    place, look = place_head(fig), float(rng.normal(0, 0.012))
    jaw = rng.uniform(0.19, 0.27)
    half = [(0, -0.5), (0.2, -0.46), (0.34, -0.26), (0.365, 0.0), (0.33, 0.22), (jaw, 0.4), (0.09, 0.5), (0, 0.515)]
    ears = [firm(place(ellipse((s * 0.37, 0.04), (0.06, 0.11))), puff=0.05, shadow=0.1) for s in SIDES]
    strokes = [s for side in SIDES for s in _eye(place, side, look)] + _nose_and_mouth(place, rng)
    return [*ears, firm(place(smooth(mirrored(half))), strokes, puff=0.3)]


def _eye(place, side, look) -> list[DrawnLine]:
    x = side * 0.155
    lens = np.vstack([bend((x - 0.072, 0.0), (x + 0.072, 0.0), -0.3), bend((x + 0.072, 0.0), (x - 0.072, 0.0), -0.22)])
    return [
        spot(place(ellipse((x, -0.01), (0.11, 0.085))), 0.96),
        spot(place(lens), (244, 242, 238)),
        spot(place(ellipse((x + look, -0.006), (0.032, 0.034), 14)), (70, 50, 40)),
        spot(place(ellipse((x + look, -0.006), (0.016, 0.017), 10)), (18, 16, 18)),
        spot(place(ellipse((x + look - 0.01, -0.018), (0.008, 0.008), 8)), (250, 250, 250)),
        DrawnLine(place(bend((x - 0.08, 0.004), (x + 0.08, 0.004), -0.3)), 0.018, (38, 28, 26)),
        DrawnLine(place(bend((x - 0.1, -0.105), (x + 0.1, -0.105), -0.22)), 0.022, (70, 52, 42)),
    ]


def _nose_and_mouth(place, rng) -> list[DrawnLine]:
    smile, lip = rng.uniform(0.02, 0.3), rng.uniform(0, 1)
    colour = tuple(np.array((176, 96, 88)) * (1 - lip) + np.array((188, 52, 64)) * lip)
    upper = np.vstack([bend((-0.1, 0.29), (0, 0.285), -0.18), bend((0, 0.285), (0.1, 0.29), -0.18)])
    mouth = np.vstack([upper, bend((0.1, 0.29), (-0.1, 0.29), -(0.25 + smile))])
    return [
        DrawnLine(place(smooth([(0.02, -0.02), (0.04, 0.1), (0.055, 0.155), (0.0, 0.165)], closed=False)), 0.014, 0.84),
        *(spot(place(ellipse((x, 0.158), (0.014, 0.008), 8)), 0.68) for x in (-0.03, 0.032)),
        spot(place(mouth), colour),
        DrawnLine(place(bend((-0.105, 0.288), (0.105, 0.288), 0.34 + smile * 0.5)), 0.012, 0.55),
    ]


def hair_back(fig: Figure, style: str, length: float) -> list[DrawnPart]:
    """Hair behind the neck: painted before the trunk's clothes."""
    drops = {"long": 0.75 + length * 0.6, "bob": 0.5, "curly": 0.42}
    if style not in drops:
        return []
    place, drop, wide = place_head(fig), drops[style], 0.5 if style == "curly" else 0.44
    low = drop + 0.02
    half = [(0, -0.5), (0.35, -0.4), (wide, 0), (wide + 0.03, drop * 0.6), (wide - 0.06, drop), (0, low)]
    strands = [
        DrawnLine(place(bend((x * 0.6, -0.45), (x, low), 0.05 * np.sign(x))), 0.012, 0.85 if i % 2 else 1.08)
        for i, x in enumerate(np.linspace(-0.4, 0.4, 9))
    ]
    return [firm(place(smooth(mirrored(half))), strands, puff=0.2, tone=0.82)]


def hair_front(fig: Figure, style: str, rng: np.random.Generator, length: float) -> list[DrawnPart]:
    """Hair on top of the head and, when long, locks that fall over the shoulders."""
    place = place_head(fig)
    if style == "bald":
        return []
    if style == "curly":
        return [firm(place(_curls(rng)), puff=0.12, shadow=0.35)]
    part_x = rng.uniform(-0.16, 0.16)
    parts = [firm(place(_cap_outline(style, part_x)), _combed(place, part_x), puff=0.16, shadow=0.35)]
    if style == "bun":
        parts.insert(0, firm(place(ellipse((0, -0.62), (0.17, 0.16))), puff=0.14, shadow=0.2))
    if style == "long":
        parts += [_lock(place, s, 0.5 + length * rng.uniform(0.5, 1.0)) for s in SIDES if rng.random() < 0.75]
    return parts


def _cap_outline(style, part_x) -> np.ndarray:
    """Crown above, hairline below with a parting at ``part_x``; sides reach the ears or the chin."""
    side = {"short": 0.02, "crop": -0.12, "bob": 0.42, "long": 0.4, "bun": -0.06}[style]
    top = {"crop": 0.54, "short": 0.6}.get(style, 0.57)
    half = [(0, -top), (0.3, 0.1 - top), (0.42, -0.2), (0.42, side), (0.345, side), (0.325, -0.12), (0.24, -0.27)]
    return smooth([*half, (part_x, -0.37), *((-x, y) for x, y in half[:0:-1])])


def _combed(place, part_x) -> list[DrawnLine]:
    right = [(0.28, -0.3, 0.86), (0.36, -0.2, 1.1), (0.38, -0.05, 0.84)]
    ends = [*((-x, y, tone) for x, y, tone in right[::-1]), *right]
    return [DrawnLine(place(bend((part_x, -0.5), (x, y), 0.25 * np.sign(x))), 0.014, tone) for x, y, tone in ends]


def _lock(place, side, drop) -> DrawnPart:
    points = [(0.3, -0.1), (0.41, 0.0), (0.47, 0.35), (0.5, 0.35 + drop * 0.5), (0.4, 0.3 + drop)]
    points += [(0.3, 0.2 + drop * 0.8), (0.33, 0.3)]
    strokes = [
        DrawnLine(place(bend((side * x, 0.0), (side * (x + 0.03), 0.2 + drop * 0.8), -0.06 * side)), 0.014, t)
        for x, t in ((0.37, 0.85), (0.41, 1.1))
    ]
    return firm(place(smooth(np.array(points) * (side, 1))), strokes, puff=0.1, shadow=0.35)


def _curls(rng) -> np.ndarray:
    angle = np.linspace(np.pi * 0.93, np.pi * 2.07, 15)
    radius = 0.52 + 0.05 * np.where(np.arange(15) % 2, 1, -0.6) + rng.normal(0, 0.01, 15)
    outer = np.stack([np.cos(angle) * radius * 0.95, np.sin(angle) * radius * 1.15 - 0.02], 1)
    inner = [(0.34, 0.06), (0.31, -0.14), (0.2, -0.27), (0, -0.3)]
    return smooth([*outer, *inner, *((-x, y) for x, y in inner[-2::-1])])


def glasses(fig: Figure) -> DrawnPart:
    """A pair of glasses: frames only, the eyes stay skin."""
    place = place_head(fig)
    half = [(0, -0.055), (0.06, -0.095), (0.27, -0.11), (0.36, -0.075)]
    half += [(0.3, -0.03), (0.27, 0.09), (0.15, 0.115), (0.05, 0.06), (0, -0.02)]
    lens = np.array([(0.055, -0.06), (0.25, -0.075), (0.25, 0.06), (0.15, 0.085), (0.075, 0.05)])
    holes = [place(smooth(lens * (s, 1))) for s in SIDES]
    return firm(place(mirrored(half)), holes=holes, puff=0.02, shadow=0.2)
