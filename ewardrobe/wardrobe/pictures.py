"""Pictures of the wardrobe's items as data URLs."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps

from ewardrobe.core.images import ImageError, load_image, png_bytes, read_cutout

_HANGER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" fill="none" stroke="#a39d92" stroke-width="2.5" '
    'stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M27 20a5 5 0 1 1 7 5q-2 1-2 4L8 45q-2 4 2 4h44q4 0 2-4L32 29"/></svg>'
)
PLACEHOLDER = "data:image/svg+xml;base64," + base64.b64encode(_HANGER.encode()).decode()
"""Data URL of a hanger, for items without a picture."""


def data_url(path: Path | BinaryIO, side: int, margin: float = 0.0) -> str:
    """Return the picture in ``path`` as a WebP data URL of at most ``side`` pixels; the placeholder if unreadable.

    With a ``margin`` (share of the side) it is set in the middle of a transparent square, as the table's cells crop.
    """
    buffer = io.BytesIO()
    inner = round(side * (1 - 2 * margin))
    try:
        image = ImageOps.contain(Image.fromarray(read_cutout(path)), (inner, inner))
        image = ImageOps.pad(image, (inner, inner), color=(0, 0, 0, 0)) if margin else image
        ImageOps.expand(image, (side - inner) // 2, (0, 0, 0, 0)).save(buffer, "WEBP", quality=82, method=1)
    except (OSError, ValueError):
        return PLACEHOLDER
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def photo_url(path: Path, side: int) -> str:
    """Return the photo in ``path`` the right way up, as a WebP data URL of at most ``side`` pixels; else as above."""
    try:
        return data_url(io.BytesIO(png_bytes(load_image(path, max_side=side))), side)
    except ImageError:
        return PLACEHOLDER


def frame_html(url: str, name: str) -> str:
    """Return a large picture on the gallery's ground; ``name`` is what the picture is called."""
    side = "36%" if url == PLACEHOLDER else "88%"
    return (
        f"<div style='{_FRAME}'><img src='{url}' alt='{escape(name)}' "
        f"style='width:{side};height:{side};object-fit:contain'></div>"
    )


_FRAME = (
    "display:flex;align-items:center;justify-content:center;aspect-ratio:4/5;max-height:600px;width:100%;"
    "border-radius:14px;background:#f1efea"
)
