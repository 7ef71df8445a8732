"""Train YOLO-seg (ultralytics' network and loss) on a data set in DeepFashion2's layout.

    python -m train.yolo --data DATA --name yolo --steps 8000
    python -m train.yolo --data DATA --name yolo --steps 8000 --resume

The network starts from random tensors; ``--pretrained yolo11n-seg.pt`` starts from ultralytics' COCO weights where
there is a network connection, ``--init weights/unet.pt`` takes the U-Net's encoder over as the backbone.  ``python -m
train.register yolo runs/NAME/best.pt`` ships the result.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import torch

from ewardrobe.core.detections import masks_to_xyxy
from ewardrobe.core.taxonomy import INSTANCE_IDS, UNKNOWN, classes_of
from ewardrobe.datasets.samples import Sample
from ewardrobe.models.networks.encoders import normalised
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.networks.yolo import ARCHITECTURE, build, served
from ewardrobe.models.weights import classes_in
from ewardrobe.models.yolo import SCALING, YoloSegmenter
from train.loop import checkpoints
from train.loop.config import Config, option
from train.loop.engine import TrainingError
from train.loop.losses import PartialBCE
from train.loop.trainer import SegmenterTask, main

MASK_STRIDE = 4
"""Prototype masks have a quarter of the input's resolution."""

ANCHOR_STRIDES = (8, 16, 32)
"""Pixels between the network's anchors, at its three levels."""


@dataclass
class YoloConfig(Config):
    """Flags of ``python -m train.yolo``."""

    name: str = "yolo"
    architecture: str = option(
        ARCHITECTURE, "ultralytics configuration, such as yolo11n-seg.yaml or yolo26n-seg.yaml", kept=True
    )
    pretrained: str = option("", "ultralytics checkpoint to start from, such as yolo11n-seg.pt", kept=True)
    lr: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 10.0
    box_gain: float = option(7.5, "weight of the box and mask losses")
    cls_gain: float = option(0.5, "weight of the category loss")
    dfl_gain: float = option(1.5, "weight of the distribution focal loss")


