"""Read a data set in DeepFashion2's layout (Ge et al., CVPR 2019).

``ROOT/SPLIT/image/000001.jpg`` with ``ROOT/SPLIT/annos/000001.json`` beside it, and optionally
``ROOT/SPLIT/parsing/000001.png``: a label map of the whole photo (0 background, 1..13 garments,
14 skin, 15 hair, 16 footwear, 17 bag, 18 other).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ewardrobe.taxonomy import CATEGORY_BY_ID


class DatasetError(ValueError):
    """A data set, or one record of it, cannot be read; the message says which file and item, and the cure."""


@dataclass(frozen=True, eq=False)
class Item:
    """One annotated garment.

    key: ``item1`` …; category_id: 1..13; bbox_xyxy: pixels; polygons: parts, each (P, 2) float32 ``x y`` in pixels;
    viewpoint: 1 not worn, 2 frontal, 3 side or back; scale, occlusion, zoom_in: 1..3; landmarks: (L, 3) float32
    ``x y visibility`` or ``None`` when not labelled; style: 0 = none.
    """

    key: str
    category_id: int
    bbox_xyxy: tuple[float, float, float, float]
    polygons: tuple[np.ndarray, ...]
    viewpoint: int
    scale: int
    occlusion: int
    zoom_in: int
    landmarks: np.ndarray | None
    style: int


@dataclass(frozen=True, eq=False)
class Record:
    """One photo with its garments; ``height`` and ``width`` in pixels, ``image_id`` the number in the file's name."""

    image_path: Path
    image_id: int
    height: int
    width: int
    items: tuple[Item, ...]
    parsing_path: Path | None
    source: str
    pair_id: int

    @property
    def worn(self) -> bool:
        """True when any garment of the photo is worn (viewpoint 2 or 3)."""
        return any(item.viewpoint != 1 for item in self.items)


class DeepFashion2:
    """A split as a sequence of ``Record``, read lazily.

    ``on_error="raise"`` refuses the first faulty record; ``"skip"`` leaves faulty items out, keeps the rest and
    collects a line for each fault in ``problems``.  A record without one good item is skipped whole by ``records()``.
    """

    def __init__(self, root: Path | str, split: str = "train", on_error: str = "skip") -> None:
        if on_error not in ("skip", "raise"):
            raise ValueError(f"on_error: expected 'skip' or 'raise', got {on_error!r}")
        self.root, self.split, self.on_error = Path(root), split, on_error
        self.folder = self.root / split
        self.problems: list[str] = []
        annos = self.folder / "annos"
        if not annos.is_dir():
            raise DatasetError(f"{annos} is not a folder: give the folder that holds {split}/image and {split}/annos")
        self.annotations = sorted(annos.glob("*.json"))
        if not self.annotations:
            raise DatasetError(f"{annos} holds no .json annotation")

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, index: int) -> Record:
        """Read record ``index``; ``DatasetError`` if the record itself is unusable."""
        return read_record(self.annotations[index], self._fault)

    def records(self):
        """Yield every usable record; faults are counted in ``problems`` or raised, as ``on_error`` says."""
        for path in self.annotations:
            try:
                record = read_record(path, self._fault)
            except DatasetError as error:
                if self.on_error == "raise":
                    raise
                self.problems.append(str(error))
                continue
            if record.items:
                yield record

    def _fault(self, message: str) -> None:
        if self.on_error == "raise":
            raise DatasetError(message)
        self.problems.append(message)


def read_record(annotation: Path, fault) -> Record:
    """Read one annotation file; ``fault(message)`` is called for every faulty item, which is then left out."""
    raw = _read_json(annotation)
    image_path = _find_image(annotation)
    width, height = _image_size(image_path)
    items = []
    for key in sorted((k for k in raw if k.startswith("item")), key=lambda k: (len(k), k)):
        try:
            items.append(_read_item(key, raw[key], width, height))
        except (DatasetError, KeyError, TypeError, ValueError) as error:
            fault(f"{annotation}: {key}: {_reason(error)}")
    parsing = annotation.parent.parent / "parsing" / f"{annotation.stem}.png"
    return Record(
        image_path=image_path,
        image_id=int(annotation.stem),
        height=height,
        width=width,
        items=tuple(items),
        parsing_path=parsing if parsing.is_file() else None,
        source=str(raw.get("source", "")),
        pair_id=int(raw.get("pair_id", 0)),
    )


def item_mask(item: Item, height: int, width: int) -> np.ndarray:
    """Rasterise all polygon parts of ``item`` to (height, width) bool.

    Holes are cut by a bridge of zero width in the outer polygon, which ``cv2.fillPoly`` fills even-odd.
    """
    mask = np.zeros((height, width), np.uint8)
    for polygon in item.polygons:
        cv2.fillPoly(mask, [np.round(polygon).astype(np.int32)], 1)
    return mask.astype(bool)


def _reason(error: Exception) -> str:
    return f"field {error} is missing" if isinstance(error, KeyError) else str(error)


def _read_json(path: Path) -> dict:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(raw, dict):
        raise DatasetError(f"{path}: expected an object with item1, item2, …, got {type(raw).__name__}")
    return raw


def _find_image(annotation: Path) -> Path:
    folder = annotation.parent.parent / "image"
    for suffix in (".jpg", ".jpeg", ".png"):
        if (path := folder / f"{annotation.stem}{suffix}").is_file():
            return path
    raise DatasetError(f"{annotation}: its photo {folder / annotation.stem}.jpg is missing")


def _image_size(path: Path) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            return image.size
    except OSError as error:
        raise DatasetError(f"{path}: not readable as an image ({error})") from error


def _read_item(key: str, raw: dict, width: int, height: int) -> Item:
    category_id = int(raw["category_id"])
    if category_id not in CATEGORY_BY_ID:
        raise DatasetError(f"unknown category_id {category_id}: expected 1..13")
    return Item(
        key=key,
        category_id=category_id,
        bbox_xyxy=_read_box(raw["bounding_box"]),
        polygons=_read_polygons(raw["segmentation"], width, height),
        viewpoint=int(raw.get("viewpoint", 1)),
        scale=int(raw.get("scale", 1)),
        occlusion=int(raw.get("occlusion", 1)),
        zoom_in=int(raw.get("zoom_in", 1)),
        landmarks=_read_landmarks(raw.get("landmarks")),
        style=int(raw.get("style", 0)),
    )


def _read_box(raw) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(v) for v in raw)
    if x1 <= x0 or y1 <= y0:
        raise DatasetError(f"bounding_box {list(raw)} has no area")
    return x0, y0, x1, y1


def _read_polygons(raw, width: int, height: int) -> tuple[np.ndarray, ...]:
    polygons = []
    for part in raw:
        points = np.asarray(part, np.float32)
        if points.size % 2 or points.size < 6:
            raise DatasetError(f"a polygon of {points.size / 2:g} points: at least three are needed")
        points = points.reshape(-1, 2)
        if not np.isfinite(points).all() or (points.max(0) < 0).any() or (points.min(0) > (width, height)).any():
            raise DatasetError(f"a polygon lies outside the {width}×{height} picture")
        polygons.append(points)
    if not polygons:
        raise DatasetError("segmentation is empty")
    return tuple(polygons)


def _read_landmarks(raw) -> np.ndarray | None:
    points = np.asarray(raw or [], np.float32)
    return points.reshape(-1, 3) if points.size and points.size % 3 == 0 and points.any() else None
