"""Bags, scarves, hats, necklaces and the hanger: things in the way that are not garments."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import DrawnLine, DrawnPart, bend, ellipse, mirrored, smooth, tube
from ewardrobe.datasets.synthetic.head import glasses, place_head


def bag_parts(fig: Figure, kind: str) -> list[DrawnPart]:
    """A ``crossbody``, ``tote`` (on the right shoulder), ``hand`` bag (right hand) or backpack ``straps``."""
    if kind == "straps":
        lines = [[(s * 0.5, -0.02), (s * 0.54, 0.42), (s * fig.build.chest, 0.86)] for s in SIDES]
        return [DrawnPart(fig.warp(tube(line, (0.09, 0.08, 0.06), 14)), puff=0.05, role="skin") for line in lines]
    if kind == "crossbody":
        strap = DrawnPart(
            fig.warp(tube([(-0.48, 0.0), (0.1, 1.0), (fig.half(2.2), 2.15)], (0.035, 0.035), 16)),
            puff=0.03,
            role="skin",
        )
        return [strap, _bag(fig.warp([[fig.half(2.3) - 0.1, 2.35]])[0], 0.32, 0.26)]
    if kind not in ("tote", "hand"):
        return []
    if kind == "tote":
        at = fig.warp([[fig.build.shoulder + 0.12, 2.2]])[0]
        strap = [
            DrawnPart(
                tube([(fig.build.shoulder * 0.74 + d, 0.0), (at[0] + d * 2.4, 1.75)], (0.035, 0.035), 8),
                puff=0.03,
                role="skin",
            )
            for d in (-0.06, 0.08)
        ]
        return [*strap, _bag(at, 0.46, 0.52)]
    wrist = fig.arm(1)[3]
    handle = DrawnPart(
        tube([wrist + (-0.2, 0.75), wrist + (-0.15, 0.4), wrist + (0.15, 0.4), wrist + (0.2, 0.75)], (0.03, 0.03), 14),
        puff=0.03,
        role="skin",
    )
    return [handle, _bag(wrist + (0, 0.98), 0.42, 0.3)]


def _bag(at, half_width: float, half_height: float) -> DrawnPart:
    x, y = half_width, half_height
    outline = (
        smooth(mirrored([(0, -y), (x * 0.92, -y), (x * 0.92, -y), (x, y * 0.7), (x * 0.9, y), (0, y * 1.03)])) + at
    )
    flap = DrawnLine(np.array([(-x, -y * 0.1), (0, y * 0.12), (x, -y * 0.1)]) + at, 0.025, 0.7)
    return DrawnPart(
        outline,
        [flap, DrawnLine(ellipse(at + (0, y * 0.14), (0.04, 0.04), 12), tone=(206, 190, 140), filled=True)],
        puff=0.1,
        role="skin",
        shadow=0.5,
    )


def extras(fig: Figure, kind: str) -> list[DrawnPart]:
    """``glasses``, ``scarf``, ``beanie``, ``necklace`` or ``none``."""
    return {"glasses": lambda f: [glasses(f)], "scarf": _scarf, "beanie": _beanie, "necklace": _necklace}.get(
        kind, lambda f: []
    )(fig)


def _scarf(fig) -> list[DrawnPart]:
    loop = [(0, -0.3), (0.26, -0.3), (0.42, -0.12), (0.4, 0.12), (0.2, 0.26), (0, 0.3)]
    creases = [(bend((-0.36, y), (0.36, y + 0.06), 0.15), 0.08, s) for y, s in ((-0.18, 1), (-0.02, -1), (0.12, 1))]
    tail = tube([(0.1, 0.15), (0.2, 0.8), (0.16, 1.35)], (0.15, 0.17, 0.17), 14)
    fringe = [DrawnLine(fig.warp([(0.02 + i * 0.05, 1.25), (0.02 + i * 0.05, 1.36)]), 0.015, 0.7) for i in range(7)]
    return [
        DrawnPart(fig.warp(tail), fringe, puff=0.1),
        DrawnPart(fig.warp(smooth(mirrored(loop))), [], creases, puff=0.16),
    ]


def _beanie(fig) -> list[DrawnPart]:
    place = place_head(fig)
    half = [(0, -0.68), (0.26, -0.62), (0.42, -0.38), (0.43, -0.16), (0.43, -0.16), (0, -0.13)]
    ribs = [DrawnLine(place([(x, -0.34), (x, -0.12)]), 0.014, 0.85) for x in np.linspace(-0.4, 0.4, 17)]
    return [
        DrawnPart(
            place(smooth(mirrored(half))),
            [DrawnLine(place(bend((-0.45, -0.33), (0.45, -0.33), 0.03)), 0.02, 0.7), *ribs],
            puff=0.2,
        )
    ]


def _necklace(fig) -> list[DrawnPart]:
    chain = fig.warp(smooth([(-0.25, -0.08), (-0.15, 0.2), (0, 0.36), (0.15, 0.2), (0.25, -0.08)], closed=False))
    pendant = DrawnPart(fig.warp(ellipse((0, 0.4), (0.055, 0.07))), puff=0.04, role="skin", shadow=0.3)
    return [DrawnPart(tube(chain, (0.018, 0.018), 24), puff=0.02, role="skin", shadow=0.25), pendant]


def hanger(fig: Figure) -> list[DrawnPart]:
    """A wooden hanger with its hook, behind the garment."""
    b = fig.build
    bar = DrawnPart(
        fig.warp(
            tube(
                [(-b.shoulder * 0.9, 0.2), (-0.3, -0.02), (0, -0.1), (0.3, -0.02), (b.shoulder * 0.9, 0.2)],
                (0.06, 0.07, 0.06),
                20,
            )
        ),
        puff=0.05,
        role="skin",
    )
    hook = DrawnPart(
        fig.warp(
            tube(
                [(0, -0.08), (0, -0.34), (0.12, -0.44), (0.1, -0.6), (-0.04, -0.62), (-0.1, -0.54)], (0.022, 0.022), 20
            )
        ),
        puff=0.03,
        role="skin",
    )
    return [hook, bar]
