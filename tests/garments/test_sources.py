"""Folders and ZIP files of photos: what is taken, what is refused, and that nothing leads out."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from ewardrobe.core.images import ImageError, jpeg_bytes, png_bytes
from ewardrobe.core.photo_folder import folder_photos
from ewardrobe.garments import sources
from ewardrobe.garments.sources import PhotoZip, read_photos

PICTURE = png_bytes(np.full((40, 40, 3), 90, np.uint8))


def packed(*members: tuple[str | zipfile.ZipInfo, bytes], compression=zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    file.seek(0)
    return file


def names(archive: PhotoZip) -> list[str]:
    return [photo.name for photo in archive.photos()]


def test_photos_of_a_zip_and_nothing_else():
    file = packed(
        ("a.png", PICTURE),
        ("deep/er/b.JPG", PICTURE),
        ("notes.txt", b"hello"),
        ("__MACOSX/._a.png", b"fork"),
        (".hidden/c.png", PICTURE),
    )
    with PhotoZip(file, "my.zip") as archive:
        assert len(archive) == 2
        photos = list(archive.photos())
    assert [(photo.name, photo.data) for photo in photos] == [("a.png", PICTURE), ("b.JPG", PICTURE)]


@pytest.mark.parametrize("name", ["../a.png", "x/../../a.png", "/etc/a.png", "..\\a.png", "C:/a.png", "C:\\a.png"])
def test_zip_that_leads_out_is_refused_as_a_whole(name):
    with pytest.raises(ImageError, match=r"my\.zip: refused, since .* leads out of the ZIP file; nothing was taken"):
        PhotoZip(packed(("good.png", PICTURE), (name, PICTURE)), "my.zip")


def test_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(ImageError, match="as a ZIP bomb does"):
        PhotoZip(packed(("good.png", PICTURE), ("bomb.bmp", bytes(20_000_000))), "my.zip")


def test_many_small_bombs_are_one():
    with pytest.raises(ImageError, match=r"0\.5 MB that unpack to 500 MB are no photos"):
        PhotoZip(packed(*((f"{number}.jpg", bytes(5_000_000)) for number in range(100))), "my.zip")


def test_small_picture_that_packs_well_is_no_bomb():
    with PhotoZip(packed(("white.bmp", bytes(100_000))), "my.zip") as archive:
        assert names(archive) == ["white.bmp"]


def test_bomb_that_lies_about_its_size_is_cut_off():
    """The size in the directory is 10 bytes; the member unpacks to a megabyte."""
    data = bytearray(packed(("bomb.bmp", bytes(1_000_000))).getvalue())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.find(signature) + offset
        data[place : place + 4] = struct.pack("<I", 10)
    with PhotoZip(io.BytesIO(bytes(data)), "my.zip") as archive:
        (outcome,) = archive.photos()
    assert isinstance(outcome, ImageError)


def test_limits(monkeypatch):
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    with pytest.raises(ImageError, match="3 files, the limit is 2"):
        PhotoZip(packed(*[(f"{i}.png", PICTURE) for i in range(3)]), "my.zip")
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 50)
    with pytest.raises(ImageError, match="unpacks to more than"):
        PhotoZip(packed(("a.png", PICTURE)), "my.zip")
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 10**9)
    monkeypatch.setattr(sources, "MAX_TOTAL_BYTES", 50)
    with pytest.raises(ImageError, match="pack fewer photos"):
        PhotoZip(packed(("a.png", PICTURE)), "my.zip")


def test_links_and_encrypted_members_are_refused():
    link = zipfile.ZipInfo("a.png")
    link.external_attr = 0o120777 << 16
    with pytest.raises(ImageError, match="is a link"):
        PhotoZip(packed((link, b"/etc/passwd")), "my.zip")
    data = bytearray(packed(("a.png", PICTURE)).getvalue())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImageError, match="is encrypted"):
        PhotoZip(io.BytesIO(bytes(data)), "my.zip")


@pytest.mark.parametrize("data", [b"", b"no zip at all", packed(("a.png", PICTURE)).getvalue()[:-30]])
def test_what_is_no_zip_says_so(data):
    with pytest.raises(ImageError, match=r"my\.zip: not a ZIP file, or damaged"):
        PhotoZip(io.BytesIO(data), "my.zip")


def test_what_is_no_photo_is_named_and_the_photos_are_taken(monkeypatch):
    """A phone's archive: videos, another system's files, names with backslashes and times."""
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 100_000)
    jfif = jpeg_bytes(np.full((40, 40, 3), 90, np.uint8))
    file = packed(
        ("holiday/clip.mp4", bytes(20_000_000)),
        ("__MACOSX/holiday/._a.png", b"fork"),
        ("@eaDir/a.png/SYNOPHOTO_THUMB_M.png", PICTURE),
        ("holiday/day one/a.png", PICTURE),
        ("Photos\\2024\\b.png", PICTURE),
        ("2024-01-01 10:30:00.png", PICTURE),
        ("10:45/c.png", PICTURE),
        ("no ending", jfif),
        ("d.jfif", jfif),
        ("../notes.txt", b"hello"),
        ("huge.png", bytes(200_000)),
        compression=zipfile.ZIP_STORED,
    )
    with PhotoZip(file, "my.zip") as archive:
        assert names(archive) == ["a.png", "b.png", "2024-01-01 10:30:00.png", "c.png", "no ending", "d.jfif"]
        remarks = archive.found.remarks
    assert remarks == [
        "my.zip/holiday/clip.mp4: passed over, a video",
        "my.zip/@eaDir/a.png/SYNOPHOTO_THUMB_M.png: passed over, a network drive's own files",
        "my.zip/notes.txt: passed over, no picture",
        "my.zip/huge.png: passed over, it unpacks to more than 0 MB",
    ]


def test_zip_without_photos_says_so():
    with pytest.raises(ImageError, match="no photo in it; pictures end in"):
        PhotoZip(packed(("notes.txt", b"hello")), "my.zip")


def test_damaged_member_does_not_stop_the_others():
    data = bytearray(packed(("a.png", PICTURE), ("b.png", PICTURE + b"!"), compression=zipfile.ZIP_STORED).getvalue())
    data[60] ^= 0xFF
    with PhotoZip(io.BytesIO(bytes(data)), "my.zip") as archive:
        bad, good = archive.photos()
    assert "a.png in my.zip: cannot be unpacked" in str(bad)
    assert good.name == "b.png"


def test_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("b.png", "sub/a.jpg"):
        (tmp_path / name).write_bytes(PICTURE)
    (tmp_path / "notes.txt").write_text("hello")
    paths = folder_photos(f" {tmp_path} ").photos
    assert [path.name for path in paths] == ["b.png", "a.jpg"]
    paths[0].unlink()
    gone, there = read_photos(paths)
    assert "no such file" in str(gone)
    assert there.name == "a.jpg"


@pytest.mark.parametrize(("folder", "message"), [("", "No folder was named"), ("/no/such", "no such folder")])
def test_folders_that_are_none(folder, message):
    with pytest.raises(ImageError, match=message):
        folder_photos(folder)


def test_folder_without_photos(tmp_path):
    with pytest.raises(ImageError, match="no photo in it or below"):
        folder_photos(tmp_path)
