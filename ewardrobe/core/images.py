"""Pictures in and out: every file that a phone or a browser makes becomes RGB uint8, the right way up."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

pillow_heif.register_heif_opener()
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # the limits below answer for it

MAX_SIDE = 2400
"""Default cap on the long side in pixels: enough for a crisp cut-out, small enough for two cores."""

MAX_PIXELS = 100_000_000
"""Largest picture that is decoded, in pixels (100 megapixels are 300 MB of memory)."""

MAX_JPEG_PIXELS = 178_000_000
"""The same for JPEG, which is decoded at 1/2 to 1/8 of its size when it is far larger than asked for.

This is Pillow's own limit, which stays in force."""

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp", ".tif", ".tiff")
"""Endings of the files that ``list_photos`` finds."""

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")  # JPEG's opener reads MPO too
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, ArithmeticError)

Source = Path | str | bytes | BinaryIO


class ImageError(ValueError):
    """A picture that cannot be used; the message names the file, what is wrong with it, and the cure."""


def load_image(source: Source, max_side: int | None = MAX_SIDE) -> np.ndarray:
    """Read a picture as RGB uint8 (H, W, 3), 0..255, sRGB, turned as its EXIF orientation says.

    ``source`` is a path, the bytes of a file, or an open binary file (read from its start, left open).
    The long side is scaled down to ``max_side`` pixels (``None``: never; nothing is scaled up).  Grey, palette,
    CMYK and 16-bit pictures are converted, transparency is laid on white, of an animation the first frame is
    taken, an embedded colour profile is converted to sRGB.  Any size from 1×1 up is accepted here; whether a
    picture is large enough to hold a garment is the segmenter's business.

    Raises ``ImageError`` for what is missing, empty, truncated, not a picture, or above ``MAX_PIXELS``
    (``MAX_JPEG_PIXELS`` for JPEG).
    """
    if max_side is not None and max_side < 1:
        raise ValueError(f"max_side: expected a number of pixels from 1, or None, got {max_side}")
    name = source_name(source)
    with _opened(source, name) as file, _identified(file, name) as picture:
        _check_pixel_count(picture, name)
        if max_side is not None:
            picture.draft(None, (max_side, max_side))  # JPEG only: decodes fewer coefficients
        try:
            return _to_rgb(picture, max_side)
        except MemoryError:
            raise ImageError(f"{name}: not enough memory for its {picture.size} pixels; scale it down first") from None
        except _DECODE_ERRORS as error:
            reason = " ".join(str(error).split())  # one line, whatever the codec says
            raise ImageError(_damaged(name, f" ({reason})")) from None


def read_cutout(path: Path) -> np.ndarray:
    """Return a picture file as RGBA uint8 (h, w, 4), opaque where it has no alpha; ``OSError`` if it is none."""
    try:
        with Image.open(path) as picture:
            return np.array(picture.convert("RGBA"))
    except (UnidentifiedImageError, ValueError, SyntaxError) as error:
        raise OSError(f"{path} is no picture ({error})") from error


def check_picture(content: bytes, name: str) -> None:
    """Raise ``ImageError`` unless ``content`` is a picture within the limits; only its head is read."""
    with _identified(io.BytesIO(content), name) as picture:
        _check_pixel_count(picture, name)


def png_bytes(image: np.ndarray) -> bytes:
    """Encode uint8 grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4, alpha not premultiplied) as PNG, without loss."""
    return _encode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def jpeg_bytes(image: np.ndarray, quality: int = 90) -> bytes:
    """Encode uint8 grey (H, W) or RGB (H, W, 3) as JPEG of ``quality`` 1..100."""
    if image.ndim == 3 and image.shape[2] == 4:
        raise ValueError("JPEG has no transparency; use png_bytes, or lay the picture on a background first")
    return _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])


