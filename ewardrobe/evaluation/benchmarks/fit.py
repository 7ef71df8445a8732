"""How well a garment fits the person: drawn region against what is truly worn, and what it wrongly covers or leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_image, scale_to
from ewardrobe.core.masks import mask_box, mask_iou
from ewardrobe.core.taxonomy import category
from ewardrobe.datasets import synthetic
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.records import item_mask, read_parsing
from ewardrobe.evaluation.benchmarks.clips import SIZE, in_frame
from ewardrobe.models import Parser, Segmenter
from ewardrobe.tryon.compositor import ComposedState, Look, compose, drawn_alpha
from ewardrobe.tryon.garment import WearableGarment, prepare
from ewardrobe.tryon.motion import IDENTITY
from ewardrobe.tryon.scene import Scene, as_worn, read_scene
from ewardrobe.tryon.session import SIZES

INPUT_PX, LONG_SIDE = SIZES["balanced"], 640
SKIN, HAIR = 14, 15
TIMED = 15
"""Cases of which the time counts, after three that warm up."""

MIN_SHARE = 0.02
"""Garments that fill less of the photo are not judged."""


@dataclass(frozen=True, eq=False)
class FitCase:
    """A photo with one worn garment's truth: image RGB uint8, mask (H, W) bool, parsing (H, W) uint8 labels."""

    image: np.ndarray
    mask: np.ndarray
    parsing: np.ndarray
    category_id: int


@lru_cache(maxsize=16)
def garment_of(category_id: int) -> WearableGarment:
    """Return a drawn garment of a category, ready to be worn."""
    photo = synthetic.render_flat_lay(category_id, seed=3, angle=0.0)
    mask = photo.items[0]["mask"]
    x0, y0, x1, y1 = mask_box(mask)
    part = np.s_[y0:y1, x0:x1]
    return prepare(np.dstack([photo.image[part], mask[part].astype(np.uint8) * 255]), category_id)


def data_set_cases(root: Path, split: str, photos: int) -> Iterator[FitCase]:
    """Yield the worn garments of up to ``photos`` photos of a data set in DeepFashion2's layout that has parsings."""
    seen = 0
    for record in DeepFashion2(root, split).records():
        if seen >= photos or record.parsing_path is None or not record.worn:
            continue
        seen += 1
        image = load_image(record.image_path, max_side=None)
        parsing = read_parsing(record.parsing_path, *image.shape[:2])
        for item in record.items:
            mask = item_mask(item, *image.shape[:2])
            yield _reduced(image, mask, parsing, item.category_id)


def rendered_cases(photos: int) -> Iterator[FitCase]:
    """Yield the garments of ``photos`` drawn persons."""
    for seed in range(photos):
        outfit = synthetic.random_outfit(np.random.default_rng(seed))
        photo = synthetic.render_person(outfit, seed=seed)
        for item in photo.items:
            yield _reduced(photo.image, item["mask"], photo.parsing, item["category_id"])


def _reduced(image: np.ndarray, mask: np.ndarray, parsing: np.ndarray, category_id: int) -> FitCase:
    small = scale_to(image, LONG_SIDE)
    size = small.shape[1::-1]
    labels = cv2.resize(parsing, size, interpolation=cv2.INTER_NEAREST)
    soft = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return FitCase(small, soft > 0.5, labels, category_id)


def speed_quality(models: Mapping[str, Segmenter], parser: Parser, cases: Sequence[FitCase]) -> list[dict]:
    """Return for every model and size: model, size, frame_ms (median of models and composition one after the other)
    and fit_iou over ``cases``.

    models: by name; parser: the U-Net.  The others see a picture at the size of their training, whatever this one is.
    """
    if not cases:
        return []
    table = []
    for name, segmenter in models.items():
        for size in SIZES.values():
            seen_by = as_live(segmenter, parser, size)
            fits, ms = [], []
            for number, case in enumerate(cases):
                start = time.perf_counter()
                scene = read_scene(case.image, *seen_by, frame_id=0, time=0.0, size=size)
                compose(case.image, ComposedState(scene, IDENTITY), look_of(case.category_id))
                ms += [1000 * (time.perf_counter() - start)] if number < TIMED + 3 else []
                fits.append(judged(case, scene)[0])
            row = {"model": name, "size": size, "frame_ms": float(np.median(ms[3:] or ms))}
            table.append(row | {"fit_iou": float(np.mean(fits))})
    return table


