"""Which colours the numbers of a picture stand for, and the same colours in sRGB.

A picture tells it by a profile (ICC), by code points (ITU-T H.273: PNG's cICP, nclx of HEIC and AVIF), by gamma and
primaries (PNG's gAMA and cHRM) or by a mark in its EXIF (Adobe RGB).  What tells nothing is sRGB.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from itertools import product
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageCms

from ewardrobe.core.png_chunks import png_chunks

LOGGER = logging.getLogger(__name__)

Chromaticities = tuple[float, ...]
"""x and y of red, green, blue and white."""

_D65 = (0.3127, 0.3290)
_REC601 = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)
_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
_SRGB_PRIMARIES = (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65)
_ADOBE_RGB = (0.640, 0.330, 0.210, 0.710, 0.150, 0.060, *_D65)
_PRIMARIES: dict[int, Chromaticities] = {  # table 2 of H.273
    1: _SRGB_PRIMARIES,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: _REC601,
    7: _REC601,
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (*_P3, 0.314, 0.351),
    12: (*_P3, *_D65),
}
_WHITE_NITS = 203
"""Light of a white page in pictures of high dynamic range (ITU-R BT.2408); what is brighter is shown as white."""


def _from_srgb(value: np.ndarray) -> np.ndarray:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _from_pq(value: np.ndarray) -> np.ndarray:
    root = value ** (32 / 2523)
    light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (16384 / 2610)
    return light * 10_000 / _WHITE_NITS


def _from_hlg(value: np.ndarray) -> np.ndarray:
    scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12)
    return scene**1.2 * 1000 / _WHITE_NITS


Curve = Callable[[np.ndarray], np.ndarray]
_CURVES: dict[int, Curve] = {  # table 3 of H.273; BT.709's and its kin are shown with sRGB's, as viewers do
    **dict.fromkeys((1, 6, 13, 14, 15), _from_srgb),
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    8: lambda value: value,
    16: _from_pq,
    18: _from_hlg,
}
_UNSPECIFIED = 2

_SRGB = ImageCms.createProfile("sRGB")
_GRID = np.array(list(product((0, 64, 128, 192, 255), repeat=3)), np.uint8)[None]
"""Colours by which sRGB is recognised, whatever its profile is called: (1, 125, 3)."""

_STRIP = 2**20
_HEAD = 2**16


def to_srgb(image: np.ndarray, picture: Image.Image, file: BinaryIO) -> np.ndarray:
    """Return ``image``, RGB uint8 (H, W, 3), 0..255, in sRGB; what is sRGB already comes back as it is.

    picture: where it came from, opened by Pillow; file: its file, whose place is kept.  Of a profile that is damaged
    the values are taken as sRGB, and the log says so.
    """
    try:
        convert = _converter(picture, file)
        if convert is None:
            return image
        if np.abs(convert(_GRID).astype(int) - _GRID).max() <= 1:
            return image
        return convert(image)
    except Exception as error:  # whatever LittleCMS says of a damaged profile
        LOGGER.info("colour profile left out, the values are taken as sRGB: %s", error)
        return image


def cmyk_to_srgb(picture: Image.Image, profile: bytes) -> Image.Image | None:
    """Return a CMYK picture as RGB through its profile; ``None`` if that cannot be used."""
    with suppress(Exception):  # whatever LittleCMS says of a damaged profile
        return ImageCms.profileToProfile(picture, io.BytesIO(profile), _SRGB, outputMode="RGB")
    return None


def _converter(picture: Image.Image, file: BinaryIO) -> Curve | None:
    """Return what makes sRGB of the picture's RGB; ``None`` where it tells nothing."""
    info = picture.info
    if codes := _code_points(picture, file):
        return codes
    if profile := info.get("icc_profile"):
        return partial(_through_profile, profile=profile, grey=picture.mode in ("L", "LA", "1", "I", "I;16", "F"))
    if picture.format == "PNG" and "srgb" not in info and (gamma := info.get("gamma")):
        curve = (
            _from_srgb if abs(gamma - 1 / 2.2) < 0.02 or not 0.1 < gamma <= 2 else lambda value: value ** (1 / gamma)
        )
        white_first = info.get("chromaticity")
        primaries = (*white_first[2:], *white_first[:2]) if white_first else _SRGB_PRIMARIES
        return partial(_through_primaries, primaries=primaries, curve=curve)
    with suppress(Exception):  # EXIF is read as far as it can be
        if picture.getexif().get_ifd(ExifTags.IFD.Interop).get(1) == "R03":  # DCF's mark of Adobe RGB
            return partial(_through_primaries, primaries=_ADOBE_RGB, curve=lambda value: value ** (563 / 256))
    return None


