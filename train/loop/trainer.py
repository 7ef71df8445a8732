"""The training loop of all torch models: one step, one loop, a checkpoint whatever happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from lightning_fabric import Fabric

from ewardrobe.core import process
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.datasets.samples import Sample
from ewardrobe.models.weights import WeightsError
from train.loop import checkpoints
from train.loop.config import Config, FlagError, check, parse_config, run_folder
from train.loop.data import Data, load_data, make_loader
from train.loop.devices import make_fabric
from train.loop.engine import (
    Clock,
    GracefulStop,
    Log,
    TrainingError,
    averaged,
    check_finite,
    is_out_of_memory,
    learning_rate,
    seed_everything,
)
from train.loop.optimizer import make_optimizer, prepare_norm
from train.loop.quick_eval import quick_scores

REPORT_STEPS = 25


class Task(checkpoints.Described, Protocol):
    """What differs between the models.  ``unused_parameters``: some get no gradient in some steps."""

    unused_parameters: bool

    def build(self) -> torch.nn.Module:
        """Return the network, untrained."""

    def initialise(self, model: torch.nn.Module, content: dict) -> None:
        """Fill ``model`` from the ``content`` of a weights file or checkpoint; ``TrainingError`` if it does not fit."""

    def encode(self, sample: Sample) -> tuple:
        """Turn an augmented sample into one row of a batch."""

    def collate(self, rows: list[tuple]):
        """Turn rows into the batch that ``loss`` takes."""

    def loss(self, model: torch.nn.Module, batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the scalar loss and its parts."""

    def segmenter(self, state: dict):
        """Return a ``Segmenter`` with the tensors ``state``."""


