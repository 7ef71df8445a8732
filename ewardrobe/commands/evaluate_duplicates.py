"""Measure how well garments that were photographed twice are recognised, on annotated photos.

``python -m ewardrobe evaluate-duplicates --data DIR --split validation`` prints the share of changed copies that are
recognised and the share of pairs of different garments that are taken for one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def add_parser(subparsers) -> None:
    """Add the arguments of ``evaluate-duplicates``."""
    parser = subparsers.add_parser(
        "evaluate-duplicates", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of the data (default: %(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="only N photos, spread over the split")
    parser.add_argument("--seed", type=int, default=0, help="of the changes made to the copies (default: 0)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def run(args: argparse.Namespace) -> int:
    """Measure and print; returns 0, or 2 when there are too few garments."""
    from tqdm import tqdm

    from ewardrobe.core import atomic
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.duplicates import measure_duplicates

    dataset = DeepFashion2(args.data, args.split)
    records = dataset.records(args.limit)
    try:
        with tqdm(records, total=min(args.limit or len(dataset), len(dataset)), unit="photo", disable=None) as progress:
            report = measure_duplicates(progress, args.seed) | {"split": args.split, "seed": args.seed}
    except ValueError as error:
        print(f"ewardrobe evaluate-duplicates: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report))
    if args.json:
        atomic.write_bytes(args.json, (json.dumps(report, indent=2) + "\n").encode())
    return 0
