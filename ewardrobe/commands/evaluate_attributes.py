"""Measure colours, pattern, material, style, sleeves and kinds on judged garments, by the code that the app runs.

The kinds come from kinds_SPLIT.csv, where it lies beside the data; they are told category by category, too.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import add_claim, add_json, claimed, provenance_of
from ewardrobe.core.arguments import count
from ewardrobe.core.attributes import HEADS, NAME


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate-attributes``."""
    parser.add_argument("--data", type=Path, required=True, help="data set with attributes_SPLIT.csv beside it")
    parser.add_argument("--split", default="validation", help="of the data (default: %(default)s)")
    add_claim(parser)
    add_json(parser)
    parser.add_argument("--resamples", type=count, default=300, help="of the bootstrap (default: 300, 0: none)")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the figures, write the JSON; 1 when the network's weights are missing (colours only)."""
    from tqdm import tqdm

    from ewardrobe.datasets.attributes import read_judged
    from ewardrobe.evaluation.attributes import answers, evaluate_attributes
    from ewardrobe.evaluation.held_out import photos_named
    from ewardrobe.evaluation.report import write_metrics
    from ewardrobe.garments import attributes

    missing = attributes.problem()
    judged = {one.image for one in read_judged(args.data, args.split)}
    names = photos_named(args.data / args.split / "image", judged)
    photos = claimed(args, names, None if missing else NAME, args.split)
    if missing:
        print(missing, file=sys.stderr)
    found = answers(args.data, args.split, partial(tqdm, unit="garment", disable=None))
    metrics = evaluate_attributes(found, args.resamples)
    metrics["meta"] = photos | _provenance(args, found, bool(missing))
    print(_figures(metrics))
    write_metrics(metrics, args.json)
    return 1 if missing else 0


def _figures(metrics: dict[str, Any]) -> str:
    """Return a line for colour and a table of the heads, with targets and majority class."""
    import pandas as pd

    colour, targets = metrics["colour"], metrics["targets"]
    lines = []
    if colour:
        lines.append(
            f"colour    {colour['garments']} garments: top-1 {colour['top1']:.3f} (target {targets['colour_top1']}), "
            f"top-2 {colour['top2']:.3f} (target {targets['colour_top2']}); black/navy confused "
            f"{colour['black_navy_confused']:.3f}, taken as one top-1 {colour['top1_black_navy_as_one']:.3f}"
        )
    if heads := {name: metrics[name] | {"target": targets.get(f"{name}_macro_f1")} for name in HEADS if metrics[name]}:
        columns = ["garments", "accuracy", "majority", "majority_accuracy", "macro_f1", "target", "ece"]
        table = pd.DataFrame(list(heads.values()), list(heads), [*columns, "asserted", "asserted_right"])
        lines.append(table.to_string(float_format="{:.3f}".format, na_rep="–"))
    lines += [f"{name:<9} not told" for name in HEADS if name not in heads]
    if kinds := metrics["kind"]:
        lines.append(
            f"kind, by category; over all one of three guesses is right for {kinds['top3']:.3f}, always naming the "
            f"category's commonest for {kinds['commonest_accuracy']:.3f}; target of the accuracy "
            f"{targets['kind_accuracy']}"
        )
        lines.append(pd.DataFrame(kinds["per_category"]).to_string(index=False, float_format="{:.3f}".format))
    return "\n".join(lines)


def _provenance(args: argparse.Namespace, found: list, missing: bool) -> dict[str, Any]:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models import weights

    tables = [args.data / f"{name}_{args.split}.csv" for name in ("attributes", "kinds")]
    return {
        "weights_sha256": None if missing else weights.verified_path(NAME)[1]["sha256"],
        "data": args.data.resolve().name,
        "split": args.split,
        "data_sha256": provenance.data_hash([table for table in tables if table.is_file()]),
        "images": len({answer.image for answer in found}),
        "garments": len(found),
        **provenance_of(args, "evaluate-attributes", ("data", "split", "resamples")),
    }
