"""Pictures of results: outlines, fills and name tags on a photo, cut-outs on a checkerboard."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import scale_to
from ewardrobe.core.taxonomy import category

LIGHT_SQUARE, DARK_SQUARE = 250, 226
BOX_COLOUR = (15, 118, 110)


def draw_detections(
    image: np.ndarray,
    detections: Detections,
    labels: bool = True,
    alpha: float = 0.3,
    names: Sequence[str] | None = None,
) -> np.ndarray:
    """Return a copy of ``image`` (RGB uint8 (H, W, 3)) with the garments drawn on it.

    Every garment gets a fill of opacity ``alpha`` (0..1) and an outline in its category's colour; with ``labels`` a
    tag with its name and score, or with what ``names`` (N) calls it.  Large masks are drawn first, so that small ones
    stay visible.
    """
    if image.shape[:2] != detections.image_size:
        raise ValueError(f"image is {image.shape[:2]}, the masks are {detections.image_size}: draw on the same image")
    canvas = image.copy()
    order = np.argsort([-np.count_nonzero(mask) for mask in detections.masks], kind="stable")
    for i in order:
        mask, colour = detections.masks[i], category(detections.category_ids[i]).colour
        contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        canvas[mask] = np.rint(canvas[mask] * (1 - alpha) + np.array(colour) * alpha).astype(np.uint8)
        cv2.drawContours(canvas, contours, -1, colour, line_width(*mask.shape), cv2.LINE_AA)
    if not labels or not len(order):
        return canvas
    words = (category(number).word for number in detections.category_ids)
    told = names or [f"{word} {score:.0%}" for word, score in zip(words, detections.scores, strict=True)]
    return _draw_tags(canvas, detections[order], [told[i] for i in order])


def checkerboard(height: int, width: int, square: int = 12) -> np.ndarray:
    """Return an RGB uint8 (height, width, 3) board of light grey squares of ``square`` pixels."""
    odd = (np.arange(height)[:, None] // square + np.arange(width)[None] // square) % 2 == 1
    return np.repeat(np.where(odd, DARK_SQUARE, LIGHT_SQUARE).astype(np.uint8)[..., None], 3, axis=2)


def on_background(rgba: np.ndarray, background: np.ndarray | tuple[int, int, int]) -> np.ndarray:
    """Lay an RGBA uint8 (h, w, 4) cut-out on a colour or an RGB (h, w, 3) picture; returns RGB uint8."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = rgba[..., :3] * alpha + np.asarray(background, np.float32) * (1 - alpha)
    return np.rint(mixed).astype(np.uint8)


def line_width(height: int, width: int) -> int:
    """Return the width in pixels of an outline that reads well on an image of this size."""
    return max(1, round((height * width) ** 0.5 / 320))


def card_picture(cutout: np.ndarray, height: int = 320, width: int = 320, dimmed: bool = False) -> np.ndarray:
    """Return RGB uint8 (height, width, 3): the RGBA cut-out centred on a checkerboard, every card of one size."""
    margin = round(0.04 * height)
    fit = min((height - 2 * margin) / cutout.shape[0], (width - 2 * margin) / cutout.shape[1])
    small = resized_rgba(cutout, fit)
    rows, cols = small.shape[:2]
    top, left = (height - rows) // 2, (width - cols) // 2
    board = checkerboard(height, width, square=10)
    middle = board[top : top + rows, left : left + cols]
    middle[:] = on_background(small, middle)
    if dimmed:
        grey = board.mean(axis=2, keepdims=True)
        return np.rint(0.25 * grey + 0.75 * 245).astype(np.uint8).repeat(3, axis=2)
    return board


def square(image: np.ndarray, side: int) -> np.ndarray:
    """Return the middle of ``image`` (RGB uint8 (H, W, 3)) as (side, side, 3): a picture to choose by."""
    height, width = image.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = image[top : top + short, left : left + short]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if short > side else cv2.INTER_LINEAR)


def draw_box(image: np.ndarray, box: tuple[int, int, int, int], max_side: int = 800) -> np.ndarray:
    """Return ``image``, RGB uint8 (H, W, 3), with all outside ``box`` (``x0 y0 x1 y1``) paler and the box outlined.

    It is scaled down to ``max_side`` pixels.
    """
    small = scale_to(image, max_side)
    scale = small.shape[0] / image.shape[0]
    x0, y0, x1, y1 = (round(value * scale) for value in box)
    canvas = small // 3 + 130  # paler, not darker: the box is what one looks at
    canvas[y0:y1, x0:x1] = small[y0:y1, x0:x1]
    cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), BOX_COLOUR, max(2, line_width(*small.shape[:2])), cv2.LINE_AA)
    return canvas


def resized_rgba(cutout: np.ndarray, scale: float) -> np.ndarray:
    """Return ``cutout``, RGBA uint8 (H, W, 4), ``scale`` times as large; nothing of its transparent margin bleeds in.

    The colours are weighted by alpha.
    """
    size = max(1, round(cutout.shape[1] * scale)), max(1, round(cutout.shape[0] * scale))
    alpha = cutout[..., 3:].astype(np.float32) / 255
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    weighted = cv2.resize(np.dstack([cutout[..., :3] * alpha, alpha]), size, interpolation=method)
    opacity = np.clip(weighted[..., 3:], 0, 1)
    rgb = np.clip(weighted[..., :3] / np.maximum(opacity, 1e-4), 0, 255)
    return np.rint(np.dstack([rgb, opacity * 255])).astype(np.uint8)


def _draw_tags(canvas: np.ndarray, detections: Detections, texts: Sequence[str]) -> np.ndarray:
    picture = Image.fromarray(canvas)
    pen = ImageDraw.Draw(picture)
    font = _font(int(np.clip(round((canvas.shape[0] * canvas.shape[1]) ** 0.5 / 36), 11, 64)))
    ascent, descent = font.getmetrics()
    taken: list[tuple[int, int, int, int]] = []
    for box, category_id, text in zip(detections.boxes, detections.category_ids, texts, strict=True):
        garment = category(category_id)
        size = round(font.getlength(text)) + ascent, ascent + descent + ascent // 4
        place = _free_place(box, size, canvas.shape[:2], taken)
        taken.append(place)
        radius = (place[3] - place[1]) // 4
        pen.rounded_rectangle((place[0], place[1], place[2] - 1, place[3] - 1), radius, fill=garment.colour)
        middle = (place[0] + place[2]) / 2, (place[1] + place[3]) / 2
        pen.text(middle, text, fill=_ink(garment.colour), font=font, anchor="mm")
    return np.array(picture)


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)  # Pillow carries its own, so that tags look the same everywhere
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font


def _free_place(
    box: Sequence[float], size: tuple[int, int], image_size: tuple[int, int], taken: list
) -> tuple[int, int, int, int]:
    """Return the tag's place: at the middle of the top edge of ``box``, moved down past tags already there."""
    (width, height), (image_height, image_width) = size, image_size
    x = int(np.clip((box[0] + box[2] - width) / 2, 0, max(0, image_width - width)))
    y = int(np.clip(box[1], 0, max(0, image_height - height)))
    while y + height <= image_height and any(
        x < right and left < x + width and y < bottom and top < y + height for left, top, right, bottom in taken
    ):
        y += max(1, height // 4)
    y = min(y, max(0, image_height - height))
    return x, y, x + width, y + height


def _ink(colour: tuple[int, int, int]) -> str:
    """Black or white, whichever stands out on ``colour`` (WCAG relative luminance)."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
    return "black" if luminance > 0.179 else "white"
