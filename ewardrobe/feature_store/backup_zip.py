"""The whole wardrobe as one ZIP: ``wardrobe.json``, ``outfits.json`` and ``images/``, as in the wardrobe's folder.

What comes in is taken for hostile: names that lead out of the folder, archives that unpack to far more than they are,
and pictures too large to be decoded are refused, and no file that is there is ever written over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from ewardrobe.core import atomic
from ewardrobe.core.images import ImageError, check_picture
from ewardrobe.feature_store import exchange, outfits_json, pictures
from ewardrobe.feature_store.change import now
from ewardrobe.feature_store.document import MAX_BYTES, StoreError
from ewardrobe.feature_store.exchange import Choice, Difference, ImportReport, Progress
from ewardrobe.feature_store.pictures import IMAGES
from ewardrobe.feature_store.trash import TRASH
from ewardrobe.feature_store.wardrobe_json import dump_document, parse_document

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore

DOCUMENT, OUTFITS = "wardrobe.json", "outfits.json"
MAX_PICTURE_BYTES = 200_000_000
MAX_ENTRIES = 500_000
MAX_RATIO = 20
"""Pictures hardly pack any smaller: an archive that unpacks to more than this times its size holds something else."""

MAX_TEXT_RATIO, FREE_TEXT_BYTES = 100, 5_000_000
"""The same for the two files of text, which pack to a tenth, those of many alike garments to a fiftieth."""

FREE_BYTES = 100_000_000
"""Below this unpacked size the ratio is not looked at: the JSON of a wardrobe packs well."""


@dataclass(eq=False)
class Backup:
    """A backup that was read and found harmless; its pictures are read when they are needed.

    entries: names in the archive by the picture's name.  missing: pictures that items name but the archive lacks.
    outfits: the document of ``outfits.json``, ``None`` without.
    """

    archive: zipfile.ZipFile
    document: dict[str, Any]
    entries: dict[str, str]
    missing: list[str] = field(default_factory=list)
    outfits: dict[str, Any] | None = None

    @property
    def items(self) -> list[dict]:
        """The items of the backup."""
        return self.document["items"]

    def picture(self, name: str) -> bytes:
        """Return the content of a picture; ``ImageError`` if it is damaged, no picture or too large."""
        try:
            with self.archive.open(self.entries[name]) as file:
                content = file.read(MAX_PICTURE_BYTES + 1)
        except (KeyError, *ZIP_ERRORS) as error:
            raise ImageError(f"{name}: the backup holds no whole copy ({error})") from None
        check_picture(content, name)
        return content


@dataclass(frozen=True)
class Written:
    """What a backup holds: items, pictures, names of pictures that were not to be found, and of damaged ones.

    tested: the time (ISO 8601, UTC) at which all of it was read back and was what the wardrobe holds.
    """

    items: int
    pictures: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    tested: str


ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, ValueError)


def write_backup(store: FeatureStore, target: Path | BinaryIO, progress: Progress | None = None) -> Written:
    """Write the backup into ``target``: a path, replaced when it is whole, or an open file that can be read too.

    It is read back and compared with the wardrobe, field by field and picture by picture, before it takes the place of
    an older one.  Raises ``StoreError`` when the wardrobe cannot be read or holds nothing, the file cannot be written,
    or what is read back differs.
    """
    try:
        if not isinstance(target, Path):
            return _write_and_prove(store, target, progress)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic.writing(target) as file:
            return _write_and_prove(store, file, progress)
    except OSError as error:
        raise StoreError(f"The backup was not written ({target}): {error.strerror or error}.") from error


def _write_and_prove(store: FeatureStore, file: BinaryIO, progress: Progress | None) -> Written:
    document = store.document()
    if not document["items"]:
        raise StoreError(f"There is no garment in {store.home}: no backup was written. Check the folder.")
    if absent := pictures.absent(store.home, document["items"]):
        raise StoreError(f"No backup was written. {absent}")
    outfits = store.outfits.document() if store.outfits.path.exists() else None
    names = sorted(pictures.picture_names(document["items"]))
    sums: dict[str, bytes] = {}
    steps = _Steps(progress, len(names))
    with zipfile.ZipFile(file, "w") as archive:  # pictures are stored as they are: they are packed already
        archive.writestr(DOCUMENT, dump_document(document), zipfile.ZIP_DEFLATED)
        if outfits is not None:
            archive.writestr(OUTFITS, outfits_json.dump(outfits), zipfile.ZIP_DEFLATED)
        for name in names:
            places = (pictures.safe_path(store.home / folder, name) for folder in (IMAGES, TRASH))
            if path := next((path for path in places if path and path.is_file()), None):
                content = path.read_bytes()
                archive.writestr(f"{IMAGES}/{name}", content)
                sums[name] = hashlib.sha256(content).digest()
            steps.next()
    _prove(file, document, outfits, sums, steps)
    missing = tuple(name for name in names if name not in sums)
    damaged = tuple(name for name in sums if not sums[name].hex().startswith(pictures.hash_in(name) or ""))
    steps.end()
    return Written(len(document["items"]), len(sums), missing, damaged, now())


class _Steps:
    """Counts pictures that are packed, and then read back, and tells ``progress`` of half of that."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def next(self) -> None:
        """One more is packed, or read back."""
        self._done += 1
        if self._progress:
            self._progress(self._done // 2, self._total)

    def end(self) -> None:
        """All is done."""
        if self._progress:
            self._progress(self._total, self._total)


def _prove(
    file: BinaryIO,
    document: Mapping[str, Any],
    outfits: Mapping[str, Any] | None,
    sums: Mapping[str, bytes],
    steps: _Steps,
) -> None:
    """Read a backup back as an import would, and compare it; ``StoreError`` names the first difference."""
    atomic.sync_if_file(file)
    with open_backup(file) as backup:
        if fault := _difference(document, outfits, backup):
            raise StoreError(f"The backup was not kept: read back, {fault}. Check the disk and try again.")
        for name, expected in sums.items():
            if hashlib.sha256(backup.archive.read(backup.entries[name])).digest() != expected:
                raise StoreError(f"The backup was not kept: read back, {name} is another picture. Check the disk.")
            steps.next()
    file.seek(0, os.SEEK_END)


def _difference(document: Mapping[str, Any], outfits: Mapping[str, Any] | None, backup: Backup) -> str | None:
    """Return what of a backup that was read is not as in the wardrobe, in words; ``None`` if all is."""
    if len(backup.items) != len(document["items"]):
        return f"it holds {len(backup.items)} of {len(document['items'])} items"
    for mine, theirs in zip(document["items"], backup.items, strict=True):
        if mine != theirs:
            fields = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
            return f"{', '.join(fields)} of {mine['id']} differ"
    return None if backup.outfits == outfits else "the outfits differ"


@contextlib.contextmanager
def open_backup(source: Path | BinaryIO) -> Iterator[Backup]:
    """Open a backup for a preview and for ``restore``, which writes; ``StoreError`` says why one is refused."""
    name = str(source) if isinstance(source, Path) else str(getattr(source, "name", "the file"))
    with contextlib.ExitStack() as opened:
        try:
            backup = _read(opened.enter_context(zipfile.ZipFile(source)), name)
        except ZIP_ERRORS as error:
            told = error.strerror if isinstance(error, OSError) else None
            what = told or f"it is no ZIP archive, or damaged ({error})"
            raise StoreError(f"{name} was not read: {what}. Choose a backup that was exported here.") from error
        yield backup


def _read(archive: zipfile.ZipFile, name: str) -> Backup:
    _refuse_hostile(archive, name)
    places = {PurePosixPath(entry.filename): entry for entry in archive.infolist() if not entry.is_dir()}
    found = sorted((path.parent for path in places if path.name == DOCUMENT), key=lambda path: len(path.parts))
    if not found or len(found[0].parts) > 1:  # the wardrobe lies at the top, or in one folder that was packed whole
        raise StoreError(f"{name} is no backup of a wardrobe: there is no {DOCUMENT} in it.")
    root = found[0]
    path = Path(name) / DOCUMENT
    document = parse_document(_unpacked(archive, places[root / DOCUMENT], name), path)
    other = places.get(root / OUTFITS)
    outfits = outfits_json.parse(_unpacked(archive, other, name), Path(name) / OUTFITS) if other else None
    entries = {
        path.name: entry.filename
        for path, entry in places.items()
        if path.parent == root / IMAGES and entry.file_size <= MAX_PICTURE_BYTES
    }
    missing = sorted(pictures.picture_names(document["items"]) - entries.keys())
    return Backup(archive, document, entries, missing, outfits)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> bytes:
    if entry.file_size > MAX_BYTES:
        raise StoreError(f"{name} was refused: its {entry.filename} is larger than {MAX_BYTES // 10**6} MB.")
    if entry.file_size > max(FREE_TEXT_BYTES, MAX_TEXT_RATIO * entry.compress_size):
        raise StoreError(f"{name} was refused: its {entry.filename} unpacks to far more than it holds, as a bomb does.")
    return archive.read(entry)


def _refuse_hostile(archive: zipfile.ZipFile, name: str) -> None:
    entries = archive.infolist()
    unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    assert archive.fp is not None, "the archive is open"
    size = archive.fp.seek(0, os.SEEK_END)
    if len(entries) > MAX_ENTRIES:
        raise StoreError(f"{name} was refused: {len(entries)} files are more than a wardrobe has.")
    if packed > size or unpacked > max(FREE_BYTES, MAX_RATIO * size):
        raise StoreError(
            f"{name} was refused: {size / 10**6:.1f} MB that unpack to {unpacked / 10**6:.0f} MB are no backup of ours."
        )
    for entry in entries:
        if what := hostile(entry):
            raise StoreError(f"{name} was refused: its entry {entry.filename!r} {what}. Choose another file.")


def hostile(entry: zipfile.ZipInfo) -> str | None:
    """Return what an entry of an archive does that none of ours does, in words; ``None`` if it is harmless."""
    path = entry.filename.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or path[1:2] == ":":
        return "leads out of the ZIP file"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    return "is encrypted" if entry.flag_bits & 1 else None


def restore(
    store: FeatureStore,
    backup: Backup,
    choose: Choice = "theirs",
    *,
    remove_others: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Take over the items of ``backup`` with their pictures, and its outfits; see ``exchange.take_over``.

    A picture that is missing or refused leaves its field empty and is told of in ``problems``; all else is taken.  What
    was there before is kept as ``wardrobe.replaced-<time>.json``; where the check of what came fails, all is put back.
    """
    mine = store.items()
    differences = exchange.compare(mine, backup.items)
    taken = [difference for difference in differences if exchange.is_taken(difference, choose)]
    renamed, problems = _bring_pictures(store, backup, [difference.item for difference in taken], progress)
    for difference in taken:
        _rename_pictures(difference, renamed)
    differences = exchange.compare(mine, [difference.item for difference in differences])
    with store.restore_point(), store.outfits.restore_point():
        result = exchange.take_over(store, differences, choose, remove_others=remove_others, what="imported")
        if backup.outfits:
            result.outfits = store.outfits.merge(backup.outfits, replace=choose != "mine")
        _check_restored(store, differences, choose, renamed.values())
    result.problems = problems
    return result


def _check_restored(store: FeatureStore, differences: list[Difference], choose: Choice, names: Iterable[str]) -> None:
    """Raise ``StoreError`` unless each item that was taken is in the wardrobe as it came, and each picture in names."""
    present = {item["id"]: item for item in store.items()}
    for came in differences:
        item = present.get(came.id)
        left = exchange.compare([item] if item else [], [came.item])[0]
        if left.status == "new" or (choose == "theirs" and left.fields.keys() & came.fields.keys() - {"source"}):
            raise StoreError(f"{came.name} did not come as it is in the backup; all was put back as it was.")
    if lost := [name for name in names if not ((path := store.picture(name)) and path.is_file())]:
        raise StoreError(f"The picture {lost[0]} did not come; all was put back as it was.")


def _rename_pictures(difference: Difference, renamed: Mapping[str, str]) -> None:
    """Let an item name its pictures as they lie in the wardrobe; one that did not come leaves mine in place."""
    item = difference.item
    for name in pictures.IMAGE_FIELDS:
        if item.get(name) and item[name] not in renamed:
            item[name] = None if difference.status == "new" else difference.fields.get(name, (item[name],))[0]
        elif item.get(name):
            item[name] = renamed[item[name]]
    for name in pictures.IMAGE_LISTS:
        if item.get(name):
            item[name] = [renamed[part] for part in item[name] if part in renamed]


def _bring_pictures(
    store: FeatureStore, backup: Backup, items: list[dict], progress: Progress | None
) -> tuple[dict[str, str], list[str]]:
    """Write the pictures of ``items``; returns names in the wardrobe by names in the backup, and what went wrong.

    One that is there is left, unless its name says that it is damaged or belongs to another program.
    """
    roles = dict.fromkeys(sorted(pictures.picture_names(items)), "image")
    roles |= {item[name]: name for item in items for name in pictures.IMAGE_FIELDS if item.get(name)}
    renamed: dict[str, str] = {}
    problems: list[str] = []
    for number, (name, role) in enumerate(roles.items(), 1):
        path = store.picture(name)
        if path is not None and pictures.hash_in(name) and pictures.is_as_named(path):
            renamed[name] = name
        else:
            try:
                renamed[name] = store.keep_picture(*pictures.named(role, backup.picture(name)))
            except ImageError as error:
                if path is not None and path.exists():
                    renamed[name] = name
                else:
                    problems.append(str(error))
        if progress:
            progress(number, len(roles))
    return renamed, problems
