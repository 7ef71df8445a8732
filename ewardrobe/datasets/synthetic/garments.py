"""Garments as parts: the cut of a style laid on a figure, flat or worn."""

from __future__ import annotations

import numpy as np

from ewardrobe.core.taxonomy import category
from ewardrobe.datasets.synthetic import collars, creases, details
from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.fabric import Fabric
from ewardrobe.datasets.synthetic.geometry import DrawnPart, along, mirrored, smooth, tube, tube_quads
from ewardrobe.datasets.synthetic.styles import Style

Zones = dict[str, list[DrawnPart]]
"""Parts by place in the painting order: back, legs, torso, arm-1 (left of the picture), arm1 (right)."""


def garment_parts(
    category_id: int, style: Style, fig: Figure, fabric: Fabric, rng: np.random.Generator, flat: bool
) -> Zones:
    """Cut the garment for ``fig``; ``flat``: also show the inside of the back, which a neck would hide."""
    slot = category(category_id).slot
    if slot == "bottom":
        return {"legs": _skirt(style, fig, rng) if category_id == 9 else _trousers(style, fig, rng)}
    zones: Zones = {"back": _inside(style, fig, flat), "torso": []}
    zones["torso"] = _panels(style, fig, fabric, rng) if slot == "outer" else _body(style, fig, fabric, rng)
    if style.sleeve in ("short", "long"):
        zones |= {f"arm{side}": [_sleeve(style, fig, side, rng)] for side in SIDES}
    return zones


def right_half(style: Style, fig: Figure) -> list[tuple[float, float]]:
    """Right half of a body garment's outline from the neck's side point down to the hem's corner."""
    b, neck = fig.build, style.neck_width
    if style.sleeve == "strap":
        top = [(b.chest * 0.62, 0.62), (b.chest + style.ease * 0.4, 0.86), (b.chest + style.ease * 0.5, 0.92)]
    elif style.sleeve == "none":
        strap = neck + 0.2
        top = [(neck, -0.03), (neck, -0.03), (strap, 0.02), (strap, 0.02), (strap - 0.01, 0.35), (b.chest - 0.04, 0.72)]
        top += [(b.chest + style.ease * 0.7, 0.86), (b.chest + style.ease * 0.7, 0.9)]
    else:
        wide, lift = style.ease * 0.45, 0.025 + style.ease * 0.3
        top = [
            (neck, -0.07),
            (neck, -0.07),
            (b.shoulder * 0.8, 0.055 - lift),
            (b.shoulder + wide - 0.02, 0.2 - lift),
            (b.shoulder + wide, 0.42),
            (b.chest + style.ease, 0.85),
        ]
    return top + _sides(style, fig)


def _sides(style, fig) -> list[tuple[float, float]]:
    """From the armpit to the hem, through waist and hip as far as the garment reaches."""
    points, low = [], style.hem
    if low > 1.9:
        points.append((fig.half(1.6) + style.waist_ease, 1.6))
    if low > 2.7:
        hip = (
            fig.half(2.4)
            + max(style.ease, 0.04)
            + max(style.hem_ease - style.ease, 0) * 0.42 * min(1, 1.2 / (low - 1.6))
        )
        points.append((hip, 2.4))
    corner = (fig.half(min(low, 2.6)) + style.hem_ease, low)
    return [*points, corner, corner]


