"""DeepFashion2 records as a COCO data set (the JSON that COCO tools read).

Unlike DeepFashion2's own converter the area is that of the mask, not of the box, and every part of a split
garment is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ewardrobe import atomic
from ewardrobe.datasets.deepfashion2 import Item, Record, item_mask
from ewardrobe.masks import mask_to_rle
from ewardrobe.taxonomy import CATEGORIES


def to_coco(records: Iterable[Record], segmentation: str = "polygon") -> dict:
    """Return ``{"info", "images", "annotations", "categories"}``.

    Annotation ids start at 1, an image's id is the number in its file's name, categories are DeepFashion2's 1..13.
    segmentation: ``"polygon"`` (lists of ``x y x y …``, one for each part) or ``"rle"`` (COCO's compressed run
    lengths of exactly the pixels that training and evaluation use).  Raises ``ValueError`` when two photos share an id.
    """
    if segmentation not in ("polygon", "rle"):
        raise ValueError(f"segmentation: expected 'polygon' or 'rle', got {segmentation!r}")
    images, annotations = {}, []
    for record in records:
        if record.image_id in images:
            raise ValueError(f"{record.image_path}: a second photo with the number {record.image_id}; rename one")
        images[record.image_id] = _image(record)
        for item in record.items:
            annotations.append(_annotation(len(annotations) + 1, record, item, segmentation))
    return {
        "info": {"description": "DeepFashion2 layout converted by eWardrobe"},
        "images": list(images.values()),
        "annotations": annotations,
        "categories": [{"id": c.id, "name": c.name, "supercategory": c.slot} for c in CATEGORIES],
    }


def write_coco(records: Iterable[Record], path: Path, segmentation: str = "polygon") -> dict:
    """Write ``to_coco(records)`` to ``path`` as JSON (whole or not at all) and return it."""
    data = to_coco(records, segmentation)
    atomic.write_bytes(Path(path), json.dumps(data, allow_nan=False).encode())
    return data


def _image(record: Record) -> dict:
    return {
        "id": record.image_id,
        "file_name": record.image_path.name,
        "height": record.height,
        "width": record.width,
    }


def _annotation(annotation_id: int, record: Record, item: Item, segmentation: str) -> dict:
    mask = item_mask(item, record.height, record.width)
    x0, y0, x1, y1 = (float(v) for v in item.bbox_xyxy)
    return {
        "id": annotation_id,
        "image_id": record.image_id,
        "category_id": item.category_id,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": float(np.count_nonzero(mask)),
        "segmentation": mask_to_rle(mask) if segmentation == "rle" else [p.ravel().tolist() for p in item.polygons],
        "iscrowd": 0,
    }
