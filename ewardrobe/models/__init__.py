"""Garment segmenters: one protocol, one registry, one file for each model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

import numpy as np

from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.core.detections import Detections

if TYPE_CHECKING:
    from ewardrobe.models.confidence import Confidence

MODELS = {  # name: module with its ``load(weights, name, runtime)``
    "unet": "ewardrobe.models.unet",
    "yolo": "ewardrobe.models.yolo",
    "yolo_s": "ewardrobe.models.yolo",
    "mask_rcnn": "ewardrobe.models.mask_rcnn",
    "consensus": "ewardrobe.models.consensus",
}
NETWORKS = ("unet", "yolo", "yolo_s", "mask_rcnn")
"""The models that are a network of their own: trained, exported, fast enough for a camera; the others ask these."""

TITLES = {
    "unet": "U-Net",
    "yolo": "YOLO-seg nano",
    "yolo_s": "YOLO-seg small",
    "mask_rcnn": "Mask R-CNN",
    "consensus": "Consensus",
    ATTRIBUTES: "Attribute network",
}
DEFAULT_MODEL = "yolo_s"  # the best F1 and outlines of what is shown, see docs/experiments.md
RUNTIMES = ("openvino", "torch")

LIVE_MODEL = "yolo"  # the best fit among those that keep pace with a camera, see docs/experiments.md

SHOWN_SCORE = 0.5
"""Confidence from which a garment is shown, the same in the app, the commands and the evaluation; 0..1."""


@runtime_checkable
class Segmenter(Protocol):
    """What every model offers: one call from an RGB image to garments.

    size: pixels on the long side of what the network sees; runtime: ``openvino`` or ``torch``; precision: ``f32``,
    ``bf16`` or ``int8``; confidence: what its scores were mapped by.
    """

    name: str
    size: int
    runtime: str
    precision: str
    confidence: Confidence

    def predict(self, image: np.ndarray, min_score: float = SHOWN_SCORE) -> Detections:
        """Find garments in ``image`` (RGB uint8 (H, W, 3)) with a score of at least ``min_score`` (0..1).

        Scores are confidences (see ``models.confidence``): 0.5 is the category's threshold of good F1.
        Scores come sorted downwards, masks and boxes in the image's own pixels, the image unchanged;
        the same image gives the same answer, from any thread.
        """
        ...

    def at(self, size: int) -> Self:
        """Return this model for live pictures of ``size`` pixels on the long side; the network is shared."""
        ...


@runtime_checkable
class Parser(Segmenter, Protocol):
    """A model that also tells the person: what each pixel shows, and the garments read off that."""

    def parse(self, image: np.ndarray) -> np.ndarray:
        """Return (19, h, w) float32 0..1 for RGB uint8 (H, W, 3) ``image``: channel ``i`` is label ``i + 1``.

        Weights that know no headwear give 18 channels.  It is smaller than ``image``, with the edges in the same place.
        """
        ...

    def garments(self, parsing: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
        """Return what ``predict`` reads off ``parsing``, (19, h, w) float32, of an image of ``image_size`` (H, W)."""
        ...


def load_segmenter(name: str = DEFAULT_MODEL, weights: Path | None = None, runtime: str | None = None) -> Segmenter:
    """Load model ``name``; ``weights`` is a file outside the manifest (your own training), else the shipped one.

    It finds the 13 garments, and footwear, bags and headwear where its network has learned them.

    runtime: ``openvino`` or ``torch``, by default what ``inference.choose_runtime`` says.  Raises ``ValueError`` for an
    unknown name and ``models.weights.WeightsError`` when the weights are missing, altered or of another model.
    """
    if name not in MODELS:
        raise ValueError(f"unknown model {name!r}: known are {', '.join(sorted(MODELS))}")
    return import_module(MODELS[name]).load(weights, name, runtime)


def kind_of(name: str) -> str:
    """Return the kind of network that the weights of model ``name`` are of: one kind comes in several sizes.

    >>> kind_of("yolo_s"), kind_of("unet")
    ('yolo', 'unet')
    """
    return MODELS[name].rpartition(".")[2] if name in MODELS else name


def title(name: str) -> str:
    """Return the name of a model as people write it.

    >>> title("mask_rcnn"), title("other")
    ('Mask R-CNN', 'other')
    """
    return TITLES.get(name, name)


def check_image(image: np.ndarray) -> np.ndarray:
    """Return ``image`` if it is RGB uint8 (H, W, 3) with H, W ≥ 1; ``TypeError``/``ValueError`` otherwise."""
    cure = "read files with ewardrobe.core.images.load_image"
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"image: expected RGB uint8 (H, W, 3), got {kind}; {cure}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image: expected shape (H, W, 3), got {image.shape}; {cure}")
    return image
