"""Train the network that tells pattern, material, style, sleeve length and everyday kind of a garment.

    python -m train.attributes --data DATA --encoder yolov8s --init weights/unet.pt --steps 2500

``DATA`` is a data set in DeepFashion2's layout with ``attributes_train.csv`` and ``kinds_train.csv`` beside it; without
the second one no kind is learned.  A share of its photos is held out: the calibration and the choice of the best
weights come from them.  ``--held-out 0`` takes the photos of the validation split instead, to go on from weights
that have seen the others.  ``--cache FILE`` keeps the crops, so that another run, on another machine too, needs no
photos.  Checkpoints and ``log.jsonl`` go to ``runs/NAME``; ``python -m train.register attributes runs/NAME/best.pt``
turns the best one into the weights that the app loads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from ewardrobe.core.attributes import HEADS, NAME
from ewardrobe.models.attributes import to_input
from ewardrobe.models.calibration import Calibration
from ewardrobe.models.networks.attributes import LAST_WIDTH, NEVER, AttributeNet
from ewardrobe.models.networks.encoders import ENCODERS
from train.attributes.augment import Augmentation
from train.attributes.calibration import calibrate, scores
from train.attributes.data import (
    NOT_JUDGED,
    Garments,
    load_garments,
    log_priors,
    read_garments,
    sampling_weights,
    split_by_image,
)
from train.attributes.prints import joined, printed
from train.loop import checkpoints
from train.loop.config import RunConfig, option
from train.loop.engine import TrainingError
from train.loop.trainer import Task

COLOURED_HEADS = ("material", "style", "kind")
"""Denim and jeans are blue and a suit is dark: recoloured garments teach these heads nothing."""

CATEGORY_DROPOUT = 0.15
"""How often the category is hidden, so that an item of unknown category gets an answer too."""


@dataclass
class AttributesConfig(RunConfig):
    """Flags of ``python -m train.attributes``; those that all trainings share mean the same."""

    data: str = option("", "folder of a data set with attributes_train.csv")
    cache: str = option("", "file of the crops: read where it exists, else written")
    name: str = "attributes"
    steps: int = 2500
    batch_size: int = option(32, "garments a step")
    lr: float = 1e-3
    weight_decay: float = 0.05
    schedule: str = "cosine"
    decay: float = 0.4
    warmup: int = 100
    ema: float = 0.998
    norm: str = option("batch", "batch normalisation: of the batch, or frozen", choices=["batch", "frozen"])
    image_size: int = option(160, "pixels of a square crop, a multiple of 32")
    encoder: str = option("plain", "encoder of the U-Net in --init", choices=list(ENCODERS), kept=True)
    last_width: int = option(
        LAST_WIDTH, "channels of the plain encoder's last stage; 384 takes over the U-Net's whole", least=1, kept=True
    )
    freeze_body: bool = option(False, "train the heads alone, on the body that --init gives")
    dropout: float = option(0.3, "dropout of the heads", most=1)
    smoothing: float = option(0.05, "label smoothing: the judgements are noisy", most=1)
    prints: int = option(0, "so many plain garments are printed with drawn rare patterns and join the others")
    held_out: float = option(
        0.12,
        "share of the photos for calibration and the choice of the best weights; 0 = those of the validation split",
        most=0.9,
        kept=True,
    )
    validate_minutes: float = 5.0
    init: str = option("", "start the body from this U-Net, such as weights/unet.pt, or all from such a network")
    seed: int = option(0, "random seed, which also says which photos are held out", kept=True)


class GarmentSplit(NamedTuple):
    """The garments of a run: those to learn from, and those held out."""

    train: Garments
    validation: Garments

    def __str__(self) -> str:
        return f"{len(self.train)} garments to learn from, {len(self.validation)} held out"


class AttributesTask(Task):
    """The attribute network in the common loop, judged by the mean macro-F1 of the heads on the garments held out.

    Its batches are crops (B, 4, S, S) float32, category ids (B,) int64, labels by head and who was recoloured.
    """

    kind = NAME
    judged_by = "mean"

    def __init__(self, config: AttributesConfig) -> None:
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            raise TrainingError("the attribute network is trained in one process: leave torchrun out")
        self.config = config
        self.drawn_prior: dict[str, Tensor] = {}
        self.calibration: dict[str, Calibration] = {}

    def build(self) -> AttributeNet:
        """Return the network in the memory layout that convolutions like best."""
        model = AttributeNet(self.config.last_width, self.config.dropout, self.config.encoder)
        if self.config.freeze_body:
            model.freeze_body()
        return model.to(memory_format=torch.channels_last)

    def initialise(self, model: Any, content: dict[str, Any]) -> None:
        """Start from another run's network, or the body from the layers of a U-Net's encoder that have its shape."""
        if checkpoints.model_in(content) == self.kind:
            own = {name: part for name, part in model.state_dict().items() if name.startswith("heads.")}
            given = own | checkpoints.weights_in(content)  # heads that older weights lack start untrained
            super().initialise(model, {"kind": self.kind, "model": given})
            return
        body = model.get_submodule("body")
        own, given = body.state_dict(), checkpoints.encoder_in(content)
        fitting = {k: v for k, v in given.items() if k in own and own[k].shape == v.shape}
        if next(iter(own)) not in fitting:
            kind, theirs = checkpoints.model_in(content), content.get("encoder", "plain")
            raise TrainingError(f"--init: no layer of {kind!r} fits: give weights/unet.pt and --encoder {theirs}")
        body.load_state_dict(own | fitting)
        print(f"--init: {len(fitting)} of {len(own)} tensors of the body taken over", flush=True)

    def load(self, fabric: Fabric) -> GarmentSplit:
        """Return the garments, with printed ones if asked for."""
        config = self.config
        garments = load_garments(config.data, config.cache, config.image_size)
        if config.held_out:
            learn, held_out = (garments[chosen] for chosen in split_by_image(garments, config.held_out, config.seed))
        else:
            learn, held_out = garments, read_garments(Path(config.data), "validation", config.image_size)
        if not len(learn) or not len(held_out):
            raise TrainingError(f"{len(garments)} garments are too few to learn from some and hold out others")
        if config.prints:
            learn = joined(learn, printed(learn, config.prints, config.seed))
        return GarmentSplit(learn, held_out)

    def batches(self, data: GarmentSplit, fabric: Fabric, first_step: int) -> Iterator[tuple]:
        """Yield augmented batches on the training's device; batch ``n`` depends on the seed and ``n`` alone."""
        config, device, learn = self.config, fabric.device, data.train
        weights = sampling_weights(learn.labels)
        prior = log_priors(learn.labels, weights)
        self.drawn_prior = {n: torch.tensor(p, dtype=torch.float32, device=device) for n, p in prior.items()}
        pictures = torch.from_numpy(np.ascontiguousarray(learn.rgb.transpose(0, 3, 1, 2))).to(device)
        masks = torch.from_numpy(learn.masks[:, None]).to(device)
        category_ids, drawn = (torch.from_numpy(values).to(device) for values in (learn.category_ids, weights))
        labels = {name: torch.from_numpy(values).to(device) for name, values in learn.labels.items()}
        augment, generator = Augmentation(config.image_size, config.augment), torch.Generator(device)
        for step in range(first_step, config.steps):
            generator.manual_seed(config.seed * 1_000_003 + step)
            chosen = torch.multinomial(drawn, config.batch_size, replacement=True, generator=generator)
            x, recoloured = augment(pictures[chosen], masks[chosen], generator)
            hidden = torch.rand(len(chosen), device=device, generator=generator) < CATEGORY_DROPOUT
            ids = torch.where(hidden, 0, category_ids[chosen])
            judged = {name: values[chosen] for name, values in labels.items()}
            yield x.contiguous(memory_format=torch.channels_last), ids, judged, recoloured

    def loss(self, model: Any, batch: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of the heads' cross-entropies with the prior added to the logits (Menon et al., 2021).

        What was not judged of a garment is left out, and so are the kinds that its category cannot be.
        """
        x, category_ids, labels, recoloured = batch
        parts = {}
        for name, logits in model(x, category_ids).items():
            truth = torch.where(recoloured, NOT_JUDGED, labels[name]) if name in COLOURED_HEADS else labels[name]
            balanced = logits.float() + self.drawn_prior[name]
            parts[name] = smoothed_cross_entropy(balanced, truth, self.config.smoothing)
        total: Any = sum(parts.values())
        return total, {name: value.detach() for name, value in parts.items()}

    def measured(self, state: dict[str, Tensor], samples: Garments) -> dict[str, float]:
        """Calibrate the network with the tensors ``state`` on ``samples`` and return its scores there."""
        model = AttributeNet(self.config.last_width, 0, self.config.encoder).to(next(iter(state.values())).device)
        model.load_state_dict(state)
        logits = _held_out_logits(model.eval(), samples)
        self.calibration = calibrate(logits, samples.labels, log_priors(samples.labels, np.ones(len(samples))))
        return scores(logits, samples.labels, self.calibration)

    def content(self) -> dict[str, Any]:
        """Return what the app needs beside the weights."""
        return {
            "task": NAME,
            "encoder": self.config.encoder,
            "last_width": self.config.last_width,
            "size": self.config.image_size,
            "values": {name: list(values) for name, values in HEADS.items()},
            "calibration": {name: asdict(head) for name, head in self.calibration.items()},
        }


def smoothed_cross_entropy(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    """Return the mean cross-entropy of what was judged, a float32 scalar: 0 where nothing was.

    logits: (B, values) float32, about ``NEVER`` for what cannot be; truth: (B,) int64 or ``NOT_JUDGED``; smoothing:
    share of the truth, 0..1, that is spread over all that can be (Szegedy et al., CVPR 2016).
    """
    logs, possible = logits.log_softmax(dim=1), logits > NEVER / 2
    spread = (logs * possible).sum(dim=1) / possible.sum(dim=1)
    right = logs.gather(1, truth.clamp(min=0)[:, None])[:, 0]
    judged = truth != NOT_JUDGED
    lost = -(1 - smoothing) * right - smoothing * spread
    return torch.where(judged, lost, 0.0).sum() / judged.sum().clamp(min=1)


@torch.inference_mode()
def _held_out_logits(model: AttributeNet, garments: Garments, batch: int = 64) -> dict[str, np.ndarray]:
    """Return the logits of each head, (N, values) float32, as the app computes them: of a crop and its mirror image."""
    device = next(model.parameters()).device
    found: dict[str, list[np.ndarray]] = {name: [] for name in HEADS}
    for start in range(0, len(garments), batch):
        part = garments[np.arange(start, min(start + batch, len(garments)))]
        crops = [to_input(rgb, mask) for rgb, mask in zip(part.rgb, part.masks, strict=True)]
        x = torch.from_numpy(np.stack(crops)).to(device)
        ids = torch.from_numpy(part.category_ids).to(device)
        straight, mirrored = model(x, ids), model(x.flip(3), ids)
        for name in HEADS:
            found[name].append(((straight[name] + mirrored[name]) / 2).float().cpu().numpy())
    return {name: np.concatenate(parts) for name, parts in found.items()}
