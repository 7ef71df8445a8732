"""Which files of a folder are photos: their content decides, and what is passed over is named."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ewardrobe.core.images import ImageError, known_head
from ewardrobe.core.process import typed_path
from ewardrobe.core.tiff_pages import RAW_SUFFIXES

PHOTO_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif", ".gif", ".bmp"),
    *(".tif", ".tiff", ".dng"),
)
"""Endings of files that are taken for photos whatever is in them: reading tells what is wrong with a damaged one."""

_VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".3gp", ".mts", ".mpg", ".mpeg")
_NOT_FOLDERS = {
    **dict.fromkeys(("@eadir", "#snapshot", "@recently-snapshot", "@syno"), "a network drive's own files"),
    **dict.fromkeys(("#recycle", "@recycle", "$recycle.bin", "recycler"), "a recycle bin"),
    **dict.fromkeys(("system volume information", "lost+found", "__macosx"), "the system's own files"),
}
_SYSTEM_FILES = ("thumbs.db", "desktop.ini", "ehthumbs.db")
_HEAD_BYTES = 32
_TOLD_AT_MOST = 20


@dataclass
class PhotoFolder:
    """The photos of one folder or more, sorted by path; passed_over: other files and folders, and why."""

    photos: list[Path] = field(default_factory=list)
    passed_over: dict[Path, str] = field(default_factory=dict)

    @property
    def remarks(self) -> list[str]:
        """What was passed over, a line each, of many the first."""
        lines = [f"{path}: passed over, {why}" for path, why in self.passed_over.items()]
        more = len(lines) - _TOLD_AT_MOST
        return [*lines[:_TOLD_AT_MOST], *([f"… and {more} more were passed over"] if more > 0 else [])]


def not_a_photo(name: str, head: bytes = b"") -> str | None:
    """Return why a file is no photo, ``None`` for one; head: its first 32 bytes."""
    suffix = os.path.splitext(name)[1].lower()
    if suffix in PHOTO_SUFFIXES or known_head(head):
        return None
    if suffix in RAW_SUFFIXES:
        return "a raw photo: export it as JPEG"
    return "a video" if suffix in _VIDEO_SUFFIXES else "no picture"


def system_folder(name: str) -> str | None:
    """Return what a folder of this name is, if it is one that holds no photos of the owner's.

    >>> system_folder("@eaDir"), system_folder("2026")
    ("a network drive's own files", None)
    """
    return _NOT_FOLDERS.get(name.casefold())


def look_through(folder: Path | str) -> PhotoFolder:
    """Return the photos in ``folder`` and below.

    Hidden files are left out without a word; a folder that is linked is looked through once.  Raises ``ImageError``
    when ``folder`` is not a readable folder.
    """
    folder, found = Path(folder), PhotoFolder()
    if not os.path.isdir(folder):
        raise ImageError(f"{folder}: no such folder; give a folder of photos, or the photo itself")
    try:
        os.listdir(folder)
    except OSError as error:
        raise ImageError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from None
    seen: set[tuple[int, int]] = set()
    for path in _files(folder, seen, found):
        why = _why_not(path)
        if why is None:
            found.photos.append(path)
        else:
            found.passed_over[path] = why
    found.photos.sort()
    found.passed_over = dict(sorted(found.passed_over.items()))
    return found


def folder_photos(folder: Path | str) -> PhotoFolder:
    """Return what ``look_through`` finds in ``folder``, which somebody typed: ``~`` is understood.

    Raises ``ImageError`` when none is named, it cannot be read, or there is no photo in it.
    """
    text = str(folder).strip()
    if not text:
        raise ImageError("No folder was named; type the path of one, such as ~/Pictures")
    found = look_through(path := typed_path(text))
    if not found.photos:
        raise ImageError(f"{path}: no photo in it or below; {endings(found)}")
    return found


def endings(found: PhotoFolder) -> str:
    """Return the rest of a message that there is no photo: what pictures are called, and what was passed over."""
    told = "; ".join(found.remarks[:3])
    return f"pictures end in {', '.join(PHOTO_SUFFIXES)}" + (f" ({told})" if told else "")


def _files(folder: Path, seen: set[tuple[int, int]], found: PhotoFolder) -> Iterator[Path]:
    """Yield the files in and below ``folder``; what cannot be entered goes to ``found.passed_over``."""
    try:
        state = folder.stat()
        entries = sorted(folder.iterdir())
    except OSError as error:
        found.passed_over[folder] = f"it cannot be read ({error.strerror})"
        return
    if (state.st_dev, state.st_ino) in seen:
        found.passed_over[folder] = "linked, and looked through already"
        return
    seen.add((state.st_dev, state.st_ino))
    for path in entries:
        if path.name.startswith(".") or path.name.casefold() in _SYSTEM_FILES:
            continue
        if not path.is_dir():
            yield path
        elif why := system_folder(path.name):
            found.passed_over[path] = why
        else:
            yield from _files(path, seen, found)


def _why_not(path: Path) -> str | None:
    if not path.is_file():
        return "it is a link to nothing, or no file"
    if (why := not_a_photo(path.name)) is None:
        return None
    try:
        with path.open("rb") as file:
            return not_a_photo(path.name, file.read(_HEAD_BYTES))
    except OSError as error:
        return f"it cannot be read ({error.strerror})" if why == "no picture" else why
