"""The networks inside a Mask R-CNN, to be run by something else than torch.

There are three: ``body`` (with pyramid and the proposals' head), ``boxes`` and ``masks``.  Anchors, suppression and
RoIAlign between them stay torchvision's code: how many regions there are differs from photo to photo, and neither
torchvision's own export to ONNX nor a network in eight bits allows for that.
Pictures and maps are (B, C, H, W) float32, or of the precision that they are run in.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn
from torchvision.models.detection import MaskRCNN

from ewardrobe.models.inference import Network


@dataclass(frozen=True, eq=False)
class NetworkPart:
    """A piece of a model: ``module`` maps what is like ``example`` to a tensor or a tuple of tensors."""

    name: str
    module: nn.Module
    example: torch.Tensor | tuple[torch.Tensor, ...]


def parts_of(model: MaskRCNN) -> list[NetworkPart]:
    """Return the networks of ``model``, which is on the processor."""
    picture = torch.zeros(1, 3, 256, 192)
    with torch.inference_mode():
        levels = model.backbone(picture)
    channels, heads = next(iter(levels.values())).shape[1], model.roi_heads
    boxes, masks = (torch.zeros(2, channels, *pool.output_size) for pool in (heads.box_roi_pool, heads.mask_roi_pool))
    return [
        NetworkPart("body", Body(model.backbone, model.rpn.head), picture),
        NetworkPart("boxes", nn.Sequential(heads.box_head, heads.box_predictor), boxes),
        NetworkPart("masks", nn.Sequential(heads.mask_head, heads.mask_predictor), masks),
    ]


def with_parts(model: MaskRCNN, networks: Mapping[str, Network]) -> MaskRCNN:
    """Return a copy of ``model``, on the processor, that runs ``networks``, by part, in place of its own."""
    other = copy.deepcopy(model).cpu()
    with torch.inference_mode():
        levels = list(other.backbone(torch.zeros(1, 3, 64, 64)))
    body = _BodyCall(networks["body"], levels)
    other.backbone, other.rpn.head = body, _Remembered(body)
    heads = other.roi_heads
    heads.box_head, heads.box_predictor = nn.Identity(), _Call(networks["boxes"])
    heads.mask_head, heads.mask_predictor = nn.Identity(), _Call(networks["masks"])
    return other


class Body(nn.Module):
    """Pyramid and head of the proposals in one: maps a picture to the levels, their logits and their box offsets."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone, self.head = backbone, head

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Map (B, 3, H, W) to 3 · L tensors for L levels."""
        levels = list(self.backbone(x).values())
        logits, offsets = self.head(levels)
        return (*levels, *logits, *offsets)


class _BodyCall(nn.Module):
    """Runs ``body``; keeps what the proposals' head is asked for next (the inference slot is held all the while)."""

    def __init__(self, network: Network, levels: list[str]) -> None:
        super().__init__()
        self.network, self.levels = network, levels
        self.proposals: tuple[list, list] = [], []

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = [torch.from_numpy(o) for o in self.network(x.contiguous().numpy())]
        count = len(self.levels)
        self.proposals = found[count : 2 * count], found[2 * count :]
        return dict(zip(self.levels, found[:count], strict=True))


class _Remembered(nn.Module):
    def __init__(self, body: _BodyCall) -> None:
        super().__init__()
        self.body = (body,)  # in a tuple: not a submodule twice

    def forward(self, levels: list) -> tuple[list, list]:
        return self.body[0].proposals


class _Call(nn.Module):
    """Runs a head on (N, …) regions; a runtime need not know N = 0, so it then gets one region of zeros."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor):
        regions = x.contiguous() if len(x) else torch.zeros(1, *x.shape[1:])
        found = tuple(torch.from_numpy(o)[: len(x)] for o in self.network(regions.numpy()))
        return found if len(found) > 1 else found[0]
