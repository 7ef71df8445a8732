"""Choose the score threshold of each shipped model and category: a good F1 in the app, kept in the manifest.

    python -m train.thresholds unet yolo mask_rcnn --data DATA --split validation

Run it after ``python -m train.register``: thresholds belong to the very weights that they were chosen for.  Each model
looks once at every photo.  ``--dry-run`` only prints.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ewardrobe.core.arguments import positive
from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import pairwise_iou
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORY_NAMES, INSTANCE_IDS, INSTANCE_NAMES
from ewardrobe.datasets.deepfashion2 import DeepFashion2, Record
from ewardrobe.evaluation import held_out, provenance
from ewardrobe.evaluation.coco_eval import MAX_DETECTIONS
from ewardrobe.evaluation.matching import precision_recall
from ewardrobe.evaluation.photo import readable_photos
from ewardrobe.garments.pairs import joined_pairs
from ewardrobe.models import MODELS, Segmenter, load_segmenter
from ewardrobe.models.confidence import DEFAULT_THRESHOLD, RAW
from ewardrobe.models.weights import WeightsError, verified_path, weights_dir
from train.cards import manifest
from train.loop.config import exit_code, make_parser
from train.search.thresholds import GRID, Choice, PhotoScores, choose, counted, cross_validated, level


def look(segmenter: Segmenter, dataset: DeepFashion2, limit: int | None = None) -> list[PhotoScores]:
    """Run ``segmenter`` on every photo; those that cannot be read are told on stderr and left out.

    Raises ``DatasetError`` when no garment is left to judge.
    """
    return [_look_at(segmenter, *photo) for photo in readable_photos(dataset, segmenter.name, limit)]


def _look_at(segmenter: Segmenter, record: Record, image: np.ndarray, truth: Detections) -> PhotoScores:
    ids = INSTANCE_IDS if record.garments_only().items else ACCESSORY_IDS  # garments are judged where there are any
    judged = set(ids) - record.unlabelled
    found = joined_pairs(image, segmenter.predict(image, float(GRID[0])), 0.0).only(judged).sorted_by_score()
    found, truth = found[:MAX_DETECTIONS], truth.only(judged)
    among, with_truth = (pairwise_iou(found.masks, masks) for masks in (found.masks, truth.masks))
    return PhotoScores(found.scores, found.category_ids, among, with_truth, truth.category_ids)


def _entry(photos: list[PhotoScores], chosen: Choice) -> dict[str, Any]:
    """Return the thresholds and their F1, plain and cross-validated, as the manifest keeps them."""
    maps = {"default": level(DEFAULT_THRESHOLD), **chosen.confidences}
    return {
        "raw_scores": dict(zip(_names(photos), chosen.each, strict=False)),
        "common": chosen.common,
        "images": len(photos),
        "f1": {kind: counted(photos, confidence).summary for kind, confidence in maps.items()},
        "f1_cross_validated": cross_validated(photos),
    }


def _names(photos: list[PhotoScores]) -> tuple[str, ...]:
    """Return the names of what the model finds: a network of the 13 garments gets no thresholds for accessories."""
    every = any(np.isin(photo.category_ids, ACCESSORY_IDS).any() for photo in photos)
    return INSTANCE_NAMES if every else CATEGORY_NAMES


def _table(photos: list[PhotoScores], chosen: Choice) -> str:
    each, common = (counted(photos, chosen.confidences[kind]) for kind in ("each", "common"))
    pairs = [precision_recall(*row) for row in zip(each.found, each.detected, each.instances, strict=True)]
    columns = {
        "garments": each.instances,
        "threshold": np.round(chosen.each, 2),
        "precision": [precision for precision, _ in pairs],
        "recall": [recall for _, recall in pairs],
        "F1": each.f1,
        f"F1 at {chosen.common:.2f}": common.f1,
        f"F1 at {DEFAULT_THRESHOLD:.2f}": counted(photos, level(DEFAULT_THRESHOLD)).f1,
    }
    table = pd.DataFrame(columns, INSTANCE_NAMES).loc[list(_names(photos))]
    return table.to_string(na_rep="–", float_format="{:.3f}".format)


def _f1_lines(entry: dict[str, Any]) -> str:
    """Return the F1 of the three ways to set thresholds, plain and on photos that did not choose them."""
    names = {
        "default": f"raw score {DEFAULT_THRESHOLD} for all",
        "common": f"raw score {entry['common']:.2f} for all",
        "each": "one for each category",
    }
    held_out = {"default": entry["f1"]["default"], **(entry["f1_cross_validated"] or {})}
    table = pd.DataFrame(entry["f1"]).T.join(pd.DataFrame(held_out).T.add_suffix(", cv"))
    return table.rename(names).to_string(na_rep="–", float_format="{:.3f}".format)


def keep(name: str, entry: dict[str, Any], folder: Path) -> None:
    """Enter thresholds in the manifest of ``folder``, whole or not at all.

    Raises ``WeightsError`` if the manifest names other weights by now.
    """
    known = manifest.entries(folder).get(name, {})
    if known.get("sha256") != entry["weights_sha256"]:
        raise WeightsError(f"the weights of {name} were replaced meanwhile: choose their thresholds again")
    manifest.enter(name, known | {"thresholds": entry}, folder)


def _run(name: str, args: argparse.Namespace) -> None:
    path, shipped = verified_path(name)
    segmenter = load_segmenter(name, path)  # by its file: thresholds in the manifest are not even read
    segmenter.confidence = RAW
    photos = look(segmenter, DeepFashion2(args.data, args.split, accessories=True), args.limit)
    chosen = choose(photos)
    entry = _entry(photos, chosen) | {
        "weights_sha256": shipped["sha256"],
        "data": args.data.resolve().name,
        "split": args.split,
        "command": provenance.command_line(f"train.thresholds {name}", args, ("data", "split", "limit")),
        "date": manifest.today(),
    }
    print(f"{name}: {len(photos)} photos\n\n{_table(photos, chosen)}\n\nF1\n{_f1_lines(entry)}\n")
    if not args.dry_run:
        used = manifest.photos("thresholds", args.data, args.split, weights_dir())
        keep(name, entry | {held_out.PHOTOS: [used]}, weights_dir())


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("models", nargs="+", choices=list(MODELS), metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--data", type=Path, required=True, help="folder of a data set in DeepFashion2's layout")
    parser.add_argument(
        "--split", default="validation", help="never what the model learned from (default: %(default)s)"
    )
    parser.add_argument("--limit", type=positive, help="at most N photos, spread over the split", metavar="N")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave the manifest as it is")
    args = parser.parse_args(argv)

    def work() -> None:
        for name in args.models:
            _run(name, args)

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
