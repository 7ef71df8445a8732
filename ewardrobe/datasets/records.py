"""One annotated photo in DeepFashion2's layout (Ge et al., CVPR 2019): what its files say, checked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from ewardrobe.core.images import ImageError, upright_size
from ewardrobe.core.masks import mask_box
from ewardrobe.core.photo_folder import PHOTO_SUFFIXES
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORY_IDS, INSTANCE_BY_ID, LABEL_COUNT, LABEL_NAMES, UNKNOWN
from ewardrobe.datasets.polygons import mask_to_polygons, polygons_to_mask

_SUFFIXES = (*PHOTO_SUFFIXES, *map(str.upper, PHOTO_SUFFIXES))
LANDMARK_COUNTS = (25, 33, 31, 39, 15, 15, 10, 14, 8, 29, 37, 19, 19)
"""Number of landmarks of categories 1..13 in DeepFashion2: 294 in all.  Accessories have none."""


Box = tuple[float, float, float, float]
_BOX_AGREES = 0.5
"""IoU of a box and its outline's below which one of the two is wrong."""


class DatasetError(ValueError):
    """A data set, or one record of it, cannot be read; the message says which file and item, and the cure.

    kind: the sort of fault, in a few words, for counting.
    """

    def __init__(self, message: str, kind: str = "unusable data set") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, eq=False)
class Annotation:
    """One annotated garment or accessory (a pair of shoes is one).

    key: ``item1`` …; category_id: 1..13, 16, 17, 19; bbox_xyxy: pixels; polygons: parts, each (P, 2) float32
    ``x y`` in pixels; viewpoint: 1 not worn, 2 frontal, 3 side or back; scale, occlusion, zoom_in: 1..3; landmarks:
    (L, 3) float32 ``x y visibility`` or ``None`` when not labelled; style: 0 = none.
    """

    key: str
    category_id: int
    bbox_xyxy: Box
    polygons: tuple[np.ndarray, ...]
    viewpoint: int
    scale: int
    occlusion: int
    zoom_in: int
    landmarks: np.ndarray | None
    style: int


@dataclass(frozen=True, eq=False)
class Record:
    """One photo with its garments; ``height`` and ``width`` in pixels, ``image_id`` the number in the file's name.

    unlabelled: labels 1..19 that the photo may show without an item.  unlabelled_in_map: labels that its parsing map
    may lack though the photo shows them (without a map: all that items do not tell).  complete: whether every garment
    has its item; one of an incomplete photo may be missing.
    """

    image_path: Path
    image_id: int
    height: int
    width: int
    items: tuple[Annotation, ...]
    parsing_path: Path | None
    source: str
    pair_id: int
    unlabelled: frozenset[int] = frozenset()
    unlabelled_in_map: frozenset[int] = frozenset()
    complete: bool = True

    @property
    def worn(self) -> bool:
        """True when any garment of the photo is worn (viewpoint 2 or 3)."""
        return any(item.viewpoint != 1 for item in self.items)

    def garments_only(self) -> Record:
        """Return this record without its accessories."""
        return replace(self, items=tuple(item for item in self.items if item.category_id in CATEGORY_IDS))


