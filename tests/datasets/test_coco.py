"""DeepFashion2 records as COCO."""

from __future__ import annotations

import numpy as np
import pytest
from coco_files import as_coco
from fashion_files import SIZE, annotation_item, write_photo, write_split
from pycocotools.coco import COCO

from ewardrobe.core.masks import mask_iou
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
    data = as_coco(split_garment, "polygon")
    annotation = data["annotations"][0]
    assert data["images"] == [
        {"id": 123, "file_name": "000123.png", "height": 60, "width": 80, "not_exhaustive_category_ids": [16, 17, 19]}
    ]
    assert (annotation["id"], annotation["image_id"], annotation["category_id"]) == (1, 123, 4)
    assert annotation["bbox"] == [2, 2, 28, 23]
    assert annotation["area"] == 10 * 10 + 5 * 4
    assert annotation["segmentation"] == [[2, 2, 11, 2, 11, 11, 2, 11], [25, 21, 29, 21, 29, 24, 25, 24]]


def test_categories_and_ids(records):
    data = as_coco(records)
    assert [c["id"] for c in data["categories"]] == [*range(1, 14), 16, 17, 19]
    assert data["categories"][3]["name"] == "long sleeve outwear"
    assert [a["id"] for a in data["annotations"]] == list(range(1, sum(len(r.items) for r in records) + 1))
    assert [i["id"] for i in data["images"]] == [1, 2, 3, 4, 5]


def test_run_lengths_are_the_pixels_that_we_train_on(records, split_garment):
    for group in (records, split_garment):
        data = as_coco(group, "rle")
        coco = load(data)
        truth = [item_mask(item, r.height, r.width) for r in group for item in r.items]
        for annotation, mask in zip(data["annotations"], truth, strict=True):
            assert (coco.annToMask(annotation).astype(bool) == mask).all()
            assert annotation["area"] == mask.sum()


def decoded(data: dict) -> list[np.ndarray]:
    coco = load(data)
    return [coco.annToMask(annotation).astype(bool) for annotation in data["annotations"]]


def ious(records, segmentation: str = "outline") -> np.ndarray:
    """IoU of each garment's mask as pycocotools draws it with the mask that we train on."""
    records = list(records)
    truth = [item_mask(item, r.height, r.width) for r in records for item in r.items]
    masks = decoded(as_coco(records, segmentation))
    return np.array([mask_iou(a, b) for a, b in zip(masks, truth, strict=True)])


def test_outlines_rasterise_to_the_same_mask(records, split_garment):
    assert ious(records).min() == ious(split_garment).min() == 1


def test_annotated_numbers_lose_a_row_and_a_column(records):
    lost = ious(records, "polygon")  # COCO leaves out the last row and column
    assert 0.85 < lost.min() < lost.max() < 0.99


GARMENTS = {
    "with a hole": [[5, 5, 60, 5, 60, 50, 5, 50, 5, 5, 20, 15, 20, 35, 45, 35, 45, 15, 20, 15]],
    "hole walked the other way": [[5, 5, 60, 5, 60, 50, 5, 50, 5, 5, 20, 15, 45, 15, 45, 35, 20, 35, 20, 15]],
    "anticlockwise": [[5, 5, 5, 50, 60, 50, 60, 5]],
    "slanting": [[30, 2, 75, 20, 60, 57, 22, 50, 3, 21]],
    "closed twice": [[5, 5, 60, 5, 60, 5, 60, 50, 5, 50, 5, 5]],
    "split": [[2, 2, 30, 4, 28, 50, 3, 40], [50, 8, 75, 12, 66, 40]],
    "overlapping": [[2, 2, 50, 4, 48, 50, 3, 40], [30, 8, 75, 12, 66, 40]],
    "beyond the picture": [[-20, 10, 50, -10, 100, 30, 40, 80]],
    "between pixels": [[30.3, 2.6, 75.2, 20.7, 60.4, 57.1, 22.6, 50.2, 3.4, 21.3]],
    "thin": [[10, 10, 70, 12, 70, 13, 10, 11]],
}


@pytest.mark.parametrize("name", GARMENTS)
def test_outlines_of_every_kind_of_garment(tmp_path, name):
    """In a photo of 360 × 480 pixels, where a garment is some hundred pixels wide."""
    item = annotation_item(4, (12, 12, 180, 150))
    item["segmentation"] = [[6 * v for v in part] for part in GARMENTS[name]]
    write_photo(tmp_path / "train", 1, {"item1": item}, np.zeros((6 * SIZE[0], 6 * SIZE[1], 3), np.uint8))
    assert ious(DeepFashion2(tmp_path, "train").records()).min() >= 0.99


def test_outlines_of_rendered_photos(rendered_dataset):
    for split in ("train", "validation"):
        records = list(DeepFashion2(rendered_dataset, split).records())
        assert any(len(item.polygons) > 1 for record in records for item in record.items)
        assert ious(records).min() >= 0.99


def test_the_other_decoder_draws_the_same(rendered_dataset):
    from faster_coco_eval.core import COCO as Other

    data = as_coco(list(DeepFashion2(rendered_dataset, "train").records()))
    other = Other(data)
    for annotation, mask in zip(data["annotations"], decoded(data), strict=True):
        assert (other.annToMask(annotation).astype(bool) == mask).all()


def test_landmarks_are_keypoints_where_they_are_labelled(tmp_path):
    labelled = np.zeros((10, 3), int)  # shorts have ten, after those of categories 1..6
    labelled[0], labelled[4], labelled[9] = (12, 20, 2), (30, 25, 1), (0, 0, 0)
    items = {
        "item1": annotation_item(7, (5, 5, 40, 40), landmarks=labelled.ravel().tolist()),
        "item2": annotation_item(7, (5, 5, 40, 40)),
    }
    write_photo(tmp_path / "train", 1, items)
    data = as_coco(DeepFashion2(tmp_path, "train").records())
    first, second = data["annotations"]
    points = np.array(first["keypoints"]).reshape(-1, 3)
    offset = 25 + 33 + 31 + 39 + 15 + 15
    assert points.shape == (294, 3) and first["num_keypoints"] == 2
    assert (points[offset : offset + 10] == labelled).all() and points.sum() == labelled.sum()
    assert "keypoints" not in second
    assert all(len(c["keypoints"]) == 294 and c["keypoints"][offset] == "7/1" for c in data["categories"])


def test_an_unknown_segmentation_is_refused(records):
    with pytest.raises(ValueError, match="polygon"):
        as_coco(records, "mask")


def test_real_masks_survive(wardrobe13):
    values = ious(list(DeepFashion2(wardrobe13, "validation").records(limit=60)))
    assert values.min() >= 0.99 and values.mean() > 0.998
