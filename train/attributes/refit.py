"""Fit the head of the kinds anew, on the features of a trained body, which stays as it is.

    python -m train.attributes.refit runs/attributes/best.pt --data DATA --cache FILE

A head that was new when the training of the whole began has seen too few garments by its end.  Features are computed
once, of the two views that the app has of a garment; a head on them learns in minutes.  ``FILE`` keeps the crops, which
are twice as large as those of the training.  Of several settings the one with the most right answers on the validation
split is kept, and the head that was there unless one is better; the file is written anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from ewardrobe.models.attributes import halves, to_input
from ewardrobe.models.inference import OpenVINONetwork
from ewardrobe.models.networks.attributes import AttributeNet
from ewardrobe.models.networks.tracing import convert
from train.attributes.data import Garments, load_garments, log_priors, read_garments, sampling_weights
from train.attributes.train import CATEGORY_DROPOUT, smoothed_cross_entropy
from train.loop import checkpoints
from train.loop.config import exit_code, make_parser

HEAD = "kind"
EPOCHS, BATCH, RATE, SMOOTHING = 20, 64, 1e-3, 0.1
SETTINGS = ((0.3, 0.05), (0.5, 0.05), (0.5, 0.5))
"""Dropout and weight decay of the heads that are tried."""


@dataclass(frozen=True)
class Known:
    """Features of N garments whose kind was judged, of two views: (N, 2, features) float32; ids and labels (N,)."""

    features: Tensor
    category_ids: Tensor
    labels: Tensor


def refit(path: Path, data: Path, cache: str) -> tuple[float, float]:
    """Fit the head of the weights file ``path`` anew; returns the share of right answers before and after, 0..1."""
    content = checkpoints.read(path)
    model = AttributeNet(int(content["last_width"]), 0, content["encoder"]).eval()
    checkpoints.load_into(model, checkpoints.weights_in(content), "the weights do not fit the network ({})")
    size = int(content["size"])
    learn, judge = (
        _known(model, garments)
        for garments in (load_garments(str(data), cache, 2 * size), read_garments(data, "validation", 2 * size))
    )
    before = best = _right(model, judge)
    state = {name: part.clone() for name, part in model.state_dict().items()}
    for dropout, decay in SETTINGS:
        _fit(model, learn, dropout, decay)
        if (right := _right(model, judge)) > best:
            best, state = right, {name: part.clone() for name, part in model.state_dict().items()}
        print(f"dropout {dropout}, weight decay {decay}: {right:.4f} right", flush=True)
    half = {name: part.half() if part.is_floating_point() else part for name, part in state.items()}
    checkpoints.write(path, content | {"model": half})
    return before, best


def _known(model: AttributeNet, garments: Garments) -> Known:
    """Return the features of the garments whose kind was judged: whole, and from near."""
    garments = garments[garments.labels[HEAD] >= 0]
    size = garments.rgb.shape[1] // 2
    example = torch.zeros(1, 4, size, size)
    network = OpenVINONetwork(convert(_Features(model).eval(), example))
    found = [network(np.stack(views))[0] for views in tqdm(_views(garments), total=len(garments), disable=None)]
    ids, labels = (
        torch.from_numpy(values.astype(np.int64)) for values in (garments.category_ids, garments.labels[HEAD])
    )
    return Known(torch.from_numpy(np.stack(found)), ids, labels)


class _Features(nn.Module):
    def __init__(self, model: AttributeNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model.features(x)


def _views(garments: Garments) -> Iterator[list[np.ndarray]]:
    for rgb, mask in zip(garments.rgb, garments.masks, strict=True):
        whole, near = halves(rgb, mask)
        yield [to_input(*whole), to_input(*near)]


def _fit(model: AttributeNet, learn: Known, dropout: float, decay: float) -> None:
    """Train the head, reset, on balanced draws with the prior in the logits, as the whole training does."""
    torch.manual_seed(0)
    head: Any = model.heads[HEAD]
    for layer in (part for part in head if hasattr(part, "reset_parameters")):
        layer.reset_parameters()
    head[1].p = dropout
    head.train()
    labels = {HEAD: learn.labels.numpy()}
    weights = sampling_weights(labels)
    prior = torch.tensor(log_priors(labels, weights)[HEAD], dtype=torch.float32)
    optimizer = torch.optim.AdamW(head.parameters(), RATE, weight_decay=decay)
    steps, drawn = EPOCHS * len(learn.labels) // BATCH, torch.from_numpy(weights)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.05)
    for _ in range(steps):
        chosen, view = torch.multinomial(drawn, BATCH, replacement=True), torch.randint(0, 2, (BATCH,))
        ids = torch.where(torch.rand(BATCH) < CATEGORY_DROPOUT, 0, learn.category_ids[chosen])
        logits = model.logits(HEAD, learn.features[chosen, view], ids) + prior
        optimizer.zero_grad()
        smoothed_cross_entropy(logits, learn.labels[chosen], SMOOTHING).backward()
        optimizer.step()
        schedule.step()
    head.eval()


@torch.inference_mode()
def _right(model: AttributeNet, judge: Known) -> float:
    """Return the share of right answers over all views, 0..1, with the natural prior in the logits."""
    labels = {HEAD: judge.labels.numpy()}
    prior = torch.tensor(log_priors(labels, np.ones(len(judge.labels)))[HEAD])
    views = [model.logits(HEAD, judge.features[:, view], judge.category_ids) for view in range(2)]
    told = (torch.stack(views).mean(dim=0) + prior).argmax(dim=1)
    return float((told == judge.labels).float().mean())


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("weights", type=Path, help="a best.pt that train.attributes wrote; it is written anew")
    parser.add_argument("--data", type=Path, required=True, help="the data set that it was trained on")
    parser.add_argument("--cache", default="", help="file of these crops: read where it exists, else written")
    args = parser.parse_args(argv)

    def work() -> None:
        before, after = refit(args.weights, args.data, args.cache)
        print(f"kinds right on the validation split: {before:.4f}, now {after:.4f}")

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
