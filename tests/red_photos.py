"""Drawn photos with one red garment each, and the segmenter that sees it."""

from __future__ import annotations

import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import png_bytes
from ewardrobe.garments.draft import Photo

RED, FLOOR = (200, 30, 40), (196, 194, 190)


def photo(number: int, name: str | None = None) -> Photo:
    """A red square on a floor, of another width and in another place for each number."""
    image = np.full((160, 140, 3), FLOOR, np.uint8)
    image[30:120, 20 + number % 5 : 60 + 8 * number] = RED
    image[0, 0] = number
    return Photo(name or f"photo{number}.png", png_bytes(image))


class RedSegmenter:
    """Calls what is red a top."""

    name = "red"

    def __init__(self) -> None:
        self.asked = 0

    def predict(self, image, min_score=0.5):
        self.asked += 1
        mask = np.abs(image.astype(int) - RED).sum(axis=2) < 60
        return Detections.from_masks(mask[None], [1], [0.9]) if mask.any() else Detections.empty(*mask.shape)
