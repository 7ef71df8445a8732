"""Masks as polygons and back: as DeepFashion2 and YOLO write outlines, and as their readers fill them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

SPECK = 8
"""Area in pixels below which a separate part of a garment is not annotated."""


def polygons_to_mask(polygons: Iterable[np.ndarray], height: int, width: int) -> np.ndarray:
    """Fill (P, 2) polygons ``x y`` as DeepFashion2's readers do: (height, width) bool.

    Holes are cut by a bridge of zero width in the outer polygon, which ``cv2.fillPoly`` fills even-odd.
    """
    mask = np.zeros((height, width), np.uint8)
    for polygon in polygons:
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask.astype(bool)


def mask_to_polygons(mask: np.ndarray, tolerance: float = 0.4) -> list[np.ndarray]:
    """Outlines of a (H, W) bool mask as (P, 2) int32 polygons ``x y`` through pixel centres, one for each part.

    Holes are joined to their outer outline by a bridge of zero width, so that ``cv2.fillPoly`` leaves them empty.
    tolerance: pixels by which an outline may be simplified, unless that changes more than 0.5 % of the mask.
    """
    polygons = _outlines(mask, tolerance)
    changed = (polygons_to_mask(polygons, *mask.shape) != mask).sum()
    return polygons if changed <= 0.005 * mask.sum() else _outlines(mask, 0.0)


def _outlines(mask: np.ndarray, tolerance: float) -> list[np.ndarray]:
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    polygons = []
    for i, contour in enumerate(contours):
        if tree[0, i, 3] >= 0 or len(contour) < 3 or cv2.contourArea(contour) < SPECK:
            continue
        holes = [hole for hole, (*_, parent) in zip(contours, tree[0], strict=True) if parent == i and len(hole) >= 3]
        polygons.append(join_parts(_simple(part, tolerance) for part in (contour, *holes)))
    return polygons


def _simple(contour: np.ndarray, tolerance: float) -> np.ndarray:
    simple = cv2.approxPolyDP(contour, tolerance, True) if tolerance > 0 else contour
    return (simple if len(simple) >= 3 else contour)[:, 0, :]


def mask_rings(mask: np.ndarray) -> list[np.ndarray]:
    """Return the outlines of a (H, W) bool mask, of its parts and of their holes: (P, 2) int32 through pixels.

    A part of one or two pixels has as many points.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [c[:, 0] for c in contours]


def join_parts(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Join (P, 2) polygons, int32 or float32, outer or holes, to one by bridges of zero width.

    A bridge lies between the closest points.  The nearest part is joined first (Prim's minimum spanning tree), so the
    bridges are as short as points allow.
    """
    first, *rest = [np.asarray(part) for part in parts]
    while rest:
        pairs = [_closest(first, part) for part in rest]
        nearest = min(range(len(rest)), key=lambda k: pairs[k][0])
        _, i, j = pairs[nearest]
        part = np.roll(rest.pop(nearest), -j, axis=0)
        first = np.concatenate([first[: i + 1], part, part[:1], first[i:]])
    return first


def _closest(a: np.ndarray, b: np.ndarray) -> tuple[float, int, int]:
    distance = ((a[:, None].astype(np.float32) - b[None].astype(np.float32)) ** 2).sum(axis=2)
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    return float(distance[i, j]), int(i), int(j)
