"""Find the garments in photos, cut them out and put them into the wardrobe.

A line for each garment on stdout (JSON with --json: photo, type, score, colours, id, image), a message for each file
that cannot be used on stderr; the good ones are kept.  A photo that is in the wardrobe already, to the byte, is left
out, so that the same command goes on with a folder; a garment that looks like one that is there is told.
Exit code: 0 all done, 1 some files could not be used, 2 nothing done (no photo, no model, no room to write).
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store
from ewardrobe.core.arguments import fraction, positive

INTERRUPTED = "the garments told above are in the wardrobe; the same command goes on with the other photos"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``digitize``."""
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO|FOLDER", help="photos, or folders of photos")
    add_wardrobe(parser)
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    add_model_arguments(parser)
    parser.add_argument("--engine", choices=("here", "ray"), default="here", help="ray: many processes or machines")
    parser.add_argument(
        "--workers", type=positive, default=2, metavar="N", help="processes of --engine ray (default: 2)"
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a Ray cluster; default: Ray on this machine")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what every command that looks at photos takes: model, weights, score, refinement."""
    from ewardrobe.models import DEFAULT_MODEL, MODELS, SHOWN_SCORE

    parser.add_argument("--model", default=DEFAULT_MODEL, choices=sorted(MODELS), help=f"default: {DEFAULT_MODEL}")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights of your own training")
    text = "pass over garments of less confidence, 0..1; 0.5 is a good F1 of each category (default: %(default)s)"
    parser.add_argument("--min-score", type=fraction, default=SHOWN_SCORE, metavar="S", help=text)
    parser.add_argument("--no-refine", action="store_true", help="keep the model's outlines as they are")


def run(args: argparse.Namespace) -> int:
    """Digitize every photo; returns 0, or 1 when a file could not be used."""
    from tqdm import tqdm

    from ewardrobe.garments.digitize import DigitizeSettings, digitize_paths, find_photos
    from ewardrobe.garments.ray_engine import EngineError, digitize_with_ray
    from ewardrobe.garments.review import KnownGarments

    found = find_photos(args.photos)
    for remark in found.remarks:
        print(remark, file=sys.stderr)
    photos = found.photos
    if not photos:
        raise CommandError(f"no photo in {', '.join(map(str, args.photos))}")
    store, bad = open_store(args), 0
    known = KnownGarments(store)
    photos = _left(photos, known)
    if not photos:
        return 0
    settings = DigitizeSettings(args.model, args.weights, args.min_score, not args.no_refine)
    if args.engine == "ray":
        outcomes = digitize_with_ray(photos, settings, args.workers, args.ray_address)
    else:
        outcomes = digitize_paths(photos, settings)
    try:
        with tqdm(outcomes, total=len(photos), unit="photo", disable=None) as progress:
            for path, outcome in progress:
                bad += not _keep(path, outcome, store, known, args)
    except EngineError as error:
        raise CommandError(str(error)) from error
    return 1 if bad else 0


def _left(photos: list[Path], known) -> list[Path]:
    """Return the photos that are not in the wardrobe already, and say how many are."""
    left = [path for path in photos if not known.holds(path)]
    if again := len(photos) - len(left):
        were = "photo is" if again == 1 else "photos are"
        print(f"{again} {were} in the wardrobe already, to the byte, and left out", file=sys.stderr)
    return left


def _keep(path: Path, outcome, store, known, args: argparse.Namespace) -> bool:
    """Save what was found in one photo and tell of it; ``False`` when the file cannot be used."""
    from tqdm import tqdm

    from ewardrobe.core.images import ImageError
    from ewardrobe.garments.digitize import save_garments

    if isinstance(outcome, ImageError):
        tqdm.write(str(outcome), file=sys.stderr)
        return False
    if outcome.photo.key in known.photos:
        tqdm.write(f"{path}: in the wardrobe already, to the byte; left out", file=sys.stderr)
        return True
    if not outcome.garments:
        cure = "try more light, the whole garment in the picture, or a lower --min-score"
        tqdm.write(f"{path}: no garment found; {cure}", file=sys.stderr)
    item_ids = save_garments(store, outcome)
    twins = known.twins(outcome, item_ids)
    for garment, item_id in zip(outcome.garments, item_ids, strict=True):
        if twin := twins.get(item_id):
            tqdm.write(f"{path}: {garment.called} looks like {twin}, which was there; both are kept", file=sys.stderr)
        line = _json_line if args.json else _text_line
        tqdm.write(line(path, garment, item_id, store.image_path(item_id)), file=sys.stdout)
    sys.stdout.flush()  # a reader at the other end of a pipe sees each photo as it is done
    return True


def _text_line(photo: Path, garment, item_id: str, image: Path | None) -> str:
    from ewardrobe.garments.colours import joined

    name = str(photo).encode(errors="replace").decode()  # names of files need not be text
    shares = ", ".join(f"{colour.name} {colour.share:.0%}" for colour in joined(garment.colours))
    return f"{name}: {garment.name}, {garment.colour} ({shares}), score {garment.score:.2f} -> {image or item_id}"


def _json_line(photo: Path, garment, item_id: str, image: Path | None) -> str:
    colours = [asdict(colour) for colour in garment.colours]
    fields = {"photo": str(photo), "type": garment.name, "score": round(garment.score, 4), "colours": colours}
    return json.dumps(fields | {"id": item_id, "image": str(image) if image else None})