def scale_to(image: np.ndarray, max_side: int) -> np.ndarray:
    """Return ``image``, uint8 (H, W) or (H, W, C), scaled down to at most ``max_side`` pixels a side; never up."""
    height, width = image.shape[:2]
    scale = max_side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def list_photos(folder: Path | str) -> list[Path]:
    """Return the picture files (by ending, see ``PHOTO_SUFFIXES``) in ``folder`` and below, sorted by path.

    Hidden files and folders are left out.  Raises ``ImageError`` when ``folder`` is not a readable folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ImageError(f"{folder}: no such folder; give a folder of photos, or the photo itself")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in PHOTO_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def folder_photos(folder: Path | str) -> list[Path]:
    """Return what ``list_photos`` finds in ``folder``, which somebody typed: ``~`` is understood.

    Raises ``ImageError`` when none is named, it cannot be read, or there is no photo in it.
    """
    text = str(folder).strip()
    if not text:
        raise ImageError("No folder was named; type the path of one, such as ~/Pictures")
    path = Path(text).expanduser()
    try:
        found = list_photos(path)
    except OSError as error:
        raise ImageError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    if not found:
        raise ImageError(f"{path}: no photo in it or below; pictures end in {', '.join(PHOTO_SUFFIXES)}")
    return found


def source_name(source: Source) -> str:
    """Return what messages call ``source``: its path, the name of the open file, or "the picture"."""
    if isinstance(source, (str, Path)):
        return str(source)
    return str(getattr(source, "name", None) or "the picture")


@contextlib.contextmanager
def _opened(source: Source, name: str) -> Iterator[BinaryIO]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        yield io.BytesIO(source)
    elif isinstance(source, (str, Path)):
        with _open_path(Path(source), name) as file:
            yield file
    else:
        source.seek(0)
        yield source


def _open_path(path: Path, name: str) -> BinaryIO:
    if path.is_dir():
        raise ImageError(f"{name}: this is a folder; give a picture file, or list it with list_photos")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file; check the path") from None
    except OSError as error:
        raise ImageError(f"{name}: cannot be opened ({error.strerror}); check its permissions") from None


def _identified(file: BinaryIO, name: str) -> Image.Image:
    head = file.read(16)
    file.seek(0)
    if not head:
        raise ImageError(f"{name}: the file is empty (0 bytes); copy or download it again")
    try:
        return Image.open(file, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_large(name, "far more pixels than a photo")) from None
    except (UnidentifiedImageError, *_DECODE_ERRORS):
        if head.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF", b"GIF8", b"II*\x00", b"MM\x00*")) or head[4:8] == b"ftyp":
            raise ImageError(_damaged(name)) from None
        readable = "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP and TIFF are read"
        text = f"{name}: not a picture, whatever its name ends in ({readable}); export it as JPEG or PNG"
        raise ImageError(text) from None


def _check_pixel_count(picture: Image.Image, name: str) -> None:
    limit = MAX_JPEG_PIXELS if picture.format in ("JPEG", "MPO") else MAX_PIXELS
    width, height = picture.size
    if width * height > limit:
        raise ImageError(_too_large(name, f"{width}×{height} pixels, the limit is {limit // 1_000_000} megapixels"))


def _too_large(name: str, what: str) -> str:
    return f"{name}: too large ({what}); scale it down and try again"


def _damaged(name: str, reason: str = "") -> str:
    return f"{name}: the picture is cut off or damaged{reason}; copy or download the file again"


def _to_rgb(picture: Image.Image, max_side: int | None) -> np.ndarray:
    profile = picture.info.get("icc_profile")
    picture.load()
    with contextlib.suppress(*_DECODE_ERRORS):  # a broken EXIF block must not cost the photo
        picture = ImageOps.exif_transpose(picture)
    from_cmyk = picture.mode == "CMYK"
    picture = _flatten(picture, profile)
    image = np.array(picture) if max_side is None else scale_to(np.array(picture), max_side)
    return image if from_cmyk else _to_srgb(image, profile)


def _flatten(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return mode RGB: deep greys scaled to 8 bits, CMYK through its profile, transparency laid on white."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, np.float32)
        scale = 255 / 65535  # 16 bits per pixel, also when Pillow keeps them in 32
        if picture.mode == "F":
            scale = 255.0 if values.max(initial=0) <= 1 else 1.0
        grey = np.clip(values * scale + 0.5, 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if picture.mode == "CMYK" and profile:
        with contextlib.suppress(ImageCms.PyCMSError, *_DECODE_ERRORS):
            if converted := ImageCms.profileToProfile(picture, io.BytesIO(profile), _SRGB, outputMode="RGB"):
                return converted
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return picture.convert("RGB")


_SRGB = ImageCms.createProfile("sRGB")


def _to_srgb(image: np.ndarray, profile: bytes | None) -> np.ndarray:
    if not profile or b"sRGB" in profile or b"s\0R\0G\0B" in profile:
        return image
    try:
        converted = ImageCms.profileToProfile(Image.fromarray(image), io.BytesIO(profile), _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, *_DECODE_ERRORS):  # a grey or broken profile: the values are sRGB as near as we know
        return image
    return np.array(converted)


def _encode(suffix: str, image: np.ndarray, options: list[int]) -> bytes:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"expected uint8 (H, W), (H, W, 3) or (H, W, 4), got {image.dtype} {image.shape}")
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    written, buffer = cv2.imencode(suffix, image, options)
    if not written:
        raise ValueError(f"cannot encode {image.shape} as {suffix}: JPEG allows 65 500 pixels a side")
    return buffer.tobytes()
