"""Tiny data sets in DeepFashion2's layout, made of coloured rectangles, and a segmenter that reads the colours."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from stand_ins import StandIn

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORY_IDS

SIZE = (60, 80)  # height, width


def colour(category_id: int) -> int:
    """Grey value of a garment: the segmenter below finds the category again by it."""
    return 15 * category_id


def annotation_item(category_id: int, box, **fields) -> dict:
    """One rectangular garment; ``box`` is ``x0 y0 x1 y1`` with ends exclusive."""
    x0, y0, x1, y1 = box
    return {
        "category_id": category_id,
        "category_name": "",
        "bounding_box": list(box),
        "segmentation": [[x0, y0, x1 - 1, y0, x1 - 1, y1 - 1, x0, y1 - 1]],
        "landmarks": [0] * 75,
        "viewpoint": 1,
        "scale": 2,
        "occlusion": 1,
        "zoom_in": 1,
        "style": 0,
    } | fields


def write_photo(folder: Path, number: int, items: dict | None, image: np.ndarray | None = None, **extra) -> Path:
    """Write photo and annotation ``number``; ``items`` are rectangles, painted in their category's grey."""
    for part in ("image", "annos"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    if image is None:
        image = np.full((*SIZE, 3), 250, np.uint8)
        for item in (items or {}).values():
            x0, y0, x1, y1 = item["bounding_box"]
            image[y0:y1, x0:x1] = colour(item["category_id"])
    cv2.imwrite(str(folder / "image" / f"{number:06d}.png"), image)
    path = folder / "annos" / f"{number:06d}.json"
    path.write_text(json.dumps({"source": "shop", "pair_id": number, **(items or {}), **extra}))
    return path


def random_rectangles(rng: np.random.Generator, count: int, **fields) -> dict:
    """Up to three garments side by side, of different categories."""
    ids = rng.choice(CATEGORY_IDS, count, replace=False)
    items = {}
    for place, category_id in enumerate(ids):
        x0, y0 = 2 + 26 * place + int(rng.integers(0, 4)), int(rng.integers(2, 20))
        box = (x0, y0, x0 + int(rng.integers(12, 20)), y0 + int(rng.integers(15, 35)))
        items[f"item{place + 1}"] = annotation_item(int(category_id), box, **fields)
    return items


def write_split(root: Path, count: int, split: str = "validation", seed: int = 0) -> Path:
    """Write ``count`` photos, every second one worn; return ``root``."""
    rng = np.random.default_rng(seed)
    for number in range(1, count + 1):
        items = random_rectangles(rng, 1 + number % 3, viewpoint=1 + number % 2, occlusion=1 + number % 3)
        write_photo(root / split, number, items)
    return root


class ColourSegmenter(StandIn):
    """Finds the rectangles by their grey; errors are built in on demand.

    shift_px: masks moved to the right.  shift_class: category ids moved on.  score: of every garment, or a function
    of category and area.
    """

    name = "colours"

    def __init__(self, shift_px: int = 0, shift_class: int = 0, score=0.9) -> None:
        self.shift_px, self.shift_class, self.score = shift_px, shift_class, score

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        masks = [image[..., 0] == colour(c) for c in CATEGORY_IDS]
        found = [(c, np.roll(m, self.shift_px, 1)) for c, m in zip(CATEGORY_IDS, masks, strict=True) if m.any()]
        scores = [self.score(c, m.sum()) if callable(self.score) else self.score for c, m in found]
        ids = [(c - 1 + self.shift_class) % len(CATEGORY_IDS) + 1 for c, _ in found]
        stacked = np.array([m for _, m in found], bool).reshape(-1, *image.shape[:2])
        return Detections.from_masks(stacked, ids, scores).sorted_by_score().above(min_score)


class ParsingSegmenter(ColourSegmenter):
    """The same with a parsing read off the greys, context labels 14..16 included."""

    def parse(self, image: np.ndarray) -> np.ndarray:
        labels = np.where(image[..., 0] < 250, image[..., 0] // 15, 0)
        return np.stack([labels == 1 + channel for channel in range(18)]).astype(np.float32)

    def garments(self, parsing: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
        raise AssertionError("the evaluation asks for `predict`")


class BlindSegmenter(StandIn):
    """Finds nothing."""

    name = "blind"

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        return Detections.empty(*image.shape[:2])
