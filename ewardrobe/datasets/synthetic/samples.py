"""Sample photos and sample garments of the app: drawn, so that no picture of anybody is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from ewardrobe.core.masks import mask_box, padded_box
from ewardrobe.datasets.synthetic import backgrounds
from ewardrobe.datasets.synthetic.body import Build, Figure, Pose
from ewardrobe.datasets.synthetic.fabric import Rgb, rgb_colours
from ewardrobe.datasets.synthetic.geometry import BodyView
from ewardrobe.datasets.synthetic.paint import Canvas
from ewardrobe.datasets.synthetic.person import PersonSpec, draw_person
from ewardrobe.datasets.synthetic.scene import GarmentSpec, SyntheticPhoto, finish_photo, render_flat_lay
from ewardrobe.datasets.synthetic.styles import Style

PORTRAIT, LANDSCAPE = (1200, 900), (900, 1200)
GARMENT = (800, 600)
"""Of a sample garment's picture: the first page of a new wardrobe waits until both are drawn."""

TEE = Style("short", 0.36, 0.11, 1.1, "crew", 0.31, 0.19, 0.09, 0.11, 0.1, 2.5, 0.04)
SWEATER = Style("long", 0.97, 0.1, 1.0, "crew", 0.3, 0.15, 0.13, 0.15, 0.12, 2.4, 0.03, ribbed=True)
SHIRT = Style("long", 0.98, 0.09, 1.0, "shirt", 0.27, 0.16, 0.1, 0.13, 0.1, 2.6, 0.14, closure="buttons")
SHIRT = replace(SHIRT, pockets="chest")
COAT = Style("long", 0.98, 0.14, 1.05, "lapel", 0.28, 0.8, 0.17, 0.2, 0.24, 4.1, 0.04, gap=0.34, closure="buttons")
COAT = replace(COAT, pockets="slant")
DRESS = Style(neckline="v", neck_width=0.34, neck_depth=0.5, ease=0.05, waist_ease=0.05, hem_ease=0.55, hem=4.2)
DRESS = replace(DRESS, hem_curve=0.08, seam=True)
SUN_DRESS = replace(DRESS, sleeve="strap", neckline="sweetheart", hem=4.0, hem_ease=0.5)
JEANS = Style(waist=1.95, ease=0.04, leg_ease=0.06, leg_end=0.99, pockets="jeans")
CHINOS = replace(JEANS, pockets="slant", leg_ease=0.08)
SHORTS = replace(JEANS, leg_end=0.42, leg_ease=0.14)
SKIRT = Style(waist=1.8, ease=0.05, hem_ease=0.5, hem=4.1, hem_curve=0.07, pleats=9)

BLUE, RED, BLACK, CAMEL, CREAM, NAVY, DENIM = rgb_colours("3e76be be2c30 1e1e21 ba8e60 e8e0d0 222c4e 48628e")

_SLIM = Build(shoulder=0.78, chest=0.64, waist=0.52, hip=0.71, arm=0.145, neck=0.2, thigh=0.31)
_BROAD = Build(shoulder=0.9, chest=0.74, waist=0.64, hip=0.7, arm=0.18, neck=0.25)
_EASY = Pose(arms=((10, 6), (12, 7)), legs=((4, 2), (5, 2)))
_HIP = Pose(arms=((12, 5), (50, -46)), legs=((3, 1), (6, 3)), reach=(1.0, 0.95), nod=0.04)
_WEBCAM = Pose(arms=((16, 4), (14, -104)), legs=((4, 2), (4, 2)), reach=(1.0, 0.92), nod=-0.03)
_PHONE = Pose(arms=((11, 6), (16, -70)), legs=((4, 2), (4, 2)), reach=(1.0, 0.95), nod=-0.02)

_ANNA = PersonSpec((240, 204, 178), (98, 62, 40), "long", 0.6, "pump", (44, 40, 42), "none", "none")
_OMAR = PersonSpec((150, 102, 72), (30, 26, 26), "short", 0.2, "sneaker", (236, 234, 230), "none", "none")
_MEI = PersonSpec((232, 192, 160), (28, 25, 28), "bob", 0.4, "boot", (70, 46, 36), "none", "glasses")
_ZOLA = PersonSpec((98, 64, 46), (26, 22, 22), "curly", 0.4, "sneaker", (206, 178, 140), "crossbody", "none")


def _wear(category_id: int, style: Style, colour: Rgb, material="cotton", pattern="solid") -> GarmentSpec:
    return GarmentSpec(category_id, {"colour": colour, "material": material, "pattern": pattern}, style)


def sample_photos() -> dict[str, SyntheticPhoto]:
    """Draw all sample photos, 1200 × 900 pixels or the other way round, the same in every run; by name."""
    return {name: draw() for name, draw in SAMPLES.items()}


