"""Choose how the networks' words make the consensus, and ship it: ``weights/consensus.json`` and its manifest entry.

    python -m train.consensus --data DATA

Run it after the weights of any network have changed: until then the app asks the networks with equal words and says so.
All networks look once at every validation photo.  Then, for one network after the other, its zooms and its weight are
those of best mask AP, and ``train.thresholds`` chooses from which score each category is shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ewardrobe.core.detections import Detections, PackedDetections
from ewardrobe.core.images import scale_to
from ewardrobe.core.taxonomy import INSTANCE_IDS, classes_of
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.evaluation import provenance
from ewardrobe.evaluation.coco_eval import MIN_INSTANCES, CocoMatcher, mean_over_categories
from ewardrobe.evaluation.photo import readable_photos
from ewardrobe.models.consensus import (
    ConsensusSegmenter,
    Opinion,
    Recipe,
    assembled,
    grouped,
    named,
    plain,
    recipe_json,
)
from ewardrobe.models.weights import weights_dir
from train import thresholds
from train.cards import manifest
from train.loop.config import exit_code, make_parser

NAME = "consensus"
OPTIONS: dict[str, Any] = {"zooms": ((1.0,), (1.0, 1.4), (1.0, 1.4, 1.8)), "weight": (0.5, 1.0, 2.0)}
"""What a network's part may be."""

LOOK_ONCE = ("unet", "mask_rcnn")
"""Networks whose further looks bring less than 0.002 mean AP, and take as long as all of the others'."""

LEAST_GAIN = 0.001
"""Mean AP from which another zoom or weight is taken: less is luck."""

MIN_SCORE = 0.01
SIDE = 256
"""Long side in pixels at which recipes are compared: outlines this coarse rank them as fine ones do."""


@dataclass(frozen=True, eq=False)
class SeenPhoto:
    """One photo: what every look at it showed, and the annotated garments, both at ``SIDE``.

    unlabelled: labels that the photo may show without an outline; nothing is judged by them.
    """

    looks: tuple[tuple[str, float, PackedDetections], ...]
    truth: PackedDetections
    unlabelled: frozenset[int]
    worn: bool

    def of(self, recipe: Recipe) -> list[Opinion]:
        """Return the looks that ``recipe`` asks for."""
        return [Opinion(n, zoom, found.detections()) for n, zoom, found in self.looks if zoom in recipe[n].zooms]


def see(model: ConsensusSegmenter, dataset: DeepFashion2, limit: int | None = None) -> list[SeenPhoto]:
    """Have the networks of ``model`` look at every photo; those that cannot be read are told on stderr."""
    photos = []
    for record, image, truth in readable_photos(dataset, NAME, limit):
        size = scale_to(np.zeros(truth.image_size, np.uint8), SIDE).shape
        looks = tuple((look.network, look.zoom, _packed(look.found, size)) for look in model.looks(image))
        photos.append(SeenPhoto(looks, _packed(truth, size), record.unlabelled, record.worn))
    return photos


def _packed(found: Detections, size: tuple[int, ...]) -> PackedDetections:
    small = [cv2.resize(mask.view(np.uint8) * 255, size[::-1], interpolation=cv2.INTER_AREA) for mask in found.masks]
    return Detections.from_masks(np.reshape(small, (-1, *size)) > 127, found.category_ids, found.scores).packed()


