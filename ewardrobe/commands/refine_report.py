"""Measure what the mask refinement gains on annotated photos.

``python -m ewardrobe refine-report --data DIR --split validation --model unet`` prints mask and boundary IoU before and
after; without ``--model`` the masks of a model are simulated from the annotations.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError, add_data
from ewardrobe.core.arguments import fraction, positive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``refine-report``."""
    from ewardrobe.models import SHOWN_SCORE

    add_data(parser)
    parser.add_argument("--model", help="model whose masks are refined; default: simulated masks")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of your own training")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N photos")
    text = "pass over garments of less confidence, 0..1 (default: %(default)s)"
    parser.add_argument("--min-score", type=fraction, default=SHOWN_SCORE, metavar="S", help=text)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from tqdm import tqdm

    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.refinement import measure_refinement
    from ewardrobe.models import load_segmenter

    dataset = DeepFashion2(args.data, args.split)
    segmenter = load_segmenter(args.model, args.weights) if args.model else None
    total = min(args.limit or len(dataset), len(dataset))
    records = itertools.islice(dataset.records(), args.limit)
    with tqdm(records, total=total, unit="photo", disable=None) as progress:
        report = measure_refinement(progress, segmenter, min_score=args.min_score)
    if not report["photos"]:
        raise CommandError(f"{dataset.folder}: not one photo could be judged; the first fault: {dataset.first_fault}")
    print(json.dumps(report) if args.json else _table(report))
    return 0


def _table(report: dict[str, Any]) -> str:
    import pandas as pd

    views = ["all", "worn", "not_worn"]
    columns = ["garments", "iou_before", "iou_after", "boundary_before", "boundary_after"]
    header = ["garments", "mask IoU before", "after", "boundary IoU before", "after"]
    rows = pd.DataFrame([report[view] for view in views], views, columns)
    shown = rows.to_string(header=header, na_rep="-", float_format="{:.3f}".format)
    return f"{report['photos']} photos, {report['ms_per_garment']} ms a garment\n{shown}"
