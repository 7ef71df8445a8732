"""Show what a model sees in a photo: overlay, cut-outs and masks as files.

Writes into DIR, named after the photo: NAME.overlay.png, NAME.1.short-sleeve-top.png, … and NAME.json with box, area,
score, colours and mask of every garment (masks as COCO's compressed run lengths).  The wardrobe stays as it is.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ewardrobe.commands._shared import CommandError
from ewardrobe.commands.digitize import add_model_arguments


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
        for name, content in _files(result, args.photo).items():
            write_bytes(args.out / name, content)
            print(args.out / name)
    except OSError as error:
        raise CommandError(f"{args.out}: cannot be written ({error.strerror}); choose another") from error
    return 0


def _files(result, photo: Path) -> dict[str, bytes]:
    import numpy as np

    from ewardrobe.core.detections import Detections
    from ewardrobe.core.drawing import draw_detections
    from ewardrobe.core.images import png_bytes

    garments = result.garments
    height, width = result.image.shape[:2]
    masks = np.array([garment.mask for garment in garments]).reshape(-1, height, width)
    shown = Detections.from_masks(masks, [g.category_id for g in garments], [g.score for g in garments])
    files = {f"{photo.stem}.overlay.png": png_bytes(draw_detections(result.image, shown))}
    entries = []
    for number, garment in enumerate(garments, 1):
        name = f"{photo.stem}.{number}.{garment.name.replace(' ', '-')}.png"
        files[name] = png_bytes(garment.cutout)
        entries.append(_entry(garment) | {"cutout": name})
    head = {"photo": str(photo), "width": width, "height": height, "model": result.model}
    timed = {"milliseconds": result.milliseconds, "detections": entries}
    return files | {f"{photo.stem}.json": json.dumps(head | timed, indent=1).encode()}


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