def _code_points(picture: Image.Image, file: BinaryIO) -> Curve | None:
    """Return the way by PNG's cICP, or by nclx where there is no profile; ``None`` without, or of unknown numbers."""
    codes: tuple[int, int] | None = None
    place = file.tell()
    if picture.format == "PNG":
        codes = next(((data[0], data[1]) for _, data in png_chunks(file, (b"cICP",)) if len(data) == 4), None)
    elif picture.format == "HEIF" and not picture.info.get("icc_profile"):
        nclx = picture.info.get("nclx_profile") or {}
        codes = nclx.get("color_primaries", _UNSPECIFIED), nclx.get("transfer_characteristics", _UNSPECIFIED)
    elif picture.format == "AVIF" and not picture.info.get("icc_profile"):
        file.seek(0)
        _, found, box = file.read(_HEAD).partition(b"colrnclx")
        codes = (int.from_bytes(box[:2], "big"), int.from_bytes(box[2:4], "big")) if found else None
    file.seek(place)
    if codes is None:
        return None
    primaries = _SRGB_PRIMARIES if codes[0] == _UNSPECIFIED else _PRIMARIES.get(codes[0])
    curve = _from_srgb if codes[1] == _UNSPECIFIED else _CURVES.get(codes[1])
    return partial(_through_primaries, primaries=primaries, curve=curve) if primaries and curve else None


def _through_profile(image: np.ndarray, profile: bytes, grey: bool) -> np.ndarray:
    """Convert through an ICC profile; one of greys is for the one value that the three channels share."""
    one = grey and ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip() == "GRAY"
    picture = Image.fromarray(np.ascontiguousarray(image[..., 0]) if one else image)
    return np.array(ImageCms.profileToProfile(picture, io.BytesIO(profile), _SRGB, outputMode="RGB"))


def _through_primaries(image: np.ndarray, primaries: Chromaticities, curve: Curve) -> np.ndarray:
    light = curve(np.arange(256) / 255).astype(np.float32)
    matrix = (np.linalg.inv(_to_xyz(_SRGB_PRIMARIES)) @ _to_xyz(primaries)).T.astype(np.float32)
    result, rows = np.empty_like(image), max(1, _STRIP // max(1, image.shape[1]))
    for top in range(0, len(image), rows):  # of a large picture, floats of a part at a time
        shown = np.clip(light[image[top : top + rows]] @ matrix, 0, 1)
        result[top : top + rows] = _srgb_codes()[(shown * 65535 + 0.5).astype(np.uint16)]
    return result


@cache
def _srgb_codes() -> np.ndarray:
    """sRGB's 0..255 of light in 65 536 steps: (65536,) uint8."""
    light = np.arange(65536) / 65535
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (code * 255 + 0.5).astype(np.uint8)


def _to_xyz(primaries: Chromaticities) -> np.ndarray:
    """Return the (3, 3) matrix from linear RGB to XYZ under D65, its white moved there by Bradford's transform."""
    x, y = np.array(primaries[:6]).reshape(3, 2).T
    columns = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = _white_xyz(primaries[6:])
    cones = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapted = np.linalg.inv(cones) @ np.diag(cones @ _white_xyz(_D65) / (cones @ white)) @ cones
    return adapted @ (columns * np.linalg.solve(columns, white))


def _white_xyz(xy: Chromaticities) -> np.ndarray:
    x, y = xy
    return np.array([x / y, 1.0, (1 - x - y) / y])
