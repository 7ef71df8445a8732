"""Backgrounds without garments for people: rooms, streets, a studio."""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.datasets.synthetic.fabric import Rgb, pick_colour
from ewardrobe.datasets.synthetic.geometry import smooth
from ewardrobe.datasets.synthetic.surfaces import SURFACES, WALLS, WOODS, concrete, tint


def room(size: tuple[int, int], floor_y: float, rng: np.random.Generator, wall: Rgb | None = None) -> np.ndarray:
    """A wall with furniture and a floor that begins at ``floor_y`` (pixels, may lie outside), uint8 (H, W, 3)."""
    h, w = size
    small = (max(2, h // 2), max(2, w // 2))
    image = SURFACES["wall"](small, rng, wall)
    y = int(np.clip(floor_y / 2, 0, small[0]))
    if y < small[0]:
        depth, board = small[0] - y, max(2, small[1] // 60)
        kind = str(rng.choice(["wood", "wood", "tiles", "carpet", "concrete"]))
        texture = SURFACES[kind]((max(depth, 8), small[1]), rng, None)
        image[y:] = texture[:depth] * np.linspace(0.82, 1.05, depth, dtype=np.float32)[:, None, None]
        image[max(y - board, 0) : y] = np.minimum(image[max(y - board, 0) : y] * 1.12, 250)
        image[max(y - 1, 0) : y + 1] *= 0.7
    base = image[: max(y, 1)].mean((0, 1))
    for side in rng.permutation([-1, 0, 1])[: int(rng.integers(1, 3))]:
        _FURNITURE[rng.integers(len(_FURNITURE))](image, y, rng, base, int(side))
    image = cv2.GaussianBlur(np.clip(image, 0, 255), (0, 0), 0.4 + max(size) / 520)
    return cv2.resize(image, (w, h)).astype(np.uint8)


def _rect(image, x0, y0, x1, y1, colour) -> None:
    cv2.rectangle(image, (int(x0), int(y0)), (int(x1), int(y1)), tuple(map(float, colour)), -1)


def _disc(image, x, y, radius, colour, kind=cv2.LINE_8) -> None:
    cv2.circle(image, (int(x), int(y)), int(radius), tuple(map(float, colour)), -1, kind)


def _place(image, rng, width, side) -> float:
    """Left edge of something ``width`` wide at the left (-1), in the middle (0) or at the right (1)."""
    w = image.shape[1]
    rest = rng.uniform(-0.1, 0.1) * w
    return (rest, (w - width) / 2 + rest, w - width - rest)[side + 1]


def _window(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width, height = w * rng.uniform(0.25, 0.45), h * rng.uniform(0.3, 0.5)
    x, top = _place(image, rng, width, side), h * rng.uniform(0.02, 0.12)
    _rect(image, x - 4, top - 4, x + width + 4, top + height + 4, base * 1.08)
    glow = np.array((226, 238, 246)) * rng.uniform(0.9, 1.02)
    for c in range(2):
        _rect(image, x + c * width / 2 + 2, top, x + (c + 1) * width / 2 - 2, top + height, glow - c * 6)


def _frame(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width, height = w * rng.uniform(0.1, 0.22), h * rng.uniform(0.1, 0.22)
    x, top = _place(image, rng, width, side), h * rng.uniform(0.05, 0.25)
    _rect(image, x + 2, top + 3, x + width + 3, top + height + 4, base * 0.8)
    _rect(image, x, top, x + width, top + height, WOODS[rng.integers(len(WOODS))])
    _rect(image, x + 3, top + 3, x + width - 3, top + height - 3, (242, 240, 234))
    for _ in range(3):
        cx, cy = x + width * rng.uniform(0.3, 0.7), top + height * rng.uniform(0.3, 0.7)
        _disc(image, cx, cy, width * rng.uniform(0.08, 0.2), pick_colour(rng)[1], cv2.LINE_AA)


def _plant(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    pot, foot = w * 0.06, min(y + h * 0.04, h * 1.02)
    x = _place(image, rng, pot * 2, side) + pot
    for _ in range(11):
        angle, length = rng.uniform(-1.2, 1.2), h * rng.uniform(0.16, 0.34)
        tip = np.array((x + np.sin(angle) * length, foot - pot * 1.4 - np.cos(angle) * length))
        root = np.array((x, foot - pot * 1.4))
        breadth = np.array((np.cos(angle), np.sin(angle))) * length * 0.11
        leaf = smooth([root, root * 0.45 + tip * 0.55 + breadth, tip, root * 0.45 + tip * 0.55 - breadth])
        green = np.array((70, 112, 70)) * rng.uniform(0.6, 1.25)
        cv2.fillPoly(image, [leaf.astype(np.int32)], tuple(map(float, green)), cv2.LINE_AA)
    _rect(image, x - pot, foot - pot * 1.6, x + pot, foot, np.array((196, 130, 96)) * rng.uniform(0.7, 1.15))


def _shelf(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width = w * rng.uniform(0.25, 0.4)
    x, brown = _place(image, rng, width, side), np.array(WOODS[rng.integers(len(WOODS))])
    for row in range(int(rng.integers(1, 4))):
        top = h * (0.14 + 0.2 * row)
        at = x + 3
        while at < x + width - 8:
            thick, tall = w * rng.uniform(0.012, 0.03), h * rng.uniform(0.08, 0.15)
            if rng.random() < 0.8:
                _rect(image, at, top + h * 0.16 - tall, at + thick, top + h * 0.16, pick_colour(rng)[1])
            at += thick + 1
        _rect(image, x, top + h * 0.16, x + width, top + h * 0.16 + max(2, h // 90), brown)


def _sofa(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width = w * rng.uniform(0.45, 0.8)
    colour = np.array(pick_colour(rng, ("grey", "beige", "green", "blue", "brown"))[1], float)
    x, foot = _place(image, rng, width, side), min(y + h * 0.06, h * 1.1)
    seat = foot - h * 0.13
    _rect(image, x, seat - h * 0.16, x + width, foot, colour * 0.9)
    _rect(image, x - w * 0.03, seat - h * 0.06, x + w * 0.05, foot, colour * 1.04)
    _rect(image, x + width - w * 0.05, seat - h * 0.06, x + width + w * 0.03, foot, colour * 0.98)
    _rect(image, x + w * 0.05, seat, x + width - w * 0.05, seat + h * 0.06, colour * 1.1)


def _door(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width, top = w * rng.uniform(0.22, 0.3), h * rng.uniform(-0.1, 0.08)
    x = _place(image, rng, width, side)
    colour = np.array(WOODS[rng.integers(len(WOODS))]) * 0.5 + np.array((228, 226, 220)) * 0.5
    _rect(image, x - 4, top - 4, x + width + 4, y, np.minimum(colour * 1.08, 250))
    _rect(image, x, top, x + width, y, colour)
    for a, b in ((0.08, 0.45), (0.53, 0.92)):
        _rect(image, x + width * 0.16, top + (y - top) * a, x + width * 0.84, top + (y - top) * b, colour * 0.95)


def _curtain(image, y, rng, base, side) -> None:
    h, w = image.shape[:2]
    width = int(w * rng.uniform(0.12, 0.28))
    colour = np.array(pick_colour(rng, ("white", "beige", "grey", "green", "blue"))[1])
    x = w - width if side > 0 else 0
    wave = 1 + 0.09 * np.sin(np.arange(width) / width * rng.uniform(25, 45)) + rng.normal(0, 0.01, width)
    image[: min(y + 4, h), x : x + width] = colour * wave[None, :, None]


_FURNITURE = (_window, _frame, _frame, _plant, _shelf, _sofa, _door, _curtain)


def street(size: tuple[int, int], floor_y: float, rng: np.random.Generator, trees: bool | None = None) -> np.ndarray:
    """Out of doors, out of focus: sky, houses or trees, pavement; uint8 (H, W, 3)."""
    h, w = max(2, size[0] // 3), max(2, size[1] // 3)
    y = int(np.clip(floor_y / 3, 0, h))
    ramp = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    sky = np.array((196, 214, 232)) * (1 - ramp) + np.array((232, 232, 226)) * ramp
    image: np.ndarray = np.repeat(sky, w, 1).astype(np.float32)
    trees = rng.random() < 0.5 if trees is None else trees
    (_trees if trees else _houses)(image, y, rng)
    if y < h:
        image[y:] = concrete((h - y + 2, w), rng)[: h - y]
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(1.2, 2.6) * max(h, w) / 150)
    return np.clip(cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)


def _houses(image, y, rng) -> None:
    h, w = image.shape[:2]
    x = -5.0
    while x < w:
        width, top = w * rng.uniform(0.2, 0.45), h * rng.uniform(-0.2, 0.3)
        colour = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.5, 0.95)
        _rect(image, x, top, x + width, y, colour)
        step = max(6, w // 12)
        for wx in np.arange(x + step / 2, x + width - step / 2, step):
            for wy in np.arange(max(top, 0) + step / 2, y - step, step * 1.5):
                _rect(image, wx, wy, wx + step * 0.45, wy + step * 0.8, colour * rng.uniform(0.4, 0.8))
        x += width
    _rect(image, 0, y - h * 0.04, w, y, (110, 106, 102))


def _trees(image, y, rng) -> None:
    h, w = image.shape[:2]
    _rect(image, 0, h * 0.35, w, y, (96, 122, 78))
    for _ in range(90):
        green = np.array((84, 116, 62)) * rng.uniform(0.5, 1.5)
        _disc(image, rng.uniform(0, w), rng.uniform(-0.1, 0.65) * h, w * rng.uniform(0.03, 0.12), green)
    for _ in range(4):
        x = rng.uniform(0, w)
        _rect(image, x, h * 0.3, x + w * 0.02, y, (84, 66, 52))


def studio(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A seamless paper backdrop with a pool of light; uint8 (H, W, 3)."""
    h, w = size
    base = np.array(WALLS[rng.integers(len(WALLS))], np.float32)
    y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
    return np.clip(tint(base, 0.04 - 0.14 * (x * x * 0.6 + (y + 0.2) ** 2 * 0.6)), 0, 255).astype(np.uint8)
