"""Bags, scarves, hats, necklaces and the hanger: things in the way that are not garments."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure, place_head
from ewardrobe.datasets.synthetic.geometry import (
    DrawnLine,
    DrawnPart,
    bend,
    ellipse,
    firm,
    mirrored,
    smooth,
    spot,
    tube,
)


def bag_parts(fig: Figure, kind: str) -> list[DrawnPart]:
    """A ``crossbody``, ``tote`` (on the right shoulder), ``hand`` bag (right hand) or backpack ``straps``."""
    if kind == "straps":
        lines = [[(s * 0.5, -0.02), (s * 0.54, 0.42), (s * fig.build.chest, 0.86)] for s in SIDES]
        return [firm(fig.warp(tube(line, (0.09, 0.08, 0.06), 14)), puff=0.05) for line in lines]
    if kind == "crossbody":
        strap = tube([(-0.48, 0.0), (0.1, 1.0), (fig.half(2.2), 2.15)], (0.035, 0.035), 16)
        return [firm(fig.warp(strap), puff=0.03), _bag(fig.warp([[fig.half(2.3) - 0.1, 2.35]])[0], 0.32, 0.26)]
    if kind == "tote":
        shoulder = fig.build.shoulder
        at = fig.warp([[shoulder + 0.12, 2.2]])[0]
        lines = [[(shoulder * 0.74 + d, 0.0), (at[0] + d * 2.4, 1.75)] for d in (-0.06, 0.08)]
        return [*(firm(tube(line, (0.035, 0.035), 8), puff=0.03) for line in lines), _bag(at, 0.46, 0.52)]
    if kind == "hand":
        wrist = fig.arm(1)[3]
        handle = wrist + np.array([(-0.2, 0.75), (-0.15, 0.4), (0.15, 0.4), (0.2, 0.75)])
        return [firm(tube(handle, (0.03, 0.03), 14), puff=0.03), _bag(wrist + (0, 0.98), 0.42, 0.3)]
    return []


def _bag(at, x: float, y: float) -> DrawnPart:
    """A bag in the middle of which is ``at``; ``x`` and ``y`` are half its width and height."""
    half = [(0, -y), (x * 0.92, -y), (x * 0.92, -y), (x, y * 0.7), (x * 0.9, y), (0, y * 1.03)]
    flap = DrawnLine(np.array([(-x, -y * 0.1), (0, y * 0.12), (x, -y * 0.1)]) + at, 0.025, 0.7)
    clasp = spot(ellipse(at + (0, y * 0.14), (0.04, 0.04), 12), (206, 190, 140))
    return firm(smooth(mirrored(half)) + at, [flap, clasp], puff=0.1, shadow=0.5)


def extras(fig: Figure, kind: str) -> list[DrawnPart]:
    """``glasses``, ``scarf``, ``beanie``, ``necklace`` or ``none``."""
    makers = {"glasses": _glasses, "scarf": _scarf, "beanie": _beanie, "necklace": _necklace}
    return makers[kind](fig) if kind in makers else []


def _glasses(fig) -> list[DrawnPart]:
    """Frames only: the eyes stay skin."""
    place = place_head(fig)
    half = [(0, -0.055), (0.06, -0.095), (0.27, -0.11), (0.36, -0.075)]
    half += [(0.3, -0.03), (0.27, 0.09), (0.15, 0.115), (0.05, 0.06), (0, -0.02)]
    lens = np.array([(0.055, -0.06), (0.25, -0.075), (0.25, 0.06), (0.15, 0.085), (0.075, 0.05)])
    holes = [place(smooth(lens * (s, 1))) for s in SIDES]
    return [firm(place(mirrored(half)), holes=holes, puff=0.02, shadow=0.2)]


def _scarf(fig) -> list[DrawnPart]:
    loop = [(0, -0.3), (0.26, -0.3), (0.42, -0.12), (0.4, 0.12), (0.2, 0.26), (0, 0.3)]
    folds = ((-0.18, 1.0), (-0.02, -1.0), (0.12, 1.0))
    creases = [(bend((-0.36, y), (0.36, y + 0.06), 0.15), 0.08, height) for y, height in folds]
    tail = tube([(0.1, 0.15), (0.2, 0.8), (0.16, 1.35)], (0.15, 0.17, 0.17), 14)
    fringe = [DrawnLine(fig.warp([(x, 1.25), (x, 1.36)]), 0.015, 0.7) for x in 0.02 + np.arange(7) * 0.05]
    return [
        DrawnPart(fig.warp(tail), fringe, puff=0.1),
        DrawnPart(fig.warp(smooth(mirrored(loop))), [], creases, puff=0.16),
    ]


def _beanie(fig) -> list[DrawnPart]:
    place = place_head(fig)
    half = [(0, -0.68), (0.26, -0.62), (0.42, -0.38), (0.43, -0.16), (0.43, -0.16), (0, -0.13)]
    brim = DrawnLine(place(bend((-0.45, -0.33), (0.45, -0.33), 0.03)), 0.02, 0.7)
    ribs = [DrawnLine(place([(x, -0.34), (x, -0.12)]), 0.014, 0.85) for x in np.linspace(-0.4, 0.4, 17)]
    return [DrawnPart(place(smooth(mirrored(half))), [brim, *ribs], puff=0.2)]


def _necklace(fig) -> list[DrawnPart]:
    chain = fig.warp(smooth([(-0.25, -0.08), (-0.15, 0.2), (0, 0.36), (0.15, 0.2), (0.25, -0.08)], closed=False))
    pendant = firm(fig.warp(ellipse((0, 0.4), (0.055, 0.07))), puff=0.04, shadow=0.3)
    return [firm(tube(chain, (0.018, 0.018), 24), puff=0.02, shadow=0.25), pendant]


def hanger(fig: Figure) -> list[DrawnPart]:
    """A wooden hanger with its hook, behind the garment."""
    x = fig.build.shoulder * 0.9
    bar = tube([(-x, 0.2), (-0.3, -0.02), (0, -0.1), (0.3, -0.02), (x, 0.2)], (0.06, 0.07, 0.06), 20)
    bow = [(0, -0.08), (0, -0.34), (0.12, -0.44), (0.1, -0.6), (-0.04, -0.62), (-0.1, -0.54)]
    return [firm(fig.warp(tube(bow, (0.022, 0.022), 20)), puff=0.03), firm(fig.warp(bar), puff=0.05)]
