"""Measure the outfit recommender on real outfits: fill in the blank and compatibility AUC, method by method."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import add_claim, add_json, claimed, provenance_of
from ewardrobe.core.arguments import positive, seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate-outfits``."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="JSON of real outfits (docs/outfits.md)"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="your own weights instead of the shipped ones")
    parser.add_argument("--draws", type=positive, default=20, help="questions for each garment (default: %(default)s)")
    parser.add_argument("--resamples", type=positive, default=1000, help="of the bootstrap (default: %(default)s)")
    parser.add_argument(
        "--seed", type=seed, default=0, help="of the questions and the bootstrap (default: %(default)s)"
    )
    add_claim(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table and what it can tell apart, write the JSON."""
    from ewardrobe.evaluation.outfits import evaluate, photos_of_outfits, read_outfits, scorers
    from ewardrobe.evaluation.report import write_metrics
    from ewardrobe.outfits import compatibility

    data, model = read_outfits(args.data), compatibility.load(args.weights)
    model_name, split = None if args.weights else compatibility.NAME, args.data.stem.rpartition("_")[2]
    photos = claimed(args, photos_of_outfits(args.data), model_name, split)
    rows = evaluate(data, scorers(model, args.seed), args.draws, args.resamples, args.seed)
    print(_table(rows, len(data.members)))
    if args.json is not None:
        write_metrics({"rows": rows, "meta": photos | _meta(args, data)}, args.json)
    return 0


def _table(rows: list[dict[str, Any]], outfits: int) -> str:
    """Return the rows as text, and below them which of them this set can tell apart."""
    import pandas as pd

    from ewardrobe.evaluation.outfits import verdicts

    shown = pd.DataFrame(
        {
            "FITB": [f"{row['fitb']:.3f}" for row in rows],
            "FITB 95 %": ["{:.3f}…{:.3f}".format(*row["fitb_ci"]) for row in rows],
            "AUC": [f"{row['auc']:.3f}" for row in rows],
            "AUC 95 %": ["{:.3f}…{:.3f}".format(*row["auc_ci"]) for row in rows],
        },
        index=[row["method"] for row in rows],
    )
    head = f"{outfits} outfits; 95 % intervals by bootstrap over outfits"
    return "\n".join([head, "", shown.to_string(), "", *verdicts(rows)])


def _meta(args: argparse.Namespace, data) -> dict[str, Any]:
    from ewardrobe.evaluation.outfits import CHOICES, slot_counts
    from ewardrobe.models import weights
    from ewardrobe.outfits import compatibility

    source = f"{args.data.resolve().parent.name}/{args.data.name}"
    return {
        "weights_sha256": weights.sha256_of(args.weights or weights.verified_path(compatibility.NAME)[0]),
        "data": source,
        "data_sha256": weights.sha256_of(args.data),
        "outfits": len(data.members),
        "garments": slot_counts(data),
        "choices": CHOICES,
        **provenance_of(args, f"evaluate-outfits --data {source}", ("weights", "draws", "resamples", "seed")),
    }
