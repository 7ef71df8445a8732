"""Plotly figures behind the averages: precision and recall, confusion, calibration, speed."""

from __future__ import annotations

from math import log10

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from ewardrobe.evaluation.figures.chart import (
    DASHES,
    Chart,
    add_diagonal,
    colour_of,
    drawn_by_model,
    heat_map,
    numbers,
    styled,
)
from ewardrobe.evaluation.metrics import MEASURES
from ewardrobe.models import title

BLUES = [[0, "#d6e6f2"], [1, "#0b4f85"]]
"""Opaque, so that the counts on it are readable on a light page and on a dark one."""

RUNTIME_TITLES = {"openvino": "OpenVINO", "torch": "PyTorch"}
TIMES = ("ms_median", "ms_p95", "cut_ms_median", "refined_ms_median", "first_ms", "load_s", "peak_rss_mb")


def pr_curves(metrics: dict[str, dict], category: str) -> Chart:
    """Draw precision against recall of ``category`` at mask IoU 0.5 for each model that has garments of it."""
    found = {n: c for n, m in metrics.items() for c in m["pr_curves"] if c["name"] == category}
    rows = [
        [name, recall, *point]
        for name, curve in found.items()
        for recall, *point in zip(
            np.linspace(0, 1, len(curve["precision"])).round(9), curve["precision"], curve["score"], strict=True
        )
    ]
    data = pd.DataFrame(rows, columns=["model", "recall", "precision", "score"])
    dashes = {"line_dash": "model", "line_dash_map": DASHES, "symbol": None, "custom_data": ["score"]}
    figure = drawn_by_model(px.line, data, found, x="recall", y="precision", **dashes)
    for trace, curve in zip(figure.data, found.values(), strict=False):
        trace.name += f", AP50 {np.mean(curve['precision']):.2f}"
    hover = "recall %{x:.2f}, precision %{y:.2f} from confidence %{customdata[0]:.2f}"
    figure.update_traces(line_width=2.5, hovertemplate=hover, showlegend=True)
    styled(figure, f"Precision and recall: {category}", "Recall, fraction of 1", "Precision, fraction of 1", 460)
    figure.update_layout(xaxis_range=[0, 1.01], yaxis_range=[0, 1.03])
    return Chart(f"precision_recall_{category.replace(' ', '_')}", figure, data)


def confusion(name: str, metrics: dict) -> Chart:
    """Draw which category garments of each category were taken for: colour by share of the row, counts as text."""
    labels, matrix = metrics["confusion"]["labels"], metrics["confusion"]["matrix"]
    shares = [[count / sum(row) if count else None for count in row] for row in matrix]  # an empty cell is no colour
    true = [*labels[:-1], "nothing there"]
    figure = heat_map(
        shares,
        [[str(count or "") for count in row] for row in matrix],
        BLUES,
        x=[*labels[:-1], "not found"],
        y=[f"{label} ({sum(row)})" for label, row in zip(true, matrix, strict=True)],
        gap=1,
        zmax=1,
        texttemplate="%{text}",
        colorbar={"title": {"text": "share of row"}, "tickformat": ".0%", "thickness": 12},
        hovertemplate="%{y} taken for %{x}: %{text} (%{z:.0%})<extra></extra>",
    )
    heading = f"Confusion of {title(name)}: garments, matched at mask IoU 0.5"
    styled(figure, heading, "Predicted", "True (garments)", 640)
    figure.update_xaxes(tickangle=-40)
    data = pd.DataFrame(matrix, index=pd.Index(labels, name="true"), columns=labels).reset_index()
    return Chart(f"confusion_{name}", figure, data)


def calibration(metrics: dict[str, dict]) -> Chart:
    """Draw how often a detection of a confidence is right: on the diagonal it keeps what it promises.

    A confidence is a raw score stretched so that the app's threshold lies at 0.5 (see ``models.confidence``).
    """
    bins = [{"model": n} | b for n, m in metrics.items() for b in m["calibration"]["bins"] if b["detections"]]
    data = pd.DataFrame(bins, columns=["model", "from", "to", "mean_score", "precision", "detections"])
    size = {"size": "detections", "size_max": 18, "custom_data": ["detections"]}
    figure = drawn_by_model(px.scatter, data, metrics, x="mean_score", y="precision", **size)
    for trace, name in zip(figure.data, data["model"].unique(), strict=False):
        error = metrics[name]["calibration"].get("expected_error")
        trace.name += "" if error is None else f", expected error {error:.3f}"
        trace.update(mode="lines+markers", line={"width": 1.5, "dash": DASHES.get(name, "solid")})
    figure.update_traces(hovertemplate="confidence %{x:.2f}: %{y:.0%} right of %{customdata[0]}")
    add_diagonal(figure, "ideal")
    heading = "Calibration: how often a detection is right, by its confidence"
    styled(figure, heading, "Mean confidence of the detections", "Share matched at mask IoU 0.5", 460)
    figure.update_layout(xaxis_range=[0, 1], yaxis_range=[0, 1.02])
    return Chart("calibration", figure, data)