def figures(photos: Sequence[SeenPhoto], recipe: Recipe) -> dict[str, float]:
    """Return mask AP of what ``recipe`` finds in the worn and the other photos (categories with ten), and their mean.

    Where no category has ten, all of them count; never a label that no network knows.
    """
    known = {label for photo in photos for *_, found in photo.looks for label in found.category_ids.tolist()}
    matcher, worn = CocoMatcher("segm", category_ids=INSTANCE_IDS), np.array([photo.worn for photo in photos])
    for photo in photos:
        found = named(grouped(photo.of(recipe), recipe), photo.truth.size, MIN_SCORE)
        judged = ~np.isin(found.category_ids, list(photo.unlabelled))
        matcher.add(photo.truth.detections(), found[judged])
    counts = np.array([np.bincount(classes_of(p.truth.category_ids), minlength=len(INSTANCE_IDS)) for p in photos])
    result = {}
    for name, cut in (("worn", worn), ("not_worn", ~worn)):
        there = {c: n for c, n in zip(INSTANCE_IDS, counts[cut].sum(axis=0), strict=True) if n and c in known}
        common = [c for c, n in there.items() if n >= MIN_INSTANCES] or [*there]
        result[name] = mean_over_categories(matcher.scores(cut.astype(int)), "ap", common) or 0.0
    return result | {"mean": (result["worn"] + result["not_worn"]) / 2}


def chosen_recipe(photos: Sequence[SeenPhoto], start: Recipe) -> tuple[Recipe, dict[str, float]]:
    """Return the recipe of best mean AP, and its figures.

    One network after the other, its zooms and then its weight; what is no better stays as in ``start``.
    """
    best, reached = start, figures(photos, start)
    for name, option in [(n, option) for n in start for option in _options(n)]:
        part = replace(best[name], **option)
        if part == best[name]:
            continue
        changed = {**best, name: part}
        got = figures(photos, changed)
        print(f"{name}, weight {part.weight}, zooms {part.zooms}: {words(got)}", file=sys.stderr, flush=True)
        if got["mean"] > reached["mean"] + LEAST_GAIN:
            best, reached = changed, got
    return best, reached


def _options(network: str) -> list[dict[str, Any]]:
    """Return what a network's part may become, one change each."""
    names = [name for name in OPTIONS if name != "zooms" or network not in LOOK_ONCE]
    return [{name: value} for name in names for value in OPTIONS[name]]


def words(reached: dict[str, float]) -> str:
    """Return figures in words."""
    return ", ".join(f"{name} {value:.3f}" for name, value in reached.items())


def every_look() -> ConsensusSegmenter:
    """Return the model that looks in every way that can be chosen."""
    most = {"zooms": OPTIONS["zooms"][-1]}
    return assembled({n: replace(part, **({} if n in LOOK_ONCE else most)) for n, part in plain().items()})


def ship(recipe: Recipe, reached: dict[str, float], photos: int, args: argparse.Namespace) -> None:
    """Write the recipe into the folder of the weights and enter it in the manifest."""
    path = weights_dir() / f"{NAME}.json"
    manifest.write_json(path, recipe_json(recipe))
    told = ("data", "split", "limit")
    entry = manifest.new_entry(
        path,
        f"{args.data.resolve().name} {args.split}",
        provenance.command_line("train.consensus", args, told),
        images=photos,
        made_of={name: part.sha256 for name, part in recipe.items()},
        config=OPTIONS | {"least_gain": LEAST_GAIN},
        photos=[manifest.photos("recipe", args.data, args.split, weights_dir())],
        mask_ap={name: round(value, 4) for name, value in reached.items()},
    )
    manifest.enter(NAME, entry, weights_dir())


def _run(args: argparse.Namespace) -> int:
    photos = see(every_look(), DeepFashion2(args.data, args.split, accessories=True), args.limit)
    recipe, reached = chosen_recipe(photos, plain())
    for name, part in recipe.items():
        print(f"{name}: weight {part.weight}, zooms {part.zooms}")
    print(f"mask AP: {words(reached)}")
    if args.dry_run:
        return 0
    ship(recipe, reached, len(photos), args)
    chosen = ["--data", str(args.data), "--split", args.split, *(["--limit", str(args.limit)] if args.limit else [])]
    return thresholds.main([NAME, *chosen])


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="never what was trained on (default: %(default)s)")
    parser.add_argument("--limit", type=int, help="at most N photos, spread over the split", metavar="N")
    parser.add_argument("--dry-run", action="store_true", help="print, and leave weights/ as it is")
    args = parser.parse_args(argv)
    return exit_code(lambda: _run(args))


if __name__ == "__main__":
    sys.exit(main())
