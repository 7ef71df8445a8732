"""The pictures beside ``wardrobe.json``: cut-out, thumbnail and try-on picture as PNG, the photo as it came."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.marker import IMAGES, absent_pictures

THUMBNAIL_SIDE = 256
_ROLES = {"image": "garment", "thumbnail": "small", "photo": "photo", "try_on": "worn"}
IMAGE_FIELDS = tuple(_ROLES)
IMAGE_LISTS = ("earlier_images",)
"""Fields that hold lists of picture names: cut-outs that were repaired, for the way back."""

MAX_NAME_BYTES = 255
"""No file system in use takes longer names."""

_SIGNATURES = {  # first bytes of a photo: extension
    b"\xff\xd8\xff": "jpg",
    b"\x89PNG": "png",
    b"RIFF": "webp",
    b"GIF8": "gif",
}


def encode_pictures(cutout: np.ndarray | None, photo: bytes | None) -> dict[str, tuple[str, bytes]]:
    """Return ``{field: (file name, content)}`` of an item's pictures; the name is a hash of the content.

    cutout: RGBA uint8 (h, w, 4), tight around the garment, alpha 0 = background; thumbnail's long side is at most 256.
    photo: the original file's bytes; garments of one photo share one file.
    """
    pictures = {}
    if cutout is not None:
        image = Image.fromarray(_checked(cutout, "cut-out", "RGBA"))
        small = image.copy()
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        pictures = {"image": named("image", _png(image)), "thumbnail": named("thumbnail", _png(small))}
    return pictures | ({"photo": named("photo", photo)} if photo else {})


def encode_try_on(picture: np.ndarray) -> tuple[str, bytes]:
    """Return file name and content of a picture RGB uint8 (h, w, 3) of a person who wears a garment."""
    return named("try_on", _png(Image.fromarray(_checked(picture, "try-on picture", "RGB"))))


def named(field: str, content: bytes) -> tuple[str, bytes]:
    """Return file name and content of a picture file for ``field``, one of ``IMAGE_FIELDS``."""
    return f"{_ROLES[field]}-{hashlib.sha256(content).hexdigest()[:16]}.{_extension(content)}", content


def hash_in(name: str) -> str | None:
    """Return the hash of its content that the name of a picture carries; ``None`` for a name from elsewhere."""
    found = re.fullmatch(rf"(?:{'|'.join(_ROLES.values())})-([0-9a-f]{{16}})\.\w+", name)
    return found[1] if found else None


def is_as_named(path: Path) -> bool:
    """Tell whether a picture file is there and, where its name carries a hash of its content, agrees with it."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest().startswith(hash_in(path.name) or "")
    except OSError:
        return False


def opaque(image: np.ndarray) -> np.ndarray:
    """Return RGB uint8 (h, w, 3) as an RGBA cut-out (h, w, 4) that keeps the whole picture."""
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


def picture_names(items: Iterable[Mapping]) -> set[str]:
    """Return the names of all picture files that ``items`` refer to; files of the wardrobe's own are none of them."""
    return {
        name
        for item in items
        for name in (*map(item.get, IMAGE_FIELDS), *(part for field in IMAGE_LISTS for part in item.get(field) or ()))
        if isinstance(name, str) and not is_own_file(name)
    }


def is_own_file(name: str) -> bool:
    """Tell whether a name is one of the marker's or of a record, which lie beside the pictures."""
    return "/" not in name and (name.startswith(".") or name.casefold().endswith(".json"))


def safe_path(folder: Path, name: object) -> Path | None:
    """Return the path of file ``name`` in ``folder``; ``None`` for what is no name of a file, or leads out of it."""
    if not isinstance(name, str) or not name or Path(name).name != name or name in (".", "..") or "\0" in name:
        return None
    return folder / name if len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES else None


def absent(home: Path, items: Iterable[Mapping]) -> str | None:
    """Return what is to be said where the pictures of ``items`` are on a drive that is not there; see ``marker``."""
    paths = (safe_path(home / IMAGES, name) for name in picture_names(items))
    return absent_pictures(home, [path for path in paths if path])


def _checked(picture: np.ndarray, what: str, mode: str) -> np.ndarray:
    shape = f"{mode} uint8 (h, w, {len(mode)})"
    if not isinstance(picture, np.ndarray):
        raise StoreError(f"The {what} must be {shape}, got {type(picture).__name__}.")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != len(mode) or not picture.size:
        raise StoreError(f"The {what} must be {shape} with at least one pixel, got {picture.dtype} {picture.shape}.")
    return np.ascontiguousarray(picture)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _extension(photo: bytes) -> str:
    if photo[4:8] == b"ftyp":
        return "avif" if photo[8:12] == b"avif" else "heic"
    return next((name for start, name in _SIGNATURES.items() if photo.startswith(start)), "bin")
