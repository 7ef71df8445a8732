"""YOLO labels: what ultralytics reads back is what was annotated."""

from __future__ import annotations

import os

import cv2
import numpy as np
import pytest
from fashion_files import annotation_item, write_photo
from PIL import Image

from ewardrobe.core import process
from ewardrobe.core.taxonomy import classes_of
from ewardrobe.datasets.convert import Conversion, convert
from ewardrobe.datasets.deepfashion2 import DeepFashion2, item_mask
from ewardrobe.datasets.polygons import join_parts, mask_rings, polygons_to_mask
from ewardrobe.datasets.yolo import data_yaml, label_text, put_image, single_polygon

HEIGHT, WIDTH = 200, 240
SMALL = 12  # pixels that may be wrong of a small thing, such as a bag of 500: its outline is rounded
HOLE = [20, 20, 160, 20, 160, 160, 20, 160, 20, 20, 60, 60, 60, 120, 120, 120, 120, 60, 60, 60]
GARMENTS = {
    "plain": [[10, 10, 200, 15, 180, 190, 20, 180]],
    "split in two": [[5, 5, 90, 5, 90, 190, 5, 190], [110, 5, 230, 5, 230, 190, 110, 190]],
    "split in three": [[100, 10, 180, 10, 180, 90, 100, 90], [5, 100, 95, 100, 95, 195, 5, 195], [5, 5, 80, 5, 80, 90]],
    "with a hole": [HOLE],
    "with a hole and a part": [HOLE, [180, 20, 235, 20, 235, 190, 180, 190]],
    "parts that overlap": [[10, 10, 140, 10, 140, 150, 10, 150], [100, 60, 230, 60, 230, 190, 100, 190]],
    "one part inside the other": [[10, 10, 220, 10, 220, 190, 10, 190], [60, 60, 120, 60, 120, 120, 60, 120]],
    "beyond the picture": [[-90, 40, 150, -60, 300, 120, 100, 260]],
    "between pixels": [[10.4, 10.6, 200.5, 15.5, 180.25, 190.75, 20.1, 180.9]],
    "to the last pixel": [[0, 0, WIDTH - 1, 0, WIDTH - 1, HEIGHT - 1, 0, HEIGHT - 1]],
}


def write_garments(root, garments=GARMENTS, split="train"):
    for number, polygons in enumerate(garments.values(), start=1):
        item = annotation_item(number % 13 + 1, (2, 2, 200, 180)) | {"segmentation": polygons}
        write_photo(root / split, number, {"item1": item}, np.full((HEIGHT, WIDTH, 3), 9 * number, np.uint8))
    return root


def read_back(out, split: str, record) -> tuple[np.ndarray, np.ndarray]:
    """Masks (N, H, W) bool and classes (N,) of one photo as ultralytics' own data set gives them to its training."""
    process.quiet_ultralytics()
    from ultralytics.cfg import get_cfg
    from ultralytics.data.dataset import YOLODataset
    from ultralytics.data.utils import check_det_dataset

    data = check_det_dataset(str(out / "data.yaml"), autodownload=False)
    folder = data["val" if split == "validation" else split]
    height, width = record.height, record.width
    settings = get_cfg(overrides={"mask_ratio": 1, "overlap_mask": False})
    one_photo = out / "one.txt"
    one_photo.write_text(os.path.join(folder, record.image_path.name))
    size = max(height, width)
    dataset = YOLODataset(img_path=str(one_photo), data=data, task="segment", imgsz=size, augment=False, hyp=settings)
    row = dataset[0]
    top, left = (round((size - side) / 2 - 0.1) for side in (height, width))  # LetterBox centres the photo
    masks = row["masks"].numpy().astype(bool)[:, top : top + height, left : left + width]
    return masks, row["cls"].numpy().ravel().astype(int)


