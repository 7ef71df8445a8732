"""YOLO-seg (ultralytics) as a segmenter: boxes, then masks from prototypes (Bolya et al., YOLACT, ICCV 2019).

The network is ultralytics'; pre- and post-processing are here, which keeps the model safe from several threads and
free of PyTorch.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import INSTANCES, labels_of
from ewardrobe.models import SHOWN_SCORE, check_image
from ewardrobe.models.confidence import RAW, Confidence, of_entry
from ewardrobe.models.inference import Network, OneNetwork, network_of
from ewardrobe.models.inputs import network_input, trained_side
from ewardrobe.models.weights import load_state, saying_what_they_are_of

SCALING = 0, 255
"""Mean and standard deviation of the network's input, in units of 0..255."""

GREY = 114
"""What pads a picture, as ultralytics does."""

MAX_GARMENTS = 30
LEAST = 1e-3
"""Raw score below which an anchor says nothing."""

NMS_IOU = 0.5
BOX_MARGIN = 0.05
"""A mask may leave its box by this share of the box: an inexact box shall not cut a sleeve off."""


class YoloSegmenter(OneNetwork):
    """Runs a YOLO-seg ``network`` at ``size`` pixels on the long side."""

    def __init__(self, network: Network, size: int = 256, confidence: Confidence = RAW, name: str = "yolo") -> None:
        self.network, self.name, self.size, self.confidence = network, name, size, confidence

    def predict(self, image: np.ndarray, min_score: float = SHOWN_SCORE) -> Detections:
        """Find garments in RGB uint8 (H, W, 3) ``image``; see ``Segmenter.predict``."""
        batch, (rows, cols) = network_input(check_image(image), self.size, *SCALING, grey=GREY)
        boxes, prototypes = self.network(batch)
        raw = suppress(boxes, self.confidence.lowest_raw(min_score), boxes.shape[1] - 4 - prototypes.shape[1])
        logits = np.einsum("nc,chw->nhw", raw[:, 6:], prototypes[0])
        scale = image.shape[0] / rows, image.shape[1] / cols
        masks = [
            full_mask(soft, box[:4], (rows, cols), batch.shape[2:], image.shape[:2], scale)
            for soft, box in zip(logits, raw, strict=True)
        ]
        if not masks:
            return Detections.empty(*image.shape[:2])
        found = Detections.from_masks(np.stack(masks), labels_of(raw[:, 5]), np.clip(raw[:, 4], 0, 1))
        return self.confidence.applied(found, min_score)


def suppress(boxes: np.ndarray, min_score: float, classes: int = len(INSTANCES)) -> np.ndarray:
    """Return the (N, 6 + 32) float32 rows ``x0 y0 x1 y1 score class coefficients…`` that survive suppression.

    boxes: (1, 4 + classes + 32, anchors) as the network gives them, ``x y w h`` round the middle first.  Each anchor
    counts with its best class; of two of one class that overlap by more than ``NMS_IOU`` the surer stays.
    """
    best = boxes[0, 4 : 4 + classes].max(axis=0)
    chosen = np.flatnonzero(best > max(min_score, LEAST))
    chosen = chosen[np.argsort(-best[chosen], kind="stable")]
    rows = boxes[0, :, chosen]
    named = rows[:, 4 : 4 + classes].argmax(axis=1)
    half = rows[:, 2:4] / 2
    corners = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    kept = _not_suppressed(corners, named)
    told = best[chosen][:, None], named[:, None].astype(np.float32)
    return np.concatenate([corners, *told, rows[:, 4 + classes :]], axis=1)[kept]


def _not_suppressed(corners: np.ndarray, classes: np.ndarray) -> list[int]:
    """Return the first ``MAX_GARMENTS`` of boxes (N, 4), surest first, that no earlier one of their class hides."""
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    left, kept = np.arange(len(corners)), list[int]()
    while len(left) and len(kept) < MAX_GARMENTS:
        first, left = left[0], left[1:]
        kept.append(int(first))
        low = np.maximum(corners[first, :2], corners[left, :2])
        high = np.minimum(corners[first, 2:], corners[left, 2:])
        both = np.prod(np.maximum(high - low, 0), axis=1)
        hidden = both > NMS_IOU * (areas[first] + areas[left] - both)
        left = left[~(hidden & (classes[left] == classes[first]))]
    return kept


def load(weights: Path | None = None, name: str = "yolo", runtime: str | None = None) -> YoloSegmenter:
    """Load the shipped weights, or a file that ``train.yolo`` wrote; ``WeightsError`` says what is wrong with it."""
    state, entry = load_state(name, weights, kind="yolo")
    with saying_what_they_are_of("yolo"):
        size = trained_side(state["size"])
    network = network_of("yolo", state, name, entry["sha256"], runtime)
    return YoloSegmenter(network, size, of_entry(entry), name)


def full_mask(
    logits: np.ndarray,
    box_xyxy: np.ndarray,
    content: tuple[int, int],
    padded: tuple[int, int],
    image_size: tuple[int, int],
    scale: tuple[float, float],
) -> np.ndarray:
    """Scale (h, w) float32 prototype logits to the image and crop them to their box; returns (H, W) bool.

    box_xyxy: (4,) in pixels of the padded input; content: its rows and columns without the padding; scale: pixels of
    the image for one of the input, down and across.
    """
    margin = BOX_MARGIN * (box_xyxy[2:] - box_xyxy[:2])
    corners = np.concatenate([box_xyxy[:2] - margin, box_xyxy[2:] + margin]) * np.tile(scale[::-1], 2)
    x0, y0, x1, y1 = np.clip(np.round(corners), 0, np.tile(image_size[::-1], 2)).astype(int)
    mask = np.zeros(image_size, bool)
    if x1 <= x0 or y1 <= y0:
        return mask
    soft = cv2.resize(logits, (padded[1], padded[0]), interpolation=cv2.INTER_LINEAR)[: content[0], : content[1]]
    soft = cv2.resize(soft, image_size[::-1], interpolation=cv2.INTER_LINEAR)
    mask[y0:y1, x0:x1] = soft[y0:y1, x0:x1] > 0
    return mask