def as_live(segmenter: Segmenter, parser: Parser, size: int = INPUT_PX) -> tuple[Segmenter, Parser]:
    """Return the model and the parser as a live session asks them: the U-Net at ``size``, once a frame."""
    small = parser.at(size)
    return (small if segmenter is parser else segmenter), small


def look_of(category_id: int) -> Look:
    """Return a drawn garment of a category, to be worn over the one in a picture."""
    return Look("wear", {category(category_id).slot: garment_of(category_id)})


FIGURES = ("fit_iou", "wrongly_covered", "old_showing", "undressed")


def fit_quality(cases: Sequence[FitCase], segmenter: Segmenter, parser: Parser) -> dict:
    """Return ``FIGURES`` with the models' masks: of ``cases``, of the same ``…_standing`` (see `standing`), and
    ``…_true_masks`` of ``cases`` with the true masks (what warp and composition alone cost); and how many garments.

    A garment of the worn one's category is drawn over it.  wrongly_covered: share of the true skin and hair pixels
    within the garment's surroundings that are covered; old_showing: share of the worn garment that still shows;
    undressed: share of the garments over which nothing is drawn.  ``None`` without cases.
    """

    def seen(case: FitCase) -> Scene:
        return read_scene(case.image, segmenter, parser, frame_id=0, time=0.0, size=INPUT_PX)

    large = [case for case in cases if case.mask.mean() >= MIN_SHARE]
    whole = [standing(case) for case in large]
    return (
        _means([judged(case, seen(case)) for case in large])
        | _means([judged(case, seen(case)) for case in whole], "_standing")
        | _means([judged(case, _true(case)) for case in large], "_true_masks")
        | {"garments": len(large)}
    )


def _means(rows: Sequence[tuple[float, ...]], suffix: str = "") -> dict:
    means = np.nanmean(np.array(rows, float), axis=0).tolist() if rows else [None] * len(FIGURES)
    return {f"{name}{suffix}": value for name, value in zip(FIGURES, means, strict=True)}


def standing(case: FitCase) -> FitCase:
    """Return the photo as a camera's 640×480 frame that shows it in its whole height, its blurred self around it.

    Most photos of a worn garment are upright and show the whole person: in a camera's picture that person is small.
    """
    (height, width), (rows, cols) = case.mask.shape, SIZE
    scale = min(cols / width, rows / height)
    image, motion = in_frame(case.image, scale, ((cols - scale * width) / 2, (rows - scale * height) / 2))
    soft = cv2.warpAffine(case.mask.astype(np.float32), motion, (cols, rows))
    labels = cv2.warpAffine(case.parsing, motion, (cols, rows), flags=cv2.INTER_NEAREST)
    return FitCase(image, soft > 0.5, labels, case.category_id)


def _true(case: FitCase) -> Scene:
    """Return the scene that perfect models would have seen."""
    scale = INPUT_PX / max(case.mask.shape)
    size = round(case.mask.shape[1] * scale), round(case.mask.shape[0] * scale)
    mask = cv2.resize(case.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    front = np.isin(case.parsing, (SKIN, HAIR)).astype(np.float32)
    one = as_worn(case.category_id, 1.0, mask, case.mask.shape)
    worn = {one.slot: one} if one else {}
    small = cv2.resize(front, size, interpolation=cv2.INTER_AREA)
    return Scene(0, 0.0, case.mask.shape, small, Detections.empty(size[1], size[0]), worn)


def judged(case: FitCase, scene: Scene) -> tuple[float, ...]:
    """Return ``FIGURES`` of one case, wrongly_covered as NaN where no skin is nearby, see `fit_quality`."""
    drawn = drawn_alpha(ComposedState(scene, IDENTITY), look_of(case.category_id), case.image) > 0.5
    near = cv2.dilate(case.mask.astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    bare = np.isin(case.parsing, (SKIN, HAIR)) & near
    covered = float((drawn & bare).sum() / bare.sum()) if bare.sum() > 50 else float("nan")
    return (
        mask_iou(drawn, case.mask),
        covered,
        float((case.mask & ~drawn).sum() / case.mask.sum()),
        float(not drawn.any()),
    )
