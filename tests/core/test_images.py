"""Every kind of picture file that reaches the app, good and bad."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, TiffImagePlugin

from ewardrobe.core import images
from ewardrobe.core.images import ImageError, jpeg_bytes, load_image, png_bytes, scale_to, upright_size

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


def exif_block(*entries: tuple[int, int, bytes]) -> bytes:
    """An EXIF block of (tag, type, four bytes of value), big-endian."""
    rows = b"".join(struct.pack(">HHI", tag, kind, 1) + value for tag, kind, value in entries)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, len(entries)) + rows + bytes(4)


SIDEWAYS = (0x0112, 3, struct.pack(">HH", 6, 0))


@pytest.mark.parametrize(
    "odd",
    [
        (0x0213, 4, struct.pack(">I", 70_000)),  # YCbCrPositioning as a long: read, and not written back
        (0x010F, 10, struct.pack(">I", 8)),  # a maker that is a fraction
        (0x9003, 7, b"\xff\xff\xff\xff"),
    ],
)
def test_a_photo_is_turned_by_its_orientation_alone(odd):
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(picture(), 1)))
    data = encoded(stored, "JPEG", exif=exif_block(SIDEWAYS, odd), quality=95, subsampling=0)
    assert_close(load_image(data), picture())
    assert upright_size(data) == (40, 60)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_the_size_of_the_head_is_the_size_of_the_picture(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.fromarray(picture()), kind, exif=exif)
    assert upright_size(data) == load_image(data).shape[:2]
    assert upright_size(png_bytes(picture())) == (40, 60)


@pytest.mark.parametrize(
    "raised", [RuntimeError("Reformat failed"), struct.error("H format"), AttributeError("encode")]
)
def test_whatever_a_decoder_raises_is_the_photos_fault(monkeypatch, raised):
    def load(self):
        raise raised

    data = encoded(Image.fromarray(picture()), "PNG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(ImageError, match=f"damaged .{raised}"):
        load_image(data)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile._open", load)
    for read in (load_image, upright_size):
        with pytest.raises(ImageError, match="damaged"):
            read(data)


def png_with(*chunks: tuple[bytes, bytes], pixels: np.ndarray | None = None) -> bytes:
    """A PNG with ``chunks`` of (kind, content) before its pixels."""
    data = png_bytes(picture() if pixels is None else pixels)
    more = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks)
    return data[:33] + b"".join(more) + data[33:]


@pytest.mark.parametrize("size", [3_000_000, 40_000_000])
def test_long_texts_and_profiles_do_not_cost_the_photo(size):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + bytes(size)
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * size))
    icc = (b"iCCP", b"profile\0\0" + zlib.compress(profile))
    for chunk in (text, icc):
        assert (load_image(png_with(chunk)) == picture()).all()


def test_a_jpeg_without_its_last_two_bytes_is_read_and_with_less_refused():
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    for options in ({}, {"progressive": True}):
        data = encoded(Image.fromarray(noise), "JPEG", **options)
        whole = load_image(data)
        for cut in (1, 2):
            assert (load_image(data[:-cut]) == whole).all()
        for cut in (10, 300):
            with pytest.raises(ImageError, match="cut off"):
                load_image(data[:-cut])


def test_a_jpeg_of_200_megapixels_is_reduced_while_it_is_decoded():
    whole = encoded(Image.new("L", (16_320, 12_240), 90), "JPEG")
    image = load_image(whole, max_side=600)
    assert image.shape == (450, 600, 3)
    assert set(np.unique(image)) == {90}


def test_a_tiff_gives_its_photo_not_its_thumbnail():
    photo, small = Image.fromarray(picture()), Image.new("RGB", (15, 10), "white")
    buffer = io.BytesIO()
    small.save(buffer, "TIFF", save_all=True, append_images=[photo, Image.new("RGB", (60, 40))])
    assert (load_image(buffer.getvalue()) == picture()).all()


def dng(preview: bytes) -> bytes:
    """A raw photo: a thumbnail page with the mark of a DNG, and a JPEG that no page of Pillow's leads to."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[50706], info[0x0112] = b"\1\4\0\0", 6
    info.tagtype[50706] = 1
    return encoded(Image.new("RGB", (160, 120)), "TIFF", tiffinfo=info) + b"\0raw values\xff\xd8\xff\xc3" + preview


def test_a_raw_photo_gives_its_preview_the_right_way_up():
    stored = np.zeros((480, 720, 3), np.uint8)
    stored[:, :360] = 200
    image = load_image(dng(jpeg_bytes(np.full((20, 30, 3), 9, np.uint8)) + jpeg_bytes(stored)))
    assert image.shape == (720, 480, 3)
    assert (image[10].mean(), image[-10].mean()) == (200, 0)
    assert upright_size(dng(jpeg_bytes(stored))) == (720, 480)
    with pytest.raises(ImageError, match=r"a raw photo, whose preview has only 120×160 pixels; export it as JPEG"):
        load_image(dng(b""))


