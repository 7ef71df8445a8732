"""Plotly figures of trainings and sweeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil, floor

import numpy as np
import pandas as pd
import plotly.express as px
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
STATE_COLOURS = {"complete": COLOURS["unet"], "pruned": GREY, "fail": COLOURS["yolo"], "running": COLOURS["mask_rcnn"]}
STATE_SYMBOLS = {"complete": "circle", "pruned": "triangle-down", "fail": "x", "running": "circle-open"}
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
    rows = [row for run, log in logs.items() for row in _curve(run, log, quantity, axis, validation)]
    data = pd.DataFrame(rows, columns=["run", axis, quantity])
    colours, dashes, used = {}, {}, Counter[str]()
    for run in (run for run in logs if run.label in set(data["run"])):
        colours[run.label] = colour = colour_of(run.name)
        dashes[run.label] = RUN_DASHES[used[colour] % len(RUN_DASHES)]
        used[colour] += 1
    styles = {"color_discrete_map": colours, "line_dash": "run", "line_dash_map": dashes}
    figure = px.line(data, x=axis, y=quantity, color="run", markers=validation, render_mode="svg", **styles)
    figure.update_traces(line_width=2, hovertemplate="%{y:.4g}", showlegend=True)
    styled(figure, label(quantity), AXES.get(axis, axis), QUANTITIES.get(quantity, ("", quantity))[1], 400)
    figure.update_layout(hovermode="x unified", uirevision=f"{quantity}-{axis}-{log_scale}")
    figure.update_yaxes(type="log" if log_scale else "linear", rangemode="tozero" if validation else "normal")
    return Chart(f"training_{quantity}", figure, data)


def label(quantity: str) -> str:
    """Return the name of a quantity of a log; parts of a loss are called as the log calls them.

    >>> label("images_per_s"), label("dice")
    ('Training speed', 'dice (part of the loss)')
    """
    return QUANTITIES[quantity][0] if quantity in QUANTITIES else f"{quantity} (part of the loss)"


def _curve(run: RunFile, log: RunLog, quantity: str, axis: str, validation: bool) -> list[list]:
    rows = [row for row in (log.validation if validation else log.training) if quantity in row and axis in row]
    kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MAX_POINTS)).round().astype(int))
    return [[run.label, rows[i][axis], rows[i][quantity]] for i in kept]


def history(sweep: SweepTable) -> Chart:
    """Draw every trial's value in their order, those stopped early at what they had reached, and the best so far."""
    data = sweep.trials.sort_values("number")
    styles = {"color_discrete_map": STATE_COLOURS, "symbol": "state", "symbol_map": STATE_SYMBOLS}
    figure = px.scatter(data, x="number", y="reached", color="state", **styles)
    figure.update_traces(marker_size=10, hovertemplate="trial %{x}: %{y:.4f}")
    done = sweep.finished().sort_values("number")
    best = done["value"].cummax() if sweep.maximise else done["value"].cummin()
    line = {"color": COLOURS["unet"], "shape": "hv", "dash": "dot"}
    figure.add_scatter(x=done["number"], y=best, mode="lines", name="best so far", line=line, hoverinfo="skip")
    styled(figure, f"Trials of {sweep.name}", "Trial", "Validation mask AP, fraction of 1", 380)
    return Chart(f"sweep_{sweep.name}_history", figure, data)


def importance(sweep: SweepTable) -> Chart:
    """Draw how much each setting explains of the differences between the trials."""
    shares = pd.Series(sweep.importance, dtype=float).sort_values()
    data = shares[::-1].rename_axis("setting").reset_index(name="importance")
    figure = px.bar(data[::-1], x="importance", y="setting", text_auto=".0%", color_discrete_sequence=[COLOURS["unet"]])
    figure.update_traces(textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{x:.1%}")
    styled(figure, "What made the difference", "Importance, share of 1", height=120 + 34 * len(shares))
    figure.update_xaxes(range=[0, 1.1], tickformat=".0%")
    return Chart(f"sweep_{sweep.name}_importance", figure, data)


def parallel_coordinates(sweep: SweepTable) -> Chart:
    """Draw every finished trial as a line through its settings to its mask AP."""
    done = sweep.finished()
    values = pd.to_numeric(done["value"]).tolist()
    dimensions = [_dimension(name, done[f"params.{name}"]) for name in sweep.params]
    dimensions.append({"label": "mask AP", "values": values})
    colorbar = {"title": {"text": "mask AP"}, "thickness": 12}
    line = {"color": values, "colorscale": BLUE_SCALE, "showscale": True, "colorbar": colorbar}
    figure = go.Figure(go.Parcoords(dimensions=dimensions, line=line, labelfont={"size": 13}))
    styled(figure, f"Settings and mask AP of {sweep.name} (finished trials; drag along an axis to choose)", height=460)
    figure.update_layout(margin={"l": 60, "r": 40, "t": 110, "b": 30})
    return Chart(f"sweep_{sweep.name}_settings", figure, done)


def _dimension(name: str, values: pd.Series) -> dict:
    """Return an axis: numbers over a wide range by their logarithm, words and few numbers by their place."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.isna().any() or numbers.nunique() <= 4:
        kinds = sorted(values.dropna().unique(), key=lambda v: (isinstance(v, str), v))
        places = [kinds.index(v) if v in kinds else None for v in values]
        return {"label": name, "values": places, "tickvals": [*range(len(kinds))], "ticktext": [*map(str, kinds)]}
    if numbers.min() <= 0 or numbers.max() / numbers.min() <= 20:
        return {"label": name, "values": numbers.tolist()}
    logs = np.log10(numbers)
    ticks = list(range(floor(logs.min()), ceil(logs.max()) + 1))
    marked = {"range": [ticks[0], ticks[-1]], "tickvals": ticks, "ticktext": [f"{10.0**t:g}" for t in ticks]}
    return {"label": name, "values": logs.tolist()} | marked
