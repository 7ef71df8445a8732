"""Surfaces seen from above, for clothes laid flat; also floors and walls.

A surface is RGB float32 (H, W, 3), about 0..255; ``size`` is (H, W).
"""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.datasets.synthetic.fabric import Rgb, make_fabric, pick_colour, rgb_colours
from ewardrobe.datasets.synthetic.geometry import BodyView, DrawnPart, mirrored, smooth
from ewardrobe.datasets.synthetic.paint import LIGHT, Canvas

WOODS = rgb_colours("b0865c caa478 78543a e2ceb2 968e84 5c4232")
WALLS = rgb_colours("e8e4dc d8dcde c6cec8 e0cebe b6c0cc cebcb0 94a09e f0ece6")


def surface(kind: str, size: tuple[int, int], rng: np.random.Generator, colour: Rgb | None = None) -> np.ndarray:
    """Draw a surface seen from above, uint8 (H, W, 3); ``kind`` is a key of ``SURFACES``."""
    image = SURFACES[kind](size, rng, colour)
    turn = np.linspace(1 + rng.uniform(0, 0.1), 1 - rng.uniform(0, 0.12), size[1], dtype=np.float32)[None, :, None]
    return np.clip(image * turn, 0, 255).astype(np.uint8)


def noise(rng, size, cell, aspect=(1.0, 1.0)) -> np.ndarray:
    """Smooth noise (H, W) float32 of unit size; ``cell`` pixels a bump, stretched by ``aspect`` (y, x)."""
    shape = [max(2, int(n / max(cell * a, 1)) + 2) for n, a in zip(size, aspect, strict=True)]
    return cv2.resize(rng.standard_normal(shape, np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)


def tint(rgb, value) -> np.ndarray:
    """Colour (or picture) times 1 + ``value`` (H, W)."""
    return np.asarray(rgb, np.float32) * (1 + value)[..., None]


def _base(colour, choices, rng) -> np.ndarray:
    return np.array(colour or choices[rng.integers(len(choices))], np.float32)


def wood(size, rng, colour=None) -> np.ndarray:
    """Planks with grain, side by side, ends staggered."""
    h, w = size
    base = _base(colour, WOODS, rng)
    across = rng.random() < 0.6
    rows, columns = (h, w) if across else (w, h)
    plank = max(10, int(max(h, w) * rng.uniform(0.09, 0.2)))
    grain = noise(rng, (rows, columns), max(2, plank / 14), (1, 26)) * 0.045
    grain += noise(rng, (rows, columns), plank / 3, (1, 8)) * 0.035
    for y in range(0, rows, plank):
        grain[y : y + plank] = np.roll(grain[y : y + plank], int(rng.integers(columns)), 1) + rng.normal(0, 0.05)
        grain[y : y + max(1, plank // 40)] -= 0.28
        x = int(rng.integers(columns))
        grain[y : y + plank, x : x + max(1, plank // 40)] -= 0.25
    return tint(base, grain if across else grain.T)


def tiles(size, rng, colour=None) -> np.ndarray:
    """Square tiles with joints, each a little different."""
    h, w = size
    base = _base(colour, WALLS, rng) * rng.uniform(0.55, 1.0)
    side = int(max(h, w) * rng.uniform(0.13, 0.3))
    rows, columns = h // side + 2, w // side + 2
    value = np.repeat(np.repeat(rng.normal(0, 0.03, (rows, columns)), side, 0), side, 1)
    sy, sx = rng.integers(0, side, 2)
    value = value[sy : sy + h, sx : sx + w].astype(np.float32) + noise(rng, size, side / 4) * 0.02
    joint = max(1, side // 36)
    value[(np.arange(h) + sy) % side < joint] = -0.22
    value[:, (np.arange(w) + sx) % side < joint] = -0.22
    return tint(base, value)


def sheet(size, rng, colour=None) -> np.ndarray:
    """A bed sheet or blanket: cloth, plain or patterned, with broad wrinkles."""
    h, w = size
    unit = max(size) / rng.uniform(6, 10)
    names = ("white", "white", "beige", "grey", "blue", "pink", "navy", "red", "green", "yellow")
    patterns = ("solid",) if colour else ("solid", "solid", "striped", "checked", "floral", "dotted")
    fabric = make_fabric(rng, unit, colour or str(rng.choice(names)), patterns=patterns)
    cloth = np.tile(fabric.tile, (h // len(fabric.tile) + 1, w // len(fabric.tile) + 1, 1))[:h, :w]
    k = 200 / max(size)
    small = (max(2, int(h * k)), max(2, int(w * k)))
    ridges = [np.abs(noise(rng, small, cell, (1, rng.uniform(0.6, 1.8)))) * cell for cell in (64, 27)]
    height = cv2.GaussianBlur(ridges[0] * 0.35 + ridges[1] * 0.22, (0, 0), 1.2)
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    shade = cv2.resize(np.tanh(0.7 * (gx * LIGHT[0] + gy * LIGHT[1])), (w, h), interpolation=cv2.INTER_CUBIC)
    return tint(1.0, shade * rng.uniform(0.07, 0.13)) * cloth


def bed(size, rng, colour=None) -> np.ndarray:
    """A made bed seen from above: sheet, two pillows at the head, a folded blanket at the foot or the side."""
    h, w = size
    canvas = Canvas(np.clip(sheet(size, rng, colour), 0, 255).astype(np.uint8), rng)
    view = BodyView(w / 10, (w / 2, 0), rng.normal(0, 0.02))
    colour = str(rng.choice(["white", "white", "beige", "grey", "pink"]))
    linen = make_fabric(rng, view.scale, colour, "solid", "cotton")
    pillow = mirrored([(0, -1.05), (2.2, -1.2), (2.1, 0), (2.2, 1.2), (0, 1.1)]) * (1, 0.8)
    pillows = [DrawnPart(smooth(pillow + (x, 0.15)), puff=0.9, shadow=0.6) for x in (-2.6, 2.6)]
    canvas.paint(pillows, linen, view, 0)
    if rng.random() < 0.8:
        edge = BodyView(w / 10, (w / 2, h), rng.normal(0, 0.03))
        throw = make_fabric(rng, edge.scale, patterns=("solid", "striped", "checked"), material="knit")
        strip = np.array([(-7, -0.9), (-3, -0.75), (0, -0.85), (3, -0.7), (7, -0.85), (7, 2), (-7, 2)])
        canvas.paint([DrawnPart(smooth(strip), puff=0.25, shadow=0.6)], throw, edge, 0)
    return canvas.rgb


def carpet(size, rng, colour=None) -> np.ndarray:
    """Pile with a fine noise; sometimes woven stripes."""
    names = ("grey", "beige", "brown", "blue", "green", "red", "white")
    base = np.array(colour or pick_colour(rng, names)[1], np.float32)
    value = rng.standard_normal(size, np.float32) * 0.09
    value = cv2.GaussianBlur(value, (0, 0), max(size) / 700) * 1.6 + noise(rng, size, max(size) / 9) * 0.03
    if rng.random() < 0.3:
        value += 0.16 * np.sign(np.sin(np.arange(size[0]) / max(size) * rng.uniform(30, 120)))[:, None]
    return tint(base, value)


def wall(size, rng, colour=None) -> np.ndarray:
    """A plain wall or table top, with a slow change of light."""
    base = _base(colour, WALLS, rng) * rng.uniform(0.6, 1.03)
    return tint(base, noise(rng, size, max(size) / 2) * 0.025 + noise(rng, size, max(size) / 90) * 0.008)


def concrete(size, rng, colour=None) -> np.ndarray:
    """Mottled grey: concrete, stone, asphalt."""
    base = np.array(colour or (150, 150, 148), np.float32) * rng.uniform(0.5, 1.2)
    return tint(base, sum(noise(rng, size, max(size) / d) * g for d, g in ((6, 0.04), (30, 0.03), (160, 0.035))))


def grass(size, rng, colour=None) -> np.ndarray:
    """A lawn from above."""
    base = np.array(colour or (92, 118, 62), np.float32)
    return tint(base, noise(rng, size, max(size) / 140, (2.5, 1)) * 0.14 + noise(rng, size, max(size) / 12) * 0.05)


SURFACES = {draw.__name__: draw for draw in (wood, tiles, sheet, bed, carpet, wall, concrete, grass)}
