"""What sits at the neck: collars, lapels, hoods, straps and the label inside."""

from __future__ import annotations

import numpy as np

from ewardrobe.datasets.synthetic.body import SIDES, Figure
from ewardrobe.datasets.synthetic.geometry import DrawnLine, DrawnPart, box, ellipse, mirrored, smooth, spot, tube
from ewardrobe.datasets.synthetic.styles import Style


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
