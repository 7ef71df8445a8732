"""Measure speed and memory: models side by side, each in a process of its own; their exports; the live view."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from ewardrobe.commands.benchmark import exports, live


def add_parser(subparsers) -> None:
    """Add ``benchmark`` and what can be measured."""
    parser = subparsers.add_parser("benchmark", help=__doc__, description=__doc__)
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    _add_models(what)
    exports.add_exports(what)
    live.add_live(what)


def run(args: argparse.Namespace) -> int:
    """Measure what was asked for; 1 when a model could not be measured."""
    return args.measure(args)


def _add_models(what) -> None:
    text = "Median and 95th percentile of ms a photo, first call, peak memory: every model, every runtime."
    parser = what.add_parser("models", help=text, description=text)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, metavar="DIR", help="photos of a data set in DeepFashion2's layout")
    source.add_argument("--synthetic", action="store_true", help="drawn photos (the default)")
    parser.add_argument("--split", default="validation", help="subfolder of --data (default: %(default)s)")
    parser.add_argument("--model", action="append", metavar="NAME", help="only this model; may be repeated")
    parser.add_argument("--runtime", action="append", metavar="NAME", help="only openvino or torch")
    parser.add_argument("--size", type=_positive, default=1280, metavar="PX", help="long side of a photo (1280)")
    parser.add_argument("--photos", type=_positive, default=10, metavar="N", help="photos a round (10)")
    parser.add_argument("--rounds", type=_positive, default=5, metavar="N", help="rounds over the photos (5)")
    parser.add_argument("--threads", type=_positive, metavar="N", help="threads of one inference (default: the cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.set_defaults(measure=_models)


def _models(args: argparse.Namespace) -> int:
    from ewardrobe.core import process as runtime
    from ewardrobe.evaluation.benchmarks import models as benchmark
    from ewardrobe.evaluation.report import format_benchmark, write_metrics

    cases, problem = _cases(args)
    if problem:
        print(f"ewardrobe benchmark: {problem}", file=sys.stderr)
        return 2
    threads = args.threads or runtime.cpu_threads()
    with tempfile.TemporaryDirectory() as folder:
        photos = benchmark.write_photos(_photos(args), Path(folder), args.photos, args.size)
        if not photos:
            print(f"ewardrobe benchmark: no readable photo in {args.data / args.split}", file=sys.stderr)
            return 2
        rows = benchmark.benchmark_models(cases, Path(folder), threads, args.rounds, _progress)
    result = {"kind": "models", "models": rows, "meta": _meta(args, threads, photos)}
    print(format_benchmark(result))
    if args.json is not None:
        write_metrics(result, args.json)
    return 1 if any("error" in row for row in rows) else 0


def _cases(args: argparse.Namespace) -> tuple[list, str | None]:
    """Return the cases to measure, or what is wrong with the arguments."""
    from ewardrobe.evaluation.benchmarks.models import SpeedCase
    from ewardrobe.models import MODELS
    from ewardrobe.models.inference import RUNTIMES
    from ewardrobe.models.weights import read_manifest

    shipped = [name for name in read_manifest() if name in MODELS]
    for option, chosen, known in (("--model", args.model, shipped), ("--runtime", args.runtime, list(RUNTIMES))):
        if unknown := [name for name in chosen or [] if name not in known]:
            return [], f"{option} {unknown[0]}: expected one of {', '.join(known) or 'none, no weights are shipped'}"
    if args.json is not None and (args.json.is_dir() or not args.json.absolute().parent.is_dir()):
        return [], f"--json {args.json}: give a file in a folder that exists"
    models = [name for name in shipped if not args.model or name in args.model]
    runtimes = [name for name in RUNTIMES if not args.runtime or name in args.runtime]
    return [SpeedCase(model, runtime) for model in models for runtime in runtimes], None


def _photos(args: argparse.Namespace):
    from ewardrobe.evaluation.benchmarks import models as benchmark

    if args.data is not None:
        return benchmark.data_set_photos(args.data, args.split, args.photos)
    return benchmark.synthetic_photos()


def _meta(args: argparse.Namespace, threads: int, photos: int) -> dict:
    from ewardrobe.evaluation import provenance

    source = f"{args.data.resolve().name}, {args.split}" if args.data else "synthetic"
    words = ["--data", args.data.resolve().name, "--split", args.split] if args.data else ["--synthetic"]
    words += [word for name in args.model or [] for word in ("--model", name)]
    words += [word for name in args.runtime or [] for word in ("--runtime", name)]
    words += ["--size", args.size, "--photos", args.photos, "--rounds", args.rounds, "--threads", threads]
    return {
        "data": source,
        "photo_px": args.size,
        "photos": photos,
        "rounds": args.rounds,
        "threads": threads,
        "command": " ".join(["python -m ewardrobe benchmark models", *map(str, words)]),
        **provenance.describe_run(),
    }


def _progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text}")
    return value
