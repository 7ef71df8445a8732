"""The network that tells a garment's pattern, material, style, sleeve length and everyday kind from its masked crop.

The body is an encoder of the U-Net (the plain one with a narrow last stage), so that it can start from the U-Net's
weights; textures are read off the means and deviations of its maps under the mask.  The category is an input of the
heads that it helps; the sleeve head does not see it, or it would only repeat what the category's name says.  The
kinds compete within the category: those that it cannot be get the logit ``NEVER``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ewardrobe.core.attributes import HEADS, kinds_of
from ewardrobe.core.taxonomy import CATEGORIES, INSTANCE_IDS, LABEL_COUNT
from ewardrobe.models.networks.encoders import WIDTHS, make_encoder

NEEDS_CATEGORY = ("pattern", "material", "style", "kind")
NEVER = -1e4
"""Logit of what cannot be; finite, so that nothing of it turns to NaN."""

LAST_WIDTH = 128
EMBEDDING = 24
HIDDEN = 96


class AttributeNet(nn.Module):
    """One body, a head of two layers for each of ``heads``: names of ``HEADS``, of which older weights lack some."""

    barred: Tensor

    def __init__(
        self,
        last_width: int = LAST_WIDTH,
        dropout: float = 0.3,
        encoder: str = "plain",
        heads: Iterable[str] = HEADS,
    ) -> None:
        super().__init__()
        self.body = make_encoder(encoder, (*WIDTHS[:-1], last_width))
        widths = self.body.widths
        self.mask_stem = nn.Conv2d(1, widths[0], 3, stride=2, padding=1, bias=False)
        nn.init.zeros_(self.mask_stem.weight)  # begins as the encoder that it was initialised with
        self.category = nn.Embedding(len(CATEGORIES) + 1, EMBEDDING)  # 0: unknown, or an accessory
        self.register_buffer("barred", _barred(), persistent=False)
        features = 2 * (widths[2] + widths[3] + widths[4])
        self.heads = nn.ModuleDict()
        for name in heads:
            inputs = features + EMBEDDING * (name in NEEDS_CATEGORY)
            first, last = nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, len(HEADS[name]))
            self.heads[name] = nn.Sequential(nn.LayerNorm(inputs), nn.Dropout(dropout), first, nn.GELU(), last)

    def freeze_body(self) -> None:
        """Let training change the heads alone."""
        for part in (self.body, self.mask_stem):
            part.requires_grad_(False)

    def train(self, mode: bool = True) -> AttributeNet:
        """Switch to training or, with ``mode`` false, to use; the statistics of a frozen body stay as they are."""
        super().train(mode)
        if not self.mask_stem.weight.requires_grad:
            self.body.eval()
        return self

    def forward(self, x: Tensor, category_ids: Tensor) -> dict[str, Tensor]:
        """Map (B, 4, H, W) and (B,) int64 to the logits of each head, (B, values).

        x: normalised RGB, 0 outside the garment, and the mask 0..1; category_ids: 1..13, 16, 17, 19, 0 where unknown.
        """
        pooled = self.features(x)
        return {name: self.logits(name, pooled, category_ids) for name in self.heads}

    def features(self, x: Tensor) -> Tensor:
        """Map (B, 4, H, W) float32 to (B, features) float32: the moments of the body's maps under the mask."""
        rgb, mask = x[:, :3], x[:, 3:]
        maps = self.body(rgb, self.mask_stem(mask))[2:]
        return torch.cat([moment for one in maps for moment in masked_moments(one, mask)], dim=1)

    def logits(self, name: str, pooled: Tensor, category_ids: Tensor) -> Tensor:
        """Return the logits of one head, (B, values) float32, from (B, features) float32 and (B,) int64."""
        if name in NEEDS_CATEGORY:
            garments = torch.where(category_ids > len(CATEGORIES), 0, category_ids)
            pooled = torch.cat([pooled, self.category(garments)], dim=1)
        told = self.heads[name](pooled)
        return told + self.barred[category_ids] if name == "kind" else told


def _barred() -> Tensor:
    """Return (labels + 1, kinds) float32, by category id: ``NEVER`` for the kinds that a category cannot be, else 0."""
    barred = torch.zeros(LABEL_COUNT + 1, len(HEADS["kind"]))
    for category_id in INSTANCE_IDS:
        known = kinds_of(category_id)
        barred[category_id] = torch.tensor([0.0 if kind in known else NEVER for kind in HEADS["kind"]])
    return barred


def masked_moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation, (B, C) float32, of maps (B, C, h, w) under ``mask`` (B, 1, H, W) 0..1.

    The mask is shrunk to the maps' size; an empty one has moments of 0.
    """
    weight = F.interpolate(mask, x.shape[2:], mode="area").float()
    total = weight.sum(dim=(2, 3)).clamp(min=1e-3)
    x = x.float()  # squares overflow half precision
    mean = (x * weight).sum(dim=(2, 3)) / total
    variance = ((x - mean[:, :, None, None]).square() * weight).sum(dim=(2, 3)) / total
    return mean, (variance + 1e-6).sqrt()


def of_content(content: Mapping[str, Any]) -> AttributeNet:
    """Return an untrained network of the kind that a weights file's ``content`` describes, with its heads."""
    heads = [name for name in HEADS if name in content["values"]]
    return AttributeNet(int(content["last_width"]), encoder=content.get("encoder", "plain"), heads=heads)


class Told(nn.Module):
    """The network with its answers in the order of its heads, without their names."""

    def __init__(self, model: AttributeNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor, category_ids: Tensor) -> tuple[Tensor, ...]:
        """Map (B, 4, H, W) and (B,) int64 to the logits of each head, (B, values)."""
        return tuple(self.model(x, category_ids).values())


served = Told
