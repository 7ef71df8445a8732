"""Colours, patterns and weaves: a fabric is a small tile that repeats."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from PIL import ImageColor

Rgb = tuple[int, ...]
"""Red, green and blue, 0..255."""

_PATTERN_ODDS = {"solid": 5.0, "striped": 1.6, "checked": 1.2, "floral": 1.2, "dotted": 0.9, "graphic": 1.4}
PATTERNS = tuple(_PATTERN_ODDS)

PALETTE = {  # name: RGB centres, drawn from reality rather than from the colour wheel
    "black": ((28, 28, 31), (38, 36, 38)),
    "white": ((240, 239, 235), (232, 234, 238)),
    "grey": ((128, 130, 133), (168, 170, 172), (78, 81, 86)),
    "beige": ((214, 196, 168), (198, 178, 146), (226, 214, 194)),
    "brown": ((104, 72, 50), (136, 96, 64), (74, 52, 40)),
    "red": ((176, 36, 42), (200, 52, 48), (128, 28, 38)),
    "orange": ((214, 112, 44), (226, 138, 74)),
    "yellow": ((232, 190, 72), (240, 216, 120)),
    "green": ((62, 104, 72), (96, 130, 84), (40, 74, 58), (122, 132, 92)),
    "blue": ((58, 108, 176), (98, 146, 200), (140, 176, 214), (40, 88, 150)),
    "navy": ((30, 40, 70), (38, 48, 82)),
    "purple": ((104, 66, 128), (150, 118, 172)),
    "pink": ((222, 142, 160), (236, 180, 188), (206, 84, 128)),
}
DENIM = ((64, 88, 128), (92, 118, 156), (44, 58, 88), (134, 156, 184), (58, 62, 70))
_WEIGHTS = {"black": 4, "white": 4, "grey": 3, "beige": 2.5, "navy": 2.5, "blue": 3, "brown": 2, "red": 2, "green": 2}


@dataclass(frozen=True)
class Fabric:
    """Cloth: main colour (RGB 0..255), name, pattern, material, and the repeating tile (T, T, 3) uint8."""

    colour: Rgb
    name: str
    pattern: str
    material: str
    tile: np.ndarray
    fold: float = 1.0
    accent: Rgb = (240, 240, 240)


def rgb_colours(codes: str) -> tuple[Rgb, ...]:
    """Return the colours of a text of hexadecimal codes, ``"rrggbb rrggbb …"``."""
    return tuple(ImageColor.getrgb(f"#{code}") for code in codes.split())


def pick_colour(rng: np.random.Generator, names=None) -> tuple[str, Rgb]:
    """Draw a palette name (or one of ``names``) and an RGB colour near it."""
    names = list(names or PALETTE)
    weight = np.array([_WEIGHTS.get(n, 1) for n in names], float)
    name = names[rng.choice(len(names), p=weight / weight.sum())]
    shades = PALETTE[name]
    colour = np.array(shades[rng.integers(len(shades))]) + rng.normal(0, 5) + rng.normal(0, 4, 3)
    return name, tuple(int(v) for v in np.clip(colour, 6, 250))


def make_fabric(rng, unit: float, colour=None, pattern=None, material=None, patterns=None) -> Fabric:
    """Weave cloth for a picture in which one body unit is ``unit`` pixels; what is None is drawn by ``rng``.

    colour: a palette name or an RGB tuple; pattern: one of ``PATTERNS``; material: cotton, denim, knit, wool, silk.
    """
    material = material or str(rng.choice(["cotton", "cotton", "knit", "wool", "silk", "synthetic"]))
    name, rgb = _colour_of(rng, colour, material)
    allowed = list(patterns or PATTERNS)
    share = np.array([_PATTERN_ODDS[p] for p in allowed])
    pattern = pattern or ("solid" if material == "denim" else allowed[rng.choice(len(allowed), p=share / share.sum())])
    accent = _accent(rng, rgb)
    size = int(np.clip(round(unit * 1.5), 24, 480))
    tile = np.full((size, size, 3), rgb, np.uint8)
    if pattern in _DRAW:
        _DRAW[pattern](rng, tile, np.array(accent), size)
    return Fabric(rgb, name, pattern, material, _weave(rng, tile, material, unit), _FOLDS.get(material, 1.0), accent)


def plain_fabric(colour, rng: np.random.Generator) -> Fabric:
    """A plain surface (skin, hair, leather) of one colour, RGB 0..255."""
    tile = np.clip(np.array(colour) + rng.normal(0, 1.2, (16, 16, 1)), 0, 255).astype(np.uint8)
    return Fabric(tuple(int(c) for c in colour), "", "solid", "plain", tile)


_FOLDS = {"denim": 0.8, "knit": 0.65, "wool": 0.55, "silk": 1.3, "cotton": 1.0, "leather": 0.9}


def _colour_of(rng, colour, material):
    if isinstance(colour, tuple):
        nearest = min(PALETTE, key=lambda name: np.square(np.subtract(PALETTE[name], colour)).sum(axis=1).min())
        return nearest, colour
    if colour is None and material == "denim":
        rgb = np.array(DENIM[rng.choice(len(DENIM), p=(0.32, 0.25, 0.2, 0.15, 0.08))]) + rng.normal(0, 4, 3)
        return "blue", tuple(int(v) for v in np.clip(rgb, 10, 245))
    return pick_colour(rng, [colour] if colour else None)


def _accent(rng, rgb) -> Rgb:
    """A second colour that can be told from the first: far in lightness, often white or navy."""
    for _ in range(8):
        _, other = pick_colour(rng)
        if np.abs(np.subtract(other, rgb)).sum() > 150:
            return other
    return (245, 244, 240) if sum(rgb) < 380 else (30, 36, 60)


def _repeats(rng, size, low, high) -> int:
    return int(np.clip(rng.integers(low, high + 1), 1, max(1, size // 5)))


def _stripes(rng, tile, accent, size):
    count, duty = _repeats(rng, size, 3, 16), rng.uniform(0.2, 0.55)
    phase = (np.arange(size) * count / size) % 1
    band = np.clip((duty - np.abs(phase - 0.5) * 2) * size / count / 2 + 0.5, 0, 1)
    band = band[:, None, None] if rng.random() < 0.75 else band[None, :, None]
    tile[:] = tile * (1 - band) + accent * band


def _checks(rng, tile, accent, size):
    count, width = _repeats(rng, size, 2, 8), rng.uniform(0.3, 0.5)
    wave = lambda duty, shift=0.0: ((np.arange(size) * count / size + shift) % 1 < duty).astype(np.float32)  # noqa: E731
    strength = rng.uniform(0.35, 0.6)
    stripe = wave(width)
    mix = (stripe[:, None] + stripe[None]) * strength / 2 * 1.4
    thin = np.maximum(wave(0.07, 0.4)[:, None], wave(0.07, 0.4)[None]) * rng.choice([0, 0.6])
    tile[:] = tile * (1 - mix[..., None]) + accent * mix[..., None]
    line = np.clip(accent * 0.3 + np.array(pick_colour(rng)[1]) * 0.7, 0, 255)
    tile[:] = tile * (1 - thin[..., None]) + line * thin[..., None]


def _wrapped(size, centre, radius):
    """The centre and its copies on the other side of the tile, so that the pattern repeats without a seam."""
    for dx, dy in product((-size, 0, size), repeat=2):
        x, y = centre[0] + dx, centre[1] + dy
        if -radius <= x <= size + radius and -radius <= y <= size + radius:
            yield x, y


def _disc(tile, centre, radius, colour):
    point = tuple(int(v * 16) for v in centre)
    cv2.circle(tile, point, max(int(radius * 16), 8), tuple(int(c) for c in colour), -1, cv2.LINE_AA, 4)


def _dots(rng, tile, accent, size):
    count = _repeats(rng, size, 3, 9)
    step, radius = size / count, size / count * rng.uniform(0.16, 0.34)
    for row, column, shift in product(range(count), range(count), (0.25, 0.75)):
        for point in _wrapped(size, ((column + shift) * step, (row + shift) * step), radius + 1):
            _disc(tile, point, radius * 0.9, accent)


def _flowers(rng, tile, accent, size):
    leaf, heart = (92, 120, 80), (236, 200, 96)
    colours = [accent, np.clip(accent * 0.7 + 70, 0, 255), pick_colour(rng)[1]]
    for _ in range(int(rng.integers(9, 22))):
        centre, radius = rng.uniform(0, size, 2), size * rng.uniform(0.035, 0.085)
        petals, turn = int(rng.integers(5, 7)), rng.uniform(0, 6.3)
        colour = colours[rng.integers(3)]
        for x, y in _wrapped(size, centre, radius * 2.4):
            for side in (0.6, 2.4):
                _disc(tile, _beside(x, y, turn + side, radius * 1.6), radius * 0.45, leaf)
            for k in range(petals):
                _disc(tile, _beside(x, y, turn + 2 * np.pi * k / petals, radius), radius * 0.62, colour)
            _disc(tile, (x, y), radius * 0.42, heart)


def _beside(x, y, angle, distance) -> tuple[float, float]:
    return x + np.cos(angle) * distance, y + np.sin(angle) * distance


_DRAW = {"striped": _stripes, "checked": _checks, "dotted": _dots, "floral": _flowers}


def _weave(rng, tile, material, unit) -> np.ndarray:
    """Thread structure: twill for denim, ribs for knit, felt for wool, a fine grain for the rest."""
    size = len(tile)
    noise = rng.standard_normal((size, size), np.float32)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    if material == "denim":
        turns = max(4, round(size / 4))
        noise = noise * 0.8 + np.sin((x + y) * 2 * np.pi * turns / size) * 0.7
        noise += cv2.GaussianBlur(noise, (0, 0), max(unit * 0.05, 1)) * 2
    elif material == "knit":
        turns = max(4, round(size / max(4, unit * 0.055)))
        noise = noise * 0.5 + np.sin(x * 2 * np.pi * turns / size) * 1.0
    elif material == "wool":
        noise = cv2.GaussianBlur(noise, (0, 0), max(unit * 0.008, 0.7)) * 3
    gain = {"denim": 5.5, "knit": 6.0, "wool": 5.0, "silk": 1.0}.get(material, 2.2)
    strength = gain * (0.45 + tile.mean() / 255 * 0.75)
    return np.clip(tile + noise[..., None] * strength, 0, 255).astype(np.uint8)
