"""Measure what the mask refinement gains on annotated photos.

``python -m ewardrobe refine-report --data DIR --split validation --model unet`` prints mask and boundary IoU before and
after; without ``--model`` the masks of a model are simulated from the annotations.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path


def add_parser(subparsers) -> None:
    """Add the arguments of ``refine-report``."""
    from ewardrobe.models import SHOWN_SCORE

    parser = subparsers.add_parser("refine-report", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of the data (default: %(default)s)")
    parser.add_argument("--model", help="model whose masks are refined; default: simulated masks")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of your own training")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photos")
    parser.add_argument(
        "--min-score",
        type=float,
        default=SHOWN_SCORE,
        metavar="S",
        help="pass over garments of less confidence, 0..1 (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure and print; returns 0."""
    from tqdm import tqdm

    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.refinement import measure_refinement
    from ewardrobe.models import load_segmenter

    dataset = DeepFashion2(args.data, args.split)
    segmenter = load_segmenter(args.model, args.weights) if args.model else None
    total = min(args.limit or len(dataset), len(dataset))
    records = itertools.islice(dataset.records(), args.limit)
    with tqdm(records, total=total, unit="photo", file=sys.stderr, disable=None) as progress:
        report = measure_refinement(progress, segmenter, min_score=args.min_score)
    print(json.dumps(report) if args.json else table(report))
    return 0


def table(report: dict) -> str:
    """Return the report as lines of text."""
    lines = [f"{report['photos']} photos, {report['ms_per_garment']} ms a garment"]
    lines.append(f"{'':10}{'garments':>9}{'mask IoU before':>17}{'after':>8}{'boundary IoU before':>21}{'after':>8}")
    for view in ("all", "worn", "not_worn"):
        row = report[view]
        values = [row[name] for name in ("iou_before", "iou_after", "boundary_before", "boundary_after")]
        cells = ["-" if value is None else f"{value:.3f}" for value in values]
        lines.append(f"{view:10}{row['garments']:>9}{cells[0]:>17}{cells[1]:>8}{cells[2]:>21}{cells[3]:>8}")
    return "\n".join(lines)
