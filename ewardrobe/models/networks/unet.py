"""The U-Net's network: one of the encoders of ``encoders.py``, a decoder with skips, 19 sigmoid channels.

After Ronneberger et al. (MICCAI 2015) with a squeeze-and-excitation at the bottleneck (Hu et al., CVPR 2018): a
category needs the whole garment in view.
Pictures and maps are (B, C, H, W) float32, or of the precision that they are run in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ewardrobe.core.taxonomy import INSTANCES, LABEL_COUNT
from ewardrobe.models.networks.encoders import WIDTHS, conv_bn, make_encoder


class UNet(nn.Module):
    """Garments and the person's context as independent sigmoid channels, since garments may overlap.

    labels: channels, 19 (18 in weights that know no headwear).  classes: of which the presence is told, 16 or 13.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = WIDTHS,
        encoder: str = "plain",
        labels: int = LABEL_COUNT,
        classes: int = len(INSTANCES),
    ) -> None:
        super().__init__()
        self.encoder = make_encoder(encoder, widths)
        widths = self.encoder.widths
        self.context = SqueezeExcite(widths[4])
        self.presence = nn.Linear(widths[4], classes)
        self.up16 = Up(widths[4], widths[3], 128)
        self.up8 = Up(128, widths[2], 96)
        self.up4 = Up(96, widths[1], 48)
        self.up2 = Up(48, widths[0], 32)
        self.head = nn.Conv2d(32, labels, 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)
        for layer, value in ((self.head, -3.0), (self.presence, -2.0)):  # most pixels are none of the labels
            nn.init.constant_(layer.get_parameter("bias"), value)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3, H, W) to logits (B, labels, H/2, W/2) and presence logits (B, classes).

        Channel ``i`` is label ``i + 1`` of a parsing map; presence says which classes the picture shows.
        """
        f2, f4, f8, f16, f32 = self.encoder(x)
        f32 = self.context(f32)
        presence = self.presence(f32.mean(dim=(2, 3)))
        x = self.up16(f32, f16)
        x = self.up8(x, f8)
        x = self.up4(x, f4)
        x = self.up2(x, f2)
        return self.head(x), presence


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


class LogitsOnly(nn.Module):
    """The network without its presence head, which only training reads."""

    def __init__(self, model: UNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) to logits (B, labels, H/2, W/2)."""
        return self.model(x)[0]


def of_content(content: Mapping[str, Any]) -> UNet:
    """Return an untrained network of the kind that a weights file's ``content`` describes, with as many channels."""
    labels, classes = (len(content["model"][f"{layer}.weight"]) for layer in ("head", "presence"))
    return UNet(tuple(content.get("widths", WIDTHS)), content.get("encoder", "plain"), labels, classes)


served = LogitsOnly
