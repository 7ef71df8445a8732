"""Lightning Fabric for one process or, under ``torchrun``, for many on one or several machines."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision, Precision
from lightning_fabric.strategies import DDPStrategy

from train.loop.config import RunConfig
from train.loop.engine import TrainingError

VALIDATION_LIMIT = timedelta(hours=6)
"""How long the other processes wait while the first one validates."""


class _InputsAsTheyAre(MixedPrecision):
    """Leaves a batch alone: boxes would lose whole pixels in half precision, and autocast converts what layers need."""

    def convert_input(self, data: Any) -> Any:
        return data


def make_fabric(config: RunConfig, unused_parameters: bool = False) -> Fabric:
    """Return a launched Fabric: one device a process, as many processes as ``torchrun`` has started.

    unused_parameters: some parameters get no gradient in some steps.  ``TrainingError`` where the accelerator is
    missing.
    """
    if config.accelerator == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--accelerator cuda: PyTorch finds no CUDA device here; leave the flag out to use the CPU")
    device = "cuda" if config.accelerator != "cpu" and torch.cuda.is_available() else "cpu"
    world, local = (int(os.environ.get(name, 1)) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    if config.norm == "sync" and device == "cpu":
        raise TrainingError("--norm sync needs CUDA devices: use --norm frozen, or batch with enough images a process")
    if device == "cuda":
        torch.set_float32_matmul_precision("high")  # no cudnn.benchmark: the number of proposals changes every step
    ddp = DDPStrategy(
        process_group_backend="nccl" if device == "cuda" else "gloo",
        timeout=VALIDATION_LIMIT,
        find_unused_parameters=unused_parameters,
    )
    mixed = config.precision != "32-true"
    fabric = Fabric(
        accelerator=device,
        devices=local,
        num_nodes=world // local,
        strategy=ddp if world > 1 else "auto",
        plugins=[_InputsAsTheyAre(config.precision, device) if mixed else Precision()],  # type: ignore[arg-type]  # text
    )
    fabric.launch()
    return fabric