def read_record(annotation: Path, fault: Callable[[DatasetError], None]) -> Record:
    """Read one annotation file; ``fault(error)`` is called for every faulty item or polygon, which is left out.

    A photo of which no garment is annotated is one without garments; ``DatasetError`` where all of them are faulty.
    """
    raw = read_annotation(annotation)
    image_id, pair_id = _number(annotation, annotation.stem, "its name"), _number(annotation, raw.get("pair_id", 0))
    folder = annotation.parent.parent
    photos = (folder / "image" / f"{annotation.stem}{suffix}" for suffix in _SUFFIXES)
    if (image_path := next(filter(Path.is_file, photos), None)) is None:
        photo = folder / "image" / f"{annotation.stem}.jpg"
        raise DatasetError(f"{annotation}: its photo {photo} is missing", "missing photo")
    width, height = _image_size(image_path)
    read = (_read_item(f"{annotation}: {key}", key, raw[key], (width, height), fault) for key in item_keys(raw))
    items = tuple(item for item in read if item is not None)
    if not items and item_keys(raw):
        raise DatasetError(f"{annotation}: no usable garment", "no usable garment")
    parsing = folder / "parsing" / f"{annotation.stem}.png"
    unlabelled, unlabelled_in_map = _unlabelled(annotation, raw, items, parsing.is_file())
    return Record(
        image_path=image_path,
        image_id=image_id,
        height=height,
        width=width,
        items=items,
        parsing_path=parsing if parsing.is_file() else None,
        source=str(raw.get("source", "")),
        pair_id=pair_id,
        unlabelled=unlabelled,
        unlabelled_in_map=unlabelled_in_map,
        complete=raw.get("complete", True) is not False,
    )


def item_mask(item: Annotation, height: int, width: int) -> np.ndarray:
    """Rasterise all polygon parts of ``item`` to (height, width) bool."""
    return polygons_to_mask(item.polygons, height, width)


def item_entry(mask: np.ndarray, category_id: int, viewpoint: int, occlusion: int = 1, zoom_in: int = 1) -> dict | None:
    """Return DeepFashion2's JSON of a garment with a (H, W) bool ``mask``, landmarks not labelled.

    ``None`` for a mask that is too small to be outlined.
    """
    polygons = mask_to_polygons(mask)
    if not polygons:
        return None
    share = mask.mean()
    return {
        "category_id": category_id,
        "category_name": LABEL_NAMES[category_id],
        "bounding_box": list(mask_box(mask)),
        "segmentation": [polygon.ravel().tolist() for polygon in polygons],
        "landmarks": [0] * (3 * landmark_count(category_id)),
        "viewpoint": viewpoint,
        "scale": 1 if share < 0.1 else 2 if share < 0.3 else 3,
        "occlusion": occlusion,
        "zoom_in": zoom_in,
        "style": 0,
    }


def landmark_count(category_id: int) -> int:
    """Return how many landmarks a category has: 0 for accessories."""
    return LANDMARK_COUNTS[category_id - 1] if category_id in CATEGORY_IDS else 0


def read_parsing(path: Path, height: int, width: int) -> np.ndarray:
    """Return the label map of a photo, (height, width) uint8: 0 background, 1..19 labels, 255 unknown.

    A map is a grey PNG, or one with a palette whose indices are the labels (as PASCAL VOC's are).  ``DatasetError``
    for anything else: colours, another size, other values.
    """
    try:
        with Image.open(path) as image:
            mode, labels = image.mode, np.asarray(image)
    except Exception as error:  # whatever a decoder raises
        raise DatasetError(f"{path}: not readable as a label map ({error})", "unreadable label map") from error
    good = mode in ("L", "P") and labels.shape == (height, width)
    if not good or (odd := np.flatnonzero(np.bincount(labels.ravel(), minlength=256)[LABEL_COUNT + 1 : UNKNOWN])).size:
        got = f"mode {mode}, {image.width}×{image.height}" if not good else f"the value {LABEL_COUNT + 1 + odd[0]}"
        raise DatasetError(
            f"{path}: expected a grey or palette {width}×{height} label map with 0..{LABEL_COUNT} or {UNKNOWN}, "
            f"got {got}; make it again or remove it",
            "unusable label map",
        )
    return np.array(labels)


