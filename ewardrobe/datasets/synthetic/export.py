"""Synthetic photos on disk, in DeepFashion2's layout: image/, annos/ and parsing/."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ewardrobe.core.arguments import fraction, positive, seed
from ewardrobe.core.images import jpeg_bytes, png_bytes
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORIES
from ewardrobe.datasets.records import item_entry
from ewardrobe.datasets.synthetic.person import random_outfit, render_person
from ewardrobe.datasets.synthetic.scene import SyntheticPhoto, render_flat_lay


def annotation(photo: SyntheticPhoto, pair_id: int) -> dict:
    """The DeepFashion2 JSON of a photo, with its shoes, bag and hat; what is too small to outline is left out."""
    result: dict = {"source": "shop" if photo.viewpoint == 1 else "user", "pair_id": pair_id, "unlabelled": []}
    things = [{"category_id": i, "mask": photo.parsing == i, "occlusion": 1, "zoom_in": 1} for i in ACCESSORY_IDS]
    for item in [*photo.items, *things]:
        facts = {"viewpoint": photo.viewpoint, "occlusion": item["occlusion"], "zoom_in": item["zoom_in"]}
        if entry := item_entry(item["mask"], item["category_id"], **facts):
            result[f"item{len(result) - 2}"] = entry
    return result


SIZES = ((480, 360), (480, 360), (480, 320), (360, 480), (400, 400))


def random_photos(count: int, seed: int, worn_share: float = 0.6) -> Iterator[SyntheticPhoto]:
    """Draw ``count`` photos; flat-lays go through the 13 categories in turn, photo ``i`` depends on (seed, i) only."""
    for i in range(count):
        rng = np.random.default_rng((seed, i))
        number, size = int(rng.integers(1 << 31)), SIZES[rng.integers(len(SIZES))]
        if rng.random() < worn_share:
            yield render_person(random_outfit(rng), number, size)
        else:
            yield render_flat_lay(i % len(CATEGORIES) + 1, number, size)


def write_dataset(
    out_dir: Path | str,
    count: int,
    seed: int,
    split: str = "train",
    worn_share: float = 0.6,
    progress: bool = False,
) -> Path:
    """Write ``count`` photos to ``out_dir/split/{image,annos,parsing}`` and return that folder.

    progress: show a bar on a terminal.  Raises ``ValueError`` for a count below 1 and for a folder that already holds
    annotations (two sets would mix).
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1 photo, got {count}")
    folder = Path(out_dir) / split
    if any((folder / "annos").glob("*.json")):
        raise ValueError(f"{folder} already holds a data set; choose another folder or remove it first")
    for name in ("image", "annos", "parsing"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    photos = random_photos(count, seed, worn_share)
    for i, photo in enumerate(tqdm(photos, total=count, unit="photo", disable=None if progress else True), 1):
        (folder / "image" / f"{i:06d}.jpg").write_bytes(jpeg_bytes(photo.image, 84 + i % 12))
        (folder / "parsing" / f"{i:06d}.png").write_bytes(png_bytes(photo.parsing))
        (folder / "annos" / f"{i:06d}.json").write_text(json.dumps(annotation(photo, i), separators=(",", ":")))
    return folder


def main(argv: list[str] | None = None) -> int:
    """``python -m ewardrobe.datasets.synthetic OUT --count N --seed S --split train``."""
    parser = argparse.ArgumentParser(prog="python -m ewardrobe.datasets.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the data set")
    parser.add_argument("--count", type=positive, default=100, help="photos to draw (100)")
    parser.add_argument("--seed", type=seed, default=0, help="the same seed draws the same photos (0)")
    parser.add_argument("--split", default="train", help="sub-folder: train or validation (train)")
    parser.add_argument("--worn-share", type=fraction, default=0.6, help="share of photos of a person, 0..1 (0.6)")
    args = parser.parse_args(argv)
    try:
        folder = write_dataset(args.out, args.count, args.seed, args.split, args.worn_share, progress=True)
    except (ValueError, OSError) as error:
        parser.exit(2, f"error: {error}\n")
    print(f"{args.count} photos in {folder}")
    return 0
