"""Garment segmenters: one protocol, one registry, one file for each model."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from ewardrobe.core.detections import Detections

MODELS = {  # name: module with its ``load(weights)``, and where its networks come in sizes ``load(weights, name)``
    "unet": "ewardrobe.models.unet",
    "yolo": "ewardrobe.models.yolo",
    "yolo_s": "ewardrobe.models.yolo",
    "mask_rcnn": "ewardrobe.models.mask_rcnn",
}
DEFAULT_MODEL = "yolo_s"  # the best mask AP on validation, see weights/*.md
LIVE_MODEL = "yolo"  # the best fit among those that keep pace with a camera, see docs/experiments.md

SHOWN_SCORE = 0.5
"""Confidence from which a garment is shown, the same in the app, the commands and the evaluation; 0..1."""


@runtime_checkable
class Segmenter(Protocol):
    """What every model offers: one call from an RGB image to garments."""

    name: str

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        """Find garments in ``image`` (RGB uint8 (H, W, 3)) with a score of at least ``min_score`` (0..1).

        Scores are confidences (see ``models.confidence``): 0.5 is the category's threshold of best F1.
        Scores come sorted downwards, masks and boxes in the image's own pixels, the image unchanged;
        the same image gives the same answer, from any thread.
        """
        ...


def load_segmenter(name: str = DEFAULT_MODEL, weights: Path | None = None) -> Segmenter:
    """Load model ``name``; ``weights`` is a file outside the manifest (your own training), else the shipped one.

    Raises ``ValueError`` for an unknown name and ``ewardrobe.models.weights.WeightsError`` when the weights are
    missing, altered or of another model.
    """
    if name not in MODELS:
        raise ValueError(f"unknown model {name!r}: known are {', '.join(sorted(MODELS))}")
    load = import_module(MODELS[name]).load
    return load(weights) if name == kind_of(name) else load(weights, name)


def kind_of(name: str) -> str:
    """Return the kind of network that the weights of model ``name`` are of: one kind comes in several sizes.

    >>> kind_of("yolo_s"), kind_of("unet")
    ('yolo', 'unet')
    """
    return MODELS[name].rpartition(".")[2] if name in MODELS else name


def check_image(image: np.ndarray) -> np.ndarray:
    """Return ``image`` if it is RGB uint8 (H, W, 3) with H, W ≥ 1; ``TypeError``/``ValueError`` otherwise."""
    cure = "read files with ewardrobe.core.images.load_image"
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = image.dtype if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"image: expected RGB uint8 (H, W, 3), got {kind}; {cure}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image: expected shape (H, W, 3), got {image.shape}; {cure}")
    return image
