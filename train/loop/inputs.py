"""From bytes to the network's input, on the device where the network is.

Pictures travel from the data-loading processes and to the device as uint8: a quarter of the bytes of float32.
"""

from __future__ import annotations

import torch
from torch import Tensor


def normalised(images: Tensor, mean, std) -> Tensor:
    """Turn (B, h, w, 3) RGB uint8 into (B, 3, h, w) float32 ``(x - mean) / std``, laid out channels last.

    ``mean``, ``std``: a number or three, in units of 0..255.
    """
    mean, std = (torch.as_tensor(v, dtype=torch.float32, device=images.device) for v in (mean, std))
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)
