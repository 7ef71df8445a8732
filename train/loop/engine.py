"""Parts of a training: optimiser, schedule, average, log, a clean stop."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ewardrobe.core import atomic

if TYPE_CHECKING:
    from train.loop.config import RunConfig


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why, and which checkpoint holds the work so far."""


def prepare_norm(model: nn.Module, norm: str, world_size: int) -> nn.Module:
    """Return ``model`` with its batch normalisation as ``--norm`` says; ``frozen`` switches to the fixed statistics."""
    if norm == "sync" and world_size > 1:
        return nn.SyncBatchNorm.convert_sync_batchnorm(model)
    if norm == "frozen":
        for module in model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
    return model


def make_optimizer(model: nn.Module, config: RunConfig) -> torch.optim.Optimizer:
    """Return AdamW, or SGD with Nesterov momentum 0.9; only convolutions and linear layers have weight decay."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=config.lr)


def minimise(loss: Callable[[], Tensor], parameters: list[Tensor], iterations: int, tolerance: float = 1e-9) -> None:
    """Move ``parameters``, float64 such as (F, F), to where the convex ``loss`` is least, by L-BFGS."""
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=iterations, line_search_fn="strong_wolfe", tolerance_change=tolerance
    )

    def closure() -> float:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value  # type: ignore[return-value]  # torch converts it

    optimiser.step(closure)


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
        self.steps, self.minutes = steps, minutes
        self.first: int | None = None

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


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """Return a copy of ``model`` for the moving average of its weights and batch statistics; counters are copied.

    Early steps forget faster than ``decay`` says, so that the average is useful from the start.
    """

    def blend(average: Sequence[Tensor], now: Sequence[Tensor], count: Tensor | int) -> None:
        if average[0].is_floating_point():
            seen = int(count)
            get_ema_multi_avg_fn(min(decay, seen / (9 + seen)))(list(average), list(now), count)
        else:
            torch._foreach_copy_(list(average), list(now))

    copy = AveragedModel(model, multi_avg_fn=blend, use_buffers=True)
    copy.update_parameters(model)  # the first one is taken over as it is: what the run starts from counts
    return copy


class Log:
    """Appends one JSON object a line to ``runs/NAME/log.jsonl``; the metrics page reads it while training goes on."""

    def __init__(self, folder: Path, step: int = 0, enabled: bool = True) -> None:
        """Keep the lines of an earlier part of the run up to ``step``; those after it are trained again."""
        self.path, self.enabled = folder / "log.jsonl", enabled
        self.start = time.monotonic()
        if enabled:
            folder.mkdir(parents=True, exist_ok=True)
            kept, damaged = read_log(self.path) if step else ([], [])
            set_aside(self.path, b"".join(damaged))
            lines = "".join(json.dumps(r) + "\n" for r in kept if r.get("step", math.inf) <= step)
            atomic.write_bytes(self.path, lines.encode())

    def write(self, **values: Any) -> None:
        """Append ``values`` with the seconds since this process began."""
        if not self.enabled:
            return
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"seconds": round(time.monotonic() - self.start, 1), **values}) + "\n")


def read_log(path: Path) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the records of a log, and the lines that are none: the process or the machine died while writing them."""
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    found = [(line, record_in(line)) for line in lines]
    return [r for _, r in found if r is not None], [line for line, r in found if r is None]


def record_in(line: bytes) -> dict | None:
    """Return the JSON object that a line holds, ``None`` if it holds none."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def counted_on(records: list[dict[str, Any]], by: dict[str, Any]) -> list[dict[str, Any]]:
    """Return ``records`` with the numbers named in ``by`` raised by so much: they follow those of an earlier run."""
    return [r | {k: r[k] + more for k, more in by.items() if k in r} for r in records]


def set_aside(path: Path, damaged: bytes) -> None:
    """Append what cannot be read of ``path`` to a file beside it, and say so; nothing happens if there is none."""
    if not damaged:
        return
    beside = path.with_name(f"{path.name}.damaged")
    with open(beside, "ab") as file:
        file.write(damaged)
    print(f"{path}: {len(damaged)} bytes cannot be read; they lie in {beside} now", file=sys.stderr, flush=True)


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

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: object) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


def check_finite(value: float, what: str, step: int) -> None:
    """Raise ``TrainingError`` when the loss or the gradient is not a number any more."""
    if not math.isfinite(value):
        raise TrainingError(f"the {what} is {value} at step {step}: lower --lr or turn mixed precision off")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether ``error`` says that the device or the machine has no memory left; on a CPU torch only writes so."""
    known = ("can't allocate memory", "not enough memory", "out of memory", "Cannot allocate memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(text in str(error) for text in known)
