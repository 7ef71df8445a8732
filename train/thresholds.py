"""Choose the score threshold of each shipped model and category: the best F1 in the app, kept in the manifest.

    python -m train.thresholds unet yolo mask_rcnn --data DATA --split validation

Run it after ``python -m train.register``: thresholds belong to the very weights that they were chosen for.  Each model
looks once at every photo.  ``--dry-run`` only prints.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from ewardrobe.core import process
from ewardrobe.core.images import ImageError, load_image
from ewardrobe.core.masks import pairwise_iou
from ewardrobe.core.taxonomy import CATEGORIES, CATEGORY_NAMES
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, Record
from ewardrobe.evaluation.coco_eval import MAX_DETECTIONS
from ewardrobe.evaluation.matching import precision_recall
from ewardrobe.evaluation.photo import read_truth
from ewardrobe.models import MODELS, Segmenter, load_segmenter
from ewardrobe.models import weights as weight_files
from ewardrobe.models.confidence import DEFAULT_THRESHOLD, RAW
from train.cards import manifest
from train.search import thresholds as choice
from train.search.thresholds import Choice, Counts, PhotoScores


def raw_segmenter(name: str) -> Segmenter:
    """Return shipped model ``name`` with the scores of its network; thresholds in the manifest are not even read."""
    segmenter = load_segmenter(name, weight_files.verified_path(name)[0])
    segmenter.confidence = RAW.garments_only()
    return segmenter


def look(segmenter: Segmenter, dataset: DeepFashion2, limit: int | None = None) -> list[PhotoScores]:
    """Run ``segmenter`` on every photo; those that cannot be read are told on stderr and left out.

    Raises ``DatasetError`` when no garment is left to judge.
    """
    photos, total = [], min(len(dataset), limit or len(dataset))
    for record in tqdm(dataset.records(limit), desc=segmenter.name, total=total, unit="photo", disable=None):
        try:
            photos.append(look_at(segmenter, record))
        except (ImageError, DatasetError) as error:
            print(f"left out: {error}", file=sys.stderr)
    if not any(len(photo.truth_ids) for photo in photos):
        raise DatasetError("no photo with an annotated garment could be read: give another --data or --split")
    return photos


def look_at(segmenter: Segmenter, record: Record) -> PhotoScores:
    """Return what ``segmenter`` sees in the photo of ``record``, in raw scores."""
    image = load_image(record.image_path, max_side=None)
    if image.shape[:2] != (record.height, record.width):
        size = f"{image.shape[1]}×{image.shape[0]}"
        raise DatasetError(f"{record.image_path} is {size}, its annotation is for {record.width}×{record.height}")
    found, truth = segmenter.predict(image, float(choice.GRID[0]))[:MAX_DETECTIONS], read_truth(record)
    ious = (pairwise_iou(found.masks, masks) for masks in (found.masks, truth.masks))
    return PhotoScores(found.scores, found.category_ids, *ious, truth.category_ids)


def entry_of(photos: list[PhotoScores], chosen: Choice) -> dict:
    """Return the thresholds and their F1, plain and cross-validated, as the manifest keeps them."""
    maps = {"default": choice.level(DEFAULT_THRESHOLD), **chosen.confidences}
    f1 = {kind: choice.counted(photos, confidence).summary for kind, confidence in maps.items()}
    return {
        "raw_scores": dict(zip(CATEGORY_NAMES, chosen.each, strict=True)),
        "common": chosen.common,
        "images": len(photos),
        "f1": f1,
        "f1_cross_validated": choice.cross_validated(photos),
    }


def table(photos: list[PhotoScores], chosen: Choice) -> str:
    """Return a line for each category: garments, threshold, precision, recall, F1, and F1 at one common threshold."""
    each, common = (choice.counted(photos, chosen.confidences[kind]) for kind in ("each", "common"))
    default = choice.counted(photos, choice.level(DEFAULT_THRESHOLD))
    lines = [
        f"{'category':22}{'garments':>9}{'threshold':>11}{'precision':>11}{'recall':>8}{'F1':>8}"
        f"{f'F1 at {chosen.common:.2f}':>12}{f'F1 at {DEFAULT_THRESHOLD:.2f}':>12}"
    ]
    for place, category in enumerate(CATEGORIES):
        values = (*_precision_recall(each, place), each.f1[place], common.f1[place], default.f1[place])
        cells = (
            f"{'–' if v is None else format(v, '.3f'):>{w}}" for v, w in zip(values, (11, 8, 8, 12, 12), strict=True)
        )
        lines.append(f"{category.name:22}{each.instances[place]:9}{chosen.each[place]:11.2f}{''.join(cells)}")
    return "\n".join(lines)


def _precision_recall(counts: Counts, place: int) -> tuple[float | None, float | None]:
    return precision_recall(*(float(n[place]) for n in (counts.found, counts.detected, counts.instances)))


def f1_lines(entry: dict) -> str:
    """Return the F1 of the three ways to set thresholds, plain and on photos that did not choose them."""
    names = {
        "default": f"raw score {DEFAULT_THRESHOLD} for all",
        "common": f"raw score {entry['common']:.2f} for all",
        "each": "one for each category",
    }
    held_out = entry["f1_cross_validated"] or {}
    lines = [f"{'F1':28}{'overall':>9}{'categories':>12}{'overall, cv':>13}{'categories, cv':>16}"]
    for kind, label in names.items():
        plain, cv = entry["f1"][kind], held_out.get(kind, entry["f1"][kind] if kind == "default" else {})
        cells = [plain["overall"], plain["categories"], cv.get("overall"), cv.get("categories")]
        row = (f"{'–' if v is None else format(v, '.3f'):>{w}}" for v, w in zip(cells, (9, 12, 13, 16), strict=True))
        lines.append(f"{label:28}{''.join(row)}")
    return "\n".join(lines)


def keep(name: str, entry: dict, folder: Path) -> None:
    """Enter thresholds in the manifest of ``folder``, whole or not at all.

    Raises ``WeightsError`` if the manifest names other weights by now.
    """
    known = manifest.entries(folder).get(name, {})
    if known.get("sha256") != entry["weights_sha256"]:
        raise weight_files.WeightsError(f"the weights of {name} were replaced meanwhile: choose their thresholds again")
    manifest.enter(name, known | {"thresholds": entry}, folder)


def run(name: str, args: argparse.Namespace) -> None:
    """Choose, print and keep the thresholds of one model."""
    sha256 = weight_files.verified_path(name)[1]["sha256"]
    photos = look(raw_segmenter(name), DeepFashion2(args.data, args.split), args.limit)
    chosen = choice.choose(photos)
    provenance = {
        "weights_sha256": sha256,
        "data": args.data.resolve().name,
        "split": args.split,
        "command": _command(name, args),
        "date": datetime.now(UTC).date().isoformat(),
    }
    entry = entry_of(photos, chosen) | provenance
    print(f"{name}: {len(photos)} photos\n\n{table(photos, chosen)}\n\n{f1_lines(entry)}\n")
    if not args.dry_run:
        keep(name, entry, weight_files.weights_dir())


def _command(name: str, args: argparse.Namespace) -> str:
    """Return the command with folders cut to their names."""
    words = ["python", "-m", "train.thresholds", name, "--data", args.data.resolve().name, "--split", args.split]
    return shlex.join(words + (["--limit", str(args.limit)] if args.limit else []))


def main(argv=None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", choices=list(MODELS), metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--data", type=Path, required=True, help="folder of a data set in DeepFashion2's layout")
    parser.add_argument(
        "--split", default="validation", help="never what the model learned from (default: %(default)s)"
    )
    parser.add_argument("--limit", type=int, help="at most N photos, spread over the split", metavar="N")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the manifest as it is")
    args = parser.parse_args(argv)
    process.configure()
    try:
        for name in args.models:
            run(name, args)
    except (DatasetError, weight_files.WeightsError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
