"""What all figures share: a chart with its table, the models' colours and symbols, titles and axes.

Models keep their colour and their symbol in every figure.  The colours are those of Okabe and Ito (2008), which the
colour-blind tell apart, in shades that are seen on white and on black.  Backgrounds are transparent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

COLOURS = {"unet": "#1f86c7", "yolo": "#d9660f", "mask_rcnn": "#0f9d78", "yolo_s": "#9b4dca"}
OTHER_COLOURS = ("#c56fa0", "#b78a00", "#5aa9d6", "#8a7fd0")
GREY = "#8a8a8a"
SYMBOLS = {"unet": "circle", "yolo": "square", "mask_rcnn": "diamond", "yolo_s": "triangle-up"}
DASHES = {"unet": "solid", "yolo": "dash", "mask_rcnn": "dot", "yolo_s": "dashdot"}
GRID = "rgba(128,128,128,0.22)"


@dataclass(frozen=True)
class Chart:
    """A figure with the table it was drawn from; ``name`` is the stem of the files it is saved as."""

    name: str
    figure: go.Figure
    data: pd.DataFrame


def colour_of(name: str) -> str:
    """Return the colour of a model, or of a run named after it, the same in every figure."""
    return COLOURS.get(_model(name)) or OTHER_COLOURS[sum(name.encode()) % len(OTHER_COLOURS)]


def _model(name: str) -> str:
    """Return the model that a run is named after, such as ``yolo`` for ``yolo11n-long`` and ``yolo_seg``."""
    plain = name.lower().replace("-", "_")
    return max((m for m in COLOURS if re.match(rf"{m}(?![a-z])", plain)), key=len, default=name)


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
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    if x:
        figure.update_xaxes(title={"text": x})
    if y:
        figure.update_yaxes(title={"text": y})
    return figure
