"""What a garment is like: the numbers that its drawing needs, drawn at random for each category."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ewardrobe.core.attributes import SLEEVE_OF_CATEGORY
from ewardrobe.core.taxonomy import category

_NECKS = {  # what categories are likely to have at the neck
    1: ("crew", "crew", "v", "scoop", "polo", "shirt"),
    2: ("crew", "crew", "v", "turtle", "hood", "shirt", "boat"),
    5: ("scoop", "crew", "v"),
    6: ("sweetheart", "straight"),
    12: ("scoop", "v", "crew", "square"),
    13: ("sweetheart", "straight"),
    **dict.fromkeys((3, 4), ("lapel", "lapel", "hood", "stand", "shirt")),
    **dict.fromkeys((10, 11), ("crew", "v", "scoop", "shirt", "boat", "square")),
}
_NECK_SIZES = {  # width and depth of the opening
    "crew": (0.3, 0.16),
    "v": (0.32, 0.62),
    "scoop": (0.42, 0.5),
    "square": (0.44, 0.42),
    "boat": (0.52, 0.1),
    "polo": (0.28, 0.2),
    "shirt": (0.27, 0.16),
    "turtle": (0.25, -0.1),
    "hood": (0.31, 0.2),
    "lapel": (0.28, 0.8),
    "stand": (0.28, 0.1),
}


@dataclass(frozen=True)
class Style:
    """Cut of a garment, lengths in body units; unused fields are ignored by the drawing."""

    sleeve: str = "none"  # none, short, long, strap
    sleeve_end: float = 0.3  # fraction of the arm
    sleeve_ease: float = 0.08
    cuff: float = 1.0  # width of the sleeve's end against its own taper
    neckline: str = "crew"  # crew, v, scoop, square, boat, polo, shirt, turtle, hood, lapel, stand
    neck_width: float = 0.3
    neck_depth: float = 0.2
    ease: float = 0.08
    waist_ease: float = 0.08
    hem_ease: float = 0.08
    hem: float = 2.5
    hem_curve: float = 0.04
    waist: float = 1.85
    gap: float = 0.0
    closure: str = "none"  # none, buttons, zip
    pockets: str = "none"  # none, chest, patch, jeans, cargo, slant, kangaroo
    ribbed: bool = False
    belt: bool = False
    pleats: int = 0
    leg_end: float = 1.0
    leg_ease: float = 0.06
    leg_flare: float = 0.0
    seam: bool = False


def random_style(category_id: int, rng: np.random.Generator) -> Style:
    """Draw a cut for DeepFashion2 category ``category_id`` (1..13)."""
    slot = category(category_id).slot
    if slot == "bottom":
        return _skirt(rng) if category_id == 9 else _trousers(category_id, rng)
    neck = str(rng.choice(_NECKS[category_id]))
    return {"top": _top, "outer": _outer, "dress": _dress}[slot](category_id, neck, rng)


def _sleeves(category_id: int, rng) -> dict:
    length = SLEEVE_OF_CATEGORY[category_id]
    if length == "none":
        return {"sleeve": "strap" if category_id in (6, 13) else "none"}
    ends, eases = ((0.24, 0.47), (0.05, 0.16)) if length == "short" else ((0.84, 1.0), (0.03, 0.12))
    sizes = {"sleeve_end": rng.uniform(*ends), "sleeve_ease": rng.uniform(*eases)}
    cuff = rng.uniform(0.95, 1.25) if length == "short" else rng.choice([0.95, 1.0, 1.4])
    return {"sleeve": length, **sizes, "cuff": cuff}


def _fit(rng) -> dict:
    ease = rng.choice([0.02, 0.06, 0.1, 0.16]) + rng.uniform(0, 0.03)
    return {"ease": ease, "waist_ease": ease + rng.uniform(-0.02, 0.1), "hem_ease": ease + rng.uniform(-0.02, 0.08)}


def _top(category_id: int, neck: str, rng) -> Style:
    hem = rng.choice([1.75, 2.35, 2.5, 2.75]) + rng.uniform(-0.1, 0.1)
    style = Style(neckline=neck, hem=hem, **_sleeves(category_id, rng), **_fit(rng))
    style = replace(style, hem_curve=float(rng.choice([0.03, 0.05, 0.16])), **_neck_size(neck, rng))
    if neck == "shirt":
        return replace(style, closure="buttons", pockets=str(rng.choice(["chest", "none"])), hem=max(style.hem, 2.4))
    if neck == "hood":
        return replace(style, pockets="kangaroo", ribbed=True, ease=max(style.ease, 0.1), hem=rng.uniform(2.4, 2.7))
    return replace(style, ribbed=category_id == 2 and neck in ("crew", "turtle", "v") and rng.random() < 0.6)


def _neck_size(neck: str, rng) -> dict:
    width, depth = _NECK_SIZES.get(neck, (0.5, 0.6))
    return {"neck_width": width * rng.uniform(0.94, 1.1), "neck_depth": depth * rng.uniform(0.85, 1.25)}


def _outer(category_id: int, neck: str, rng) -> Style:
    fit = {k: v + 0.04 for k, v in _fit(rng).items()}
    long = category_id == 4 and rng.random() < 0.4
    hem = rng.uniform(3.6, 4.7) if long else rng.uniform(2.0, 3.0)
    gap = rng.choice([0.0, rng.uniform(0.12, 0.5), rng.uniform(0.3, 0.55)])
    style = Style(neckline=neck, hem=hem, gap=gap, **_sleeves(category_id, rng), **fit)
    return replace(
        style,
        closure="zip" if neck in ("hood", "stand") else "buttons",
        pockets="chest" if neck == "shirt" else str(rng.choice(["patch", "slant", "none"])),
        ribbed=neck in ("hood", "stand") and not long and rng.random() < 0.6,
        sleeve_ease=min(max(style.sleeve_ease, 0.06) + 0.02, 0.13),
        belt=long and rng.random() < 0.3,
        **_neck_size(neck, rng),
    )


def _waistband(rng) -> dict:
    return {"waist": rng.uniform(1.62, 2.05), "ease": rng.choice([0.02, 0.05, 0.12]) + rng.uniform(0, 0.02)}


def _skirt(rng) -> Style:
    band, hem = _waistband(rng), rng.choice([3.4, 4.2, 5.6]) + rng.uniform(-0.25, 0.3)
    flare = rng.choice([-0.04, 0.1, 0.35, 0.6]) * (hem - 1.8) / 2.2
    pleats, closure = int(rng.choice([0, 0, 5, 9, 13])), str(rng.choice(["none", "none", "buttons"]))
    return Style(hem=hem, hem_ease=flare + band["ease"], hem_curve=0.06, pleats=pleats, closure=closure, **band)


def _trousers(category_id: int, rng) -> Style:
    band, pockets = _waistband(rng), str(rng.choice(["jeans", "jeans", "slant", "cargo", "none"]))
    end = rng.uniform(0.98, 1.0) if category_id == 8 and rng.random() < 0.8 else rng.uniform(0.8, 0.94)
    end = rng.uniform(0.2, 0.5) if category_id == 7 else end
    return Style(
        leg_end=end,
        leg_ease=rng.choice([0.0, 0.04, 0.1, 0.2]) + (0.06 if category_id == 7 else 0),
        leg_flare=rng.choice([0.0, 0.0, 0.0, 0.14]),
        pockets=pockets,
        ribbed=pockets == "none",
        cuff=rng.choice([0, 1]),
        **band,
    )


def _dress(category_id: int, neck: str, rng) -> Style:
    ease = _fit(rng)["ease"]
    hem = rng.choice([3.5, 4.2, 5.4]) + rng.uniform(-0.25, 0.35)
    flare = rng.choice([0.0, 0.15, 0.4, 0.65]) * (hem - 1.8) / 2.4
    style = Style(neckline=neck, hem=hem, hem_curve=0.07, ease=ease, waist_ease=ease, hem_ease=ease + flare)
    style = replace(style, **_sleeves(category_id, rng))
    seam = rng.random() < 0.65
    return replace(
        style,
        seam=seam,
        belt=seam and rng.random() < 0.3,
        closure="buttons" if neck == "shirt" else "none",
        pleats=int(rng.choice([0, 5, 9])),
        **_neck_size(neck, rng),
    )
