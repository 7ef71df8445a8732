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
from PIL import ExifTags, Image, PngImagePlugin

from ewardrobe.core.colour_spaces import cmyk_to_srgb, to_srgb
from ewardrobe.core.png_chunks import png_chunks, without_extras
from ewardrobe.core.tiff_pages import SMALLEST_PREVIEW, go_to_photo, is_raw, largest_preview

pillow_heif.register_heif_opener()
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # the limits below answer for it
Image.MAX_IMAGE_PIXELS = 250_000_000  # the limits below are checked before a pixel is decoded
PngImagePlugin.MAX_TEXT_CHUNK = 16_000_000  # of a profile too; one of 3 MB is healthy

MAX_SIDE = 2400
"""Default cap on the long side in pixels: enough for a crisp cut-out, small enough for two cores."""

MAX_PIXELS = 100_000_000
"""Largest picture that is decoded, in pixels (100 megapixels are 300 MB of memory)."""

MAX_JPEG_PIXELS = 250_000_000
"""The same for JPEG, which is decoded at 1/2 to 1/8 of its size when it is far larger than asked for."""

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")  # JPEG's opener reads MPO too
_STRIP_PIXELS = 2**20
_LEAST_CLEAR = 0.02
_RAW_ORIENTATION = "orientation of the raw photo"

Source = Path | str | bytes | BinaryIO


class ImageError(ValueError):
    """A picture that cannot be used; the message names the file, what is wrong with it, and the cure."""


def load_image(source: Source, max_side: int | None = MAX_SIDE) -> np.ndarray:
    """Read a picture as RGB uint8 (H, W, 3), 0..255, sRGB, turned as its orientation (EXIF, XMP) says.

    ``source`` is a path, the bytes of a file, or an open binary file (read from its start, left open).
    The long side is scaled down to ``max_side`` pixels (``None``: never; nothing is scaled up).  Grey, palette,
    CMYK and 16-bit pictures are converted, transparency is laid on white, of an animation the first frame is
    taken, of a TIFF the largest page, of a DNG its preview; colours become sRGB (see ``colour_spaces``).  Any size
    from 1×1 up is accepted here; whether a picture is large enough to hold a garment is the segmenter's business.

    Raises ``ImageError``, and nothing else, for what is missing, empty, truncated, not a picture, or above
    ``MAX_PIXELS`` (``MAX_JPEG_PIXELS`` for JPEG).
    """
    if max_side is not None and max_side < 1:
        raise ValueError(f"max_side: expected a number of pixels from 1, or None, got {max_side}")
    name = source_name(source)
    with _opened(source, name) as file:
        with _identified(file, name) as picture:
            _check_pixel_count(picture, name)
            try:
                return _pixels(picture, file, max_side)
            except ImageError:
                raise
            except MemoryError:
                what = f"not enough memory for its {picture.size} pixels; scale it down first"
                raise ImageError(f"{name}: {what}") from None
            except Exception as error:  # whatever a decoder raises is this photo's fault
                is_jpeg, reason = picture.format in ("JPEG", "MPO"), " ".join(str(error).split())
        if is_jpeg and (whole := _without_its_end(file, max_side)) is not None:
            return whole
        raise ImageError(_damaged(name, f" ({reason})" if reason else ""))


def load_outline(source: Source, max_side: int | None = MAX_SIDE) -> np.ndarray | None:
    """Return the alpha of a picture on transparent ground, (H, W) uint8, 0..255, as large as ``load_image`` reads it.

    ``None`` for a picture with hardly anything transparent or opaque in it.  Raises ``ImageError`` as that does.
    """
    name = source_name(source)
    with _opened(source, name) as file, _identified(file, name) as picture:
        _check_pixel_count(picture, name)
        if not picture.has_transparency_data:
            return None
        try:
            picture.load()
            alpha = np.asarray(picture.convert("RGBA").getchannel("A"))
        except Exception as error:  # whatever a decoder raises
            raise ImageError(_damaged(name, f" ({' '.join(str(error).split())})")) from None
        if min((alpha < 8).mean(), (alpha >= 128).mean()) < _LEAST_CLEAR:
            return None
        return _turned(alpha if max_side is None else scale_to(alpha, max_side), _orientation(picture, file))


