"""Read a data set in DeepFashion2's layout (Ge et al., CVPR 2019).

``ROOT/SPLIT/image/000001.jpg`` with ``ROOT/SPLIT/annos/000001.json`` beside it, and optionally
``ROOT/SPLIT/parsing/000001.png``: a label map of the whole photo (0 background, 1..13 garments,
14 skin, 15 hair, 16 footwear, 17 bag, 18 other, 19 headwear, 255 unknown).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ewardrobe.datasets.records import DatasetError, Record, item_mask, read_record

__all__ = ["DatasetError", "DeepFashion2", "Record", "annotation_names", "item_mask", "read_record", "spread"]


class DeepFashion2:
    """A split as a sequence of ``Record``, read lazily.

    ``on_error="raise"`` refuses the first faulty record.  ``"skip"`` leaves the faulty item out (of an item with
    several polygons only the faulty polygon) and keeps the rest; each fault adds a line to ``problems``, once, and
    counts in ``report``.  A record without one good item is skipped whole by ``records()``.

    accessories: whether footwear, bags and headwear are among the items.  Without them, which is what evaluation
    judges, ``records()`` passes over photos that show nothing else.  negatives: whether photos of which no garment is
    annotated are among the records; one that is not ``complete`` never is.
    """

    def __init__(
        self,
        root: Path | str,
        split: str = "train",
        on_error: str = "skip",
        accessories: bool = False,
        negatives: bool = False,
    ) -> None:
        if on_error not in ("skip", "raise"):
            raise ValueError(f"on_error: expected 'skip' or 'raise', got {on_error!r}")
        self.root, self.split, self.on_error = Path(root), split, on_error
        self.folder, self.accessories, self.negatives = self.root / split, accessories, negatives
        self.problems: list[str] = []
        self.report: Counter[str] = Counter()
        self.names = annotation_names(self.root, split)
        self._told: set[str] = set()

    @property
    def first_fault(self) -> str:
        """The first line of ``problems``, for a message."""
        return self.problems[0] if self.problems else "none"

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Record:
        """Read record ``index``; ``DatasetError`` if the record itself is unusable."""
        record = read_record(self.annotation(index), self.fault)
        return record if self.accessories else record.garments_only()

    def annotation(self, index: int) -> Path:
        """Return the path of annotation ``index``."""
        return self.folder / "annos" / f"{self.names[index]}.json"

    @property
    def annotations(self) -> list[Path]:
        """The paths of all annotations, made anew at every call: the names alone take a tenth of the memory."""
        return [self.annotation(index) for index in range(len(self))]

    def usable(self, index: int) -> Record:
        """Read record ``index``; ``DatasetError`` also when it holds no usable garment (nor accessory, if wanted)."""
        record = read_record(self.annotation(index), self.fault)
        if not record.items and not (self.negatives and record.complete):
            raise DatasetError(f"{self.annotation(index)}: a photo without garments", "photo without garments")
        return record if self.accessories else record.garments_only()

    def records(self, limit: int | None = None) -> Iterator[Record]:
        """Yield every usable record, or those of ``limit`` annotations spread evenly over the split.

        Faults are collected in ``problems`` and ``report``, or raised, as ``on_error`` says.
        """
        for index in spread(len(self), limit):
            try:
                record = self.usable(index)
            except DatasetError as error:
                self.fault(error)
            else:
                if record.items or self.negatives:  # else it shows accessories alone
                    yield record

    def check(self) -> dict:
        """Read every annotation and return the counts: annotations, usable photos, garments, faults by kind."""
        garments = [len(record.items) for record in self.records()]
        faults = dict(self.report.most_common())
        return {"annotations": len(self), "usable_photos": len(garments), "garments": sum(garments), "faults": faults}

    def fault(self, error: DatasetError) -> None:
        """Count ``error`` and keep its line, once however often it is met; or raise it, as ``on_error`` says."""
        if self.on_error == "raise":
            raise error
        if str(error) not in self._told:
            self._told.add(str(error))
            self.problems.append(str(error))
            self.report[error.kind] += 1


def annotation_names(root: Path | str, split: str) -> np.ndarray:
    """Return the sorted names, without ``.json``, of all annotations of a split, as a NumPy array of str: (N,).

    So 190 000 of them take 5 MB.  Hidden files are left out.  ``DatasetError`` when there is none.
    """
    annos = Path(root) / split / "annos"
    if not annos.is_dir():
        raise DatasetError(f"{annos} is not a folder: give the folder that holds {split}/image and {split}/annos")
    names = sorted(n[: -len(".json")] for n in os.listdir(annos) if n.endswith(".json") and not n.startswith("."))
    if not names:
        raise DatasetError(f"{annos} holds no .json annotation: put one for each photo there, 000001.json …")
    return np.array(names)


def spread(count: int, limit: int | None) -> list[int]:
    """Return at most ``limit`` indices spread evenly over ``range(count)``; all when ``None``.

    >>> spread(10, 3)
    [0, 3, 6]
    """
    if limit is None or limit >= count:
        return list(range(count))
    return [index * count // limit for index in range(limit)]
