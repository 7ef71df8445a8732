"""Where many photos come from: a folder of this machine, or a ZIP file that is looked at before anything is taken."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from ewardrobe.core.images import ImageError
from ewardrobe.core.photo_folder import PhotoFolder, endings, not_a_photo, system_folder
from ewardrobe.feature_store.backup_zip import ZIP_ERRORS, hostile
from ewardrobe.garments.digitize import read_photo
from ewardrobe.garments.draft import Photo

MAX_FILES = 10_000
MAX_FILE_BYTES = 200_000_000
"""Largest photo in a ZIP file; a raw 100 megapixel TIFF has 300 MB, and no phone makes one."""

MAX_TOTAL_BYTES = 20_000_000_000
MAX_RATIO = 200
"""Photos hardly shrink in a ZIP file, drawings to a twentieth; what shrinks more than this is a bomb."""

MAX_TOTAL_RATIO, FREE_BYTES = 20, 50_000_000
"""The same for all photos together, which no single one of them reaches; up to this size it is not looked at."""

RATIO_BYTES = 5_000_000
"""Below this size a high ratio does no harm: a small white picture."""


def read_photos(paths: Iterable[Path]) -> Iterator[Photo | ImageError]:
    """Yield each photo with its file's name, or why it cannot be read: one bad file does not stop the others."""
    for path in paths:
        try:
            yield Photo(path.name, read_photo(path).data)
        except ImageError as error:
            yield error


class PhotoZip(AbstractContextManager):
    """The photos in a ZIP file, checked when it is opened; ``with`` closes it.

    found: what else is in it, and is never unpacked, under ``passed_over``.  Raises ``ImageError`` for what is no ZIP
    file or has no photo in it, and where a photo leads out of the folder (``../``, an absolute path, a link), is
    encrypted, or unpacks to far more than it holds.
    """

    def __init__(self, file: BinaryIO | Path | str, name: str) -> None:
        self.name = name
        try:
            self._zip = zipfile.ZipFile(file)
        except ZIP_ERRORS as error:
            raise ImageError(f"{name}: not a ZIP file, or damaged ({error}); pack or copy it again") from None
        try:
            self._members, self.found = _photos_of(self._zip, name)
        except BaseException:
            self._zip.close()
            raise

    def __len__(self) -> int:
        return len(self._members)

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def photos(self) -> Iterator[Photo | ImageError]:
        """Yield each photo, or why it cannot be unpacked; no more is unpacked than the ZIP file said."""
        for member in self._members:
            name = _parts(member)[-1]
            try:
                with self._zip.open(member) as file:
                    data = file.read(member.file_size + 1)
            except ZIP_ERRORS as error:
                yield ImageError(f"{name} in {self.name}: cannot be unpacked ({error}); pack it again")
                continue
            if len(data) > member.file_size:
                yield ImageError(f"{name} in {self.name}: larger than the ZIP file says; pack it again")
            else:
                yield Photo(name, data)


def _photos_of(archive: zipfile.ZipFile, name: str) -> tuple[list[zipfile.ZipInfo], PhotoFolder]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise ImageError(f"{name}: {len(members)} files, the limit is {MAX_FILES}; pack fewer at a time")
    photos, found = [], PhotoFolder()
    for member in members:
        if any(part.startswith(".") for part in _parts(member)):
            continue
        if why := _why_not(archive, member):
            found.passed_over[Path(name) / "/".join(_parts(member))] = why
        elif fault := _fault(member):
            raise ImageError(f"{name}: refused, since {member.filename!r} {fault}; nothing was taken from it")
        else:
            photos.append(member)
    if sum(member.file_size for member in photos) > MAX_TOTAL_BYTES:
        raise ImageError(f"{name}: unpacks to more than {MAX_TOTAL_BYTES // 10**9} GB; pack fewer photos at a time")
    unpacked, packed = (sum(getattr(one, size) for one in photos) for size in ("file_size", "compress_size"))
    if unpacked > max(FREE_BYTES, MAX_TOTAL_RATIO * packed):
        sizes = f"{packed / 1e6:.1f} MB that unpack to {unpacked / 1e6:.0f} MB"
        raise ImageError(f"{name}: refused, since {sizes} are no photos; nothing was taken from it")
    if not photos:
        raise ImageError(f"{name}: no photo in it; {endings(found)}")
    return photos, found


def _why_not(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str | None:
    """Return why a member is no photo to take; only its head is unpacked, and only where its name tells nothing."""
    *folders, name = _parts(member)
    if system := next(filter(None, map(system_folder, folders)), None):
        return system
    why = not_a_photo(name)
    if why == "no picture":
        with contextlib.suppress(*ZIP_ERRORS), archive.open(member) as file:
            why = not_a_photo(name, file.read(32))
    if why is None and member.file_size > MAX_FILE_BYTES:
        return f"it unpacks to more than {MAX_FILE_BYTES // 10**6} MB"
    return why


def _fault(member: zipfile.ZipInfo) -> str | None:
    if member.file_size > max(RATIO_BYTES, MAX_RATIO * member.compress_size):
        return "unpacks to far more than it holds, as a ZIP bomb does"
    return hostile(member)


def _parts(member: zipfile.ZipInfo) -> list[str]:
    """Return the folders and the name of a member; Windows writes backslashes."""
    return [part for part in member.filename.replace("\\", "/").split("/") if part not in ("", ".", "..")] or ["?"]