def upright_size(source: Source) -> tuple[int, int]:
    """Return (height, width) in pixels as ``load_image`` gives them unscaled; only the head is read.

    Raises ``ImageError`` for what is missing, empty, or no picture.
    """
    name = source_name(source)
    with _opened(source, name) as file, _identified(file, name) as picture:
        width, height = picture.size
        turned = picture.format != "TIFF" and _orientation(picture, file) >= 5  # a TIFF's is its size once turned
        return (width, height) if turned else (height, width)


def read_cutout(path: Path | BinaryIO) -> np.ndarray:
    """Return a picture file as RGBA uint8 (h, w, 4), opaque where it has no alpha; ``OSError`` if it is none."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            return np.array(picture.convert("RGBA"))
    except OSError:
        raise
    except Exception as error:  # whatever a decoder raises
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
        raise ImageError(f"{name}: this is a folder; give a picture file, or name it as a folder of photos")
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file; check the path") from None
    except OSError as error:
        raise ImageError(f"{name}: cannot be opened ({error.strerror}); check its permissions") from None


def _identified(file: BinaryIO, name: str) -> Image.Image:
    """Return the picture in ``file``, opened; of a TIFF its photo, of a raw photo its preview."""
    head = file.read(16)
    file.seek(0)
    if not head:
        raise ImageError(f"{name}: the file is empty (0 bytes); copy or download it again")
    try:
        picture = _open(file)
        if picture.format != "TIFF":
            return picture
        go_to_photo(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageError(_too_large(name, "far more pixels than a photo")) from None
    except Exception:  # whatever a decoder raises
        if found := largest_preview(file) if head.startswith(_TIFF_HEADS) else None:
            return found
        if known_head(head):
            raise ImageError(_damaged(name)) from None
        readable = "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP and TIFF are read"
        text = f"{name}: not a picture, whatever its name ends in ({readable}); export it as JPEG or PNG"
        raise ImageError(text) from None
    return _photo_of_raw(picture, file, name) if is_raw(picture) else picture


def _open(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=_FORMATS)
    except ValueError:  # a PNG with more text than Pillow takes is a healthy photo
        return Image.open(without_extras(file), formats=_FORMATS)


def _photo_of_raw(picture: Image.Image, file: BinaryIO, name: str) -> Image.Image:
    """Return the larger of a raw photo's own page and its preview."""
    preview = largest_preview(file)
    if preview is not None and max(preview.size) >= max(picture.size):
        preview.info.setdefault(_RAW_ORIENTATION, _orientation(picture, file))
        return preview
    if max(picture.size) < SMALLEST_PREVIEW:
        width, height = picture.size
        what = f"a raw photo, whose preview has only {width}×{height} pixels"
        raise ImageError(f"{name}: {what}; export it as JPEG")
    return picture


_TIFF_HEADS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_HEADS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", *_TIFF_HEADS)
_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis", b"miaf")


def known_head(head: bytes) -> bool:
    """Tell whether a file that begins with ``head``, 16 bytes or more, is of a kind of picture that is read."""
    if head[4:8] == b"ftyp":  # of videos too
        return head[8:12] in _BRANDS
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    bmp = head[:2] == b"BM" and head[6:10] == bytes(4)
    return webp or bmp or head.startswith(_HEADS)


def _check_pixel_count(picture: Image.Image, name: str) -> None:
    limit = MAX_JPEG_PIXELS if picture.format in ("JPEG", "MPO") else MAX_PIXELS
    width, height = picture.size
    if width * height > limit:
        raise ImageError(_too_large(name, f"{width}×{height} pixels, the limit is {limit // 1_000_000} megapixels"))


def _too_large(name: str, what: str) -> str:
    return f"{name}: too large ({what}); scale it down and try again"


def _damaged(name: str, reason: str = "") -> str:
    return f"{name}: the picture is cut off or damaged{reason}; copy or download the file again"


