"""One piece of a conversion: some hundred photos, done by one process, their result in one file.

The file's first line is a JSON summary, ``{"photos", "garments", "problems"}``; for COCO the JSON texts of the images
and then of the annotations follow, one a line.  It appears whole or not at all, so a piece whose file is there is done.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ewardrobe.core import atomic
from ewardrobe.datasets import coco, yolo
from ewardrobe.datasets.records import DatasetError, Record, landmark_count, read_record


@dataclass(frozen=True)
class ConversionPart:
    """A piece of work: the annotations ``names`` of ``split``; ``file`` is to hold the result.

    format: ``"coco"``, ``"yolo"``.  segmentation: of ``annotation_entry``.  images: ``"link"``, ``"copy"``, ``"none"``.
    """

    source: Path
    split: str
    names: tuple[str, ...]
    out: Path
    file: Path
    format: str
    segmentation: str
    images: str

    @property
    def annotations(self) -> Iterator[Path]:
        """The paths of the annotations."""
        return (self.source / self.split / "annos" / f"{name}.json" for name in self.names)

    def is_done(self) -> bool:
        """Tell whether the file is there and newer than every annotation that it was made of."""
        if not self.file.is_file():
            return False
        made = self.file.stat().st_mtime_ns
        return all(path.stat().st_mtime_ns <= made for path in self.annotations if path.is_file())


def convert_part(part: ConversionPart) -> int:
    """Do the work of ``part`` and return its number of annotations; ``OSError`` when it cannot be written."""
    problems: list[tuple[str, str]] = []
    records = list(_usable_records(part, lambda error: problems.append((error.kind, str(error)))))
    for record in records:
        _write_photo(part, record)
    lines = _coco_lines(records, part.segmentation) if part.format == "coco" else []
    garments = sum(len(record.items) for record in records)
    summary = {"photos": len(records), "garments": garments, "problems": problems}
    text = "\n".join([coco.dump(summary), *lines, ""])
    atomic.write_bytes(part.file, text.encode(), durable=False)
    return len(part.names)


def read_summary(file: Path) -> dict:
    """Return the summary of a part's file."""
    with open(file, encoding="utf-8") as lines:
        return json.loads(next(lines))


def read_images(file: Path) -> Iterator[str]:
    """Yield the JSON texts of the images in a part's file."""
    return _lines(file, 1, read_summary(file)["photos"] + 1)


def read_annotations(file: Path) -> Iterator[str]:
    """Yield the JSON texts of the annotations in a part's file."""
    return _lines(file, read_summary(file)["photos"] + 1, None)


def _lines(file: Path, start: int, stop: int | None) -> Iterator[str]:
    with open(file, encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in islice(lines, start, stop))


def _usable_records(part: ConversionPart, fault) -> Iterator[Record]:
    for path in part.annotations:
        try:
            record = read_record(path, fault)
            if not record.items:
                raise DatasetError(f"{path}: no usable garment", "no usable garment")
        except DatasetError as error:
            fault(error)
        else:
            _check_landmarks(path, record, fault)
            yield record


def _check_landmarks(path: Path, record: Record, fault) -> None:
    for item in record.items:
        expected = landmark_count(item.category_id)
        if item.landmarks is not None and len(item.landmarks) != expected:
            text = f"{path}: {item.key}: {len(item.landmarks)} landmarks left out: expected {expected}"
            fault(DatasetError(text, "landmarks of another number"))


def _write_photo(part: ConversionPart, record: Record) -> None:
    """Write what lies in files of its own: the picture where asked for, YOLO's label."""
    name = record.image_path.name
    if part.images != "none":
        yolo.put_image(record.image_path, os.path.join(part.out, "images", part.split, name), part.images)
    if part.format == "yolo":
        label = os.path.join(part.out, "labels", part.split, f"{os.path.splitext(name)[0]}.txt")
        with open(label, "wb") as file:
            file.write(yolo.label_text(record).encode())


def _coco_lines(records: list[Record], segmentation: str) -> Iterator[str]:
    yield from (coco.dump(coco.image_entry(record)) for record in records)
    for record in records:
        for item in record.items:
            yield coco.dump(coco.annotation_entry(record, item, segmentation))
