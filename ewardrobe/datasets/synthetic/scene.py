"""Whole photos: one garment laid flat, or a dressed person, with exact masks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from ewardrobe.datasets.synthetic import backgrounds
from ewardrobe.datasets.synthetic.accessories import bag_parts, extras, hanger
from ewardrobe.datasets.synthetic.body import (
    HAIR_COLOURS,
    SIDES,
    SKIN_TONES,
    Figure,
    arm_parts,
    flat_figure,
    leg_part,
    random_build,
    random_pose,
    shoe_part,
    trunk,
)
from ewardrobe.datasets.synthetic.fabric import Fabric, make_fabric, pick_colour
from ewardrobe.datasets.synthetic.garments import Zones, garment_parts
from ewardrobe.datasets.synthetic.geometry import View, along
from ewardrobe.datasets.synthetic.head import HAIRSTYLES, hair_back, hair_front, head_parts
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.styles import Style, random_style
from ewardrobe.taxonomy import category

SKIN, HAIR, FOOTWEAR, BAG, OTHER = 14, 15, 16, 17, 18
FRAMINGS = ("whole", "half", "close")
_LEAST = 0.0015
"""A garment of which less than this share of the picture is seen is not annotated; its pixels become "other"."""


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
class Wear:
    """One garment to draw: category, and what is None is drawn at random (fabric: keywords of ``make_fabric``)."""

    category_id: int
    fabric: dict = field(default_factory=dict)
    style: Style | None = None


@dataclass
class Look:
    """A person: None fields are drawn at random."""

    skin: tuple[int, int, int] | None = None
    hair: tuple[int, int, int] | None = None
    hairstyle: str | None = None
    hair_length: float | None = None
    shoes: str | None = None
    shoe_colour: tuple[int, int, int] | None = None
    bag: str | None = None
    extra: str | None = None


def paint_fabric(colour, rng) -> Fabric:
    """A plain surface (skin, hair, leather) of one colour, uint8 RGB."""
    tile = np.empty((16, 16, 3), np.uint8)
    tile[:] = np.clip(np.array(colour) + rng.normal(0, 1.2, (16, 16, 1)), 0, 255)
    return Fabric(tuple(int(c) for c in colour), "", "solid", "plain", tile)


def render_flat_lay(category_id: int, seed: int, size: tuple[int, int] = (480, 360), *, wear: Wear | None = None, surface: str | None = None,
                    surface_colour=None, angle: float | None = None) -> SyntheticPhoto:  # fmt: skip
    """Draw a garment of ``category_id`` (1..13) lying on a surface or on a hanger; the same seed, the same photo.

    size: height and width in pixels, at least 32 each.  angle: degrees clockwise; drawn at random when None.
    """
    _check_size(size)
    rng = np.random.default_rng((seed, 1))
    wear = wear or Wear(category_id)
    fig, style = flat_figure(rng), wear.style or random_style(category_id, rng)
    hung = surface is None and category(category_id).slot != "bottom" and rng.random() < 0.2
    kinds, odds = list(backgrounds.SURFACES), np.array([0.26, 0.12, 0.26, 0.12, 0.12, 0.08, 0.04])
    kind = surface or ("wall" if hung else str(rng.choice(kinds, p=odds)))
    turn = angle if angle is not None else rng.normal(0, 2) if hung else _any_angle(rng)
    outlines = garment_parts(category_id, style, fig, paint_fabric((0, 0, 0), rng), np.random.default_rng(0), True)
    view = _fit(outlines, size, np.radians(turn), rng.uniform(0.7, 0.95), rng)
    canvas = Canvas(backgrounds.surface(kind, size, rng, surface_colour), rng, light=rng.uniform(0.75, 1.15))
    fabric = make_fabric(rng, view.scale, **_fabric_wishes(wear, rng))
    zones = garment_parts(category_id, style, fig, fabric, rng, True)
    if hung:
        _paint(canvas, hanger(fig), paint_fabric((150, 112, 76), rng), view, 0)
    _paint_zones(canvas, zones, ("back", "legs", "arm-1", "arm1", "torso"), fabric, view, category_id, 1)
    return _photo(canvas, [(category_id, fabric)], viewpoint=1, zoom=1, rng=rng)


def _any_angle(rng) -> float:
    kind = rng.random()
    return float(
        rng.normal(0, 6)
        if kind < 0.6
        else rng.choice([90, 180, 270]) + rng.normal(0, 8)
        if kind < 0.75
        else rng.uniform(0, 360)
    )


def _fabric_wishes(wear: Wear, rng) -> dict:
    wishes = dict(wear.fabric)
    if not wishes and wear.category_id in (7, 8, 9) and rng.random() < 0.4:
        wishes["material"] = "denim"
    if not wishes and wear.category_id in (3, 4, 7, 8, 9):
        wishes["patterns"] = (
            ("solid", "solid", "striped", "checked", "dotted")
            if wear.category_id != 9
            else ("solid", "checked", "floral", "dotted", "striped")
        )
        if wear.category_id in (3, 4, 8) and rng.random() < 0.6:
            wishes["pattern"] = "solid"
    return wishes


def _fit(zones: Zones, size, angle, fill, rng) -> View:
    """The view that turns by ``angle`` and lets the garment fill ``fill`` of the picture, shifted within the rest."""
    points = np.vstack([p.outline for parts in zones.values() for p in parts])
    turned = View(1.0, (0, 0), angle)(points)
    low, high = turned.min(0), turned.max(0)
    scale = fill * min(size[1] / (high[0] - low[0]), size[0] / (high[1] - low[1]))
    slack = np.maximum(np.array(size[::-1]) - (high - low) * scale, 0) / 2
    centre = np.array(size[::-1]) / 2 + rng.uniform(-0.8, 0.8, 2) * slack - (low + high) / 2 * scale
    return View(float(scale), tuple(centre), angle)


def _paint(canvas, parts, fabric, view, label, item=0) -> None:
    for part in parts:
        canvas.paint(part, fabric, view, label, item)


def _paint_zones(canvas, zones, names, fabric, view, label, item) -> None:
    for name in names:
        _paint(canvas, zones.get(name, ()), fabric, view, label, item)


def _photo(canvas, worn, viewpoint, zoom, rng, calm=False) -> SyntheticPhoto:
    """Finish the picture and cut the masks out of the item map."""
    items, parsing, whole = [], canvas.labels.copy(), canvas.items
    for index, (category_id, fabric) in enumerate(worn, 1):
        mask = whole == index
        if mask.mean() < _LEAST:
            parsing[mask] = OTHER
            continue
        facts = {"colour": fabric.name, "rgb": fabric.colour, "pattern": fabric.pattern, "material": fabric.material}
        items.append(
            {
                "category_id": category_id,
                "mask": mask,
                "occlusion": 1 if viewpoint == 1 else 2,
                "zoom_in": zoom,
                **facts,
            }
        )
    tint = 1 + rng.normal(0, 0.0 if calm else 0.025, 3)
    noise, blur = (1.2, 0.0) if calm else (rng.uniform(0.5, 5), rng.choice([0, 0, 0.5, 0.8]))
    image = canvas.finish(noise, rng.uniform(0.05, 0.2), tint * (1 if calm else rng.uniform(0.85, 1.08)), float(blur))
    return SyntheticPhoto(image, items, parsing, viewpoint)


def random_outfit(rng: np.random.Generator) -> tuple[int, ...]:
    """Draw the category ids worn together, the innermost first; rare categories come often enough to be learnt."""
    kind = rng.random()
    inner = (int(rng.choice([10, 11, 12, 13], p=[0.3, 0.22, 0.26, 0.22])),)
    if kind > 0.36:
        inner = (
            int(rng.choice([7, 8, 9], p=[0.25, 0.5, 0.25])),
            int(rng.choice([1, 2, 5, 6], p=[0.33, 0.31, 0.18, 0.18])),
        )
    return (*inner, int(rng.choice([3, 4], p=[0.42, 0.58]))) if rng.random() < 0.36 else inner


def render_person(category_ids, seed: int, size: tuple[int, int] = (480, 360), *, framing: str | None = None, wears=None, look: Look | None = None,
                  pose=None, build=None, background: np.ndarray | None = None, calm: bool = False) -> SyntheticPhoto:  # fmt: skip
    """Draw a standing person who wears ``category_ids`` (innermost first); the same arguments, the same photo.

    framing: "whole", "half" (webcam) or "close".  wears: ``Wear`` objects instead of the ids.  calm: no noise, blur or cast.
    background: (H, W, 3) uint8 instead of a drawn room or street.
    """
    _check_size(size)
    rng = np.random.default_rng((seed, 2))
    wears = list(wears) if wears is not None else [Wear(int(c)) for c in category_ids]
    framing = framing or str(rng.choice(FRAMINGS, p=(0.5, 0.33, 0.17)))
    fig = Figure(build or random_build(rng), pose or random_pose(rng))
    view = person_view(size, framing, rng)
    floor = view(np.array([[0.0, 6.35]]))[0, 1]
    back = background if background is not None else _behind(size, floor - rng.uniform(0.1, 0.9) * view.scale, rng)
    canvas = Canvas(back, rng, light=rng.uniform(0.75, 1.15))
    worn = draw_person(canvas, wears, look or Look(), fig, view, rng)
    return _photo(canvas, worn, viewpoint=2, zoom=1 + FRAMINGS.index(framing), rng=rng, calm=calm)


def person_view(size, framing: str, rng: np.random.Generator) -> View:
    """Where the body stands: ``whole`` from head to foot, ``half`` to the hips, ``close`` the trunk."""
    h, w = size
    if framing == "whole":
        scale = min(h / 8.1, w / 3.3) * rng.uniform(0.86, 0.98)
        return View(
            scale,
            (w * (0.5 + rng.uniform(-0.12, 0.12)), h - 6.62 * scale - rng.uniform(0, max(h - 8.2 * scale, 0))),
            rng.normal(0, 0.015),
        )
    scale = {"half": h / rng.uniform(3.4, 5.2), "close": h / rng.uniform(2.3, 3.3)}[framing]
    top = {"half": 1.35 + rng.uniform(0.05, 0.4), "close": rng.uniform(0.2, 1.4)}[framing]
    return View(scale, (w * (0.5 + rng.uniform(-0.12, 0.12)), top * scale), rng.normal(0, 0.02))


def _behind(size, floor, rng) -> np.ndarray:
    kind = rng.random()
    if kind < 0.55:
        return backgrounds.room(size, floor, rng)
    return backgrounds.street(size, floor, rng) if kind < 0.88 else backgrounds.studio(size, rng)


def draw_person(
    canvas: Canvas, wears: list[Wear], look: Look, fig: Figure, view: View, rng
) -> list[tuple[int, Fabric]]:
    """Paint body and clothes from back to front; return category and fabric of each garment, in item order 1, 2, …"""
    pick = lambda value, options: value if value is not None else options[rng.integers(len(options))]  # noqa: E731
    skin = paint_fabric(np.clip(np.array(pick(look.skin, SKIN_TONES)) + rng.normal(0, 4, 3), 0, 255), rng)
    hair = paint_fabric(pick(look.hair, HAIR_COLOURS), rng)
    style, length = pick(look.hairstyle, HAIRSTYLES[:-1] * 3 + HAIRSTYLES[-1:]), pick(look.hair_length, (0.2, 0.5, 0.9))
    clothes = []
    for item, wear in enumerate(wears, 1):
        fabric = make_fabric(rng, view.scale, **_fabric_wishes(wear, rng))
        cut = wear.style or random_style(wear.category_id, rng)
        zones = garment_parts(wear.category_id, cut, fig, fabric, rng, False)
        clothes.append((wear.category_id, fabric, zones, item))
    clothes.sort(key=lambda c: ("bottom", "top", "dress", "outer").index(category(c[0]).slot))
    put = lambda zone: [_paint_zones(canvas, z, (zone,), f, view, c, i) for c, f, z, i in clothes]  # noqa: E731
    _ground_shadow(canvas, fig, view)
    put("back")
    _paint(canvas, hair_back(fig, style, length), hair, view, HAIR)
    _draw_legs(canvas, fig, view, look, skin, rng)
    _paint(canvas, [p for s in SIDES for p in arm_parts(fig, s)], skin, view, SKIN)
    _paint(canvas, [trunk(fig)], skin, view, SKIN)
    _draw_clothes(canvas, clothes, view, tucked=rng.random() < 0.3)
    extra = (
        look.extra
        if look.extra is not None
        else str(rng.choice(["none", "none", "none", "glasses", "scarf", "beanie", "necklace"]))
    )
    bag = (
        look.bag
        if look.bag is not None
        else str(rng.choice(["none", "none", "none", "crossbody", "tote", "hand", "straps"]))
    )
    leather, knit = (
        paint_fabric(pick_colour(rng)[1], rng),
        make_fabric(rng, view.scale, material="knit", patterns=("solid", "striped", "checked")),
    )
    bag = "none" if bag == "hand" and abs(fig.pose.arms[1][1]) > 35 else bag
    _paint(canvas, extras(fig, "scarf" if extra == "scarf" else "none"), knit, view, OTHER)
    if bag in ("crossbody", "straps"):
        _paint(canvas, bag_parts(fig, bag), leather, view, BAG)
    _paint(canvas, head_parts(fig, rng), skin, view, SKIN)
    _paint(canvas, hair_front(fig, style, rng, length), hair, view, HAIR)
    _paint(
        canvas, extras(fig, extra if extra != "scarf" else "none"), knit if extra == "beanie" else leather, view, OTHER
    )
    if bag in ("tote", "hand"):
        _paint(canvas, bag_parts(fig, bag), leather, view, BAG)
    for side in SIDES:
        if not fig.pose.behind[(side + 1) // 2]:
            _draw_forearm(canvas, clothes, fig, side, skin, view)
    order = {i: (c, f) for c, f, _, i in clothes}
    return [order[i] for i in sorted(order)]


def _draw_clothes(canvas, clothes, view, tucked) -> None:
    """Layer by layer: a garment's sleeves, then its trunk over their beginning; a tucked top goes under the bottom."""
    bottoms = [c for c in clothes if "legs" in c[2]]
    uppers = [c for c in clothes if "legs" not in c[2]]
    layers = [*uppers[:1], *bottoms, *uppers[1:]] if tucked else [*bottoms, *uppers]
    for category_id, fabric, zones, item in layers:
        _paint_zones(canvas, zones, ("legs", "arm-1", "arm1", "torso"), fabric, view, category_id, item)


