"""The training loop of all torch models: one step, one loop, a checkpoint whatever happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning_fabric import Fabric, seed_everything
from lightning_fabric.plugins import MixedPrecision, Precision
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor

from ewardrobe.core import process
from ewardrobe.datasets.samples import Sample
from train.loop import checkpoints, engine
from train.loop.config import AnyConfig, Config, RunConfig, check, exit_code, parse_config, run_folder
from train.loop.data import Data, load_data, make_loader, quick_scores
from train.loop.engine import TrainingError

REPORT_STEPS = 25
VALIDATION_LIMIT = timedelta(hours=6)
"""How long the other processes wait while the first one validates."""


class Task(Protocol):
    """What differs between the trainings.

    config: its flags.  kind: the model.  unused_parameters: some get no gradient in some steps.  judged_by: the score
    that says which weights are best.  Batches hold pictures (B, h, w, 3) uint8 beside what is to be learned; a loss is
    a float32 scalar; ``state`` holds a network's tensors by name.
    """

    config: Any
    kind: str
    unused_parameters: bool = False
    judged_by: str = "mask_ap"

    def build(self) -> Any:
        """Return the network, untrained."""

    def initialise(self, model: Any, content: dict[str, Any]) -> None:
        """Fill ``model`` from the ``content`` of a weights file or checkpoint; ``TrainingError`` if it does not fit."""
        checkpoints.fill(model, content, self.kind)

    def load(self, fabric: Fabric) -> Any:
        """Read the data: what `batches` takes, with ``validation`` for `measured` and a text for the user."""

    def batches(self, data: Any, fabric: Fabric, first_step: int) -> Iterable[Any]:
        """Return the batches of this process from ``first_step`` on, on its device."""

    def loss(self, model: Any, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the scalar loss and its parts."""

    def measured(self, state: dict[str, Tensor], samples: Any) -> dict[str, float]:
        """Return the scores of the network with the tensors ``state`` on ``samples``."""

    def content(self) -> dict[str, Any]:
        """Return what a weights file holds beside the training information."""


class SegmenterTask(Task, Protocol):
    """What the trainings of the segmenters share: photos (h, w, 3) uint8, and how the segmenter is judged."""

    config: Config

    def load(self, fabric: Fabric) -> Data:
        """Read the photos."""
        return load_data(self.config, validate=fabric.is_global_zero)

    def batches(self, data: Data, fabric: Fabric, first_step: int) -> Iterable[Any]:
        """Return augmented batches."""
        loader = make_loader(data, self, first_step, fabric.global_rank, fabric.world_size)
        return fabric.setup_dataloaders(loader, use_distributed_sampler=False)

    def measured(self, state: dict[str, Tensor], samples: Sequence[Sample]) -> dict[str, float]:
        """Return the quick scores of the segmenter."""
        return quick_scores(self.segmenter(state), samples)

    def encode(self, sample: Sample) -> tuple:
        """Turn an augmented sample into one row of a batch."""

    def collate(self, rows: list[tuple]) -> Any:
        """Turn rows into the batch that ``loss`` takes."""

    def segmenter(self, state: dict[str, Tensor]) -> Any:
        """Return a ``Segmenter`` with the tensors ``state``."""


