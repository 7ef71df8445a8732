"""Plotly figures of trainings and sweeps."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from ewardrobe.core.attributes import HEADS
from ewardrobe.evaluation.figures.chart import COLOURS, GREY, Chart, colour_of, styled
from ewardrobe.evaluation.run_logs import RunFile, RunLog, SweepTable

MAX_POINTS = 2000
"""Points of a line; a longer log is thinned evenly."""

RUN_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
AXES = {"images": "Images seen", "minutes": "Minutes of training", "step": "Optimiser steps"}
QUANTITIES = {  # what a log holds: its label, its unit
    "loss": ("Loss", "each model has its own"),
    "lr": ("Learning rate", "step size"),
    "images_per_s": ("Training speed", "images a second"),
    "mask_ap": ("Validation mask AP", "fraction of 1"),
    "mask_ap50": ("Validation mask AP50", "fraction of 1"),
    "garment_iou_worn": ("Validation garment IoU, worn", "fraction of 1"),
    "garment_iou_not_worn": ("Validation garment IoU, not worn", "fraction of 1"),
    "mean": ("Macro-F1 on held-out garments, mean of the attributes", "fraction of 1"),
    **{
        f"{head}_{key}": (f"{name} of the {head} on held-out garments", "fraction of 1")
        for head in HEADS
        for key, name in (("accuracy", "Accuracy"), ("f1", "Macro-F1"), ("ece", "Calibration error"))
    },
}
STATE_STYLES = {
    "complete": (COLOURS["unet"], "circle"),
    "pruned": (GREY, "triangle-down"),
    "fail": (COLOURS["yolo"], "x"),
    "running": (COLOURS["mask_rcnn"], "circle-open"),
}
BLUE_SCALE = [[0, "#c9c2a5"], [0.5, "#5aa9d6"], [1, "#0b4f85"]]


def training(
    logs: Mapping[RunFile, RunLog],
    quantity: str,
    axis: str = "images",
    log_scale: bool = False,
    validation: bool = False,
) -> Chart:
    """Draw ``quantity`` of every run against ``axis`` (``images``, ``minutes``, ``step``).

    validation: ``quantity`` is one of the validations', drawn with a marker for each of them.
    """
    data = pd.concat([_curve(r, log, quantity, axis, validation) for r, log in logs.items()] or [_curve_frame([])])
    figure, used = go.Figure(), {}
    for run in logs:
        rows = data[data["run"] == run.label]
        if rows.empty:
            continue
        number = used[colour_of(run.name)] = used.get(colour_of(run.name), -1) + 1
        figure.add_trace(_run_trace(run, rows, number, "lines+markers" if validation else "lines"))
    styled(figure, label(quantity), AXES.get(axis, axis), QUANTITIES.get(quantity, (0, quantity))[1], 400)
    figure.update_layout(showlegend=True, hovermode="x unified", uirevision=f"{quantity}-{axis}-{log_scale}")
    figure.update_yaxes(type="log" if log_scale else "linear", rangemode="tozero" if validation else "normal")
    return Chart(f"training_{quantity}", figure, data.rename(columns={"x": axis, "y": quantity}))


def label(quantity: str) -> str:
    """Return the name of a quantity of a log; parts of a loss are called as the log calls them.

    >>> label("images_per_s"), label("dice")
    ('Training speed', 'dice (part of the loss)')
    """
    return QUANTITIES[quantity][0] if quantity in QUANTITIES else f"{quantity} (part of the loss)"


def _curve(run: RunFile, log: RunLog, quantity: str, axis: str, validation: bool) -> pd.DataFrame:
    rows = [row for row in (log.validation if validation else log.training) if quantity in row and axis in row]
    step = -(-len(rows) // MAX_POINTS) or 1
    kept = rows[::step] + (rows[-1:] if (len(rows) - 1) % step else [])
    return _curve_frame([[run.label, row[axis], row[quantity]] for row in kept])


def _curve_frame(rows: list[list]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["run", "x", "y"])


def _run_trace(run: RunFile, rows: pd.DataFrame, number: int, mode: str) -> go.Scatter:
    return go.Scatter(
        x=rows["x"],
        y=rows["y"],
        mode=mode,
        name=run.label,
        line={"color": colour_of(run.name), "width": 2, "dash": RUN_DASHES[number % len(RUN_DASHES)]},
        hovertemplate="%{y:.4g}",
    )


def history(sweep: SweepTable) -> Chart:
    """Draw every trial's value in their order, those stopped early at what they had reached, and the best so far."""
    data = sweep.trials.sort_values("number")
    figure = go.Figure()
    for state, rows in data.groupby("state", sort=True):
        colour, symbol = STATE_STYLES.get(state, (GREY, "circle"))
        figure.add_trace(
            go.Scatter(
                x=rows["number"],
                y=rows["reached"],
                mode="markers",
                name=str(state),
                marker={"color": colour, "symbol": symbol, "size": 10},
                hovertemplate="trial %{x}: %{y:.4f}",
            )
        )
    done = sweep.finished().sort_values("number")
    best = done["value"].cummax() if sweep.maximise else done["value"].cummin()
    line = {"color": COLOURS["unet"], "shape": "hv", "dash": "dot"}
    figure.add_trace(
        go.Scatter(x=done["number"], y=best, mode="lines", name="best so far", line=line, hoverinfo="skip")
    )
    styled(figure, f"Trials of {sweep.name}", "Trial", "Validation mask AP, fraction of 1", 380)
    return Chart(f"sweep_{sweep.name}_history", figure, data)


