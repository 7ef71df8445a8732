"""Plotly figures behind the averages: precision and recall, confusion, calibration, speed."""

from __future__ import annotations

from math import log10

import pandas as pd
import plotly.graph_objects as go

from ewardrobe.evaluation.figures.chart import DASHES, GREY, SYMBOLS, Chart, colour_of, styled
from ewardrobe.evaluation.metrics import MEASURES, title

BLUES = [[0, "#d6e6f2"], [1, "#0b4f85"]]
"""Opaque, so that the counts on it are readable on a light page and on a dark one."""

RUNTIME_TITLES = {"openvino": "OpenVINO", "torch": "PyTorch"}


def pr_curves(metrics: dict[str, dict], category: str) -> Chart:
    """Draw precision against recall of ``category`` at mask IoU 0.5 for each model that has garments of it."""
    rows, figure = [], go.Figure()
    for name, m in metrics.items():
        curve = next((c for c in m["pr_curves"] if c["name"] == category), None)
        if curve is None:
            continue
        recalls = [i / (len(curve["precision"]) - 1) for i in range(len(curve["precision"]))]
        rows += [[name, *point] for point in zip(recalls, curve["precision"], curve["score"], strict=True)]
        figure.add_trace(_pr_trace(name, recalls, curve))
    styled(figure, f"Precision and recall: {category}", "Recall, fraction of 1", "Precision, fraction of 1", 460)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.03])
    figure.update_layout(showlegend=True)
    return Chart(f"precision_recall_{category.replace(' ', '_')}", figure, _frame(rows, "recall", "precision", "score"))


def _frame(rows: list[list], *columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", *columns])


def _pr_trace(name: str, recalls: list[float], curve: dict) -> go.Scatter:
    area = sum(curve["precision"]) / len(curve["precision"])
    return go.Scatter(
        x=recalls,
        y=curve["precision"],
        customdata=curve["score"],
        mode="lines",
        name=f"{title(name)}, AP50 {area:.2f}",
        line={"color": colour_of(name), "width": 2.5, "dash": DASHES.get(name, "solid")},
        hovertemplate="recall %{x:.2f}, precision %{y:.2f} from confidence %{customdata:.2f}<extra>"
        + title(name)
        + "</extra>",
    )


def confusion(name: str, metrics: dict) -> Chart:
    """Draw which category garments of each category were taken for: colour by share of the row, counts as text."""
    labels, matrix = metrics["confusion"]["labels"], metrics["confusion"]["matrix"]
    shares = [[count / sum(row) if count else None for count in row] for row in matrix]  # an empty cell is no colour
    true = [*labels[:-1], "nothing there"]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[*labels[:-1], "not found"],
            y=[f"{label} ({sum(row)})" for label, row in zip(true, matrix, strict=True)],
            text=[[str(count) if count else "" for count in row] for row in matrix],
            texttemplate="%{text}",
            colorscale=BLUES,
            zmin=0,
            zmax=1,
            xgap=1,
            ygap=1,
            colorbar={"title": {"text": "share of row"}, "tickformat": ".0%", "thickness": 12},
            hovertemplate="%{y} taken for %{x}: %{text} (%{z:.0%})<extra></extra>",
        )
    )
    styled(
        figure, f"Confusion of {title(name)}: garments, matched at mask IoU 0.5", "Predicted", "True (garments)", 640
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickangle=-40, showgrid=False)
    data = pd.DataFrame(matrix, index=pd.Index(labels, name="true"), columns=labels).reset_index()
    return Chart(f"confusion_{name}", figure, data)


def calibration(metrics: dict[str, dict]) -> Chart:
    """Draw how often a detection of a confidence is right: on the diagonal it keeps what it promises.

    A confidence is a raw score stretched so that the app's threshold lies at 0.5 (see ``models.confidence``).
    """
    figure = go.Figure(
        go.Scatter(
            x=[0, 1], y=[0, 1], mode="lines", name="ideal", line={"color": GREY, "dash": "dot"}, hoverinfo="skip"
        )
    )
    rows = []
    for name, m in metrics.items():
        bins = [b for b in m["calibration"]["bins"] if b["detections"]]
        rows += [[name, b["from"], b["to"], b["mean_score"], b["precision"], b["detections"]] for b in bins]
        figure.add_trace(_calibration_trace(name, bins, m["calibration"].get("expected_error")))
    heading = "Calibration: how often a detection is right, by its confidence"
    styled(figure, heading, "Mean confidence of the detections", "Share matched at mask IoU 0.5", 460)
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(range=[0, 1.02])
    return Chart("calibration", figure, _frame(rows, "from", "to", "mean_score", "precision", "detections"))


