"""A lazily reading data set for torch detection models, in the form that torchvision.transforms.v2 works on.

data = GarmentDataset(DeepFashion2(root, "train"), transforms=v2.Compose([v2.RandomCrop(320), keep_visible]))
loader = DataLoader(data, batch_size=8, shuffle=True, collate_fn=collate, num_workers=4)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch.utils.data import Dataset
from torchvision import tv_tensors
from torchvision.ops import masks_to_boxes
from torchvision.transforms import v2

from ewardrobe.datasets.deepfashion2 import DeepFashion2, Record, item_mask
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.samples import read_photo, read_usable

PER_GARMENT = ("labels", "area", "iscrowd")
"""Fields of a target, beside boxes and masks, that hold a row for each garment."""


class GarmentDataset(Dataset):
    """Photos with their garments, decoded at full size when asked for.

    ``[i]`` is ``(image, target)``, or what ``transforms(image, target)`` makes of it: ``tv_tensors.Image`` (3, H, W)
    uint8 RGB, and a dictionary as torchvision's detection references and ``wrap_dataset_for_transforms_v2`` give it:

    - ``boxes``: ``tv_tensors.BoundingBoxes`` (N, 4) float32 XYXY in pixels, cut to the picture;
    - ``masks``: ``tv_tensors.Mask`` (N, H, W) uint8, 0 or 1;
    - ``labels``: (N,) int64 in 1..13; ``area``: (N,) float32, of the masks in pixels; ``iscrowd``: (N,) int64, all 0;
    - ``image_id``: int, the number in the photo's name.

    A garment whose box or mask lies outside the picture is left out.  A photo without one that is left is given with
    N = 0.  positions: places in ``data`` to serve, such as ``read_index(data).positions[subset(…)]``; by default all
    photos that exist and have a garment.  An unusable photo is replaced by the next one, or raises ``DatasetError``
    if ``data`` was opened with ``on_error="raise"``.
    """

    def __init__(
        self, data: DeepFashion2, transforms: Callable | None = None, positions: Sequence[int] | None = None
    ) -> None:
        self.data, self.transforms = data, transforms
        self.positions = read_index(data).positions if positions is None else np.asarray(positions)

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, place: int):
        """Read photo ``place`` and transform it."""
        image, target = read_usable(self.data, self.positions, place, to_tensors)
        return (image, target) if self.transforms is None else self.transforms(image, target)


def to_tensors(record: Record) -> tuple[tv_tensors.Image, dict]:
    """Decode ``record`` to the pair that ``GarmentDataset`` serves."""
    photo = read_photo(record)
    height, width = photo.shape[:2]
    masks = np.array([item_mask(i, height, width) for i in record.items], bool).reshape(-1, height, width)
    boxes = np.array([i.bbox_xyxy for i in record.items]).reshape(-1, 4).clip(0, (width, height) * 2)
    target = {
        "boxes": tv_tensors.BoundingBoxes(
            torch.from_numpy(boxes.astype(np.float32)), format="XYXY", canvas_size=(height, width)
        ),
        "masks": tv_tensors.Mask(torch.from_numpy(masks.view(np.uint8))),
        "labels": torch.tensor([i.category_id for i in record.items], dtype=torch.int64),
        "area": torch.from_numpy(masks.sum(axis=(1, 2), dtype=np.float32)),
        "iscrowd": torch.zeros(len(masks), dtype=torch.int64),
    }
    corners = target["boxes"].as_subclass(torch.Tensor)
    keep = (corners[:, 2:] > corners[:, :2]).all(dim=1) & (target["area"] > 0)
    image = tv_tensors.Image(torch.from_numpy(photo).permute(2, 0, 1).contiguous())
    return image, {"image_id": record.image_id, **select(target, keep)}


def keep_visible(image, target: dict, min_pixels: int = 16) -> tuple:
    """Leave out garments of which a crop or a turn left fewer than ``min_pixels``: box, mask, label and all.

    Boxes and areas are measured anew on the masks, since a box that was cut or turned fits its garment no longer.
    To be called last in a pipeline; takes and returns ``(image, target)``.
    """
    area = target["masks"].flatten(1).sum(dim=1).float()
    kept = select({**target, "area": area}, area >= min_pixels)
    boxes = masks_to_boxes(kept["masks"].as_subclass(torch.Tensor))
    boxes[:, 2:] += 1  # torchvision's end at the last pixel, ours after it
    return image, {**kept, "boxes": tv_tensors.wrap(boxes, like=target["boxes"])}


def select(target: dict, keep: torch.Tensor) -> dict:
    """Return ``target`` with the rows ``keep``, (N,) bool, of everything that has a row for each garment."""
    rows = {name: target[name][keep] for name in PER_GARMENT}
    rows |= {name: tv_tensors.wrap(target[name][keep], like=target[name]) for name in ("boxes", "masks")}
    return {**target, **rows}


def sanitizer(min_size: float = 1.0) -> v2.SanitizeBoundingBoxes:
    """Return torchvision's own transform for degenerate boxes, told to take our other fields along.

    Left to itself it drops rows of boxes, masks and labels but not of ``area`` and ``iscrowd``.
    """
    return v2.SanitizeBoundingBoxes(min_size, labels_getter=_rows_beside_boxes)


def collate(batch: Sequence[tuple]) -> tuple[tuple, ...]:
    """Return ``(images, targets)``, two tuples: photos differ in size, so detection models take lists."""
    return tuple(zip(*batch, strict=True))


def _rows_beside_boxes(inputs: tuple) -> tuple[torch.Tensor, ...]:
    return tuple(inputs[1][name] for name in PER_GARMENT)