def importance(sweep: SweepTable) -> Chart:
    """Draw how much each setting explains of the differences between the trials."""
    shares = pd.Series(sweep.importance, dtype=float).sort_values()
    bars = go.Bar(
        x=shares,
        y=shares.index,
        orientation="h",
        text=[f"{v:.0%}" for v in shares],
        textposition="outside",
        cliponaxis=False,
        marker={"color": COLOURS["unet"]},
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    figure = styled(
        go.Figure(bars), "What made the difference", "Importance, share of 1", height=120 + 34 * len(shares)
    )
    figure.update_xaxes(range=[0, max(1.0, float(shares.max()) * 1.1 if len(shares) else 1.0)], tickformat=".0%")
    data = shares[::-1].rename_axis("setting").reset_index(name="importance")
    return Chart(f"sweep_{sweep.name}_importance", figure, data)


def parallel_coordinates(sweep: SweepTable) -> Chart:
    """Draw every finished trial as a line through its settings to its mask AP."""
    done = sweep.finished()
    dimensions = [_dimension(name, done[f"params.{name}"]) for name in sweep.params]
    values = pd.to_numeric(done["value"])
    dimensions.append({"label": "mask AP", "values": values.tolist()})
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions,
            line={
                "color": values.tolist(),
                "colorscale": BLUE_SCALE,
                "showscale": True,
                "colorbar": {"title": {"text": "mask AP"}, "thickness": 12},
            },
            labelfont={"size": 13},
        )
    )
    styled(figure, f"Settings and mask AP of {sweep.name} (finished trials; drag along an axis to choose)", height=460)
    figure.update_layout(margin={"l": 60, "r": 40, "t": 110, "b": 30})
    return Chart(f"sweep_{sweep.name}_settings", figure, done)


def _dimension(name: str, values: pd.Series) -> dict:
    """Return an axis: numbers over a wide range by their logarithm, words and few numbers by their place."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any() or numbers.nunique() <= 4:
        kinds = sorted(values.dropna().unique(), key=lambda v: (isinstance(v, str), v))
        places = [kinds.index(v) if v in kinds else None for v in values]
        return {
            "label": name,
            "values": places,
            "tickvals": list(range(len(kinds))),
            "ticktext": [str(k) for k in kinds],
        }
    if numbers.min() > 0 and numbers.max() / numbers.min() > 20:
        return _logarithmic(name, numbers)
    return {"label": name, "values": numbers.tolist()}


def _logarithmic(name: str, numbers: pd.Series) -> dict:
    from math import ceil, floor, log10

    logs = [log10(v) for v in numbers]
    ticks = list(range(floor(min(logs)), ceil(max(logs)) + 1))
    texts = [f"{10.0**t:g}" for t in ticks]
    return {"label": name, "values": logs, "range": [ticks[0], ticks[-1]], "tickvals": ticks, "ticktext": texts}
