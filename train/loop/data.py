"""The photos of a run: an endless stream of augmented batches, and the scores that choose the best checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_iou
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORY_IDS, INSTANCE_IDS
from ewardrobe.datasets.augment import AugmentConfig, augment, collect_textures
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, spread
from ewardrobe.datasets.index import Index, read_index
from ewardrobe.datasets.samples import LazySamples, Sample, load_samples, repeat_factors
from ewardrobe.datasets.subsample import subset
from ewardrobe.evaluation.coco_eval import MIN_INSTANCES, CocoMatcher, mean_over_categories
from ewardrobe.models import Segmenter
from train.loop.config import Config
from train.loop.engine import TrainingError

if TYPE_CHECKING:
    from train.loop.trainer import SegmenterTask

TEXTURE_PHOTOS, LAZY_TEXTURE_PHOTOS = 3000, 500
"""Backgrounds are cut from at most so many photos; fewer where each has to be read for it."""

MIN_SCORE, SHOWN_SCORE = 0.01, 0.3
MEASURES = {
    "mask_ap": ("ap", CATEGORY_IDS),
    "mask_ap50": ("ap50", CATEGORY_IDS),
    "mask_ap50_accessories": ("ap50", ACCESSORY_IDS),
}
"""What is averaged, and over which labels."""


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
    fraction, most = (None if config.fraction == 1 else config.fraction), config.max_images or None
    limit = config.validation_images or most

    def some(index: Index) -> np.ndarray:
        return subset(index.present, fraction, most, config.balance, config.seed)

    def spaced(index: Index) -> list[int]:
        return spread(len(index), limit)

    try:
        train = _photos(config, "train", *photo_sides(config), some if fraction or most else None)
    except DatasetError:
        raise
    except ValueError as error:
        raise TrainingError(f"--fraction, --max-images: {error}") from error
    extra = DeepFashion2(config.extra, "train", accessories=True) if config.extra else None
    more = load_samples(extra, photo_sides(config)[0], threads=config.workers) if extra else []
    size = config.eval_size
    return Data(train, more, _photos(config, "validation", size, size, spaced if limit else None) if validate else [])


def photo_sides(config: Config) -> tuple[int, int]:
    """Return how many pixels on the long side flat-lays and worn photos are kept at: what is zoomed in stays sharp."""
    side = max(320, round(config.image_size * 1.25))
    return side, max(side, round(config.image_size * 0.8 * config.worn_zoom))


def _photos(
    config: Config, split: str, side: int, worn_side: int, choose: Callable[[Index], Any] | None
) -> Sequence[Sample]:
    data = DeepFashion2(config.data, split, accessories=True)
    if choose is None and not config.lazy:
        return load_samples(data, side, worn_side, config.workers)
    index = read_index(data, max(1, config.workers))
    samples = LazySamples(data, side, index if choose is None else index[choose(index)], worn_side=worn_side)
    return samples if config.lazy else list(samples)


class AugmentedStream(Dataset):
    """An endless stream as a map: sample ``n`` depends on ``(seed, n)`` alone, so a resumed run repeats nothing."""

    def __init__(self, data: Data, config: Config, encode: Callable[[Sample], Any], world_size: int = 1) -> None:
        self.samples, self.extra, self.config, self.encode = data.train, data.extra, config, encode
        self.batch = config.batch_size * world_size
        self.augmentation = augmentation(config)
        limit = LAZY_TEXTURE_PHOTOS if isinstance(data.train, LazySamples) else TEXTURE_PHOTOS
        self.textures = collect_textures([data.train[i] for i in spread(len(data.train), limit)])
        weights = repeat_factors(data.train, config.rare_share, config.worn_factor)
        self.cumulative = np.cumsum(weights / weights.sum())

    def __getitem__(self, n: int) -> Any:
        """Draw, augment and encode sample ``n``."""
        rng = np.random.default_rng((self.config.seed, n))
        if self.extra and rng.random() < self.config.extra_share:
            sample = self.extra[int(rng.integers(len(self.extra)))]
        else:
            sample = self.samples[min(int(np.searchsorted(self.cumulative, rng.random())), len(self.samples) - 1)]
        size = canvas(n // self.batch, self.config.image_size)
        return self.encode(augment(sample, size, rng, self.augmentation, self.textures))


def augmentation(config: Config) -> AugmentConfig:
    """Return the strengths that a run's flags ask for."""
    scaled = AugmentConfig().scaled(config.augment)
    return replace(scaled, worn_zoom_in=config.worn_zoom) if config.worn_zoom else scaled


def sample_numbers(steps: range, batch_size: int, rank: int = 0, world_size: int = 1) -> Iterator[int]:
    """Yield the samples of one process: of each step's ``world_size * batch_size`` numbers those of its rank."""
    for step in steps:
        start = (step * world_size + rank) * batch_size
        yield from range(start, start + batch_size)


def make_loader(data: Data, task: SegmenterTask, first_step: int, rank: int = 0, world_size: int = 1) -> DataLoader:
    """Return the batches of one process from ``first_step`` on; ``TrainingError`` when there is nothing to train on."""
    config = task.config
    if not len(data.train):
        raise TrainingError(f"no photo to train on in {config.data}: check it with `python -m ewardrobe evaluate`")
    if config.workers:
        cv2.setNumThreads(1)  # before the fork: a reading process would wait for ever for threads that it lacks
    return DataLoader(
        AugmentedStream(data, config, task.encode, world_size),
        config.batch_size,
        sampler=sample_numbers(range(first_step, config.steps), config.batch_size, rank, world_size),
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


def quick_scores(segmenter: Segmenter, samples: Sequence[Sample]) -> dict[str, float]:
    """Return ``mask_ap``, ``mask_ap50`` (categories with ten instances), ``garment_iou_worn``, ``…_not_worn``.

    These are of the 13 garments, on the photos that show any; ``mask_ap50_accessories`` is of footwear, bags, headwear.
    Finds of a label that a photo leaves unlabelled do not count.
    """
    matcher = CocoMatcher("segm", category_ids=INSTANCE_IDS)
    counts = np.zeros(max(INSTANCE_IDS) + 1, int)
    overlaps: dict[str, list[float]] = {"worn": [], "not_worn": []}
    for sample in samples:
        found = segmenter.predict(sample.image, MIN_SCORE)
        found = found[~np.isin(found.category_ids, list(sample.unlabelled))]
        truth = Detections.from_masks(sample.masks > 0, sample.category_ids, np.ones(len(sample.masks)))
        matcher.add(truth, found)
        counts += np.bincount(truth.category_ids, minlength=len(counts))
        shown, worn = found.above(SHOWN_SCORE), "worn" if sample.worn else "not_worn"
        there, seen = (d.only(CATEGORY_IDS).masks for d in (truth, shown))
        if len(there):
            overlaps[worn].append(mask_iou(np.any(there, axis=0), np.any(seen, axis=0)))
    scores = matcher.scores()
    ap = {}
    for name, (field, ids) in MEASURES.items():
        least = max(1, min(MIN_INSTANCES, max(counts[list(ids)])))  # where no label has ten, those with the most
        ap[name] = mean_over_categories(scores, field, [c for c in ids if counts[c] >= least])
    iou = {f"garment_iou_{k}": float(np.mean(v)) if v else 0.0 for k, v in overlaps.items()}
    return {k: v or 0.0 for k, v in ap.items()} | iou
