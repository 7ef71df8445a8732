"""What the tests of training share: the scripts, small flags, and a network that trains in milliseconds."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ewardrobe.core.detections import Detections
from ewardrobe.datasets.samples import Sample
from train import mask_rcnn, unet, yolo
from train.loop.engine import TrainingError
from train.loop.trainer import SegmenterTask

SCRIPTS = {
    "mask_rcnn": (mask_rcnn.MaskRCNNConfig, mask_rcnn.MaskRCNNTask),
    "unet": (unet.UNetConfig, unet.UNetTask),
    "yolo": (yolo.YoloConfig, yolo.YoloTask),
}
SMALL = {"batch_size": 2, "image_size": 64, "eval_size": 64, "accelerator": "cpu", "warmup": 1, "worn_factor": 1.0}


class TinyTask(SegmenterTask):
    """Learns the share of garment pixels in 8×8 cells; its loss is a mean over images, as DDP's average needs it.

    ``events``: {step: exception or number}, raised or returned as the loss before that step.
    """

    kind = "tiny"
    unused_parameters = False

    def __init__(self, config, events: dict | None = None, scores: list | None = None) -> None:
        self.config, self.events, self.scores, self.calls = config, events or {}, scores, 0

    def build(self) -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 4, 4))

    def initialise(self, model: nn.Module, content: dict) -> None:
        raise TrainingError("not in this test")

    def encode(self, sample: Sample) -> tuple:
        garment = sample.masks.any(axis=0).astype(np.float32) if len(sample.masks) else np.zeros(sample.image.shape[:2])
        height, width = garment.shape
        cells = cv2.resize(garment.astype(np.float32), (width // 8, height // 8), interpolation=cv2.INTER_AREA)
        return sample.image.transpose(2, 0, 1).astype(np.float32) / 255, cells

    def collate(self, rows: list[tuple]):
        return tuple(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))

    def loss(self, model: nn.Module, batch):
        images, cells = batch
        loss = F.binary_cross_entropy_with_logits(model(images)[:, 0], cells)
        event = self.events.get(self.calls)
        self.calls += 1
        if isinstance(event, BaseException):
            raise event
        return (loss if event is None else loss * event), {"cells": loss.detach()}

    def segmenter(self, state: dict):
        return TinySegmenter()

    def content(self) -> dict:
        return {}


class TinySegmenter:
    name = "tiny"

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        return Detections.empty(*image.shape[:2])
