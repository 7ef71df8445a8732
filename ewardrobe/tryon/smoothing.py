"""From the scenes of single frames to one calm scene: motion first, then what is left is filtered.

Motions are affines (2, 3) float64 in frame pixels, soft masks float32 (h, w) 0..1.  What is filtered is float64.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ewardrobe.tryon.motion import move_mask, move_points
from ewardrobe.tryon.scene import Scene, WornGarment

MASK_SECONDS = 0.25
"""Time constant of the masks' average."""

COLOUR_WEIGHT = 0.1
"""How much of a new answer goes into the colour of the skin."""

CHANGED = 0.6
"""A pixel whose coverage differs by more has changed: the new value counts most."""

GRACE_SECONDS, FADE_SECONDS = 0.4, 0.4
"""How long the last scene holds when nobody is seen any more, and how long it takes to fade."""

STALE_SECONDS = 2.0
"""How long an answer holds when no other comes."""

STUBBORN = 3
"""Scenes in a row that must name another category before a worn garment changes its name."""


class OneEuro:
    """The one-euro filter (Casiez, Roussel, Vogel, CHI 2012): calm at rest, quick in motion.

    It filters an array of any shape, each number by itself; a shape that changes starts anew.

    min_cutoff: Hz, lower is calmer at rest; beta: how much the cutoff rises with speed (units a second); d_cutoff: Hz,
    of the speed's own low pass.
    """

    def __init__(self, min_cutoff: float = 1.0, beta: float = 0.02, d_cutoff: float = 1.0) -> None:
        self.min_cutoff, self.beta, self.d_cutoff = min_cutoff, beta, d_cutoff
        self._value: np.ndarray | None = None
        self._speed: np.ndarray | None = None
        self._time = 0.0

    def move(self, motion: np.ndarray) -> None:
        """Apply a (2, 3) affine to the filtered points (..., 2): a motion that is known needs no filtering."""
        if self._value is not None:
            self._value = move_points(self._value, motion)

    def __call__(self, value: np.ndarray, time: float) -> np.ndarray:
        """Return the filtered ``value`` measured at ``time`` (seconds, rising)."""
        value = np.asarray(value, np.float64)
        if self._value is None or self._value.shape != value.shape or time <= self._time:
            self._value, self._speed, self._time = value, np.zeros_like(value), time
            return value
        dt, self._time = time - self._time, time
        speed = (value - self._value) / dt
        self._speed = self._speed + alpha(self.d_cutoff, dt) * (speed - self._speed)
        cutoff = self.min_cutoff + self.beta * np.abs(self._speed)
        self._value = self._value + alpha(cutoff, dt) * (value - self._value)
        return self._value


class OutlineFilter:
    """Filters an outline's points (..., 2): where it is follows quickly, its shape calmly.

    A single point's noise looks like speed, which opens a one-euro filter; that of their middle hardly does.
    """

    def __init__(self) -> None:
        self._middle, self._shape = OneEuro(min_cutoff=0.8, beta=0.05), OneEuro(min_cutoff=0.4, beta=0.005)

    def move(self, motion: np.ndarray) -> None:
        """Apply a (2, 3) affine to the filtered outline."""
        self._middle.move(motion)
        self._shape.move(np.hstack([motion[:, :2], np.zeros((2, 1))]))

    def __call__(self, points: np.ndarray, time: float) -> np.ndarray:
        """Return the filtered ``points`` measured at ``time`` (seconds, rising)."""
        middle = np.asarray(points, np.float64).reshape(-1, 2).mean(axis=0)
        return self._middle(middle, time) + self._shape(points - middle, time)


def alpha(cutoff: float | np.ndarray, dt: float) -> float | np.ndarray:
    """Return the weight of a new value in a low pass of ``cutoff`` Hz when ``dt`` seconds have passed."""
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * dt))


