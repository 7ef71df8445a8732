"""Tables and figures of the attributes' metrics; no Streamlit."""

from __future__ import annotations

import pandas as pd
import plotly.express as px

from ewardrobe.core.attributes import HEADS
from ewardrobe.evaluation.figures.chart import OTHER_COLOURS, Chart, add_diagonal, styled

TOLD = ("colour", *HEADS)
COLUMNS = {
    "garments": "Garments",
    "accuracy": "Accuracy",
    "majority_accuracy": "Always the commonest",
    "macro_f1": "Macro-F1",
    "ece": "Calibration error",
    "asserted": "Asserted",
    "asserted_right": "Right of these",
}
"""Figures of a head with their headings."""

VALIDATION = "Macro-F1, validation"


def overview(metrics: dict, validated: dict | None = None) -> pd.DataFrame:
    """Return a row for each learned attribute; the columns are headings, the last of the validation if there is one."""
    rows = [
        {"Attribute": name}
        | {label: metrics[name][key] for key, label in COLUMNS.items()}
        | {VALIDATION: ((validated or {}).get(name) or {}).get("macro_f1")}
        for name in HEADS
        if metrics.get(name)
    ]
    beside = [VALIDATION] if validated else []
    return pd.DataFrame(rows, columns=["Attribute", *COLUMNS.values(), *beside]).astype(dict.fromkeys(beside, float))


def per_value(name: str, metrics: dict) -> Chart:
    """Draw F1 of each value of an attribute that was judged or told, with the number of garments judged so."""
    data = pd.DataFrame([row for row in metrics[name]["per_value"] if row["f1"] is not None])
    labels = [f"{row.value} ({row.garments})" for row in data.itertuples()]
    figure = px.bar(data.assign(label=labels), x="label", y="f1", color_discrete_sequence=OTHER_COLOURS)
    figure.update_traces(hovertemplate="F1 %{y:.3f}")
    styled(figure, f"F1 by {name}", "value (garments judged so)", "fraction of 1", 340)
    figure.update_yaxes(range=[0, 1])
    return Chart(f"attributes_{name}", figure, data)


def reliability(metrics: dict) -> Chart:
    """Draw for each head how often the guesses of a confidence are right; on the diagonal they mean what they say."""
    rows = [row | {"attribute": name} for name in HEADS if metrics.get(name) for row in metrics[name]["reliability"]]
    data = pd.DataFrame(rows, columns=["confidence", "right", "garments", "attribute"])
    colours = dict(zip(HEADS, OTHER_COLOURS, strict=True))
    shown = {"color": "attribute", "color_discrete_map": colours, "custom_data": ["garments"]}
    figure = px.line(data, x="confidence", y="right", markers=True, **shown)
    figure.update_traces(hovertemplate="%{y:.2f} right of %{customdata[0]} garments")
    add_diagonal(figure, "as it should be")
    styled(figure, "Does a confidence mean what it says?", "confidence", "share of right answers", 380)
    figure.update_layout(xaxis_range=[0, 1], yaxis_range=[0, 1])
    return Chart("attributes_reliability", figure, data)
