"""Train the U-Net on a data set in DeepFashion2's layout.

    python -m train.unet --data DATA --name unet --steps 8000
    python -m train.unet --data DATA --name unet --steps 8000 --resume

Checkpoints and ``log.jsonl`` go to ``runs/NAME``.  ``python -m train.register unet runs/NAME/best.pt`` turns the
best checkpoint into the weights that the app loads.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from ewardrobe.datasets.augment import AugmentConfig, augment, collect_textures
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.datasets.samples import Sample, load_samples, repeat_factors
from ewardrobe.segmenters.unet import UNetSegmenter, to_input
from ewardrobe.segmenters.unet_model import UNet
from ewardrobe.taxonomy import CATEGORIES, LABEL_COUNT
from train.engine import (
    EMA,
    GracefulStop,
    Log,
    TrainingError,
    check_finite,
    learning_rate,
    load_checkpoint,
    option,
    parse_config,
    save_checkpoint,
    seed_everything,
)
from train.losses import bce_loss, dice_loss, union_loss
from train.quick_eval import quick_scores


@dataclass
class Config:
    """Every field is a flag."""

    data: str = option("", "folder with train/ and validation/ in DeepFashion2's layout")
    extra: str = option("", "second folder of that layout, such as rendered photos, mixed in")
    extra_share: float = option(0.1, "share of the samples drawn from --extra")
    name: str = option("unet", "run name: results go to runs/NAME")
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


class Augmented(Dataset):
    """An endless stream as a map: sample ``n`` depends on ``(seed, n)`` alone, so a resumed run repeats nothing."""

    def __init__(self, samples: list[Sample], extra: list[Sample], config: Config) -> None:
        self.samples, self.extra, self.config = samples, extra, config
        self.augmentation = AugmentConfig()
        self.textures = collect_textures(samples)
        weights = repeat_factors(samples, worn_factor=config.worn_factor)
        self.cumulative = np.cumsum(weights / weights.sum())

    def __len__(self) -> int:
        return self.config.steps * self.config.batch_size * max(1, torch.cuda.device_count())

    def __getitem__(self, n: int):
        """Return image (h, w, 3) uint8, target (18, h/2, w/2) uint8 0..255, labelled (18,) float32, presence (13,)."""
        rng = np.random.default_rng((self.config.seed, n))
        if self.extra and rng.random() < self.config.extra_share:
            sample = self.extra[rng.integers(len(self.extra))]
        else:
            sample = self.samples[min(np.searchsorted(self.cumulative, rng.random()), len(self.samples) - 1)]
        size = canvas(n // self.config.batch_size, self.config.image_size)
        return encode(augment(sample, size, rng, self.augmentation, self.textures))


def canvas(step: int, long_side: int) -> tuple[int, int]:
    """Height and width of the pictures of ``step``: portrait, landscape and square in turn, of about equal area."""
    short, square = round(long_side * 0.75 / 32) * 32, round(long_side * 0.866 / 32) * 32
    return [(long_side, short), (short, long_side), (long_side, short), (square, square)][step % 4]


def encode(sample: Sample):
    """Turn a sample into the network's targets at half resolution; soft edges by area averaging."""
    height, width = sample.image.shape[:2]
    half = width // 2, height // 2
    target = np.zeros((LABEL_COUNT, height // 2, width // 2), np.uint8)
    for mask, category_id in zip(sample.masks, sample.category_ids, strict=True):
        channel = target[category_id - 1]
        np.maximum(channel, cv2_area(mask, half), out=channel)
    labelled = np.ones(LABEL_COUNT, np.float32)
    if sample.parsing is None:
        labelled[len(CATEGORIES) :] = 0
    else:
        for label in np.unique(sample.parsing[sample.parsing > len(CATEGORIES)]):
            target[label - 1] = cv2_area((sample.parsing == label).astype(np.uint8), half)
    presence = np.zeros(len(CATEGORIES), np.float32)
    presence[sample.category_ids - 1] = 1
    return sample.image, target, labelled, presence


def cv2_area(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Average a 0/1 mask to ``size`` (width, height) as uint8 0..255."""
    import cv2

    return cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA)


def compute_loss(model, batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return the loss of one batch and its parts."""
    images, target, labelled, presence = batch
    target = target.float() / 255
    logits, seen = model(images)
    parts = {
        "bce": bce_loss(logits, target, labelled),
        "dice": dice_loss(logits, target, labelled),
        "union": union_loss(logits, target, len(CATEGORIES)),
        "presence": F.binary_cross_entropy_with_logits(seen, presence),
    }
    return 4 * parts["bce"] + parts["dice"] + 0.5 * parts["union"] + 0.5 * parts["presence"], parts


def weights_content(state: dict, config: Config, step: int, scores: dict) -> dict:
    """Return what a weights file holds: everything that loading needs, in half precision."""
    half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    info = {"step": step, "images": step * config.batch_size, "config": asdict(config), "scores": scores}
    return {"kind": "unet", "model": half, "size": config.eval_size, "flip": False, "info": info}


class Trainer:
    """The state of one run, and its loop."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = Path("runs") / config.name
        self.log = Log(self.folder)
        self.fabric = Fabric(accelerator=config.accelerator, devices="auto" if config.accelerator != "cpu" else 1, precision=config.precision)
        self.model = UNet().to(memory_format=torch.channels_last)
        if config.init:
            self.model.load_state_dict({k: v.float() for k, v in torch.load(config.init, weights_only=True)["model"].items()})
        self.ema = EMA(self.model, config.ema)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.model, config.weight_decay), lr=config.lr)
        self.step, self.best = 0, -1.0
        if config.resume:
            self._load(load_checkpoint(self.folder / "last.pt", "unet-checkpoint"))
        self.model, self.optimizer = self.fabric.setup(self.model, self.optimizer)

    def _load(self, content: dict) -> None:
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.ema.state = content["ema"]
        self.step, self.best = content["step"], content["best"]

    def save(self) -> None:
        """Write ``last.pt``, from which ``--resume`` goes on exactly."""
        content = {"kind": "unet-checkpoint", "model": self.model.state_dict(), "ema": self.ema.state, "config": asdict(self.config)}
        content |= {"optimizer": self.optimizer.state_dict(), "step": self.step, "best": self.best}
        save_checkpoint(self.folder / "last.pt", content)

    def train_step(self, batch) -> dict[str, float]:
        """Run one optimiser step and return the parts of its loss."""
        c = self.config
        rate = learning_rate(self.step, c.steps, c.lr, c.warmup, c.schedule, c.decay)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss, parts = compute_loss(self.model, batch)
        check_finite(loss.item(), self.step, self.folder / "last.pt")
        self.optimizer.zero_grad(set_to_none=True)
        self.fabric.backward(loss)
        self.fabric.clip_gradients(self.model, self.optimizer, max_norm=c.clip)
        self.optimizer.step()
        self.ema.update(self.model, self.step)
        self.step += 1
        return {"loss": loss.item(), "lr": rate, **{k: v.item() for k, v in parts.items()}}

    def validate(self, samples: list[Sample]) -> dict[str, float]:
        """Score the averaged weights on ``samples``; keeps ``best.pt`` by mask AP."""
        model = UNet()
        model.load_state_dict(self.ema.state)
        scores = quick_scores(UNetSegmenter(model, self.config.eval_size), samples)
        self.log.write(step=self.step, images=self.step * self.config.batch_size, val=scores)
        if scores["mask_ap"] > self.best:
            self.best = scores["mask_ap"]
            save_checkpoint(self.folder / "best.pt", weights_content(self.ema.state, self.config, self.step, scores))
        return scores


def parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay for the weights of convolutions and linear layers only."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def collate(rows):
    """Stack rows to the network's input and target tensors."""
    images, targets, labelled, presence = zip(*rows, strict=True)
    inputs = to_input(np.stack(images)).contiguous(memory_format=torch.channels_last)
    return inputs, *(torch.from_numpy(np.stack(x)) for x in (targets, labelled, presence))


def run(config: Config) -> Trainer:
    """Train until ``steps`` or a stop signal; returns the trainer."""
    torch.set_num_threads(config.threads)
    seed_everything(config.seed)
    limit = config.max_images or None
    train = load_samples(DeepFashion2(config.data, "train"), max_images=limit)
    extra = load_samples(DeepFashion2(config.extra, "train")) if config.extra else []
    validation = load_samples(DeepFashion2(config.data, "validation"), max_side=config.eval_size, max_images=limit)
    trainer, stop = Trainer(config), GracefulStop()
    data = Augmented(train, extra, config)
    start = trainer.step * config.batch_size
    loader = DataLoader(
        data, config.batch_size, sampler=range(start, len(data)), collate_fn=collate, num_workers=config.workers,
        persistent_workers=config.workers > 0, drop_last=True,
    )
    print(f"{len(train)} training and {len(validation)} validation photos, {len(extra)} extra; from step {trainer.step}", flush=True)
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
    trainer.log.write(step=trainer.step, images=trainer.step * trainer.config.batch_size, images_per_s=round(speed, 1), **mean)
    text = " ".join(f"{k} {v:.4g}" for k, v in mean.items())
    print(f"step {trainer.step}/{trainer.config.steps} {text} | {speed:.1f} images/s, {left:.0f} min left", flush=True)


if __name__ == "__main__":
    try:
        run(parse_config(Config, __doc__))
    except (TrainingError, DatasetError) as error:
        sys.exit(f"error: {error}")
