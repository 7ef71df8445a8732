"""From bytes to a network's input, on the device where the network is.

Pictures travel from the data-loading processes and to the device as uint8: a quarter of the bytes of float32.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ewardrobe.models.inputs import MEAN, STD


def normalised(images: Tensor, mean=MEAN, std=STD) -> Tensor:
    """Turn (B, h, w, 3) RGB uint8 into (B, 3, h, w) float32, as ``models.inputs.normalised`` does on arrays."""
    mean, std = (torch.as_tensor(v, dtype=torch.float32, device=images.device) for v in (mean, std))
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)
