"""``benchmark live``: measure the live view: pace, age, calm, lag, fit, memory."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, cast

from ewardrobe.commands._shared import CommandError, add_json, provenance_of
from ewardrobe.core.arguments import above_zero, positive
from ewardrobe.models import LIVE_MODEL, NETWORKS

CLIP_SECONDS, PHOTO_CLIPS, FEW = 4.0, 3, 24
"""Length of a clip of known truth, photos that become clips, and garments on which models are compared."""

LOOP = 94
"""Frames of the clip: one swing of the pan at 30 frames a second, so that it goes round without a jump."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``benchmark live``."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--clip", type=Path, metavar="FILE", help="a video for the pace; calm needs a known truth")
    source.add_argument("--synthetic", action="store_true", help="a drawn person (the default)")
    source.add_argument("--data", type=Path, metavar="DIR", help="worn photos of a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of --data (default: %(default)s)")
    parser.add_argument("--photos", type=positive, default=40, metavar="N", help="photos judged for the fit (40)")
    parser.add_argument(
        "--model", default=LIVE_MODEL, choices=[*NETWORKS], help="model of the live view (default: %(default)s)"
    )
    text = "length of the run in real time (20; 600 shows whether memory stays flat)"
    parser.add_argument("--seconds", type=above_zero, default=20.0, metavar="S", help=text)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    _check(args)
    from ewardrobe.core.video import VideoError
    from ewardrobe.evaluation.report import write_metrics

    try:
        result = _measured(args)
    except VideoError as error:
        raise CommandError(str(error)) from error
    print(_report(result))
    write_metrics(result, args.json)
    return 0


def _check(args: argparse.Namespace) -> None:
    if args.seconds < 2:
        raise CommandError("--seconds from 2 are expected")
    if args.clip is not None and not args.clip.is_file():
        raise CommandError(f"--clip {args.clip}: no such file")
    if args.data is not None and not (args.data / args.split / "annos").is_dir():
        raise CommandError(f"--data {args.data}: no {args.split}/annos in it; give a folder in DeepFashion2's layout")


def _measured(args: argparse.Namespace) -> dict[str, Any]:
    from ewardrobe.evaluation.benchmarks import calm, fit, pace, ratio
    from ewardrobe.models import Parser, cache

    say = partial(print, file=sys.stderr, flush=True)
    models = {name: cache.segmenter(name) for name in NETWORKS}
    found = fit.rendered_cases(args.photos)
    if args.data is not None:
        found = fit.data_set_cases(args.data, args.split, args.photos)
    cases = [case for case in found if case.mask.mean() >= fit.MIN_SHARE]
    drawn = calm.rendered_subject(args.model)
    result = {"kind": "live", "model": args.model}
    say(f"pace, {args.seconds:.0f} s in real time")
    result |= pace.pace(args.model, fit.look_of(drawn.category_id), _clip(args, drawn.picture), args.seconds)
    subjects = [drawn, *(calm.photo_subjects(cases, PHOTO_CLIPS) if args.data else [])]
    result |= calm.calm(args.model, subjects, min(CLIP_SECONDS, args.seconds), say)
    say("against ultralytics")
    result |= ratio.ratio_to_ultralytics(drawn.picture, fit.garment_of(drawn.category_id))
    say("fit")
    parser = cast(Parser, models["unet"])
    result |= fit.fit_quality(cases, *fit.as_live(models[args.model], parser))
    result["speed_quality"] = fit.speed_quality(models, parser, cases[:FEW])
    return result | {"meta": _meta(args)}


def _clip(args: argparse.Namespace, picture):
    from ewardrobe.evaluation.benchmarks import clips

    if args.clip is not None:
        return clips.of_file(args.clip)
    loop = list(clips.moved(picture, "pan", LOOP))  # drawn beforehand: drawing is not what is measured
    return cycle(loop)


def _report(result: dict[str, Any]) -> str:
    """Return the figures beside their targets, and below them each kind of clip, as lines of text."""
    import pandas as pd

    from ewardrobe.evaluation.figures.live import clip_table, rows

    figures = pd.DataFrame(rows(result), columns=["figure", "measured", "target", "met"])
    how = {"na_rep": "–", "float_format": "{:.3g}".format, "index": False}
    return f"{figures.to_string(**how)}\n\n{clip_table(result).to_string(**how)}"


def _meta(args: argparse.Namespace) -> dict[str, Any]:
    from ewardrobe.core import process
    from ewardrobe.models.weights import read_manifest
    from ewardrobe.tryon.session import SIZES

    source = ("clip",) if args.clip else ("data", "split") if args.data else ("synthetic",)
    return {
        "data": f"{args.data.resolve().name}, {args.split}" if args.data else "synthetic",
        "clip": args.clip.name if args.clip else "synthetic",
        "size": SIZES["balanced"],
        "threads": process.cpu_threads(),
        "weights_sha256": {name: read_manifest()[name]["sha256"] for name in sorted(NETWORKS)},
        **provenance_of(args, "benchmark live", (*source, "photos", "model", "seconds")),
    }
