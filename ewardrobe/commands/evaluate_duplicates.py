"""Measure how well garments that were photographed twice are recognised, on annotated photos.

``python -m ewardrobe evaluate-duplicates --data DIR --split validation`` prints the share of changed copies that are
recognised and the share of pairs of different garments that are taken for one.
"""

from __future__ import annotations

import argparse
import json

from ewardrobe.commands._shared import CommandError, add_data, add_json
from ewardrobe.core.arguments import positive, seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate-duplicates``."""
    add_data(parser)
    parser.add_argument("--limit", type=positive, metavar="N", help="only N photos, spread over the split")
    parser.add_argument("--seed", type=seed, default=0, help="of the changes made to the copies (default: 0)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from tqdm import tqdm

    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.duplicates import measure_duplicates
    from ewardrobe.evaluation.report import write_metrics

    dataset = DeepFashion2(args.data, args.split)
    total = min(args.limit or len(dataset), len(dataset))
    try:
        with tqdm(dataset.records(args.limit), total=total, unit="photo", disable=None) as progress:
            report = measure_duplicates(progress, args.seed) | {"split": args.split, "seed": args.seed}
    except ValueError as error:
        raise CommandError(str(error)) from error
    print(json.dumps(report))
    write_metrics(report, args.json)
    return 0
