"""Judged attributes of garments: ``attributes_SPLIT.csv`` beside a data set in DeepFashion2's layout.

Columns ``image,item,category_id,colour,pattern,material,style``; others are passed over; an empty cell: not judged.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ewardrobe.core.taxonomy import ACCESSORY_IDS, INSTANCE_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, item_mask, read_record
from ewardrobe.datasets.samples import read_photo

JUDGED = ("colour", "pattern", "material", "style")


@dataclass(frozen=True)
class JudgedGarment:
    """One garment of a photo: file name, ``item1`` …, category 1..13, the values of ``JUDGED`` ("" = not judged)."""

    image: str
    item: str
    category_id: int
    values: dict[str, str]


def read_judged(root: Path, split: str) -> list[JudgedGarment]:
    """Return the garments of ``attributes_SPLIT.csv``, without accessories, of which only colours are judged.

    ``DatasetError`` if the file is missing or a column or id is.
    """
    path = Path(root) / f"attributes_{split}.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: {error}; give a data set whose garments were judged") from error
    judged = [_judged(path, number, row) for number, row in enumerate(rows, start=2)]
    return [one for one in judged if one.category_id not in ACCESSORY_IDS]


def judged_garments(
    root: Path, split: str, photos: Container[str] | None = None
) -> Iterator[tuple[JudgedGarment, np.ndarray, np.ndarray]]:
    """Yield every judged garment with its photo, RGB uint8 (H, W, 3), and its mask, (H, W) bool.

    photos: names of the files that are wanted, ``None`` for all.  Garments without a usable annotation are left out;
    ``DatasetError`` when a photo or its annotation is unreadable.
    """
    by_image: dict[str, list[JudgedGarment]] = defaultdict(list)
    for judged in read_judged(root, split):
        if photos is None or judged.image in photos:
            by_image[judged.image].append(judged)
    for image, garments in by_image.items():
        record = read_record(Path(root) / split / "annos" / f"{Path(image).stem}.json", lambda error: None)
        pixels, items = read_photo(record), {item.key: item for item in record.items}
        for judged in garments:
            if judged.item in items and (mask := item_mask(items[judged.item], record.height, record.width)).any():
                yield judged, pixels, mask


def _judged(path: Path, number: int, row: dict) -> JudgedGarment:
    try:
        category_id = int(row["category_id"])
        values = {name: (row[name] or "").strip() for name in JUDGED}
        image, item = row["image"], row["item"]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path}, line {number}: {error} is missing or no number: expected the columns image, item, category_id, "
            f"{', '.join(JUDGED)}"
        ) from error
    if category_id not in INSTANCE_IDS:
        raise DatasetError(f"{path}, line {number}: category_id {category_id}: expected 1..13, 16, 17 or 19")
    return JudgedGarment(image, item, category_id, values)
