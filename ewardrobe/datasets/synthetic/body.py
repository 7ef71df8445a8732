"""The drawn person: build, pose, joints, and the parts of the body (skin, face, hair, footwear).

Points are float64 xy in body units, (N, 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike

from ewardrobe.datasets.synthetic.geometry import (
    BodyView,
    DrawnLine,
    DrawnPart,
    Tone,
    along,
    bend,
    ellipse,
    firm,
    mirrored,
    smooth,
    spot,
    tube,
    tube_quads,
)

SIDES = (-1, 1)
HAIRSTYLES = ("short", "crop", "bob", "long", "bun", "curly", "bald")


@dataclass(frozen=True)
class Build:
    """Half widths of a body in head heights."""

    shoulder: float = 0.84
    chest: float = 0.70
    waist: float = 0.58
    hip: float = 0.72
    arm: float = 0.165
    thigh: float = 0.33
    neck: float = 0.23


@dataclass(frozen=True)
class Pose:
    """Angles in degrees from hanging down, outwards positive: (upper arm, forearm), (thigh, shin), left then right."""

    arms: tuple[tuple[float, float], ...] = ((10, 6), (10, 6))
    legs: tuple[tuple[float, float], ...] = ((3, 1), (3, 1))
    reach: tuple[float, ...] = (1.0, 1.0)
    lean: float = 0.0
    nod: float = 0.0
    turn: float = 1.0
    behind: tuple[bool, ...] = (False, False)


ARM_POSES = {  # name: (upper arm, forearm, reach of the forearm), jittered when drawn
    "relaxed": (9, 5, 1.0),
    "apart": (24, 14, 1.0),
    "hip": (48, -46, 0.95),
    "pocket": (24, -20, 0.95),
    "belly": (14, -72, 0.95),
    "chest": (16, -118, 0.9),
    "crossed": (12, -98, 1.05),
    "wave": (52, 158, 0.95),
    "phone": (22, -150, 0.8),
    "behind": (20, -46, 0.9),
}
_ARM_ODDS = (5, 3, 2, 2, 2, 1.5, 1.5, 1, 1, 0.7)


def random_build(rng: np.random.Generator) -> Build:
    """Draw a body: shoulders, waist and hips vary together and apart."""
    girth, frame = rng.normal(1.0, 0.07), rng.uniform(-1, 1)
    return Build(
        shoulder=0.84 + 0.07 * frame,
        chest=(0.69 + 0.04 * frame) * girth,
        waist=(0.58 + 0.05 * frame + rng.normal(0, 0.03)) * girth**1.5,
        hip=(0.72 - 0.03 * frame) * girth,
        arm=0.165 * girth * (1 + 0.08 * frame),
        thigh=0.33 * girth,
        neck=0.225 + 0.025 * frame,
    )


def random_pose(rng: np.random.Generator, arms: tuple[str, str] | None = None) -> Pose:
    """Draw a standing pose; ``arms`` names the pose of each arm (keys of ``ARM_POSES``)."""
    odds = np.array(_ARM_ODDS) / sum(_ARM_ODDS)
    names = arms or tuple(rng.choice(list(ARM_POSES), p=odds) for _ in SIDES)
    chosen = [ARM_POSES[n] for n in names]
    swing = rng.normal(0, 4, (2, 2))
    return Pose(
        arms=tuple((u + s[0], f + s[1] * 1.4) for (u, f, _), s in zip(chosen, swing, strict=True)),
        legs=tuple((float(a), float(b)) for a, b in np.stack([rng.uniform(1, 9, 2), rng.uniform(-1, 5, 2)], 1)),
        reach=tuple(r for *_, r in chosen),
        lean=float(rng.normal(0, 0.025)),
        nod=float(rng.normal(0, 0.06)),
        turn=float(rng.choice([1.0, 1.0, rng.uniform(0.8, 1.0)])),
        behind=tuple(n == "behind" for n in names),
    )


@dataclass(frozen=True)
class Figure:
    """Joints of a posed body, body units: neck pit (0, 0), y downwards; index 0 is the left of the picture."""

    build: Build = field(default_factory=Build)
    pose: Pose = field(default_factory=Pose)
    slope: tuple[float, float] = (0.42, 0.72)

    def warp(self, points: ArrayLike) -> np.ndarray:
        """Lean and turn torso points (N, 2) about the hips."""
        p = np.array(points, float)
        p[:, 0] = p[:, 0] * self.pose.turn + self.pose.lean * np.maximum(2.4 - p[:, 1], 0)
        return p

    def half(self, y: float) -> float:
        """Half width of the trunk at height ``y``."""
        b = self.build
        widths = (b.shoulder, b.chest, (b.chest + b.waist) / 2, b.waist, b.hip)
        return float(np.interp(y, (0.1, 0.8, 1.2, 1.6, 2.4), widths))

    def arm(self, side: int, ease: float = 0.0) -> np.ndarray:
        """Axis (4, 2) of an arm, or of a sleeve wider by ``ease``: shoulder, middle of the upper arm, elbow, wrist."""
        index = (side + 1) // 2
        upper, fore = np.radians(self.pose.arms[index])
        b = self.build
        x, y = b.shoulder - b.arm * 0.72 - ease * self.slope[0], 0.07 + b.arm * 0.9 + ease * self.slope[1]
        start = self.warp([[side * x, y]])[0]
        joint = self.warp([[side * (b.shoulder - 0.02), 0.26]])[0]
        elbow = joint + 1.28 * np.array([side * np.sin(upper), np.cos(upper)])
        wrist = elbow + 1.12 * self.pose.reach[index] * np.array([side * np.sin(fore), np.cos(fore)])
        return np.array([start, (start + 2 * elbow) / 3, elbow, wrist])

    def leg(self, side: int) -> np.ndarray:
        """Axis (3, 2) of a leg: hip, knee, ankle."""
        thigh, shin = np.radians(self.pose.legs[(side + 1) // 2])
        hip = np.array([side * self.build.hip * 0.53 * self.pose.turn, 2.6])
        knee = hip + 1.85 * np.array([side * np.sin(thigh), np.cos(thigh)])
        return np.array([hip, knee, knee + 1.72 * np.array([side * np.sin(shin), np.cos(shin)])])


def flat_figure(rng: np.random.Generator) -> Figure:
    """The invisible body that a garment lying flat is cut for: arms spread, legs close."""
    spread, fold = rng.uniform(16, 58), rng.normal(-3, 8)
    uneven = rng.normal(0, 3.5, 4)
    arms = ((spread + uneven[0], spread + fold + uneven[1]), (spread + uneven[2], spread + fold + uneven[3]))
    legs = tuple((float(a), float(a)) for a in rng.uniform(0.5, 7.5) + rng.normal(0, 0.8, 2))
    build = random_build(rng)
    build = replace(build, thigh=0.35, waist=0.5 * build.waist + 0.5 * min(build.chest, build.hip))
    return Figure(build, Pose(arms=arms, legs=legs, lean=float(rng.normal(0, 0.01))), (0.5, 0.95))


def trunk(fig: Figure) -> DrawnPart:
    """Bare trunk, neck included, from under the chin to the crotch."""
    b = fig.build
    half = [(0.0, -0.5), (b.neck, -0.45), (b.neck * 0.98, -0.2), (b.neck + 0.1, -0.06), (b.shoulder * 0.8, 0.06)]
    half += [(b.shoulder, 0.28), (b.chest, 0.8), (b.waist, 1.6), (b.hip, 2.4), (b.hip * 0.95, 2.75), (0, 2.85)]
    collarbones = [DrawnLine(fig.warp(bend((s * 0.09, 0.12), (s * 0.5, 0.07), -0.08 * s)), 0.015, 0.87) for s in SIDES]
    chin = spot(fig.warp(smooth([(-0.2, -0.4), (0, -0.27), (0.2, -0.4), (0, -0.5)])), 0.86)
    return firm(fig.warp(smooth(mirrored(half))), [chin, *collarbones], puff=0.25, shadow=0.3)


def arm_parts(fig: Figure, side: int) -> list[DrawnPart]:
    """Bare arm and hand on one side (-1 left, 1 right of the picture)."""
    w, axis = fig.build.arm, fig.arm(side)
    widths = (w, w * 0.98, w * 0.86, w * 0.8, w * 0.78, w * 0.62, w * 0.5)
    outline, quads = tube(axis, widths, 22, cap_start=True), tube_quads(axis, widths, 22)
    limb = firm(outline, puff=0.16, shadow=0.35, quads=quads, fade=(axis[0], along(axis, [0.22])[0]))
    if fig.pose.behind[(side + 1) // 2]:
        return [limb]
    (x, y), mirror = axis[3] - axis[2], (-side, 1)  # the thumb points to the body
    view = BodyView(w / 0.165, axis[3], np.arctan2(-x, y))
    points = [(-0.09, -0.05), (-0.13, 0.1), (-0.135, 0.26), (-0.12, 0.42), (-0.06, 0.52), (0.0, 0.535), (0.06, 0.5)]
    points += [(0.105, 0.4), (0.115, 0.28), (0.16, 0.34), (0.2, 0.33), (0.19, 0.24), (0.13, 0.1), (0.09, -0.05)]
    lines = [np.array([(x, 0.3), (x * 1.08, 0.49 - abs(x) * 0.5)]) for x in (-0.065, -0.005, 0.055)]
    fingers = [DrawnLine(view(line * mirror), 0.012, 0.8) for line in lines]
    return [limb, firm(view(smooth(points) * mirror), fingers, puff=0.07, shadow=0.3)]


def leg_part(fig: Figure, side: int) -> DrawnPart:
    """Bare leg down to the ankle."""
    t, axis = fig.build.thigh, fig.leg(side)
    outline = tube(axis, (t * 1.08, t, t * 0.78, t * 0.58, t * 0.6, t * 0.5, t * 0.33, t * 0.3), 24)
    knee = DrawnLine(bend(axis[1] + (-0.1, 0.04), axis[1] + (0.1, 0.04), 0.25), 0.018, 0.9)
    return firm(outline, [knee], puff=0.22, shadow=0.35)


_LOW_SHOE = [(0.2, 0.14), (0.34, 0.34), (0.3, 0.42), (0.1, 0.45), (-0.12, 0.43), (-0.16, 0.3)]
_FOOT = [(-0.09, -0.05), (0.09, -0.05), (0.13, 0.16), (0.26, 0.36), (0.22, 0.43), (0.02, 0.45), (-0.1, 0.4)]
_FOOT += [(-0.11, 0.25)]
_INSTEP = [(-0.07, 0.0), (0.08, 0.0), (0.15, 0.2), (0.06, 0.28), (-0.05, 0.24)]
_SHOES = {
    "sneaker": [(-0.13, -0.05), (0.13, -0.06), *_LOW_SHOE],
    "boot": [(-0.17, -0.75), (-0.17, -0.76), (0.18, -0.76), (0.18, -0.76), (0.15, -0.1), *_LOW_SHOE],
    "pump": _FOOT,
    "bare": _FOOT,
}


def shoe_parts(fig: Figure, side: int, kind: str, sole: Tone) -> list[DrawnPart]:
    """A foot in a ``sneaker``, ``boot``, ``pump`` or ``bare``, seen from the front, turned out a little."""
    view, mirror = BodyView(1.0, fig.leg(side)[2]), (side, 1)
    body = firm(view(smooth(_SHOES[kind]) * mirror), puff=0.12, shadow=0.5)
    if kind == "pump":
        return [body, DrawnPart(view(smooth(_INSTEP) * mirror), role="vamp", shadow=0, puff=0.08)]
    lines: list[tuple[list, float, Tone]] = [([(-0.17, 0.4), (0.1, 0.44), (0.33, 0.39)], 0.07, sole)]
    if kind == "bare":
        lines = [([(x, 0.36), (x * 1.03, 0.43)], 0.012, 0.75) for x in (0.0, 0.06, 0.12, 0.18)]
    if kind == "sneaker":
        lines += [([(-0.05 + d * 0.6, 0.1 + d), (0.12 + d * 0.6, 0.08 + d)], 0.02, sole) for d in (0, 0.06, 0.12)]
    body.strokes = [DrawnLine(view(np.array(line) * mirror), width, tone) for line, width, tone in lines]
    return [body]


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
        angle = np.linspace(np.pi * 0.93, np.pi * 2.07, 15)
        radius = 0.52 + 0.05 * np.where(np.arange(15) % 2, 1, -0.6) + rng.normal(0, 0.01, 15)
        outer = np.stack([np.cos(angle) * radius * 0.95, np.sin(angle) * radius * 1.15 - 0.02], 1)
        inner = [(0.34, 0.06), (0.31, -0.14), (0.2, -0.27), (0, -0.3)]
        curls = smooth([*outer, *inner, *((-x, y) for x, y in inner[-2::-1])])
        return [firm(place(curls), puff=0.12, shadow=0.35)]
    part_x = rng.uniform(-0.16, 0.16)
    right = [(0.28, -0.3, 0.86), (0.36, -0.2, 1.1), (0.38, -0.05, 0.84)]
    ends = [*((-x, y, tone) for x, y, tone in right[::-1]), *right]
    combed = [DrawnLine(place(bend((part_x, -0.5), (x, y), 0.25 * np.sign(x))), 0.014, tone) for x, y, tone in ends]
    parts = [firm(place(_cap_outline(style, part_x)), combed, puff=0.16, shadow=0.35)]
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


def _lock(place, side, drop) -> DrawnPart:
    points = [(0.3, -0.1), (0.41, 0.0), (0.47, 0.35), (0.5, 0.35 + drop * 0.5), (0.4, 0.3 + drop)]
    points += [(0.3, 0.2 + drop * 0.8), (0.33, 0.3)]
    strokes = [
        DrawnLine(place(bend((side * x, 0.0), (side * (x + 0.03), 0.2 + drop * 0.8), -0.06 * side)), 0.014, t)
        for x, t in ((0.37, 0.85), (0.41, 1.1))
    ]
    return firm(place(smooth(np.array(points) * (side, 1))), strokes, puff=0.1, shadow=0.35)
