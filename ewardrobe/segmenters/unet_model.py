"""The U-Net's network: an encoder of residual stages, a decoder with skips, 18 sigmoid channels.

After Ronneberger et al. (MICCAI 2015) with residual blocks (He et al., CVPR 2016) and a squeeze-and-excitation
at the bottleneck (Hu et al., CVPR 2018): a category needs the whole garment in view.  Widths are multiples of 16
and all convolutions plain 3×3, which is what processors without matrix units run fastest.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ewardrobe.taxonomy import CATEGORIES, LABEL_COUNT

WIDTHS = (32, 48, 96, 192, 384)
STRIDE = 32
"""Height and width of an input must be multiples of this."""


class Encoder(nn.Module):
    """Residual stages at strides 2, 4, 8, 16 and 32; the part that a Mask R-CNN can take over."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.stem = conv_bn(3, widths[0], stride=2)
        depths = (1, 2, 2, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(widths[i], widths[i + 1], stride=2),
                *(ResidualBlock(widths[i + 1], widths[i + 1]) for _ in range(depth - 1)),
            )
            for i, depth in enumerate(depths)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) normalised RGB to five maps (B, widths[i], H / 2**(i+1), W / 2**(i+1))."""
        features = [self.stem(x)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features


class UNet(nn.Module):
    """Garments and the person's context as independent sigmoid channels, since garments may overlap."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.encoder = Encoder(widths)
        self.context = SqueezeExcite(widths[4])
        self.presence = nn.Linear(widths[4], len(CATEGORIES))
        self.up16 = Up(widths[4], widths[3], 128)
        self.up8 = Up(128, widths[2], 96)
        self.up4 = Up(96, widths[1], 48)
        self.up2 = Up(48, widths[0], 32)
        self.head = nn.Conv2d(32, LABEL_COUNT, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.constant_(self.head.bias, -3.0)  # most pixels are none of the 18
        nn.init.constant_(self.presence.bias, -2.0)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3, H, W) to logits (B, 18, H/2, W/2) and presence logits (B, 13).

        Channel ``i`` is label ``i + 1`` of a parsing map; presence says which categories the picture shows.
        """
        f2, f4, f8, f16, f32 = self.encoder(x)
        f32 = self.context(f32)
        presence = self.presence(f32.mean(dim=(2, 3)))
        x = self.up16(f32, f16)
        x = self.up8(x, f8)
        x = self.up4(x, f4)
        x = self.up2(x, f2)
        return self.head(x), presence


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, stride=stride)
        self.conv2 = conv_bn(outputs, outputs, relu=False)
        nn.init.zeros_(self.conv2[1].weight)  # starts as the identity: trains faster (Goyal et al., 2017)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
        return F.relu(self.conv2(self.conv1(x)) + self.shortcut(x), inplace=True)


class SqueezeExcite(nn.Module):
    """Channel weights from the global mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Linear(channels, channels // 4), nn.ReLU(inplace=True), nn.Linear(channels // 4, channels), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels of (B, C, H, W)."""
        return x * self.gate(x.mean(dim=(2, 3)))[:, :, None, None]


class Up(nn.Module):
    """Doubles the resolution and joins the encoder's map of that resolution."""

    def __init__(self, inputs: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(inputs, outputs, 1, bias=False)  # before the upsampling: a quarter of the work
        self.conv = conv_bn(outputs + skip, outputs)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Map (B, inputs, H, W) and (B, skip, 2H, 2W) to (B, outputs, 2H, 2W)."""
        x = F.interpolate(self.reduce(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.conv(torch.cat([x, skip], dim=1))


def conv_bn(inputs: int, outputs: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """3×3 convolution, batch normalisation and, if ``relu``, a ReLU."""
    layers = [nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)
