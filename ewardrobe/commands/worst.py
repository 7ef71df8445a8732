"""Show the photos on which a model is worst: what it said beside what is true, on one sheet.

Writes one PNG (left the truth, right the model's answer) and prints a line for every photo and the faults of all
photos by kind: misnamed (right place, wrong category), missed, invented, rough (mask IoU below 0.75).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ewardrobe.commands._shared import CommandError, add_data
from ewardrobe.core.arguments import fraction, positive

CELL, CAPTION, COLUMNS = 320, 16, 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``worst``."""
    from ewardrobe.models import MODELS, SHOWN_SCORE

    add_data(parser)
    parser.add_argument("--model", default="unet", choices=sorted(MODELS), help="default: %(default)s")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="your own weights instead of the shipped ones")
    parser.add_argument("--threshold", type=fraction, default=SHOWN_SCORE, help=f"the app shows from {SHOWN_SCORE}")
    parser.add_argument("--count", type=positive, default=20, metavar="N", help="photos on the sheet (20)")
    parser.add_argument("--sheet", type=Path, required=True, metavar="FILE.png", help="the picture to write")


def run(args: argparse.Namespace) -> int:
    """Print what is wrong and write the sheet."""
    import numpy as np
    from tqdm import tqdm

    from ewardrobe.core.atomic import write_bytes
    from ewardrobe.core.images import png_bytes
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.errors import photo_errors, worst
    from ewardrobe.models import load_segmenter

    data = DeepFashion2(args.data, args.split)
    segmenter = load_segmenter(args.model, args.weights)
    records = tqdm(data.records(), total=len(data), unit="photo", disable=None)
    photos, kinds = worst(photo_errors(segmenter, records, args.threshold), args.count)
    if not photos:
        raise CommandError(f"{data.folder}: not one photo could be judged; the first fault: {data.first_fault}")
    for photo in photos:
        faults = ", ".join(f"{count} {kind}" for kind, count in photo.kinds.items())
        print(f"{photo.record.image_path.name}  quality {photo.quality:.2f}  {faults}")
    print("all photos: " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    cells = [_cell(photo) for photo in photos]
    cells += [np.full_like(cells[0], 255)] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[i : i + COLUMNS]) for i in range(0, len(cells), COLUMNS)]
    try:
        write_bytes(args.sheet, png_bytes(np.vstack(rows)))
    except OSError as error:
        raise CommandError(f"{args.sheet}: cannot be written ({error.strerror})") from error
    return 0


def _cell(photo):
    """Return RGB uint8 (CAPTION + CELL, CELL, 3), the truth on the left and the answer on the right."""
    import cv2
    import numpy as np

    from ewardrobe.core.drawing import draw_detections

    cell = np.full((CAPTION + CELL, CELL, 3), 255, np.uint8)
    for left, detections in ((0, photo.truth), (CELL // 2, photo.found)):
        drawn = draw_detections(photo.image, detections)
        scale = min((CELL // 2 - 4) / drawn.shape[1], CELL / drawn.shape[0])
        small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cell[CAPTION : CAPTION + small.shape[0], left : left + small.shape[1]] = small
    caption = f"{photo.record.image_path.stem}  {photo.quality:.2f}  {' '.join(photo.kinds)}"
    cv2.putText(cell, caption, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (0, 0, 0), 1, cv2.LINE_AA)
    return cell
