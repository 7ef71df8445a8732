"""Measure a model on annotated photos: COCO AP, garment and boundary IoU, by category and condition, speed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError, add_claim, add_data, add_json, claimed, provenance_of
from ewardrobe.core import process
from ewardrobe.core.arguments import count, fraction, positive

TOLD = (
    *("data", "split", "model", "weights", "limit", "threads", "threshold", "min_score", "resamples"),
    *("refine", "webcam", "no_parsing", "strict"),
)
"""Flags that the figures keep."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``evaluate``."""
    from ewardrobe.models import MODELS, SHOWN_SCORE

    add_data(parser)
    add_claim(parser)
    parser.add_argument("--model", default="unet", choices=sorted(MODELS), help="default: %(default)s")
    parser.add_argument("--weights", type=Path, help="your own weights instead of the shipped ones")
    parser.add_argument("--limit", type=positive, help="at most N photos, spread over the split", metavar="N")
    add_json(parser)
    parser.add_argument("--threads", type=positive, help="threads of one inference (default: the cores)", metavar="N")
    parser.add_argument(
        "--threshold", type=fraction, default=SHOWN_SCORE, help=f"confidence; the app shows from {SHOWN_SCORE}"
    )
    parser.add_argument("--min-score", type=fraction, default=0.01, help="lowest confidence in AP (default: 0.01)")
    parser.add_argument("--refine", action="store_true", help="also judge the garments after their refinement")
    parser.add_argument("--webcam", action="store_true", help="also judge webcam views of the worn photos")
    parser.add_argument("--no-parsing", action="store_true", help="leave out the parsing maps")
    parser.add_argument("--resamples", type=count, default=300, help="of the bootstrap (default: 300, 0: none)")
    parser.add_argument("--strict", action="store_true", help="stop at the first faulty annotation")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the JSON; 1 when photos had to be skipped."""
    if args.threads:
        process.use_threads(args.threads)
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation import report
    from ewardrobe.evaluation.evaluator import Options, evaluate, evaluate_views
    from ewardrobe.evaluation.held_out import photos_of_split
    from ewardrobe.models import load_segmenter

    on_error = "raise" if args.strict else "skip"
    dataset = DeepFashion2(args.data, args.split, on_error, accessories=True, negatives=True)
    min_score, resamples = min(args.min_score, args.threshold), args.resamples
    options = Options(args.threshold, min_score, args.refine, not args.no_parsing, resamples)
    photos = claimed(args, photos_of_split(args.data, args.split), None if args.weights else args.model, args.split)
    segmenter = load_segmenter(args.model, args.weights)
    metrics = evaluate(segmenter, dataset, options, limit=args.limit, progress=True)
    if not metrics["meta"]["looked_at"]:
        first = next(iter(metrics["meta"]["skipped"]), dataset.first_fault)
        raise CommandError(f"{dataset.folder}: not one photo could be judged; the first fault: {first}")
    if args.webcam:
        metrics["webcam"] = evaluate_views(segmenter, dataset, options, progress=True)
    metrics["meta"] |= photos | _provenance(args, dataset)
    print(report.format_report(metrics))
    report.write_metrics(metrics, args.json)
    return 0 if metrics["meta"]["looked_at"] == min(len(dataset), args.limit or len(dataset)) else 1


def _provenance(args: argparse.Namespace, dataset) -> dict[str, Any]:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models import weights

    sha256 = weights.sha256_of(args.weights) if args.weights else weights.verified_path(args.model)[1]["sha256"]
    return {
        "weights_sha256": sha256,
        "data": args.data.resolve().name,
        "split": args.split,
        "data_sha256": provenance.data_hash(dataset.annotations),
        "limit": args.limit,
        **provenance_of(args, "evaluate", TOLD),
    }
