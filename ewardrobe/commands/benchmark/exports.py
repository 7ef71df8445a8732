"""``benchmark exports``: every form of a model's networks side by side: size, time, mask AP, outputs' difference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError, check_json
from ewardrobe.core import process


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``benchmark exports``."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of --data (default: %(default)s)")
    parser.add_argument("--model", action="append", metavar="NAME", help="only this model; may be repeated")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N photos, spread over the split")
    parser.add_argument("--int8", type=Path, metavar="DIR", help="of train.quantize (what is shipped, else runs/int8)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of one inference (default: the cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.threads:
        process.use_threads(args.threads)
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.benchmarks import exports
    from ewardrobe.evaluation.figures.exports import text
    from ewardrobe.evaluation.report import write_metrics

    rows = []
    for model in _models(args):
        dataset = DeepFashion2(args.data, args.split)
        rows += exports.measure(model, dataset, int8=args.int8, limit=args.limit, progress=True)
    result = {"kind": "exports", "rows": rows, "meta": _meta(args, rows)}
    print(text(result))
    write_metrics(result, args.json)
    return 0


def _models(args: argparse.Namespace) -> list[str]:
    """Return the models to measure; ``CommandError`` for arguments that cannot be."""
    from ewardrobe.models import MODELS
    from ewardrobe.models.weights import read_manifest

    if unknown := [name for name in args.model or [] if name not in MODELS]:
        raise CommandError(f"--model {unknown[0]}: expected one of {', '.join(MODELS)}")
    if any(number is not None and number < 1 for number in (args.limit, args.threads)):
        raise CommandError("--limit and --threads: expected a number from 1")
    check_json(args.json)
    return [name for name in read_manifest() if name in MODELS and (not args.model or name in args.model)]


def _meta(args: argparse.Namespace, rows: list[dict[str, Any]]) -> dict[str, Any]:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models.inference import processor_flags

    run = provenance.describe_run()
    told = ("data", "split", "model", "limit", "threads")
    run["versions"] |= {name: provenance.version_of(name) for name in ("nncf", "onnxruntime")}
    return {
        "data": f"{args.data.resolve().name}, {args.split}",
        "photos": max((row.get("photos", 0) for row in rows), default=0),
        "threads": process.cpu_threads(),
        "processor_flags": sorted(f for f in processor_flags() if f.startswith(("amx", "avx512_bf16", "avx512_vnni"))),
        "command": provenance.command_line("ewardrobe benchmark exports", args, told),
        **run,
    }
