"""YOLO-seg (ultralytics) as a segmenter: boxes, then masks from prototypes (Bolya et al., YOLACT, ICCV 2019).

The network is ultralytics'; our weights file holds its tensors and the name of its configuration, so loading runs no
pickled code.  Pre- and post-processing are here, which keeps the model safe from several threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from ewardrobe.core import process
from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import INSTANCE_NAMES, INSTANCES, labels_of
from ewardrobe.models import SHOWN_SCORE, check_image
from ewardrobe.models.confidence import RAW, Confidence, of_entry
from ewardrobe.models.inference import OneNetwork, make_network
from ewardrobe.models.inputs import network_input
from ewardrobe.models.weights import classes_in, fill, load_state, saying_what_they_are_of

ARCHITECTURE = "yolo26n-seg.yaml"
SCALING = 0, 255
"""Mean and standard deviation of the network's input, in units of 0..255."""

GREY = 114
"""What pads a picture, as ultralytics does."""

MAX_GARMENTS = 30
NMS_IOU = 0.5
BOX_MARGIN = 0.05
"""A mask may leave its box by this share of the box: an inexact box shall not cut a sleeve off."""


class YoloSegmenter(OneNetwork):
    """Runs a trained ultralytics ``SegmentationModel`` at ``size`` pixels on the long side."""

    def __init__(
        self,
        model: Any,  # ultralytics' SegmentationModel
        size: int = 256,
        key: str | None = None,
        confidence: Confidence = RAW,
        name: str = "yolo",
        runtime: str | None = None,
    ) -> None:
        head = model.model[-1]
        head.export = head.dynamic = True  # (boxes, prototypes) for any size of picture, nothing else
        self.network = make_network(model, key, runtime)
        self.name, self.size, self.confidence = name, size, confidence

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

    boxes: (1, 4 + classes + 32, anchors) as the network gives them.
    """
    from ultralytics.utils.nms import non_max_suppression

    rows = non_max_suppression(
        torch.from_numpy(boxes), max(min_score, 1e-3), NMS_IOU, max_det=MAX_GARMENTS, nc=classes, max_time_img=10.0
    )
    return rows[0].numpy()


def load(weights: Path | None = None, name: str = "yolo", runtime: str | None = None) -> YoloSegmenter:
    """Load the shipped weights, or a file that ``train.yolo`` wrote; ``WeightsError`` says what is wrong with it."""
    state, entry = load_state(name, weights, kind="yolo")
    with saying_what_they_are_of("yolo"):
        model, size = build(state["architecture"], classes_in(state["model"])), int(state["size"])
    fill(model, state["model"], name)
    return YoloSegmenter(model, size, entry["sha256"], of_entry(entry), name, runtime)


def build(architecture: str = ARCHITECTURE, classes: int = len(INSTANCES)) -> torch.nn.Module:
    """Return an untrained ultralytics network for the first ``classes`` instances, such as ``yolo11n-seg.yaml``."""
    process.quiet_ultralytics()
    from ultralytics.nn.tasks import SegmentationModel

    model = SegmentationModel(architecture, nc=classes, verbose=False)
    model.names = dict(enumerate(INSTANCE_NAMES[:classes]))
    return model


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
