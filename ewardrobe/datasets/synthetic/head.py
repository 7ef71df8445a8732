"""The head: face, hair and glasses."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import DrawnLine, DrawnPart, bend, ellipse, mirrored, smooth, turned

HAIRSTYLES = ("short", "crop", "bob", "long", "bun", "curly", "bald")


def place_head(fig: Figure):
    """A function that moves points around the head's centre (0, 0) to where the posed head is."""
    centre = fig.warp([[0, -0.86]])[0] + (fig.pose.nod * 0.3, 0)
    k = fig.build.head / 0.37
    return lambda points: turned(np.array(points, float) * k, fig.pose.nod) + centre


def head_parts(fig: Figure, rng: np.random.Generator, iris=(70, 50, 40)) -> list[DrawnPart]:
    """Ears and face, looking at the camera."""
    place, look = place_head(fig), float(rng.normal(0, 0.012))
    jaw = rng.uniform(0.19, 0.27)
    half = [(0, -0.5), (0.2, -0.46), (0.34, -0.26), (0.365, 0.0), (0.33, 0.22), (jaw, 0.4), (0.09, 0.5), (0, 0.515)]
    ears = [
        DrawnPart(place(ellipse((s * 0.37, 0.04), (0.06, 0.11))), puff=0.05, role="skin", shadow=0.1) for s in SIDES
    ]
    strokes = [s for side in SIDES for s in _eye(place, side, look, iris)] + _nose_and_mouth(place, rng)
    return [*ears, DrawnPart(place(smooth(mirrored(half))), strokes, puff=0.3, role="skin", shadow=0.45)]


def _eye(place, side, look, iris) -> list[DrawnLine]:
    x = side * 0.155
    lens = np.vstack([bend((x - 0.072, 0.0), (x + 0.072, 0.0), -0.3), bend((x + 0.072, 0.0), (x - 0.072, 0.0), -0.22)])
    return [
        DrawnLine(place(ellipse((x, -0.01), (0.11, 0.085))), tone=0.96, filled=True),
        DrawnLine(place(lens), tone=(244, 242, 238), filled=True),
        DrawnLine(place(ellipse((x + look, -0.006), (0.032, 0.034), 14)), tone=iris, filled=True),
        DrawnLine(place(ellipse((x + look, -0.006), (0.016, 0.017), 10)), tone=(18, 16, 18), filled=True),
        DrawnLine(place(ellipse((x + look - 0.01, -0.018), (0.008, 0.008), 8)), tone=(250, 250, 250), filled=True),
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
        DrawnLine(place(ellipse((-0.03, 0.158), (0.014, 0.008), 8)), tone=0.68, filled=True),
        DrawnLine(place(ellipse((0.032, 0.158), (0.014, 0.008), 8)), tone=0.68, filled=True),
        DrawnLine(place(mouth), tone=colour, filled=True),
        DrawnLine(place(bend((-0.105, 0.288), (0.105, 0.288), 0.34 + smile * 0.5)), 0.012, 0.55),
    ]


def hair_back(fig: Figure, style: str, length: float) -> list[DrawnPart]:
    """Hair behind the neck: painted before the trunk's clothes."""
    place = place_head(fig)
    if style not in ("long", "bob", "curly"):
        return []
    drop = {"long": 0.75 + length * 0.6, "bob": 0.5, "curly": 0.42}[style]
    wide = 0.5 if style == "curly" else 0.44
    half = [(0, -0.5), (0.35, -0.4), (wide, 0), (wide + 0.03, drop * 0.6), (wide - 0.06, drop), (0, drop + 0.02)]
    return [DrawnPart(place(smooth(mirrored(half))), _strands(place, half, 9), puff=0.2, role="skin", tone=0.82)]


def _strands(place, half, count) -> list[DrawnLine]:
    low = half[-1][1]
    xs = np.linspace(-0.4, 0.4, count)
    return [
        DrawnLine(place(bend((x * 0.6, -0.45), (x, low), 0.05 * np.sign(x))), 0.012, 0.85 if i % 2 else 1.08)
        for i, x in enumerate(xs)
    ]


