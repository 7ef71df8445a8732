"""``benchmark exports``: every form of a model's networks side by side: size, time, mask AP, outputs' difference."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ewardrobe.core import process


def add_exports(what) -> None:
    """Add ``benchmark exports``."""
    parser = what.add_parser("exports", help=__doc__, description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of --data (default: %(default)s)")
    parser.add_argument("--model", action="append", metavar="NAME", help="only this model; may be repeated")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N photos, spread over the split")
    parser.add_argument("--int8", type=Path, metavar="DIR", help="of train.quantize (what is shipped, else runs/int8)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of one inference (default: the cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.set_defaults(measure=_exports)


def _exports(args: argparse.Namespace) -> int:
    if args.threads:
        process.use_threads(args.threads)
    from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
    from ewardrobe.evaluation.benchmarks import exports
    from ewardrobe.evaluation.figures.exports import text
    from ewardrobe.evaluation.report import write_metrics
    from ewardrobe.models.weights import WeightsError

    try:
        if problem := _problem(args):
            raise DatasetError(problem)
        rows = []
        for model in _models(args):
            dataset = DeepFashion2(args.data, args.split)
            rows += exports.measure(model, dataset, int8=args.int8, limit=args.limit, progress=True)
    except (DatasetError, WeightsError) as error:
        print(f"ewardrobe benchmark exports: {error}", file=sys.stderr)
        return 2
    result = {"kind": "exports", "rows": rows, "meta": _meta(args, rows)}
    print(text(result))
    if args.json is not None:
        write_metrics(result, args.json)
    return 0


def _models(args: argparse.Namespace) -> list[str]:
    from ewardrobe.models import MODELS
    from ewardrobe.models.weights import read_manifest

    return [name for name in read_manifest() if name in MODELS and (not args.model or name in args.model)]


def _problem(args: argparse.Namespace) -> str | None:
    from ewardrobe.models import MODELS

    if unknown := [name for name in args.model or [] if name not in MODELS]:
        return f"--model {unknown[0]}: expected one of {', '.join(MODELS)}"
    if any(number is not None and number < 1 for number in (args.limit, args.threads)):
        return "--limit and --threads: expected a number from 1"
    if args.json is not None and (args.json.is_dir() or not args.json.absolute().parent.is_dir()):
        return f"--json {args.json}: give a file in a folder that exists"
    return None


def _meta(args: argparse.Namespace, rows: list[dict]) -> dict:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models.inference import processor_flags

    words = ["--data", args.data.resolve().name, "--split", args.split]
    words += [word for name in args.model or [] for word in ("--model", name)]
    words += ["--limit", str(args.limit)] if args.limit else []
    run = provenance.describe_run()
    run["versions"] |= {name: provenance.version_of(name) for name in ("nncf", "onnxruntime")}
    return {
        "data": f"{args.data.resolve().name}, {args.split}",
        "photos": max((row.get("photos", 0) for row in rows), default=0),
        "threads": process.cpu_threads(),
        "processor_flags": sorted(f for f in processor_flags() if f.startswith(("amx", "avx512_bf16", "avx512_vnni"))),
        "command": " ".join(["python -m ewardrobe benchmark exports", *words]),
        **run,
    }
