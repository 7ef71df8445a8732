"""What all figures share: a chart with its table, the models' colours and symbols, titles and axes.

Models keep their colour and their symbol in every figure.  The colours are those of Okabe and Ito (2008), which the
colour-blind tell apart, in shades that are seen on white and on black.  Backgrounds are transparent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

import pandas as pd
import plotly.graph_objects as go

from ewardrobe.models import title

COLOURS = {"unet": "#1f86c7", "yolo": "#d9660f", "mask_rcnn": "#0f9d78", "yolo_s": "#9b4dca", "consensus": "#be185d"}
OTHER_COLOURS = ("#c56fa0", "#b78a00", "#5aa9d6", "#8a7fd0", "#4e9a6b")
GREY = "#8a8a8a"
SYMBOLS = {"unet": "circle", "yolo": "square", "mask_rcnn": "diamond", "yolo_s": "triangle-up", "consensus": "star"}
DASHES = {"unet": "solid", "yolo": "dash", "mask_rcnn": "dot", "yolo_s": "dashdot", "consensus": "longdash"}
GRID = "rgba(128,128,128,0.22)"


@dataclass(frozen=True)
class Chart:
    """A figure with the table it was drawn from; ``name`` is the stem of the files it is saved as."""

    name: str
    figure: go.Figure
    data: pd.DataFrame


def colour_of(name: str) -> str:
    """Return the colour of a model, or of a run named after it, the same in every figure."""
    plain = name.lower().replace("-", "_")
    models = [m for m in COLOURS if re.match(rf"{m}(?![a-z])", plain)]  # of ``yolo11n-long`` and ``yolo_seg``: yolo
    return COLOURS[max(models, key=len)] if models else OTHER_COLOURS[sum(name.encode()) % len(OTHER_COLOURS)]


def drawn_by_model(draw: Callable[..., go.Figure], data: pd.DataFrame, models: Iterable[str], **options) -> go.Figure:
    """Return what ``draw`` of Plotly Express makes of ``data``, its column ``model`` told apart by colour and symbol.

    models: in the order of drawing; the legend has their titles.
    """
    names = list(models)
    colours = {name: colour_of(name) for name in names}
    if draw.__name__ != "bar":
        options = {"symbol": "model", "symbol_map": SYMBOLS} | options
    figure = draw(data, color="model", color_discrete_map=colours, category_orders={"model": names}, **options)
    figure.for_each_trace(lambda trace: trace.update(name=title(trace.name)))
    return figure


def words(texts: Iterable[object]) -> list[str]:
    """Return texts so that Plotly, which takes some HTML for formatting and links, draws them as they are."""
    return [escape(str(text), quote=False) for text in texts]


def numbers(values: pd.Series) -> list[str]:
    """Return values (N,) as texts of two digits, ``–`` for what is not known."""
    return ["–" if pd.isna(value) else f"{value:.2f}" for value in values]


def add_diagonal(figure: go.Figure, name: str) -> None:
    """Draw the line on which x is y."""
    line = {"color": GREY, "dash": "dot"}
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=line, name=name, showlegend=True)


def heat_map(values, texts, colorscale: list[list], x=None, y=None, gap: int = 3, **options) -> go.Figure:
    """Draw cells in colours, the first row on top; values and texts: a list of rows, ``None`` for an empty cell."""
    cells = {"z": values, "text": texts, "x": x, "y": y, "xgap": gap, "ygap": gap, "zmin": 0}
    figure = go.Figure(go.Heatmap(**cells, colorscale=colorscale, **options))
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False, autorange="reversed")
    return figure


def styled(figure: go.Figure, heading: str, x: str = "", y: str = "", height: int = 420) -> go.Figure:
    """Give ``figure`` the look of all figures: title, axes with their units, legend below, no background."""
    figure.update_layout(
        title={"text": heading, "x": 0, "xanchor": "left", "font": {"size": 16}},
        height=height,
        margin={"l": 10, "r": 20, "t": 60, "b": 10},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True, title={"text": x or None})
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True, title={"text": y or None})
    return figure
