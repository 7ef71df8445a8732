"""The training loop of all torch models: one dataclass of flags, one stream of samples, one loop."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from lightning_fabric import Fabric
from torch.utils.data import DataLoader, Dataset

from ewardrobe.datasets.augment import AugmentConfig, augment, collect_textures
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.samples import Sample, load_samples, repeat_factors
from train.engine import (
    EMA,
    GracefulStop,
    Log,
    check_finite,
    learning_rate,
    load_checkpoint,
    option,
    save_checkpoint,
    seed_everything,
)
from train.quick_eval import quick_scores


@dataclass
class Config:
    """Every field is a flag; the models change defaults and add their own."""

    data: str = option("", "folder with train/ and validation/ in DeepFashion2's layout")
    extra: str = option("", "second folder of that layout, such as rendered photos, mixed in")
    extra_share: float = option(0.1, "share of the samples drawn from --extra")
    name: str = option("run", "run name: results go to runs/NAME")
    steps: int = option(8000, "optimiser steps in all")
    batch_size: int = option(16, "images a step and process")
    lr: float = option(2e-3, "peak learning rate")
    weight_decay: float = option(0.02, "AdamW's weight decay")
    schedule: str = option("wsd", "learning-rate schedule", choices=["cosine", "wsd"])
    decay: float = option(0.2, "share of the steps in which wsd decays")
    warmup: int = option(200, "warm-up steps")
    clip: float = option(5.0, "gradient norm limit")
    ema: float = option(0.999, "decay of the averaged weights")
    image_size: int = option(256, "pixels on the long side of a training canvas")
    eval_size: int = option(288, "pixels on the long side at validation and in the app")
    worn_factor: float = option(1.6, "how much more often a worn photo is drawn")
    max_images: int = option(0, "use only the first N photos; 0 = all")
    workers: int = option(0, "data-loading processes")
    threads: int = option(1, "CPU threads of the training process")
    precision: str = option("32-true", "Fabric precision: 32-true, bf16-mixed, 16-mixed")
    accelerator: str = option("auto", "cpu, cuda or auto")
    checkpoint_minutes: float = option(8.0, "minutes between checkpoints")
    validate_minutes: float = option(20.0, "minutes between validations")
    init: str = option("", "start from the weights of this file")
    resume: bool = option(False, "go on from runs/NAME/last.pt")
    seed: int = option(0, "random seed")


class Task(Protocol):
    """What differs between the models."""

    kind: str

    def build(self) -> torch.nn.Module:
        """Return the network, untrained."""

    def encode(self, sample: Sample) -> tuple:
        """Turn an augmented sample into one row of a batch."""

    def collate(self, rows: list[tuple]):
        """Turn rows into the batch that ``loss`` takes."""

    def loss(self, model: torch.nn.Module, batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the scalar loss and its parts."""

    def segmenter(self, state: dict):
        """Return a ``Segmenter`` with the tensors ``state``."""

    def content(self, state: dict) -> dict:
        """Return what a weights file holds beside the training information."""


