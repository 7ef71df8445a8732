"""Mask R-CNN (He et al., ICCV 2017) in two weights: torchvision's ResNet-50 FPN v2, and a light one for processors.

The light network keeps torchvision's region proposals, sampling and losses, and saves where garments allow it: no
pyramid level of stride 4 (a garment fills a good part of the picture), few anchors and proposals, heads a fraction as
wide.  Its body is the U-Net's encoder, which a trained U-Net can fill, or a ResNet.
Pictures and maps are (B, C, H, W) float32, or of the precision that they are run in.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import resnet
from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn_v2
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.rpn import AnchorGenerator, RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from ewardrobe.core.taxonomy import INSTANCES
from ewardrobe.models.networks.encoders import WIDTHS, Encoder, YoloEncoder, make_encoder
from ewardrobe.models.weights import classes_in

CLASS_COUNT = 1 + len(INSTANCES)
"""torchvision counts the background as class 0, so classes are one more than ``taxonomy.classes_of``."""

BACKBONES = ("unet", "resnet18", "resnet34", "resnet50")
MAX_GARMENTS = 20
LEVELS = ("8", "16", "32")
ANCHOR_SIDES = ((24, 40), (64, 92), (128, 168), (208, 256))
"""Sides of the light network's anchors at strides 8 to 64, in pixels of a picture of ``ANCHOR_IMAGE`` pixels."""
ANCHOR_IMAGE = 256
ASPECTS = (0.5, 1.0, 2.0)

LIGHT = {
    "rpn_pre_nms_top_n_train": 300,
    "rpn_post_nms_top_n_train": 150,
    "rpn_pre_nms_top_n_test": 200,
    "rpn_post_nms_top_n_test": 60,
    "rpn_batch_size_per_image": 128,
    "rpn_fg_iou_thresh": 0.6,
    "box_batch_size_per_image": 32,
    "box_positive_fraction": 0.25,
}
PYRAMID_CHANNELS, BOX_FEATURES, MASK_CHANNELS = 96, 256, (96, 96)


def build(
    backbone: str = "unet",
    size: int = 256,
    widths: tuple[int, ...] = WIDTHS,
    encoder: str = "plain",
    classes: int = CLASS_COUNT,
) -> MaskRCNN:
    """Return an untrained network that takes (B, 3, H, W) normalised RGB.

    ``backbone`` is one of ``BACKBONES`` (``ValueError`` otherwise); ``size``: pixels on the long side, to which the
    light network's anchors are fitted; ``widths`` and ``encoder``: of the U-Net whose encoder is the body;
    ``classes``: with the background, 14 in weights that know no accessories.
    """
    if backbone not in BACKBONES:
        raise ValueError(f"unknown backbone {backbone!r}: known are {', '.join(BACKBONES)}")
    shared = {"box_score_thresh": 0.01, "box_detections_per_img": MAX_GARMENTS}
    if backbone == "resnet50":
        model = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, num_classes=classes, **shared)
    else:
        body = make_encoder(encoder, widths) if backbone == "unet" else ResNetBody(backbone)
        model = _light(body, size, classes, shared)
    model.transform = AsItIs()
    return model


class Regions(nn.Module):
    """The network with the least score of a candidate as a second input: fewer candidates, fewer masks to compute."""

    def __init__(self, model: MaskRCNN) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, min_score: Tensor) -> tuple[Tensor, ...]:
        """Map (1, 3, H, W) and a number to boxes (N, 4), labels (N,), scores (N,) and masks (N, 1, 28, 28)."""
        self.model.roi_heads.score_thresh = min_score
        found = self.model(x)[0]
        return found["boxes"], found["labels"], found["scores"], found["masks"]


served = Regions


def of_content(content: Mapping[str, Any]) -> MaskRCNN:
    """Return an untrained network of the kind that a weights file's ``content`` describes."""
    size = int(content.get("anchor_size", content["size"]))
    widths, encoder = tuple(content.get("widths", WIDTHS)), content.get("encoder", "plain")
    return build(content["backbone"], size, widths, encoder, classes_in(content["model"]))


