"""Garments that come without a background: the outline that is there is the cut-out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_box, mask_iou

SAME_OUTLINE_IOU = 0.7
"""A find that agrees so much with the picture's own outline is what was cut out; less is a part of it, such as a dress
of a person."""

MIN_INSIDE = 0.5
"""Share of a find that lies on the picture's opaque part; others are of the ground that we laid below it."""

LIGHT, GROUND = 200, 128


def on_ground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return ``image``, RGB uint8 (H, W, 3) laid on white, on grey where what it shows is as light as that.

    alpha: (H, W) uint8, 0..255.
    """
    if np.average(image.mean(2), weights=alpha) < LIGHT:
        return image
    clear = (255 - alpha[..., None].astype(np.float32)) / 255
    return np.clip(image - (255 - GROUND) * clear + 0.5, 0, 255).astype(np.uint8)


def with_own_outline(detections: Detections, alpha: np.ndarray) -> Detections:
    """Return the finds within the picture's own outline; one that agrees with it gets it, and then stands alone.

    detections: sorted by falling score; alpha: (H, W) uint8, 0..255, of the same picture.
    """
    outline = alpha >= 128
    masks = detections.masks & outline
    area = detections.masks.sum(axis=(1, 2))
    kept = masks.sum(axis=(1, 2)) >= np.maximum(1, MIN_INSIDE * area)
    inside = replace(detections, masks=masks)[kept]
    whole = [n for n, mask in enumerate(inside.masks) if mask_iou(mask, outline) >= SAME_OUTLINE_IOU]
    if whole:
        one = inside[whole[:1]]
        return replace(one, masks=outline[None], boxes=np.array([mask_box(outline)], np.float32))
    return replace(inside, boxes=np.array([mask_box(mask) for mask in inside.masks], np.float32).reshape(-1, 4))
