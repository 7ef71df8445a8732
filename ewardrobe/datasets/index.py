"""What sampling needs to know of every photo of a data set, read from the annotations alone: no photo is opened."""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ewardrobe.core.photo_folder import PHOTO_SUFFIXES
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCES, classes_of
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.pool import chunks, in_order
from ewardrobe.datasets.records import DatasetError, item_keys, level, read_annotation, read_category

PIECE = 512
"""Annotations that a process reads at a time."""


@dataclass(frozen=True, eq=False)
class Index:
    """The N photos of a split that exist and have a garment (or accessory, where the data set is read with them).

    positions: (N,) int64, their places in the ``DeepFashion2``.  present: (N, 16) bool, the garments 1..13 and the
    accessories 16, 17, 19 on the photo.  worn: (N,) bool, whether the person is labelled: a worn garment and a parsing
    map.
    """

    positions: np.ndarray
    present: np.ndarray
    worn: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, chosen) -> Index:
        """Select by slice, integer array or bool array."""
        return Index(self.positions[chosen], self.present[chosen], self.worn[chosen])


def read_index(data: DeepFashion2, workers: int = 1) -> Index:
    """Read every annotation of ``data`` in ``workers`` processes.

    Missing photos and unreadable annotations go to ``data.fault``.  ``DatasetError`` when no photo is left.
    """
    pieces = chunks(data.names, PIECE)
    results = in_order(partial(_read_chunk, data.folder / "annos"), pieces, min(workers, len(pieces)))
    parts, problems = zip(*results, strict=True)
    rows = np.concatenate(parts)
    photos, maps = _stems(data.folder / "image", PHOTO_SUFFIXES), _stems(data.folder / "parsing", (".png",))
    there = np.array([name in photos for name in data.names])
    mapped = np.array([name in maps for name in data.names])
    for text in itertools.chain(*problems):
        data.fault(DatasetError(text, "unreadable annotation"))
    for position in np.flatnonzero(~there).tolist():
        photo = data.folder / "image" / f"{data.names[position]}.jpg"
        data.fault(DatasetError(f"{data.annotation(position)}: its photo {photo} is missing", "missing photo"))
    present = rows[:, : len(INSTANCES)]
    present[:, len(CATEGORIES) :] &= data.accessories
    positions = np.flatnonzero(there & present.any(axis=1))
    if not len(positions):
        first = data.problems[:1]
        raise DatasetError(f"{data.folder}: not one photo with a usable annotation; the first fault: {first}")
    return Index(positions, present[positions], (rows[:, -1] & mapped)[positions])


def _read_chunk(annos: Path, names: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return (N, 17) bool, 16 classes and "worn", and what could not be read."""
    rows, problems = np.zeros((len(names), len(INSTANCES) + 1), bool), []
    for row, name in zip(rows, names, strict=True):
        try:
            raw = read_annotation(annos / f"{name}.json")
            _fill(row, [raw[key] for key in item_keys(raw)])
        except DatasetError as error:
            problems.append(str(error))
    return rows, problems


def _fill(row: np.ndarray, items: list) -> None:
    for item in items:
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a faulty item is counted when the photo is read
            if item["segmentation"]:
                row[classes_of(read_category(item["category_id"]))] = True
                row[-1] |= level(item, "viewpoint") != 1


def _stems(folder: Path, suffixes: tuple[str, ...]) -> set[str]:
    if not folder.is_dir():
        return set()
    return {stem for stem, suffix in map(os.path.splitext, os.listdir(folder)) if suffix.lower() in suffixes}
