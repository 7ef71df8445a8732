"""Measure the outfit recommender on real outfits: fill in the blank and compatibility AUC, method by method."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path


def add_parser(subparsers) -> None:
    """Add ``evaluate-outfits`` and its arguments."""
    parser = subparsers.add_parser("evaluate-outfits", help=__doc__, description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="JSON of real outfits (docs/outfits.md)"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="your own weights instead of the shipped ones")
    parser.add_argument("--draws", type=_positive, default=20, help="questions for each garment (default: %(default)s)")
    parser.add_argument("--resamples", type=_positive, default=1000, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the questions and the bootstrap (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table and what it can tell apart, write the JSON."""
    from ewardrobe.evaluation.outfits import evaluate, read_outfits, scorers
    from ewardrobe.outfits import compatibility

    if args.json is not None and (args.json.is_dir() or not os.access(_nearest_folder(args.json), os.W_OK)):
        print(f"ewardrobe evaluate-outfits: --json {args.json} cannot be written: give a file", file=sys.stderr)
        return 2
    data, model = read_outfits(args.data), compatibility.load(args.weights)
    rows = evaluate(data, scorers(model, args.seed), args.draws, args.resamples, args.seed)
    print(table(rows, len(data.members)))
    if args.json is not None:
        from ewardrobe.evaluation.report import write_metrics

        write_metrics({"rows": rows, "meta": _meta(args, data)}, args.json)
    return 0


def table(rows: list[dict], outfits: int) -> str:
    """Return the rows as text, and below them which of them this set can tell apart."""
    from ewardrobe.evaluation.outfits import verdicts

    lines = [f"{outfits} outfits; 95 % intervals by bootstrap over outfits", ""]
    lines.append(f"{'':12}{'FITB':>7}{'':4}{'interval':14}{'AUC':>6}{'':4}interval")
    for row in rows:
        cells = [f"{row['method']:12}", f"{row['fitb']:7.3f}    {_interval(row['fitb_ci']):14}"]
        lines.append("".join([*cells, f"{row['auc']:6.3f}    {_interval(row['auc_ci'])}"]))
    return "\n".join([*lines, "", *verdicts(rows)])


def _interval(bounds: list[float]) -> str:
    return f"{bounds[0]:.3f}…{bounds[1]:.3f}"


def _meta(args: argparse.Namespace, data) -> dict:
    from ewardrobe.evaluation import provenance
    from ewardrobe.evaluation.outfits import CHOICES, slot_counts
    from ewardrobe.models import weights
    from ewardrobe.outfits import compatibility

    path = args.weights or weights.verified_path(compatibility.NAME)[0]
    return {
        "weights_sha256": weights.sha256_of(path),
        "data": f"{args.data.resolve().parent.name}/{args.data.name}",
        "data_sha256": weights.sha256_of(args.data),
        "outfits": len(data.members),
        "garments": slot_counts(data),
        "choices": CHOICES,
        "command": _command(args),
        **provenance.describe_run(),
    }


def _command(args: argparse.Namespace) -> str:
    """Return the command with folders cut to their names: metrics are published, paths are nobody's business."""
    words = ["python", "-m", "ewardrobe", "evaluate-outfits", "--data"]
    words += [f"{args.data.resolve().parent.name}/{args.data.name}"]
    words += ["--weights", args.weights.name] if args.weights else []
    return shlex.join(
        [*words, "--draws", str(args.draws), "--resamples", str(args.resamples), "--seed", str(args.seed)]
    )


def _nearest_folder(path: Path) -> Path:
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return value
