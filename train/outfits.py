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
import shlex
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from ewardrobe.core import atomic
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation import provenance
from ewardrobe.evaluation.outfits import OutfitSet, evaluate, outfit_set, read_outfits, scorers
from ewardrobe.models import weights
from ewardrobe.outfits import compatibility
from ewardrobe.outfits.compatibility import FEATURES, SHARED, Compatibility
from ewardrobe.outfits.grammar import BODY_SLOTS
from train.cards import manifest

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


@dataclass(frozen=True, eq=False)
class Questions:
    """slots: (Q,) of the blank; candidates: (Q, C) places, the true one first; rest: (Q, 4, F) the sum of the vectors
    of the other garments by slot over their number; common: (Q, C, 7) the mean over them of what is in common.
    """

    slots: np.ndarray
    candidates: np.ndarray
    rest: np.ndarray
    common: np.ndarray


def questions(data: OutfitSet, settings: CompatibilityConfig) -> Questions:
    """Draw the questions of a training: a slot without others in it asks none."""
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
    return Questions(slots[[place for place, _, _ in rows]], np.array([c for _, c, _ in rows]), sums, common)


def fit(data: OutfitSet, settings: CompatibilityConfig) -> Compatibility:
    """Return the model that answers the questions of ``data`` best."""
    asked = questions(data, settings)
    vectors = torch.tensor(compatibility.piece_vectors(data.closet))
    tensors = [torch.tensor(part) for part in (asked.slots, asked.candidates, asked.rest, asked.common)]
    for_all = torch.zeros((FEATURES, FEATURES), dtype=torch.float64, requires_grad=True)
    by_slots = torch.zeros((SLOTS, SLOTS, FEATURES, FEATURES), dtype=torch.float64, requires_grad=True)
    shared = torch.zeros(len(SHARED), dtype=torch.float64, requires_grad=True)
    parameters = [for_all, by_slots, shared]
    optimiser = torch.optim.LBFGS(
        parameters, max_iter=settings.iterations, line_search_fn="strong_wolfe", tolerance_change=1e-7
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = _surprise(_forms(for_all, by_slots, settings.own), shared, vectors, *tensors)
        value = (
            value + settings.l2 * ((for_all**2).sum() + (by_slots**2).sum()) + settings.l2_shared * (shared**2).sum()
        )
        value.backward()
        return value

    optimiser.step(loss)
    forms = _forms(for_all, by_slots, settings.own).detach().numpy()
    return calibrated(Compatibility(forms, shared.detach().numpy(), 0.0, 1.0), data, settings.seed)


def _forms(for_all: torch.Tensor, by_slots: torch.Tensor, own: float) -> torch.Tensor:
    """Return (4, 4, F, F), symmetric under exchange of the two garments."""
    return (for_all + for_all.T) / 2 + own * (by_slots + by_slots.permute(1, 0, 3, 2)) / 2


def _surprise(forms, shared, vectors, slots, candidates, rest, common) -> torch.Tensor:
    """Return the mean negative logarithm of the true garment's probability."""
    total = torch.zeros((), dtype=torch.float64)
    for slot in range(SLOTS):
        rows = torch.nonzero(slots == slot)[:, 0]
        if len(rows):
            wanted = torch.einsum("jde,qje->qd", forms[slot], rest[rows])
            scores = torch.einsum("qcd,qd->qc", vectors[candidates[rows]], wanted) + common[rows] @ shared
            total = total - torch.log_softmax(scores, dim=1)[:, 0].sum()
    return total / len(slots)


def calibrated(model: Compatibility, data: OutfitSet, seed: int, draws: int = 4000) -> Compatibility:
    """Return the model with mean and spread of the scores of pairs thrown together from different outfits."""
    rng, slots = np.random.default_rng(seed), compatibility.body_slots(data.closet)
    pairs = [(a, b) for outfit in data.members for a in outfit for b in outfit if a < b]
    chosen = [pairs[i] for i in rng.integers(0, len(pairs), draws)]
    left, right = (np.array([rng.choice(np.flatnonzero(slots == slots[p[i]])) for p in chosen]) for i in (0, 1))
    scores = model.pair_scores(data.closet, left, right)
    return Compatibility(model.bilinear, model.shared, float(scores.mean()), float(scores.std()))


def cross_validate(
    data: OutfitSet, settings: CompatibilityConfig, folds: int = 5, seed: int = 0, draws: int = 5
) -> dict[str, dict]:
    """Return mean FITB and AUC over the folds for each method, trained on the other folds."""
    order = np.random.default_rng(seed).permutation(len(data.members))
    found: dict[str, list] = {}
    for fold in range(folds):
        test = order[fold::folds]
        model = fit(data.subset(np.setdiff1d(order, test)), settings)
        for row in evaluate(data.subset(test), scorers(model), draws, resamples=0):
            found.setdefault(row["method"], []).append((row["fitb"], row["auc"]))
    means = {name: np.mean(values, axis=0) for name, values in found.items()}
    errors = {name: np.std(values, axis=0, ddof=1) / np.sqrt(folds) for name, values in found.items()}
    return {n: {"fitb": m[0], "auc": m[1], "fitb_se": errors[n][0], "auc_se": errors[n][1]} for n, m in means.items()}


def ship(path: Path, source: Path, settings: CompatibilityConfig, command: str, folder: Path) -> None:
    """Copy the weights at ``path`` to ``folder`` and enter them in the manifest; ``source``: the outfits."""
    atomic.write_bytes(folder / f"{compatibility.NAME}.json", path.read_bytes())
    target = folder / f"{compatibility.NAME}.json"
    entry = {
        "task": "outfits",
        "file": target.name,
        "sha256": weights.sha256_of(target),
        "bytes": target.stat().st_size,
        "licence": manifest.LICENCE,
        "data": f"{source.parent.name} {source.name}",
        "data_sha256": weights.sha256_of(source),
        "command": command,
        "commit": provenance.commit() or "unknown",
        "date": datetime.now(UTC).date().isoformat(),
        "images": len(read_outfits(source).members),
        "config": asdict(settings),
    }
    manifest.enter(compatibility.NAME, entry, folder)


def without(data: OutfitSet, fields: list[str]) -> OutfitSet:
    """Return the outfits with these fields of every garment unknown; "colour" stands for the palette too."""
    gone = {*fields, *(["colours"] if "colour" in fields else [])}
    items = [{name: value for name, value in item.items() if name not in gone} for item in data.closet.items]
    return outfit_set([[items[place] for place in outfit] for outfit in data.members])


def main(argv: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="real outfits, see docs/outfits.md")
    parser.add_argument("--out", type=Path, default=Path("runs/outfits"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--cross-validate", action="store_true", help="measure on five folds, write nothing")
    parser.add_argument(
        "--without", nargs="+", default=[], choices=list(FIELDS), help="leave fields out, to see what they are worth"
    )
    parser.add_argument("--ship", action="store_true", help="also make it the model of weights/")
    for name, value in asdict(CompatibilityConfig()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help="default: %(default)s")
    args = parser.parse_args(argv)
    settings = CompatibilityConfig(**{name: getattr(args, name) for name in asdict(CompatibilityConfig())})
    torch.set_num_threads(1)
    try:
        data = without(read_outfits(args.data), args.without)
        if args.cross_validate:
            print_folds(cross_validate(data, settings))
            return 0
        path = args.out / f"{compatibility.NAME}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, (compatibility.to_json(fit(data, settings)) + "\n").encode())
        if args.ship:
            ship(path, args.data.resolve(), settings, _command(args), weights.weights_dir())
    except (DatasetError, weights.WeightsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {path.stat().st_size:,} bytes, trained on {len(data.members)} outfits")
    return 0


def print_folds(found: dict[str, dict]) -> None:
    """Print what each method reached on the held-out folds, with the standard errors over them."""
    for name, row in found.items():
        print(f"{name:12} FITB {row['fitb']:.3f} ± {row['fitb_se']:.3f}   AUC {row['auc']:.3f} ± {row['auc_se']:.3f}")


def _command(args: argparse.Namespace) -> str:
    """Return the command with the data cut to its name: what is published names no folder of this machine."""
    defaults = asdict(CompatibilityConfig())
    words = ["python", "-m", "train.outfits", "--data", f"{args.data.resolve().parent.name}/{args.data.name}"]
    for name, default in defaults.items():
        words += [f"--{name.replace('_', '-')}", str(getattr(args, name))] if getattr(args, name) != default else []
    words += ["--without", *args.without] if args.without else []
    return shlex.join([*words, "--ship"])


if __name__ == "__main__":
    sys.exit(main())
