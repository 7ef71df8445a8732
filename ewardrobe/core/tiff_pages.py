"""The photo in a file of several pictures: a TIFF of thumbnail and photo, a raw photo with its preview."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from typing import BinaryIO

from PIL import Image

RAW_SUFFIXES = (".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")
SMALLEST_PREVIEW = 640
"""Pixels of the long side below which a raw photo's preview is a thumbnail, no photo."""

_MAX_PAGES = 50
_DNG_VERSION, _SUBFILE, _REDUCED_OR_MASK = 50706, 254, 5
_START_OF_JPEG = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_MAX_RAW_BYTES, _HEAD = 300_000_000, 2**20


def go_to_photo(picture: Image.Image) -> None:
    """Turn an opened TIFF to its photo: the largest page that is neither a thumbnail nor a mask, the first of equals.

    Pages that cannot be read are passed over.
    """
    sizes: dict[int, tuple[bool, int, int]] = {}
    for page in range(min(getattr(picture, "n_frames", 1), _MAX_PAGES)):
        with suppress(Exception):  # whatever Pillow makes of a damaged page
            picture.seek(page)
            whole = not int(picture.tag_v2.get(_SUBFILE, 0)) & _REDUCED_OR_MASK  # type: ignore[attr-defined]
            sizes[page] = whole, picture.width * picture.height, -page
    picture.seek(max(sizes, key=sizes.__getitem__, default=0))


def is_raw(picture: Image.Image) -> bool:
    """Tell whether an opened TIFF is a raw photo in Adobe's DNG."""
    return picture.format == "TIFF" and _DNG_VERSION in picture.tag_v2  # type: ignore[attr-defined]


def largest_preview(file: BinaryIO) -> Image.Image | None:
    """Return the largest JPEG inside a raw photo, opened; ``None`` if it has none of a photo's size."""
    file.seek(0)
    data = file.read(_MAX_RAW_BYTES)
    found: list[tuple[int, int]] = []
    for start in (match.start() for match in _START_OF_JPEG.finditer(data)):
        with suppress(Exception), Image.open(io.BytesIO(data[start : start + _HEAD]), formats=("JPEG",)) as preview:
            if max(preview.size) >= SMALLEST_PREVIEW:
                found.append((preview.width * preview.height, start))
    return Image.open(io.BytesIO(data[max(found)[1] :]), formats=("JPEG",)) if found else None
