"""``benchmark exports``: every form of a model's networks side by side: size, time, mask AP, outputs' difference."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import add_data, add_json, provenance_of
from ewardrobe.core import process
from ewardrobe.core.arguments import positive
from ewardrobe.models import NETWORKS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``benchmark exports``."""
    add_data(parser)
    parser.add_argument("--model", action="append", choices=[*NETWORKS], help="only this model; may be repeated")
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N photos, spread over the split")
    parser.add_argument("--int8", type=Path, metavar="DIR", help="of train.quantize (what is shipped, else runs/int8)")
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of one inference (default: the cores)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.threads:
        process.use_threads(args.threads)
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.models.weights import needing_pytorch, read_manifest

    with needing_pytorch():
        from ewardrobe.evaluation.benchmarks import exports
    from ewardrobe.evaluation.figures.exports import text
    from ewardrobe.evaluation.report import write_metrics

    rows = []
    for model in (name for name in read_manifest() if name in (args.model or NETWORKS)):
        dataset = DeepFashion2(args.data, args.split)
        rows += exports.measure(model, dataset, int8=args.int8, limit=args.limit, progress=True)
    result = {"kind": "exports", "rows": rows, "meta": _meta(args, rows)}
    print(text(result))
    write_metrics(result, args.json)
    return 0


def _meta(args: argparse.Namespace, rows: list[dict[str, Any]]) -> dict[str, Any]:
    from ewardrobe.evaluation import provenance
    from ewardrobe.models.inference import processor_flags

    run = provenance_of(args, "benchmark exports", ("data", "split", "model", "limit", "threads"))
    run["versions"] |= {name: provenance.version_of(name) for name in ("nncf", "onnxruntime")}
    return {
        "data": f"{args.data.resolve().name}, {args.split}",
        "photos": max((row.get("photos", 0) for row in rows), default=0),
        "threads": process.cpu_threads(),
        "processor_flags": sorted(f for f in processor_flags() if f.startswith(("amx", "avx512_bf16", "avx512_vnni"))),
        **run,
    }
