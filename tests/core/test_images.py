"""Every kind of picture file that reaches the app, good and bad."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from ewardrobe.core import images
from ewardrobe.core.images import ImageError, jpeg_bytes, list_photos, load_image, png_bytes, scale_to

RED, BLUE = (200, 30, 40), (30, 60, 200)


def picture(height=40, width=60) -> np.ndarray:
    """Left half red, right half blue, so that a turn shows."""
    image = np.empty((height, width, 3), np.uint8)
    image[:, : width // 2], image[:, width // 2 :] = RED, BLUE
    return image


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def assert_close(image: np.ndarray, expected: np.ndarray, tolerance=12):
    assert image.dtype == np.uint8
    assert image.shape == expected.shape
    inner = (slice(4, -4), slice(4, expected.shape[1] // 2 - 8))  # lossy codecs blur the seam
    assert np.abs(image[inner].astype(int) - expected[inner]).max() <= tolerance


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF", "MPO"])
def test_every_format_gives_the_same_rgb(kind):
    assert_close(load_image(encoded(Image.fromarray(picture()), kind)), picture())


def test_path_text_bytes_and_open_file_are_the_same(tmp_path):
    data = png_bytes(picture())
    path = tmp_path / "a.png"
    path.write_bytes(data)
    file = io.BytesIO(data)
    file.read(5)  # an upload that somebody has read from before
    for source in (path, str(path), data, file):
        assert (load_image(source) == picture()).all()
    assert not file.closed


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation):
    turns = {  # what the camera stored, so that turning it as the tag says gives the picture back
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](picture())))
    assert (load_image(encoded(stored, "PNG", exif=exif)) == picture()).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_cost_the_photo():
    data = encoded(Image.fromarray(picture()), "JPEG", exif=b"Exif\0\0II*\0garbage" * 3)
    assert_close(load_image(data), picture())


def test_cmyk():
    assert_close(load_image(encoded(Image.fromarray(picture()).convert("CMYK"), "JPEG", quality=95)), picture(), 20)


def test_16_bit_grey_png_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 60, dtype=np.uint16)[None].repeat(40, 0)
    image = load_image(encoded(Image.fromarray(ramp), "PNG"))
    assert image.shape == (40, 60, 3)
    assert np.abs(image[0, :, 0].astype(float) - np.linspace(0, 255, 60)).max() <= 1


def test_16_bit_colour_png():
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    rows = picture().astype(">u2") * 257
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", 60, 40, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    assert (load_image(data) == picture()).all()


def test_float_tiff_of_0_to_1():
    values = np.linspace(0, 1, 60, dtype=np.float32)[None].repeat(40, 0)
    assert load_image(encoded(Image.fromarray(values), "TIFF"))[0, -1].tolist() == [255, 255, 255]


def test_transparency_is_laid_on_white():
    rgba = np.dstack([picture(), np.full((40, 60), 255, np.uint8)])
    rgba[:, 30:, 3] = 0
    rgba[:, :10, 3] = 128
    image = load_image(encoded(Image.fromarray(rgba), "PNG"))
    assert image[0, 40].tolist() == [255, 255, 255]
    assert image[0, 20].tolist() == list(RED)
    assert np.abs(image[0, 5].astype(int) - (np.array(RED) + 255) / 2).max() <= 2


def test_palette_with_a_transparent_colour():
    palette = Image.fromarray(picture()).quantize(4)
    index = palette.getpixel((0, 0))
    image = load_image(encoded(palette, "PNG", transparency=index))
    assert image[0, 0].tolist() == [255, 255, 255]
    assert np.abs(image[0, 50].astype(int) - BLUE).max() <= 8


def test_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, BLUE, "white")]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
        assert np.abs(load_image(data)[20, 30].astype(int) - RED).max() <= 4, kind


def test_a_colour_profile_is_converted_to_srgb():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"tmp.").replace(b"gXYZ", b"rXYZ").replace(b"tmp.", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be"))
    plain = np.full((40, 60, 3), (60, 180, 90), np.uint8)
    shown = {
        profile: load_image(encoded(Image.fromarray(plain), "PNG", icc_profile=profile))[0, 0].astype(int)
        for profile in (srgb, swapped, b"not a profile")
    }
    assert shown[srgb].tolist() == shown[b"not a profile"].tolist() == [60, 180, 90]
    assert np.abs(shown[swapped] - (180, 60, 90)).max() <= 2  # its red is what sRGB calls green


def test_one_pixel_is_accepted():
    assert load_image(png_bytes(np.full((1, 1, 3), 7, np.uint8))).tolist() == [[[7, 7, 7]]]


def test_panorama_of_20_000_pixels_is_scaled():
    data = jpeg_bytes(np.full((1000, 20_000, 3), 90, np.uint8))
    assert load_image(data).shape == (120, 2400, 3)
    assert load_image(png_bytes(np.zeros((1, 5000, 3), np.uint8)), max_side=100).shape == (1, 100, 3)


def test_nothing_is_scaled_up_and_none_keeps_the_size():
    assert load_image(png_bytes(picture()), max_side=4000).shape == (40, 60, 3)
    assert load_image(png_bytes(np.zeros((10, 3000, 3), np.uint8)), max_side=None).shape == (10, 3000, 3)
    with pytest.raises(ValueError, match="max_side"):
        load_image(png_bytes(picture()), max_side=0)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "GIF"])
def test_truncated_files_say_so(kind, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    path = tmp_path / "holiday.jpg"
    for share in (0.02, 0.5, 0.9):
        path.write_bytes(data[: max(13, int(len(data) * share))])
        with pytest.raises(ImageError, match=r"holiday.jpg: .*(cut off|damaged).*again"):
            load_image(path)


def test_files_that_are_no_picture(tmp_path):
    empty, text = tmp_path / "empty.jpg", tmp_path / "notes.jpg"
    empty.write_bytes(b"")
    text.write_text("milk, eggs, and a longer line so that there is something to read")
    for path, message in [
        (empty, r"empty.jpg: the file is empty \(0 bytes\)"),
        (text, "notes.jpg: not a picture.*export it"),
        (tmp_path / "gone.jpg", "gone.jpg: no such file"),
        (tmp_path, "this is a folder"),
    ]:
        with pytest.raises(ImageError, match=message):
            load_image(path)


def test_an_upload_is_called_by_its_name():
    file = io.BytesIO(b"")
    file.name = "IMG_1.HEIC"
    with pytest.raises(ImageError, match="^IMG_1.HEIC: "):
        load_image(file)


def bomb(width: int, height: int) -> bytes:
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 64))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # Pillow's own limit is a softer one
@pytest.mark.parametrize("side", [10_001, 12_000, 100_000])
def test_bombs_are_refused_before_they_are_decoded(side):
    with pytest.raises(ImageError, match="too large .*scale it down"):
        load_image(bomb(side, side))


def test_the_pixel_limit_counts_for_every_format(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 2000)
    monkeypatch.setattr(images, "MAX_JPEG_PIXELS", 2000)
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        with pytest.raises(ImageError, match="60×40 pixels"):
            load_image(encoded(Image.fromarray(picture()), kind))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF"]))
def test_any_bytes_give_a_picture_or_an_image_error(junk, head):
    try:
        image = load_image(head + junk)
    except ImageError:
        return
    assert image.ndim == 3


def test_list_photos_finds_pictures_in_subfolders_in_order(tmp_path):
    for name in ("b.JPG", "a.png", "sub/c.heic", "notes.txt", ".hidden.jpg", ".cache/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert [path.relative_to(tmp_path).as_posix() for path in list_photos(tmp_path)] == ["a.png", "b.JPG", "sub/c.heic"]
    with pytest.raises(ImageError, match="no such folder"):
        list_photos(tmp_path / "nowhere")


def test_png_keeps_every_bit_and_jpeg_has_no_alpha():
    rng = np.random.default_rng(1)
    for shape in ((9, 7), (9, 7, 3), (9, 7, 4)):
        array = rng.integers(0, 255, shape, np.uint8)
        assert (np.asarray(Image.open(io.BytesIO(png_bytes(array)))) == array).all()
    with pytest.raises(ValueError, match="no transparency"):
        jpeg_bytes(rng.integers(0, 255, (9, 7, 4), np.uint8))
    with pytest.raises(ValueError, match="expected uint8"):
        png_bytes(np.zeros((4, 4, 3), np.float32))


def test_scale_to_averages():
    board = (np.indices((8, 8)).sum(axis=0) % 2 * 200).astype(np.uint8)
    assert (scale_to(board, 4) == 100).all()
