"""DeepFashion2 records as a COCO data set (the JSON that COCO tools read).

An image's id is the number in its file's name; categories are DeepFashion2's 1..13.  Unlike DeepFashion2's own
converter the area is that of the mask, not of the box.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ewardrobe.core import atomic
from ewardrobe.core.masks import mask_to_rle
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCE_IDS, INSTANCES
from ewardrobe.datasets.polygons import mask_to_polygons, polygons_to_mask
from ewardrobe.datasets.records import LANDMARK_COUNTS, Annotation, Record, item_mask, landmark_count

SEGMENTATIONS = ("outline", "polygon", "rle")
INFO = {"description": "DeepFashion2 layout converted by eWardrobe"}


def categories() -> list[dict]:
    """Return COCO's list of the 16 categories with the names of all 294 keypoints, each ``"CATEGORY/NUMBER"``."""
    names = [f"{c.id}/{n}" for c, count in zip(CATEGORIES, LANDMARK_COUNTS, strict=True) for n in range(1, count + 1)]
    return [
        {"id": c.id, "name": c.name, "supercategory": c.slot, "keypoints": names, "skeleton": []} for c in INSTANCES
    ]


def image_entry(record: Record) -> dict:
    """Return the member of ``"images"``; ``file_name`` is relative to the folder of the split's photos.

    ``not_exhaustive_category_ids``, as in LVIS (Gupta et al., CVPR 2019), are those of which the photo may show more
    than is annotated; it is left out where there are none.
    """
    open_ids = [i for i in INSTANCE_IDS if i in record.unlabelled or not record.complete]
    return {
        "id": record.image_id,
        "file_name": record.image_path.name,
        "height": record.height,
        "width": record.width,
        **({"not_exhaustive_category_ids": open_ids} if open_ids else {}),
    }


def annotation_entry(record: Record, item: Annotation, segmentation: str = "outline") -> dict:
    """Return the member of ``"annotations"`` without its id; ``keypoints`` only where landmarks are labelled.

    segmentation, every part of a split garment kept in each:

    - ``"outline"``: polygons around the annotated pixels, so that COCO's tools draw the mask that we train on
      (IoU above 0.99): COCO measures from the picture's corner, where DeepFashion2 names pixels (see ``outline``);
    - ``"polygon"``: the annotated numbers unchanged, as DeepFashion2's own converter writes them: COCO's tools draw
      about half a pixel less all round;
    - ``"rle"``: compressed run lengths, exactly our mask.

    Of a part that leaves the picture, what is inside is written.
    """
    if segmentation not in SEGMENTATIONS:
        raise ValueError(f"segmentation: expected one of {', '.join(SEGMENTATIONS)}, got {segmentation!r}")
    mask = item_mask(item, record.height, record.width)
    inside = [part for p in item.polygons for part in _clipped(p, record.height, record.width)]
    parts = [outline(p) if segmentation == "outline" else p.astype(np.float64) for p in inside]
    polygons = [part.ravel().round(3).tolist() for part in parts]
    x0, y0, x1, y1 = (float(v) for v in item.bbox_xyxy)
    return {
        "image_id": record.image_id,
        "category_id": item.category_id,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": float(np.count_nonzero(mask)),
        "segmentation": mask_to_rle(mask) if segmentation == "rle" else polygons,
        "iscrowd": 0,
        **_keypoints(item),
    }


def _clipped(polygon: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    """Return a (P, 2) polygon as it is, or the outlines of its pixels where it leaves the picture."""
    pixels = np.round(polygon)
    if (pixels >= 0).all() and (pixels < (width, height)).all():
        return [polygon]
    seen = mask_to_polygons(polygons_to_mask([polygon], height, width), 0)
    return list(seen) or [np.clip(polygon, 0, (width - 1, height - 1))]  # no more than a speck is inside


def outline(polygon: np.ndarray) -> np.ndarray:
    """Return the outline, (Q, 2) float64, of the pixels that ``item_mask`` draws for the (P, 2) ``polygon``.

    In DeepFashion2 (and OpenCV) the point (0, 0) is the middle of the first pixel and a polygon's own pixels belong to
    it; in COCO it is the corner of the picture, and a pixel belongs to a polygon when its middle does.  So half a pixel
    is added, and each edge is moved outwards by half a pixel along its minor axis, where Bresenham's line covers just
    that much.  Bridges of zero width, which cut holes, stay as they are; a hole is expected to be walked the other way
    round than the outline, as tracers do (else it comes out a pixel too small).
    """
    start = polygon[(polygon != np.roll(polygon, 1, axis=0)).any(axis=1)].astype(np.float64)
    end = np.roll(start, -1, axis=0)
    turn = np.sign((start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]).sum())  # +1: clockwise on the screen
    normal = turn * (end - start)[:, ::-1] * (1, -1)
    steep = np.abs(normal[:, 0]) > np.abs(normal[:, 1])
    shift = 0.5 * np.sign(normal) * np.stack([steep, ~steep], axis=1)
    starts, ends = list(map(tuple, start.tolist())), list(map(tuple, end.tolist()))
    edges = set(zip(starts, ends, strict=True))
    shift[[(b, a) in edges for a, b in zip(starts, ends, strict=True)]] = 0  # bridges: walked the other way as well
    points = np.stack([start + shift, end + shift], axis=1).reshape(-1, 2) + 0.5
    return points[(points != np.roll(points, 1, axis=0)).any(axis=1)]


def dump(value) -> str:
    """Return compact JSON; ``ValueError`` for NaN."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def stream_coco(path: Path, images: Iterable[str], annotations: Iterable[str]) -> None:
    """Write a COCO file from JSON texts, one by one, whole or not at all.

    annotations: yields ``dump(annotation_entry(…))``; the ids 1, 2, … are put in here.
    """
    with atomic.writing(path) as file:
        file.write(f'{{"info":{dump(INFO)},"categories":{dump(categories())},"images":['.encode())
        for number, text in enumerate(images):
            file.write(f"{',' if number else ''}\n{text}".encode())
        file.write(b'\n],"annotations":[')
        for number, text in enumerate(annotations, start=1):
            file.write(f'{"," if number > 1 else ""}\n{{"id":{number},{text[1:]}'.encode())
        file.write(b"\n]}\n")


def _keypoints(item: Annotation) -> dict:
    """Return ``num_keypoints`` and ``keypoints``, ``x y visibility`` of all 294; nothing where not labelled."""
    points, count = item.landmarks, landmark_count(item.category_id)
    if points is None or len(points) != count or not count:
        return {}
    first = sum(LANDMARK_COUNTS[: item.category_id - 1])
    values = [int(v) if v == int(v) else round(v, 3) for v in points.ravel().tolist()]
    row = [0] * (3 * first) + values + [0] * (3 * (sum(LANDMARK_COUNTS) - first - count))
    return {"keypoints": row, "num_keypoints": int((points[:, 2] > 0).sum())}
