"""Judged attributes of garments: ``attributes_SPLIT.csv`` beside a data set in DeepFashion2's layout.

Columns ``image,item,category_id,colour,pattern,material,style``; others are passed over; an empty cell: not judged.
The everyday words are in a file of their own, ``kinds_SPLIT.csv``, which need not be there: columns
``image,item,category_id,kind``, words with hyphens (``denim-jacket``), accessories too.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ewardrobe.core.attributes import HEADS
from ewardrobe.core.taxonomy import ACCESSORY_IDS, INSTANCE_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, item_mask, read_record
from ewardrobe.datasets.samples import read_photo

JUDGED = ("colour", "pattern", "material", "style")
KIND_WORDS = {kind.replace(" ", "-"): kind for kind in HEADS["kind"]}


@dataclass(frozen=True)
class JudgedGarment:
    """One garment or accessory of a photo: file name, ``item1`` …, its category, what was judged ("" = nothing).

    category_id: 1..13, 16, 17, 19.  values: those of ``JUDGED`` and the everyday ``kind``; only that of an accessory.
    """

    image: str
    item: str
    category_id: int
    values: dict[str, str]


def read_judged(root: Path, split: str) -> list[JudgedGarment]:
    """Return the garments of ``attributes_SPLIT.csv`` and ``kinds_SPLIT.csv``, the latter's accessories too.

    ``DatasetError`` if the first file is missing, or a column, id or kind is; and if the files disagree.
    """
    path = Path(root) / f"attributes_{split}.csv"
    rows = _rows(path, JUDGED, "give a data set whose garments were judged")
    found = {(one.image, one.item): one for one in rows if one.category_id not in ACCESSORY_IDS}
    path = Path(root) / f"kinds_{split}.csv"
    for one in _rows(path, ("kind",), "put it right, or take it away") if path.is_file() else ():
        known = found.setdefault((one.image, one.item), one)
        if known.category_id != one.category_id:
            raise DatasetError(
                f"{path}: {one.item} of {one.image} has category_id {one.category_id}, and {known.category_id} in the "
                "table of the attributes: put one of them right"
            )
        found[one.image, one.item] = replace(known, values=known.values | {"kind": one.values["kind"]})
    return list(found.values())


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


def _rows(path: Path, columns: Sequence[str], cure: str) -> list[JudgedGarment]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: {error}; {cure}") from error
    return [_judged(f"{path}, line {number}", row, columns) for number, row in enumerate(rows, start=2)]


def _judged(where: str, row: dict, columns: Sequence[str]) -> JudgedGarment:
    try:
        category_id = int(row["category_id"])
        values = {name: (row[name] or "").strip() for name in columns}
        image, item = row["image"], row["item"]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{where}: {error} is missing or no number: expected the columns image, item, category_id, "
            f"{', '.join(columns)}"
        ) from error
    if category_id not in INSTANCE_IDS:
        raise DatasetError(f"{where}: category_id {category_id}: expected 1..13, 16, 17 or 19")
    if (word := values.get("kind")) and word not in KIND_WORDS:
        raise DatasetError(f"{where}: kind {word!r}: expected nothing or one of {', '.join(KIND_WORDS)}")
    nothing = dict.fromkeys((*JUDGED, "kind"), "")
    return JudgedGarment(image, item, category_id, nothing | values | ({"kind": KIND_WORDS[word]} if word else {}))
