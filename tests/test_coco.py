"""DeepFashion2 records as COCO."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fashion_files import SIZE, annotation_item, write_photo, write_split
from pycocotools.coco import COCO

from ewardrobe.datasets.coco import to_coco, write_coco
from ewardrobe.datasets.deepfashion2 import DeepFashion2, item_mask


@pytest.fixture
def split_garment(tmp_path):
    """One garment in two parts (10×10 and 5×4 pixels) whose box, 28×23, is far larger than its mask."""
    item = annotation_item(4, (2, 2, 30, 25))
    item["segmentation"] = [[2, 2, 11, 2, 11, 11, 2, 11], [25, 21, 29, 21, 29, 24, 25, 24]]
    write_photo(tmp_path / "train", 123, {"item1": item}, np.zeros((*SIZE, 3), np.uint8))
    return list(DeepFashion2(tmp_path, "train").records())


@pytest.fixture
def records(tmp_path):
    return list(DeepFashion2(write_split(tmp_path, 5), "validation").records())


def load(data: dict) -> COCO:
    coco = COCO()
    coco.dataset = data
    coco.createIndex()
    return coco


def test_a_garment_in_two_parts_by_hand(split_garment):
    data = to_coco(split_garment)
    annotation = data["annotations"][0]
    assert data["images"] == [{"id": 123, "file_name": "000123.png", "height": 60, "width": 80}]
    assert (annotation["id"], annotation["image_id"], annotation["category_id"]) == (1, 123, 4)
    assert annotation["bbox"] == [2, 2, 28, 23]
    assert annotation["area"] == 10 * 10 + 5 * 4
    assert annotation["segmentation"] == [[2, 2, 11, 2, 11, 11, 2, 11], [25, 21, 29, 21, 29, 24, 25, 24]]


def test_categories_and_ids(records):
    data = to_coco(records)
    assert [c["id"] for c in data["categories"]] == list(range(1, 14))
    assert data["categories"][3]["name"] == "long sleeve outwear"
    assert [a["id"] for a in data["annotations"]] == list(range(1, sum(len(r.items) for r in records) + 1))
    assert [i["id"] for i in data["images"]] == [1, 2, 3, 4, 5]


def test_run_lengths_are_the_pixels_that_we_train_on(records, split_garment):
    for group in (records, split_garment):
        data = to_coco(group, "rle")
        coco = load(data)
        truth = [item_mask(item, r.height, r.width) for r in group for item in r.items]
        for annotation, mask in zip(data["annotations"], truth, strict=True):
            assert (coco.annToMask(annotation).astype(bool) == mask).all()
            assert annotation["area"] == mask.sum()


def test_polygons_rasterise_to_nearly_the_same_mask(records):
    data = to_coco(records)
    coco = load(data)
    truth = [item_mask(item, r.height, r.width) for r in records for item in r.items]
    for annotation, mask in zip(data["annotations"], truth, strict=True):
        other = coco.annToMask(annotation).astype(bool)  # COCO leaves out the last row and column of a polygon
        assert (other & mask).sum() / (other | mask).sum() > 0.85


def test_the_file_is_what_was_returned(tmp_path, records):
    data = write_coco(records, tmp_path / "coco.json", "rle")
    assert json.loads((tmp_path / "coco.json").read_text()) == data
    assert len(COCO(str(tmp_path / "coco.json")).getAnnIds()) == len(data["annotations"])


def test_two_photos_with_one_number_are_refused(split_garment, tmp_path):
    with pytest.raises(ValueError, match="123"):
        write_coco([*split_garment, replace(split_garment[0])], tmp_path / "coco.json")
    assert not (tmp_path / "coco.json").exists()


def test_an_unknown_segmentation_is_refused(records):
    with pytest.raises(ValueError, match="polygon"):
        to_coco(records, "mask")


def test_real_masks_survive(wardrobe13):
    records = list(DeepFashion2(wardrobe13, "validation").records(limit=10))
    data = to_coco(records)
    coco = load(data)
    truth = [item_mask(item, r.height, r.width) for r in records for item in r.items]
    for annotation, mask in zip(data["annotations"], truth, strict=True):
        other = coco.annToMask(annotation).astype(bool)
        assert (other & mask).sum() / (other | mask).sum() > 0.95
