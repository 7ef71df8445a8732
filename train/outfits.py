"""Train the compatibility of garments on real outfits, and ship it.

    python -m train.outfits --data wardrobe13/outfits_train.json                   # writes runs/outfits/outfits.json
    python -m train.outfits --data wardrobe13/outfits_train.json --cross-validate  # only measures the settings
    python -m train.outfits --data wardrobe13/outfits_train.json --ship            # makes it the app's model

Runs on one CPU thread in less than a minute.  Each garment of each outfit is a question: the softmax over the scores of
it and of garments of the same slot drawn from other outfits is to be highest at the true one (conditional logit).  With
L2 the loss is convex: L-BFGS finds the one answer, and the seed decides nothing but the negatives.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from ewardrobe.core import atomic
from ewardrobe.evaluation import held_out, provenance
from ewardrobe.evaluation.outfits import OutfitSet, evaluate, outfit_set, photos_of_outfits, read_outfits, scorers
from ewardrobe.models.weights import sha256_of, weights_dir
from ewardrobe.outfits import compatibility
from ewardrobe.outfits.compatibility import FEATURES, SHARED, Compatibility
from ewardrobe.outfits.grammar import BODY_SLOTS
from train.cards import manifest
from train.loop.config import exit_code, flag, make_parser
from train.loop.engine import minimise

SLOTS = len(BODY_SLOTS)
FIELDS = ("colour", "pattern", "material", "style")


@dataclass(frozen=True)
class CompatibilityConfig:
    """l2: of the bilinear forms; l2_shared: of what pairs have in common; own: 0..1, how freely each pair of slots may
    differ from all others; negatives: for each question; rounds: questions for each garment, with other negatives.
    """

    l2: float = 4e-3
    l2_shared: float = 1e-3
    own: float = 0.5
    negatives: int = 10
    rounds: int = 2
    iterations: int = 150
    seed: int = 0


def _questions(data: OutfitSet, settings: CompatibilityConfig) -> tuple[torch.Tensor, ...]:
    """Draw the questions of a training: a slot without others in it asks none.

    slots: (Q,) int64 of the blank; candidates: (Q, C) int64 places, the true one first; rest: (Q, 4, F) float64, the
    sum of the vectors of the other garments by slot over their number; common: (Q, C, 7) float64, the mean over them
    of what is in common.
    """
    rng = np.random.default_rng(settings.seed)
    vectors, slots = compatibility.piece_vectors(data.closet), compatibility.body_slots(data.closet)
    rows = []
    for outfit in data.members:
        for place in outfit:
            rest, others = [p for p in outfit if p != place], data.others(place)
            for _ in range(settings.rounds if len(others) else 0):
                drawn = rng.choice(others, settings.negatives, replace=len(others) < settings.negatives)
                rows.append((place, np.array([place, *drawn]), rest))
    sums = np.zeros((len(rows), SLOTS, FEATURES))
    common = np.zeros((len(rows), settings.negatives + 1, len(SHARED)))
    for row, (_, chosen, rest) in enumerate(rows):
        for other in rest:
            sums[row, slots[other]] += vectors[other] / len(rest)
            common[row] += compatibility.common_features(data.closet, chosen, np.full(len(chosen), other)) / len(rest)
    blanks, candidates = slots[[place for place, _, _ in rows]], np.array([chosen for _, chosen, _ in rows])
    return tuple(torch.tensor(part) for part in (blanks, candidates, sums, common))


def fit(data: OutfitSet, settings: CompatibilityConfig) -> Compatibility:
    """Return the model that answers the questions of ``data`` best."""
    questions = _questions(data, settings)
    vectors = torch.tensor(compatibility.piece_vectors(data.closet))
    for_all = torch.zeros((FEATURES, FEATURES), dtype=torch.float64, requires_grad=True)
    by_slots = torch.zeros((SLOTS, SLOTS, FEATURES, FEATURES), dtype=torch.float64, requires_grad=True)
    shared = torch.zeros(len(SHARED), dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        value = _surprise(_forms(for_all, by_slots, settings.own), shared, vectors, questions)
        value = value + settings.l2 * ((for_all**2).sum() + (by_slots**2).sum())
        return value + settings.l2_shared * (shared**2).sum()

    minimise(loss, [for_all, by_slots, shared], settings.iterations, tolerance=1e-7)
    forms = _forms(for_all, by_slots, settings.own).detach().numpy()
    return _calibrated(Compatibility(forms, shared.detach().numpy(), 0.0, 1.0), data, settings.seed)


def _forms(for_all: torch.Tensor, by_slots: torch.Tensor, own: float) -> torch.Tensor:
    """Return (4, 4, F, F), symmetric under exchange of the two garments."""
    return (for_all + for_all.T) / 2 + own * (by_slots + by_slots.permute(1, 0, 3, 2)) / 2


def _surprise(
    forms: torch.Tensor, shared: torch.Tensor, vectors: torch.Tensor, questions: tuple[torch.Tensor, ...]
) -> torch.Tensor:
    """Return the mean negative logarithm of the true garment's probability."""
    slots, candidates, rest, common = questions
    total = torch.zeros((), dtype=torch.float64)
    for slot in range(SLOTS):
        rows = torch.nonzero(slots == slot)[:, 0]
        if len(rows):
            wanted = torch.einsum("jde,qje->qd", forms[slot], rest[rows])
            scores = torch.einsum("qcd,qd->qc", vectors[candidates[rows]], wanted) + common[rows] @ shared
            total = total - torch.log_softmax(scores, dim=1)[:, 0].sum()
    return total / len(slots)


