"""The chunks of a PNG file, without decoding it: where its colours and its orientation are told."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import BinaryIO

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 1_000_000
"""Of a chunk that is asked for: EXIF has at most 64 kB."""

_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"cICP", b"gAMA", b"cHRM", b"sRGB", b"eXIf")


def png_chunks(file: BinaryIO, kinds: Collection[bytes]) -> list[tuple[bytes, bytes]]:
    """Return (kind, content) of the chunks of these kinds, up to the end of the file or its first fault.

    The file's place is kept.  Of a chunk of more than 1 MB the content is empty.
    """
    start, found = file.tell(), []
    for place, length, kind in _places(file):
        if kind in kinds:
            file.seek(place + 8)
            found.append((kind, file.read(length) if length <= _MOST_BYTES else b""))
    file.seek(start)
    return found


def without_extras(file: BinaryIO) -> BinaryIO:
    """Return a PNG without its texts and profile, which its pixels do not need."""
    bare = io.BytesIO(_SIGNATURE)
    bare.seek(0, io.SEEK_END)
    for place, length, kind in _places(file):
        if kind in _NEEDED:
            file.seek(place)
            bare.write(file.read(length + 12))
    bare.seek(0)
    return bare


def _places(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each chunk begins, how long its content is, and its kind."""
    file.seek(0)
    if file.read(8) != _SIGNATURE:
        return
    place, kind = 8, b""
    while kind != b"IEND":
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        yield place, length, kind
        place += length + 12