class YoloTask(SegmenterTask):
    """YOLO-seg in the common loop; its pictures are (B, h, w, 3) uint8."""

    kind = "yolo"
    config: YoloConfig
    unused_parameters = True  # the mask coefficients of a batch without garments

    def __init__(self, config: YoloConfig) -> None:
        self.config = config
        self._judge: PartialBCE | None = None

    def build(self) -> Any:
        """Return ultralytics' network, with the gains that its loss reads."""
        model: Any = build(self.config.architecture)
        if self.config.pretrained and not (self.config.resume or self.config.init):
            model.load(checkpoints.ultralytics_model(self.config.pretrained))
        c = self.config
        gains = {"box": c.box_gain, "cls": c.cls_gain, "dfl": c.dfl_gain}
        model.args = SimpleNamespace(**gains, overlap_mask=True, epochs=100, task="segment", imgsz=c.image_size)
        return model

    def initialise(self, model: Any, content: dict[str, Any]) -> None:
        """Start from the weights of the same architecture, or its backbone from a U-Net's encoder."""
        if checkpoints.model_in(content) == "unet":
            _fill_backbone(model, content)
        else:
            super().initialise(model, content)

    def encode(self, sample: Sample) -> tuple:
        """Return image (h, w, 3) uint8, classes (n,) 0..15, boxes (n, 4) xywh in 0..1, index mask (h/4, w/4) uint8.

        The index mask holds 1 + the garment's row; larger garments are painted first, as ultralytics does.  Then
        labelled (16,) bool, the classes of which every instance is there, and known (h/8, w/8) uint8, 1 where the
        label map does not say "unknown".
        """
        height, width = sample.image.shape[:2]
        order = np.argsort(-sample.masks.sum(axis=(1, 2)))
        masks, classes = sample.masks[order], classes_of(sample.category_ids[order])
        index = np.zeros((height // MASK_STRIDE, width // MASK_STRIDE), np.uint8)
        for number, mask in enumerate(masks, 1):
            small = cv2.resize(mask * np.uint8(255), index.shape[::-1], interpolation=cv2.INTER_AREA)
            index[small > 127] = number
        x0, y0, x1, y1 = masks_to_xyxy(masks.astype(bool)).T
        boxes = np.stack([(x0 + x1) / 2 / width, (y0 + y1) / 2 / height, (x1 - x0) / width, (y1 - y0) / height], axis=1)
        labelled = ~np.isin(INSTANCE_IDS, list(sample.unlabelled))
        return sample.image, classes, boxes.astype(np.float32), index, labelled, _known_cells(sample)

    def collate(self, rows: list[tuple]) -> dict[str, torch.Tensor]:
        """Return the batch dictionary of ultralytics' losses, its pictures still (B, h, w, 3) uint8."""
        images, classes, boxes, masks, labelled, known = zip(*rows, strict=True)
        index = torch.from_numpy(np.stack(masks))
        tables = [torch.from_numpy(np.concatenate([[0], c])) for c in classes]
        semantic = [table[mask.long()] for table, mask in zip(tables, index, strict=True)]
        batch_idx = np.concatenate([np.full(len(c), i) for i, c in enumerate(classes)])
        return {
            "img": torch.from_numpy(np.stack(images)),
            "cls": torch.from_numpy(np.concatenate(classes)).float()[:, None],
            "bboxes": torch.from_numpy(np.concatenate(boxes)),
            "batch_idx": torch.from_numpy(batch_idx).float(),
            "masks": index,
            "sem_masks": torch.stack(semantic).float(),
            "labelled": torch.from_numpy(np.stack(labelled)),
            "known": torch.from_numpy(np.stack(known)),
        }

    def loss(self, model: Any, batch: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return ultralytics' loss as a mean over the images."""
        if self._judge is None:
            self._judge = PartialBCE()
            network = getattr(model, "module", model)
            network.criterion = network.init_criterion()
            for criterion in (network.criterion, *vars(network.criterion).values()):  # one, or a pair in one
                if hasattr(criterion, "bce"):
                    criterion.bce = self._judge
        self._judge.weight = anchor_weights(batch["labelled"], batch["known"])
        loss, parts = model({**batch, "img": normalised(batch["img"], *SCALING)})
        return loss.sum() / len(batch["img"]), {k.removesuffix("_loss"): v for k, v in parts.items()}

    def segmenter(self, state: dict[str, torch.Tensor]) -> YoloSegmenter:
        """Return a segmenter with the tensors ``state``."""
        model = build(self.config.architecture, classes_in(state))
        model.load_state_dict(state)
        return YoloSegmenter(TorchNetwork(served(model)), self.config.eval_size)

    def content(self) -> dict[str, Any]:
        """Return the configuration that loading needs."""
        return {"architecture": self.config.architecture, "size": self.config.eval_size}


def _fill_backbone(model: Any, content: dict[str, Any]) -> None:
    """Copy a U-Net's encoder into the backbone of the YOLO that it was made of; ``TrainingError`` if it is another."""
    encoder = {k.removeprefix("layers."): v for k, v in checkpoints.encoder_in(content).items()}
    own = model.model.state_dict()
    depth = 1 + max((int(k.split(".")[0]) for k in encoder if k.split(".")[0].isdecimal()), default=-1)
    backbone = {k for k in own if int(k.split(".")[0]) < depth}
    if not depth or backbone != encoder.keys() or any(own[k].shape != encoder[k].shape for k in backbone):
        theirs = content.get("encoder", "plain")
        raise TrainingError(
            f"--init: the U-Net's encoder is {theirs}: give the --architecture that it is the backbone of"
        )
    model.model.load_state_dict(own | encoder)


def _known_cells(sample: Sample) -> np.ndarray:
    """Return (h/8, w/8) uint8: 1 where the label map knows more than half of a cell, or there is no map."""
    height, width = (side // ANCHOR_STRIDES[0] for side in sample.image.shape[:2])
    if sample.parsing is None:
        return np.ones((height, width), np.uint8)
    unknown = (sample.parsing == UNKNOWN).astype(np.uint8) * np.uint8(255)
    return (cv2.resize(unknown, (width, height), interpolation=cv2.INTER_AREA) < 128).astype(np.uint8)


def anchor_weights(labelled: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Return (B, anchors, 16) float32: 0 for classes that are not ``labelled`` and anchors that are not ``known``.

    labelled: (B, 16) bool; known: (B, h/8, w/8) uint8.  Anchors come in ultralytics' order, stride after stride.
    """
    cells = known[:, None].float()
    levels = [torch.nn.functional.avg_pool2d(cells, s // ANCHOR_STRIDES[0]).flatten(1) for s in ANCHOR_STRIDES]
    return (torch.cat(levels, dim=1) > 0.5).float()[..., None] * labelled[:, None].float()


if __name__ == "__main__":
    sys.exit(main(YoloConfig, YoloTask, __doc__))
