"""Backgrounds without garments: surfaces for clothes laid flat, rooms and streets for people."""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.datasets.synthetic.fabric import make_fabric, pick_colour
from ewardrobe.datasets.synthetic.geometry import smooth

WOODS = ((176, 134, 92), (202, 164, 120), (120, 84, 58), (226, 206, 178), (150, 142, 132), (92, 66, 50))
WALLS = (
    (232, 228, 220),
    (216, 220, 222),
    (198, 206, 200),
    (224, 206, 190),
    (182, 192, 204),
    (206, 188, 176),
    (148, 160, 158),
    (240, 236, 230),
)


def surface(kind: str, size: tuple[int, int], rng: np.random.Generator, colour=None) -> np.ndarray:
    """Draw a surface seen from above, uint8 (H, W, 3); ``kind`` is a key of ``SURFACES``."""
    image = SURFACES[kind](size, rng, colour)
    turn = np.float32(np.linspace(1 + rng.uniform(0, 0.1), 1 - rng.uniform(0, 0.12), size[1]))[None, :, None]
    return np.clip(image * turn, 0, 255).astype(np.uint8)


def _noise(rng, size, cell, aspect=(1.0, 1.0)) -> np.ndarray:
    """Smooth noise (H, W) float32 of unit size; ``cell`` pixels a bump, stretched by ``aspect`` (y, x)."""
    shape = [max(2, int(n / max(cell * a, 1)) + 2) for n, a in zip(size, aspect, strict=True)]
    return cv2.resize(rng.standard_normal(shape, np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)


def _tint(rgb, value) -> np.ndarray:
    return np.asarray(rgb, np.float32) * (1 + value)[..., None]


def wood(size, rng, colour=None) -> np.ndarray:
    """Planks with grain, side by side, ends staggered."""
    h, w = size
    base = np.array(colour or WOODS[rng.integers(len(WOODS))], np.float32)
    across = rng.random() < 0.6
    rows, columns = (h, w) if across else (w, h)
    plank = max(10, int(max(h, w) * rng.uniform(0.09, 0.2)))
    grain = (
        _noise(rng, (rows, columns), max(2, plank / 14), (1, 26)) * 0.045
        + _noise(rng, (rows, columns), plank / 3, (1, 8)) * 0.035
    )
    for y in range(0, rows, plank):
        grain[y : y + plank] = np.roll(grain[y : y + plank], int(rng.integers(columns)), 1) + rng.normal(0, 0.05)
        grain[y : y + max(1, plank // 40)] -= 0.28
        x = int(rng.integers(columns))
        grain[y : y + plank, x : x + max(1, plank // 40)] -= 0.25
    return _tint(base, grain if across else grain.T)


def tiles(size, rng, colour=None) -> np.ndarray:
    """Square tiles with joints, each a little different."""
    h, w = size
    base = np.array(colour or WALLS[rng.integers(len(WALLS))], np.float32) * rng.uniform(0.55, 1.0)
    side = int(max(h, w) * rng.uniform(0.13, 0.3))
    rows, columns = h // side + 2, w // side + 2
    value = np.repeat(np.repeat(rng.normal(0, 0.03, (rows, columns)), side, 0), side, 1)
    sy, sx = rng.integers(0, side, 2)
    value = value[sy : sy + h, sx : sx + w].astype(np.float32) + _noise(rng, size, side / 4) * 0.02
    joint = max(1, side // 36)
    value[(np.arange(h) + sy) % side < joint] = -0.22
    value[:, (np.arange(w) + sx) % side < joint] = -0.22
    return _tint(base, value)


def sheet(size, rng, colour=None) -> np.ndarray:
    """A bed sheet or blanket: cloth, plain or patterned, with broad wrinkles."""
    h, w = size
    unit = max(size) / rng.uniform(6, 10)
    names = ("white", "white", "beige", "grey", "blue", "pink", "navy", "red", "green", "yellow")
    fabric = make_fabric(
        rng,
        unit,
        colour or str(rng.choice(names)),
        patterns=("solid", "solid", "striped", "checked", "floral", "dotted"),
    )
    cloth = np.tile(fabric.tile, (h // len(fabric.tile) + 1, w // len(fabric.tile) + 1, 1))[:h, :w]
    k = 200 / max(size)
    small = (max(2, int(h * k)), max(2, int(w * k)))
    height = (
        _noise(rng, small, 46, (1, rng.uniform(0.5, 2))) * 9 + _noise(rng, small, 18, (rng.uniform(0.4, 1), 1.4)) * 2.0
    )
    height = np.abs(height) ** 0.9
    slope = cv2.Sobel(height, cv2.CV_32F, 1, 1, scale=0.2) + cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.1)
    shade = cv2.resize(cv2.GaussianBlur(np.tanh(slope), (0, 0), 1.4), (w, h), interpolation=cv2.INTER_CUBIC)
    return _tint(1.0, shade * 0.11) * cloth


def carpet(size, rng, colour=None) -> np.ndarray:
    """Pile with a fine noise; sometimes woven stripes."""
    base = np.array(
        colour or pick_colour(rng, ("grey", "beige", "brown", "blue", "green", "red", "white"))[1], np.float32
    )
    value = rng.standard_normal(size, np.float32) * 0.09
    value = cv2.GaussianBlur(value, (0, 0), max(size) / 700) * 1.6 + _noise(rng, size, max(size) / 9) * 0.03
    if rng.random() < 0.3:
        value += 0.16 * np.sign(np.sin(np.arange(size[0]) / max(size) * rng.uniform(30, 120)))[:, None]
    return _tint(base, value)


def plaster(size, rng, colour=None) -> np.ndarray:
    """A plain wall or table top, with a slow change of light."""
    base = np.array(colour or WALLS[rng.integers(len(WALLS))], np.float32) * rng.uniform(0.6, 1.03)
    return _tint(base, _noise(rng, size, max(size) / 2) * 0.025 + _noise(rng, size, max(size) / 90) * 0.008)


def concrete(size, rng, colour=None) -> np.ndarray:
    """Mottled grey: concrete, stone, asphalt."""
    base = np.array(colour or (150, 150, 148), np.float32) * rng.uniform(0.5, 1.2)
    return _tint(base, sum(_noise(rng, size, max(size) / d) * g for d, g in ((6, 0.04), (30, 0.03), (160, 0.035))))


def grass(size, rng, colour=None) -> np.ndarray:
    """A lawn from above."""
    base = np.array(colour or (92, 118, 62), np.float32)
    return _tint(base, _noise(rng, size, max(size) / 140, (2.5, 1)) * 0.14 + _noise(rng, size, max(size) / 12) * 0.05)


SURFACES = {
    "wood": wood,
    "tiles": tiles,
    "sheet": sheet,
    "carpet": carpet,
    "wall": plaster,
    "concrete": concrete,
    "grass": grass,
}


def room(
    size: tuple[int, int], floor_y: float, rng: np.random.Generator, wall=None, defocus: float = 1.0
) -> np.ndarray:
    """A wall with furniture and a floor that begins at ``floor_y`` (pixels, may lie outside), uint8 (H, W, 3)."""
    h, w = size
    k = 0.5
    small = (max(2, int(h * k)), max(2, int(w * k)))
    image = plaster(small, rng, wall)
    y = int(np.clip(floor_y * k, 0, small[0]))
    if y < small[0]:
        _floor(image, y, rng)
    base = image[: max(y, 1)].mean((0, 1))
    for _ in range(int(rng.integers(1, 4))):
        _FURNITURE[rng.integers(len(_FURNITURE))](image, y, rng, base)
    image = cv2.GaussianBlur(np.clip(image, 0, 255), (0, 0), 0.4 + defocus * max(size) / 520)
    return cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _floor(image, y, rng) -> None:
    h, w = image.shape[:2]
    depth = h - y
    texture = SURFACES[str(rng.choice(["wood", "wood", "tiles", "carpet", "concrete"]))]((max(depth, 8), w), rng, None)
    image[y:] = texture[:depth] * np.linspace(0.82, 1.05, depth, dtype=np.float32)[:, None, None]
    board = max(2, w // 60)
    image[max(y - board, 0) : y] = np.minimum(image[max(y - board, 0) : y] * 1.12, 250)
    image[max(y - 1, 0) : y + 1] *= 0.7


def _rect(image, x0, y0, x1, y1, colour) -> None:
    cv2.rectangle(image, (int(x0), int(y0)), (int(x1), int(y1)), tuple(float(c) for c in colour), -1)


def _place(image, rng, width):
    """Left edge of something ``width`` wide: anywhere, more often at the sides."""
    w = image.shape[1]
    side = rng.random()
    return (
        rng.uniform(-0.1, 0.12) * w
        if side < 0.4
        else w - width - rng.uniform(-0.1, 0.12) * w
        if side < 0.8
        else rng.uniform(0, w - width)
    )


def _window(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width, height = w * rng.uniform(0.25, 0.45), h * rng.uniform(0.3, 0.5)
    x, top = _place(image, rng, width), h * rng.uniform(0.02, 0.12)
    _rect(image, x - 4, top - 4, x + width + 4, top + height + 4, base * 1.08)
    glow = np.array((226, 238, 246)) * rng.uniform(0.9, 1.02)
    for c in range(2):
        _rect(image, x + c * width / 2 + 2, top, x + (c + 1) * width / 2 - 2, top + height, glow - c * 6)


def _frame(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width, height = w * rng.uniform(0.1, 0.22), h * rng.uniform(0.1, 0.22)
    x, top = _place(image, rng, width), h * rng.uniform(0.05, 0.25)
    _rect(image, x + 2, top + 3, x + width + 3, top + height + 4, base * 0.8)
    _rect(image, x, top, x + width, top + height, WOODS[rng.integers(len(WOODS))])
    _rect(image, x + 3, top + 3, x + width - 3, top + height - 3, (242, 240, 234))
    for _ in range(3):
        centre = (int(x + width * rng.uniform(0.3, 0.7)), int(top + height * rng.uniform(0.3, 0.7)))
        cv2.circle(
            image, centre, int(width * rng.uniform(0.08, 0.2)), tuple(map(float, pick_colour(rng)[1])), -1, cv2.LINE_AA
        )


def _plant(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    pot, foot = w * 0.06, min(y + h * 0.04, h * 1.02)
    x = _place(image, rng, pot * 2) + pot
    for _ in range(11):
        angle, length = rng.uniform(-1.2, 1.2), h * rng.uniform(0.16, 0.34)
        tip = np.array((x + np.sin(angle) * length, foot - pot * 1.4 - np.cos(angle) * length))
        root = np.array((x, foot - pot * 1.4))
        side = np.array((np.cos(angle), np.sin(angle))) * length * 0.11
        leaf = smooth([root, root * 0.45 + tip * 0.55 + side, tip, root * 0.45 + tip * 0.55 - side])
        green = np.array((70, 112, 70)) * rng.uniform(0.6, 1.25)
        cv2.fillPoly(image, [leaf.astype(np.int32)], tuple(map(float, green)), cv2.LINE_AA)
    _rect(image, x - pot, foot - pot * 1.6, x + pot, foot, np.array((196, 130, 96)) * rng.uniform(0.7, 1.15))


def _shelf(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width = w * rng.uniform(0.25, 0.4)
    x, brown = _place(image, rng, width), np.array(WOODS[rng.integers(len(WOODS))])
    for row in range(int(rng.integers(1, 4))):
        top = h * (0.14 + 0.2 * row)
        at = x + 3
        while at < x + width - 8:
            thick, tall = w * rng.uniform(0.012, 0.03), h * rng.uniform(0.08, 0.15)
            if rng.random() < 0.8:
                _rect(image, at, top + h * 0.16 - tall, at + thick, top + h * 0.16, pick_colour(rng)[1])
            at += thick + 1
        _rect(image, x, top + h * 0.16, x + width, top + h * 0.16 + max(2, h // 90), brown)


def _sofa(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width, colour = (
        w * rng.uniform(0.45, 0.8),
        np.array(pick_colour(rng, ("grey", "beige", "green", "blue", "brown"))[1], float),
    )
    x, foot = _place(image, rng, width), min(y + h * 0.06, h * 1.1)
    seat = foot - h * 0.13
    _rect(image, x, seat - h * 0.16, x + width, foot, colour * 0.9)
    _rect(image, x - w * 0.03, seat - h * 0.06, x + w * 0.05, foot, colour * 1.04)
    _rect(image, x + width - w * 0.05, seat - h * 0.06, x + width + w * 0.03, foot, colour * 0.98)
    _rect(image, x + w * 0.05, seat, x + width - w * 0.05, seat + h * 0.06, colour * 1.1)


def _door(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width, top = w * rng.uniform(0.22, 0.3), h * rng.uniform(-0.1, 0.08)
    x, colour = (
        _place(image, rng, width),
        np.array(WOODS[rng.integers(len(WOODS))]) * 0.5 + np.array((228, 226, 220)) * 0.5,
    )
    _rect(image, x - 4, top - 4, x + width + 4, y, np.minimum(colour * 1.08, 250))
    _rect(image, x, top, x + width, y, colour)
    for a, b in ((0.08, 0.45), (0.53, 0.92)):
        _rect(image, x + width * 0.16, top + (y - top) * a, x + width * 0.84, top + (y - top) * b, colour * 0.95)


def _curtain(image, y, rng, base) -> None:
    h, w = image.shape[:2]
    width, colour = (
        int(w * rng.uniform(0.12, 0.28)),
        np.array(pick_colour(rng, ("white", "beige", "grey", "green", "blue"))[1]),
    )
    x = 0 if rng.random() < 0.5 else w - width
    wave = 1 + 0.09 * np.sin(np.arange(width) / width * rng.uniform(25, 45)) + rng.normal(0, 0.01, width)
    image[: min(y + 4, h), x : x + width] = colour * wave[None, :, None]


_FURNITURE = (_window, _frame, _frame, _plant, _shelf, _sofa, _door, _curtain)


def street(size: tuple[int, int], floor_y: float, rng: np.random.Generator) -> np.ndarray:
    """Out of doors, out of focus: sky, houses or trees, pavement; uint8 (H, W, 3)."""
    h, w = max(2, size[0] // 3), max(2, size[1] // 3)
    y = int(np.clip(floor_y / 3, 0, h))
    ramp = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    image = np.repeat(np.array((196, 214, 232)) * (1 - ramp) + np.array((232, 232, 226)) * ramp, w, 1).astype(
        np.float32
    )
    (_trees if rng.random() < 0.5 else _houses)(image, y, rng)
    if y < h:
        image[y:] = concrete((h - y + 2, w), rng)[: h - y]
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2.2) * max(h, w) / 160)
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
    for _ in range(60):
        green = np.array((84, 116, 62)) * rng.uniform(0.5, 1.5)
        cv2.circle(
            image,
            (int(rng.uniform(0, w)), int(rng.uniform(-0.1, 0.65) * h)),
            int(w * rng.uniform(0.03, 0.12)),
            tuple(map(float, green)),
            -1,
        )
    for _ in range(4):
        x = rng.uniform(0, w)
        _rect(image, x, h * 0.3, x + w * 0.02, y, (84, 66, 52))


def studio(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A seamless paper backdrop with a pool of light; uint8 (H, W, 3)."""
    h, w = size
    base = np.array(WALLS[rng.integers(len(WALLS))], np.float32)
    y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
    return np.clip(_tint(base, 0.04 - 0.14 * (x * x * 0.6 + (y + 0.2) ** 2 * 0.6)), 0, 255).astype(np.uint8)
