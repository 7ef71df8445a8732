"""A whole COCO data set in memory, as the conversion writes it photo by photo."""

from __future__ import annotations

from collections.abc import Iterable

from ewardrobe.datasets.coco import INFO, annotation_entry, categories, image_entry
from ewardrobe.datasets.records import Record


def as_coco(records: Iterable[Record], segmentation: str = "outline") -> dict:
    """Return ``{"info", "categories", "images", "annotations"}``."""
    records = list(records)
    entries = [annotation_entry(record, item, segmentation) for record in records for item in record.items]
    annotations = [{"id": number, **entry} for number, entry in enumerate(entries, 1)]
    images = [image_entry(record) for record in records]
    return {"info": INFO, "categories": categories(), "images": images, "annotations": annotations}