class Trainer:
    """The state of one run."""

    def __init__(self, task: Task, fabric: Fabric) -> None:
        config: RunConfig = task.config
        self.config, self.task, self.fabric = config, task, fabric
        self.folder = run_folder(config.name)
        if (self.folder / checkpoints.LAST).is_file() and not config.resume and not config.overwrite:
            raise TrainingError(
                f"{self.folder} holds a run already: give --resume to go on with it, another --name, or --overwrite"
            )
        model = task.build()
        if config.init and not config.resume:
            task.initialise(model, checkpoints.read(Path(config.init)))
        model = engine.prepare_norm(model, config.norm, fabric.world_size)
        self.model, self.optimizer = fabric.setup(model, engine.make_optimizer(model, config))
        self.average = engine.averaged(self.model.module, config.ema)
        self.clock = engine.Clock(config.steps, config.minutes)
        self.step, self.images, self.best, self.stale = 0, 0, -1.0, 0
        self.ending = ""
        self.stop: engine.GracefulStop | None = None
        if config.resume:
            checkpoints.restore(self)
        self.log = engine.Log(self.folder, self.step if config.resume else 0, enabled=fabric.is_global_zero)

    def train_step(self, batch: Any) -> dict[str, float]:
        """Run one optimiser step and return the parts of its loss."""
        c = self.config
        # Sampled proposals depend on the step alone: a resumed run draws the same as one that was not interrupted.
        torch.manual_seed((c.seed * 1_000_003 + self.step) * self.fabric.world_size + self.fabric.global_rank)
        steps = self.clock.expected_steps(self.step)
        rate = engine.learning_rate(self.step, steps, c.lr, c.warmup, c.schedule, c.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self._rescue():
            loss, parts = self._backward(batch)
        self.optimizer.step()
        self.average.update_parameters(self.model.module)
        self.step += 1
        self.images += c.batch_size * self.fabric.world_size
        return {"loss": loss, "lr": rate, **{k: float(v) for k, v in parts.items()}}

    def _backward(self, batch: Any) -> tuple[float, dict[str, Tensor]]:
        loss, parts = self.task.loss(self.model, batch)
        value = self._agree(loss)
        engine.check_finite(value, "loss", self.step)
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        clip = self.config.clip
        norm = self.fabric.clip_gradients(self.model, self.optimizer, max_norm=clip, error_if_nonfinite=False)
        if norm is not None and self.config.precision != "16-mixed":  # there the scaler skips the step
            engine.check_finite(float(norm), "gradient", self.step)
        return value, parts

    def _agree(self, loss: Tensor) -> float:
        """Return the loss's mean over the processes, which learn here whether one of them was asked to stop."""
        if self.fabric.world_size == 1:
            return loss.item()
        wish = torch.full_like(loss.detach(), float(bool(self.ending) or self._stop_requested()))
        shared: Any = self.fabric.all_reduce(torch.stack([loss.detach(), wish]), reduce_op="mean")
        mean, wishes = shared.tolist()
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
            if not engine.is_out_of_memory(error):
                raise
            self.optimizer.zero_grad(set_to_none=True)
            cure = "lower --batch-size, --image-size or --workers"
            raise TrainingError(f"out of memory at step {self.step}: {cure}; {checkpoints.rescue(self)}") from error

    def validate(self, samples: Any) -> dict[str, float]:
        """Score the averaged weights on ``samples``; the best by the task's ``judged_by`` are kept in ``best.pt``."""
        scores, judged_by = self.task.measured(self.average.module.state_dict(), samples), self.task.judged_by
        self.log.write(step=self.step, images=self.images, val=scores)
        self.stale += 1
        if scores[judged_by] > self.best:
            self.best, self.stale = scores[judged_by], 0
            checkpoints.export(self, scores)
        if 0 < self.config.patience <= self.stale:
            self.ending = f"no better {judged_by} than {self.best:.4f} in {self.stale} validations"
        print(f"step {self.step}: {scores}", flush=True)
        return scores

    @property
    def ended(self) -> bool:
        """Whether the loop is to end; under torchrun the processes have agreed on it."""
        if self.fabric.world_size == 1 and self._stop_requested():
            self.ending = self.ending or "stopped"
        return bool(self.ending) or self.step >= self.config.steps


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


Watcher = Callable[[Trainer, dict[str, float]], None]
"""Called after every validation with the trainer and the scores; what it raises ends the run."""


def run(task: Task, data: Any = None, watcher: Watcher | None = None) -> Trainer:
    """Train until ``steps``, a stop signal or the end of patience; returns the trainer.

    ``data``: what ``task.load`` has returned already.  Raises ``TrainingError`` and ``DatasetError``.
    """
    config: RunConfig = task.config
    check(config)
    process.use_threads(config.threads)  # validation runs in the same process
    torch.set_num_threads(config.threads)
    seed_everything(config.seed, verbose=False)
    fabric = make_fabric(config, task.unused_parameters)
    data = data or task.load(fabric)
    trainer = Trainer(task, fabric)
    torch.set_num_threads(config.threads)  # importing ultralytics changes it
    batches = task.batches(data, fabric, trainer.step)
    fabric.print(f"{data}; from step {trainer.step}", flush=True)
    with engine.GracefulStop() as trainer.stop:
        _loop(trainer, batches, data.validation, watcher)
    return trainer


def _loop(trainer: Trainer, batches: Iterable[Any], validation: Any, watcher: Watcher | None) -> None:
    config, first = trainer.config, trainer.fabric.is_global_zero
    trainer.model.train()
    if config.norm == "frozen":
        engine.prepare_norm(trainer.model, "frozen", 1)
    saved = validated = reported = time.monotonic()
    recent: list[dict[str, float]] = []
    for batch in batches:
        recent.append(trainer.train_step(batch))
        now, ended = time.monotonic(), trainer.ended
        if len(recent) == REPORT_STEPS or ended:
            if first:
                _report(trainer, recent, now - reported)
            recent, reported = [], now
        if first and not ended and now - saved > config.checkpoint_minutes * 60:
            checkpoints.save(trainer)
            saved = now
        due = now - validated > config.validate_minutes * 60
        if config.validate_steps:
            due = trainer.step % config.validate_steps == 0
        if first and not ended and due:
            _score(trainer, validation, watcher)
            validated = reported = time.monotonic()
        if ended:
            break
    if first:
        checkpoints.save(trainer)
        if trainer.ending:
            left = f"{trainer.folder / checkpoints.LAST} is saved; --resume goes on"
            print(f"{trainer.ending} at step {trainer.step}: {left}. A last validation follows.", flush=True)
        _score(trainer, validation, watcher)  # a second Ctrl-C leaves this out
    trainer.fabric.barrier()


def _score(trainer: Trainer, validation: Any, watcher: Watcher | None) -> None:
    scores = trainer.validate(validation)
    checkpoints.save(trainer)
    if watcher:
        watcher(trainer, scores)


def _report(trainer: Trainer, recent: list[dict[str, float]], seconds: float) -> None:
    mean = {k: float(np.mean([r[k] for r in recent])) for k in recent[0]}
    batch = trainer.config.batch_size * trainer.fabric.world_size
    speed = len(recent) * batch / max(seconds, 1e-6)
    steps = trainer.clock.expected_steps(trainer.step)
    left = (steps - trainer.step) * batch / speed / 60
    trainer.log.write(step=trainer.step, images=trainer.images, images_per_s=round(speed, 1), **mean)
    text = " ".join(f"{k} {v:.4g}" for k, v in mean.items())
    print(f"step {trainer.step}/{steps} {text} | {speed:.1f} images/s, {left:.0f} min left", flush=True)


def main(
    config_class: type[AnyConfig],
    task_class: Callable[[AnyConfig], Task],
    description: str | None,
    argv: Sequence[str] | None = None,
) -> int:
    """Run a training script and return its exit code.

    0: done; 1: it cannot go on; 2: a flag is wrong; 130: interrupted twice.
    """

    def work() -> None:
        config = parse_config(config_class, description, argv)
        try:
            run(task_class(config))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(checkpoints.what_is_left(run_folder(config.name))) from None

    return exit_code(work, failed=1)