def _calibrated(model: Compatibility, data: OutfitSet, seed: int, draws: int = 4000) -> Compatibility:
    """Return the model with mean and spread of the scores of pairs thrown together from different outfits."""
    rng, slots = np.random.default_rng(seed), compatibility.body_slots(data.closet)
    pairs = [(a, b) for outfit in data.members for a in outfit for b in outfit if a < b]
    chosen = [pairs[i] for i in rng.integers(0, len(pairs), draws)]
    left, right = (np.array([rng.choice(np.flatnonzero(slots == slots[p[i]])) for p in chosen]) for i in (0, 1))
    scores = model.pair_scores(data.closet, left, right)
    return Compatibility(model.bilinear, model.shared, float(scores.mean()), float(scores.std()))


def cross_validate(data: OutfitSet, settings: CompatibilityConfig, folds: int = 5, draws: int = 5) -> pd.DataFrame:
    """Return FITB and AUC of each method, trained on the other folds: their means over the folds and standard errors.

    Columns: ``fitb``, ``fitb_se``, ``auc``, ``auc_se``; a row a method, in their order.
    """
    order = np.random.default_rng(0).permutation(len(data.members))
    rows: list[dict[str, Any]] = []
    for fold in range(folds):
        test = order[fold::folds]
        model = fit(data.subset(np.setdiff1d(order, test).tolist()), settings)
        rows += evaluate(data.subset(test.tolist()), scorers(model), draws, resamples=0)
    found = pd.DataFrame(rows).groupby("method", sort=False)[["fitb", "auc"]].agg(["mean", "sem"])
    found.columns = ["fitb", "fitb_se", "auc", "auc_se"]
    return found


def _ship(path: Path, args: argparse.Namespace, settings: CompatibilityConfig, outfits: int) -> None:
    """Copy the weights at ``path`` to the shipped ones and enter them in the manifest."""
    folder, source = weights_dir(), args.data.resolve()
    target = folder / f"{compatibility.NAME}.json"
    atomic.write_bytes(target, path.read_bytes())
    told = [f.name for f in fields(settings) if getattr(settings, f.name) != f.default]
    without = " ".join(["--without", *args.without] if args.without else [])
    program = f"train.outfits --data {source.parent.name}/{source.name} {without} --ship"
    worn_in = photos_of_outfits(source)
    used = manifest.photos(held_out.TRAINING, source.parent, source.name, folder, worn_in) if worn_in else None
    entry = manifest.new_entry(
        target,
        f"{source.parent.name} {source.name}",
        provenance.command_line(program, settings, told),
        task="outfits",
        data_sha256=sha256_of(source),
        images=outfits,
        config=asdict(settings),
        **({held_out.PHOTOS: [used]} if used else {}),
    )
    manifest.enter(compatibility.NAME, entry, folder)


def without(data: OutfitSet, fields: list[str]) -> OutfitSet:
    """Return the outfits with these fields of every garment unknown; "colour" stands for the palette too."""
    gone = {*fields, *(["colours"] if "colour" in fields else [])}
    items = [{name: value for name, value in item.items() if name not in gone} for item in data.closet.items]
    return outfit_set([[items[place] for place in outfit] for outfit in data.members])


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="real outfits, see docs/outfits.md")
    parser.add_argument("--out", type=Path, default=Path("runs/outfits"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--cross-validate", action="store_true", help="measure on five folds, write nothing")
    parser.add_argument(
        "--without", nargs="+", default=[], choices=list(FIELDS), help="leave fields out, to see what they are worth"
    )
    parser.add_argument("--ship", action="store_true", help="also make it the model of weights/")
    settings = fields(CompatibilityConfig)
    for each in settings:
        parser.add_argument(flag(each.name), type=type(each.default), default=each.default, help="default: %(default)s")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    config = CompatibilityConfig(**{each.name: getattr(args, each.name) for each in settings})
    return exit_code(lambda: _run(args, config))


def _run(args: argparse.Namespace, settings: CompatibilityConfig) -> None:
    data = without(read_outfits(args.data), args.without)
    if args.cross_validate:
        for name, row in cross_validate(data, settings).iterrows():
            fitb, auc = (f"{row[key]:.3f} ± {row[f'{key}_se']:.3f}" for key in ("fitb", "auc"))
            print(f"{name:12} FITB {fitb}   AUC {auc}")
        return
    path = args.out / f"{compatibility.NAME}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, (compatibility.to_json(fit(data, settings)) + "\n").encode())
    if args.ship:
        _ship(path, args, settings, len(data.members))
    print(f"{path}: {path.stat().st_size:,} bytes, trained on {len(data.members)} outfits")


if __name__ == "__main__":
    sys.exit(main())
