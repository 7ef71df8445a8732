"""The painter: parts go onto the picture from back to front, with light, shadow, labels and exact masks."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from ewardrobe.datasets.synthetic.fabric import Fabric
from ewardrobe.datasets.synthetic.geometry import BodyView, DrawnPart, normals

SUPERSAMPLE = 4
LIGHT = np.array([-0.62, -0.78], np.float32)
"""Direction towards the light in the picture: from the upper left."""


class Canvas:
    """A picture in the making: RGB float32 (H, W, 3), label map uint8 (0..18), item map uint8 (0 = no garment)."""

    def __init__(self, background: np.ndarray, rng: np.random.Generator, light: float = 1.0):
        self.rgb = background.astype(np.float32)
        self.labels: np.ndarray = np.zeros(background.shape[:2], np.uint8)
        self.items = np.zeros_like(self.labels)
        self.rng = rng
        self.seed = int(rng.integers(1 << 31))
        self.light = light

    def paint(self, parts: Iterable[DrawnPart], fabric: Fabric, view: BodyView, label: int, item: int = 0) -> None:
        """Draw ``parts`` one over the other; pixels at least half covered take their label and item."""
        for part in parts:
            self._paint(part, fabric, view, label, item)

    def _paint(self, part: DrawnPart, fabric: Fabric, view: BodyView, label: int, item: int) -> None:
        outline = view(part.outline)
        box = _crop(outline, self.labels.shape, margin=int(3 + 0.12 * view.scale))
        if box is None:
            return
        x0, y0, x1, y1 = box
        coverage = _coverage([outline, *map(view, part.quads)], [view(h) for h in part.holes], box)
        if not coverage.any():
            return
        if part.clip is None:
            self._shade_ground(part, coverage, box, view.scale, item)
        rng = np.random.default_rng((part.seed, self.seed))
        shade, drift = _relief(rng, part, coverage, box, view, fabric, self.light)
        cloth = _cloth(fabric, part, view, box, drift)
        _draw_strokes(cloth, part, view, box, fabric.material)
        cloth = _lit(cloth, shade, part.tone)
        if part.clip is not None:
            coverage = np.minimum(coverage, _coverage([view(q) for q in part.clip], [], box))
        alpha = coverage[..., None].astype(np.float32) * (1 / 255)
        target = self.rgb[y0:y1, x0:x1]
        target += (cloth - target) * alpha
        inside = coverage >= 128
        self.labels[y0:y1, x0:x1][inside] = label
        self.items[y0:y1, x0:x1][inside] = item

    def _shade_ground(self, part, coverage, box, unit, item) -> None:
        """Darken what lies under the part, offset away from the light; little on the same garment."""
        x0, y0, x1, y1 = box
        blur = max(0.8, unit * 0.04)
        shift = np.array([[1, 0, -LIGHT[0] * blur * 0.9], [0, 1, -LIGHT[1] * blur * 0.9]], np.float32)
        small = cv2.warpAffine(coverage, shift, coverage.shape[::-1])
        window = (int(blur) * 2 + 1,) * 2
        small = cv2.blur(cv2.blur(small, window), window)
        amount = small.astype(np.float32) * (part.shadow / 255)
        if item:
            amount[self.items[y0:y1, x0:x1] == item] *= 0.45
        self.rgb[y0:y1, x0:x1] *= (1 - amount)[..., None]

    def finish(self, noise: float = 2.0, vignette: float = 0.12, tint=(1.0, 1.0, 1.0), blur: float = 0.0) -> np.ndarray:
        """Return RGB uint8: slight falloff of light, colour cast, defocus, sensor noise."""
        h, w = self.labels.shape
        y, x = np.linspace(-1, 1, h, dtype=np.float32)[:, None], np.linspace(-1, 1, w, dtype=np.float32)[None]
        falloff = 1.02 - vignette * (0.6 * (x * x + y * y) / 2 + 0.4 * (x + y) / 2)
        rgb: np.ndarray = self.rgb * falloff[..., None]
        rgb *= np.asarray(tint, np.float32)
        if blur > 0.3:
            rgb = cv2.GaussianBlur(rgb, (0, 0), blur)
        if noise > 0:
            grain = self.rng.standard_normal((h // 2 + 1, w), np.float32)
            rgb += (np.vstack([grain, grain[::-1, ::-1]])[:h] * noise)[..., None]
        return np.clip(rgb, 0, 255).astype(np.uint8)


def _crop(outline, shape, margin):
    low, high = np.floor(outline.min(0)).astype(int) - margin, np.ceil(outline.max(0)).astype(int) + margin
    x0, y0 = max(low[0], 0), max(low[1], 0)
    x1, y1 = min(high[0], shape[1]), min(high[1], shape[0])
    return (x0, y0, x1, y1) if x1 - x0 > 1 and y1 - y0 > 1 else None


def _coverage(pieces, holes, box) -> np.ndarray:
    """Antialiased union of the polygons ``pieces`` less the ``holes``, uint8 0..255, on the crop ``box``."""
    x0, y0, x1, y1 = box
    large = np.zeros(((y1 - y0) * SUPERSAMPLE, (x1 - x0) * SUPERSAMPLE), np.uint8)
    for points, value in [*((piece, 255) for piece in pieces), *((hole, 0) for hole in holes)]:
        polygon = np.round(((points - (x0, y0)) * SUPERSAMPLE - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(large, [polygon], value, cv2.LINE_8, 4)
    return cv2.resize(large, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)


def _relief(rng, part, coverage, box, view, fabric, light):
    """Shade (h, w) around 1 from a height field (rounded edges, creases, waves) and its slope for the pattern."""
    h, w = coverage.shape
    k = min(1.0, 240 / max(h, w))  # light and folds are smooth: a coarse grid will do
    small = cv2.resize(coverage, (max(2, round(w * k)), max(2, round(h * k))), interpolation=cv2.INTER_AREA)
    unit = view.scale * k
    distance = cv2.distanceTransform(np.pad((small > 127).astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    radius = max(part.puff * unit, 1.2)
    ramp = 1 - np.clip(distance / radius, 0, 1)
    height = cv2.GaussianBlur(np.sqrt(np.maximum(1 - ramp * ramp, 0)) * radius * 0.85, (0, 0), max(0.06 * unit, 0.7))
    if part.role in ("cloth", "short sleeve"):
        height += _folds(part, small.shape, box, view, k, unit) * fabric.fold
        cells = max(2, int(small.shape[0] / unit / 0.28) + 3), max(2, int(small.shape[1] / unit / 0.36) + 3)
        waves = rng.standard_normal(cells).astype(np.float32)
        waves = cv2.resize(waves, small.shape[::-1], interpolation=cv2.INTER_CUBIC)
        height += waves * unit * 0.016 * fabric.fold
    gx, gy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    slope = -(gx * LIGHT[0] + gy * LIGHT[1])
    shade = 1 + 0.34 * light * np.tanh(slope * 1.1) + 0.09 * (height / radius - 0.8)
    if part.fade is not None:  # flat at the beginning of a limb, so that it joins what it grows from
        shade = 1 + (shade - 1) * (0.25 + 0.75 * _ramp(part.fade, shade.shape, box, view, k))
    shade, gx, gy = (cv2.resize(a, (w, h)) for a in (shade.astype(np.float32), gx, gy))
    return shade, (gx, gy)


def _ramp(ends, shape, box, view, k) -> np.ndarray:
    """0 before the first end (body units), 1 after the second, even between; on a grid of ``k`` cells a pixel."""
    start, stop = view(np.array(ends))
    direction = (stop - start) / max(float((stop - start) @ (stop - start)), 1e-6)
    x = (np.arange(shape[1], dtype=np.float32) / k + np.float32(box[0] - start[0])) * np.float32(direction[0])
    y = (np.arange(shape[0], dtype=np.float32) / k + np.float32(box[1] - start[1])) * np.float32(direction[1])
    return np.clip(x[None] + y[:, None], 0, 1)


def _folds(part, shape, box, view, k, unit):
    field = np.zeros(shape, np.float32)
    for line, width, strength in part.creases:
        points = (view(line) - box[:2]) * k
        taper = np.sin(np.linspace(0.15, np.pi - 0.15, len(points)))[:, None] * width * unit * 0.5
        breadth = normals(points) * taper
        ribbon = np.vstack([points + breadth, (points - breadth)[::-1]])
        cv2.fillPoly(field, [np.round(ribbon * 16).astype(np.int32)], float(strength), cv2.LINE_8, 4)
    return cv2.GaussianBlur(field, (0, 0), max(0.035 * unit, 0.8)) * unit * 0.16


def _cloth(fabric, part, view, box, drift):
    """Lay the fabric's tile along the part's grain; the pattern follows the slope of the folds a little."""
    h, w = drift[0].shape
    if fabric.material == "plain":
        return np.full((h, w, 3), fabric.colour, np.uint8)
    angle = view.angle + part.grain
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    ox, oy = view([part.origin])[0] - box[:2]
    x = np.arange(w, dtype=np.float32)[None] - np.float32(ox)
    y = np.arange(h, dtype=np.float32)[:, None] - np.float32(oy)
    bend = np.float32(0.03 * view.scale)
    u, v = c * x + s * y - np.tanh(drift[0]) * bend, -s * x + c * y - np.tanh(drift[1]) * bend
    return cv2.remap(fabric.tile, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def _draw_strokes(cloth, part, view, box, material) -> None:
    mean = None
    for stroke in part.strokes:
        if isinstance(stroke.tone, (int, float)):
            mean = cloth.reshape(-1, 3).mean(0) if mean is None else mean
            colour = _toned(mean, stroke.tone)
            if material == "denim" and stroke.width < 0.02:
                colour = 0.35 * colour + 0.65 * np.array((196, 152, 98))  # topstitching
        else:
            colour = stroke.tone
        colour = tuple(int(np.clip(v, 0, 255)) for v in colour)
        points = np.round((view(stroke.points) - box[:2]) * 16).astype(np.int32)
        width = max(1, round(stroke.width * view.scale))
        if stroke.filled:
            cv2.fillPoly(cloth, [points], colour, cv2.LINE_AA, 4)
        elif stroke.dashed:
            for a, b in zip(points[:-1:2], points[1::2], strict=False):
                cv2.line(cloth, a.tolist(), b.tolist(), colour, width, cv2.LINE_AA, 4)
        else:
            cv2.polylines(cloth, [points], False, colour, width, cv2.LINE_AA, 4)


def _toned(rgb, tone):
    """Darker below 1, lighter above; black cloth still shows its seams."""
    rgb = np.asarray(rgb, float)
    if rgb.mean() < 60:
        return rgb * 0.75 + (8 if tone < 1 else 34)
    return rgb * tone + (0 if tone < 1 else 18)


def _lit(cloth, shade, tone) -> np.ndarray:
    """Multiply by the shade; bright places also gain a little white, so that black cloth has form."""
    bright = float(np.clip((cloth.mean() - 140) / 100, 0, 1))  # white cloth has no room above its own colour
    shade = np.where(shade > 1, 1 + (shade - 1) * (1 - 0.75 * bright), shade)[..., None] * np.float32(tone)
    return cloth * np.clip(shade, 0.35, 1.35) + np.maximum(shade - 1, 0) * 34