def neckline(style: Style, y_side: float = -0.07) -> list[tuple[float, float]]:
    """Right half of the neck opening, from the centre front up to the neck's side point (left out)."""
    w, d = style.neck_width, style.neck_depth
    shapes = {
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
    half = [*neck, *right_half(style, fig), (0, style.hem + style.hem_curve)]
    outline = fig.warp(smooth(mirrored(half)))
    strokes = details.body_strokes(style, fig, fabric, neck, rng)
    part = DrawnPart(outline, strokes, creases.body_creases(style, fig, rng), puff=0.2, origin=(0.0, 0.0))
    parts = [part, *collars.straps(style, fig)]
    return parts + collars.collars(style, fig)


def _inside(style, fig, flat) -> list[DrawnPart]:
    """The inner side of the back, seen through the neck opening or between open panels; the hood."""
    parts = collars.hood(style, fig) if style.neckline == "hood" else []
    depth = style.neck_depth if style.neckline not in ("turtle", "sweetheart", "straight") else 0
    if style.gap > 0 or (style.neckline in ("lapel",) and flat):
        half = [
            (0, -0.04),
            (style.neck_width, -0.08),
            (fig.build.shoulder * 0.7, 0.08),
            (fig.half(1.2), 1.2),
            (fig.half(2.4), min(2.4, style.hem - 0.2)),
        ]
        half += [(fig.half(2.4) + style.hem_ease * 0.5, style.hem - 0.06), (0, style.hem - 0.04)]
        parts.append(DrawnPart(fig.warp(smooth(mirrored(half))), [collars.label(fig)], tone=0.5, shadow=0.2))
    elif flat and depth > 0.05:
        w = style.neck_width
        half = [(0, 0.0), (w * 0.7, -0.03), (w + 0.03, -0.07), (w, 0.1), (w * 0.8, depth), (0, depth + 0.1)]
        parts.append(DrawnPart(fig.warp(smooth(mirrored(half))), [collars.label(fig)], tone=0.62, shadow=0.2))
    return parts


def _panels(style, fig, fabric, rng) -> list[DrawnPart]:
    """The two fronts of a jacket or coat, right over left; they meet when ``gap`` is 0."""
    parts, deep = [], style.neckline == "lapel"
    for side in SIDES:
        overlap = 0.05 if style.gap == 0 and side == 1 else 0.0
        top = style.neck_depth if style.gap == 0 else 0.9
        front = [(style.gap * 1.15 - overlap, style.hem + style.hem_curve * 0.4)] * 2 + [
            (style.gap * 0.85 - overlap, 1.9)
        ]
        front += [(style.gap * 0.7 - overlap, top)] * (2 if deep or style.gap == 0 else 1)
        half = front[::1] + ([(style.neck_width * 0.75, 0.25)] if style.gap > 0 or not deep else [])
        outline = half[::1] + right_half(style, fig)
        outline = fig.warp(smooth(np.array(outline) * (side, 1)))
        strokes = details.panel_strokes(style, fig, side, rng)
        folds = [c for c in creases.body_creases(style, fig, rng) if c[0][:, 0].mean() * side > 0]
        parts.append(DrawnPart(outline, strokes, folds, puff=0.18))
    return parts + collars.collars(style, fig)


def _sleeve(style, fig, side, rng) -> DrawnPart:
    b = fig.build
    start = b.arm + 0.06 + style.sleeve_ease * 0.8
    axis = fig.arm(side, start - b.arm)
    cut = np.linspace(0, style.sleeve_end, 7)
    line = along(smooth(axis, closed=False), cut)
    taper = np.interp(
        cut,
        (0, 0.25, 0.55, 1.0),
        (start, start * 0.94, b.arm + style.sleeve_ease * 0.85, b.arm * 0.72 + style.sleeve_ease * 0.7),
    )
    if style.sleeve == "long":
        taper[-1] *= 0.72 if style.ribbed else style.cuff
        taper[-2] *= 1.06 if style.ribbed else (1 + style.cuff) / 2
    else:
        taper[-2:] *= (1 + style.cuff) / 2, style.cuff
    outline, quads = tube(line, taper, 22, cap_start=True), tube_quads(line, taper, 22)
    direction, role = line[-1] - line[0], "short sleeve" if style.sleeve == "short" else "cloth"
    grain = float(np.arctan2(-direction[0], direction[1]))
    strokes = details.cuff_strokes(style, line, taper)
    folds = creases.sleeve_creases(line, taper, rng)
    return DrawnPart(
        outline,
        strokes,
        folds,
        grain,
        tuple(line[0]),
        0.18,
        fade=(line[0], along(axis, [0.16])[0]),
        shadow=0.4,
        seed=int(rng.integers(1 << 31)),
        role=role,
        reach=style.sleeve_end,
        quads=quads,
    )


def _leg_line(style, fig, side):
    """Centres and half widths of a trouser leg from the thigh to its hem."""
    cut = np.linspace(0, style.leg_end, 7)
    line = along(fig.leg(side), cut)
    t = fig.build.thigh
    width = np.interp(
        cut, (0, 0.15, 0.5, 0.75, 1.0), (t * 1.05, t * 1.02, t * 0.68, t * 0.6, t * 0.5)
    ) + style.leg_ease * np.interp(cut, (0, 0.3), (0.3, 1))
    return line, width + style.leg_flare * np.clip((cut - 0.5) * 2, 0, 1)


def _trousers(style, fig, rng) -> list[DrawnPart]:
    top, hip = fig.half(style.waist) + style.ease, fig.half(2.4) + style.ease
    outline = [(top, style.waist), (top, style.waist), (hip, 2.38)]
    crotch = (0.0, 2.86 + min(style.leg_ease, 0.1))
    (left, lw), (right, rw) = (_leg_line(style, fig, s) for s in SIDES)
    reach_out, reach_in = lambda l, w: l + np.stack([w, 0 * w], 1), lambda l, w: l - np.stack([w, 0 * w], 1)  # noqa: E731,E741
    inner_r, inner_l = reach_in(right, rw), reach_out(left, lw)
    inner_r[:, 0], inner_l[:, 0] = np.maximum(inner_r[:, 0], 0.02), np.minimum(inner_l[:, 0], -0.02)
    points = [*outline, *reach_out(right, rw)[1:], reach_out(right, rw)[-1], inner_r[-1], *inner_r[:1:-1], crotch]
    points += [
        *inner_l[2:],
        inner_l[-1],
        reach_in(left, lw)[-1],
        *reach_in(left, lw)[:0:-1],
        (-hip, 2.38),
        (-top, style.waist),
        (-top, style.waist),
    ]
    points = [p for i, p in enumerate(points) if not (i > 2 and 0 < p[1] < 2.6 and abs(p[0]) < 0.1)]
    strokes = details.trouser_strokes(style, fig, ((left, lw), (right, rw)), crotch)
    folds = creases.trouser_creases(fig, ((left, lw), (right, rw)), crotch, rng)
    return [DrawnPart(smooth(points), strokes, folds, puff=0.26)]


def _skirt(style, fig, rng) -> list[DrawnPart]:
    top, hip = fig.half(style.waist) + style.ease, fig.half(2.4) + style.ease + max(style.hem_ease, 0) * 0.35
    corner = fig.half(2.4) + style.hem_ease
    half = [
        (0, style.waist + 0.02),
        (top, style.waist),
        (top, style.waist),
        (hip, 2.4),
        (corner, style.hem),
        (corner, style.hem),
    ]
    half += details.wavy_hem(corner, style, rng)
    strokes = details.skirt_strokes(style, fig, top, corner)
    return [DrawnPart(smooth(mirrored(half)), strokes, creases.skirt_creases(style, top, corner, rng), puff=0.25)]