def hair_front(fig: Figure, style: str, rng: np.random.Generator, length: float) -> list[DrawnPart]:
    """Hair on top of the head and, when long, locks that fall over the shoulders."""
    place = place_head(fig)
    if style == "bald":
        return []
    if style == "curly":
        return [DrawnPart(place(_curls(rng)), puff=0.12, role="skin", shadow=0.35)]
    part_x = rng.uniform(-0.16, 0.16)
    parts = [DrawnPart(place(_cap_outline(style, part_x)), _combed(place, part_x), puff=0.16, role="skin", shadow=0.35)]
    if style == "bun":
        bun = DrawnPart(place(ellipse((0, -0.62), (0.17, 0.16))), puff=0.14, role="skin", shadow=0.2)
        parts.insert(0, bun)
    if style == "long":
        parts += [_lock(place, s, 0.5 + length * rng.uniform(0.5, 1.0)) for s in SIDES if rng.random() < 0.75]
    return parts


def _cap_outline(style, part_x) -> np.ndarray:
    """Crown above, hairline below with a parting at ``part_x``; sides reach the ears or the chin."""
    side = {"short": 0.02, "crop": -0.12, "bob": 0.42, "long": 0.4, "bun": -0.06}[style]
    top = {"crop": 0.54, "short": 0.6}.get(style, 0.57)
    outer, inner = 0.42, 0.325
    crown = [
        (-outer, side),
        (-outer, -0.2),
        (-0.3, -top + 0.1),
        (0, -top),
        (0.3, -top + 0.1),
        (outer, -0.2),
        (outer, side),
    ]
    line = [
        (inner + 0.02, side),
        (inner, -0.12),
        (0.24, -0.27),
        (part_x, -0.37),
        (-0.24, -0.27),
        (-inner, -0.12),
        (-inner - 0.02, side),
    ]
    return smooth(crown + line)


def _combed(place, part_x) -> list[DrawnLine]:
    ends = [(-0.38, -0.05), (-0.36, -0.2), (-0.28, -0.3), (0.28, -0.3), (0.36, -0.2), (0.38, -0.05)]
    tones = (0.84, 1.1, 0.86, 0.86, 1.1, 0.84)
    return [
        DrawnLine(place(bend((part_x, -0.5), e, 0.25 * np.sign(e[0]))), 0.014, t)
        for e, t in zip(ends, tones, strict=True)
    ]


def _lock(place, side, drop) -> DrawnPart:
    points = [
        (0.3, -0.1),
        (0.41, 0.0),
        (0.47, 0.35),
        (0.5, 0.35 + drop * 0.5),
        (0.4, 0.3 + drop),
        (0.3, 0.2 + drop * 0.8),
        (0.33, 0.3),
    ]
    strokes = [
        DrawnLine(place(bend((side * x, 0.0), (side * (x + 0.03), 0.2 + drop * 0.8), -0.06 * side)), 0.014, t)
        for x, t in ((0.37, 0.85), (0.41, 1.1))
    ]
    return DrawnPart(place(smooth(np.array(points) * (side, 1))), strokes, puff=0.1, role="skin", shadow=0.35)


def _curls(rng) -> np.ndarray:
    angle = np.linspace(np.pi * 0.93, np.pi * 2.07, 15)
    radius = 0.52 + 0.05 * np.where(np.arange(15) % 2, 1, -0.6) + rng.normal(0, 0.01, 15)
    outer = np.stack([np.cos(angle) * radius * 0.95, np.sin(angle) * radius * 1.15 - 0.02], 1)
    return smooth(
        np.vstack(
            [
                outer,
                [(0.34, 0.06), (0.31, -0.14), (0.2, -0.27), (0, -0.3), (-0.2, -0.27), (-0.31, -0.14), (-0.34, 0.06)],
            ]
        )
    )


def glasses(fig: Figure) -> DrawnPart:
    """A pair of glasses: frames only, the eyes stay skin."""
    place = place_head(fig)
    outer = np.array(
        [(-0.36, -0.075), (-0.27, -0.11), (-0.06, -0.095), (0, -0.055), (0.06, -0.095), (0.27, -0.11), (0.36, -0.075)]
    )
    lower = np.array(
        [
            (0.3, -0.03),
            (0.27, 0.09),
            (0.15, 0.115),
            (0.05, 0.06),
            (0, -0.02),
            (-0.05, 0.06),
            (-0.15, 0.115),
            (-0.27, 0.09),
            (-0.3, -0.03),
        ]
    )
    holes = [
        place(smooth([(s * 0.055, -0.06), (s * 0.25, -0.075), (s * 0.25, 0.06), (s * 0.15, 0.085), (s * 0.075, 0.05)]))
        for s in SIDES
    ]
    return DrawnPart(place(np.vstack([outer, lower])), holes=holes, role="skin", puff=0.02, shadow=0.2)
