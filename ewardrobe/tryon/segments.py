"""What the model sees, drawn into a frame: outline, tint and name of every garment."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import category
from ewardrobe.tryon.motion import move_points, scaling

TINT = 0.35


def draw_segments(frame: np.ndarray, detections: Detections, motion: np.ndarray) -> np.ndarray:
    """Draw ``detections`` (masks at processing size) into ``frame`` (RGB uint8) in place and return it.

    motion: (2, 3) affine in frame pixels from the detections' frame to this one.
    """
    outlines = [_outline(mask, frame.shape[:2], motion) for mask in detections.masks]
    kinds = [category(int(category_id)) for category_id in detections.category_ids]
    tinted = frame.copy()
    for outline, kind in zip(outlines, kinds, strict=True):
        cv2.fillPoly(tinted, outline, kind.colour, cv2.LINE_AA)
    cv2.addWeighted(tinted, TINT, frame, 1 - TINT, 0, dst=frame)
    for outline, kind in zip(outlines, kinds, strict=True):
        cv2.polylines(frame, outline, True, kind.colour, 2, cv2.LINE_AA)
    for outline, kind, score in zip(outlines, kinds, detections.scores, strict=True):
        if outline:
            _name(frame, outline, kind.colour, f"{kind.name} {score:.2f}")
    return frame


def _outline(mask: np.ndarray, frame_size: tuple[int, int], motion: np.ndarray) -> list[np.ndarray]:
    moved = np.vstack([motion, [0, 0, 1]]) @ scaling(mask.shape, frame_size)
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [np.round(move_points(c[:, 0], moved[:2])).astype(np.int32) for c in found if len(c) >= 3]


def _name(frame: np.ndarray, outline: list[np.ndarray], colour: Sequence[int], text: str) -> None:
    font, size = cv2.FONT_HERSHEY_SIMPLEX, max(0.4, frame.shape[0] / 1000)
    (width, height), base = cv2.getTextSize(text, font, size, 1)
    points = max(outline, key=len)
    centre, top = points[:, 0].mean(), points[:, 1].min()
    x = int(np.clip(centre - width / 2, 4, max(4, frame.shape[1] - width - 4)))
    y = int(np.clip(top - 6, height + 6, frame.shape[0] - base - 4))
    cv2.rectangle(frame, (x - 4, y - height - 4), (x + width + 4, y + base + 2), colour, -1)
    bright = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    cv2.putText(frame, text, (x, y), font, size, (0, 0, 0) if bright > 130 else (255, 255, 255), 1, cv2.LINE_AA)
