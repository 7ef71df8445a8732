"""Ultralytics' YOLO-seg network, for our classes; a weights file holds its tensors and its configuration's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ewardrobe.core import process
from ewardrobe.core.taxonomy import INSTANCE_NAMES, INSTANCES
from ewardrobe.models.weights import classes_in

ARCHITECTURE = "yolo26n-seg.yaml"


def build(architecture: str = ARCHITECTURE, classes: int = len(INSTANCES)) -> Any:
    """Return an untrained ultralytics network for the first ``classes`` instances, such as ``yolo11n-seg.yaml``."""
    process.quiet_ultralytics()
    from ultralytics.nn.tasks import SegmentationModel

    model = SegmentationModel(architecture, nc=classes, verbose=False)
    model.names = dict(enumerate(INSTANCE_NAMES[:classes]))
    return model


def of_content(content: Mapping[str, Any]) -> Any:
    """Return an untrained network of the kind that a weights file's ``content`` describes."""
    return build(content["architecture"], classes_in(content["model"]))


def served(model: Any) -> Any:
    """Return ``model`` so that it maps (B, 3, H, W) of any size to boxes and prototypes, and to nothing else."""
    head = model.model[-1]
    head.export = head.dynamic = True
    return model
