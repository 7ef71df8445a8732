"""Encoders of the U-Net, which a Mask R-CNN can take over: our own, or the backbone of an ultralytics YOLO.

All give five maps at strides 2, 4, 8, 16 and 32.  A YOLO's backbone can start from public weights, which have seen a
hundred times as many photos as a wardrobe data set holds: what a small set of garments lacks most.
Pictures and maps are (B, C, H, W) float32, or of the precision that they are run in.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ewardrobe.core import process
from ewardrobe.models.inputs import MEAN, STD

WIDTHS = (32, 48, 96, 192, 384)
"""Channels of our own encoder at the five strides."""

YOLO_BACKBONES = {  # architecture: the layers whose maps are the last of strides 2, 4, 8, 16 and 32
    "yolov8n": (0, 2, 4, 6, 9),
    "yolov8s": (0, 2, 4, 6, 9),
    "yolo11n": (0, 2, 4, 6, 10),
    "yolo11s": (0, 2, 4, 6, 10),
}
ENCODERS = ("plain", *YOLO_BACKBONES)
PIXEL_SCALE, PIXEL_SHIFT = 64 / 255, 0.5
"""From the U-Net's normalised pixels to the 0..1 that a YOLO reads."""


def make_encoder(name: str = "plain", widths: tuple[int, ...] = WIDTHS) -> Encoder | YoloEncoder:
    """Return an untrained encoder of ``ENCODERS``, with ``widths``: (5,) channels; ``ValueError`` for another name.

    widths: of the plain encoder; a YOLO's are its architecture's.
    """
    if name == "plain":
        return Encoder(widths)
    if name not in YOLO_BACKBONES:
        raise ValueError(f"unknown encoder {name!r}: known are {', '.join(ENCODERS)}")
    return YoloEncoder(name)


class Encoder(nn.Module):
    """Residual stages at strides 2, 4, 8, 16 and 32 (He et al., CVPR 2016).

    Widths are multiples of 16 and all convolutions plain 3×3, which processors without matrix units run fastest.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.stem = conv_bn(3, widths[0], stride=2)
        self.stages = nn.ModuleList()
        for depth, (inputs, outputs) in zip((1, 2, 2, 2), pairwise(widths), strict=True):
            first = ResidualBlock(inputs, outputs, stride=2)
            self.stages.append(nn.Sequential(first, *(ResidualBlock(outputs, outputs) for _ in range(depth - 1))))

    def forward(self, x: Tensor, more: Tensor | None = None) -> list[Tensor]:
        """Map (B, 3, H, W) normalised RGB to five maps (B, widths[i], H / 2**(i+1), W / 2**(i+1)).

        more: (B, widths[0], H / 2, W / 2), added to the first convolution's map, such as a mask's own.
        """
        convolution, norm, relu = self.stem
        x = convolution(x)
        features = [relu(norm(x if more is None else x + more))]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features


class YoloEncoder(nn.Module):
    """The backbone of an ultralytics YOLO, without its neck and heads."""

    def __init__(self, name: str) -> None:
        super().__init__()
        process.quiet_ultralytics()
        from ultralytics.nn.tasks import DetectionModel

        self.taps = YOLO_BACKBONES[name]
        whole: Any = DetectionModel(f"{name}.yaml", verbose=False)
        self.layers = whole.model[: self.taps[-1] + 1]
        with torch.no_grad():
            maps = self.eval()(torch.zeros(1, 3, 64, 64))  # training mode would change the statistics
        self.train()
        self.widths = tuple(m.shape[1] for m in maps)

    def forward(self, x: Tensor, more: Tensor | None = None) -> list[Tensor]:
        """Map as `Encoder.forward` does."""
        stem, *layers = self.layers
        x = stem.conv(x * PIXEL_SCALE + PIXEL_SHIFT)
        x = stem.act(stem.bn(x if more is None else x + more))
        features = [x]
        for place, layer in enumerate(layers, 1):
            x = layer(x)
            if place in self.taps:
                features.append(x)
        return features


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, stride=stride)
        self.conv2 = conv_bn(outputs, outputs, relu=False)
        scale = self.conv2[1].get_parameter("weight")
        nn.init.zeros_(scale)  # starts as the identity: trains faster (Goyal et al., 2017)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
        return F.relu(self.conv2(self.conv1(x)) + self.shortcut(x), inplace=True)


def conv_bn(inputs: int, outputs: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """3×3 convolution, batch normalisation and, if ``relu``, a ReLU."""
    layers = [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


def normalised(images: Tensor, mean=MEAN, std=STD) -> Tensor:
    """Turn (B, h, w, 3) RGB uint8 into (B, 3, h, w) float32, where the network is.

    Arrays: ``models.inputs.normalised``.  Pictures travel to the device as uint8: a quarter of the bytes of float32.
    """
    mean, std = (torch.as_tensor(v, dtype=torch.float32, device=images.device) for v in (mean, std))
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)
