"""One piece of a conversion: some hundred photos, done by one process, their result in one file.

The file's first line is a JSON summary, ``{"photos", "garments", "problems"}``; for COCO the JSON texts of the images
and then of the annotations follow, one a line.  It appears whole or not at all, so a piece whose file is there is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ewardrobe.core import atomic
from ewardrobe.datasets import coco, yolo
from ewardrobe.datasets.records import DatasetError, Record, landmark_count, read_record


@dataclass(frozen=True)
class Conversion:
    """What is to be converted, how, and where to.

    source: folder in DeepFashion2's layout.  out: new or empty folder, or one where this conversion was begun.
    splits: default those of train and validation that are there.  fraction in (0, 1] or max_images: of each split;
    balance: chosen so that the categories are as even as possible, else at random; both from ``seed``.
    segmentation: of COCO, see ``annotation_entry``.  images: ``"link"``, ``"copy"`` or ``"none"``; default for YOLO
    ``"link"``, for COCO ``"none"`` (file names are then relative to ``source/SPLIT/image``).
    """

    source: Path
    out: Path
    format: str
    splits: tuple[str, ...] = ()
    fraction: float | None = None
    max_images: int | None = None
    balance: bool = False
    seed: int = 0
    segmentation: str = "outline"
    images: str = ""


@dataclass(frozen=True)
class ConversionPart:
    """A piece of work: the annotations ``names`` of ``split``; ``file`` is to hold the result."""

    conversion: Conversion
    split: str
    names: tuple[str, ...]
    file: Path

    @property
    def annotations(self) -> Iterator[Path]:
        """The paths of the annotations."""
        return (self.conversion.source / self.split / "annos" / f"{name}.json" for name in self.names)

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
    lines = _coco_lines(records, part.conversion.segmentation) if part.conversion.format == "coco" else []
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
    c, path = part.conversion, record.image_path
    if c.images != "none":
        yolo.put_image(path, c.out / "images" / part.split / path.name, c.images)
    if c.format == "yolo":
        (c.out / "labels" / part.split / f"{path.stem}.txt").write_bytes(yolo.label_text(record).encode())


def _coco_lines(records: list[Record], segmentation: str) -> Iterator[str]:
    yield from (coco.dump(coco.image_entry(record)) for record in records)
    for record in records:
        for item in record.items:
            yield coco.dump(coco.annotation_entry(record, item, segmentation))
