"""Median and 95th percentile of ms a photo, first call, peak memory: every model, every runtime."""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError, add_json, provenance_of
from ewardrobe.core import process
from ewardrobe.core.arguments import positive
from ewardrobe.models import MODELS, RUNTIMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``benchmark models``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="DIR", help="photos of a data set in DeepFashion2's layout")
    source.add_argument("--synthetic", action="store_true", help="drawn photos (the default)")
    parser.add_argument("--split", default="validation", help="subfolder of --data (default: %(default)s)")
    parser.add_argument("--model", action="append", choices=[*MODELS], help="only this model; may be repeated")
    parser.add_argument("--runtime", action="append", choices=RUNTIMES, help="only this runtime; may be repeated")
    parser.add_argument("--size", type=positive, default=1280, metavar="PX", help="long side of a photo (1280)")
    parser.add_argument("--photos", type=positive, default=10, metavar="N", help="photos a round (10)")
    parser.add_argument("--rounds", type=positive, default=5, metavar="N", help="rounds over the photos (5)")
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of one inference (default: the cores)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print; 1 when a model could not be measured."""
    from ewardrobe.evaluation.benchmarks import models
    from ewardrobe.evaluation.report import format_benchmark, write_metrics
    from ewardrobe.models.weights import read_manifest

    named = [name for name in read_manifest() if name in (args.model or MODELS)]
    if not named:
        raise CommandError("no weights of such a model are shipped")
    cases = product(named, args.runtime or RUNTIMES)
    args.threads = args.threads or process.cpu_threads()
    photos = models.data_set_photos(args.data, args.split, args.photos) if args.data else models.synthetic_photos()
    with tempfile.TemporaryDirectory() as folder:
        count = models.write_photos(photos, Path(folder), args.photos, args.size)
        if not count:
            raise CommandError(f"no readable photo in {args.data / args.split}")
        say = partial(print, file=sys.stderr, flush=True)
        rows = models.benchmark_models(cases, Path(folder), args.threads, args.rounds, say)
    result = {"kind": "models", "models": rows, "meta": _meta(args, count)}
    print(format_benchmark(result))
    write_metrics(result, args.json)
    return 1 if any("error" in row for row in rows) else 0


def _meta(args: argparse.Namespace, photos: int) -> dict[str, Any]:
    source = ("data", "split") if args.data else ("synthetic",)
    told = (*source, "model", "runtime", "size", "photos", "rounds", "threads")
    return {
        "data": f"{args.data.resolve().name}, {args.split}" if args.data else "synthetic",
        "photo_px": args.size,
        "photos": photos,
        "rounds": args.rounds,
        "threads": args.threads,
        **provenance_of(args, "benchmark models", told),
    }
