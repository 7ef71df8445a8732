"""How the person moved between two camera frames: sparse optical flow on a small grey picture, as a similarity.

Motions are affines (2, 3) float64 in frame pixels, soft masks (h, w) float32 0..1.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 192
"""Pixels on the long side of the grey picture; flow is known to about a tenth of its pixels."""

POINTS, KEPT_FRAMES, MIN_POINTS = 80, 90, 8
INSIDE = 0.03
"""Share of a mask's long side that points keep from the outline: nearer, the flow's window sees the room as well."""

FLOW = {"winSize": (15, 15), "maxLevel": 2, "minEigThreshold": 1e-3}
"""Of the flow; the threshold drops points in plain cloth, which follow nothing but camera noise."""

STILL = 0.12
"""A mean motion below this, in pixels of the grey picture, is camera noise."""

STILL_SHAPE = 0.004
"""Likewise for turning (radians) and growing (share)."""

IDENTITY: np.ndarray = np.array([[1, 0, 0], [0, 1, 0]], np.float64)


class MotionTracker:
    """Follows the picture from frame to frame; motions are (2, 3) affines in frame pixels."""

    def __init__(self) -> None:
        self._grey: np.ndarray | None = None
        self._points: np.ndarray = np.zeros((0, 1, 2), np.float32)
        self._since: dict[int, np.ndarray] = {}  # frame id: motion from the first frame to it, 3×3; the oldest first
        self._total = np.eye(3)
        self._mask: np.ndarray | None = None

    def look_at(self, mask: np.ndarray | None) -> None:
        """Follow points on the person only: ``mask`` (h, w) float 0..1, where the person is in the newest frame.

        Points beside it are dropped: those of a room that stands still would outvote somebody who moves.
        """
        self._mask = None if mask is None else _inner((mask > 0.5).astype(np.uint8))
        if self._mask is not None and self._grey is not None and len(self._points):
            self._points = self._points[_inside(self._mask, self._points[:, 0], self._grey)]

    def add(self, frame: np.ndarray, frame_id: int) -> None:
        """Take in the next frame, RGB uint8 (H, W, 3)."""
        scale = SIDE / max(frame.shape[:2])
        size = max(8, round(frame.shape[1] * scale)), max(8, round(frame.shape[0] * scale))
        grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        if self._grey is not None and self._grey.shape == grey.shape:
            step = self._step(self._grey, grey)
            to_small = np.diag([size[0] / frame.shape[1], size[1] / frame.shape[0], 1.0])
            self._total = np.linalg.inv(to_small) @ np.vstack([step, [0, 0, 1]]) @ to_small @ self._total
        self._grey = grey
        self._since[frame_id] = self._total.copy()
        if len(self._since) > KEPT_FRAMES:
            del self._since[next(iter(self._since))]

    def motion_since(self, frame_id: int) -> np.ndarray:
        """Return the (2, 3) affine from frame ``frame_id`` to the newest; the identity for a frame long gone."""
        return self.motion_between(frame_id, next(reversed(self._since), frame_id))

    def motion_between(self, earlier: int, later: int) -> np.ndarray:
        """Return the (2, 3) affine from one frame to another; the identity where either is long gone."""
        start, end = self._since.get(earlier), self._since.get(later)
        return IDENTITY if start is None or end is None else (end @ np.linalg.inv(start))[:2]

    def _step(self, last: np.ndarray, grey: np.ndarray) -> np.ndarray:
        if len(self._points) < POINTS // 2:
            mask = None if self._mask is None else cv2.resize(self._mask, last.shape[1::-1], interpolation=0)
            corners = cv2.goodFeaturesToTrack(last, POINTS, 0.01, 5, mask=mask)
            self._points = np.zeros((0, 1, 2), np.float32) if corners is None else corners.reshape(-1, 1, 2)
        if len(self._points) < MIN_POINTS:
            return IDENTITY
        moved, found = _followed(last, grey, self._points)
        back, found_back = _followed(grey, last, moved)
        good = found & found_back & (np.abs(back - self._points).max(axis=(1, 2)) < 0.7)
        before, self._points = self._points[good], moved[good]
        return _similarity(before[:, 0], self._points[:, 0]) if good.sum() >= MIN_POINTS else IDENTITY


def _followed(first: np.ndarray, second: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the points of the first grey picture are in the second, and which were found (bool)."""
    moved, found, _ = cv2.calcOpticalFlowPyrLK(first, second, points, None, **FLOW)  # type: ignore[call-overload]
    return moved, found.ravel() > 0  # the stubs of OpenCV know no ``None`` for "no first guess"


def _inside(mask: np.ndarray, points: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Tell for points (n, 2) of ``grey`` whether they lie in ``mask``, which may have another size."""
    share = np.clip((points + 0.5) / np.array(grey.shape[1::-1]), 0, 1 - 1e-6)
    cols, rows = (share * mask.shape[::-1]).astype(int).T
    return mask[rows, cols] > 0


def _inner(mask: np.ndarray) -> np.ndarray:
    radius = round(INSIDE * max(mask.shape))
    inner = cv2.erode(mask, np.ones((2 * radius + 1,) * 2, np.uint8))
    return inner if inner.sum() > 0.25 * mask.sum() else mask


def _similarity(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the similarity by RANSAC; what lies below the noise of a still camera is no motion."""
    found, _ = cv2.estimateAffinePartial2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=1.0)
    if found is None or not 0.8 < np.hypot(found[0, 0], found[1, 0]) < 1.25:
        return IDENTITY
    centre = before.mean(axis=0)
    shift = found[:, :2] @ centre + found[:, 2] - centre
    scale, angle = np.hypot(found[0, 0], found[1, 0]), np.arctan2(found[1, 0], found[0, 0])
    if np.hypot(*shift) < STILL and abs(scale - 1) < STILL_SHAPE and abs(angle) < STILL_SHAPE:
        return IDENTITY
    return found


def move_points(points: np.ndarray, motion: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) affine to points (..., 2)."""
    return points @ motion[:, :2].T + motion[:, 2]


def move_mask(mask: np.ndarray, motion: np.ndarray, frame_size: tuple[int, int]) -> np.ndarray:
    """Move a mask (h, w) at processing size by a motion in frame pixels; what comes in from outside is 0."""
    to_frame = scaling(mask.shape, frame_size)
    moved = np.linalg.inv(to_frame) @ np.vstack([motion, [0, 0, 1]]) @ to_frame
    return cv2.warpAffine(mask, moved[:2], mask.shape[::-1])


def scaling(size: tuple[int, ...], other: tuple[int, ...]) -> np.ndarray:
    """Return the (3, 3) affine between pictures of two sizes (h, w); pixel centres are whole numbers in both."""
    sx, sy = other[1] / size[1], other[0] / size[0]
    return np.array([[sx, 0, sx / 2 - 0.5], [0, sy, sy / 2 - 0.5], [0, 0, 1]])