class Smoother:
    """Keeps the smoothed scene; `add` takes each new one with the motion since the last."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the person."""
        self.scene: Scene | None = None
        self.seen_at = -np.inf
        self._filters: dict[str, OutlineFilter] = {}
        self._votes: dict[str, tuple[int | None, int]] = {}
        self._missed: dict[str, float] = {}

    def add(self, scene: Scene, motion: np.ndarray) -> Scene:
        """Return the smoothed scene; ``motion``: (2, 3) from the last scene's frame to this one's."""
        old = self.scene
        faded = scene.time - self.seen_at > GRACE_SECONDS + FADE_SECONDS  # whoever comes back is seen afresh
        if old is None or old.frame_size != scene.frame_size or (old.time > self.seen_at and faded):
            self.reset()
            old = None
        earlier = old.worn if old else {}
        if not scene.worn and old:  # nobody: the last person stays where they were, and fades
            self.scene = replace(scene, worn={s: self._carried(w, motion, scene) for s, w in earlier.items()})
            return self.scene
        if scene.worn:
            self.seen_at = scene.time
        dt = max(1e-3, scene.time - old.time) if old else 0.0
        worn = {slot: self._one(new, earlier.get(slot), motion, scene, dt) for slot, new in scene.worn.items()}
        worn |= {s: self._carried(w, motion, scene) for s, w in earlier.items() if self._blinks(s, scene)}
        front = _averaged(scene.front, old.front, motion, scene, dt) if old else scene.front
        self.scene = replace(scene, worn=worn, front=front, skin=_calm_colour(scene.skin, old.skin if old else None))
        return self.scene

    def strength(self, now: float) -> float:
        """Return how much of a garment is to be seen at ``now``: 1, falling to 0 once nobody is there.

        A slow model is no reason to fade: while its last answer showed somebody, that holds for ``STALE_SECONDS``.
        """
        if self.scene is None:
            return 0.0
        somebody = self.scene.time <= self.seen_at
        grace = STALE_SECONDS if somebody else GRACE_SECONDS
        return float(np.clip(1 - (now - self.seen_at - grace) / FADE_SECONDS, 0, 1))

    def _blinks(self, slot: str, scene: Scene) -> bool:
        """Tell whether a slot that is gone from this scene is to be kept for its grace."""
        if slot in scene.worn:
            self._missed.pop(slot, None)
            return False
        return scene.time - self._missed.setdefault(slot, scene.time) <= GRACE_SECONDS

    def _one(
        self, new: WornGarment, old: WornGarment | None, motion: np.ndarray, scene: Scene, dt: float
    ) -> WornGarment:
        if old is None:
            self._filters[new.slot] = OutlineFilter()
        self._filters[new.slot].move(motion)
        points = self._filters[new.slot](new.spans.points, scene.time).astype(np.float32)
        mask = new.mask if old is None else _averaged(new.mask, old.mask, motion, scene, dt)
        return replace(new, mask=mask, spans=replace(new.spans, points=points), category_id=self._category(new, old))

    def _carried(self, worn: WornGarment, motion: np.ndarray, scene: Scene) -> WornGarment:
        self._filters[worn.slot].move(motion)
        spans = replace(worn.spans, points=move_points(worn.spans.points, motion).astype(np.float32))
        return replace(worn, mask=move_mask(worn.mask, motion, scene.frame_size), spans=spans)

    def _category(self, new: WornGarment, old: WornGarment | None) -> int:
        if old is None or new.category_id == old.category_id:
            self._votes.pop(new.slot, None)
            return new.category_id
        rival, count = self._votes.get(new.slot, (None, 0))
        count = count + 1 if rival == new.category_id else 1
        self._votes[new.slot] = (new.category_id, count)
        return new.category_id if count >= STUBBORN else old.category_id


def _calm_colour(new: np.ndarray | None, old: np.ndarray | None) -> np.ndarray | None:
    """Average a colour (3,) over time; one that is not seen any more stays."""
    if new is None or old is None:
        return old if new is None else new
    return old + COLOUR_WEIGHT * (new - old)


def _averaged(new: np.ndarray, old: np.ndarray, motion: np.ndarray, scene: Scene, dt: float) -> np.ndarray:
    """Average two masks (h, w) over time where they agree roughly; where they do not, the new one counts most."""
    if old.shape != new.shape:
        return new
    moved = move_mask(old, motion, scene.frame_size)
    weight = np.where(np.abs(new - moved) > CHANGED, 0.8, 1 - np.exp(-dt / MASK_SECONDS)).astype(np.float32)
    return moved + weight * (new - moved)
