"""From photo files to wardrobe items, by the function and by the command line, with everything that goes wrong."""

import errno
import io
import json
import os
import re
import shutil

import numpy as np
import pytest
from garments_page import WHOLE, WholeSegmenter
from PIL import Image

from ewardrobe import __main__ as cli
from ewardrobe import models
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, jpeg_bytes, png_bytes
from ewardrobe.core.masks import rle_to_mask
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.digitize import digitize_photo, find_photos, read_photo, save_garments

RED, BLUE, GROUND = (190, 25, 35), (70, 120, 195), (238, 237, 233)


class ColourSegmenter:
    """Finds what it is told to: red is a short sleeve top (score 0.9), blue is trousers (score 0.6)."""

    name = "fake"

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        pixels = image.astype(int)
        masks = np.stack([np.abs(pixels - colour).sum(axis=2) < 90 for colour in (RED, BLUE)])
        return Detections.from_masks(masks, [1, 8], [0.9, 0.6]).above(min_score)


@pytest.fixture(autouse=True)
def fake_model(monkeypatch):
    monkeypatch.setattr(models, "load_segmenter", lambda name, weights=None: ColourSegmenter())


def outfit(red=True, blue=True) -> np.ndarray:
    image = np.full((240, 200, 3), GROUND, np.uint8)
    if red:
        image[30:110, 50:150] = RED
    if blue:
        image[120:220, 60:140] = BLUE
    return image


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photos" / "outfit.jpg"
    path.parent.mkdir()
    path.write_bytes(jpeg_bytes(outfit(), 95))
    return path