def _flat(wear: GarmentSpec, surface: str, colour: Rgb, seed: int, angle: float, size=PORTRAIT) -> SyntheticPhoto:
    return render_flat_lay(
        wear.category_id, seed, size, wear=wear, surface=surface, surface_colour=colour, angle=angle, calm=True
    )


def _person(
    wears: list[GarmentSpec], look, pose, build, seed: int, scene: str | Rgb, framing="whole", size=PORTRAIT
) -> SyntheticPhoto:
    """Draw a person in a ``scene``: ``street``, ``park``, or a room with a wall of that colour."""
    rng, whole = np.random.default_rng(seed), framing == "whole"
    h, w = size
    scale = h / (8.15 if whole else 4.6)
    view = BodyView(scale, (w * 0.5, scale * (1.5 if whole else 1.62)))
    floor = view([[0, 6.05]])[0, 1]
    if isinstance(scene, str):
        behind = backgrounds.street(size, floor, rng, scene == "park")
    else:
        behind = backgrounds.room(size, floor, rng, scene)
    canvas = Canvas(behind, rng)
    worn = draw_person(canvas, wears, look, Figure(build, pose), view, rng)
    return finish_photo(canvas, worn, 2, 1 if whole else 2, rng, calm=True)


_RED_TEE = [_wear(8, JEANS, DENIM, "denim"), _wear(1, TEE, RED)]
_COAT = [_wear(8, CHINOS, (58, 60, 68)), _wear(2, SWEATER, CREAM, "knit"), _wear(4, COAT, CAMEL, "wool")]
_STRIPES = [_wear(8, CHINOS, NAVY), _wear(2, replace(SWEATER, ribbed=False), CREAM, "cotton", "striped")]
_FLOWERS = _wear(13, SUN_DRESS, (214, 96, 110), "cotton", "floral")
_CHECKS = _wear(2, SHIRT, (150, 40, 44), "cotton", "checked")
_TEE, _BLACK_DRESS = _wear(1, TEE, BLUE), _wear(12, DRESS, BLACK, "silk")
_SKIRT, _SHORTS = _wear(9, SKIRT, (62, 104, 72), "wool"), _wear(7, SHORTS, (206, 184, 150))

SAMPLES: dict[str, Callable[[], SyntheticPhoto]] = {
    "blue t-shirt on a bed": lambda: _flat(_TEE, "bed", (226, 222, 214), 55, 4, LANDSCAPE),
    "person in red t-shirt and jeans": lambda: _person(_RED_TEE, _OMAR, _EASY, _BROAD, 5, (216, 220, 222)),
    "black dress": lambda: _person([_BLACK_DRESS], _ANNA, _HIP, _SLIM, 8, (226, 208, 194)),
    "coat over sweater": lambda: _person(_COAT, _MEI, _PHONE, _SLIM, 21, "street"),
    "webcam: striped top, arm in front": lambda: _person(
        _STRIPES, _ANNA, _WEBCAM, _SLIM, 22, (198, 206, 200), "half", LANDSCAPE
    ),
    "floral dress outdoors": lambda: _person([_FLOWERS], _ZOLA, _EASY, _SLIM, 14, "park"),
    "jeans on a wooden floor": lambda: _flat(_RED_TEE[0], "wood", (202, 164, 120), 4, -5),
    "checked shirt on a blanket": lambda: _flat(_CHECKS, "sheet", (198, 204, 208), 3, -3, LANDSCAPE),
    "pleated skirt on tiles": lambda: _flat(_SKIRT, "tiles", (222, 218, 210), 6, 3),
    "shorts on a carpet": lambda: _flat(_SHORTS, "carpet", (120, 130, 140), 12, 6, LANDSCAPE),
}


@cache
def sample_garments() -> list[dict]:
    """The sample wardrobe: type, category_id, colour, pattern, material, style and ``cutout`` RGBA (h, w, 4) uint8."""
    plain = (245, 245, 245)
    shirt = _cut_out(_flat(_TEE, "wall", plain, 11, 0, GARMENT)) | {
        "type": "t-shirt",
        "colour": "blue",
        "style": "casual",
    }
    dress = _cut_out(_flat(_BLACK_DRESS, "wall", plain, 8, 0, GARMENT)) | {
        "type": "dress",
        "colour": "black",
        "style": "party",
    }
    return [shirt, dress]


def _cut_out(photo: SyntheticPhoto) -> dict:
    item = photo.items[0]
    mask = item["mask"]
    x0, y0, x1, y1 = padded_box(mask_box(mask), 24, *mask.shape)
    alpha = cv2.GaussianBlur(cv2.erode(mask.astype(np.uint8) * 255, np.ones((3, 3), np.uint8)), (0, 0), 0.8)
    rgba = np.dstack([photo.image, alpha])[y0:y1, x0:x1]
    return {k: item[k] for k in ("category_id", "pattern", "material")} | {"cutout": np.ascontiguousarray(rgba)}
