"""Rare patterns laid on real plain garments: light and folds stay, a drawn fabric takes the place of the colour.

The judged photos show too few dotted garments to learn from; fabrics can be drawn in any number.
"""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.attributes import HEADS
from ewardrobe.datasets.synthetic.fabric import make_fabric, pick_colour
from train.attributes.data import NOT_JUDGED, Garments

SHARES = {"striped": 0.15, "checked": 0.2, "floral": 0.2, "dotted": 0.25, "animal": 0.2}
"""How many of the printed garments get each pattern; the rarest in wardrobes the most."""

LEAST_LIGHT = 70
"""Mean lightness (0..255) of a garment that can be printed: on black nothing of its folds would be left."""


def printed(garments: Garments, count: int, seed: int = 0) -> Garments:
    """Return ``count`` plain ones of ``garments`` with a drawn pattern; only pattern and sleeves are judged of them."""
    rng = np.random.default_rng(seed)
    plain = np.flatnonzero(garments.labels["pattern"] == HEADS["pattern"].index("solid"))
    light = [i for i in plain if garments.rgb[i][garments.masks[i] > 127].mean() >= LEAST_LIGHT]
    chosen = garments[rng.choice(light, count) if light else np.zeros(0, int)]
    patterns = rng.choice(list(SHARES), len(chosen), p=list(SHARES.values()))
    pictures = [_print(rgb, m, p, rng) for rgb, m, p in zip(chosen.rgb, chosen.masks, patterns, strict=True)]
    labels = {name: np.full(len(chosen), NOT_JUDGED) for name in HEADS} | {
        "pattern": np.array([HEADS["pattern"].index(pattern) for pattern in patterns], int),
        "sleeve": chosen.labels["sleeve"],
    }
    rgb = np.stack(pictures) if pictures else chosen.rgb
    return Garments(rgb, chosen.masks, chosen.category_ids, labels, chosen.images)


def joined(one: Garments, other: Garments) -> Garments:
    """Return both, one after the other."""
    names = ("rgb", "masks", "category_ids", "images")
    labels = {name: np.concatenate([one.labels[name], other.labels[name]]) for name in one.labels}
    return Garments(labels=labels, **{n: np.concatenate([getattr(one, n), getattr(other, n)]) for n in names})


def _print(rgb: np.ndarray, mask: np.ndarray, pattern: str, rng: np.random.Generator) -> np.ndarray:
    """Return the garment in the colours of a drawn fabric times its own light."""
    inside = mask > 127
    lightness = rgb.mean(axis=2)
    shade = np.clip(lightness / max(1.0, float(np.median(lightness[inside]))), 0.35, 1.5)[..., None]
    colour = tuple(int(v) for v in rgb[inside].mean(axis=0)) if rng.random() < 0.5 else None
    if pattern == "animal":
        tile = _animal(320, rng)
    else:
        tile = make_fabric(rng, rng.uniform(28, 110), colour, pattern, "cotton").tile
    cloth = _laid(tile, len(rgb), rng) * shade
    strength = rng.uniform(0.7, 1.0)
    mixed = np.clip(cloth * strength + rgb * (1 - strength), 0, 255)
    return np.where(inside[..., None], mixed, rgb).astype(np.uint8)


def _animal(size: int, rng: np.random.Generator) -> np.ndarray:
    """Leopard or zebra: noise of one wavelength, cut at a level; stretched for stripes, ringed for spots."""
    wave, stretched = rng.uniform(7, 20), rng.random() < 0.4
    sigma = (wave * 0.3, wave * (1.4 if stretched else 0.3))
    noise = rng.normal(size=(size, size)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), sigma[0], sigmaY=sigma[1])
    band = fine - cv2.GaussianBlur(noise, (0, 0), sigma[0] * 1.8, sigmaY=sigma[1] * 1.8)
    band = band / band.std()
    ground, dark = np.array(pick_colour(rng, ("beige", "brown", "white", "orange"))[1]), np.array((38, 30, 26))
    spots = np.clip((band - 0.4) * 4, 0, 1)[..., None]
    cloth = ground * (1 - spots) + dark * spots
    heart = np.clip((band - 1.3) * 4, 0, 1)[..., None] * (not stretched)
    return np.clip(cloth * (1 - heart) + ground * 0.75 * heart, 0, 255).astype(np.uint8)


def _laid(tile: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Lay a tile over (size, size) pixels again and again, turned a little and drawn out of line as by folds."""
    angle = rng.normal(0, 0.2) if rng.random() < 0.8 else rng.uniform(0, 2 * np.pi)
    scale = rng.uniform(0.8, 1.6)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    folds = cv2.GaussianBlur(rng.normal(size=(2, size, size)).transpose(1, 2, 0), (0, 0), size / 12)
    folds = folds / folds.std() * rng.uniform(0.5, 3.5)
    across = (np.cos(angle) * x - np.sin(angle) * y) * scale + folds[..., 0]
    down = (np.sin(angle) * x + np.cos(angle) * y) * scale + folds[..., 1]
    side = len(tile)
    wide = cv2.copyMakeBorder(tile, 0, 1, 0, 1, cv2.BORDER_WRAP)
    return cv2.remap(wide, (across % side).astype(np.float32), (down % side).astype(np.float32), cv2.INTER_LINEAR)
