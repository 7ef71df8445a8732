"""The torch data set: targets as torchvision's models and transforms expect them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fashion_files import SIZE, annotation_item, write_photo, write_split
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.transforms import v2

from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, item_mask
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.subsample import subset
from ewardrobe.datasets.torch import PER_GARMENT, GarmentDataset, collate, keep_visible, sanitizer

FIELDS = {"boxes", "masks", "labels", "area", "iscrowd", "image_id"}


@pytest.fixture
def two_garments(tmp_path):
    """60 × 80 pixels: a skirt on the left, trousers on the right, and a vest whose box lies outside."""
    items = {
        "item1": annotation_item(9, (4, 10, 24, 50)),
        "item2": annotation_item(8, (50, 5, 70, 55)),
        "item3": annotation_item(5, (30, 5, 40, 9)) | {"bounding_box": [90, 5, 99, 9]},
    }
    write_photo(tmp_path / "train", 42, items, np.full((*SIZE, 3), (10, 20, 30), np.uint8))
    return DeepFashion2(tmp_path, "train")


def rows(target) -> list[int]:
    return [len(target[name]) for name in ("boxes", "masks", *PER_GARMENT)]


def test_a_target_by_hand(two_garments):
    image, target = GarmentDataset(two_garments)[0]
    assert isinstance(image, tv_tensors.Image) and image.dtype == torch.uint8 and image.shape == (3, *SIZE)
    assert image[:, 0, 0].tolist() == [30, 20, 10], "RGB, as OpenCV wrote it blue first"
    assert set(target) == FIELDS and target["image_id"] == 42
    boxes, masks = target["boxes"], target["masks"]
    assert isinstance(boxes, tv_tensors.BoundingBoxes) and boxes.dtype == torch.float32
    assert boxes.format == tv_tensors.BoundingBoxFormat.XYXY and tuple(boxes.canvas_size) == SIZE
    assert boxes.tolist() == [[4, 10, 24, 50], [50, 5, 70, 55]], "the garment outside is left out"
    assert isinstance(masks, tv_tensors.Mask) and masks.dtype == torch.uint8 and masks.shape == (2, *SIZE)
    assert masks[0, 10:50, 4:24].all() and masks[0].sum() == 20 * 40
    assert target["labels"].tolist() == [9, 8] and target["labels"].dtype == torch.int64
    assert target["area"].tolist() == [800, 1000] and target["area"].dtype == torch.float32
    assert target["iscrowd"].tolist() == [0, 0] and target["iscrowd"].dtype == torch.int64


def test_masks_are_those_of_the_records(rendered_dataset):
    data = DeepFashion2(rendered_dataset, "train")
    dataset = GarmentDataset(data)
    assert len(dataset) == len(data)
    for record, (image, target) in zip(data.records(), dataset, strict=True):
        assert image.shape[1:] == (record.height, record.width)
        truth = np.stack([item_mask(item, record.height, record.width) for item in record.items])
        assert (target["masks"].numpy() == truth).all()


def test_a_flip_moves_image_boxes_and_masks_alike(two_garments):
    flipped, target = GarmentDataset(two_garments, v2.RandomHorizontalFlip(p=1.0))[0]
    assert target["boxes"].tolist() == [[56, 10, 76, 50], [10, 5, 30, 55]]
    assert target["masks"][0, 10:50, 56:76].all()


class CutOff(torch.nn.Module):
    """Keeps the columns from ``left`` on."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def forward(self, image, target):
        crop = [0, self.left, SIZE[0], SIZE[1] - self.left]
        moved = {
            k: v2.functional.crop(v, *crop) if isinstance(v, tv_tensors.TVTensor) else v for k, v in target.items()
        }
        return v2.functional.crop(image, *crop), moved


def test_torchvisions_own_sanitizer_keeps_all_fields_in_step(two_garments):
    dataset = GarmentDataset(two_garments, v2.Compose([CutOff(30), sanitizer()]))
    image, target = dataset[0]
    assert image.shape == (3, 60, 50)
    assert rows(target) == [1] * 5
    assert target["labels"].tolist() == [8] and target["area"].tolist() == [1000]
    assert target["boxes"].tolist() == [[20, 5, 40, 55]] and target["masks"][0, 5:55, 20:40].all()


