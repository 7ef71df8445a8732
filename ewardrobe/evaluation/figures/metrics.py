"""Plotly figures of the metrics: what was measured in, a figure and its data out; no Streamlit."""

from __future__ import annotations

import textwrap

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from ewardrobe.evaluation.figures.chart import GREY, SYMBOLS, Chart, colour_of, drawn_by_model, numbers, styled
from ewardrobe.evaluation.metrics import MEASURES, category_rows, tested, value_and_bounds, with_interval

_CONDITIONS = {
    "viewpoint": ("not worn", "frontal", "side or back"),
    "occlusion": ("none or slight", "medium", "heavy"),
    "scale": ("small", "moderate", "large"),
    "zoom_in": ("none", "medium", "large"),
}
CONDITION_LABELS = {"all": "all photos", "worn": "worn", "not_worn": "not worn"} | {
    f"{name}_{value}": f"{name.removesuffix('_in')}: {words}"
    for name, values in _CONDITIONS.items()
    for value, words in enumerate(values, 1)
}
"""DeepFashion2's conditions in words; a photo belongs to the hardest value among its garments."""

LABEL_WIDTH = 24
CATEGORY_MEASURES = {
    "mask_ap": "Mask AP",
    "mask_ap50": "Mask AP50",
    "mask_ap75": "Mask AP75",
    "mask_ar": "Mask AR",
    "box_ap": "Box AP",
    "box_ap50": "Box AP50",
    "iou": "Pixel IoU",
    "dice": "Pixel Dice",
    "precision": "Precision at the app's threshold",
    "recall": "Recall at the app's threshold",
}
"""What ``per_category`` can draw."""


def comparison(metrics: dict[str, dict], validated: dict[str, dict] | None = None) -> Chart:
    """Draw box and mask AP with 95 % intervals, ours filled, published figures of other data grey and open.

    validated: the figures of the validation, drawn small and open beside those of the test.
    """
    data = _compared(metrics, validated or {})
    drawn = data.assign(
        label=[_row_label(name, photos) for name, photos in data[["name", "tested on"]].values],
        above=data["high"] - data["value"],
        below=data["value"] - data["low"],
        text=numbers(data["value"]),
    )
    figure = px.scatter(
        drawn,
        x="value",
        y="label",
        error_x="above",
        error_x_minus="below",
        color="model",
        color_discrete_map={"": GREY} | {name: colour_of(name) for name in metrics},
        symbol="model",
        symbol_map=SYMBOLS | {"": "diamond-open"},
        facet_col="measure",
        facet_col_spacing=0.06,
        text="text",
        custom_data=["name", "told"],
    )
    figure.update_traces(textposition="top center", marker_size=11, error_x={"thickness": 2, "width": 5})
    figure.update_traces(hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>")
    _add_small(figure, drawn)
    names = list(dict.fromkeys(drawn["label"]))
    styled(figure, "Average precision with 95 % intervals", height=170 + 62 * len(names))
    figure.for_each_annotation(lambda a: a.update(text=""))
    for column, label in enumerate(("Box AP", "Mask AP"), 1):  # short: two of them fit side by side on a telephone
        figure.update_xaxes(title_text=label, col=column)
    figure.update_layout(showlegend=False)
    figure.update_xaxes(range=[-0.06, 1.04])
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], range=[-0.6, len(names) - 0.3])
    return Chart("average_precision", figure, data.drop(columns="told").assign(published=data["model"] == ""))


def _row_label(name: str, photos: str) -> str:
    """Return a model's name and its photos below each other, in lines so short that a telephone has room beside."""
    name, photos = ("<br>".join(textwrap.wrap(text, LABEL_WIDTH)) for text in (name, photos))
    return f"<b>{name}</b><br><span style='font-size:11px'>{photos}</span>"


