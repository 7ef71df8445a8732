"""What every training script shares: flags from a dataclass, schedule, EMA, the log, a clean stop."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import random
import signal
import threading
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
        text = field.metadata.get("help", "") + ("" if default in (None, "") else f" (default: {default})")
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


class Clock:
    """How far a run is: by its steps, or with ``minutes`` by the time of this process, whichever ends first."""

    def __init__(self, steps: int, minutes: float = 0.0) -> None:
        self.steps, self.minutes, self.first = steps, minutes, None

    def expected_steps(self, step: int) -> int:
        """Return how many steps the run will have at its pace so far; the time starts at the first call."""
        if not self.minutes:
            return self.steps
        if self.first is None:
            self.first, self.start = step, time.monotonic()
        share = (time.monotonic() - self.start) / (60 * self.minutes)
        if step == self.first or share >= 1:
            return self.steps if share < 1 else step
        return min(self.steps, self.first + round((step - self.first) / share))

    @property
    def over(self) -> bool:
        """Whether the minutes have passed."""
        return self.first is not None and time.monotonic() - self.start >= 60 * self.minutes


class EMA:
    """Exponential moving average of parameters; buffers (batch-norm statistics) are copied."""

    def __init__(self, model: torch.nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        """Blend in ``model``; early steps forget faster, so the average is useful from the start."""
        decay = min(self.decay, (1 + step) / (10 + step))
        state = model.state_dict()
        floats = [key for key, value in state.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.state[k] for k in floats], [state[k] for k in floats], 1 - decay)
        for key in state.keys() - set(floats):
            self.state[key].copy_(state[key])

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take over a saved average, on the device where this one lives; ``KeyError`` if it is of another network."""
        for key, value in self.state.items():
            value.copy_(state[key])


class Log:
    """Appends one JSON object a line to ``runs/NAME/log.jsonl``; the metrics page reads it while training goes on."""

    def __init__(self, folder: Path, step: int = 0, enabled: bool = True) -> None:
        """Keep the lines of an earlier part of the run up to ``step``; those after it are trained again."""
        self.path, self.enabled = folder / "log.jsonl", enabled
        self.start = time.monotonic()
        if enabled:
            folder.mkdir(parents=True, exist_ok=True)
            kept = [line for line in self._lines() if _step_of(line) <= step] if step else []
            write_text(self.path, "".join(kept))

    def write(self, **values) -> None:
        """Append ``values`` with the seconds since this process began."""
        if not self.enabled:
            return
        line = json.dumps({"seconds": round(time.monotonic() - self.start, 1), **values})
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines(keepends=True) if self.path.is_file() else []


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):  # half a line: the process was killed while writing it
        return math.inf


def write_text(path: Path, text: str) -> None:
    """Write a text file so that readers see the old or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


class GracefulStop:
    """Within ``with``, turns Ctrl-C and SIGTERM into ``requested = True``: a loop ends at a step and saves.

    The second signal raises ``KeyboardInterrupt``.  Outside the main thread signals stay as they are.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict = {}

    def __enter__(self) -> GracefulStop:
        if threading.current_thread() is threading.main_thread():
            self._previous = {n: signal.signal(n, self._request) for n in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, number, frame) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - libraries may still draw from the global generator
    torch.manual_seed(seed)


def check_finite(value: float, what: str, step: int) -> None:
    """Raise ``TrainingError`` when the loss or the gradient is not a number any more."""
    if not math.isfinite(value):
        raise TrainingError(f"the {what} is {value} at step {step}: lower --lr or turn mixed precision off")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether ``error`` says that the device or the machine has no memory left; on a CPU torch only writes so."""
    known = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(text in str(error) for text in known)
