"""Where each pixel of the camera picture comes from in a garment: row by row of the two silhouettes.

Points are float32 xy (..., 2), soft masks float32 (h, w) 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.tryon.garment import WearableGarment
from ewardrobe.tryon.scene import WornGarment
from ewardrobe.tryon.spans import ROWS, Spans

CELL = 8
"""The map is computed at one point for CELL×CELL pixels and interpolated between."""

MARGIN = 4
HANGING = 1.05
"""Length of an arm that cannot be told from the trunk, in lengths of the trunk."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A piece of picture to blend: box (frame xyxy), rgb (h, w, 3) uint8, alpha (h, w) float32 0..1."""

    box: Box
    rgb: np.ndarray
    alpha: np.ndarray


def box_of(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray) -> Box | None:
    """Return the frame's box (xyxy) around a moved soft mask at processing size; ``None`` where nothing is seen."""
    ys, xs = np.flatnonzero((mask > 0.05).any(axis=1)), np.flatnonzero((mask > 0.05).any(axis=0))
    if not len(ys):
        return None
    fx, fy = frame_size[1] / mask.shape[1], frame_size[0] / mask.shape[0]
    x0, x1, y0, y1 = xs[0] * fx, (xs[-1] + 1) * fx, ys[0] * fy, (ys[-1] + 1) * fy
    corners = np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]]) @ motion[:, :2].T + motion[:, 2]
    return clipped(corners.min(axis=0), corners.max(axis=0), frame_size)


def clipped(low: np.ndarray, high: np.ndarray, frame_size: tuple[int, int]) -> Box | None:
    """Return the box from ``low`` to ``high`` (xy) with a margin, within the frame; ``None`` outside of it."""
    x0, y0 = (max(0, int(v) - MARGIN) for v in low)
    x1, y1 = (min(limit, int(np.ceil(v)) + MARGIN) for v, limit in zip(high, frame_size[::-1], strict=True))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def to_box(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray, box: Box) -> np.ndarray:
    """Return a soft mask at processing size as (h, w) float32 of ``box`` of the moved frame."""
    fx, fy = frame_size[1] / mask.shape[1], frame_size[0] / mask.shape[0]
    to_frame = np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5], [0, 0, 1]])
    to_here = np.array([[1, 0, -box[0]], [0, 1, -box[1]], [0, 0, 1]]) @ np.vstack([motion, [0, 0, 1]]) @ to_frame
    return cv2.warpAffine(mask, to_here[:2], (box[2] - box[0], box[3] - box[1]), flags=cv2.INTER_LINEAR)


def nodes(box: Box, motion: np.ndarray) -> np.ndarray:
    """Return (h/CELL, w/CELL, 2) float32: the scene's xy at the centre of each cell of ``box`` of the moved frame."""
    cols, rows = -(-(box[2] - box[0]) // CELL), -(-(box[3] - box[1]) // CELL)
    xs = box[0] + CELL * np.arange(cols) + (CELL - 1) / 2
    ys = box[1] + CELL * np.arange(rows) + (CELL - 1) / 2
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    back = cv2.invertAffineTransform(motion)
    return (grid @ back[:, :2].T + back[:, 2]).astype(np.float32)


def by_rows(points: np.ndarray, worn: Spans, garment: Spans) -> np.ndarray:
    """Map scene points (..., 2) to the garment's xy: the same row of the trunk, the same share of its width.

    Beyond the spans the map goes on with the garment's own scale, which is where its sleeves lie.
    """
    row = np.clip((points[..., 1] - worn.top) / max(1e-3, worn.bottom - worn.top), -0.5, 1.5) * (ROWS - 1)
    rows = np.arange(ROWS)
    left, right = np.interp(row, rows, worn.left), np.interp(row, rows, worn.right)
    to_left, to_right = np.interp(row, rows, garment.left), np.interp(row, rows, garment.right)
    share = (points[..., 0] - left) / np.maximum(right - left, 1.0)
    inner = np.clip(share, 0, 1)
    scale = garment.width / max(1.0, worn.width)
    x = to_left + inner * (to_right - to_left) + (share - inner) * (right - left) * scale
    y = garment.top + row / (ROWS - 1) * (garment.bottom - garment.top)
    return np.stack([x, y], axis=-1).astype(np.float32)


def by_similarity(points: np.ndarray, worn: Spans, garment: Spans) -> np.ndarray:
    """Map scene points (..., 2) to the garment's xy, its shape kept; see `scale_and_tops`."""
    scale, top, garment_top = scale_and_tops(worn, garment)
    return ((points - top) / scale + garment_top).astype(np.float32)


def scale_and_tops(worn: Spans, garment: Spans) -> tuple[float, np.ndarray, np.ndarray]:
    """Return how large the garment is drawn, and the points (2,) that meet: the middles of the trunks' tops.

    The scale is the mean of what the widths and what the heights ask for.
    """
    wide = worn.width / max(1.0, garment.width)
    high = (worn.bottom - worn.top) / max(1.0, garment.bottom - garment.top)
    top, garment_top = (np.array([(s.left[:4] + s.right[:4]).mean() / 2, s.top]) for s in (worn, garment))
    return max(1e-3, float(np.sqrt(wide * high))), top, garment_top


def sample(prepared: WearableGarment, coarse: np.ndarray, box: Box) -> np.ndarray:
    """Return the garment as RGBA uint8 (h, w, 4) in ``box``; coarse: its xy at the cells' centres."""
    step = np.abs(np.diff(coarse[..., 1], axis=0)).mean() / CELL if len(coarse) > 1 else 1.0
    level = int(np.clip(np.round(np.log2(max(step, 1e-3))), 0, len(prepared.levels) - 1))
    local = ((coarse + 0.5) / 2**level - 0.5).astype(np.float32)
    size = (coarse.shape[1] * CELL, coarse.shape[0] * CELL)
    full = cv2.resize(local, size, interpolation=cv2.INTER_LINEAR)[: box[3] - box[1], : box[2] - box[0]]
    x, y = cv2.split(full)  # an empty array for "both stand in the first map" is read as a map
    return cv2.remap(prepared.levels[level], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def without_alpha(rgba: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) uint8: seven times as fast as copying the slice, which each frame would pay."""
    return cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)


def sleeves_kept(points: np.ndarray, worn: WornGarment, length: float, worn_length: float) -> np.ndarray:
    """Return (...,) float32 0..1: where a garment whose sleeves have ``length`` still covers what is worn.

    Sleeves of the same length or longer cover everything.  Otherwise a sleeve ends at its share of the worn one's.
    """
    if length >= worn_length:
        return np.ones(points.shape[:-1], np.float32)
    spans = worn.spans
    row = np.clip((points[..., 1] - spans.top) / max(1e-3, spans.bottom - spans.top), 0, 1) * (ROWS - 1)
    left, right = (np.interp(row, np.arange(ROWS), ends) for ends in (spans.left, spans.right))
    beyond = np.maximum(left - points[..., 0], points[..., 0] - right)
    side = (points[..., 0] > (left + right) / 2).astype(int)
    reach = np.hypot(*np.moveaxis(points - spans.shoulders[side], -1, 0))
    hanging = HANGING * (spans.bottom - spans.top)
    arm = np.array([a if a > 0.4 * hanging else hanging for a in spans.arms])[side]
    kept = np.clip((length / worn_length * arm - reach) / (0.03 * arm) + 0.5, 0, 1)
    return np.where(beyond > 0.02 * spans.width, kept, 1).astype(np.float32)