def _unlabelled(
    annotation: Path, raw: dict, items: tuple[Annotation, ...], mapped: bool
) -> tuple[frozenset, frozenset]:
    """Return the labels without items, and those that the label map may lack.

    A file that does not say either knows of accessories, and has them all, or is older than they are: then its label
    map has footwear and bags but no headwear.  The map of a photo that nobody wears tells nothing but the items.
    """
    in_map: frozenset[int] = frozenset()
    if "unlabelled" in raw:
        labels = raw["unlabelled"]
        if not isinstance(labels, list) or any(isinstance(v, bool) or v not in LABEL_NAMES for v in labels):
            raise DatasetError(f"{annotation}: unlabelled is {labels!r}, expected a list of labels 1..19", "bad value")
        said = in_map = frozenset(int(v) for v in labels)
    elif any(item.category_id in ACCESSORY_IDS for item in items):
        said = frozenset()
    else:
        said, in_map = frozenset(ACCESSORY_IDS), frozenset((19,))
    worn = any(item.viewpoint != 1 for item in items)
    return said, in_map if mapped and worn else said | {14, 15, 18}


def item_keys(raw: dict) -> list[str]:
    """Return ``item1``, ``item2`` … of an annotation, in the order of their numbers; ``Item2`` is one as well."""
    return sorted((k for k in raw if re.fullmatch(r"item[0-9]+", k, re.IGNORECASE)), key=lambda k: (len(k), k.lower()))


def level(raw: dict, name: str) -> int:
    """Return ``viewpoint``, ``scale``, ``occlusion`` or ``zoom_in`` of an item, 1..3; nothing and ``null`` are 1."""
    value = raw.get(name)
    if value is None:
        return 1
    if isinstance(value, bool) or value not in (1, 2, 3):
        raise DatasetError(f"{name} is {value!r}, expected 1, 2 or 3", "bad value")
    return int(value)


def _number(annotation: Path, value, what: str = "pair_id") -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise DatasetError(f"{annotation}: {what} is {value!r}, expected a number", "bad value") from None


def read_annotation(path: Path) -> dict:
    """Return the object in an annotation file, UTF-8 with or without a mark; ``DatasetError`` for anything else.

    A key that stands twice is refused: one of the two would be lost without a word.
    """
    try:
        raw = json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_unique)
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}", "key that stands twice") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: not readable as JSON ({error})", "unreadable annotation") from error
    if not isinstance(raw, dict):
        got = type(raw).__name__
        raise DatasetError(f"{path}: expected an object with item1, item2, …, got {got}", "unreadable annotation")
    return raw


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise DatasetError(f"{twice!r} stands twice; give one of them another name")
    return found


def _image_size(path: Path) -> tuple[int, int]:
    """Return width and height as every reader sees them: turned as the orientation says."""
    try:
        height, width = upright_size(path)
    except ImageError as error:
        raise DatasetError(str(error), "unreadable photo") from error
    return width, height


def _read_item(where: str, key: str, raw, size: tuple[int, int], fault: Callable) -> Annotation | None:
    """Return the garment, or ``None``; ``fault`` is told why it, or a polygon of it, is unusable."""
    item: Annotation | None = None
    errors: list[Exception] = []
    try:
        item = _parse_item(key, raw, size, errors)
    except KeyError as error:
        errors.append(DatasetError(f"field {error} is missing", "missing field"))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        errors.append(error)
    for found in errors:
        fault(DatasetError(f"{where}: {found}", getattr(found, "kind", "bad value")))
    return item


def _parse_item(key: str, raw, size: tuple[int, int], errors: list[Exception]) -> Annotation:
    if not isinstance(raw, dict):
        raise DatasetError(f"expected an object, got {type(raw).__name__}", "bad value")
    polygons = _read_polygons(raw["segmentation"], size, errors)
    return Annotation(
        key=key,
        category_id=read_category(raw["category_id"]),
        bbox_xyxy=_checked_box(_read_box(raw["bounding_box"], size), polygons, size, errors),
        polygons=polygons,
        landmarks=_read_landmarks(raw.get("landmarks")),
        style=int(raw.get("style") or 0),
        **{name: level(raw, name) for name in ("viewpoint", "scale", "occlusion", "zoom_in")},
    )


