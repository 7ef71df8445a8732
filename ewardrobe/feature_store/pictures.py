"""The pictures beside ``wardrobe.json``: cut-out, thumbnail and try-on picture as PNG, the photo as it came."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ewardrobe.feature_store.document import StoreError

THUMBNAIL_SIDE = 256
_ROLES = {"image": "garment", "thumbnail": "small", "photo": "photo", "try_on": "worn"}
IMAGE_FIELDS = tuple(_ROLES)
IMAGE_LISTS = ("earlier_images",)
"""Fields that hold lists of picture names: cut-outs that were repaired, for the way back."""

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
        image = Image.fromarray(_check_cutout(cutout))
        small = image.copy()
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        pictures = {"image": _named("garment", "png", _png(image)), "thumbnail": _named("small", "png", _png(small))}
    if photo:
        pictures["photo"] = _named("photo", _extension(photo), photo)
    return pictures


def encode_try_on(picture: np.ndarray) -> tuple[str, bytes]:
    """Return file name and content of a picture RGB uint8 (h, w, 3) of a person who wears a garment."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise StoreError(f"A try-on picture must be RGB uint8 (h, w, 3), got {picture.dtype} {picture.shape}.")
    return _named("worn", "png", _png(Image.fromarray(picture)))


def named(field: str, content: bytes) -> tuple[str, bytes]:
    """Return file name and content of a picture file for ``field``, one of ``IMAGE_FIELDS``."""
    return _named(_ROLES[field], _extension(content), content)


def opaque(image: np.ndarray) -> np.ndarray:
    """Return RGB uint8 (h, w, 3) as an RGBA cut-out (h, w, 4) that keeps the whole picture."""
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])


def picture_names(items: Iterable[Mapping]) -> set[str]:
    """Return the names of all picture files that ``items`` refer to."""
    return {
        name
        for item in items
        for name in (*map(item.get, IMAGE_FIELDS), *(part for field in IMAGE_LISTS for part in item.get(field) or ()))
        if isinstance(name, str)
    }


def safe_path(folder: Path, name: object) -> Path | None:
    """Return the path of file ``name`` in ``folder``; ``None`` for no name, or one that would lead out of it."""
    if not isinstance(name, str) or not name or Path(name).name != name or name in (".", ".."):
        return None
    return folder / name


def _named(role: str, extension: str, content: bytes) -> tuple[str, bytes]:
    return f"{role}-{hashlib.sha256(content).hexdigest()[:16]}.{extension}", content


def _check_cutout(cutout: np.ndarray) -> np.ndarray:
    if isinstance(cutout, np.ndarray) and cutout.dtype == np.uint8 and cutout.ndim == 3 and cutout.shape[2] == 4:
        if cutout.size:
            return np.ascontiguousarray(cutout)
        raise StoreError("The cut-out is empty: expected RGBA uint8 (h, w, 4) with at least one pixel.")
    got = f"{cutout.dtype} {cutout.shape}" if isinstance(cutout, np.ndarray) else type(cutout).__name__
    raise StoreError(f"The cut-out must be RGBA uint8 (h, w, 4), got {got}. Add an alpha channel of 255 to a photo.")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def _extension(photo: bytes) -> str:
    if photo[4:8] == b"ftyp":
        return "avif" if photo[8:12] == b"avif" else "heic"
    return next((name for start, name in _SIGNATURES.items() if photo.startswith(start)), "bin")
