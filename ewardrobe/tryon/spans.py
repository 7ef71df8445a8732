"""A silhouette as spans: where its trunk begins and ends in evenly spread rows.

Sleeves are thin parts, so an opening of the mask, its neckline filled, takes them away.  Two silhouettes with the same
number of rows correspond row by row: a map between them cannot fold.  Points are float32 xy, (ROWS, 2) a side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

ROWS = 24
MIN_SIDE = 6
"""A mask with a smaller side, in its own pixels, has no shape to speak of."""

SHOULDER = 0.12
"""Share of the length in which the rows are as wide as below it: a shoulder is nearly level, so that half a pixel more
or less in height would move its ends by many."""

THIN = 0.55
"""Parts thinner than this share of the thickest one are sleeves."""


@dataclass(frozen=True, eq=False)
class Spans:
    """points: (2, ROWS, 2) float32 xy: the left and the right end of every row of the trunk, from top to bottom.

    arms: how far the left and the right sleeve reach from the shoulder, 0 where none stands off the trunk.
    """

    points: np.ndarray
    arms: tuple[float, float] = (0.0, 0.0)

    @property
    def shoulders(self) -> np.ndarray:
        """(2, 2) xy of the left and the right shoulder."""
        return self.points[:, :3].mean(axis=1)

    @property
    def left(self) -> np.ndarray:
        """(ROWS,) x of the left ends."""
        return self.points[0, :, 0]

    @property
    def right(self) -> np.ndarray:
        """(ROWS,) x of the right ends."""
        return self.points[1, :, 0]

    @property
    def top(self) -> float:
        """The y of the first row."""
        return float(self.points[:, 0, 1].mean())

    @property
    def bottom(self) -> float:
        """The y of the last row."""
        return float(self.points[:, -1, 1].mean())

    @property
    def width(self) -> float:
        """The median width of the trunk."""
        return float(np.median(self.right - self.left))

    def scaled(self, factors: tuple[float, float]) -> Spans:
        """Return the spans in a picture that is ``factors`` (x, y) times as large; pixel centres are whole numbers."""
        points = (self.points + 0.5) * np.array(factors, np.float32) - 0.5
        size = float(np.mean(factors))
        return Spans(points.astype(np.float32), (self.arms[0] * size, self.arms[1] * size))


def measure(mask: np.ndarray, sleeves: bool = True) -> Spans | None:
    """Return the spans of a soft (h, w) mask (float 0..1) in its own pixels; ``None`` where it is too small.

    sleeves: take thin parts away first.  Ends are known to parts of a pixel from the soft edge, so that noise in the
    mask moves them little.
    """
    soft = np.clip(np.asarray(mask, np.float32), 0, 1)
    trunk = _trunk(soft) if sleeves else soft
    weight = trunk.sum(axis=1)
    rows = np.flatnonzero(weight > 1.5)
    if len(rows) < MIN_SIDE:
        return None
    ys, left, right = _rows_ends(trunk, int(rows[0]), int(rows[-1]))
    if len(ys) < MIN_SIDE or np.median(right - left) < MIN_SIDE:
        return None
    at = np.linspace(*_ends(np.clip(weight / max(1.0, float(np.median(weight[rows]))), 0, 1)), ROWS)
    rows_of_noise = 2 * max(1, len(ys) // 30) + 1
    smooth = [cv2.blur(x[:, None], (1, rows_of_noise), borderType=cv2.BORDER_REPLICATE).ravel() for x in (left, right)]
    below = np.maximum(at, at[0] + SHOULDER * (at[-1] - at[0]))
    points = [np.stack([np.interp(below, ys, x), at], axis=1) for x in smooth]
    spans = Spans(np.stack(points).astype(np.float32))
    return replace(spans, arms=_arms(soft, trunk, spans.shoulders)) if sleeves else spans


def _arms(soft: np.ndarray, trunk: np.ndarray, shoulders: np.ndarray) -> tuple[float, float]:
    ys, xs = np.nonzero((soft > 0.5) & (trunk < 0.5))
    beyond = [xs < shoulders[0, 0], xs > shoulders[1, 0]]
    reach = [np.hypot(xs[b] - x, ys[b] - y) for b, (x, y) in zip(beyond, shoulders, strict=True)]
    left, right = (float(np.percentile(r, 99)) if len(r) else 0.0 for r in reach)
    return left, right


def _trunk(soft: np.ndarray) -> np.ndarray:
    """Return the soft mask without its thin parts; a trunk cut in two by a forearm is whole again."""
    hard = (soft > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(cv2.copyMakeBorder(hard, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5)[1:-1, 1:-1]
    radius = int(round(THIN * float(depth.max())))
    if radius < 2:
        return soft
    thick = np.flatnonzero((depth >= radius).any(axis=0))
    columns = slice(max(0, int(thick[0]) - radius), int(thick[-1]) + radius + 1)
    bridge = _filled(hard, columns, 0, 4 * radius) | _filled(hard, columns, 1, hard.shape[1])
    opened = _opened(hard | bridge, radius)
    reach = 2 + int(np.ceil(0.3 * radius))  # the round opening has taken the corners too
    near = cv2.dilate(opened, np.ones((2 * reach + 1,) * 2, np.uint8))
    return np.maximum(soft, bridge) * near


def _opened(hard: np.ndarray, radius: int) -> np.ndarray:
    """Return the (h, w) uint8 0/1 mask without what is thinner than ``2 * radius``; what the frame cuts is not thin.

    An opening by a disc, as two distance transforms: a large round kernel would take ten times as long.
    """
    if hard.all():
        return hard
    inner = cv2.distanceTransform(hard, cv2.DIST_L2, 5) > radius
    if not inner.any():
        return np.zeros_like(hard)
    return (cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 5) <= radius + 0.5).astype(np.uint8)


def _filled(hard: np.ndarray, columns: slice, axis: int, longest: int) -> np.ndarray:
    """Return (h, w) uint8 0/1: the gaps of at most ``longest`` pixels along ``axis``, in the trunk's columns.

    Down a column (axis 0) that is where a forearm passes: without it the smaller piece of the trunk counts as thin, and
    the garment shrinks.  Along a row (axis 1) it is between shoulders beside a deep neckline, straps or legs, which are
    thin as sleeves are, but trunk with what is between them.  Beside the trunk nothing is filled: the hole of an arm
    akimbo is no cloth.
    """
    trunk, filled = hard[:, columns], np.zeros_like(hard)
    count = trunk.shape[axis]
    at = np.arange(count, dtype=np.int32).reshape((-1, 1) if axis == 0 else (1, -1))
    last = np.maximum.accumulate(np.where(trunk, at, -(10**6)), axis=axis)
    coming = np.flip(np.minimum.accumulate(np.flip(np.where(trunk, at, 10**6), axis), axis=axis), axis)
    filled[:, columns] = (coming - last - 1 <= longest) & (trunk == 0)
    return filled


def _rows_ends(trunk: np.ndarray, first: int, last: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows with a garment and the x where each one's begins and ends, by the soft coverage at the ends."""
    ys = first + np.flatnonzero((trunk[first : last + 1] > 0.5).any(axis=1))
    rows, each = np.pad(trunk[ys], ((0, 0), (1, 1))), np.arange(len(ys))  # beyond the picture nothing is covered
    inside = rows > 0.5
    begin, end = inside.argmax(axis=1), rows.shape[1] - 1 - inside[:, ::-1].argmax(axis=1)
    left = begin - _crossing(rows[each, begin], rows[each, begin - 1])
    right = end + _crossing(rows[each, end], rows[each, end + 1])
    return ys, left - 1, right - 1


def _crossing(inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Return how far beyond the inner pixel's centre the coverage falls to one half, 0..1."""
    return np.clip((inner - 0.5) / np.maximum(inner - outer, 1e-3), 0, 1)


def _ends(weight: np.ndarray) -> tuple[float, float]:
    """Return the first and the last row of the trunk to parts of a pixel, by where the coverage passes one half."""
    padded = np.pad(weight, 1)
    full = np.flatnonzero(padded > 0.5)[[0, -1]]
    above, below = _crossing(padded[full], padded[full + [-1, 1]])
    return float(full[0] - above) - 1, float(full[1] + below) - 1
