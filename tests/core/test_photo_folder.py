"""Which files of a folder are photos: by their content, and what is passed over is named."""

import numpy as np
import pytest

from ewardrobe.core.images import ImageError, jpeg_bytes, png_bytes
from ewardrobe.core.photo_folder import PhotoFolder, folder_photos, look_through

JPEG, PNG = (encode(np.full((8, 8, 3), 90, np.uint8)) for encode in (jpeg_bytes, png_bytes))


def names(folder, found: PhotoFolder) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in found.photos]


def put(folder, **files: bytes) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def test_pictures_in_subfolders_in_order(tmp_path):
    put(tmp_path, **{"b.JPG": b"x", "a.png": b"x", "sub/c.heic": b"x", ".hidden.jpg": b"x", ".cache/d.jpg": b"x"})
    found = look_through(tmp_path)
    assert (names(tmp_path, found), found.passed_over) == (["a.png", "b.JPG", "sub/c.heic"], {})
    with pytest.raises(ImageError, match="no such folder"):
        look_through(tmp_path / "nowhere")


def test_the_content_decides_and_the_rest_is_named(tmp_path):
    put(tmp_path, **{"a.jfif": JPEG, "b.jpe": JPEG, "no ending": JPEG, "old.photo": PNG, "empty.jpg": b""})
    put(tmp_path, **{"notes.txt": b"milk and eggs", "c.mp4": b"....ftypisom", "d.NEF": b"MM", "Thumbs.db": b"x"})
    found = look_through(tmp_path)
    assert names(tmp_path, found) == ["a.jfif", "b.jpe", "empty.jpg", "no ending", "old.photo"]
    told = {path.name: why for path, why in found.passed_over.items()}
    assert told == {"c.mp4": "a video", "d.NEF": "a raw photo: export it as JPEG", "notes.txt": "no picture"}
    assert found.remarks[-1] == f"{tmp_path / 'notes.txt'}: passed over, no picture"


def test_folders_of_network_drives_and_recycle_bins_are_named(tmp_path):
    put(tmp_path, **{"a.jpg": JPEG, "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg": JPEG, "#recycle/b.jpg": JPEG})
    put(tmp_path, **{"$RECYCLE.BIN/c.jpg": JPEG, "sub/@eaDir/d.jpg": JPEG})
    found = look_through(tmp_path)
    assert names(tmp_path, found) == ["a.jpg"]
    told = [path.relative_to(tmp_path).as_posix() for path in found.passed_over]
    assert told == ["#recycle", "$RECYCLE.BIN", "@eaDir", "sub/@eaDir"]


def test_a_linked_folder_is_looked_through_once(tmp_path):
    put(tmp_path, **{"elsewhere/b.jpg": JPEG, "photos/a.jpg": JPEG})
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "round").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    found = look_through(tmp_path / "photos")
    assert names(tmp_path / "photos", found) == ["a.jpg", "linked/b.jpg"]
    told = {path.name: why for path, why in found.passed_over.items()}
    assert told == {"round": "linked, and looked through already", "gone.jpg": "it is a link to nothing, or no file"}


def test_of_many_files_the_first_are_told(tmp_path):
    put(tmp_path, **{f"{number:03}.txt": b"x" for number in range(25)}, **{"a.jpg": JPEG})
    remarks = folder_photos(tmp_path).remarks
    assert len(remarks) == 21
    assert remarks[-1] == "… and 5 more were passed over"
