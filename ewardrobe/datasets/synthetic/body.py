"""The drawn person: build, pose, joints, and the parts of the body (skin, hair, footwear).

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
    firm,
    mirrored,
    smooth,
    spot,
    tube,
    tube_quads,
)

SIDES = (-1, 1)


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
    hidden = fig.pose.behind[(side + 1) // 2]
    return [limb] if hidden else [limb, _hand(axis[3], axis[3] - axis[2], side, w)]


def _hand(wrist, direction, side: int, w: float) -> DrawnPart:
    """A hand that goes on from the wrist in ``direction``; the thumb points to the body."""
    view, mirror = BodyView(w / 0.165, wrist, np.arctan2(-direction[0], direction[1])), (-side, 1)
    points = [(-0.09, -0.05), (-0.13, 0.1), (-0.135, 0.26), (-0.12, 0.42), (-0.06, 0.52), (0.0, 0.535), (0.06, 0.5)]
    points += [(0.105, 0.4), (0.115, 0.28), (0.16, 0.34), (0.2, 0.33), (0.19, 0.24), (0.13, 0.1), (0.09, -0.05)]
    lines = [np.array([(x, 0.3), (x * 1.08, 0.49 - abs(x) * 0.5)]) for x in (-0.065, -0.005, 0.055)]
    fingers = [DrawnLine(view(line * mirror), 0.012, 0.8) for line in lines]
    return firm(view(smooth(points) * mirror), fingers, puff=0.07, shadow=0.3)


def leg_part(fig: Figure, side: int) -> DrawnPart:
    """Bare leg down to the ankle."""
    t, axis = fig.build.thigh, fig.leg(side)
    outline = tube(axis, (t * 1.08, t, t * 0.78, t * 0.58, t * 0.6, t * 0.5, t * 0.33, t * 0.3), 24)
    knee = DrawnLine(bend(axis[1] + (-0.1, 0.04), axis[1] + (0.1, 0.04), 0.25), 0.018, 0.9)
    return firm(outline, [knee], puff=0.22, shadow=0.35)


_LOW_SHOE = [(0.2, 0.14), (0.34, 0.34), (0.3, 0.42), (0.1, 0.45), (-0.12, 0.43), (-0.16, 0.3)]
_FOOT = [(-0.09, -0.05), (0.09, -0.05), (0.13, 0.16), (0.26, 0.36), (0.22, 0.43), (0.02, 0.45), (-0.1, 0.4)]
_FOOT += [(-0.11, 0.25)]
_SHAFT = [(-0.17, -0.75), (-0.17, -0.76), (0.18, -0.76), (0.18, -0.76), (0.15, -0.1)]
_INSTEP = [(-0.07, 0.0), (0.08, 0.0), (0.15, 0.2), (0.06, 0.28), (-0.05, 0.24)]
_SHOES = {
    "sneaker": [(-0.13, -0.05), (0.13, -0.06), *_LOW_SHOE],
    "boot": [*_SHAFT, *_LOW_SHOE],
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
