"""DeepFashion2 records as labels for YOLO segmentation: one text file for each photo, one line for each garment.

A line is ``class x1 y1 x2 y2 …``: class 0..15 as in ``taxonomy.INSTANCES``, one polygon in shares of the picture.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ewardrobe.core.taxonomy import INSTANCE_NAMES, classes_of
from ewardrobe.datasets.polygons import join_parts, mask_rings, polygons_to_mask
from ewardrobe.datasets.records import Annotation, Record, item_mask


def label_text(record: Record) -> str:
    """Return the label file of ``record``, a line for each garment in order.

    ultralytics cuts ``x · width`` down to a pixel's number, so the middle of the pixel is written, (x + 0.5) / width.
    """
    height, width = record.height, record.width
    lines = []
    for item in record.items:
        points = (single_polygon(item, height, width) + 0.5) / (width, height)
        lines.append(f"{classes_of(item.category_id)}" + " %.6f" * points.size % tuple(points.ravel().tolist()))
    return "".join(f"{line}\n" for line in lines)


def single_polygon(item: Annotation, height: int, width: int) -> np.ndarray:
    """Return one polygon, (P, 2) float, that ``cv2.fillPoly`` fills like all parts of ``item`` together.

    It stays inside the picture.  Parts are joined by bridges of zero width; those draw a line one pixel wide between
    the parts, which the format cannot avoid.  Where parts overlap or leave the picture, the outlines of the mask take
    their place: an overlap would turn into a hole, and edges cut at the border would turn.
    """
    joined, mask = join_parts(item.polygons), item_mask(item, height, width)
    pixels = np.round(joined)
    leaves = (pixels.min(axis=0) < 0).any() or (pixels.max(axis=0) >= (width, height)).any()
    if leaves or (mask & ~polygons_to_mask([joined], height, width)).any():
        joined = join_parts(mask_rings(mask) or item.polygons)
    joined = np.concatenate([joined, joined[:1], joined[:1]]) if len(joined) < 3 else joined  # one pixel or two
    return np.clip(joined, 0, (width - 1, height - 1))


def data_yaml(splits: Iterable[str]) -> str:
    """Return ``data.yaml`` for ultralytics: where the photos of each split lie, beside the file itself; the names.

    DeepFashion2's ``validation`` is ultralytics' ``val``; without a validation split the training photos stand in.
    """
    splits = list(splits)
    where = {"val" if s == "validation" else s: f"images/{s}" for s in splits}
    where = dict.fromkeys(("train", "val"), f"images/{splits[0]}") | where
    lines = [f"{name}: {json.dumps(place)}" for name, place in where.items()]
    names = [f"  {number}: {name}" for number, name in enumerate(INSTANCE_NAMES)]
    return "\n".join([*lines, "names:", *names, ""])


def put_image(source: Path | str, target: Path | str, mode: str = "link") -> None:
    """Make ``source`` appear as ``target``, replacing what is there.

    ``"link"``: a symbolic link, a hard link where those are not allowed, a copy where neither is; ``"copy"``: a copy.
    """
    if os.path.lexists(target):
        os.unlink(target)
    for way in (os.symlink, os.link) if mode == "link" else ():
        with contextlib.suppress(OSError):  # no privilege (Windows), another file system, or none that links
            return way(source, target)
    shutil.copyfile(source, target)
