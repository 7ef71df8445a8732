"""Measure a model on annotated photos: COCO AP, garment and boundary IoU, by category and condition, speed."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from ewardrobe.core import process


def add_parser(subparsers) -> None:
    """Add ``evaluate`` and its arguments."""
    from ewardrobe.models import SHOWN_SCORE

    parser = subparsers.add_parser("evaluate", help=__doc__, description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of the data (default: %(default)s)")
    parser.add_argument("--model", default="unet", help="unet, yolo, … (default: %(default)s)")
    parser.add_argument("--weights", type=Path, help="your own weights instead of the shipped ones")
    parser.add_argument("--limit", type=_positive, help="at most N photos, spread over the split", metavar="N")
    parser.add_argument("--json", type=Path, help="write the metrics here", metavar="FILE")
    parser.add_argument("--threads", type=_positive, help="threads of one inference (default: the cores)", metavar="N")
    parser.add_argument(
        "--threshold", type=_fraction, default=SHOWN_SCORE, help=f"confidence; the app shows from {SHOWN_SCORE}"
    )
    parser.add_argument("--min-score", type=_fraction, default=0.01, help="lowest confidence in AP (default: 0.01)")
    parser.add_argument("--refine", action="store_true", help="also judge the garments after their refinement")
    parser.add_argument("--webcam", action="store_true", help="also judge webcam views of the worn photos")
    parser.add_argument("--no-parsing", action="store_true", help="leave out the parsing maps")
    parser.add_argument("--resamples", type=int, default=300, help="of the bootstrap (default: 300, 0: none)")
    parser.add_argument("--strict", action="store_true", help="stop at the first faulty annotation")


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, write the JSON; 1 when photos had to be skipped."""
    if args.threads:
        process.use_threads(args.threads)
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation import report
    from ewardrobe.evaluation.evaluator import Options, evaluate, evaluate_views
    from ewardrobe.models import load_segmenter

    if problem := _usage_problem(args):
        print(f"ewardrobe evaluate: {problem}", file=sys.stderr)
        return 2
    dataset = DeepFashion2(args.data, args.split, on_error="raise" if args.strict else "skip")
    options = Options(
        threshold=args.threshold,
        min_score=min(args.min_score, args.threshold),
        refine=args.refine,
        parsing=not args.no_parsing,
        resamples=max(0, args.resamples),
    )
    segmenter = load_segmenter(args.model, args.weights)
    metrics = evaluate(segmenter, dataset, options, limit=args.limit, progress=True)
    if args.webcam:
        metrics["webcam"] = evaluate_views(segmenter, dataset, options, progress=True)
    metrics["meta"] |= _provenance(args, dataset)
    print(report.format_report(metrics))
    if args.json is not None:
        report.write_metrics(metrics, args.json)
    return 0 if metrics["meta"]["images"] == min(len(dataset), args.limit or len(dataset)) else 1


def _usage_problem(args: argparse.Namespace) -> str | None:
    """Tell what would only fail after the work is done, or with a traceback."""
    from ewardrobe.models import MODELS

    if args.model not in MODELS:
        return f"unknown model {args.model!r}: known are {', '.join(sorted(MODELS))}"
    return usable_json(args.json)


def usable_json(path: Path | None) -> str | None:
    """Tell why nothing can be written to ``path``; ``None`` if it can be, or nothing is to be."""
    if path is not None and path.is_dir():
        return f"--json {path} is a folder: give a file"
    if path is not None and not os.access(_nearest_folder(path), os.W_OK):
        return f"--json {path} cannot be written: give another place or allow writing there"
    return None


def _nearest_folder(path: Path) -> Path:
    """Return the innermost folder of ``path`` that exists; the missing ones below it will be made."""
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def _provenance(args: argparse.Namespace, dataset) -> dict:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models import weights

    sha256 = weights.sha256_of(args.weights) if args.weights else weights.verified_path(args.model)[1]["sha256"]
    return {
        "weights_sha256": sha256,
        "data": args.data.resolve().name,
        "split": args.split,
        "data_sha256": provenance.data_hash(dataset.annotations),
        "limit": args.limit,
        "command": _command(args),
        **provenance.describe_run(),
    }


def _command(args: argparse.Namespace) -> str:
    """Return the command with folders cut to their names: metrics are published, paths are nobody's business."""
    words = ["python", "-m", "ewardrobe", "evaluate", "--data", args.data.resolve().name, "--split", args.split]
    words += ["--model", args.model]
    words += ["--weights", args.weights.name] if args.weights else []
    for name in ("limit", "threads", "threshold", "min_score", "resamples"):
        value = getattr(args, name)
        words += [f"--{name.replace('_', '-')}", str(value)] if value is not None else []
    words += (
        ["--refine"] * args.refine
        + ["--webcam"] * args.webcam
        + ["--no-parsing"] * args.no_parsing
        + ["--strict"] * args.strict
    )
    return shlex.join(words)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return value


def _fraction(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text}")
    return value
