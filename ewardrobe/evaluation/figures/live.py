"""The live view's figures against their targets, on each kind of clip, and speed against quality."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, le

import pandas as pd
import plotly.express as px

from ewardrobe.evaluation.figures.chart import Chart, drawn_by_model, styled

INFERENCE_HZ = 15
"""Answers a second that the live view's default model is to give."""

TARGETS: tuple[tuple[str, str, Callable, float, str], ...] = (  # key, name, comparison, target, unit
    ("compositor_median", "compositor, median", le, 8, "ms"),
    ("compositor_p95", "compositor, 95th percentile", le, 15, "ms"),
    ("output_fps", "output, of 30", ge, 25, "frames/s"),
    ("inference_hz", "inference", ge, INFERENCE_HZ, "Hz"),
    ("result_age_ms_p95", "age of the result, 95th percentile", le, 120, "ms"),
    ("ratio_to_ultralytics", "frame time over ultralytics'", le, 1.0, ""),
    ("ratio_to_ultralytics_openvino", "the same, exported to OpenVINO", le, 1.0, ""),
    ("jitter_px_rms", "jitter, still picture", le, 0.5, "px RMS"),
    ("lag_frames", "lag in a pan", le, 2, "frames"),
    ("overshoot_px", "overshoot at a stop", le, 3, "px"),
    ("fit_iou", "fit, IoU with what is worn", ge, 0.90, ""),
    ("wrongly_covered", "skin and hair wrongly covered", le, 0.03, "share"),
    ("old_showing", "old garment still showing", le, 0.05, "share"),
    ("undressed", "nothing drawn", le, 0.02, "share"),
    ("fit_iou_standing", "fit, standing whole in the frame", ge, 0.90, ""),
    ("wrongly_covered_standing", "wrongly covered, standing", le, 0.03, "share"),
    ("old_showing_standing", "old showing, standing", le, 0.05, "share"),
    ("undressed_standing", "nothing drawn, standing", le, 0.02, "share"),
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


CLIPS = {
    "still": "still, camera noise",
    "noise": "still, a dim room's noise",
    "light": "light goes up and down",
    "hand": "a hand passes in front",
    "pan": "from side to side",
    "zoom": "nearer and further",
    "shake": "shaken by hand",
    "stop": "a step aside, then still",
}
CLIP_COLUMNS = {
    "seen": "dressed, share",
    "jitter_px_rms": "jitter, px RMS",
    "lag_frames": "lag, frames",
    "overshoot_px": "overshoot, px",
    "fit_iou": "fit, IoU",
    "hand_covered": "hand covered, share",
}


def clip_table(result: dict) -> pd.DataFrame:
    """Return what ``benchmark live`` measured on each kind of clip; "picture": drawn persons or photos, how many."""
    table = [
        {"clip": CLIPS.get(row["kind"], row["kind"]), "picture": f"{row['source']} ({row['pictures']})"}
        | {name: row[key] for key, name in CLIP_COLUMNS.items()}
        for row in result.get("clips") or []
    ]
    return pd.DataFrame(table, columns=["clip", "picture", *CLIP_COLUMNS.values()])


def speed_quality(result: dict) -> Chart | None:
    """Draw the fit of every model and size against pictures a second; ``None`` where it was not measured."""
    table = result.get("speed_quality")
    if not table:
        return None
    data = pd.DataFrame(table)
    data["pictures a second"] = 1000 / data["frame_ms"]
    drawn = data.assign(px=[f"{size} px" for size in data["size"]])
    axes = {"x": "pictures a second", "y": "fit_iou", "text": "px"}
    figure = drawn_by_model(px.line, drawn, data["model"].unique(), markers=True, **axes)
    figure.update_traces(textposition="top center", marker_size=12, line_width=1)
    figure.update_traces(hovertemplate="%{text}: %{x:.0f} a second, fit %{y:.3f}")
    dotted = {"dash": "dot", "width": 1}
    figure.add_vline(x=INFERENCE_HZ, line=dotted, annotation_text="target", annotation_position="top right")
    styled(figure, "Fit against speed", "Pictures that models and drawing do a second", "Fit (IoU), fraction of 1", 400)
    figure.update_layout(xaxis_rangemode="tozero", yaxis_rangemode="tozero")
    return Chart("live_speed_quality", figure, data)
