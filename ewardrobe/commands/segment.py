"""Show what a model sees in a photo: overlay, cut-outs and masks as files.

Writes into DIR, named after the photo: NAME.overlay.png, NAME.1.short-sleeve-top.png, … and NAME.json with box, area,
score, colours and mask of every garment (masks as COCO's compressed run lengths).  The wardrobe stays as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from ewardrobe.commands.digitize import add_model_arguments


def add_parser(subparsers) -> None:
    """Add the arguments of ``segment``."""
    parser = subparsers.add_parser("segment", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="the photo to look at")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="made if it is not there")
    add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the files and print their names; returns 0, or 2 when ``--out`` cannot be written."""
    from ewardrobe.garments.digitize import digitize_photo
    from ewardrobe.models import load_segmenter

    segmenter = load_segmenter(args.model, args.weights)
    result = digitize_photo(args.photo, segmenter, args.min_score, refine=not args.no_refine)
    try:
        _write(args.out, output_files(result, args.photo))
    except OSError as error:
        print(f"ewardrobe segment: {args.out}: cannot be written ({error.strerror}); choose another", file=sys.stderr)
        return 2
    return 0


def output_files(result, photo: Path) -> dict[str, bytes]:
    """Return the files to write: ``{name: content}``."""
    import numpy as np

    from ewardrobe.core.detections import Detections
    from ewardrobe.core.drawing import draw_detections
    from ewardrobe.core.images import png_bytes

    garments = result.garments
    masks = np.array([garment.mask for garment in garments]).reshape(-1, *result.image.shape[:2])
    shown = Detections.from_masks(masks, [g.category_id for g in garments], [g.score for g in garments])
    files = {f"{photo.stem}.overlay.png": png_bytes(draw_detections(result.image, shown))}
    entries = []
    for number, garment in enumerate(garments, 1):
        name = f"{photo.stem}.{number}.{garment.name.replace(' ', '-')}.png"
        files[name] = png_bytes(garment.cutout)
        entries.append(garment_entry(garment) | {"cutout": name})
    height, width = result.image.shape[:2]
    head = {"photo": str(photo), "width": width, "height": height, "model": result.model}
    timed = {"milliseconds": result.milliseconds, "detections": entries}
    return files | {f"{photo.stem}.json": json.dumps(head | timed, indent=1).encode()}


def garment_entry(garment) -> dict:
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


def _write(folder: Path, files: dict[str, bytes]) -> None:
    from ewardrobe.core.atomic import write_bytes

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_bytes(folder / name, content)
        print(folder / name)
