"""The live view's figures against their targets."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, le

TARGETS: tuple[tuple[str, str, Callable, float, str], ...] = (  # key, name, comparison, target, unit
    ("compositor_median", "compositor, median", le, 8, "ms"),
    ("compositor_p95", "compositor, 95th percentile", le, 15, "ms"),
    ("output_fps", "output, of 30", ge, 25, "frames/s"),
    ("inference_hz", "inference", ge, 15, "Hz"),
    ("result_age_ms_p95", "age of the result, 95th percentile", le, 120, "ms"),
    ("ratio_to_ultralytics", "frame time over ultralytics'", le, 1.0, ""),
    ("jitter_px_rms", "jitter, still picture", le, 0.5, "px RMS"),
    ("lag_frames", "lag in a pan", le, 2, "frames"),
    ("overshoot_px", "overshoot at a stop", le, 3, "px"),
    ("fit_iou", "fit, IoU with what is worn", ge, 0.90, ""),
    ("wrongly_covered", "skin and hair wrongly covered", le, 0.03, "share"),
    ("old_showing", "old garment still showing", le, 0.05, "share"),
    ("fit_iou_true_masks", "fit with perfect masks", ge, 0.90, ""),
    ("wrongly_covered_true_masks", "wrongly covered, perfect masks", le, 0.03, "share"),
    ("old_showing_true_masks", "old showing, perfect masks", le, 0.05, "share"),
    ("memory_growth_mb", "memory growth in the run", le, 20, "MB"),
)


def rows(result: dict) -> list[dict]:
    """Return a row for each figure of ``benchmark live``: figure, measured (or ``None``), unit, target, met."""
    compositor = result.get("compositor_ms") or {}
    flat = result | {"compositor_median": compositor.get("median"), "compositor_p95": compositor.get("p95")}
    table = []
    for key, name, better, target, unit in TARGETS:
        value = flat.get(key)
        met = "–" if value is None else "yes" if better(value, target) else "no"
        sign = "≤" if better is le else "≥"
        table.append({"figure": name, "measured": value, "unit": unit, "target": f"{sign} {target:g}", "met": met})
    return table