def test_what_a_crop_leaves_too_little_of_is_dropped_and_the_rest_measured_anew(two_garments):
    _, target = GarmentDataset(two_garments, v2.Compose([CutOff(65), keep_visible]))[0]
    assert target["labels"].tolist() == [8] and target["area"].tolist() == [5 * 50]
    assert target["boxes"].tolist() == [[0, 5, 5, 55]] and isinstance(target["boxes"], tv_tensors.BoundingBoxes)
    assert tuple(target["boxes"].canvas_size) == (60, 15)
    _, empty = GarmentDataset(two_garments, v2.Compose([CutOff(72), keep_visible]))[0]
    assert rows(empty) == [0] * 5
    assert empty["boxes"].shape == (0, 4) and empty["masks"].shape == (0, 60, 8)


@pytest.mark.parametrize("last", [keep_visible, sanitizer()], ids=["keep_visible", "sanitizer"])
def test_random_crops_leave_no_degenerate_box(rendered_dataset, last):
    pipeline = v2.Compose([v2.RandomHorizontalFlip(), v2.RandomRotation(30), v2.RandomCrop(120), last])
    dataset = GarmentDataset(DeepFashion2(rendered_dataset, "train"), pipeline)
    torch.manual_seed(0)
    seen = set()
    for _ in range(5):
        for image, target in dataset:
            assert image.shape == (3, 120, 120) and len(set(rows(target))) == 1
            corners = target["boxes"].as_subclass(torch.Tensor)
            assert (corners[:, 2:] - corners[:, :2] >= 1).all() and (corners >= 0).all() and (corners <= 120).all()
            seen.add(len(corners))
    assert len(seen) > 1, "some crops lost garments"


def test_a_detection_model_trains_on_a_collated_batch(two_garments):
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.backbone_utils import BackboneWithFPN

    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, stride=8), torch.nn.ReLU())
    backbone = BackboneWithFPN(layers, {"1": "0"}, [8], 16)
    anchors = AnchorGenerator(((16,), (32,)), ((1.0,), (1.0,)))
    model = MaskRCNN(backbone, 14, min_size=60, max_size=80, rpn_anchor_generator=anchors)
    to_float = v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True)
    loader = DataLoader(GarmentDataset(two_garments, to_float), batch_size=1, collate_fn=collate)
    images, targets = next(iter(loader))
    assert isinstance(images, tuple) and isinstance(targets, tuple)
    losses = model(list(images), list(targets))
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_loading_processes_serve_the_same(rendered_dataset):
    dataset = GarmentDataset(DeepFashion2(rendered_dataset, "train"))
    loader = DataLoader(dataset, batch_size=2, collate_fn=collate, num_workers=1)
    served = [pair for images, targets in loader for pair in zip(images, targets, strict=True)]
    for (image, target), (other, expected) in zip(served, dataset, strict=True):
        assert (image == other).all() and (target["masks"] == expected["masks"]).all()


def test_a_balanced_part_is_served(tmp_path):
    data = DeepFashion2(write_split(tmp_path, 12, "train"), "train")
    index = read_index(data)
    dataset = GarmentDataset(data, positions=index.positions[subset(index.present, 0.5, None, balance=True)])
    assert len(dataset) == 6 and len({target["image_id"] for _, target in dataset}) == 6


def test_a_broken_photo_is_replaced_or_refused(tmp_path):
    root = write_split(tmp_path, 3, "train")
    (root / "train" / "image" / "000002.png").write_bytes(b"no picture")
    data = DeepFashion2(root, "train")
    assert [target["image_id"] for _, target in GarmentDataset(data)] == [1, 3, 3]
    assert data.report == {"unreadable photo": 1}
    with pytest.raises(DatasetError, match="000002"):
        GarmentDataset(DeepFashion2(root, "train", "raise"))[1]