def parsing(metrics: dict[str, dict]) -> Chart | None:
    """Draw the pixel IoU of every label of the parsing maps, for the models that make them; ``None`` without any."""
    maps = {name: m["parsing"]["iou"] for name, m in metrics.items() if m.get("parsing")}
    rows = [(name, label, iou) for name, ious in maps.items() for label, iou in ious.items()]
    if not rows:
        return None
    data = pd.DataFrame(rows, columns=["model", "label", "iou"]).astype({"iou": float})
    drawn = data.assign(drawn=data["iou"].fillna(0), text=numbers(data["iou"]))
    figure = drawn_by_model(px.bar, drawn, metrics, x="label", y="drawn", text="text", barmode="group")
    figure.update_traces(textposition="outside", hovertemplate="%{x}: %{text}")
    styled(figure, "Parsing maps: pixel IoU of every label", y="IoU, fraction of 1")
    figure.update_layout(xaxis_tickangle=-40, yaxis_range=[0, 1.08])
    return Chart("parsing", figure, data)


def speed_table(metrics: dict[str, dict], benchmark: dict | None) -> pd.DataFrame:
    """Return times and memory: of ``benchmark models`` side by side, and those taken during the evaluations."""
    meta = benchmark["meta"] if benchmark else {}
    rows = [
        row | {"measured": "side by side", "threads": meta["threads"], "photo px": meta["photo_px"]}
        for row in (benchmark or {}).get("models", [])
    ]
    for name, m in metrics.items():
        sides = [m["speed"].get(f"image_{side}_median") or 0 for side in ("width", "height")]
        rows.append({"model": name, "measured": "in its evaluation", "photo px": max(sides) or None} | m["speed"])
    return pd.DataFrame(rows, columns=["model", "runtime", "measured", "threads", "photo px", *TIMES])


def speed_accuracy(metrics: dict[str, dict], benchmark: dict | None, measure: str = "mask_ap") -> Chart:
    """Draw ``measure`` against the median milliseconds a photo; up and to the left is better."""
    data = speed_table(metrics, benchmark)
    data = data[data["model"].isin(list(metrics)) & data["ms_median"].notna()]
    data = data.assign(**{measure: [metrics[name]["overall"].get(measure) for name in data["model"]]})
    figure = go.Figure([_speed_trace(row, metrics[row["model"]], measure) for row in data.to_dict("records")])
    label = MEASURES.get(measure, measure)
    styled(figure, f"{label} against time", "Median time of a photo, ms (logarithmic)", f"{label}, fraction of 1", 460)
    figure.update_xaxes(type="log", tickvals=[m * 10**e for e in range(5) for m in (1, 2, 3, 5, 7)])
    if len(data):
        figure.update_xaxes(range=[log10(data["ms_median"].min() / 1.5), log10(data["ms_p95"].max() * 1.3)])
    figure.update_yaxes(rangemode="tozero")
    return Chart(f"speed_{measure}", figure, data)


def _speed_trace(row: dict, metrics: dict, measure: str) -> go.Scatter:
    value, bounds = row[measure], metrics["overall_ci"].get(measure)
    errors = {"array": [bounds[1] - value], "arrayminus": [value - bounds[0]]} if bounds and value is not None else None
    runtime = RUNTIME_TITLES.get(row["runtime"], row["runtime"] or "runtime not noted")
    symbol = "circle" if row["runtime"] == "openvino" else "square"
    return go.Scatter(
        x=[row["ms_median"]],
        y=[value],
        error_y=errors and errors | {"thickness": 1.2, "width": 4},
        error_x={"array": [row["ms_p95"] - row["ms_median"]], "arrayminus": [0], "thickness": 1.2, "width": 4},
        mode="markers",
        name=f"{title(row['model'])}, {runtime}, {row['measured']}",
        marker={
            "color": colour_of(row["model"]),
            "size": 13,
            "symbol": symbol if row["measured"] == "side by side" else f"{symbol}-open",
        },
        hovertemplate=f"%{{x:.0f}} ms (95 %: {row['ms_p95']:.0f}), {MEASURES.get(measure, measure)} %{{y:.3f}}",
    )
