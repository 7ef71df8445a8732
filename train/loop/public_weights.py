"""Public weights to start from: ultralytics checkpoints, local or downloaded where there is a connection."""

from __future__ import annotations

import torch

from ewardrobe.core import process
from ewardrobe.models.networks.encoders import YoloEncoder
from train.loop.engine import TrainingError


def ultralytics_model(name: str) -> torch.nn.Module:
    """Return the network of an ultralytics checkpoint: a local file, or a public name such as ``yolo11n-seg.pt``.

    Such a file is a pickle, which can run code when it is read: give none that you do not trust.
    """
    process.allow_downloads()
    from ultralytics import YOLO

    try:
        return YOLO(name).model.float()
    except Exception as error:  # ultralytics raises many kinds: no connection, no such release, broken file
        raise TrainingError(
            f"{name} could not be loaded ({error}): give a local .pt file, or leave --pretrained out"
        ) from error


def fill_encoder(encoder: YoloEncoder, name: str) -> None:
    """Copy the backbone of an ultralytics checkpoint into ``encoder``; ``TrainingError`` if it is of another size."""
    layers = ultralytics_model(name).model[: len(encoder.layers)]
    try:
        encoder.layers.load_state_dict(layers.state_dict())
    except RuntimeError as error:
        reason = " ".join(str(error).split()[:24])
        raise TrainingError(f"--pretrained: the backbone of {name} does not fit --encoder ({reason} …)") from error
