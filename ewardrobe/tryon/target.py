"""What a garment is drawn over: its own slot, or what stands for it where the person wears something else."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ewardrobe.tryon.scene import Scene, WornGarment, as_worn
from ewardrobe.tryon.spans import ROWS

STANDS_FOR = {"top": ("top", "outer"), "outer": ("outer", "top"), "bottom": ("bottom",), "dress": ("dress",)}
"""Where a garment of a slot is drawn: over the first of these that is worn, else over a dress or its part."""

WAIST, HIP = 1.0, 1.35
"""How far below its top a dress has them, in widths of its trunk: where a skirt begins, and where a top ends."""


@lru_cache(maxsize=16)
def target(scene: Scene, slot: str) -> WornGarment | None:
    """Return what a garment of ``slot`` is drawn over; ``None`` where the person shows nothing of the kind.

    A dress goes over top and bottom together; a top over a jacket that hides what is below it; a top or a skirt over
    its part of a worn dress.  Found once for a scene, which several frames are drawn from.
    """
    for name in STANDS_FOR[slot]:
        if name in scene.worn:
            return scene.worn[name]
    if slot == "dress":
        return _both(scene)
    return _part(scene, slot) if "dress" in scene.worn else None


def _both(scene: Scene) -> WornGarment | None:
    upper = scene.worn.get("top") or scene.worn.get("outer")
    parts = [part for part in (upper, scene.worn.get("bottom")) if part is not None]
    if not parts:
        return None
    mask = np.max([part.mask for part in parts], axis=0)
    category_id = {2: 11, 4: 11, 1: 10, 3: 10}.get(parts[0].category_id, 12)
    return as_worn(category_id, parts[0].score, mask, scene.frame_size)


def _part(scene: Scene, slot: str) -> WornGarment:
    """Return the part of the worn dress that a garment of ``slot`` covers: to the hip, or from the waist on."""
    dress = scene.worn["dress"]
    length = max(1.0, dress.spans.bottom - dress.spans.top)
    waist, hip = (min(0.9, widths * dress.spans.width / length) for widths in (WAIST, HIP))
    first, last = (waist, 1.0) if slot == "bottom" else (0.0, hip)
    mask = dress.mask * _rows_kept(dress, scene.frame_size[0], first, last)[:, None]
    at, rows = np.linspace(first, last, ROWS) * (ROWS - 1), np.arange(ROWS)
    points = [[np.interp(at, rows, side[:, axis]) for axis in (0, 1)] for side in dress.spans.points]
    spans = replace(dress.spans, points=np.moveaxis(np.array(points, np.float32), 1, 2))
    return replace(dress, slot=slot, mask=mask, spans=spans)


def _rows_kept(dress: WornGarment, frame_rows: int, first: float, last: float) -> np.ndarray:
    """Return (h,) float32 0..1 of the mask's rows: 1 between two shares of the length, soft over a row at a cut."""
    row = frame_rows / len(dress.mask)
    ys = (np.arange(len(dress.mask)) + 0.5) * row - 0.5
    start = dress.spans.top + first * (dress.spans.bottom - dress.spans.top) if first > 0 else -np.inf
    end = dress.spans.top + last * (dress.spans.bottom - dress.spans.top) if last < 1 else np.inf
    return np.clip(np.minimum((ys - start) / row, (end - ys) / row) + 0.5, 0, 1).astype(np.float32)