def _draw_forearm(canvas, clothes, fig, side, skin, view) -> None:
    """Once more from above the elbow on: there an arm is in front of the trunk."""
    axis = fig.arm(side, fig.build.arm)
    reveal = tuple(along(axis, [0.475, 0.53]))
    limb, *hands = arm_parts(fig, side)
    _paint(canvas, [replace(limb, reveal=reveal), *hands], skin, view, SKIN)
    for category_id, fabric, zones, item in clothes:
        parts = [replace(p, reveal=reveal) for p in zones.get(f"arm{side}", ()) if p.role != "short sleeve"]
        _paint(canvas, parts, fabric, view, category_id, item)


def _draw_legs(canvas, fig, view, look, skin, rng) -> None:
    kind = look.shoes or str(rng.choice(["sneaker", "sneaker", "boot", "pump", "bare"], p=[0.3, 0.2, 0.2, 0.2, 0.1]))
    colour = look.shoe_colour or pick_colour(rng, ("black", "white", "brown", "navy", "red", "grey", "beige"))[1]
    shoe = paint_fabric(colour, rng)
    tights = kind != "bare" and look.shoes is None and rng.random() < 0.12
    cover = paint_fabric(pick_colour(rng, ("black", "black", "grey", "navy", "red"))[1], rng) if tights else skin
    for side in SIDES:
        _paint(canvas, [leg_part(fig, side)], cover, view, OTHER if tights else SKIN)
        for part in shoe_part(fig, side, kind):
            body = kind == "bare" or part.role == "vamp"
            canvas.paint(part, cover if body else shoe, view, (OTHER if tights else SKIN) if body else FOOTWEAR)


def _ground_shadow(canvas, fig, view) -> None:
    import cv2

    feet = view(np.array([fig.leg(s)[2] + (0.05 * s, 0.42) for s in SIDES]))
    h, w = canvas.labels.shape
    if feet[:, 1].min() > h + view.scale:
        return
    k, shade = 8, np.zeros((h // 8 + 1, w // 8 + 1), np.float32)
    centre, radii = feet.mean(0) / k, (np.ptp(feet[:, 0]) / 2 + 0.75 * view.scale, 0.28 * view.scale)
    cv2.ellipse(shade, tuple(int(v) for v in centre), tuple(max(1, int(r / k)) for r in radii), 0, 0, 360, 0.5, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), max(0.14 * view.scale / k, 0.8))
    canvas.rgb *= 1 - cv2.resize(shade, (w, h))[..., None]


def _check_size(size) -> None:
    if len(size) != 2 or min(size) < 32:
        raise ValueError(
            f"size: expected (height, width) of at least 32 pixels each, got {tuple(size)}; ask for e.g. (480, 360)"
        )