class Trainer:
    """The state of one run."""

    judged_by = "mask_ap"

    def __init__(self, config: Config, task: Task, fabric: Fabric) -> None:
        self.config, self.task, self.fabric = config, task, fabric
        self.folder = run_folder(config.name)
        checkpoints.check_folder(self.folder, config)
        model = task.build()
        if config.init and not config.resume:
            task.initialise(model, checkpoints.read(Path(config.init)))
        model = prepare_norm(model, config.norm, fabric.world_size)
        self.model, self.optimizer = fabric.setup(model, make_optimizer(model, config))
        self.average = averaged(self.model.module, config.ema)
        self.clock = Clock(config.steps, config.minutes)
        self.step, self.images, self.best, self.stale = 0, 0, -1.0, 0
        self.ending = ""
        self.stop: GracefulStop | None = None
        if config.resume:
            checkpoints.restore(self)
        self.log = Log(self.folder, self.step if config.resume else 0, enabled=fabric.is_global_zero)

    def train_step(self, batch) -> dict[str, float]:
        """Run one optimiser step and return the parts of its loss."""
        c = self.config
        # Sampled proposals depend on the step alone, so that a resumed run draws as the uninterrupted one.
        torch.manual_seed((c.seed * 1_000_003 + self.step) * self.fabric.world_size + self.fabric.global_rank)
        rate = learning_rate(self.step, self.clock.expected_steps(self.step), c.lr, c.warmup, c.schedule, c.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self._rescue():
            loss, parts = self._backward(batch)
        self.optimizer.step()
        self.average.update_parameters(self.model.module)
        self.step += 1
        self.images += c.batch_size * self.fabric.world_size
        return {"loss": loss, "lr": rate, **{k: float(v) for k, v in parts.items()}}

    def _backward(self, batch) -> tuple[float, dict[str, torch.Tensor]]:
        loss, parts = self.task.loss(self.model, batch)
        value = self._agree(loss)
        check_finite(value, "loss", self.step)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        norm = self.fabric.clip_gradients(
            self.model, self.optimizer, max_norm=self.config.clip, error_if_nonfinite=False
        )
        if self.config.precision != "16-mixed":  # there the loss scaler skips such a step and lowers its scale
            check_finite(float(norm), "gradient", self.step)
        return value, parts

    def _agree(self, loss: torch.Tensor) -> float:
        """Return the loss's mean over the processes, which learn here whether one of them was asked to stop."""
        if self.fabric.world_size == 1:
            return loss.item()
        wish = torch.full_like(loss.detach(), float(bool(self.ending) or self._stop_requested()))
        mean, wishes = self.fabric.all_reduce(torch.stack([loss.detach(), wish]), reduce_op="mean").tolist()
        if wishes > 0:
            self.ending = self.ending or "stopped"
        return mean

    def _stop_requested(self) -> bool:
        return self.clock.over or (self.stop is not None and self.stop.requested)

    @contextmanager
    def _rescue(self) -> Iterator[None]:
        """Turn what can happen before the weights change into a ``TrainingError``, with a checkpoint to go on from."""
        try:
            yield
        except TrainingError as error:
            raise TrainingError(f"{error}; {checkpoints.rescue(self)}") from error
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.optimizer.zero_grad(set_to_none=True)
            cure = "lower --batch-size, --image-size or --workers"
            raise TrainingError(f"out of memory at step {self.step}: {cure}; {checkpoints.rescue(self)}") from error

    def measured(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Return the scores of the averaged weights on ``samples``."""
        return quick_scores(self.task.segmenter(self.average.module.state_dict()), samples)

    def validate(self, samples: Sequence[Sample]) -> dict[str, float]:
        """Score the averaged weights on ``samples``; the best by ``judged_by`` are kept in ``best.pt``."""
        scores = self.measured(samples)
        self.log.write(step=self.step, images=self.images, val=scores)
        self.stale += 1
        if scores[self.judged_by] > self.best:
            self.best, self.stale = scores[self.judged_by], 0
            checkpoints.export(self, scores)
        if 0 < self.config.patience <= self.stale:
            self.ending = f"no better {self.judged_by} than {self.best:.4f} in {self.stale} validations"
        print(f"step {self.step}: {scores}", flush=True)
        return scores

    @property
    def ended(self) -> bool:
        """Whether the loop is to end; under torchrun the processes have agreed on it."""
        if self.fabric.world_size == 1 and self._stop_requested():
            self.ending = self.ending or "stopped"
        return bool(self.ending) or self.step >= self.config.steps


Watcher = Callable[[Trainer, dict[str, float]], None]
"""Called after every validation with the trainer and the scores; what it raises ends the run."""


def run(config: Config, task: Task, data: Data | None = None, watcher: Watcher | None = None) -> Trainer:
    """Train until ``steps``, a stop signal or the end of patience; returns the trainer.

    ``data``: photos that are loaded already.  Raises ``TrainingError`` and ``DatasetError``.
    """
    check(config)
    process.use_threads(config.threads)  # validation runs in the same process
    torch.set_num_threads(config.threads)
    seed_everything(config.seed)
    fabric = make_fabric(config, task.unused_parameters)
    data = data or load_data(config, validate=fabric.is_global_zero)
    trainer = Trainer(config, task, fabric)
    torch.set_num_threads(config.threads)  # importing ultralytics changes it
    loader = make_loader(data, config, task, trainer.step, fabric.global_rank, fabric.world_size)
    fabric.print(f"{data}; from step {trainer.step}", flush=True)
    with GracefulStop() as trainer.stop:
        loop(trainer, fabric.setup_dataloaders(loader, use_distributed_sampler=False), data.validation, watcher)
    return trainer


def loop(trainer: Trainer, loader, validation: Sequence[Sample], watcher: Watcher | None = None) -> None:
    """Step, report, save and validate in their intervals."""
    config, first = trainer.config, trainer.fabric.is_global_zero
    trainer.model.train()
    if config.norm == "frozen":
        prepare_norm(trainer.model, "frozen", 1)
    saved = validated = reported = time.monotonic()
    recent: list[dict] = []
    for batch in loader:
        recent.append(trainer.train_step(batch))
        now, ended = time.monotonic(), trainer.ended
        if len(recent) == REPORT_STEPS or ended:
            report(trainer, recent, now - reported)
            recent, reported = [], now
        if first and not ended and now - saved > config.checkpoint_minutes * 60:
            checkpoints.save(trainer)
            saved = now
        if first and not ended and validation_due(config, trainer.step, now - validated):
            score(trainer, validation, watcher)
            validated = reported = time.monotonic()
        if ended:
            break
    if first:
        finish(trainer, validation, watcher)
    trainer.fabric.barrier()


def validation_due(config: Config, step: int, seconds: float) -> bool:
    """Tell whether to validate after ``step``, ``seconds`` after the last validation."""
    if config.validate_steps:
        return step % config.validate_steps == 0
    return seconds > config.validate_minutes * 60


def score(trainer: Trainer, validation: Sequence[Sample], watcher: Watcher | None) -> None:
    """Validate, save what that has told, and tell ``watcher``."""
    scores = trainer.validate(validation)
    checkpoints.save(trainer)
    if watcher:
        watcher(trainer, scores)


def finish(trainer: Trainer, validation: Sequence[Sample], watcher: Watcher | None) -> None:
    """Save, and validate once more; a second Ctrl-C leaves that validation out."""
    checkpoints.save(trainer)
    if trainer.ending:
        left = f"{trainer.folder / 'last.pt'} is saved; --resume goes on"
        print(f"{trainer.ending} at step {trainer.step}: {left}. A last validation follows.", flush=True)
    score(trainer, validation, watcher)


def report(trainer: Trainer, recent: list[dict], seconds: float) -> None:
    """Log and print the mean of the last steps, the speed and the time left."""
    if not trainer.fabric.is_global_zero:
        return
    mean = {k: float(np.mean([r[k] for r in recent])) for k in recent[0]}
    batch = trainer.config.batch_size * trainer.fabric.world_size
    speed = len(recent) * batch / max(seconds, 1e-6)
    steps = trainer.clock.expected_steps(trainer.step)
    left = (steps - trainer.step) * batch / speed / 60
    trainer.log.write(step=trainer.step, images=trainer.images, images_per_s=round(speed, 1), **mean)
    text = " ".join(f"{k} {v:.4g}" for k, v in mean.items())
    print(f"step {trainer.step}/{steps} {text} | {speed:.1f} images/s, {left:.0f} min left", flush=True)


def main(config_class, task_class, description: str, argv=None, run=run) -> int:
    """Run a training script and return its exit code.

    0: done; 1: it cannot go on; 2: a flag is wrong; 130: interrupted twice.
    """
    try:
        config = parse_config(config_class, description, argv)
        run(config, task_class(config))
    except (TrainingError, DatasetError, WeightsError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return 2 if isinstance(error, FlagError) else 1
    except KeyboardInterrupt:
        print(f"interrupted; {checkpoints.what_is_left(run_folder(config.name))}", file=sys.stderr, flush=True)
        return 130
    return 0
