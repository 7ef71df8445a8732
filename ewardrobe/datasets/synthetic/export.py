"""Synthetic photos on disk, in DeepFashion2's layout: image/, annos/ and parsing/."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES, category
from ewardrobe.datasets.records import LANDMARK_COUNTS
from ewardrobe.datasets.synthetic.person import random_outfit, render_person
from ewardrobe.datasets.synthetic.scene import SPECK, SyntheticPhoto, render_flat_lay


def mask_to_polygons(mask: np.ndarray, tolerance: float = 0.4) -> list[np.ndarray]:
    """Outlines of a (H, W) bool mask as (P, 2) int32 polygons ``x y`` through pixel centres, one for each part.

    Holes are joined to their outer outline by a bridge of zero width, so that ``cv2.fillPoly`` leaves them empty.
    tolerance: pixels by which an outline may be simplified, unless that changes more than 0.5 % of the mask.
    """
    polygons = _outlines(mask, tolerance)
    changed = (polygons_to_mask(polygons, *mask.shape) != mask).sum()
    return polygons if changed <= 0.005 * mask.sum() else _outlines(mask, 0.0)


def _outlines(mask, tolerance) -> list[np.ndarray]:
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    polygons = []
    for i, contour in enumerate(contours):
        if tree[0, i, 3] >= 0 or len(contour) < 3 or cv2.contourArea(contour) < SPECK:
            continue
        holes, child = [], tree[0, i, 2]
        while child >= 0:
            if len(contours[child]) >= 3:
                holes.append(_simple(contours[child], tolerance))
            child = tree[0, child, 0]
        polygons.append(_bridged(_simple(contour, tolerance), holes))
    return polygons


def _simple(contour, tolerance) -> np.ndarray:
    simple = cv2.approxPolyDP(contour, tolerance, True) if tolerance > 0 else contour
    return (simple if len(simple) >= 3 else contour)[:, 0, :]


def _bridged(outer: np.ndarray, holes: list[np.ndarray]) -> np.ndarray:
    """Splice each hole into the outline at the closest pair of points, the nearest hole first."""
    while holes:
        pairs = [_closest(outer, hole) for hole in holes]
        k = int(np.argmin([p[0] for p in pairs]))
        _, i, j = pairs[k]
        hole = np.roll(holes.pop(k), -j, axis=0)
        outer = np.vstack([outer[: i + 1], hole, hole[:1], outer[i:]])
    return outer


def _closest(outer, hole) -> tuple[int, int, int]:
    distance = ((outer[:, None].astype(np.int64) - hole[None]) ** 2).sum(2)
    i, j = np.unravel_index(int(distance.argmin()), distance.shape)
    return int(distance[i, j]), int(i), int(j)


def polygons_to_mask(polygons, height: int, width: int) -> np.ndarray:
    """Fill polygons as DeepFashion2's readers do: (H, W) bool."""
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(p).astype(np.int32) for p in polygons], 1)
    return mask.astype(bool)


def annotation(photo: SyntheticPhoto, pair_id: int) -> dict:
    """The DeepFashion2 JSON of a photo; garments too small to outline are left out."""
    result: dict = {"source": "shop" if photo.viewpoint == 1 else "user", "pair_id": pair_id}
    for item in photo.items:
        polygons = mask_to_polygons(item["mask"])
        if polygons:
            result[f"item{len(result) - 1}"] = _item(photo, item, polygons)
    return result


def _item(photo, item, polygons) -> dict:
    ys, xs = np.nonzero(item["mask"])
    share = len(xs) / item["mask"].size
    category_id = item["category_id"]
    return {
        "category_id": category_id,
        "category_name": category(category_id).name,
        "bounding_box": [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1],
        "segmentation": [p.reshape(-1).tolist() for p in polygons],
        "landmarks": [0] * (3 * LANDMARK_COUNTS[category_id - 1]),
        "viewpoint": photo.viewpoint,
        "scale": 1 if share < 0.1 else 2 if share < 0.3 else 3,
        "occlusion": item["occlusion"],
        "zoom_in": item["zoom_in"],
        "style": 0,
    }


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
    out_dir: Path | str, count: int, seed: int, split: str = "train", worn_share: float = 0.6, progress=None
) -> Path:
    """Write ``count`` photos to ``out_dir/split/{image,annos,parsing}`` and return that folder.

    progress: called with the number of photos written after each.  Raises ``ValueError`` for a count below 1 and for a
    folder that already holds annotations (two sets would mix).
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1 photo, got {count}")
    folder = Path(out_dir) / split
    if any((folder / "annos").glob("*.json")):
        raise ValueError(f"{folder} already holds a data set; choose another folder or remove it first")
    for name in ("image", "annos", "parsing"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for i, photo in enumerate(random_photos(count, seed, worn_share), 1):
        _write_photo(folder, f"{i:06d}", photo, i)
        if progress:
            progress(i)
    return folder


def _write_photo(folder: Path, stem: str, photo: SyntheticPhoto, number: int) -> None:
    quality = [cv2.IMWRITE_JPEG_QUALITY, 84 + number % 12]
    _write(folder / "image" / f"{stem}.jpg", photo.image[..., ::-1], quality)
    _write(folder / "parsing" / f"{stem}.png", photo.parsing, [])
    (folder / "annos" / f"{stem}.json").write_text(json.dumps(annotation(photo, number), separators=(",", ":")))


def _write(path: Path, image: np.ndarray, options) -> None:
    ok, data = cv2.imencode(path.suffix, np.ascontiguousarray(image), options)
    if not ok:
        raise ValueError(f"{path.name}: OpenCV cannot encode an image of shape {image.shape}")
    path.write_bytes(data.tobytes())


def main(argv: list[str] | None = None) -> int:
    """``python -m ewardrobe.datasets.synthetic OUT --count N --seed S --split train``."""
    parser = argparse.ArgumentParser(prog="python -m ewardrobe.datasets.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the data set")
    parser.add_argument("--count", type=int, default=100, help="photos to draw (100)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same photos (0)")
    parser.add_argument("--split", default="train", help="sub-folder: train or validation (train)")
    parser.add_argument("--worn-share", type=float, default=0.6, help="share of photos of a person, 0..1 (0.6)")
    args = parser.parse_args(argv)
    show = lambda done: done % 50 == 0 and print(f"{done}/{args.count}", file=sys.stderr)  # noqa: E731
    try:
        folder = write_dataset(args.out, args.count, args.seed, args.split, args.worn_share, show)
    except (ValueError, OSError) as error:
        parser.exit(2, f"error: {error}\n")
    print(f"{args.count} photos in {folder}")
    return 0
