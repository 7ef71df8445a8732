"""DeepFashion2 records as labels for YOLO segmentation: one text file for each photo, one line for each garment.

A line is ``class x1 y1 x2 y2 …`` with classes 0..15, in the order of ``taxonomy.INSTANCES``, and coordinates as
shares of the picture: one single polygon.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.taxonomy import INSTANCE_NAMES, classes_of
from ewardrobe.datasets.records import Annotation, Record, item_mask

IMAGE_MODES = ("link", "copy")


def label_text(record: Record) -> str:
    """Return the label file of ``record``, a line for each garment in order."""
    return "".join(f"{label_line(item, record.height, record.width)}\n" for item in record.items)


def label_line(item: Annotation, height: int, width: int) -> str:
    """Return the line of one garment.

    ultralytics cuts ``x · width`` down to a pixel's number, so the middle of the pixel is written, (x + 0.5) / width.
    """
    points = (single_polygon(item, height, width) + 0.5) / (width, height)
    return f"{classes_of(item.category_id)}" + " %.6f" * points.size % tuple(points.ravel().tolist())


def single_polygon(item: Annotation, height: int, width: int) -> np.ndarray:
    """Return one (P, 2) polygon inside the picture that ``cv2.fillPoly`` fills like all parts of ``item`` together.

    Parts are joined by bridges of zero width; those draw a line one pixel wide between the parts, which the format
    cannot avoid.  Parts that overlap, or that leave the picture, are replaced by the outlines of the mask: joined as
    they are their overlap would turn into a hole, and clamped their edges would turn.
    """
    polygons = item.polygons
    joined = join_parts(polygons)
    if _leaves(joined, height, width) or (len(polygons) > 1 and not _fills_alike(joined, item, height, width)):
        joined = join_parts(mask_rings(item_mask(item, height, width)) or polygons)
    joined = np.concatenate([joined, joined[:1], joined[:1]]) if len(joined) < 3 else joined  # one pixel or two
    return np.clip(joined, 0, (width - 1, height - 1))


def join_parts(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Join (P, 2) polygons, outer or holes, to one by bridges of zero width between their closest points.

    The nearest part is joined first (Prim's minimum spanning tree), so the bridges are as short as points allow.
    """
    first, *rest = [np.asarray(part) for part in parts]
    while rest:
        pairs = [_closest(first, part) for part in rest]
        nearest = min(range(len(rest)), key=lambda k: pairs[k][0])
        _, i, j = pairs[nearest]
        part = np.roll(rest.pop(nearest), -j, axis=0)
        first = np.concatenate([first[: i + 1], part, part[:1], first[i:]])
    return first


def mask_rings(mask: np.ndarray) -> list[np.ndarray]:
    """Return the outlines of a (H, W) bool mask, of its parts and of their holes: (P, 2) int32 through pixels.

    A part of one or two pixels has as many points.
    """
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [c[:, 0] for c in contours]


def data_yaml(splits: Iterable[str]) -> str:
    """Return ``data.yaml`` for ultralytics: where the photos of each split lie, beside the file itself; the names.

    DeepFashion2's ``validation`` is ultralytics' ``val``; without a validation split the training photos stand in.
    """
    splits = list(splits)
    where = {"val" if s == "validation" else s: f"images/{s}" for s in splits}
    where = {
        "train": where.get("train", f"images/{splits[0]}"),
        "val": where.get("val", f"images/{splits[0]}"),
        **where,
    }
    lines = [f"{name}: {json.dumps(place)}" for name, place in where.items()]
    names = [f"  {number}: {name}" for number, name in enumerate(INSTANCE_NAMES)]
    return "\n".join([*lines, "names:", *names, ""])


def put_image(source: Path | str, target: Path | str, mode: str = "link") -> None:
    """Make ``source`` appear as ``target``, replacing what is there.

    ``"link"``: a symbolic link, a hard link where those are not allowed, a copy where neither is; ``"copy"``: a copy.
    """
    if mode not in IMAGE_MODES:
        raise ValueError(f"mode: expected one of {', '.join(IMAGE_MODES)}, got {mode!r}")
    try:
        _place(source, target, mode)
    except FileExistsError:
        os.unlink(target)
        _place(source, target, mode)


def _place(source: Path | str, target: Path | str, mode: str) -> None:
    for way in (os.symlink, os.link) if mode == "link" else ():
        try:
            return way(source, target)
        except FileExistsError:
            raise
        except OSError:
            continue  # no privilege (Windows), another file system, or none that links
    if os.path.lexists(target):
        raise FileExistsError(target)
    shutil.copyfile(source, target)


def _closest(a: np.ndarray, b: np.ndarray) -> tuple[float, int, int]:
    distance = ((a[:, None].astype(np.float32) - b[None].astype(np.float32)) ** 2).sum(axis=2)
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    return float(distance[i, j]), int(i), int(j)


def _leaves(points: np.ndarray, height: int, width: int) -> bool:
    pixels = np.round(points)
    return bool((pixels.min(axis=0) < 0).any() or (pixels.max(axis=0) >= (width, height)).any())


def _fills_alike(joined: np.ndarray, item: Annotation, height: int, width: int) -> bool:
    """Tell whether the joined polygon loses nothing of the parts; what a bridge adds is not asked."""
    filled = np.zeros((height, width), np.uint8)
    cv2.fillPoly(filled, [np.round(joined).astype(np.int32)], 1)
    return not (item_mask(item, height, width) & (filled == 0)).any()
