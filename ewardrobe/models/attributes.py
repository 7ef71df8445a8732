"""Pattern, material, style, sleeve length and everyday kind, told by a small network that says how sure it is.

A confidence is calibrated: of the guesses with 0.8, about eight in ten are right on photos like those of the training.
What is not ``sure`` is a suggestion to ask the owner about, never a value to store.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.attributes import HEADS, LATER_HEADS, NAME, Guess, heads_of
from ewardrobe.core.masks import mask_box, padded_box
from ewardrobe.models import check_image
from ewardrobe.models.calibration import Calibration
from ewardrobe.models.inference import Network, network_of, rest
from ewardrobe.models.inputs import MEAN, STD, trained_side
from ewardrobe.models.weights import WeightsError, load_state, saying_what_they_are_of

CLOSE_HEADS = ("pattern", "material", "kind")
"""Dots, weaves and seams are too small in a picture of the whole garment: these heads look twice, once from near."""

LEAST_SEEN = 0.15
"""Share of a near view that the garment must fill; between the legs of trousers there is nothing to see."""

MARGIN = 0.06
"""Space round the garment in its crop, as a share of its long side."""


class AttributeClassifier:
    """A ``network`` for crops of ``size`` pixels with the calibration of its heads; safe from several threads."""

    def __init__(self, network: Network, calibration: dict[str, Calibration], size: int) -> None:
        self.network, self.calibration, self.size = network, calibration, size

    def predict(self, image: np.ndarray, mask: np.ndarray, category_id: int | None) -> dict[str, Guess]:
        """Tell the attributes of the garment under ``mask``, (H, W) bool or 0..255, of RGB uint8 (H, W, 3) ``image``.

        category_id: 1..13, 16, 17, 19, ``None`` where unknown.  What is not told of a category has no guess (see
        ``heads_of``), nor what older weights do not tell; an empty mask has no guess at all.
        """
        if mask.shape != check_image(image).shape[:2]:
            raise ValueError(f"image is {image.shape[:2]}, the mask is {mask.shape}: give the mask of this image")
        told = [name for name in heads_of(category_id) if name in self.calibration]
        if not told or not (mask > mask_threshold(mask)).any():
            return {}
        guesses = {}
        for name, logits in self.logits(image, mask, category_id).items():
            if name not in told:
                continue
            chances = self.calibration[name].chances(logits)[0].round(4).tolist()
            confidence = max(chances)
            value, sure = HEADS[name][chances.index(confidence)], confidence >= self.calibration[name].ask_below
            guesses[name] = Guess(value, confidence, sure, tuple(chances))
        return guesses

    def logits(self, image: np.ndarray, mask: np.ndarray, category_id: int | None) -> dict[str, np.ndarray]:
        """Return (1, values) float32 of each head: means over the views of the garment and their mirror images.

        The whole garment for all heads; for ``CLOSE_HEADS`` also its middle from twice as near.
        """
        views = [to_input(*view) for view in garment_views(image, mask, self.size)]
        batch = np.stack([one[..., ::step] for one in views for step in (1, -1)])
        outputs = self.network(batch, np.full(len(batch), category_id or 0, np.int64))
        rest()
        return {
            name: (values if name in CLOSE_HEADS else values[:2]).mean(axis=0, keepdims=True)
            for name, values in zip(self.calibration, outputs, strict=True)
        }


def load_classifier(weights: Path | None = None) -> AttributeClassifier:
    """Load the shipped weights, or a file of ``train.attributes``; ``WeightsError`` says what is wrong with it."""
    state, entry = load_state(NAME, weights)
    with saying_what_they_are_of(NAME):
        values = {name: tuple(state["values"][name]) for name in state["values"]}
        known = {name: own for name, own in HEADS.items() if name in values or name not in LATER_HEADS}
        calibration = {name: Calibration(**state["calibration"][name]) for name in known}
        size = trained_side(state["size"])
    if values != known:
        raise WeightsError("the weights tell other values than this version knows: train them again")
    network = network_of(NAME, state, NAME, entry["sha256"])
    return AttributeClassifier(network, calibration, size)


def garment_views(image: np.ndarray, mask: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the whole garment and, if enough of it is there, its middle at twice the scale.

    Each view is a picture (size, size, 3) uint8 and its mask (size, size) uint8, as of ``crop``.
    """
    whole, near = halves(*crop(image, mask, 2 * size))
    return [whole, near] if near[1].mean() >= LEAST_SEEN * 255 else [whole]


def halves(rgb: np.ndarray, mask: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return a ``crop`` at half its scale, and its middle as it is.

    rgb: (2 S, 2 S, 3) uint8; mask: (2 S, 2 S) uint8, 0..255.  Returns two pictures (S, S, 3) with their masks (S, S).
    """
    size = len(rgb) // 2
    middle = np.s_[size // 2 : size // 2 + size]
    whole = cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA)
    whole_mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    return (whole, whole_mask), (np.ascontiguousarray(rgb[middle, middle]), np.ascontiguousarray(mask[middle, middle]))


def crop(image: np.ndarray, mask: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the garment in a square of ``size`` pixels: RGB uint8 (size, size, 3) and its mask uint8 0..255.

    image: RGB uint8 (H, W, 3); mask: (H, W) bool or 0..255, not empty.  The garment keeps its proportions.
    """
    box = mask_box(mask > mask_threshold(mask))
    margin = max(1, round(MARGIN * max(box[2] - box[0], box[3] - box[1])))
    x0, y0, x1, y1 = padded_box(box, margin, *mask.shape)
    rgb, part = image[y0:y1, x0:x1], np.ascontiguousarray(mask[y0:y1, x0:x1])
    part = part.view(np.uint8) * 255 if part.dtype == bool else part
    return _squared(rgb, size, 127), _squared(part, size, 0)


def mask_threshold(mask: np.ndarray) -> int:
    """Return the value above which a pixel of ``mask``, (H, W) bool or 0..255, is garment: 0 for bool, else 127."""
    return 0 if mask.dtype == bool else 127


def to_input(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the (4, size, size) float32 that the network reads of a ``crop``: all is 0 outside the garment."""
    alpha = mask[..., None].astype(np.float32) / 255
    return np.concatenate([(rgb.astype(np.float32) - MEAN) / STD * alpha, alpha], axis=2).transpose(2, 0, 1)


def _squared(picture: np.ndarray, size: int, fill: int) -> np.ndarray:
    scale = size / max(picture.shape[:2])
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.full((size, size, *picture.shape[2:]), fill, np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    canvas[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=method)
    return canvas
