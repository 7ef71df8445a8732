"""Sample photos and sample garments of the app: drawn, so that no picture of anybody is needed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from ewardrobe.datasets.synthetic import backgrounds
from ewardrobe.datasets.synthetic.body import Build, Figure, Pose
from ewardrobe.datasets.synthetic.geometry import BodyView
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.person import PersonSpec, draw_person
from ewardrobe.datasets.synthetic.scene import GarmentSpec, SyntheticPhoto, finish_photo, render_flat_lay
from ewardrobe.datasets.synthetic.styles import Style

PORTRAIT, LANDSCAPE = (1200, 900), (900, 1200)

TEE = Style("short", 0.36, 0.11, 1.1, "crew", 0.31, 0.19, 0.09, 0.11, 0.1, 2.5, 0.04)
SWEATER = Style("long", 0.97, 0.1, 1.0, "crew", 0.3, 0.15, 0.13, 0.15, 0.12, 2.4, 0.03, ribbed=True)
SHIRT = Style(
    "long", 0.98, 0.09, 1.0, "shirt", 0.27, 0.16, 0.1, 0.13, 0.1, 2.6, 0.14, closure="buttons", pockets="chest"
)
COAT = Style(
    "long",
    0.98,
    0.14,
    1.05,
    "lapel",
    0.28,
    0.8,
    0.17,
    0.2,
    0.24,
    4.1,
    0.04,
    gap=0.34,
    closure="buttons",
    pockets="slant",
)
DRESS = Style(
    "none",
    neckline="v",
    neck_width=0.34,
    neck_depth=0.5,
    ease=0.05,
    waist_ease=0.05,
    hem_ease=0.55,
    hem=4.2,
    hem_curve=0.08,
    seam=True,
)
SUN_DRESS = replace(DRESS, sleeve="strap", neckline="sweetheart", hem=4.0, hem_ease=0.5)
JEANS = Style(waist=1.95, ease=0.04, leg_ease=0.06, leg_end=0.99, pockets="jeans")
CHINOS = replace(JEANS, pockets="slant", leg_ease=0.08)
SHORTS = replace(JEANS, leg_end=0.42, leg_ease=0.14)
SKIRT = Style(waist=1.8, ease=0.05, hem_ease=0.5, hem=4.1, hem_curve=0.07, pleats=9)

BLUE, RED, BLACK, CAMEL, CREAM, NAVY = (
    (62, 118, 190),
    (190, 44, 48),
    (30, 30, 33),
    (186, 142, 96),
    (232, 224, 208),
    (34, 44, 78),
)
DENIM = (72, 98, 142)


def _cloth(colour, material="cotton", pattern="solid") -> dict:
    return {"colour": colour, "material": material, "pattern": pattern}


def sample_names() -> tuple[str, ...]:
    """Names of the sample photos, in the order in which they are shown."""
    return tuple(SAMPLES)


@cache
def sample_photo(name: str) -> SyntheticPhoto:
    """Draw one sample photo, about 1200 × 900 pixels, the same in every run; ``KeyError`` names the known ones.

    Kept after the first call (0.2 to 0.5 s): treat it as read-only.
    """
    if name not in SAMPLES:
        raise KeyError(f"unknown sample {name!r}: known are {', '.join(SAMPLES)}")
    return SAMPLES[name]()


def sample_photos() -> dict[str, SyntheticPhoto]:
    """All sample photos by name; see ``sample_photo``."""
    return {name: sample_photo(name) for name in SAMPLES}


def _flat(category_id, style, cloth, surface, colour, seed, angle, size=PORTRAIT):
    return lambda: render_flat_lay(
        category_id,
        seed,
        size,
        wear=GarmentSpec(category_id, cloth, style),
        surface=surface,
        surface_colour=colour,
        angle=angle,
        calm=True,
    )


def _person(wears, look, pose, build, seed, scene, framing="whole", size=PORTRAIT):
    return lambda: _draw(wears, look, pose, build, seed, scene, framing, size)


def _draw(wears, look, pose, build, seed, scene, framing, size) -> SyntheticPhoto:
    rng = np.random.default_rng(seed)
    h, w = size
    scale = h / 8.15 if framing == "whole" else h / 4.6
    view = BodyView(scale, (w * 0.5, scale * (1.5 if framing == "whole" else 1.62)))
    floor = view(np.array([[0, 6.05]]))[0, 1]
    outdoors = scene in ("street", "park")
    back = (
        backgrounds.street(size, floor, rng, scene == "park") if outdoors else backgrounds.room(size, floor, rng, scene)
    )
    canvas = Canvas(back, rng)
    worn = draw_person(canvas, wears, look, Figure(build, pose), view, rng)
    return finish_photo(canvas, worn, 2, 1 if framing == "whole" else 2, rng, calm=True)


_SLIM = Build(shoulder=0.78, chest=0.64, waist=0.52, hip=0.71, arm=0.145, neck=0.2, thigh=0.31)
_BROAD = Build(shoulder=0.9, chest=0.74, waist=0.64, hip=0.7, arm=0.18, neck=0.25)
_EASY = Pose(arms=((10, 6), (12, 7)), legs=((4, 2), (5, 2)))
_HIP = Pose(arms=((12, 5), (50, -46)), legs=((3, 1), (6, 3)), reach=(1.0, 0.95), nod=0.04)
_WEBCAM = Pose(arms=((16, 4), (14, -104)), legs=((4, 2), (4, 2)), reach=(1.0, 0.92), nod=-0.03)
_PHONE = Pose(arms=((11, 6), (16, -70)), legs=((4, 2), (4, 2)), reach=(1.0, 0.95), nod=-0.02)

_ANNA = PersonSpec(
    skin=(240, 204, 178),
    hair=(98, 62, 40),
    hairstyle="long",
    hair_length=0.6,
    shoes="pump",
    shoe_colour=(44, 40, 42),
    bag="none",
    extra="none",
)
_OMAR = PersonSpec(
    skin=(150, 102, 72),
    hair=(30, 26, 26),
    hairstyle="short",
    hair_length=0.2,
    shoes="sneaker",
    shoe_colour=(236, 234, 230),
    bag="none",
    extra="none",
)
_MEI = PersonSpec(
    skin=(232, 192, 160),
    hair=(28, 25, 28),
    hairstyle="bob",
    hair_length=0.4,
    shoes="boot",
    shoe_colour=(70, 46, 36),
    bag="none",
    extra="glasses",
)
_ZOLA = PersonSpec(
    skin=(98, 64, 46),
    hair=(26, 22, 22),
    hairstyle="curly",
    hair_length=0.4,
    shoes="sneaker",
    shoe_colour=(206, 178, 140),
    bag="crossbody",
    extra="none",
)

SAMPLES = {
    "blue t-shirt on a bed": _flat(1, TEE, _cloth(BLUE), "bed", (226, 222, 214), 55, 4, LANDSCAPE),
    "person in red t-shirt and jeans": _person(
        [GarmentSpec(8, _cloth(DENIM, "denim"), JEANS), GarmentSpec(1, _cloth(RED), TEE)],
        _OMAR,
        _EASY,
        _BROAD,
        5,
        (216, 220, 222),
    ),
    "black dress": _person([GarmentSpec(12, _cloth(BLACK, "silk"), DRESS)], _ANNA, _HIP, _SLIM, 8, (226, 208, 194)),
    "coat over sweater": _person(
        [
            GarmentSpec(8, _cloth((58, 60, 68)), CHINOS),
            GarmentSpec(2, _cloth(CREAM, "knit"), SWEATER),
            GarmentSpec(4, _cloth(CAMEL, "wool"), COAT),
        ],
        _MEI,
        _PHONE,
        _SLIM,
        21,
        "street",
    ),
    "webcam: striped top, arm in front": _person(
        [
            GarmentSpec(8, _cloth(NAVY), CHINOS),
            GarmentSpec(2, _cloth(CREAM, "cotton", "striped"), replace(SWEATER, ribbed=False)),
        ],
        _ANNA,
        _WEBCAM,
        _SLIM,
        22,
        (198, 206, 200),
        "half",
        LANDSCAPE,
    ),
    "floral dress outdoors": _person(
        [GarmentSpec(13, _cloth((214, 96, 110), "cotton", "floral"), SUN_DRESS)], _ZOLA, _EASY, _SLIM, 14, "park"
    ),
    "jeans on a wooden floor": _flat(8, JEANS, _cloth(DENIM, "denim"), "wood", (202, 164, 120), 4, -5),
    "checked shirt on a blanket": _flat(
        2, SHIRT, _cloth((150, 40, 44), "cotton", "checked"), "sheet", (198, 204, 208), 3, -3, LANDSCAPE
    ),
    "pleated skirt on tiles": _flat(9, SKIRT, _cloth((62, 104, 72), "wool"), "tiles", (222, 218, 210), 6, 3),
    "shorts on a carpet": _flat(7, SHORTS, _cloth((206, 184, 150)), "carpet", (120, 130, 140), 12, 6, LANDSCAPE),
}


def sample_garments() -> list[dict]:
    """The sample wardrobe: type, category_id, colour, pattern, material, style and ``cutout`` RGBA (h, w, 4) uint8."""
    plain = (245, 245, 245)
    shirt = _flat(1, TEE, _cloth(BLUE), "wall", plain, 11, 0)()
    dress = _flat(12, DRESS, _cloth(BLACK, "silk"), "wall", plain, 8, 0)()
    facts = (("t-shirt", "blue", "casual", shirt), ("dress", "black", "party", dress))
    return [_cut_out(photo) | {"type": name, "colour": colour, "style": style} for name, colour, style, photo in facts]


def _cut_out(photo: SyntheticPhoto, margin: int = 24) -> dict:
    item = photo.items[0]
    mask = item["mask"].astype(np.uint8) * 255
    ys, xs = np.nonzero(mask)
    y0, y1, x0, x1 = max(ys.min() - margin, 0), ys.max() + margin + 1, max(xs.min() - margin, 0), xs.max() + margin + 1
    alpha = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3), np.uint8)), (0, 0), 0.8)
    rgba = np.dstack([photo.image, alpha])[y0:y1, x0:x1]
    return {k: item[k] for k in ("category_id", "pattern", "material")} | {"cutout": np.ascontiguousarray(rgba)}
