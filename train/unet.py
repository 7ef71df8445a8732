"""Train the U-Net on a data set in DeepFashion2's layout.

    python -m train.unet --data DATA --name unet --steps 8000
    python -m train.unet --data DATA --name unet --steps 8000 --resume

Checkpoints and ``log.jsonl`` go to ``runs/NAME``.  ``python -m train.register unet runs/NAME/best.pt`` turns the
best checkpoint into the weights that the app loads.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from ewardrobe.core.taxonomy import CATEGORIES, CONTEXT_IDS, INSTANCE_IDS, INSTANCES, LABEL_COUNT, UNKNOWN, classes_of
from ewardrobe.datasets.samples import Sample
from ewardrobe.models.networks.encoders import ENCODERS, WIDTHS, normalised
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.networks.unet import UNet, served
from ewardrobe.models.unet import UNetSegmenter
from train.loop import checkpoints
from train.loop.config import Config, FlagError, option
from train.loop.losses import bce_loss, competition_loss, dice_loss, union_loss
from train.loop.trainer import SegmenterTask, main


@dataclass
class UNetConfig(Config):
    """Flags of ``python -m train.unet``."""

    name: str = "unet"
    encoder: str = option(
        "plain", "our own encoder, or the backbone of an ultralytics YOLO", choices=list(ENCODERS), kept=True
    )
    pretrained: str = option(
        "", "ultralytics checkpoint that the encoder starts from, such as yolov8s-world.pt", kept=True
    )
    lr: float = 6e-4
    bce_gain: float = option(4.0, "weight of the binary cross-entropy; that of the Dice loss is 1")
    competition_gain: float = option(1.0, "weight of the cross-entropy between the labels")
    union_gain: float = option(0.5, "weight of the garment-against-background loss")
    presence_gain: float = option(0.5, "weight of the loss of the presence head")


class UNetTask(SegmenterTask):
    """The U-Net in the common loop; its pictures are (B, h, w, 3) uint8."""

    kind = "unet"
    config: UNetConfig

    def __init__(self, config: UNetConfig) -> None:
        self.config = config
        if config.pretrained and config.encoder == "plain":
            raise FlagError("--pretrained: the plain encoder has no public weights; give --encoder yolov8s")

    def build(self) -> Any:
        """Return the network in the memory layout that convolutions on a CPU like best."""
        model = UNet(encoder=self.config.encoder)
        if self.config.pretrained and not (self.config.resume or self.config.init):
            checkpoints.fill_public_encoder(model.encoder, self.config.pretrained)
        return model.to(memory_format=torch.channels_last)

    def encode(self, sample: Sample) -> tuple:
        """Return what the loss needs of one sample.

        image (h, w, 3) uint8; target (19, h/2, w/2) uint8 0..255; known (2, h/2, w/2) uint8: from 128 on the pixel is
        known, and an item lies on it; labelled (19,) bool, the labels that hold beside the items; presence (16,)
        float32 and seen (16,) bool, of which classes it is known.
        """
        presence = np.zeros(len(INSTANCES), np.float32)
        presence[classes_of(sample.category_ids)] = 1
        seen = ~np.isin(INSTANCE_IDS, list(sample.unlabelled)) | (presence > 0)
        target, known = soft_targets(sample), known_pixels(sample)
        return sample.image, target, known, labelled_channels(sample), presence, seen

    def collate(self, rows: list[tuple]) -> tuple[torch.Tensor, ...]:
        """Stack rows; pictures stay bytes until they are on the device, a quarter of the way's width."""
        return tuple(torch.from_numpy(np.stack(x)) for x in zip(*rows, strict=True))

    def loss(self, model: Any, batch: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return BCE + Dice over the labelled channels, with three terms that speed up the start."""
        images, target, known, channels, presence, seen = batch
        target = target.float() / 255
        labelled = labelled_pixels(known, channels)
        logits, guess = model(normalised(images))
        presences = F.binary_cross_entropy_with_logits(guess, presence, reduction="none") * seen
        parts = {
            "bce": bce_loss(logits, target, labelled),
            "dice": dice_loss(logits, target, labelled),
            "competition": competition_loss(logits, target, labelled),
            "union": union_loss(logits, target, len(CATEGORIES), labelled),
            "presence": presences.sum() / seen.sum().clamp(min=1),
        }
        total = sum(getattr(self.config, f"{name}_gain", 1) * value for name, value in parts.items())
        return total, {name: value.detach() for name, value in parts.items()}

    def segmenter(self, state: dict[str, torch.Tensor]) -> UNetSegmenter:
        """Return a segmenter with the tensors ``state``."""
        model = UNet(encoder=self.config.encoder)
        model.load_state_dict(state)
        return UNetSegmenter(TorchNetwork(served(model)), self.config.eval_size)

    def content(self) -> dict[str, Any]:
        """Return what loading needs to build the network."""
        return {"widths": list(WIDTHS), "encoder": self.config.encoder, "size": self.config.eval_size, "flip": True}


def labelled_channels(sample: Sample) -> np.ndarray:
    """Return (19,) bool: of which labels everything that the photo shows is known."""
    unlabelled = sample.unlabelled_in_map
    if unlabelled is None:
        unlabelled = frozenset(CONTEXT_IDS if sample.parsing is None else ())
    return ~np.isin(np.arange(1, LABEL_COUNT + 1), list(unlabelled))


def known_pixels(sample: Sample) -> np.ndarray:
    """Return (2, h/2, w/2) uint8 0..255: the share of known pixels, and of pixels on an item, in every 2×2."""
    height, width = sample.image.shape[:2]
    known = np.ones((height, width), bool) if sample.parsing is None else sample.parsing != UNKNOWN
    layers = np.stack([known, sample.masks.any(axis=0)]).astype(np.uint8)
    return np.stack([_shares(layer) for layer in layers])


def labelled_pixels(known: torch.Tensor, channels: torch.Tensor) -> torch.Tensor:
    """Return (B, 19, h, w) float32, 1 where a channel's target holds: known pixels, and of the unlabelled the items'.

    What an item covers is nothing else, so within it the channels without labels are known too.
    known: (B, 2, h, w) uint8 of ``known_pixels``; channels: (B, 19) bool.
    """
    pixel, item = (known >= 128).unbind(dim=1)
    return (pixel[:, None] & (channels[:, :, None, None] | item[:, None])).float()


def soft_targets(sample: Sample) -> np.ndarray:
    """Return (19, h/2, w/2) uint8: the share of each label in every 2×2 pixels, 0..255; edges stay soft."""
    height, width = sample.image.shape[:2]
    target = np.zeros((LABEL_COUNT, height // 2, width // 2), np.uint8)
    for mask, category_id in zip(sample.masks, sample.category_ids, strict=True):
        channel = target[category_id - 1]
        np.maximum(channel, _shares(mask), out=channel)
    if sample.parsing is not None:
        for label in np.intersect1d(sample.parsing, CONTEXT_IDS):
            target[label - 1] = _shares((sample.parsing == label).astype(np.uint8))
    return target


def _shares(mask: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    return cv2.resize(mask * np.uint8(255), (width // 2, height // 2), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    sys.exit(main(UNetConfig, UNetTask, __doc__))
