"""Measure colours, pattern, material, style and sleeves on judged garments, by the code that the app runs."""

from __future__ import annotations

import argparse
import shlex
import sys
from functools import partial
from pathlib import Path

from ewardrobe.commands.evaluate import usable_json


def add_parser(subparsers) -> None:
    """Add ``evaluate-attributes`` and its arguments."""
    parser = subparsers.add_parser("evaluate-attributes", help=__doc__, description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data set with attributes_SPLIT.csv beside it")
    parser.add_argument("--split", default="validation", help="of the data (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the metrics here", metavar="FILE")
    parser.add_argument("--resamples", type=int, default=300, help="of the bootstrap (default: 300, 0: none)")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the figures, write the JSON; 1 when the network's weights are missing (colours only)."""
    from tqdm import tqdm

    from ewardrobe.evaluation import attributes, report
    from ewardrobe.garments import attributes as gather

    if problem := usable_json(args.json):
        print(f"ewardrobe evaluate-attributes: {problem}", file=sys.stderr)
        return 2
    if missing := gather.problem():
        print(missing, file=sys.stderr)
    found = attributes.answers(args.data, args.split, partial(tqdm, unit="garment", file=sys.stderr, disable=None))
    metrics = attributes.evaluate_attributes(found, max(0, args.resamples))
    metrics["meta"] = _provenance(args, found, bool(missing))
    print(format_figures(metrics))
    if args.json is not None:
        report.write_metrics(metrics, args.json)
    return 1 if missing else 0


def format_figures(metrics: dict) -> str:
    """Return the figures as text: a line for colour, a line for each head, with targets and majority class."""
    colour, targets = metrics["colour"], metrics["targets"]
    lines = []
    if colour:
        lines.append(
            f"colour    {colour['garments']} garments: top-1 {colour['top1']:.3f} (target {targets['colour_top1']}), "
            f"top-2 {colour['top2']:.3f} (target {targets['colour_top2']}); black/navy confused "
            f"{colour['black_navy_confused']:.3f}, taken as one top-1 {colour['top1_black_navy_as_one']:.3f}"
        )
    for name in ("pattern", "material", "style", "sleeve"):
        lines.append(_head_line(name, metrics[name], targets.get(f"{name}_macro_f1")))
    return "\n".join(lines)


def _head_line(name: str, figures: dict | None, target: float | None) -> str:
    if figures is None:
        return f"{name:<9} not told"
    asked = f"{figures['asserted']:.0%} asserted"
    asked += f", of these right {figures['asserted_right']:.3f}" if figures["asserted_right"] is not None else ""
    return (
        f"{name:<9} {figures['garments']} garments: accuracy {figures['accuracy']:.3f} (always {figures['majority']}: "
        f"{figures['majority_accuracy']:.3f}), macro-F1 {figures['macro_f1']:.3f}"
        f"{f' (target {target})' if target else ''}, ECE {figures['ece']:.3f}; {asked}"
    )


def _provenance(args: argparse.Namespace, found: list, missing: bool) -> dict:
    from ewardrobe.core.attributes import NAME
    from ewardrobe.evaluation import provenance
    from ewardrobe.models import weights

    words = ["python", "-m", "ewardrobe", "evaluate-attributes", "--data", args.data.resolve().name]
    words += ["--split", args.split, "--resamples", str(args.resamples)]
    return {
        "weights_sha256": None if missing else weights.verified_path(NAME)[1]["sha256"],
        "data": args.data.resolve().name,
        "split": args.split,
        "data_sha256": provenance.data_hash([args.data / f"attributes_{args.split}.csv"]),
        "images": len({answer.image for answer in found}),
        "garments": len(found),
        "command": shlex.join(words),
        **provenance.describe_run(),
    }