def replace_heads(model: MaskRCNN) -> None:
    """Give a network that was made for other classes new last layers for ours."""
    boxes = model.roi_heads.box_predictor.cls_score.in_features
    masks = model.roi_heads.mask_predictor.conv5_mask
    model.roi_heads.box_predictor = FastRCNNPredictor(boxes, CLASS_COUNT)
    model.roi_heads.mask_predictor = MaskRCNNPredictor(masks.in_channels, masks.out_channels, CLASS_COUNT)


class AsItIs(nn.Module):
    """Stands in for torchvision's transform: the batch has been resized and normalised, once, before the network."""

    def forward(self, images: Tensor | list[Tensor], targets: list | None = None) -> tuple[ImageList, list | None]:
        """Wrap (B, 3, H, W) images."""
        batch = images if isinstance(images, Tensor) else torch.stack(list(images))
        return ImageList(batch, [tuple(batch.shape[-2:])] * len(batch)), targets

    def postprocess(self, result: list[dict], image_shapes: list, original_image_sizes: list) -> list[dict]:
        """Return boxes in pixels of the batch and masks in their boxes (N, 1, 28, 28), as the network gives them."""
        return result


class Pyramid(nn.Module):
    """A feature pyramid (Lin et al., CVPR 2017) over a body's strides 8, 16 and 32, with a fourth, pooled level."""

    def __init__(self, body: nn.Module, inputs: list[int]) -> None:
        super().__init__()
        self.body, self.out_channels = body, PYRAMID_CHANNELS
        self.fpn = FeaturePyramidNetwork(inputs, PYRAMID_CHANNELS, extra_blocks=LastLevelMaxPool())

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) to (B, channels, h, w) by stride; ``pool`` has stride 64."""
        return self.fpn(dict(zip(LEVELS, self.body(x)[-3:], strict=True)))


class ResNetBody(nn.Module):
    """The stages of torchvision's ResNet-18 or ResNet-34."""

    def __init__(self, name: str) -> None:
        super().__init__()
        whole = getattr(torchvision.models, name)(weights=None)
        self.conv1, self.bn1 = whole.conv1, whole.bn1
        self.layer1, self.layer2, self.layer3, self.layer4 = whole.layer1, whole.layer2, whole.layer3, whole.layer4
        stages = self.layer1, self.layer2, self.layer3, self.layer4
        self.widths = tuple(stage[-1].conv2.out_channels for stage in stages)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to the four stages' maps at strides 4, 8, 16 and 32."""
        x = torch.relu(self.bn1(self.conv1(x)))
        features = [self.layer1(torch.nn.functional.max_pool2d(x, 3, stride=2, padding=1))]
        for stage in (self.layer2, self.layer3, self.layer4):
            features.append(stage(features[-1]))
        return features


def _light(body: Encoder | YoloEncoder | ResNetBody, size: int, classes: int, shared: dict) -> MaskRCNN:
    pyramid = Pyramid(body, list(body.widths[-3:]))
    sides = tuple(tuple(round(side * size / ANCHOR_IMAGE) for side in level) for level in ANCHOR_SIDES)
    anchors = AnchorGenerator(sides, (ASPECTS,) * len(sides))
    align = partial(MultiScaleRoIAlign, list(LEVELS), sampling_ratio=2)
    return MaskRCNN(
        pyramid,
        rpn_anchor_generator=anchors,
        rpn_head=RPNHead(PYRAMID_CHANNELS, anchors.num_anchors_per_location()[0]),
        box_roi_pool=align(output_size=7, canonical_scale=112),
        box_head=TwoMLPHead(PYRAMID_CHANNELS * 7 * 7, BOX_FEATURES),
        box_predictor=FastRCNNPredictor(BOX_FEATURES, classes),
        mask_roi_pool=align(output_size=14, canonical_scale=224),  # stride 8 for all but the largest: finer contours
        mask_head=MaskRCNNHeads(PYRAMID_CHANNELS, list(MASK_CHANNELS), 1),
        mask_predictor=MaskRCNNPredictor(MASK_CHANNELS[-1], MASK_CHANNELS[-1], classes),
        **LIGHT,
        **shared,
    )


def imagenet_weights(backbone: str):
    """Return torchvision's public ImageNet weights of a ResNet body."""
    return {"resnet18": resnet.ResNet18_Weights.DEFAULT, "resnet34": resnet.ResNet34_Weights.DEFAULT}[backbone]