def read_category(raw) -> int:
    """Return ``raw`` as a category id, 1..13, 16, 17 or 19; ``DatasetError`` or ``TypeError`` if it is none."""
    if isinstance(raw, bool) or raw not in INSTANCE_BY_ID:
        raise DatasetError(f"unknown category_id {raw!r}: expected 1..13, 16, 17 or 19", "unknown category")
    return int(raw)


def _read_box(raw, size: tuple[int, int]) -> Box:
    x0, y0, x1, y1 = (float(v) for v in raw)
    if not (x1 > x0 and y1 > y0 and np.isfinite([x0, y0, x1, y1]).all()):
        raise DatasetError(f"bounding_box {list(raw)} has no area: expected x0 y0 x1 y1", "box without area")
    inside = _inside((x0, y0, x1, y1), size)
    if not _area(inside):
        text = f"bounding_box {list(raw)} lies outside the {size[0]}×{size[1]} picture"
        raise DatasetError(text, "box outside the picture")
    return inside


def _checked_box(box: Box, polygons: tuple[np.ndarray, ...], size: tuple[int, int], errors: list[Exception]) -> Box:
    """Return the box, or that of the outline where the two have little in common, which is told."""
    points = np.concatenate(polygons)
    extent = _inside((*points.min(0).tolist(), *(points.max(0) + 1).tolist()), size)
    common = (*np.maximum(box[:2], extent[:2]).tolist(), *np.minimum(box[2:], extent[2:]).tolist())
    shared = _area(common)
    if shared >= _BOX_AGREES * (_area(box) + _area(extent) - shared):
        return box
    text = f"bounding_box {[round(v) for v in box]} is apart from the outline, which fills {[round(v) for v in extent]}"
    errors.append(DatasetError(f"{text}; the outline's is taken", "box apart from its outline"))
    return extent


def _inside(box: Box, size: tuple[int, int]) -> Box:
    (x0, y0, x1, y1), (width, height) = box, size
    return min(max(x0, 0), width), min(max(y0, 0), height), min(max(x1, 0), width), min(max(y1, 0), height)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _read_polygons(raw, size: tuple[int, int], errors: list[Exception]) -> tuple[np.ndarray, ...]:
    polygons = []
    for place, part in enumerate(raw, start=1):
        try:
            polygons.append(_read_polygon(part, size))
        except (TypeError, ValueError, OverflowError) as error:
            errors.append(DatasetError(f"polygon {place}: {error}", getattr(error, "kind", "bad value")))
    if not polygons:
        raise errors.pop() if errors else DatasetError("segmentation holds no polygon", "no usable polygon")
    return tuple(polygons)


def _read_polygon(raw, size: tuple[int, int]) -> np.ndarray:
    points = np.asarray(raw, np.float32)
    if points.size % 2 or points.size < 6:
        raise DatasetError(f"{points.size / 2:g} points: at least three are needed", "polygon of too few points")
    points = points.reshape(-1, 2)
    if not (np.abs(points) < 1e6).all():  # NaN, or beyond any photo: OpenCV's arithmetic overflows not far above
        raise DatasetError("coordinates that are no pixels", "polygon outside the picture")
    pixels = np.round(points)
    if not cv2.contourArea(pixels.astype(np.int32)) and not _has_width(pixels):
        raise DatasetError("a line without width", "polygon without width")
    if (pixels.max(0) < 0).any() or (pixels.min(0) >= size).any():
        raise DatasetError(f"lies outside the {size[0]}×{size[1]} picture", "polygon outside the picture")
    return points


def _has_width(pixels: np.ndarray) -> bool:
    """Tell whether (P, 2) points enclose an area, in whatever direction its parts are walked."""
    centred = pixels - pixels.mean(0)
    return np.linalg.matrix_rank(centred, tol=0.5) > 1


def _read_landmarks(raw) -> np.ndarray | None:
    points = np.asarray(raw or [], np.float32)
    return points.reshape(-1, 3) if points.size and points.size % 3 == 0 and points.any() else None
