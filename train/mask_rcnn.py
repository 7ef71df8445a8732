"""Train Mask R-CNN on a data set in DeepFashion2's layout.

    python -m train.mask_rcnn --data DATA --name mask_rcnn --init runs/unet/best.pt          # a CPU: the light network
    python -m train.mask_rcnn --data DATA --name mask_rcnn --backbone resnet50 --pretrained \\
        --image-size 800 --eval-size 800 --batch-size 8 --lr 2e-4 --precision bf16-mixed     # a GPU

``--backbone unet`` has the encoder of our U-Net, which ``--init`` takes from a trained one; ``resnet18`` and
``resnet34`` are as light; ``resnet50`` is torchvision's ``maskrcnn_resnet50_fpn_v2``.  ``--pretrained`` starts from
public weights (COCO for resnet50, ImageNet for the others) where there is a network connection.
``python -m train.register mask_rcnn runs/NAME/best.pt`` ships the result.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights, maskrcnn_resnet50_fpn_v2

from ewardrobe.core.detections import masks_to_xyxy
from ewardrobe.core.taxonomy import INSTANCE_IDS, classes_of
from ewardrobe.datasets.samples import Sample
from ewardrobe.models.mask_rcnn import MaskRCNNSegmenter, normalisation
from ewardrobe.models.networks.encoders import ENCODERS, WIDTHS, normalised
from ewardrobe.models.networks.mask_rcnn import (
    BACKBONES,
    CLASS_COUNT,
    AsItIs,
    build,
    imagenet_weights,
    replace_heads,
    served,
)
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.weights import classes_in
from train.loop import checkpoints
from train.loop.config import Config, FlagError, option
from train.loop.engine import TrainingError
from train.loop.losses import partial_cross_entropy
from train.loop.trainer import SegmenterTask, main

MIN_SIDE = 3
"""Garments that a crop has left fewer pixels high or wide are no instances: their boxes have no shape to learn."""


@dataclass
class MaskRCNNConfig(Config):
    """Flags of ``python -m train.mask_rcnn``."""

    name: str = "mask_rcnn"
    backbone: str = option("unet", "body of the network", choices=list(BACKBONES), kept=True)
    encoder: str = option(
        "plain", "encoder of the U-Net in --init, for --backbone unet", choices=list(ENCODERS), kept=True
    )
    pretrained: bool = option(
        False, "start from public weights: COCO for resnet50, ImageNet for resnet18 and resnet34", kept=True
    )
    lr: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 10.0
    mask_gain: float = option(1.0, "weight of the mask loss; those of the others are 1")


class MaskRCNNTask(SegmenterTask):
    """Mask R-CNN in the common loop; its pictures are (B, h, w, 3) uint8."""

    kind = "mask_rcnn"
    config: MaskRCNNConfig

    def __init__(self, config: MaskRCNNConfig) -> None:
        self.config = config
        if config.pretrained and config.backbone == "unet":
            raise FlagError("--pretrained: --backbone unet has no public weights; give --init runs/unet/best.pt")

    def build(self) -> Any:
        """Return the network, with public weights if asked for."""
        model = self._network()
        _remember_samples(model)
        if self.config.pretrained and not (self.config.resume or self.config.init):
            model = with_public_weights(model, self.config.backbone)
        return model.to(memory_format=torch.channels_last)

    def initialise(self, model: Any, content: dict[str, Any]) -> None:
        """Start from a U-Net's encoder, or from the weights of the same Mask R-CNN."""
        if checkpoints.model_in(content) == "unet":
            config, theirs = self.config, content.get("encoder", "plain")
            if config.backbone != "unet":
                raise TrainingError(f"--init: a U-Net's encoder fits --backbone unet, not {config.backbone}")
            if theirs != config.encoder:
                raise TrainingError(f"--init: the U-Net has another encoder: give --encoder {theirs}")
            message = "--init: the U-Net's encoder does not fit ({})"
            checkpoints.load_into(model.backbone.body, checkpoints.encoder_in(content), message)
        else:
            super().initialise(model, content)

    def encode(self, sample: Sample) -> tuple:
        """Return image (h, w, 3) uint8, boxes (n, 4) float32 xyxy, labels (n,) int64 1..16, masks (n, h, w) uint8.

        Last unlabelled, (17,) bool: the classes that the photo may show without a mask.
        """
        boxes = masks_to_xyxy(sample.masks.astype(bool))
        keep = (boxes[:, 2:] - boxes[:, :2] >= MIN_SIDE).all(axis=1)
        unlabelled = np.isin((0, *INSTANCE_IDS), list(sample.unlabelled))
        return sample.image, boxes[keep], classes_of(sample.category_ids[keep]) + 1, sample.masks[keep], unlabelled

    def collate(self, rows: list[tuple]) -> tuple[torch.Tensor, list[dict[str, torch.Tensor]]]:
        """Return the images (B, h, w, 3) uint8 and torchvision's target dictionaries."""
        images, *targets = zip(*rows, strict=True)
        names = "boxes", "labels", "masks", "unlabelled"
        return torch.from_numpy(np.stack(images)), [
            {name: torch.from_numpy(value) for name, value in zip(names, row, strict=True)}
            for row in zip(*targets, strict=True)
        ]

    def loss(self, model: Any, batch: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the sum of the losses of proposals (objectness, box), boxes (category, box) and masks."""
        images, targets = batch
        losses = model(normalised(images, *normalisation(self.config.backbone)), targets)
        heads = getattr(model, "module", model).roi_heads
        rows = [t["unlabelled"].expand(len(row), -1) for row, t in zip(heads.labels, targets, strict=True)]
        labels, unlabelled = torch.cat(heads.labels), torch.cat(rows)  # of each sampled proposal
        losses["loss_classifier"] = partial_cross_entropy(heads.class_logits, labels, unlabelled)
        parts = {name.removeprefix("loss_"): value for name, value in losses.items()}
        total = sum(getattr(self.config, f"{name}_gain", 1) * value for name, value in parts.items())
        return total, {name: value.detach() for name, value in parts.items()}

    def segmenter(self, state: dict[str, torch.Tensor]) -> MaskRCNNSegmenter:
        """Return a segmenter with the tensors ``state``."""
        model = self._network(classes_in(state))
        model.load_state_dict(state)
        return MaskRCNNSegmenter(TorchNetwork(served(model)), self.config.backbone, self.config.eval_size)

    def _network(self, classes: int = CLASS_COUNT) -> Any:
        return build(self.config.backbone, self.config.image_size, encoder=self.config.encoder, classes=classes)

    def content(self) -> dict[str, Any]:
        """Return what loading needs to build the network."""
        config = self.config
        about = {"backbone": config.backbone, "size": config.eval_size, "anchor_size": config.image_size}
        return about | ({"widths": list(WIDTHS), "encoder": config.encoder} if config.backbone == "unet" else {})


def _remember_samples(model: Any) -> None:
    """Make the heads keep, as ``labels`` and ``class_logits``, what their category loss compares.

    torchvision's own loss takes everything that is not labelled for background; ours needs both sides of it.
    """
    heads = model.roi_heads
    select = heads.select_training_samples

    def selected(proposals, targets):
        sampled = select(proposals, targets)
        heads.labels = sampled[2]
        return sampled

    def keep(module, inputs, output):
        heads.class_logits = output[0]

    heads.select_training_samples = selected
    heads.box_predictor.register_forward_hook(keep)


def with_public_weights(model: Any, backbone: str) -> Any:
    """Return the network with torchvision's public weights; downloads them once, and says what to do when it cannot."""
    try:
        if backbone != "resnet50":
            state = imagenet_weights(backbone).get_state_dict(progress=True, check_hash=True)
            model.backbone.body.load_state_dict({k: v for k, v in state.items() if not k.startswith("fc.")})
            return model
        weights = MaskRCNN_ResNet50_FPN_V2_Weights.DEFAULT
        public = maskrcnn_resnet50_fpn_v2(weights=weights, trainable_backbone_layers=5)
    except (OSError, RuntimeError) as error:  # no connection, a broken download, a full disk
        folder = f"{torch.hub.get_dir()}/checkpoints"
        raise TrainingError(
            f"--pretrained: torchvision's weights could not be loaded ({error}): put the file into {folder} on a "
            "machine without a connection, or leave --pretrained out"
        ) from error
    replace_heads(public)
    public.transform = AsItIs()
    model.load_state_dict(public.state_dict())
    return model


if __name__ == "__main__":
    sys.exit(main(MaskRCNNConfig, MaskRCNNTask, __doc__))