def _pixels(picture: Image.Image, file: BinaryIO, max_side: int | None) -> np.ndarray:
    if max_side is not None:
        picture.draft(None, (max_side, max_side))  # JPEG only: decodes fewer coefficients
    picture.load()
    orientation = _orientation(picture, file)
    image = _rgb(picture)
    image = image if max_side is None else scale_to(image, max_side)
    from_cmyk = picture.mode == "CMYK"
    return _turned(image if from_cmyk else to_srgb(image, picture, file), orientation)


def _orientation(picture: Image.Image, file: BinaryIO) -> int:
    """Return EXIF's orientation 1..8, or XMP's; 1 where neither can be read: a broken block must not cost the photo.

    Only a PNG that tells one anywhere is decoded for it.
    """
    with contextlib.suppress(Exception):
        texts = (b"eXIf", b"iTXt", b"zTXt", b"tEXt")
        if picture.format == "PNG" and not png_chunks(file, texts):
            return 1
        default = picture.info.get(_RAW_ORIENTATION, 1)
        found = picture.getexif().get(ExifTags.Base.Orientation, default)
        return int(found) if found in range(1, 9) else 1
    return 1


def _turned(image: np.ndarray, orientation: int) -> np.ndarray:
    """Return ``image``, (H, W) or (H, W, C), the right way up; it was stored with an EXIF orientation 1..8."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    down = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    across = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return np.ascontiguousarray(image[down, across])


def _without_its_end(file: BinaryIO, max_side: int | None) -> np.ndarray | None:
    """Return a JPEG that lacks no more than its last bytes, the mark of its end; ``None`` if pixels are missing.

    It is decoded with three different ends.  Where pixels are missing, those ends are taken for them, and differ.
    """
    file.seek(0)
    data = file.read()
    ends = (b"\xff\xd9", bytes(range(254, 0, -1)) * 4 + b"\xff\xd9", b"\xa5\x5a" * 500 + b"\xff\xd9")
    images = []
    for end in ends:
        with contextlib.suppress(Exception):
            whole = io.BytesIO(data.removesuffix(b"\xff") + end)
            with Image.open(whole, formats=("JPEG",)) as picture:
                images.append(_pixels(picture, whole, max_side))
    same = len(images) == len(ends) and all(np.array_equal(images[0], other) for other in images[1:])
    return images[0] if same else None


def _rgb(picture: Image.Image) -> np.ndarray:
    """Return the pixels as uint8 (H, W, 3), a strip at a time: of a large picture no second copy is made."""
    profile = picture.info.get("icc_profile")
    largest = float(picture.getextrema()[1]) if picture.mode == "F" else 1.0  # type: ignore[arg-type]  # one band
    image, rows = np.empty((picture.height, picture.width, 3), np.uint8), max(1, _STRIP_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        strip = picture.crop((0, top, picture.width, min(top + rows, picture.height)))
        image[top : top + rows] = np.asarray(_flatten(strip, profile, 255.0 if largest <= 1 else 1.0))
    return image


def _flatten(picture: Image.Image, profile: bytes | None, float_scale: float) -> Image.Image:
    """Return mode RGB: deep greys scaled to 8 bits, CMYK through its profile, transparency laid on white."""
    if picture.mode.startswith(("I", "F")):
        scale = float_scale if picture.mode == "F" else 255 / 65535  # 16 bits a pixel, also where Pillow keeps 32
        grey = np.clip(np.nan_to_num(np.asarray(picture, np.float32)) * scale + 0.5, 0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if picture.mode == "CMYK" and profile and (converted := cmyk_to_srgb(picture, profile)):
        return converted
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return picture.convert("RGB")


def _encode(suffix: str, image: np.ndarray, options: list[int]) -> bytes:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"expected uint8 (H, W), (H, W, 3) or (H, W, 4), got {image.dtype} {image.shape}")
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    written, buffer = cv2.imencode(suffix, image, options)
    if not written:
        raise ValueError(f"cannot encode {image.shape} as {suffix}: JPEG allows 65 500 pixels a side")
    return buffer.tobytes()
