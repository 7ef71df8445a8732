"""The one-euro filter (Casiez, Roussel, Vogel, CHI 2012) on arrays: calm at rest, quick in motion.

What is filtered is float64; motions are affines (2, 3).
"""

from __future__ import annotations

import math

import numpy as np

from ewardrobe.tryon.motion import move_points


class OneEuro:
    """Filters an array of any shape, each number by itself; a shape that changes starts anew.

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