def test_a_large_transparent_picture_takes_no_more_than_its_pixels():
    """A small PNG of 24 megapixels: its own 96 MB, and the result's 72 MB twice."""
    data = encoded(Image.new("RGBA", (6000, 4000), (200, 30, 40, 128)), "PNG")
    tracemalloc.start()
    image = load_image(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert image.shape == (1600, 2400, 3)
    assert most < 120e6  # Pillow's own memory is not counted


# Colours


def p3_profile(name: str) -> bytes:
    """Display P3's primaries with sRGB's curve, under any name of as many letters as sRGB's."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    places = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i + 4 for i in range(count)}
    columns = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    for tag, xyz in (columns | {b"bXYZ": (0.1571, 0.06657, 0.78407)}).items():
        place = struct.unpack_from(">I", profile, places[tag])[0]
        struct.pack_into(">iii", profile, place + 8, *(round(v * 65536) for v in xyz))
    return bytes(profile).replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))


P3_CODES, SHOWN_RED = b"\x0c\x0d\0\1", (218, 24, 25)
"""Display P3's (200, 50, 40) in sRGB, by the matrices of SMPTE EG 432-1."""


def test_a_profile_is_known_by_its_colours_not_by_its_name():
    plain = np.full((40, 60, 3), (200, 50, 40), np.uint8)
    for name in ("sRGB", "Wide"):
        for kind in ("PNG", "TIFF"):
            data = encoded(Image.fromarray(plain), kind, icc_profile=p3_profile(name))
            assert np.abs(load_image(data)[0, 0].astype(int) - SHOWN_RED).max() <= 2, (name, kind)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = srgb.replace("sRGB".encode("utf-16-be"), "P3  ".encode("utf-16-be"))
    assert (load_image(encoded(Image.fromarray(plain), "PNG", icc_profile=renamed)) == plain).all()


def test_code_points_of_png_and_heic_are_colours_too():
    plain = np.full((40, 60, 3), (200, 50, 40), np.uint8)
    nclx = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6, "full_range_flag": 1}
    heic = encoded(Image.fromarray(plain), "HEIF", quality=100, chroma=444, save_nclx_profile=True, **nclx)
    avif = encoded(Image.fromarray(plain), "AVIF", quality=100, subsampling="4:4:4")
    avif = avif.replace(b"colrnclx\0\1\0\x0d", b"colrnclx\0\x0c\0\x0d")
    for data in (png_with((b"cICP", P3_CODES), pixels=plain), heic, avif):
        assert np.abs(load_image(data)[20, 30].astype(int) - SHOWN_RED).max() <= 3
    for codes in (b"\1\x0d\0\1", b"\2\2\0\1", b"\xff\xff\0\1"):  # sRGB, not told, of no table
        assert (load_image(png_with((b"cICP", codes), pixels=plain)) == plain).all()


def test_gamma_and_primaries_of_a_png():
    plain = np.full((40, 60, 3), (200, 50, 40), np.uint8)
    linear, usual = (struct.pack(">I", gamma) for gamma in (100_000, 45_455))
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    assert load_image(png_with((b"gAMA", linear), pixels=plain))[0, 0].tolist() == [229, 122, 110]
    assert (load_image(png_with((b"gAMA", usual), pixels=plain)) == plain).all()
    assert (load_image(png_with((b"sRGB", b"\0"), (b"gAMA", linear), pixels=plain)) == plain).all()
    shown = load_image(png_with((b"gAMA", usual), (b"cHRM", p3), pixels=plain))
    assert np.abs(shown[0, 0].astype(int) - SHOWN_RED).max() <= 1


def test_bright_light_of_hdr_is_shown_as_white_and_grey_stays_grey():
    levels = np.array([[0, 64, 148, 192, 255]], np.uint8)[..., None].repeat(3, 2)
    for transfer in (16, 18):
        shown = load_image(png_with((b"cICP", bytes((9, transfer, 0, 1))), pixels=levels))[0]
        assert (shown == shown[:, :1]).all()
        assert (np.diff(shown[:, 0].astype(int)) >= 0).all()
        assert (shown[0, 0], shown[-1, 0]) == (0, 255)
    white = load_image(png_with((b"cICP", bytes((9, 16, 0, 1))), pixels=np.full((1, 1, 3), 148, np.uint8)))
    assert white.min() >= 252  # 58 % of PQ is 203 nits, a white page


def test_adobe_rgb_is_told_by_exif_alone():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    plain = Image.new("RGB", (40, 40), (100, 160, 60))
    shown = load_image(encoded(plain, "JPEG", quality=100, subsampling=0, exif=exif))[20, 20]
    assert np.abs(shown.astype(int) - (53, 161, 47)).max() <= 3


def test_a_profile_of_greys_is_for_grey_pictures():
    lut = ImageCms.ImageCmsProfile(io.BytesIO(grey_profile())).tobytes()
    shown = load_image(encoded(Image.new("L", (40, 40), 128), "TIFF", icc_profile=lut))
    assert np.abs(shown[0, 0].astype(int) - 188).max() <= 1  # half the light
    colour = np.full((40, 60, 3), (200, 50, 40), np.uint8)
    assert (load_image(encoded(Image.fromarray(colour), "TIFF", icc_profile=lut)) == colour).all()


def grey_profile() -> bytes:
    """An ICC profile of greys whose values are light itself."""
    curve = b"curv" + bytes(8)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    head = struct.pack(">I4sI4s4s4s", 0, b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, 20, b"kTRC", 176, 12)
    data = head.ljust(128, b"\0") + tags + white + curve
    return struct.pack(">I", len(data)) + data[4:]


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
