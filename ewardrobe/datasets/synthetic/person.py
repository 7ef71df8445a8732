"""People in clothes: body, layers and things in front, painted from back to front."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ewardrobe.core.taxonomy import category
from ewardrobe.datasets.synthetic import backgrounds, body
from ewardrobe.datasets.synthetic.accessories import bag_parts, extras
from ewardrobe.datasets.synthetic.body import SIDES, Figure, Pose
from ewardrobe.datasets.synthetic.fabric import Fabric, Rgb, make_fabric, pick_colour, plain_fabric, rgb_colours
from ewardrobe.datasets.synthetic.garments import Zones, garment_parts, parts_of
from ewardrobe.datasets.synthetic.geometry import BodyView, DrawnPart, ellipse
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.scene import (
    BAG,
    FOOTWEAR,
    HAIR,
    HEADWEAR,
    OTHER,
    SKIN,
    GarmentSpec,
    SyntheticPhoto,
    check_size,
    fabric_wishes,
    finish_photo,
)
from ewardrobe.datasets.synthetic.styles import Style, random_style

SKIN_TONES = rgb_colours("f4d4be e8bea0 d6a684 ba8664 926246 644230 462e24")
HAIR_COLOURS = rgb_colours("1c1818 34241c 563a26 7a5432 bc965c d6ba84 8c4228 969492")
FRAMINGS = ("whole", "half", "close")
_INWARDS = ("bottom", "top", "dress", "outer")


@dataclass(frozen=True)
class PersonSpec:
    """A person apart from the clothes; empty fields are drawn at random.

    skin, hair, shoe_colour: RGB.  hairstyle: one of ``HAIRSTYLES``.  hair_length: up to 1.  shoes: sneaker, boot, pump
    or bare.  bag: none, crossbody, tote, hand or straps.  extra: none, glasses, scarf, beanie or necklace.
    """

    skin: Rgb = ()
    hair: Rgb = ()
    hairstyle: str = ""
    hair_length: float = 0.0
    shoes: str = ""
    shoe_colour: Rgb = ()
    bag: str = ""
    extra: str = ""


@dataclass(frozen=True)
class _Garment:
    category_id: int
    fabric: Fabric
    zones: Zones
    item: int

    @property
    def slot(self) -> str:
        return category(self.category_id).slot

    def paint(self, canvas: Canvas, view: BodyView, parts: Iterable[DrawnPart]) -> None:
        canvas.paint(parts, self.fabric, view, self.category_id, self.item)


def random_outfit(rng: np.random.Generator) -> tuple[int, ...]:
    """Draw the category ids worn together, the innermost first; rare categories come often enough to be learnt."""
    kind = rng.random()
    inner: tuple[int, ...] = (int(rng.choice([10, 11, 12, 13], p=[0.3, 0.22, 0.26, 0.22])),)
    if kind > 0.36:
        bottom, top = rng.choice([7, 8, 9], p=[0.25, 0.5, 0.25]), rng.choice([1, 2, 5, 6], p=[0.33, 0.31, 0.18, 0.18])
        inner = (int(bottom), int(top))
    return (*inner, int(rng.choice([3, 4], p=[0.42, 0.58]))) if rng.random() < 0.36 else inner


def render_person(
    category_ids: Sequence[int],
    seed: int,
    size: tuple[int, int] = (480, 360),
    *,
    framing: str | None = None,
    wears: list[GarmentSpec] | None = None,
    look: PersonSpec | None = None,
    pose: Pose | None = None,
) -> SyntheticPhoto:
    """Draw a standing person who wears ``category_ids`` (1..13); the same arguments, the same photo.

    size: height and width in pixels.  framing: "whole", "half" (webcam) or "close".  wears: ``GarmentSpec`` objects
    instead of the ids.  Items keep the order of ``category_ids``; a garment that is hardly seen is left out.
    """
    check_size(size)
    rng = np.random.default_rng((seed, 2))
    wears = list(wears) if wears is not None else [GarmentSpec(int(c)) for c in category_ids]
    framing = framing or str(rng.choice(FRAMINGS, p=(0.5, 0.33, 0.17)))
    fig = Figure(body.random_build(rng), pose or body.random_pose(rng))
    view = person_view(size, framing, rng)
    floor = view([[0.0, 6.35]])[0, 1] - rng.uniform(0.1, 0.9) * view.scale
    canvas = Canvas(_behind(size, floor, rng), rng, rng.uniform(0.75, 1.15))
    worn = draw_person(canvas, wears, look or PersonSpec(), fig, view, rng)
    return finish_photo(canvas, worn, viewpoint=2, zoom=1 + FRAMINGS.index(framing), rng=rng)


def render_clip(
    seed: int,
    frames: int,
    size: tuple[int, int] = (480, 640),
    fps: float = 15.0,
    *,
    category_ids: Sequence[int] | None = None,
) -> Iterator[tuple[np.ndarray, list[dict], np.ndarray]]:
    """Yield ``frames`` webcam frames of one person who sways while an arm passes in front of the trunk every 4 s.

    Each is (RGB uint8 (H, W, 3), items as in ``SyntheticPhoto``, parsing (H, W) uint8).
    """
    check_size(size)
    rng = np.random.default_rng((seed, 3))
    wears = [GarmentSpec(int(c)) for c in (category_ids or random_outfit(rng))]
    build, start = body.random_build(rng), body.random_pose(rng, ("relaxed", "relaxed"))
    view = replace(person_view(size, "half", rng), angle=0.0)
    left, (upper, fore) = start.arms
    background = backgrounds.room(size, size[0] * 1.2, rng)
    for i in range(frames):
        steady = np.random.default_rng((seed, 4))
        time = i / fps
        canvas = Canvas(background, steady)
        lift, sway = 0.5 - 0.5 * np.cos(2 * np.pi * time / 4), 0.02 * np.sin(1.7 * time)
        arms = (left, (upper + 8 * lift, fore - 112 * lift))
        pose = replace(start, arms=arms, lean=start.lean + sway, nod=start.nod + 1.5 * sway)
        moved = replace(view, centre=(view.centre[0] + 0.05 * view.scale * np.sin(1.1 * time), view.centre[1]))
        worn = draw_person(canvas, wears, PersonSpec(), Figure(build, pose), moved, steady)
        canvas.rng = np.random.default_rng((seed, 5, i))
        photo = finish_photo(canvas, worn, viewpoint=2, zoom=2, rng=np.random.default_rng((seed, 6)), calm=True)
        yield photo.image, photo.items, photo.parsing


def person_view(size, framing: str, rng: np.random.Generator) -> BodyView:
    """Where the body stands: ``whole`` from head to foot, ``half`` to the hips, ``close`` the trunk."""
    h, w = size
    x = w * (0.5 + rng.uniform(-0.12, 0.12))
    if framing == "whole":
        scale = min(h / 8.1, w / 3.3) * rng.uniform(0.86, 0.98)
        return BodyView(scale, (x, h - 6.62 * scale - rng.uniform(0, max(h - 8.2 * scale, 0))), rng.normal(0, 0.015))
    scale = {"half": h / rng.uniform(3.4, 5.2), "close": h / rng.uniform(2.3, 3.3)}[framing]
    top = {"half": 1.35 + rng.uniform(0.05, 0.4), "close": rng.uniform(0.2, 1.4)}[framing]
    return BodyView(scale, (x, top * scale), rng.normal(0, 0.02))


def _behind(size, floor, rng) -> np.ndarray:
    kind = rng.random()
    if kind < 0.55:
        return backgrounds.room(size, floor, rng)
    return backgrounds.street(size, floor, rng) if kind < 0.88 else backgrounds.studio(size, rng)


def draw_person(
    canvas: Canvas, wears: list[GarmentSpec], look: PersonSpec, fig: Figure, view: BodyView, rng: np.random.Generator
) -> list[tuple[int, Fabric]]:
    """Paint body and clothes from back to front; return category and fabric of each garment, in item order 1, 2, …

    What is drawn from ``rng`` does not depend on the pose: the same generator and another pose give the same person.
    """
    look = _complete(look, rng)
    skin, hair = (plain_fabric(c, rng) for c in (look.skin, look.hair))
    tucked = bool(rng.random() < 0.3)
    clothes = _dress(wears, tucked, fig, view, rng)
    _ground_shadow(canvas, fig, view)
    for g in clothes:
        g.paint(canvas, view, parts_of(g.zones, "back"))
    canvas.paint(body.hair_back(fig, look.hairstyle, look.hair_length), hair, view, HAIR)
    _draw_legs(canvas, fig, view, look, skin, rng)
    canvas.paint([p for s in SIDES for p in body.arm_parts(fig, s)] + [body.trunk(fig)], skin, view, SKIN)
    bottoms = [g for g in clothes if g.slot == "bottom"]
    uppers = [g for g in clothes if g.slot != "bottom"]
    under = 1 if tucked and uppers and uppers[0].slot == "top" else 0  # a tucked top goes under the bottom
    for g in [*uppers[:under], *bottoms, *uppers[under:]]:  # the sleeves, then the trunk over their beginning
        g.paint(canvas, view, parts_of(g.zones, "legs arm-1 arm1 torso"))
    _draw_head_and_things(canvas, fig, view, look, skin, hair, rng)
    for side in SIDES:
        if not fig.pose.behind[(side + 1) // 2]:
            _draw_forearm(canvas, clothes, fig, side, skin, view)
    return [(g.category_id, g.fabric) for g in sorted(clothes, key=lambda g: g.item)]


def _complete(look: PersonSpec, rng) -> PersonSpec:
    tone = np.clip(np.array(SKIN_TONES[rng.integers(len(SKIN_TONES))]) + rng.normal(0, 4, 3), 0, 255)
    drawn = PersonSpec(
        skin=tuple(int(v) for v in tone),
        hair=HAIR_COLOURS[rng.integers(len(HAIR_COLOURS))],
        hairstyle=str(rng.choice(body.HAIRSTYLES[:-1] * 3 + body.HAIRSTYLES[-1:])),
        hair_length=float(rng.uniform(0.1, 1.0)),
        shoes=str(rng.choice(("sneaker", "sneaker", "boot", "pump", "bare"))),
        shoe_colour=pick_colour(rng, ("black", "white", "brown", "navy", "red", "grey", "beige"))[1],
        bag=str(rng.choice(("none", "none", "none", "crossbody", "tote", "hand", "straps"))),
        extra=str(rng.choice(("none", "none", "none", "glasses", "scarf", "beanie", "necklace"))),
    )
    return replace(drawn, **{name: value for name, value in vars(look).items() if value})


def _dress(wears, tucked, fig, view, rng) -> list[_Garment]:
    """Cut and weave every garment; sorted from the innermost outwards."""
    clothes = []
    for item, (wear, cut) in enumerate(zip(wears, _layered(wears, tucked, rng), strict=True), 1):
        fabric = make_fabric(rng, view.scale, **fabric_wishes(wear, rng))
        zones = garment_parts(wear.category_id, cut, fig, fabric, rng, False)
        clothes.append(_Garment(wear.category_id, fabric, zones, item))
    return sorted(clothes, key=lambda g: _INWARDS.index(g.slot))


def _layered(wears, tucked: bool, rng) -> list[Style]:
    """Cuts that fit over each other: a coat wider than what it covers, a tucked top that ends in the waistband."""
    cuts = [wear.style or random_style(wear.category_id, rng) for wear in wears]
    slots = [category(wear.category_id).slot for wear in wears]
    inner = [c for c, s in zip(cuts, slots, strict=True) if s in ("top", "dress")]
    waists = [c.waist for c, s in zip(cuts, slots, strict=True) if s == "bottom"]
    for i, (cut, slot) in enumerate(zip(cuts, slots, strict=True)):
        if slot == "outer" and inner:
            eases = ("ease", "waist_ease", "hem_ease", "sleeve_ease")
            grown = {name: max(getattr(cut, name), getattr(inner[0], name) + 0.05) for name in eases}
            cuts[i] = replace(cut, **grown | {"hem_ease": min(grown["hem_ease"], 0.4)})
        if slot == "top" and tucked and waists:
            slim = {"hem": waists[0] + 0.2, "hem_ease": 0.03, "waist_ease": min(cut.waist_ease, 0.08), "hem_curve": 0.0}
            cuts[i] = replace(cut, **slim)
    return cuts


def _draw_forearm(canvas, clothes, fig, side, skin, view) -> None:
    """Once more from above the elbow on: there an arm is in front of the trunk.  Short sleeves end above and stay."""
    limb, *hands = body.arm_parts(fig, side)
    sleeves = [(g, part) for g in clothes for part in parts_of(g.zones, f"arm{side}")]
    long = [(g, part) for g, part in sleeves if part.role != "short sleeve"]
    short = len(sleeves) > len(long)
    begin = 16 if long else 11  # well inside the sleeve, or the arm would show above it
    canvas.paint([replace(limb, clip=_from(limb.quads, begin, not short)), *hands], skin, view, SKIN)
    for depth, (g, part) in enumerate(long):
        start = 10.9 if short else 9.5 - depth
        g.paint(canvas, view, [replace(part, clip=_from(part.quads, round(start / part.reach), not short))])


def _from(quads: np.ndarray, start: int, rounded: bool) -> list[np.ndarray]:
    """The limb from its quadrilateral ``start`` on, with a round or a straight beginning."""
    left, right = quads[start][0], quads[start][3]
    cap = [ellipse((left + right) / 2, (np.hypot(*(left - right)) / 2,) * 2)] if rounded else []
    return [*cap, *quads[start:]]


def _draw_head_and_things(canvas, fig, view, look, skin, hair, rng) -> None:
    """Scarf, bag, head, hair, hat: whatever lies over the clothes but under the forearms."""
    leather = plain_fabric(pick_colour(rng)[1], rng)
    knit = make_fabric(rng, view.scale, material="knit", patterns=("solid", "striped", "checked"))
    dangling = look.bag == "hand" and abs(fig.pose.arms[1][1]) > 35  # nobody waves with a handbag
    worn = extras(fig, look.extra)
    if look.extra == "scarf":
        canvas.paint(worn, knit, view, OTHER)
    canvas.paint([] if dangling else bag_parts(fig, look.bag), leather, view, BAG)
    canvas.paint(body.head_parts(fig, rng), skin, view, SKIN)
    canvas.paint(body.hair_front(fig, look.hairstyle, rng, look.hair_length), hair, view, HAIR)
    if look.extra != "scarf":
        fabric, label = (knit, HEADWEAR) if look.extra == "beanie" else (leather, OTHER)
        canvas.paint(worn, fabric, view, label)


def _draw_legs(canvas, fig, view, look, skin, rng) -> None:
    light = sum(look.shoe_colour) > 560
    shoe, sole = plain_fabric(look.shoe_colour, rng), (172, 174, 178) if light else (236, 234, 230)
    tights = bool(rng.random() < 0.1) and look.shoes != "bare"
    tone = pick_colour(rng, ("black", "black", "grey", "navy", "red"))[1]
    cover, label = (plain_fabric(tone, rng), OTHER) if tights else (skin, SKIN)
    for side in SIDES:
        canvas.paint([body.leg_part(fig, side)], cover, view, label)
        for part in body.shoe_parts(fig, side, look.shoes, sole):
            bare = look.shoes == "bare" or part.role == "vamp"
            canvas.paint([part], cover if bare else shoe, view, label if bare else FOOTWEAR)


def _ground_shadow(canvas, fig, view) -> None:
    feet = view([fig.leg(s)[2] + (0.05 * s, 0.42) for s in SIDES])
    h, w = canvas.labels.shape
    if feet[:, 1].min() > h + view.scale:
        return
    k = 8
    shade = np.zeros((h // k + 1, w // k + 1), np.float32)
    centre, radii = feet.mean(0) / k, (np.ptp(feet[:, 0]) / 2 + 0.75 * view.scale, 0.28 * view.scale)
    cv2.ellipse(shade, tuple(int(v) for v in centre), tuple(max(1, int(r / k)) for r in radii), 0, 0, 360, 0.5, -1)
    shade = cv2.GaussianBlur(shade, (0, 0), max(0.14 * view.scale / k, 0.8))
    canvas.rgb *= 1 - cv2.resize(shade, (w, h))[..., None]
