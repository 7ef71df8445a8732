"""Tables and figures of the attributes' metrics; no Streamlit."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ewardrobe.core.attributes import HEADS
from ewardrobe.evaluation.figures.chart import GREY, OTHER_COLOURS, Chart, styled

TOLD = ("colour", *HEADS)


def overview(metrics: dict) -> pd.DataFrame:
    """Return a row for each learned attribute; the columns are headings."""
    rows = [(name, metrics[name]) for name in HEADS if metrics.get(name)]
    return pd.DataFrame(
        {
            "Attribute": [name for name, _ in rows],
            "Garments": [found["garments"] for _, found in rows],
            "Accuracy": [found["accuracy"] for _, found in rows],
            "Always the commonest": [found["majority_accuracy"] for _, found in rows],
            "Macro-F1": [found["macro_f1"] for _, found in rows],
            "Calibration error": [found["ece"] for _, found in rows],
            "Asserted": [found["asserted"] for _, found in rows],
            "Right of these": [found["asserted_right"] for _, found in rows],
        }
    )


def per_value(name: str, metrics: dict) -> Chart:
    """Draw F1 of each value of an attribute, with the number of garments it was judged on."""
    data = pd.DataFrame(metrics[name]["per_value"])
    labels = [f"{row.value} ({row.garments})" for row in data.itertuples()]
    figure = go.Figure(go.Bar(x=labels, y=data["f1"], marker_color=OTHER_COLOURS[0], hovertemplate="F1 %{y:.3f}"))
    styled(figure, f"F1 by {name}", "value (garments judged so)", "fraction of 1", 340)
    figure.update_layout(showlegend=False)
    figure.update_yaxes(range=[0, 1])
    return Chart(f"attributes_{name}", figure, data)


def reliability(metrics: dict) -> Chart:
    """Draw for each head how often the guesses of a confidence are right; on the diagonal they mean what they say."""
    figure, tables = go.Figure(), []
    figure.add_trace(
        go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, name="as it should be")
    )
    for colour, name in zip(OTHER_COLOURS, HEADS, strict=False):
        if not metrics.get(name):
            continue
        data = pd.DataFrame(metrics[name]["reliability"]).assign(attribute=name)
        tables.append(data)
        figure.add_trace(
            go.Scatter(
                x=data["confidence"],
                y=data["right"],
                mode="lines+markers",
                name=name,
                line={"color": colour},
                customdata=data["garments"],
                hovertemplate="%{y:.2f} right of %{customdata} garments",
            )
        )
    styled(figure, "Does a confidence mean what it says?", "confidence", "share of right answers", 380)
    figure.update_layout(showlegend=True)
    figure.update_yaxes(range=[0, 1])
    return Chart("attributes_reliability", figure, pd.concat(tables) if tables else pd.DataFrame())
