"""Mask R-CNN (torchvision) as a segmenter: proposals, a category and a box for each, and a mask inside its box.

A mask leaves the network as 28×28 probabilities inside its box and is pasted at the photo's full resolution, one crop
at a time: torchvision's paste makes a floating-point picture of the whole photo for every candidate.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import labels_of
from ewardrobe.models import SHOWN_SCORE, check_image
from ewardrobe.models.confidence import RAW, Confidence, of_entry
from ewardrobe.models.inference import Network, OneNetwork, network_of
from ewardrobe.models.inputs import MEAN, STD, network_input, trained_side
from ewardrobe.models.weights import load_state, saying_what_they_are_of

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""What torchvision's ResNets were trained with, in units of 0..255."""

MIN_SCORE = 0.01
"""Candidates below are never asked for a mask."""


class MaskRCNNSegmenter(OneNetwork):
    """Runs a Mask R-CNN ``network`` at ``size`` pixels on the long side; safe from several threads.

    backbone: one of ``networks.mask_rcnn.BACKBONES``, which says how its input is normalised.
    """

    name = "mask_rcnn"

    def __init__(self, network: Network, backbone: str, size: int, confidence: Confidence = RAW) -> None:
        self.network, self.backbone, self.size, self.confidence = network, backbone, size, confidence

    def predict(self, image: np.ndarray, min_score: float = SHOWN_SCORE) -> Detections:
        """Find garments in RGB uint8 (H, W, 3) ``image``; see ``Segmenter.predict``."""
        image = check_image(image)
        batch, content = network_input(image, self.size, *normalisation(self.backbone))
        boxes, labels, scores, soft = self._run(batch, self.confidence.lowest_raw(min_score))
        scale = np.array([image.shape[1] / content[1], image.shape[0] / content[0]] * 2, np.float32)
        masks = [paste_mask(mask, box * scale, image.shape[:2]) for mask, box in zip(soft, boxes, strict=True)]
        if not masks:
            return Detections.empty(*image.shape[:2])
        found = Detections.from_masks(np.stack(masks), labels_of(labels - 1), np.clip(scores, 0, 1))
        return self.confidence.applied(found, min_score)

    def _run(self, batch: np.ndarray, min_score: float) -> tuple[np.ndarray, ...]:
        """Return boxes (N, 4) in pixels of the batch, labels (N,), raw scores (N,) and masks (N, 28, 28)."""
        least = np.array(max(min_score, MIN_SCORE), np.float32)
        boxes, labels, scores, masks = self.network(batch, least)
        keep = scores >= min_score
        return boxes[keep], labels[keep].astype(np.int64), scores[keep], masks[keep, 0]


def load(weights: Path | None = None, name: str = "mask_rcnn", runtime: str | None = None) -> MaskRCNNSegmenter:
    """Load the shipped weights, or a file of ``train.mask_rcnn``; ``WeightsError`` says what is wrong with it."""
    state, entry = load_state(name, weights)
    with saying_what_they_are_of("mask_rcnn"):
        backbone, size = state["backbone"], trained_side(state["size"])
    network = network_of("mask_rcnn", state, name, entry["sha256"], runtime)
    return MaskRCNNSegmenter(network, backbone, size, of_entry(entry))


def normalisation(backbone: str) -> tuple:
    """Return mean and standard deviation of the input in units of 0..255, each a number or three."""
    return (MEAN, STD) if backbone == "unet" else (IMAGENET_MEAN, IMAGENET_STD)


def paste_mask(soft: np.ndarray, box_xyxy: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Paste (h, w) float32 probabilities of a box (pixels of the image) into an (H, W) bool mask, cut at 0.5.

    Cells are sampled at their centres, as torchvision and Detectron2 do; outside the cells the probability falls to 0.
    """
    mask = np.zeros(image_size, bool)
    x0, y0, x1, y1 = box_xyxy
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, bottom = min(image_size[1], int(np.ceil(x1))), min(image_size[0], int(np.ceil(y1)))
    if right <= left or bottom <= top:
        return mask
    rows, cols = soft.shape
    step_x, step_y = cols / max(x1 - x0, 1e-3), rows / max(y1 - y0, 1e-3)  # cells a pixel
    shift_x, shift_y = (left + 0.5 - x0) * step_x - 0.5, (top + 0.5 - y0) * step_y - 0.5
    inverse = np.array([[step_x, 0, shift_x], [0, step_y, shift_y]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    mask[top:bottom, left:right] = cv2.warpAffine(soft, inverse, (right - left, bottom - top), flags=flags) >= 0.5
    return mask
