"""A data set without its photos in one file, and the whole set again from the collections that its photos come from.

The archive is a ``.tar.xz`` with the set's files under their own names, ``sources.csv`` first.  It holds no photo, and
for a label map ``SPLIT/parsing/NAME.png`` it holds ``NAME.rows``, see ``map_to_rows``.  ``sources.csv`` has a row for
each photo: ``split,image,collection,file,sha256``.  The photo ``split/image/IMAGE`` is ``file`` of the collection, byte
for byte.
"""

from __future__ import annotations

import csv
import io
import lzma
import os
import shutil
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from tqdm import tqdm

from ewardrobe.core import atomic
from ewardrobe.core.checksum import sha256_of
from ewardrobe.core.images import png_bytes
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.records import DatasetError, Record, read_parsing

SOURCES, ROWS, TABLES = "sources.csv", ".rows", (".csv", ".json")
COLUMNS = ["split", "image", "collection", "file", "sha256"]
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lp": 1}]
"""``lp``: the gaps of label maps have two bytes."""
LONGEST_GAP = 0xFFFF
SHOWN = 3


@dataclass(frozen=True)
class Collection:
    """A public collection of photos: a clone on this machine, its address, the commit that was annotated."""

    folder: Path
    url: str
    commit: str


def map_to_rows(labels: np.ndarray) -> bytes:
    """Return a label map, (H, W) uint8 with sides below 65536, as bytes that hold what changes from row to row.

    Every pixel is XORed with the one above it, and those that are not 0 are kept, from left to right and from the top.
    H and W; for each kept pixel how many lie between it and the one before; then the kept values.  All numbers are
    uint16, little-endian, the values uint8.  Every 65536th pixel is kept whatever it is, so that each gap has room.
    """
    changes = labels.copy()
    changes[1:] ^= labels[:-1]
    changes = changes.ravel()
    kept = changes != 0
    kept[LONGEST_GAP :: LONGEST_GAP + 1] = True
    places = np.flatnonzero(kept)
    gaps = np.diff(places, prepend=-1) - 1
    return np.array([*labels.shape, *gaps], "<u2").tobytes() + changes[places].tobytes()


def rows_to_map(data: bytes) -> np.ndarray:
    """Return the (H, W) uint8 label map that ``map_to_rows`` wrote."""
    count = (len(data) - 4) // 3
    height, width, *gaps = np.frombuffer(data, "<u2", 2 + count).tolist()
    changes = np.zeros(height * width, np.uint8)
    changes[np.cumsum(gaps, dtype=np.int64) + np.arange(count)] = np.frombuffer(data[4 + 2 * count :], np.uint8)
    return np.bitwise_xor.accumulate(changes.reshape(height, width), axis=0)


def pack(root: Path, archive: Path) -> Counter[str]:
    """Write the data set ``root`` without its photos to ``archive`` and return the number of photos of each split.

    The same set gives the same bytes.  ``DatasetError``: a photo that ``sources.csv`` does not name, or names with
    another checksum, a faulty annotation or label map, a file that belongs to no photo and is no table.
    """
    try:
        rows = _read_sources((root / SOURCES).read_bytes(), root / SOURCES)
        _check_photos(root, rows)
        records = [record for split in dict.fromkeys(row["split"] for row in rows) for record in _records(root, split)]
        archive.parent.mkdir(parents=True, exist_ok=True)
        with (
            atomic.writing(archive) as file,
            lzma.open(file, "w", filters=FILTERS) as stream,
            tarfile.open(fileobj=stream, mode="w") as tar,
        ):
            for name, content in _packed(root, records):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    except OSError as error:
        raise DatasetError(f"{error.filename or archive}: {error.strerror or error}; {archive} was not made") from error
    return Counter(row["split"] for row in rows)


def build(archive: Path, collections: Mapping[str, Collection], out: Path) -> Counter[str]:
    """Make the data set of ``archive`` in ``out`` and return the number of photos of each split.

    Photos are hard links to those of ``collections`` where the disk allows it, else copies.  ``out`` appears when all
    is there.  A set that is there already is compared with what would be made.  ``DatasetError``: photos that are
    missing or not the annotated files, an ``out`` that holds anything else, a damaged archive, a full disk.
    """
    out = Path(out).resolve()
    photos = _source_photos(archive, collections)
    contents = _contents(archive, photos)
    try:
        if out.is_file():
            raise DatasetError(f"{out} is a file: give a folder")
        if out.is_dir() and any(out.iterdir()):
            _check_same(out, contents)
        else:
            _write(out, contents)
    except OSError as error:
        text = f"{out} was not made: {error.strerror or error}; make room, or give a folder that can be written"
        raise DatasetError(text, "not writable") from error
    return Counter(PurePosixPath(name).parts[0] for name in photos)


def _records(root: Path, split: str) -> Iterator[Record]:
    data = DeepFashion2(root, split, on_error="raise", accessories=True)
    yield from (data[index] for index in range(len(data)))