def _calibration_trace(name: str, bins: list[dict], error: float | None) -> go.Scatter:
    most = max((b["detections"] for b in bins), default=1)
    return go.Scatter(
        x=[b["mean_score"] for b in bins],
        y=[b["precision"] for b in bins],
        mode="lines+markers",
        name=title(name) + ("" if error is None else f", expected error {error:.3f}"),
        marker={
            "color": colour_of(name),
            "symbol": SYMBOLS.get(name, "circle"),
            "size": [7 + 11 * (b["detections"] / most) ** 0.5 for b in bins],
        },
        line={"color": colour_of(name), "width": 1.5, "dash": DASHES.get(name, "solid")},
        customdata=[b["detections"] for b in bins],
        hovertemplate="confidence %{x:.2f}: %{y:.0%} right of %{customdata}<extra>" + title(name) + "</extra>",
    )


def parsing(metrics: dict[str, dict]) -> Chart | None:
    """Draw the pixel IoU of every label of the parsing maps, for the models that make them; ``None`` without any."""
    rows = [
        [name, label, iou]
        for name, m in metrics.items()
        for label, iou in (m.get("parsing") or {}).get("iou", {}).items()
    ]
    if not rows:
        return None
    data, figure = _frame(rows, "label", "iou"), go.Figure()
    for name, part in data.groupby("model", sort=False):
        texts = ["–" if pd.isna(v) else f"{v:.2f}" for v in part["iou"]]
        bars = {"x": part["label"], "y": part["iou"].fillna(0), "text": texts, "textposition": "outside"}
        figure.add_trace(
            go.Bar(**bars, name=title(name), marker={"color": colour_of(name)}, hovertemplate="%{x}: %{text}")
        )
    styled(figure, "Parsing maps: pixel IoU of every label", y="IoU, fraction of 1")
    figure.update_yaxes(range=[0, 1.08])
    figure.update_xaxes(tickangle=-40)
    return Chart("parsing", figure, data)


def speed_table(metrics: dict[str, dict], benchmark: dict | None) -> pd.DataFrame:
    """Return times and memory: of ``benchmark models`` side by side, and those taken during the evaluations."""
    rows = []
    for row in (benchmark or {}).get("models", []):
        meta = benchmark["meta"]
        rows.append(
            {
                "model": row["model"],
                "runtime": row["runtime"],
                "measured": "side by side",
                "threads": meta["threads"],
                "photo px": meta["photo_px"],
                **{k: row[k] for k in ("ms_median", "ms_p95", "first_ms", "load_s", "peak_rss_mb")},
            }
        )
    return pd.DataFrame(rows + [_evaluation_speed(name, m["speed"]) for name, m in metrics.items()])


def _evaluation_speed(name: str, speed: dict) -> dict:
    return {
        "model": name,
        "runtime": speed.get("runtime"),
        "measured": "in its evaluation",
        "threads": speed.get("threads"),
        "photo px": max(speed.get("image_width_median") or 0, speed.get("image_height_median") or 0) or None,
        **{k: speed.get(k) for k in ("ms_median", "ms_p95", "first_ms")},
        "load_s": None,
        "peak_rss_mb": speed.get("peak_rss_mb"),
    }


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
    beside = row["measured"] == "side by side"
    runtime = RUNTIME_TITLES.get(row["runtime"], row["runtime"] or "runtime not noted")
    symbol = "circle" if row["runtime"] == "openvino" else "square"
    return go.Scatter(
        x=[row["ms_median"]],
        y=[value],
        error_y=errors and errors | {"thickness": 1.2, "width": 4},
        error_x={"array": [row["ms_p95"] - row["ms_median"]], "arrayminus": [0], "thickness": 1.2, "width": 4},
        mode="markers",
        name=f"{title(row['model'])}, {runtime}, {row['measured']}",
        marker={"color": colour_of(row["model"]), "size": 13, "symbol": symbol if beside else f"{symbol}-open"},
        hovertemplate=f"%{{x:.0f}} ms (95 %: {row['ms_p95']:.0f}), {MEASURES.get(measure, measure)} %{{y:.3f}}",
    )
