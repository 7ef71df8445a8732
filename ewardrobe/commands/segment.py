"""Show what a model sees in a photo: overlay, cut-outs and masks as files.

Writes into DIR, named after the photo: NAME.overlay.png, NAME.1.short-sleeve-top.png, … and NAME.json with box, area,
score, colours and mask of every garment (masks as COCO's compressed run lengths).  Where another photo of that name
has been looked at, NAME gets a number.  The wardrobe stays as it is.
"""

from __future__ import annotations

import argparse
import itertools
import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError
from ewardrobe.commands.digitize import add_model_arguments

INTERRUPTED = "files that are in the folder are whole; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``segment``."""
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="the photo to look at")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if it is not there")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the files and print their names."""
    from ewardrobe.core.atomic import write_bytes
    from ewardrobe.garments.digitize import digitize_photo
    from ewardrobe.models import load_segmenter

    segmenter = load_segmenter(args.model, args.weights)
    result = digitize_photo(args.photo, segmenter, args.min_score, refine=not args.no_refine)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        for name, content in _files(result, args.photo, _free_name(args.out, result.photo)).items():
            write_bytes(args.out / name, content)
            print(args.out / name)
    except OSError as error:
        raise CommandError(f"{args.out}: cannot be written ({error.strerror}); choose another") from error
    return 0


def _free_name(out: Path, photo) -> str:
    """Return how the files of ``photo`` begin: its name, with a number where another photo of that name has been."""
    stem = Path(photo.name).stem
    names = (stem if number == 1 else f"{stem}-{number}" for number in itertools.count(1))
    return next(name for name in names if _may_write(out / f"{name}.json", photo))


def _may_write(path: Path, photo) -> bool:
    """Tell whether ``path`` is free, or holds what was seen in the very same photo before."""
    try:
        before = json.loads(path.read_bytes())
        return before["sha256"] == sha256(photo.data).hexdigest()
    except FileNotFoundError:
        return True
    except (ValueError, KeyError, TypeError):
        return False


def _files(result, photo: Path, stem: str) -> dict[str, bytes]:
    import numpy as np

    from ewardrobe.core.detections import Detections
    from ewardrobe.core.drawing import draw_detections
    from ewardrobe.core.images import png_bytes

    garments = result.garments
    height, width = result.image.shape[:2]
    masks = np.array([garment.mask for garment in garments]).reshape(-1, height, width)
    shown = Detections.from_masks(masks, [g.category_id for g in garments], [g.score for g in garments])
    files = {f"{stem}.overlay.png": png_bytes(draw_detections(result.image, shown))}
    entries = []
    for number, garment in enumerate(garments, 1):
        name = f"{stem}.{number}.{garment.name.replace(' ', '-')}.png"
        files[name] = png_bytes(garment.cutout)
        entries.append(_entry(garment) | {"cutout": name})
    head = {
        "photo": str(photo),
        "sha256": sha256(result.photo.data).hexdigest(),
        "width": width,
        "height": height,
        "model": result.model,
    }
    timed = {"milliseconds": result.milliseconds, "detections": entries}
    return files | {f"{stem}.json": json.dumps(head | timed, indent=1).encode()}


def _entry(garment) -> dict[str, Any]:
    """Return a garment as in COCO's results: category, score, ``bbox`` (x, y, width, height), area, run lengths."""
    from ewardrobe.core.masks import mask_to_rle

    x0, y0, x1, y1 = garment.box
    return {
        "category_id": garment.category_id,
        "category_name": garment.name,
        "score": round(garment.score, 4),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "area": int(garment.mask.sum()),
        "segmentation": mask_to_rle(garment.mask),
        "colour": garment.colour,
        "colours": [asdict(colour) for colour in garment.colours],
    }
