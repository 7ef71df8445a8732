"""Public weights to start from: ultralytics checkpoints, local or downloaded where there is a connection."""

from __future__ import annotations

from typing import Any

from ewardrobe.core import process
from train.loop import checkpoints
from train.loop.engine import TrainingError


def ultralytics_model(name: str) -> Any:
    """Return the network of an ultralytics checkpoint: a local file, or a public name such as ``yolo11n-seg.pt``.

    Such a file is a pickle, which can run code when it is read: give none that you do not trust.
    """
    process.allow_downloads()
    from ultralytics import YOLO

    try:
        model: Any = YOLO(name).model
        return model.float()
    except Exception as error:  # ultralytics raises many kinds: no connection, no such release, broken file
        raise TrainingError(
            f"{name} could not be loaded ({error}): give a local .pt file, or leave --pretrained out"
        ) from error


def fill_encoder(encoder: Any, name: str) -> None:
    """Copy the backbone of a public checkpoint into a ``YoloEncoder``; ``TrainingError`` if it is of another size."""
    layers = ultralytics_model(name).model[: len(encoder.layers)]
    message = f"--pretrained: the backbone of {name} does not fit --encoder ({{}})"
    checkpoints.load_into(encoder.layers, layers.state_dict(), message)
