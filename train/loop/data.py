"""What the loop is fed with: the photos of a run, and an endless stream of augmented batches."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ewardrobe.datasets.augment import AugmentConfig, augment, collect_textures
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, spread
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.samples import LazySamples, Sample, load_samples, repeat_factors
from ewardrobe.datasets.subsample import subset
from train.loop.config import Config
from train.loop.engine import TrainingError

TEXTURE_PHOTOS, LAZY_TEXTURE_PHOTOS = 3000, 500
"""Backgrounds are cut from at most so many photos; fewer where each has to be read for it."""


@dataclass
class Data:
    """The photos of a run."""

    train: Sequence[Sample]
    extra: Sequence[Sample]
    validation: Sequence[Sample]

    def __str__(self) -> str:
        return f"{len(self.train)} training and {len(self.validation)} validation photos, {len(self.extra)} extra"


def load_data(config: Config, validate: bool = True) -> Data:
    """Read the photos that ``config`` names; only the process that validates needs validation photos."""
    side, worn_side = photo_sides(config)
    try:
        train = _training_photos(config, side, worn_side)
    except ValueError as error:
        raise (
            error if isinstance(error, DatasetError) else TrainingError(f"--fraction, --max-images: {error}")
        ) from error
    extra = DeepFashion2(config.extra, "train", accessories=True) if config.extra else None
    more = load_samples(extra, side, threads=config.workers) if extra else []
    return Data(train, more, _validation_photos(config) if validate else [])


def photo_sides(config: Config) -> tuple[int, int]:
    """Return how many pixels on the long side flat-lays and worn photos are kept at: what is zoomed in stays sharp."""
    side = max(320, round(config.image_size * 1.25))
    return side, max(side, round(config.image_size * 0.8 * config.worn_zoom))


def _training_photos(config: Config, side: int, worn_side: int) -> Sequence[Sample]:
    data = DeepFashion2(config.data, "train", accessories=True)
    whole = config.fraction == 1 and not config.max_images
    if whole and not config.lazy:
        return load_samples(data, side, worn_side, config.workers)
    index = read_index(data, max(1, config.workers))
    fraction = None if config.fraction == 1 else config.fraction
    chosen = subset(index.present, fraction, config.max_images or None, config.balance, config.seed)
    return _decoded(LazySamples(data, side, index[chosen], worn_side=worn_side), config)


def _validation_photos(config: Config) -> Sequence[Sample]:
    data = DeepFashion2(config.data, "validation", accessories=True)
    limit = config.validation_images or config.max_images or None
    if not limit and not config.lazy:
        return load_samples(data, config.eval_size, threads=config.workers)
    index = read_index(data, max(1, config.workers))
    return _decoded(LazySamples(data, config.eval_size, index[spread(len(index), limit)]), config)


def _decoded(samples: LazySamples, config: Config) -> Sequence[Sample]:
    return samples if config.lazy else list(samples)


class AugmentedStream(Dataset):
    """An endless stream as a map: sample ``n`` depends on ``(seed, n)`` alone, so a resumed run repeats nothing."""

    def __init__(self, data: Data, config: Config, encode, world_size: int = 1) -> None:
        self.samples, self.extra, self.config, self.encode = data.train, data.extra, config, encode
        self.batch = config.batch_size * world_size
        self.augmentation = augmentation(config)
        limit = LAZY_TEXTURE_PHOTOS if isinstance(data.train, LazySamples) else TEXTURE_PHOTOS
        self.textures = collect_textures([data.train[i] for i in spread(len(data.train), limit)])
        weights = repeat_factors(data.train, config.rare_share, config.worn_factor)
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


def augmentation(config: Config) -> AugmentConfig:
    """Return the strengths that a run's flags ask for."""
    scaled = AugmentConfig().scaled(config.augment)
    return replace(scaled, worn_zoom_in=config.worn_zoom) if config.worn_zoom else scaled


class StepSampler(Sampler):
    """The sample numbers of one process: of each step's ``world_size * batch_size`` numbers those of its rank."""

    def __init__(self, first_step: int, steps: int, batch_size: int, rank: int = 0, world_size: int = 1) -> None:
        self.steps, self.batch_size, self.rank, self.world_size = range(first_step, steps), batch_size, rank, world_size

    def __len__(self) -> int:
        return len(self.steps) * self.batch_size

    def __iter__(self) -> Iterator[int]:
        for step in self.steps:
            start = (step * self.world_size + self.rank) * self.batch_size
            yield from range(start, start + self.batch_size)


def make_loader(data: Data, config: Config, task, first_step: int, rank: int = 0, world_size: int = 1) -> DataLoader:
    """Return the batches of one process from ``first_step`` on; ``TrainingError`` when there is nothing to train on."""
    if not len(data.train):
        raise TrainingError(f"no photo to train on in {config.data}: check it with `python -m ewardrobe evaluate`")
    if config.workers:
        cv2.setNumThreads(1)  # ends OpenCV's threads before the fork: a reader would wait for ever for their copies
    return DataLoader(
        AugmentedStream(data, config, task.encode, world_size),
        config.batch_size,
        sampler=StepSampler(first_step, config.steps, config.batch_size, rank, world_size),
        collate_fn=task.collate,
        num_workers=config.workers,
        persistent_workers=config.workers > 0,
        pin_memory=torch.cuda.is_available() and config.accelerator != "cpu",
        worker_init_fn=_begin_worker,
    )


def _begin_worker(number: int) -> None:
    """Ctrl-C reaches all processes of a terminal: the training ends in order only if its readers live on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def canvas(step: int, long_side: int) -> tuple[int, int]:
    """Height and width of the pictures of ``step``: portrait, landscape and square in turn, of about equal area."""
    short, square = round(long_side * 0.75 / 32) * 32, round(long_side * 0.866 / 32) * 32
    return [(long_side, short), (short, long_side), (long_side, short), (square, square)][step % 4]