class Augmented(Dataset):
    """An endless stream as a map: sample ``n`` depends on ``(seed, n)`` alone, so a resumed run repeats nothing."""

    def __init__(self, samples: list[Sample], extra: list[Sample], config: Config, encode, world_size: int = 1) -> None:
        self.samples, self.extra, self.config, self.encode = samples, extra, config, encode
        self.batch = config.batch_size * world_size
        self.augmentation = AugmentConfig()
        self.textures = collect_textures(samples)
        weights = repeat_factors(samples, worn_factor=config.worn_factor)
        self.cumulative = np.cumsum(weights / weights.sum())

    def __len__(self) -> int:
        return self.config.steps * self.batch

    def __getitem__(self, n: int):
        """Draw, augment and encode sample ``n``."""
        rng = np.random.default_rng((self.config.seed, n))
        if self.extra and rng.random() < self.config.extra_share:
            sample = self.extra[rng.integers(len(self.extra))]
        else:
            sample = self.samples[min(np.searchsorted(self.cumulative, rng.random()), len(self.samples) - 1)]
        size = canvas(n // self.batch, self.config.image_size)
        return self.encode(augment(sample, size, rng, self.augmentation, self.textures))


def canvas(step: int, long_side: int) -> tuple[int, int]:
    """Height and width of the pictures of ``step``: portrait, landscape and square in turn, of about equal area."""
    short, square = round(long_side * 0.75 / 32) * 32, round(long_side * 0.866 / 32) * 32
    return [(long_side, short), (short, long_side), (long_side, short), (square, square)][step % 4]


class Trainer:
    """The state of one run."""

    def __init__(self, config: Config, task: Task) -> None:
        self.config, self.task = config, task
        self.folder = Path("runs") / config.name
        self.log = Log(self.folder)
        devices = 1 if config.accelerator == "cpu" else "auto"
        self.fabric = Fabric(accelerator=config.accelerator, devices=devices, precision=config.precision)
        self.fabric.launch()
        self.model = task.build()
        if config.init:
            self._initialise(Path(config.init))
        self.ema = EMA(self.model, config.ema)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, config.weight_decay), lr=config.lr)
        self.step, self.best = 0, -1.0
        if config.resume:
            self._load(load_checkpoint(self.folder / "last.pt", f"{task.kind}-checkpoint"))
        self.model, self.optimizer = self.fabric.setup(self.model, self.optimizer)

    def _initialise(self, path: Path) -> None:
        content = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in content["model"].items()})

    def _load(self, content: dict) -> None:
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.ema.state = content["ema"]
        self.step, self.best = content["step"], content["best"]

    @property
    def images(self) -> int:
        """Images seen so far."""
        return self.step * self.config.batch_size * self.fabric.world_size

    def save(self) -> None:
        """Write ``last.pt``, from which ``--resume`` goes on exactly."""
        content = {"kind": f"{self.task.kind}-checkpoint", "model": self.model.state_dict(), "ema": self.ema.state}
        content |= {"optimizer": self.optimizer.state_dict(), "step": self.step, "best": self.best}
        save_checkpoint(self.folder / "last.pt", content | {"config": asdict(self.config)})

    def train_step(self, batch) -> dict[str, float]:
        """Run one optimiser step and return the parts of its loss."""
        c = self.config
        rate = learning_rate(self.step, c.steps, c.lr, c.warmup, c.schedule, c.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, parts = self.task.loss(self.model, batch)
        check_finite(loss.item(), self.step, self.folder / "last.pt")
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=c.clip)
        self.optimizer.step()
        self.ema.update(self.model, self.step)
        self.step += 1
        return {"loss": loss.item(), "lr": rate, **{k: float(v) for k, v in parts.items()}}

    def validate(self, samples: list[Sample]) -> dict[str, float]:
        """Score the averaged weights on ``samples``; keeps ``best.pt`` by mask AP, in half precision."""
        scores = quick_scores(self.task.segmenter(self.ema.state), samples)
        self.log.write(step=self.step, images=self.images, val=scores)
        if scores["mask_ap"] > self.best:
            self.best = scores["mask_ap"]
            half = {k: v.half() if v.is_floating_point() else v for k, v in self.ema.state.items()}
            info = {"step": self.step, "images": self.images, "config": asdict(self.config), "scores": scores}
            content = {"kind": self.task.kind, "model": half, "info": info, **self.task.content(self.ema.state)}
            save_checkpoint(self.folder / "best.pt", content)
        return scores


def parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay for the weights of convolutions and linear layers only."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def run(config: Config, task: Task) -> Trainer:
    """Train until ``steps`` or a stop signal; returns the trainer."""
    os.environ["EWARDROBE_THREADS"] = str(config.threads)  # validation runs in the same process
    torch.set_num_threads(config.threads)
    seed_everything(config.seed)
    limit = config.max_images or None
    train = load_samples(DeepFashion2(config.data, "train"), max_images=limit)
    extra = load_samples(DeepFashion2(config.extra, "train")) if config.extra else []
    validation = load_samples(DeepFashion2(config.data, "validation"), max_side=config.eval_size, max_images=limit)
    trainer, stop = Trainer(config, task), GracefulStop()
    torch.set_num_threads(config.threads)  # importing ultralytics changes it
    data = Augmented(train, extra, config, task.encode)
    loader = DataLoader(
        data,
        config.batch_size,
        sampler=range(trainer.step * config.batch_size, len(data)),
        collate_fn=task.collate,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        drop_last=True,
    )
    print(
        f"{len(train)} training and {len(validation)} validation photos, {len(extra)} extra; from step {trainer.step}",
        flush=True,
    )
    loop(trainer, trainer.fabric.setup_dataloaders(loader, use_distributed_sampler=False), validation, stop)
    return trainer


def loop(trainer: Trainer, loader, validation: list[Sample], stop: GracefulStop) -> None:
    """Step, report, save and validate in their intervals."""
    config = trainer.config
    saved = validated = reported = time.monotonic()
    recent: list[dict] = []
    for batch in loader:
        trainer.model.train()
        recent.append(trainer.train_step(batch))
        now = time.monotonic()
        if len(recent) == 25:
            report(trainer, recent, now - reported)
            recent, reported = [], now
        if now - saved > config.checkpoint_minutes * 60:
            trainer.save()
            saved = now
        if now - validated > config.validate_minutes * 60:
            print(f"step {trainer.step}:", trainer.validate(validation), flush=True)
            validated = reported = time.monotonic()
        if stop.requested or trainer.step >= config.steps:
            break
    trainer.save()
    print(f"step {trainer.step}:", trainer.validate(validation), flush=True)


def report(trainer: Trainer, recent: list[dict], seconds: float) -> None:
    """Log and print the mean of the last steps, the speed and the time left."""
    mean = {k: float(np.mean([r[k] for r in recent])) for k in recent[0]}
    speed = len(recent) * trainer.config.batch_size / seconds
    left = (trainer.config.steps - trainer.step) * trainer.config.batch_size / speed / 60
    trainer.log.write(step=trainer.step, images=trainer.images, images_per_s=round(speed, 1), **mean)
    text = " ".join(f"{k} {v:.4g}" for k, v in mean.items())
    print(f"step {trainer.step}/{trainer.config.steps} {text} | {speed:.1f} images/s, {left:.0f} min left", flush=True)
