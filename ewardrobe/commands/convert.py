"""Convert a data set in DeepFashion2's layout to COCO or YOLO; goes on where it was interrupted."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ewardrobe.commands._shared import CommandError
from ewardrobe.core.arguments import fraction, positive, seed

INTERRUPTED = "the parts that are done are kept; the same command goes on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``convert``."""
    parser.add_argument("--from", nargs=2, required=True, metavar=("FORMAT", "DIR"), dest="source", help="deepfashion2")
    parser.add_argument("--to", nargs=2, required=True, metavar=("FORMAT", "OUT"), help="coco or yolo; a new folder")
    parser.add_argument("--split", nargs="+", default=[], help="train, validation, … (default: those that are there)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--fraction", type=fraction, metavar="F", help="share of the photos of each split, 0 < F <= 1")
    size.add_argument("--max-images", type=positive, metavar="N", help="at most N photos of each split")
    parser.add_argument(
        "--balance", action="store_true", help="choose them so that the categories are as even as can be"
    )
    parser.add_argument("--seed", type=seed, default=0, metavar="S", help="another seed chooses others (default: 0)")
    parser.add_argument("--workers", type=positive, metavar="N", help="processes (default: the cores)")
    parser.add_argument("--images", choices=["link", "copy", "none"], help="default: link for yolo, none for coco")
    text = "of coco: polygons around the annotated pixels, polygons with the annotated numbers, or run lengths"
    parser.add_argument("--segmentation", choices=["outline", "polygon", "rle"], default="outline", help=text)


def run(args: argparse.Namespace) -> int:
    """Convert and print the counts; 1 when something had to be left out."""
    from ewardrobe.core.process import available_cores
    from ewardrobe.datasets.convert import PROBLEMS, Conversion, convert

    (source_format, source), (target_format, out) = args.source, args.to
    if source_format != "deepfashion2":
        raise CommandError(f"--from {source_format!r}: expected deepfashion2, as in --from deepfashion2 DIR")
    names = ("fraction", "max_images", "balance", "seed", "segmentation", "images")
    chosen = {name: getattr(args, name) for name in names}
    conversion = Conversion(Path(source), Path(out), target_format, splits=tuple(args.split), **chosen)
    report = convert(conversion, args.workers or available_cores(), progress=True)
    for split, counts in report["splits"].items():
        print(f"{split}: {counts['photos']} of {counts['annotations']} photos, {counts['garments']} garments")
        for kind, count in counts["faults"].items():
            print(f"  left out, {kind}: {count}")
    faulty = any(counts["faults"] for counts in report["splits"].values())
    if faulty:
        print(f"each fault is told in {conversion.out / PROBLEMS}", file=sys.stderr)
    return int(faulty)
