"""Where each pixel of the camera picture comes from in a garment: row by row of the two silhouettes.

Points are float32 xy (..., 2), soft masks float32 (h, w) 0..1.
"""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.masks import mask_box
from ewardrobe.tryon.garment import WearableGarment
from ewardrobe.tryon.motion import move_points, scaling
from ewardrobe.tryon.scene import WornGarment
from ewardrobe.tryon.spans import ROWS, Spans

CELL = 8
"""The map is computed at one point for CELL×CELL pixels and interpolated between."""

MARGIN = 4
HANGING = 1.05
"""Length of an arm that cannot be told from the trunk, in lengths of the trunk."""

Box = tuple[int, int, int, int]


def box_of(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray) -> Box | None:
    """Return the frame's box (xyxy) around a moved soft mask at processing size; ``None`` where nothing is seen."""
    x0, y0, x1, y1 = mask_box(mask > 0.05)
    pixel = np.array(frame_size[::-1]) / mask.shape[::-1]
    return moved_box(pixel * (x0, y0), pixel * (x1, y1), motion, frame_size) if x1 else None


def moved_box(low: np.ndarray, high: np.ndarray, motion: np.ndarray, frame_size: tuple[int, int]) -> Box | None:
    """Return the frame's box around the moved rectangle ``low`` to ``high`` (xy, (2,) float64); ``None`` outside."""
    corners = move_points(np.array([low, [high[0], low[1]], [low[0], high[1]], high]), motion)
    x0, y0 = np.maximum(0, corners.min(axis=0).astype(int) - MARGIN).tolist()
    x1, y1 = np.minimum(frame_size[::-1], np.ceil(corners.max(axis=0)).astype(int) + MARGIN).tolist()
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def to_box(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray, box: Box) -> np.ndarray:
    """Return a soft mask at processing size as (h, w) float32 of ``box`` of the moved frame."""
    to_here = np.vstack([motion, [0, 0, 1]]) @ scaling(mask.shape, frame_size)
    to_here[:2, 2] -= box[:2]
    return cv2.warpAffine(mask, to_here[:2], (box[2] - box[0], box[3] - box[1]), flags=cv2.INTER_LINEAR)


def nodes(box: Box, motion: np.ndarray) -> np.ndarray:
    """Return (h/CELL, w/CELL, 2) float32: the scene's xy at the centre of each cell of ``box`` of the moved frame."""
    xs, ys = (np.arange(box[side], box[side + 2], CELL) + (CELL - 1) / 2 for side in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    return move_points(grid, cv2.invertAffineTransform(motion)).astype(np.float32)


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
    x, y = cv2.split(refined(((coarse + 0.5) / 2**level - 0.5).astype(np.float32), box))
    return cv2.remap(prepared.levels[level], x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def refined(coarse: np.ndarray, box: Box) -> np.ndarray:
    """Return what is known at the cells' centres, float32 (h/CELL, w/CELL, …), at each pixel (h, w, …) of ``box``."""
    size = coarse.shape[1] * CELL, coarse.shape[0] * CELL
    return cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)[: box[3] - box[1], : box[2] - box[0]]


def without_alpha(rgba: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) uint8: seven times as fast as copying the slice, which each frame would pay."""
    return cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)


def sleeves_kept(points: np.ndarray, worn: WornGarment, length: float, worn_length: float) -> np.ndarray:
    """Return (...,) float32 0..1: where a garment whose sleeves have ``length`` still covers what is worn.

    length: shorter than ``worn_length``; a sleeve ends at its share of the worn one's.
    """
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
