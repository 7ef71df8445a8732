"""Augmentation of masked crops as tensor operations on a whole batch: as quick on a GPU as the training itself.

Colour is part of what a material or a style is, so most garments keep theirs but for the light.  Those that are
recoloured outright say so, and the heads that colour helps are not asked about them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ewardrobe.models.inputs import MEAN, STD

TURN = math.radians(30)
RECOLOURED = 0.25
"""Share of the garments whose hue is turned, or taken away."""

CLOSE_UP = 0.3
"""Share of the garments of which only a part is seen, up to twice as large."""

_TO_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


class Augmentation:
    """Random views of garments; the same ``seed`` and step give the same batch on the same device."""

    def __init__(self, size: int, strength: float = 1.0) -> None:
        self.size, self.strength = size, strength

    def __call__(self, rgb: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the network's input (B, 4, size, size) float32 and which garments were recoloured, (B,) bool.

        rgb: (B, 3, S, S) uint8; masks: (B, 1, S, S) uint8 0..255; ``generator`` lives on their device.
        """
        random = _Random(len(rgb), rgb.device, generator)
        x = torch.cat([rgb, masks], dim=1).float() / 255
        x = F.grid_sample(x, self._grid(random), mode="bilinear", padding_mode="zeros", align_corners=False)
        colour, mask = x[:, :3], self._uneven(x[:, 3:], random)
        colour, recoloured = self._recoloured(self._lit(colour, random), random)
        colour = self._softened(colour, random).clamp(0, 1)
        return torch.cat([(colour * 255 - MEAN) / STD * mask, mask], dim=1), recoloured

    def _grid(self, random: _Random) -> Tensor:
        """Turn, mirror, scale, stretch and shift."""
        s = self.strength
        angle, stretch = random.spread(TURN * s), torch.exp(random.spread(0.12 * s))
        close = random.chance(CLOSE_UP * s)
        zoom = torch.exp(torch.where(close, random.between(-0.7, -0.1), random.spread(0.15 * s)))
        mirror = torch.where(random.chance(0.5), -1.0, 1.0)
        shift = torch.where(close, 0.5, 0.08 * s)
        rows = [
            torch.stack([zoom * mirror * angle.cos(), -zoom * stretch * angle.sin(), shift * random.spread(1)], -1),
            torch.stack([zoom * mirror * angle.sin(), zoom * stretch * angle.cos(), shift * random.spread(1)], -1),
        ]
        return F.affine_grid(torch.stack(rows, 1), [len(angle), 1, self.size, self.size], align_corners=False)

    def _uneven(self, mask: Tensor, random: _Random) -> Tensor:
        """Move the outline as a segmenter's error would, and hide a part as an arm would."""
        wide, narrow = F.max_pool2d(mask, 7, 1, 3), -F.max_pool2d(-mask, 7, 1, 3)
        kind = random.between(0, 1)[:, None, None, None]
        mask = torch.where(kind < 0.15 * self.strength, wide, mask)
        mask = torch.where(kind > 1 - 0.25 * self.strength, narrow, mask)
        place = torch.linspace(-1, 1, self.size, device=mask.device)
        x, y, half = random.spread(1), random.spread(1), random.between(0.1, 0.35)
        inside = [((place[None] - centre[:, None]).abs() < half[:, None]) for centre in (y, x)]
        hidden = inside[0][:, :, None] & inside[1][:, None, :] & random.chance(0.3 * self.strength)[:, None, None]
        return mask * ~hidden[:, None]

    def _lit(self, colour: Tensor, random: _Random) -> Tensor:
        """Change the light: exposure, gamma, white balance, contrast, saturation."""
        s = self.strength
        gains = torch.exp(random.spread(0.3 * s, 1) + random.spread(0.06 * s, 3))[..., None, None]
        colour = (colour * gains).clamp(1e-4, 1) ** torch.exp(random.spread(0.25 * s, 1))[..., None, None]
        mean = colour.mean(dim=(2, 3), keepdim=True)
        colour = mean + (colour - mean) * torch.exp(random.spread(0.25 * s, 1))[..., None, None]
        grey = colour.mean(dim=1, keepdim=True)
        return grey + (colour - grey) * torch.exp(random.spread(0.3 * s, 1))[..., None, None]

    def _recoloured(self, colour: Tensor, random: _Random) -> tuple[Tensor, Tensor]:
        """Turn the hue of some garments anywhere, of the others by a little; a fifth of the former lose it."""
        chosen = random.chance(RECOLOURED * self.strength)
        angle = torch.where(chosen, random.between(0.5, 2 * math.pi - 0.5), random.spread(0.06 * self.strength))
        chroma = torch.where(chosen & random.chance(0.2), 0.0, 1.0)
        to_yiq = torch.tensor(_TO_YIQ, device=colour.device)
        turn = torch.zeros(len(angle), 3, 3, device=colour.device)
        turn[:, 0, 0] = 1
        turn[:, 1, 1] = turn[:, 2, 2] = angle.cos() * chroma
        turn[:, 1, 2], turn[:, 2, 1] = -angle.sin() * chroma, angle.sin() * chroma
        matrix = torch.linalg.inv(to_yiq) @ turn @ to_yiq
        return torch.einsum("bij,bjhw->bihw", matrix, colour), chosen

    def _softened(self, colour: Tensor, random: _Random) -> Tensor:
        """Blur some pictures as a small photo would be, and add noise."""
        blurred = F.interpolate(F.avg_pool2d(colour, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
        colour = torch.where(random.chance(0.25 * self.strength)[:, None, None, None], blurred, colour)
        noise = torch.randn(colour.shape, device=colour.device, generator=random.generator)
        return colour + noise * random.between(0, 0.03 * self.strength)[:, None, None, None]


class _Random:
    """One random number for each of ``count`` pictures at a time."""

    def __init__(self, count: int, device: torch.device, generator: torch.Generator) -> None:
        self.count, self.device, self.generator = count, device, generator

    def between(self, low: float, high: float, *shape: int) -> Tensor:
        """Return (count, *shape) uniform numbers."""
        return low + (high - low) * torch.rand((self.count, *shape), device=self.device, generator=self.generator)

    def spread(self, reach: float, *shape: int) -> Tensor:
        """Return (count, *shape) uniform numbers round 0."""
        return self.between(-reach, reach, *shape)

    def chance(self, share: float) -> Tensor:
        """Return (count,) bool, true for about ``share`` of them."""
        return self.between(0, 1) < share
