"""Thousands of changed picture files of every format that is read: a picture comes out, or an ImageError."""

import contextlib
import io
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageCms

from ewardrobe.core.images import ImageError, load_image, read_cutout, upright_size

CHANGED_FILES = 300
"""For each format."""

RNG_SEED = 25


def seed_file(kind: str) -> bytes:
    """A small picture of ``kind``, with a profile and EXIF where it has room for them."""
    noise = np.random.default_rng(0).integers(0, 255, (20, 28, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0131] = 6, "a maker of phones", "a program"
    more = {"exif": exif, "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()}
    options = {
        "GIF": {"save_all": True, "append_images": [Image.new("RGB", (28, 20))]},
        "BMP": {},
        "MPO": {"exif": exif},
        "TIFF": {**more, "save_all": True, "append_images": [Image.new("RGB", (9, 9))], "compression": "tiff_lzw"},
        "PNG": {**more, "save_all": True, "append_images": [Image.new("RGB", (28, 20))]},
    }.get(kind, more)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, kind, **options)
    return buffer.getvalue()


def changed(data: bytes, rng: np.random.Generator) -> Iterator[bytes]:
    """Yield ``data`` with bytes changed, cut off, cut out, doubled or zeroed; most of it where files are odd: early."""
    for number in range(CHANGED_FILES):
        new = bytearray(data)
        end = len(data) if number % 3 else min(len(data), 200)
        match number % 5:
            case 0 | 1:
                for _ in range(rng.integers(1, 6)):
                    new[rng.integers(end)] = rng.choice((0, 1, 127, 128, 255, rng.integers(256)))
            case 2:
                del new[rng.integers(1, len(new)) :]
            case 3:
                start = rng.integers(end)
                new[start : start + rng.integers(1, 9)] = bytes(new[start : start + 4]) * int(rng.integers(0, 4))
            case 4:
                start = rng.integers(end)
                length = min(int(rng.integers(1, 40)), len(new) - start)
                new[start : start + length] = bytes(length)
        yield bytes(new)


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"])
def test_a_changed_file_gives_a_picture_or_an_image_error(kind):
    data, read = seed_file(kind), 0
    assert load_image(data).size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Pillow warns of is what the file is made for
        for broken in changed(data, np.random.default_rng(RNG_SEED)):
            with contextlib.suppress(ImageError):
                image = load_image(broken, max_side=64)
                read += 1
                assert (image.dtype, image.ndim, image.shape[2]) == (np.uint8, 3, 3)
            with contextlib.suppress(ImageError):
                upright_size(broken)
            with contextlib.suppress(OSError):
                read_cutout(io.BytesIO(broken))
    assert 0 < read < CHANGED_FILES
