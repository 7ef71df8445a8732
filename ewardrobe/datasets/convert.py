"""Convert a data set in DeepFashion2's layout to COCO or YOLO: in parallel, resumable, in flat memory.

The photos are cut into parts of 128, in the order of their names.  Each part is one file in ``OUT/.convert``: a line
of JSON, ``{"photos", "garments", "problems"}``, and for COCO a line for each image, then one for each annotation.  It
appears whole or not at all, so a conversion that was interrupted finds there what is done already.  At the end the
parts are put together in order: the result has the same bytes however often it was interrupted, with any workers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from tqdm import tqdm

from ewardrobe.core import atomic
from ewardrobe.datasets import coco, yolo
from ewardrobe.datasets.deepfashion2 import DeepFashion2, annotation_names
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.pool import chunks, in_order
from ewardrobe.datasets.records import DatasetError, Record, landmark_count, read_record
from ewardrobe.datasets.subsample import subset

FORMATS = ("coco", "yolo")
IMAGES = ("link", "copy", "none")
SPLITS = ("train", "validation")
PART_SIZE = 128
REPORT, STATE, PROBLEMS = "conversion.json", ".convert", "problems.txt"


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


def convert(conversion: Conversion, workers: int = 1, progress: bool = False) -> dict:
    """Convert and return ``{"plan", "splits": {split: {"annotations", "photos", "garments", "faults"}}}``.

    The same is written to ``OUT/conversion.json``, the faults to ``OUT/problems.txt``.  Called again after an
    interruption it goes on; called again after the end it returns the report.  ``DatasetError``: bad arguments, a
    folder that holds something else, no usable photo, a full disk.
    """
    c = _checked(conversion)
    names = {split: _chosen_names(c, split, workers) for split in c.splits}
    plan = _plan(c, names)
    if (report := _open_folder(c.out, plan)) is not None:
        return report
    state = c.out / STATE
    try:
        with FileLock(state / "lock", timeout=0):
            for folder in (state, *state.iterdir(), c.out, c.out / "annotations"):
                atomic.remove_leftovers(folder)
            report = _run(c, names, plan, workers, progress)
    except Timeout:
        text = f"{c.out}: another conversion is writing there: wait for it or choose another folder"
        raise DatasetError(text) from None
    except OSError as error:
        text = f"{c.out}: {error.strerror or error}; make room, then give the same command again: it goes on from here"
        raise DatasetError(text, "not writable") from error
    shutil.rmtree(state, ignore_errors=True)
    return report


def _run(c: Conversion, names: dict[str, np.ndarray], plan: dict, workers: int, progress: bool) -> dict:
    if c.format == "coco":
        _check_numbers(c, names)
    parts = {split: _parts(c, split, names[split].tolist()) for split in c.splits}
    everything = [part for split in parts.values() for part in split]
    _make_folders(c)
    _work(everything, workers, progress)
    report = {"plan": plan, "splits": {split: _totals(parts[split]) for split in c.splits}}
    if not any(split["photos"] for split in report["splits"].values()):
        first = next(_problems(everything), "no annotation")
        shutil.rmtree(c.out / STATE, ignore_errors=True)  # so that the data can be repaired and converted anew
        for name in ("images", "labels", "annotations"):
            for folder in (*(c.out / name).glob("*"), c.out / name):
                with contextlib.suppress(OSError):
                    folder.rmdir()
        raise DatasetError(f"{c.source}: not one usable photo; the first fault: {first}")
    _finish(c, parts, report)
    return report


def _finish(c: Conversion, parts: dict[str, list[ConversionPart]], report: dict) -> None:
    """Put the parts together; the report comes last, since it says that all is there."""
    if c.format == "coco":
        for split, group in parts.items():
            ends = [(part.file, 1 + _summary(part)["photos"]) for part in group]
            images = (line for file, end in ends for line in _lines(file, 1, end))
            annotations = (line for file, end in ends for line in _lines(file, end, None))
            coco.stream_coco(c.out / "annotations" / f"instances_{split}.json", images, annotations)
    else:
        splits = [split for split, counts in report["splits"].items() if counts["photos"]]
        atomic.write_bytes(c.out / "data.yaml", yolo.data_yaml(splits).encode())
    if any(split["faults"] for split in report["splits"].values()):
        with atomic.writing(c.out / PROBLEMS) as file:
            file.writelines(f"{text}\n".encode() for group in parts.values() for text in _problems(group))
    atomic.write_bytes(c.out / REPORT, f"{json.dumps(report, indent=1)}\n".encode())


def _checked(c: Conversion) -> Conversion:
    """Return ``c`` with the defaults filled in and the folders absolute."""
    for field, value, known in (("format", c.format, FORMATS), ("segmentation", c.segmentation, coco.SEGMENTATIONS)):
        if value not in known:
            raise DatasetError(f"unknown {field} {value!r}: expected one of {', '.join(known)}")
    if c.balance and c.fraction is None and c.max_images is None:
        raise DatasetError("--balance chooses a part of the photos: say how many by --fraction or --max-images")
    images = c.images or ("link" if c.format == "yolo" else "none")
    if images not in IMAGES or (c.format == "yolo" and images == "none"):
        raise DatasetError(f"images {images!r}: expected link or copy, or for COCO none")
    source = Path(c.source).resolve()
    splits = tuple(dict.fromkeys(c.splits)) or tuple(s for s in SPLITS if (source / s / "annos").is_dir())
    if not splits:
        raise DatasetError(f"{source}: neither train/annos nor validation/annos there: give DeepFashion2's folder")
    return replace(c, source=source, out=Path(c.out).resolve(), images=images, splits=splits)


def _chosen_names(c: Conversion, split: str, workers: int) -> np.ndarray:
    try:
        if c.balance:
            data = DeepFashion2(c.source, split, accessories=True)
            index = read_index(data, workers)
            return data.names[index.positions[subset(index.present, c.fraction, c.max_images, True, c.seed)]]
        names = annotation_names(c.source, split)
        return names[subset(np.zeros((len(names), 0), bool), c.fraction, c.max_images, False, c.seed)]
    except DatasetError:
        raise
    except ValueError as error:
        raise DatasetError(str(error)) from error


def _plan(c: Conversion, names: dict[str, np.ndarray]) -> dict:
    """Return what makes two conversions the same, as JSON knows it."""
    fields = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(c).items() if key != "out"}
    hashes = {split: hashlib.sha256("\n".join(n.tolist()).encode()).hexdigest() for split, n in names.items()}
    return json.loads(json.dumps(fields | {"names_sha256": hashes, "part_size": PART_SIZE}))


def _open_folder(out: Path, plan: dict) -> dict | None:
    """Make ``out`` ready for ``plan``, or return the report if the plan was carried out there already."""
    if out.exists() and not out.is_dir():
        raise DatasetError(f"{out} is a file: give a folder")
    plan_file = out / STATE / "plan.json"
    try:
        if (out / REPORT).is_file():
            report = json.loads((out / REPORT).read_text(encoding="utf-8"))
            _check_same(out, report["plan"], plan)
            return report
        if plan_file.is_file():
            _check_same(out, json.loads(plan_file.read_text(encoding="utf-8")), plan)
        elif out.is_dir() and any(path.name != STATE for path in out.iterdir()):
            raise DatasetError(f"{out} holds other files: give a new or an empty folder")
        else:
            plan_file.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_bytes(plan_file, json.dumps(plan).encode())
    except OSError as error:
        raise DatasetError(f"{out}: {error.strerror or error}: give a folder that can be written") from error
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{out} holds a damaged conversion ({error}): remove the folder or give another") from error
    return None


def _check_same(out: Path, old: dict, new: dict) -> None:
    differing = "; ".join(f"{key} {old.get(key)!r}, now {v!r}" for key, v in new.items() if old.get(key) != v)
    if differing:
        raise DatasetError(f"{out} holds another conversion ({differing}): give another folder or remove this one")


def _make_folders(c: Conversion) -> None:
    wanted = [c.out / STATE / split for split in c.splits]
    wanted += [c.out / "images" / split for split in c.splits if c.images != "none"]
    wanted += [c.out / "labels" / split for split in c.splits] if c.format == "yolo" else [c.out / "annotations"]
    for folder in wanted:
        folder.mkdir(parents=True, exist_ok=True)


def _parts(c: Conversion, split: str, names: list[str]) -> list[ConversionPart]:
    folder, pieces = c.out / STATE / split, chunks(names, PART_SIZE)
    return [ConversionPart(c, split, tuple(p), folder / f"{number:06d}.part") for number, p in enumerate(pieces)]


def _work(parts: list[ConversionPart], workers: int, progress: bool) -> None:
    waiting = [part for part in parts if not part.is_done()]
    total, left = (sum(len(part.names) for part in group) for group in (parts, waiting))
    with tqdm(total=total, initial=total - left, unit=" photos", disable=not progress, smoothing=0.1) as bar:
        for count in in_order(
            convert_part, waiting, min(workers, left // PART_SIZE)
        ):  # a process takes seconds to start
            bar.update(count)


def _totals(parts: list[ConversionPart]) -> dict:
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for part in parts:
        summary = _summary(part)
        counts.update({"annotations": len(part.names), "photos": summary["photos"], "garments": summary["garments"]})
        faults.update(kind for kind, _ in summary["problems"])
    return {**counts, "faults": dict(sorted(faults.items()))}


def _problems(parts: list[ConversionPart]) -> Iterator[str]:
    for part in parts:
        yield from (text for _, text in _summary(part)["problems"])


def _check_numbers(c: Conversion, names: dict[str, np.ndarray]) -> None:
    """``DatasetError`` when two photos of a split have one number: COCO knows a photo by it."""
    for split, group in names.items():
        numbers: dict[int, str] = {}
        for name in group.tolist():
            try:
                number = int(name)
            except ValueError:  # a name that is no number is told when the photo is read
                continue
            if (first := numbers.setdefault(number, name)) != name:
                raise DatasetError(f"{c.source / split}: {first} and {name} are the same number: rename one")


def convert_part(part: ConversionPart) -> int:
    """Do the work of ``part`` and return its number of annotations; ``OSError`` when it cannot be written."""
    c, problems, lines = part.conversion, [], []
    records = list(_usable_records(part, lambda error: problems.append((error.kind, str(error)))))
    for record in records:
        path = record.image_path
        if c.images != "none":
            yolo.put_image(path, c.out / "images" / part.split / path.name, c.images)
        if c.format == "yolo":
            (c.out / "labels" / part.split / f"{path.stem}.txt").write_bytes(yolo.label_text(record).encode())
    if c.format == "coco":
        lines = [coco.image_entry(r) for r in records]
        lines += [coco.annotation_entry(r, item, c.segmentation) for r in records for item in r.items]
    garments = sum(len(record.items) for record in records)
    summary = {"photos": len(records), "garments": garments, "problems": problems}
    text = "".join(f"{coco.dump(line)}\n" for line in (summary, *lines))
    atomic.write_bytes(part.file, text.encode(), durable=False)
    return len(part.names)


def _usable_records(part: ConversionPart, fault) -> Iterator[Record]:
    for path in part.annotations:
        try:
            record = read_record(path, fault)
            if not record.items and not record.complete:
                raise DatasetError(f"{path}: no garment annotated, and not complete", "no usable garment")
        except DatasetError as error:
            fault(error)
            continue
        for item in record.items:
            expected = landmark_count(item.category_id)
            if item.landmarks is not None and len(item.landmarks) != expected:
                text = f"{path}: {item.key}: {len(item.landmarks)} landmarks left out: expected {expected}"
                fault(DatasetError(text, "landmarks of another number"))
        yield record


def _lines(file: Path, start: int, stop: int | None) -> Iterator[str]:
    """Yield the lines of a part's file: 0 is the summary, then come the photos, then the annotations."""
    with open(file, encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in islice(lines, start, stop))


def _summary(part: ConversionPart) -> dict:
    return json.loads(next(_lines(part.file, 0, 1)))