def _compared(metrics: dict[str, dict], validated: dict[str, dict]) -> pd.DataFrame:
    """Return a row for each model and measure: what is drawn and what is told when one points at it."""
    columns = ["model", "name", "tested on", "measure", "told", "value", "low", "high", "validation"]
    rows = []
    for key in ("box_ap_min10", "mask_ap_min10"):
        for model, name, photos, found in tested(metrics):
            value, bounds = value_and_bounds(found, "overall", key)
            small = validated.get(model, {}).get("overall", {}).get(key)
            told = with_interval(value, bounds)
            rows.append([model, name, photos, key, told, value, *(bounds or (None, None)), small])
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[5:], float))


def _add_small(figure: go.Figure, drawn: pd.DataFrame) -> None:
    """Add the figures of the validation to both parts of the chart."""
    for column, key in enumerate(("box_ap_min10", "mask_ap_min10"), 1):
        known = drawn[(drawn["measure"] == key) & drawn["validation"].notna()]
        if len(known):
            marker = {"symbol": "circle-open", "size": 7, "color": [colour_of(model) for model in known["model"]]}
            hover = "%{customdata}, on validation: %{x:.3f}<extra></extra>"
            points = {"x": known["validation"], "y": known["label"], "customdata": known["name"]}
            figure.add_scatter(
                **points, mode="markers", marker=marker, hovertemplate=hover, name="validation", row=1, col=column
            )


def per_category(metrics: dict[str, dict], measure: str = "mask_ap") -> Chart:
    """Draw ``measure`` (``mask_ap``, ``iou``, …) of every category, the frequent first; an absent one is ``–``."""
    data = pd.DataFrame(
        [
            {"model": name, "category": row["name"], "garments": row["instances"], measure: row.get(measure)}
            for name, m in metrics.items()
            for row in category_rows(m)
        ]
    )
    values = pd.to_numeric(data[measure])
    drawn = data.assign(
        label=[f"{name} ({count})" for name, count in zip(data["category"], data["garments"], strict=True)],
        drawn=values.fillna(0),
        text=numbers(values),
    ).sort_values("garments", kind="stable")
    order = list(metrics)[::-1]  # the first model on top
    figure = drawn_by_model(px.bar, drawn, order, x="drawn", y="label", text="text", barmode="group", orientation="h")
    figure.update_traces(textposition="outside", cliponaxis=False, hovertemplate="%{y}: %{text}")
    label = CATEGORY_MEASURES.get(measure, measure)
    height = 140 + drawn["label"].nunique() * (14 + 18 * len(metrics))
    styled(figure, f"{label} by category (number of garments)", f"{label}, fraction of 1", height=height)
    figure.update_layout(bargap=0.25, legend={"traceorder": "reversed"}, xaxis_range=[0, 1.05])
    return Chart(f"categories_{measure}", figure, data)


def conditions(metrics: dict[str, dict], measure: str = "mask_ap") -> Chart:
    """Draw ``measure`` for the photos of every condition beside all photos, with the number of photos."""
    rows = []
    for name, m in metrics.items():
        known = {"all": m["overall"], **m["cuts"]}
        cuts = {label: known[key] for key, label in CONDITION_LABELS.items() if key in known}
        cuts |= {f"webcam: {view.replace('_', ' ')}": cut for view, cut in m.get("webcam", {}).items()}
        rows += [
            [name, f"{label} ({cut['images']})", cut["images"], cut["instances"], cut.get(measure)]
            for label, cut in cuts.items()
            if cut["images"]
        ]
    data = pd.DataFrame(rows, columns=["model", "condition", "photos", "garments", measure])
    figure = drawn_by_model(px.scatter, data, metrics, x=measure, y="condition", custom_data=["garments"])
    figure.update_traces(marker_size=12, hovertemplate="%{y}: %{x:.3f}, %{customdata[0]} garments")
    order = list(dict.fromkeys(data["condition"]))
    label = MEASURES.get(measure, measure)
    height = 190 + 32 * len(order)
    styled(figure, f"{label} by condition (number of photos)", f"{label}, fraction of 1", height=height)
    figure.update_layout(xaxis_range=[-0.02, 1.02], yaxis_categoryorder="array", yaxis_categoryarray=order[::-1])
    return Chart(f"conditions_{measure}", figure, data)