def near_bridges(item, height: int, width: int) -> np.ndarray:
    """Pixels beside the garment on the lines that join its parts, (H, W) bool, three pixels wide."""
    lines = polygons_to_mask([single_polygon(item, height, width)], height, width) & ~item_mask(item, height, width)
    return cv2.dilate(lines.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def assert_reads_back(out, split, records, count_bridges: bool = True) -> None:
    """At most a hundredth of a garment's pixels is wrong; without the bridges where parts lie far from each other."""
    for record in records:
        masks, classes = read_back(out, split, record)
        assert classes.tolist() == classes_of([item.category_id for item in record.items]).tolist()
        for item, mask in zip(record.items, masks, strict=True):
            truth = item_mask(item, record.height, record.width)
            if not count_bridges:
                mask = mask & (truth | ~near_bridges(item, *truth.shape))
            wrong = int((mask ^ truth).sum())
            assert wrong <= max(0.01 * truth.sum(), SMALL), (record.image_path.name, item.key, wrong)


def test_ultralytics_reads_back_every_kind_of_garment(tmp_path):
    source = write_garments(tmp_path / "source")
    convert(Conversion(source, tmp_path / "yolo", "yolo"))
    records = list(DeepFashion2(source, "train", on_error="raise").records())
    assert len(records) == len(GARMENTS)
    assert_reads_back(tmp_path / "yolo", "train", records)


def test_ultralytics_reads_back_rendered_photos(rendered_dataset, tmp_path):
    convert(Conversion(rendered_dataset, tmp_path / "yolo", "yolo"))
    for split in ("train", "validation"):
        records = list(DeepFashion2(rendered_dataset, split, accessories=True).records())
        assert any(len(item.polygons) > 1 for record in records for item in record.items)
        assert_reads_back(tmp_path / "yolo", split, records, count_bridges=False)  # from shoe to shoe


def test_ultralytics_reads_back_real_photos(wardrobe13, tmp_path):
    convert(Conversion(wardrobe13, tmp_path / "yolo", "yolo", ("validation",), max_images=20))
    written = {path.stem for path in (tmp_path / "yolo" / "labels" / "validation").glob("*.txt")}
    records = [r for r in DeepFashion2(wardrobe13, "validation").records() if r.image_path.stem in written]
    assert len(records) == 20
    assert_reads_back(tmp_path / "yolo", "validation", records, count_bridges=False)


@pytest.mark.parametrize("name", GARMENTS)
def test_the_single_polygon_fills_as_the_parts_do(tmp_path, name):
    (record,) = DeepFashion2(write_garments(tmp_path, {name: GARMENTS[name]}), "train").records()
    filled = polygons_to_mask([single_polygon(record.items[0], HEIGHT, WIDTH)], HEIGHT, WIDTH)
    truth = item_mask(record.items[0], HEIGHT, WIDTH)
    assert not (truth & ~filled).any(), "a part is lost"
    bridge_pixels = filled & ~truth
    assert bridge_pixels.sum() <= 20 * len(record.items[0].polygons)


def test_the_nearest_parts_are_joined():
    square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    joined = join_parts([square, square + (40, 0), square + (20, 0)])  # far one first, the near one between
    steps = np.abs(np.diff(np.vstack([joined, joined[:1]]), axis=0)).max(axis=1)
    assert sorted(steps[steps > 4].tolist()) == [16, 16, 16, 16]  # each of two bridges there and back
    assert {tuple(p) for p in joined.tolist()} == {tuple(p) for d in (0, 20, 40) for p in (square + (d, 0)).tolist()}


def test_a_line_by_hand(tmp_path):
    write_photo(tmp_path / "train", 3, {"item1": annotation_item(5, (10, 20, 31, 41))})  # 60 × 80 pixels
    (record,) = DeepFashion2(tmp_path, "train").records()
    expected = [10.5 / 80, 20.5 / 60, 30.5 / 80, 20.5 / 60, 30.5 / 80, 40.5 / 60, 10.5 / 80, 40.5 / 60]
    line = label_text(record)
    assert line.startswith("4 ") and line.endswith("\n")
    assert [float(v) for v in line.split()[1:]] == pytest.approx(expected, abs=1e-6)


def test_rings_of_a_mask_rebuild_it():
    mask = np.zeros((60, 80), bool)
    mask[5:40, 5:50], mask[15:25, 15:30], mask[50, 60], mask[10:30, 70] = True, False, True, True
    filled = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(filled, mask_rings(mask), 1)
    assert (filled.astype(bool) == mask).all()


def test_a_photo_turned_by_exif_is_labelled_as_ultralytics_turns_it(tmp_path):
    source = tmp_path / "source" / "train"
    item = annotation_item(2, (10, 100, 90, 220))
    write_photo(source, 1, {"item1": item})
    (source / "image" / "000001.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6  # lies 240 × 120 in the file, stands 120 × 240
    Image.new("RGB", (240, 120)).save(source / "image" / "000001.jpg", exif=exif)
    convert(Conversion(source.parent, tmp_path / "yolo", "yolo"))
    records = list(DeepFashion2(source.parent, "train").records())
    assert (records[0].height, records[0].width) == (240, 120)
    assert_reads_back(tmp_path / "yolo", "train", records)


def test_yaml_names_every_class_and_the_splits_that_there_are():
    import yaml

    both = yaml.safe_load(data_yaml(["train", "validation"]))
    assert (both["train"], both["val"]) == ("images/train", "images/validation")
    assert both["names"][0] == "short sleeve top" and both["names"][15] == "headwear" and len(both["names"]) == 16
    assert yaml.safe_load(data_yaml(["validation"]))["train"] == "images/validation"
    assert yaml.safe_load(data_yaml(["train"]))["val"] == "images/train"


@pytest.mark.parametrize("refused", [(), ("symlink",), ("symlink", "link")])
def test_a_photo_is_linked_or_copied_as_the_system_allows(tmp_path, monkeypatch, refused):
    def refuse(*_):
        raise PermissionError("no links here")

    for name in refused:
        monkeypatch.setattr(os, name, refuse)
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    source.write_bytes(b"photo")
    for _ in range(2):  # a second time over what is there already
        put_image(source, target)
        assert target.read_bytes() == b"photo"
        assert target.is_symlink() == (not refused)
        assert os.path.samefile(source, target) == (len(refused) < 2)
    put_image(source, target, "copy")
    assert target.read_bytes() == b"photo" and not os.path.samefile(source, target) and source.exists()
