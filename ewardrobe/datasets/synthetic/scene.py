"""Whole photos: one garment laid flat, or a dressed person, with exact masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ewardrobe.core.taxonomy import ACCESSORY_IDS, category
from ewardrobe.datasets.polygons import SPECK
from ewardrobe.datasets.synthetic import surfaces
from ewardrobe.datasets.synthetic.accessories import hanger
from ewardrobe.datasets.synthetic.body import flat_figure
from ewardrobe.datasets.synthetic.fabric import Fabric, Rgb, make_fabric, plain_fabric
from ewardrobe.datasets.synthetic.garments import Zones, garment_parts, parts_of
from ewardrobe.datasets.synthetic.geometry import BodyView
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.styles import Style, random_style

SKIN, HAIR, FOOTWEAR, BAG, OTHER, HEADWEAR = 14, 15, 16, 17, 18, 19


@dataclass(frozen=True)
class SyntheticPhoto:
    """A rendered photo and its truth.

    image: (H, W, 3) uint8 RGB.  items: one dict a garment: ``category_id`` 1..13, ``mask`` (H, W) bool of the visible
    pixels, ``colour`` (palette name), ``rgb``, ``pattern``, ``material``, ``occlusion`` 1..3, ``zoom_in`` 1..3.
    parsing: (H, W) uint8, 0 background, 1..13 garments, 14 skin, 15 hair, 16 footwear, 17 bag, 18 other.
    viewpoint: DeepFashion2's 1 = not worn, 2 = worn from the front.
    """

    image: np.ndarray
    items: list[dict]
    parsing: np.ndarray
    viewpoint: int


@dataclass
class GarmentSpec:
    """One garment to draw: category, and what is None is drawn at random (fabric: keywords of ``make_fabric``)."""

    category_id: int
    fabric: dict = field(default_factory=dict)
    style: Style | None = None


def render_flat_lay(
    category_id: int,
    seed: int,
    size: tuple[int, int] = (480, 360),
    *,
    wear: GarmentSpec | None = None,
    surface: str | None = None,
    surface_colour: Rgb | None = None,
    angle: float | None = None,
    calm: bool = False,
) -> SyntheticPhoto:
    """Draw a garment of ``category_id`` (1..13) lying on a surface or on a hanger; the same seed, the same photo.

    size: height and width in pixels, at least 32 each.  What is None is drawn at random: wear (fabric and cut), surface
    (a key of ``surfaces.SURFACES``) and its RGB colour, angle in degrees clockwise.  calm: centred, no noise or blur.
    """
    check_size(size)
    rng = np.random.default_rng((seed, 1))
    wear = wear or GarmentSpec(category_id)
    fig, style = flat_figure(rng), wear.style or random_style(category_id, rng)
    hung = surface is None and category(category_id).slot != "bottom" and rng.random() < 0.2
    kinds, odds = list(surfaces.SURFACES), np.array([0.26, 0.12, 0.22, 0.07, 0.11, 0.11, 0.07, 0.04])
    kind = surface or ("wall" if hung else str(rng.choice(kinds, p=odds)))
    turn = angle if angle is not None else rng.normal(0, 2) if hung else _any_angle(rng)
    outlines = garment_parts(category_id, style, fig, plain_fabric((0, 0, 0), rng), np.random.default_rng(0), True)
    view = _fit(outlines, size, np.radians(turn), 0.84 if calm else rng.uniform(0.7, 0.95), rng, 0.0 if calm else 0.8)
    canvas = Canvas(surfaces.surface(kind, size, rng, surface_colour), rng, light=rng.uniform(0.75, 1.15))
    fabric = make_fabric(rng, view.scale, **fabric_wishes(wear, rng))
    zones = garment_parts(category_id, style, fig, fabric, rng, True)
    if hung:
        canvas.paint(hanger(fig), plain_fabric((150, 112, 76), rng), view, 0)
    canvas.paint(parts_of(zones, "back legs arm-1 arm1 torso"), fabric, view, category_id, 1)
    return finish_photo(canvas, [(category_id, fabric)], viewpoint=1, zoom=1, rng=rng, calm=calm)


def _any_angle(rng) -> float:
    kind = rng.random()
    if kind < 0.6:
        return rng.normal(0, 6)
    return rng.choice([90, 180, 270]) + rng.normal(0, 8) if kind < 0.75 else rng.uniform(0, 360)


def fabric_wishes(wear: GarmentSpec, rng) -> dict:
    """Keywords for ``make_fabric``: those of ``wear``, else what such garments are usually made of."""
    number = wear.category_id
    if wear.fabric or number not in (3, 4, 7, 8, 9):
        return wear.fabric
    if number in (7, 8, 9) and rng.random() < 0.4:
        return {"material": "denim"}
    if number in (3, 4, 8) and rng.random() < 0.6:
        return {"pattern": "solid"}
    if number == 9:
        return {"patterns": ("solid", "checked", "floral", "dotted", "striped")}
    return {"patterns": ("solid", "solid", "striped", "checked", "dotted")}


def _fit(zones: Zones, size, angle, fill, rng, shift) -> BodyView:
    """The view that turns by ``angle`` and lets the garment fill ``fill`` of the picture, shifted within the rest."""
    points = np.vstack([p.outline for parts in zones.values() for p in parts])
    turned = BodyView(1.0, (0, 0), angle)(points)
    low, high = turned.min(0), turned.max(0)
    scale = fill * min(size[1] / (high[0] - low[0]), size[0] / (high[1] - low[1]))
    slack = np.maximum(np.array(size[::-1]) - (high - low) * scale, 0) / 2
    centre = np.array(size[::-1]) / 2 + rng.uniform(-shift, shift, 2) * slack - (low + high) / 2 * scale
    return BodyView(float(scale), tuple(centre), angle)


def finish_photo(
    canvas: Canvas,
    worn: Sequence[tuple[int, Fabric]],
    viewpoint: int,
    zoom: int,
    rng: np.random.Generator,
    calm: bool = False,
) -> SyntheticPhoto:
    """Finish the picture and cut the masks out of the item map."""
    items, parsing = [], canvas.labels.copy()
    for label in ACCESSORY_IDS:
        _outlined(canvas.labels == label, parsing)
    for index, (category_id, fabric) in enumerate(worn, 1):
        mask = _outlined(canvas.items == index, parsing)
        if not mask.any():
            continue
        names = {"colour": fabric.name, "rgb": fabric.colour, "pattern": fabric.pattern, "material": fabric.material}
        truth = {"category_id": category_id, "mask": mask, "occlusion": 1 if viewpoint == 1 else 2, "zoom_in": zoom}
        items.append(truth | names)
    tint = 1 + rng.normal(0, 0.0 if calm else 0.025, 3)
    noise, blur = (1.2, 0.0) if calm else (rng.uniform(0.5, 5), rng.choice([0, 0, 0.5, 0.8]))
    image = canvas.finish(noise, rng.uniform(0.05, 0.2), tint * (1 if calm else rng.uniform(0.85, 1.08)), float(blur))
    return SyntheticPhoto(image, items, parsing, viewpoint)


def _outlined(mask: np.ndarray, parsing: np.ndarray) -> np.ndarray:
    """Return ``mask`` without the parts that are too small to be outlined, which become "other" in ``parsing``."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    kept = mask.astype(np.uint8)
    cv2.drawContours(kept, [c for c in contours if cv2.contourArea(c) < SPECK], -1, 0, cv2.FILLED)
    kept = kept.astype(bool) & (kept.mean() >= 0.0015)  # what is hardly seen is not annotated
    parsing[mask & ~kept] = OTHER
    return kept


def check_size(size: Sequence[int]) -> None:
    """Refuse picture sizes that are not (height, width) of at least 32 pixels each with a ``ValueError``."""
    if len(size) != 2 or min(size) < 32:
        raise ValueError(
            f"size: expected (height, width) of at least 32 pixels each, got {tuple(size)}; ask for e.g. (480, 360)"
        )