def _check_photos(root: Path, rows: list[dict[str, str]]) -> None:
    """``DatasetError`` unless the photos of ``root`` are those of its table of sources."""
    named = {f"{row['split']}/image/{row['image']}": row["sha256"] for row in rows}
    there = {path.relative_to(root).as_posix() for path in _visible(root) if path.parent.name == "image"}
    wrong = {name for name in there & named.keys() if sha256_of(root / name) != named[name]}
    for names, what in (
        (there - named.keys(), "photos that the table does not name"),
        (named.keys() - there, "missing photos"),
        (wrong, "photos with another checksum"),
    ):
        if names:
            raise DatasetError(f"{root / SOURCES}: {what}: {_first(sorted(names))}: mend the table")


def _packed(root: Path, records: list[Record]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member of the archive: the tables, ``sources.csv`` first, annotations, maps."""
    photos = {record.image_path for record in records}
    annotations = {path.parent.parent / "annos" / f"{path.stem}.json" for path in photos}
    maps = {record.parsing_path: record for record in records if record.parsing_path}
    tables = set(_visible(root)) - photos - annotations - maps.keys()
    for path in tables:
        if path.suffix not in TABLES or path.parent.name in ("image", "annos", "parsing"):
            raise DatasetError(f"{path} belongs to no annotated photo and is no table ({', '.join(TABLES)}): remove it")
    for path in sorted(tables, key=lambda path: (path.name != SOURCES, path)) + sorted(annotations):
        yield path.relative_to(root).as_posix(), path.read_bytes()
    for path, record in tqdm(sorted(maps.items()), unit=" label maps", disable=None):
        labels = read_parsing(path, record.height, record.width)
        yield path.relative_to(root).with_suffix(ROWS).as_posix(), map_to_rows(labels)


def _visible(root: Path) -> Iterator[Path]:
    """Yield the files below ``root`` that are neither hidden nor in a hidden folder."""
    found = (path for path in root.rglob("*") if path.is_file())
    return (path for path in found if not any(part.startswith(".") for part in path.relative_to(root).parts))


def _source_photos(archive: Path, collections: Mapping[str, Collection]) -> dict[str, Path]:
    """Return the source of each photo by its name in the set, once all are known to be there, and the same."""
    rows = _read_sources(next((data for name, data in _members(archive) if name == SOURCES), b""), archive)
    missing: dict[str, list[str]] = {name: [] for name in collections}
    changed: dict[str, list[str]] = {name: [] for name in collections}
    photos = {}
    for row in tqdm(rows, desc="checking", unit=" photos", disable=None):
        path = collections[row["collection"]].folder / row["file"]
        if not path.is_file():
            missing[row["collection"]].append(row["file"])
        elif sha256_of(path) != row["sha256"]:
            changed[row["collection"]].append(row["file"])
        photos[f"{row['split']}/image/{row['image']}"] = path
    faults = [
        f"{c.folder}: {what}: {_first(found[name])}; clone {c.url}, check out {c.commit[:12]} and name that folder"
        for found, what in ((missing, "missing photos"), (changed, "photos that are not the annotated files"))
        for name, c in collections.items()
        if found[name]
    ]
    if faults:
        raise DatasetError("\n".join(faults), "unusable collection")
    return photos


def _read_sources(content: bytes, where: Path) -> list[dict[str, str]]:
    table = csv.DictReader(io.StringIO(content.decode("utf-8", "replace"), newline=""))
    if table.fieldnames != COLUMNS:
        raise DatasetError(f"{where}: expected the table {SOURCES} with the columns {','.join(COLUMNS)}")
    return list(table)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file in the archive."""
    try:
        with tarfile.open(archive, "r:xz") as tar:
            for member in tar:
                if (file := tar.extractfile(member)) is not None:
                    yield member.name, file.read()
    except (OSError, EOFError, lzma.LZMAError, tarfile.TarError) as error:
        raise DatasetError(f"{archive}: missing or damaged ({error}): get the file again") from error


def _contents(archive: Path, photos: dict[str, Path]) -> Iterator[tuple[str, Path | bytes]]:
    """Yield every file of the set: its name, and its bytes or the photo that it is."""
    yield from photos.items()
    for name, data in tqdm(_members(archive), desc="annotations", unit=" files", disable=None):
        if name.endswith(ROWS):
            yield f"{name.removesuffix(ROWS)}.png", png_bytes(rows_to_map(data))
        else:
            yield name, data


def _write(out: Path, contents: Iterable[tuple[str, Path | bytes]]) -> None:
    """Make the folder beside its place, then give it its name."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary) / out.name
        for name, content in contents:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                _link(content, target)
        if out.is_dir():
            out.rmdir()  # it is empty, and Windows would not replace it
        os.rename(folder, out)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another disk, or one that does not link
        shutil.copyfile(source, target)


def _check_same(out: Path, contents: Iterable[tuple[str, Path | bytes]]) -> None:
    for name, content in contents:
        expected = content if isinstance(content, bytes) else content.read_bytes()
        if not (out / name).is_file() or (out / name).read_bytes() != expected:
            state = "differs" if (out / name).is_file() else "is not there"
            raise DatasetError(f"{out} holds something else ({name} {state}): give a new folder, or remove this one")


def _first(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:SHOWN])}{', …' if len(names) > SHOWN else ''})"
