"""What every training script shares: flags from a dataclass, schedule, EMA, checkpoints, the log, a clean stop."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why, and which checkpoint holds the work so far."""


def parse_config(config_class, description: str, argv=None):
    """Build ``config_class`` (a dataclass) from command-line flags: one ``--flag`` for each field."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for field in dataclasses.fields(config_class):
        flag = "--" + field.name.replace("_", "-")
        default = field.default
        text = f"{field.metadata.get('help', '')} (default: {default})"
        if isinstance(default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=default, help=text)
        else:
            kind = field.metadata.get("type", str if default in (None, "") else type(default))
            parser.add_argument(flag, type=kind, default=default, help=text, choices=field.metadata.get("choices"))
    return config_class(**vars(parser.parse_args(argv)))


def option(default, help: str, **metadata):
    """Declare a dataclass field with the help text of its flag."""
    return dataclasses.field(default=default, metadata={"help": help, **metadata})


def learning_rate(step: int, steps: int, peak: float, warmup: int, schedule: str, decay: float = 0.2) -> float:
    """Return the rate for ``step`` of ``steps``: linear warm-up, then ``cosine`` to 1 % of the peak, or ``wsd``.

    wsd (warm-up, stable, decay; Hu et al., 2024) keeps the peak until the last share ``decay`` of the steps, so that a
    run can be lengthened before its decay begins.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    if schedule == "cosine":
        progress = min(1.0, (step - warmup) / max(1, steps - warmup))
        return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))
    left = (steps - step) / max(1, steps * decay)
    return peak * max(0.01, min(1.0, left))


class EMA:
    """Exponential moving average of parameters; buffers (batch-norm statistics) are copied."""

    def __init__(self, model: torch.nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Blend in ``model``; early steps forget faster, so the average is useful from the start."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value.detach(), 1 - decay)
            else:
                self.state[key].copy_(value)


class Log:
    """Appends one JSON object a line to ``runs/NAME/log.jsonl``; the metrics page reads it while training goes on."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"
        self.start = time.monotonic()

    def write(self, **values) -> None:
        """Append ``values`` with the seconds since this process began."""
        line = json.dumps({"seconds": round(time.monotonic() - self.start, 1), **values})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


class GracefulStop:
    """Turns Ctrl-C and SIGTERM into ``requested = True``, so that a loop ends at a step and saves."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request)

    def _request(self, number, frame) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def save_checkpoint(path: Path, content: dict) -> None:
    """Write ``content`` so that ``path`` is always a whole file; ``TrainingError`` when the disk refuses."""
    temporary = path.with_suffix(".tmp")
    try:
        torch.save(content, temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        temporary.unlink(missing_ok=True)
        raise TrainingError(
            f"{path} could not be written ({error}); the previous checkpoint is intact: free space and resume"
        ) from error


def load_checkpoint(path: Path, kind: str) -> dict:
    """Read a checkpoint of model ``kind``; ``TrainingError`` if it is missing, broken or another model's."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f"{path} does not exist: start without --resume") from None
    except Exception as error:  # torch raises many kinds here
        raise TrainingError(f"{path} is not readable as a checkpoint ({type(error).__name__}: {error})") from error
    if content.get("kind") != kind:
        raise TrainingError(f"{path} is a checkpoint of {content.get('kind')!r}, not of {kind!r}")
    return content


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries may still draw from the global generator
    torch.manual_seed(seed)


def check_finite(loss: float, step: int, checkpoint: Path) -> None:
    """Raise ``TrainingError`` when the loss is not a number any more."""
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss is {loss} at step {step}: lower --lr or turn mixed precision off; "
            f"{checkpoint} holds the last good state"
        )