def opened(path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def run(*arguments) -> int:
    return cli.main(["digitize", *map(str, arguments)])


# The function


def test_shoes_bag_and_hat_are_digitized(tmp_path, wardrobe_home, monkeypatch, capsys):
    monkeypatch.setattr(models, "load_segmenter", lambda name, weights=None: WholeSegmenter())
    (tmp_path / "whole.png").write_bytes(WHOLE)
    assert run(tmp_path / "whole.png", "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["type"] for line in told] == ["short sleeve top", "shoes", "bag", "hat"]
    items = FeatureStore().items()
    assert [item["slot"] for item in items] == ["top", "shoes", "bag", "hat"]
    assert [item["id"] for item in items] == [line["id"] for line in told]


def test_photo_to_items(photo, wardrobe_home):
    store = FeatureStore()
    result = digitize_photo(photo, ColourSegmenter())
    ids = save_garments(store, result)
    assert [garment.name for garment in result.garments] == ["short sleeve top", "trousers"]
    assert set(result.milliseconds) == {"read", "find", "cut out"}
    table = store.load()
    assert list(table.index) == ids
    assert table["category"].tolist() == ["short sleeve top", "trousers"]
    assert table["colour"].tolist() == ["red", "blue"]
    assert table["model"].tolist() == ["fake", "fake"]
    assert table["score"].tolist() == pytest.approx([0.9, 0.6])
    for item_id in ids:
        cutout = np.asarray(opened(store.image_path(item_id)))
        assert cutout.shape[2] == 4
        assert store.image_path(item_id, "photo").read_bytes() == photo.read_bytes()


def test_min_score_is_the_models(photo):
    assert [g.name for g in digitize_photo(photo, ColourSegmenter(), 0.7).garments] == ["short sleeve top"]


def test_bytes_and_uploads_keep_their_names(photo):
    upload = io.BytesIO(photo.read_bytes())
    upload.name = "from-phone.jpg"
    upload.read(3)
    assert read_photo(upload).name == "from-phone.jpg"
    assert read_photo(upload).data == photo.read_bytes()
    assert len(digitize_photo(photo.read_bytes(), ColourSegmenter()).garments) == 2


def test_nothing_found_saves_nothing(wardrobe_home):
    result = digitize_photo(png_bytes(outfit(False, False)), ColourSegmenter())
    assert result.garments == ()
    assert save_garments(FeatureStore(), result) == []
    assert not wardrobe_home.exists()


def test_find_photos_opens_folders_and_takes_each_file_once(photo):
    folder = photo.parent
    (folder / "notes.txt").write_text("no photo")
    found = find_photos([photo, folder, folder / "gone.jpg"])
    assert found.photos == [photo, folder / "gone.jpg"]
    assert found.remarks == [f"{folder / 'notes.txt'}: passed over, no picture"]


# The command


def test_a_line_for_each_garment(photo, capsys, wardrobe_home):
    assert run(photo) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r".*outfit.jpg: short sleeve top, red \(red \d+%\), score 0.90 -> .*\.png", lines[0])
    assert re.fullmatch(r".*outfit.jpg: trousers, blue \(blue \d+%\), score 0.60 -> .*\.png", lines[1])
    assert len(FeatureStore().items()) == 2


def test_json_lines(photo, capsys, wardrobe_home):
    assert run(photo, "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(row) for row in rows] == [{"photo", "type", "score", "colours", "id", "image"}] * 2
    assert [row["id"] for row in rows] == [item["id"] for item in FeatureStore().items()]
    assert rows[0]["type"] == "short sleeve top"
    assert rows[0]["colours"][0]["name"] == "red"
    assert opened(rows[1]["image"]).mode == "RGBA"


def test_wardrobe_and_min_score_arguments(photo, tmp_path, wardrobe_home):
    assert run(photo, "--wardrobe", tmp_path / "mine", "--min-score", "0.8", "--no-refine") == 0
    assert len(FeatureStore(tmp_path / "mine").items()) == 1
    assert not wardrobe_home.exists()


def test_folder_of_mixed_files_keeps_the_good_ones(tmp_path, capsys, wardrobe_home):
    folder = tmp_path / "mixed"
    (folder / "sub").mkdir(parents=True)
    rgba = np.dstack([outfit(), np.full((240, 200), 255, np.uint8)])
    wide = np.full((1000, 20_000, 3), GROUND, np.uint8)
    wide[200:800, 9000:11_000] = RED
    frames = [Image.fromarray(outfit(blue=False)), Image.fromarray(outfit(False, False))]
    good = {
        "a.jpg": jpeg_bytes(outfit(), 95),
        "b-alpha.png": png_bytes(rgba),
        "sub/c-wide.png": png_bytes(wide),
        "d-no-clothes.png": png_bytes(outfit(False, False)),
    }
    bad = {
        "empty.jpg": b"",
        "text.jpg": b"this is no picture",
        "cut.jpg": jpeg_bytes(outfit(), 95)[:1500],
        "dot.png": png_bytes(np.zeros((1, 1, 3), np.uint8)),
    }
    for name, data in (good | bad | {"notes.txt": b"passed over"}).items():
        (folder / name).write_bytes(data)
    frames[0].save(folder / "e-moving.gif", save_all=True, append_images=frames[1:])
    Image.fromarray(outfit()).convert("CMYK").save(folder / "f-cmyk.jpg", quality=95)
    Image.fromarray(np.linspace(0, 65535, 40_000, dtype=np.uint16).reshape(200, 200)).save(folder / "g-16bit.png")

    assert run(folder, "--json") == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    found = {}
    for row in rows:
        found.setdefault(os.path.relpath(row["photo"], folder), []).append(row["type"])
    both = ["short sleeve top", "trousers"]
    assert found == {
        "a.jpg": both,
        "b-alpha.png": both,
        "e-moving.gif": ["short sleeve top"],
        "f-cmyk.jpg": both,
        os.path.join("sub", "c-wide.png"): ["short sleeve top"],
    }
    for name in bad:
        assert sum(line.startswith(f"{folder / name}: ") for line in err.splitlines()) == 1, name
    assert f"{folder / 'd-no-clothes.png'}: no garment found" in err
    assert "notes.txt: passed over, no picture" in err
    assert len(FeatureStore().items()) == len(rows) == 8


def test_no_photo_at_all_is_exit_code_2(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert f"no photo in {tmp_path}" in capsys.readouterr().err


def test_missing_file_is_told_and_the_others_are_done(photo, tmp_path, capsys, wardrobe_home):
    assert run(tmp_path / "gone.jpg", photo) == 1
    assert "gone.jpg: no such file" in capsys.readouterr().err
    assert len(FeatureStore().items()) == 2


@pytest.mark.parametrize("value", ["1.5", "-0.1", "much", "nan"])
def test_scores_that_are_none_are_usage_errors(photo, value, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(photo, "--min-score", value)
    assert stopped.value.code == 2
    assert "--min-score" in capsys.readouterr().err


def test_read_only_wardrobe_is_told_in_one_line(photo, tmp_path, capsys):
    home = tmp_path / "locked"
    home.mkdir()
    home.chmod(0o555)
    try:
        if os.access(home, os.W_OK):  # root writes everywhere: a file in the folder's place cannot be written either
            shutil.rmtree(home)
            home.write_bytes(b"in the way")
        assert run(photo, "--wardrobe", home) == 2
    finally:
        home.chmod(0o755)
    out, err = capsys.readouterr()
    assert out == ""
    assert str(home) in err
    assert len([line for line in err.splitlines() if line.startswith("ewardrobe digitize: ")]) == 1


def test_full_disk_is_told_and_the_wardrobe_stays_whole(photo, capsys, monkeypatch, wardrobe_home):
    assert run(photo) == 0
    before = FeatureStore().items()
    (photo.parent / "second.png").write_bytes(png_bytes(outfit(blue=False)))

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert run(photo.parent / "second.png") == 2
    monkeypatch.undo()
    monkeypatch.setenv("EWARDROBE_HOME", str(wardrobe_home))
    assert "space" in capsys.readouterr().err
    assert FeatureStore().items() == before


# python -m ewardrobe segment


def test_segment_writes_overlay_cutouts_and_masks(photo, tmp_path, capsys, wardrobe_home):
    out = tmp_path / "new" / "out"
    assert cli.main(["segment", str(photo), "--out", str(out)]) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names == ["outfit.1.short-sleeve-top.png", "outfit.2.trousers.png", "outfit.json", "outfit.overlay.png"]
    assert sorted(capsys.readouterr().out.split()) == [str(out / name) for name in names]
    report = json.loads((out / "outfit.json").read_text())
    assert (report["width"], report["height"], report["model"]) == (200, 240, "fake")
    for entry in report["detections"]:
        mask = rle_to_mask(entry["segmentation"])
        x, y, width, height = entry["bbox"]
        assert mask.shape == (240, 200)
        assert mask.sum() == entry["area"] == mask[y : y + height, x : x + width].sum()
        assert (out / entry["cutout"]).is_file()
    assert opened(out / "outfit.overlay.png").size == (200, 240)
    assert not wardrobe_home.exists()


def test_segment_of_an_empty_picture_writes_an_empty_list(tmp_path, capsys):
    path = tmp_path / "bed.png"
    path.write_bytes(png_bytes(outfit(False, False)))
    assert cli.main(["segment", str(path), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "bed.json").read_text())["detections"] == []


def test_segment_tells_of_bad_files_and_bad_folders(photo, tmp_path, capsys):
    assert cli.main(["segment", str(tmp_path / "gone.jpg"), "--out", str(tmp_path)]) == 2
    assert "gone.jpg: no such file" in capsys.readouterr().err
    assert cli.main(["segment", str(photo), "--out", str(photo)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_digitize_photo_raises_for_bad_files(tmp_path):
    with pytest.raises(ImageError, match="show no garment"):
        digitize_photo(png_bytes(np.zeros((1, 1, 3), np.uint8)), ColourSegmenter())
    with pytest.raises(ImageError, match="no such file"):
        digitize_photo(tmp_path / "gone.jpg", ColourSegmenter())


def test_a_folder_given_twice_is_there_once(photo, capsys, wardrobe_home, monkeypatch):
    (photo.parent / "copy of outfit.jpg").write_bytes(photo.read_bytes())
    assert run(photo.parent) == 0
    assert "in the wardrobe already, to the byte; left out" in capsys.readouterr().err
    before = FeatureStore().items()
    assert len(before) == 2
    (photo.parent / "zz.png").write_bytes(png_bytes(outfit(blue=False)))
    looked = []
    real = ColourSegmenter.predict
    monkeypatch.setattr(ColourSegmenter, "predict", lambda *args: looked.append(1) or real(*args))
    assert run(photo.parent) == 0
    told = capsys.readouterr().err
    assert len(looked) == 1, "only the new photo is looked at"
    assert "2 photos are in the wardrobe already, to the byte, and left out" in told
    assert re.search(r"zz\.png: \w+ short-sleeved top looks like \w+ T-shirt \(\w+\), which was there", told)
    assert len(FeatureStore().items()) == 3
    assert run(photo.parent) == 0
    assert len(FeatureStore().items()) == 3


def test_an_interrupted_folder_goes_on(photo, capsys, wardrobe_home, monkeypatch):
    (photo.parent / "second.png").write_bytes(png_bytes(outfit(blue=False)))
    real = ColourSegmenter.predict

    def interrupted(self, image, min_score=0.5):
        if FeatureStore().items():
            raise KeyboardInterrupt
        return real(self, image, min_score)

    monkeypatch.setattr(ColourSegmenter, "predict", interrupted)
    assert run(photo.parent) == 130
    assert "are in the wardrobe; the same command goes on" in capsys.readouterr().err
    assert len(FeatureStore().items()) == 2
    monkeypatch.setattr(ColourSegmenter, "predict", real)
    assert run(photo.parent) == 0
    assert len(FeatureStore().items()) == 3


def test_photos_of_one_name_overwrite_nothing(photo, tmp_path, capsys):
    other = tmp_path / "other" / "outfit.png"
    other.parent.mkdir()
    other.write_bytes(png_bytes(outfit(blue=False)))
    out = tmp_path / "out"
    assert cli.main(["segment", str(photo), "--out", str(out)]) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert cli.main(["segment", str(other), "--out", str(out)]) == 0
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert before.items() <= after.items()
    assert sorted(after.keys() - before.keys()) == [
        *("outfit-2.1.short-sleeve-top.png", "outfit-2.json", "outfit-2.overlay.png"),
    ]
    assert cli.main(["segment", str(photo), "--out", str(out)]) == 0
    assert after.keys() == {path.name for path in out.iterdir()}, "the same photo again is no other"
