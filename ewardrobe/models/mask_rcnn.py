"""Mask R-CNN (torchvision) as a segmenter: proposals, a category and a box for each, and a mask inside its box.

The network is in ``mask_rcnn_model``; pre- and post-processing are here.  A mask leaves the network as 28×28
probabilities inside its box and is pasted at the photo's full resolution, one crop at a time: torchvision's paste
makes a floating-point picture of the whole photo for every candidate.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from ewardrobe.core import process
from ewardrobe.core.detections import Detections
from ewardrobe.models import check_image, unet
from ewardrobe.models import weights as weight_files
from ewardrobe.models.confidence import RAW, Confidence, of_entry
from ewardrobe.models.inference import choose_runtime, make_network
from ewardrobe.models.networks import mask_rcnn_parts
from ewardrobe.models.networks.encoders import WIDTHS
from ewardrobe.models.networks.mask_rcnn import STRIDE, build

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""What torchvision's ResNets were trained with, in units of 0..255."""

MIN_SCORE = 0.01
"""Candidates below are never asked for a mask."""


class MaskRCNNSegmenter:
    """Runs a trained Mask R-CNN at ``size`` pixels on the long side; safe from several threads.

    key: the checksum of its weights, under which OpenVINO keeps its parts; without one it runs on torch.
    """

    name = "mask_rcnn"

    def __init__(
        self, model: nn.Module, backbone: str, size: int, confidence: Confidence = RAW, key: str | None = None
    ) -> None:
        self.backbone, self.size, self.confidence = backbone, size, confidence
        self.runtime, self.precision = "torch", "f32"
        if key and choose_runtime() == "openvino":
            parts = mask_rcnn_parts.parts_of(model.eval())
            networks = {p.name: make_network(p.module, f"{key}-{p.name}", "openvino", p.example) for p in parts}
            self.model, self.device = mask_rcnn_parts.with_parts(model, networks), "cpu"
            self.runtime, self.precision = "openvino", networks["body"].precision
        else:
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
            self.model = model.eval().to(self.device, memory_format=torch.channels_last)

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        """Find garments in RGB uint8 (H, W, 3) ``image``; see ``Segmenter.predict``."""
        image = check_image(image)
        batch, content = preprocess(image, self.size, self.backbone)
        boxes, labels, scores, soft = self._run(batch, self.confidence.lowest_raw(min_score))
        scale = np.array([image.shape[1] / content[1], image.shape[0] / content[0]] * 2, np.float32)
        masks = [paste_mask(mask, box * scale, image.shape[:2]) for mask, box in zip(soft, boxes, strict=True)]
        if not masks:
            return Detections.empty(*image.shape[:2])
        found = Detections.from_masks(np.stack(masks), labels, np.clip(scores, 0, 1))
        return self.confidence.applied(found, min_score)

    def _run(self, batch: np.ndarray, min_score: float) -> tuple[np.ndarray, ...]:
        """Return boxes (N, 4) in pixels of the batch, labels (N,), raw scores (N,) and masks (N, 28, 28)."""
        with process.inference_slot(), torch.inference_mode():
            self.model.roi_heads.score_thresh = max(min_score, MIN_SCORE)  # fewer candidates, fewer masks to compute
            tensor = torch.from_numpy(batch).to(self.device, memory_format=torch.channels_last)
            found = self.model(tensor)[0]
            boxes, labels, scores, masks = (
                found[key].float().cpu().numpy() for key in ("boxes", "labels", "scores", "masks")
            )
        keep = scores >= min_score
        return boxes[keep], labels[keep].astype(np.int64), scores[keep], masks[keep, 0]


def load(weights: Path | None = None) -> MaskRCNNSegmenter:
    """Load the shipped weights, or a file of ``train.mask_rcnn``; ``WeightsError`` says what is wrong with it."""
    state, entry = weight_files.load_state("mask_rcnn", weights)
    try:
        backbone, size = state["backbone"], int(state["size"])
        widths, encoder = tuple(state.get("widths", WIDTHS)), state.get("encoder", "plain")
        model = build(backbone, int(state.get("anchor_size", size)), widths, encoder)
    except (KeyError, ValueError, TypeError) as error:
        raise weight_files.WeightsError(
            f"the weights do not say which Mask R-CNN they are of ({type(error).__name__}: {error}): "
            "give a best.pt that python -m train.mask_rcnn wrote"
        ) from error
    weight_files.fill(model, state["model"], "mask_rcnn")
    return MaskRCNNSegmenter(model, backbone, size, of_entry(entry), entry["sha256"])


def preprocess(image: np.ndarray, size: int, backbone: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the (1, 3, h, w) float32 network input and its rows and columns before padding.

    The long side becomes ``size`` pixels (also for smaller pictures), the rest up to a multiple of 32 repeats the edge.
    """
    scale = size / max(image.shape[:2])
    rows, cols = (max(1, round(side * scale)) for side in image.shape[:2])
    small = cv2.resize(image, (cols, rows), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(small, 0, -rows % STRIDE, 0, -cols % STRIDE, cv2.BORDER_REPLICATE)
    return to_input(padded[None], backbone), (rows, cols)


def to_input(images: np.ndarray, backbone: str) -> np.ndarray:
    """Turn (B, H, W, 3) RGB uint8 into (B, 3, H, W) float32, normalised as the body of the network was trained."""
    mean, std = (np.array(value, np.float32) for value in normalisation(backbone))
    return ((images - mean) / std).transpose(0, 3, 1, 2)


def normalisation(backbone: str) -> tuple:
    """Return mean and standard deviation of the input in units of 0..255, each a number or three."""
    return (unet.MEAN, unet.STD) if backbone == "unet" else (IMAGENET_MEAN, IMAGENET_STD)


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
    inverse = np.array(
        [
            [step_x, 0, (left + 0.5 - x0) * step_x - 0.5],
            [0, step_y, (top + 0.5 - y0) * step_y - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    mask[top:bottom, left:right] = cv2.warpAffine(soft, inverse, (right - left, bottom - top), flags=flags) >= 0.5
    return mask
