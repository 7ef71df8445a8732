"""Find the garments in photos, cut them out and put them into the wardrobe.

A line for each garment on stdout (JSON with --json: photo, type, score, colours, id, image), a message for each file
that cannot be used on stderr; the good ones are kept.
Exit code: 0 all done, 1 some files could not be used, 2 nothing done (no photo, no model, no room to write).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ewardrobe.commands import _wardrobe


def add_parser(subparsers) -> None:
    """Add the arguments of ``digitize``."""
    parser = subparsers.add_parser("digitize", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER", help="photos, or folders of photos")
    _wardrobe.add_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    add_model_arguments(parser)
    add_engine_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command that looks at photos takes: model, weights, score, refinement."""
    from ewardrobe.models import DEFAULT_MODEL, MODELS, SHOWN_SCORE

    parser.add_argument("--model", default=DEFAULT_MODEL, choices=sorted(MODELS), help=f"default: {DEFAULT_MODEL}")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of your own training")
    text = "pass over garments of less confidence, 0..1; 0.5 is the best F1 of each category (default: %(default)s)"
    parser.add_argument("--min-score", type=score, default=SHOWN_SCORE, metavar="S", help=text)
    parser.add_argument("--no-refine", action="store_true", help="keep the model's outlines as they are")


def score(text: str) -> float:
    """Return ``text`` as a score in 0..1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no score: expected 0..1, such as 0.5")
    return value


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the work is done: in this process, or by Ray."""
    parser.add_argument("--engine", choices=("here", "ray"), default="here", help="ray: many processes or machines")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of --engine ray (default: 2)")
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a Ray cluster; default: Ray on this machine")


def run(args: argparse.Namespace) -> int:
    """Digitize every photo; returns 0, 1 when a file could not be used, 2 when there was no photo or no engine."""
    from tqdm import tqdm

    from ewardrobe.garments.digitize import find_photos
    from ewardrobe.garments.ray_engine import EngineError

    photos = find_photos(args.photos)
    if not photos:
        print(f"ewardrobe digitize: no photo in {', '.join(map(str, args.photos))}", file=sys.stderr)
        return 2
    store, bad = _wardrobe.open_store(args), 0
    try:
        with tqdm(outcomes(photos, args), total=len(photos), unit="photo", file=sys.stderr, disable=None) as progress:
            for path, outcome in progress:
                bad += not _keep(path, outcome, store, args)
    except EngineError as error:
        print(f"ewardrobe digitize: {error}", file=sys.stderr)
        return 2
    return 1 if bad else 0


def outcomes(photos: list[Path], args: argparse.Namespace):
    """Return an iterator of (path, result or fault) by the engine that was asked for."""
    from ewardrobe.garments.digitize import DigitizeSettings, digitize_paths
    from ewardrobe.garments.ray_engine import digitize_with_ray

    settings = DigitizeSettings(args.model, args.weights, args.min_score, not args.no_refine)
    if args.engine == "ray":
        return digitize_with_ray(photos, settings, max(1, args.workers), args.ray_address)
    return digitize_paths(photos, settings)


def _keep(path: Path, outcome, store, args: argparse.Namespace) -> bool:
    """Save what was found in one photo and tell of it; ``False`` when the file cannot be used."""
    from tqdm import tqdm

    from ewardrobe.core.images import ImageError
    from ewardrobe.garments.digitize import save_garments

    if isinstance(outcome, ImageError):
        tqdm.write(str(outcome), file=sys.stderr)
        return False
    if not outcome.garments:
        cure = "try more light, the whole garment in the picture, or a lower --min-score"
        tqdm.write(f"{path}: no garment found; {cure}", file=sys.stderr)
    for garment, item_id in zip(outcome.garments, save_garments(store, outcome), strict=True):
        line = json_line if args.json else text_line
        tqdm.write(line(path, garment, item_id, store.image_path(item_id)), file=sys.stdout)
    sys.stdout.flush()  # a reader at the other end of a pipe sees each photo as it is done
    return True


def text_line(photo: Path, garment, item_id: str, image: Path | None) -> str:
    """Return one garment as a line to read."""
    name = str(photo).encode(errors="replace").decode()  # names of files need not be text
    shares = ", ".join(f"{colour.name} {colour.share:.0%}" for colour in garment.colours)
    return f"{name}: {garment.name}, {garment.colour} ({shares}), score {garment.score:.2f} -> {image or item_id}"


def json_line(photo: Path, garment, item_id: str, image: Path | None) -> str:
    """Return one garment as a JSON object on one line."""
    from dataclasses import asdict

    colours = [asdict(colour) for colour in garment.colours]
    fields = {"photo": str(photo), "type": garment.name, "score": round(garment.score, 4), "colours": colours}
    return json.dumps(fields | {"id": item_id, "image": str(image) if image else None})
