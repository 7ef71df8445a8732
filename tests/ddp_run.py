"""Trains the tiny network in two processes: ``python tests/ddp_run.py DATA NAME BATCH STEPS``.

``torchrun`` itself is ``elastic_launch`` with a command line; called from here, its two workers are forked once all is
imported, which saves a test two thirds of its time.
"""

from __future__ import annotations

import sys

from torch.distributed.launcher.api import LaunchConfig, elastic_launch
from training import SMALL, TinyTask

from train.loop import trainer
from train.loop.config import Config


def train(data: str, name: str, batch_size: int, steps: int) -> trainer.Trainer:
    flags = {**SMALL, "data": data, "name": name, "batch_size": batch_size, "steps": steps, "norm": "frozen"}
    config = Config(**flags, lr=0.05)
    return trainer.run(TinyTask(config))


def worker(*args) -> None:
    train(*args)


if __name__ == "__main__":
    launch = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        start_method="fork",
        max_restarts=0,
    )
    elastic_launch(launch, worker)(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
