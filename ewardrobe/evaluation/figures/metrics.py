"""Plotly figures of the metrics: what was measured in, a figure and its data out; no Streamlit."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ewardrobe.evaluation.figures.chart import GREY, SYMBOLS, Chart, colour_of, styled
from ewardrobe.evaluation.metrics import MEASURES, REFERENCES, tested_on, title

CONDITION_LABELS = {
    "worn": "worn",
    "not_worn": "not worn",
    "viewpoint_1": "viewpoint: not worn",
    "viewpoint_2": "viewpoint: frontal",
    "viewpoint_3": "viewpoint: side or back",
    "occlusion_1": "occlusion: none or slight",
    "occlusion_2": "occlusion: medium",
    "occlusion_3": "occlusion: heavy",
    "scale_1": "scale: small",
    "scale_2": "scale: moderate",
    "scale_3": "scale: large",
    "zoom_in_1": "zoom: none",
    "zoom_in_2": "zoom: medium",
    "zoom_in_3": "zoom: large",
    "webcam_whole": "webcam: whole person",
    "webcam_half_body": "webcam: half body",
    "webcam_close": "webcam: close",
    "webcam_tilted": "webcam: tilted",
    "webcam_dim": "webcam: dim",
    "webcam_noisy": "webcam: noisy",
}
"""DeepFashion2's conditions in words, a photo belonging to the hardest value among its garments, and webcam views."""


def comparison(metrics: dict[str, dict]) -> Chart:
    """Draw box and mask AP with 95 % intervals, ours filled, published figures of other data grey and open."""
    data = _comparison_data(metrics)
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=("Boxes", "Masks"), horizontal_spacing=0.04)
    for column, kind in enumerate(("box_ap", "mask_ap"), start=1):
        for row in data[data["measure"] == kind].itertuples():
            figure.add_trace(_interval_trace(row), row=1, col=column)
    names = list(dict.fromkeys(data["label"]))
    styled(figure, "Average precision with 95 % intervals", height=170 + 55 * len(names))
    figure.update_layout(showlegend=False, margin_t=80)
    figure.update_xaxes(range=[-0.06, 1.04], title={"text": "COCO AP, fraction of 1"})
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1])
    return Chart("average_precision", figure, data.drop(columns="label"))


def _comparison_data(metrics: dict[str, dict]) -> pd.DataFrame:
    rows = []
    for name, m in metrics.items():
        for key in ("box_ap", "mask_ap"):
            low, high = m["overall_ci"].get(key) or (None, None)
            rows.append([name, title(name), tested_on(m), key, m["overall"].get(key), low, high, False])
    for r in REFERENCES:
        rows += [["", r.name, r.data, key, r.figures[key], None, None, True] for key in ("box_ap", "mask_ap")]
    columns = ["model", "name", "tested on", "measure", "value", "low", "high", "published"]
    data = pd.DataFrame(rows, columns=columns)
    return data.assign(
        label=[
            f"<b>{n}</b><br><span style='font-size:11px'>{t}</span>"
            for n, t in zip(data["name"], data["tested on"], strict=True)
        ]
    )


def _interval_trace(row) -> go.Scatter:
    errors = None
    if pd.notna(row.low):
        errors = {"array": [row.high - row.value], "arrayminus": [row.value - row.low], "thickness": 2, "width": 5}
    colour = GREY if row.published else colour_of(row.model)
    symbol = "diamond-open" if row.published else SYMBOLS.get(row.model, "circle")
    interval = f" ({row.low:.3f} to {row.high:.3f})" if pd.notna(row.low) else ""
    known = pd.notna(row.value)
    return go.Scatter(
        x=[row.value if known else None],
        y=[row.label],
        mode="markers+text",
        text=[f"{row.value:.2f}" if known else "–"],
        textposition="top center",
        error_x=errors,
        marker={"color": colour, "size": 11, "symbol": symbol},
        hovertemplate=f"{row.name}: %{{x:.3f}}{interval}<extra></extra>",
    )


def per_category(metrics: dict[str, dict], measure: str = "mask_ap") -> Chart:
    """Draw ``measure`` (``mask_ap``, ``iou``, …) of every category, the frequent first; an absent one is ``–``."""
    data = pd.DataFrame(
        [
            {"model": name, "category": row["name"], "garments": row["instances"], measure: row.get(measure)}
            for name, m in metrics.items()
            for row in m["per_category"]
        ]
    )
    counts = data.groupby("category", sort=False)["garments"].max().sort_values(kind="stable")
    figure = go.Figure()
    for name in reversed(list(metrics)):  # the first model on top
        figure.add_trace(_category_bars(data[data["model"] == name].set_index("category").loc[counts.index], measure))
    heading = f"{CATEGORY_MEASURES.get(measure, measure)} by category (number of garments)"
    styled(figure, heading, x=f"{CATEGORY_MEASURES.get(measure, measure)}, fraction of 1")
    figure.update_layout(height=140 + len(counts) * (14 + 18 * len(metrics)), barmode="group", bargap=0.25)
    figure.update_layout(legend={"traceorder": "reversed"})
    figure.update_xaxes(range=[0, 1.05])
    return Chart(f"categories_{measure}", figure, data)


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


def _category_bars(rows: pd.DataFrame, measure: str) -> go.Bar:
    name = rows["model"].iloc[0]
    values = pd.to_numeric(rows[measure])
    return go.Bar(
        y=[f"{category} ({count})" for category, count in rows["garments"].items()],
        x=values.fillna(0),
        orientation="h",
        name=title(name),
        text=["–" if pd.isna(v) else f"{v:.2f}" for v in values],
        textposition="outside",
        cliponaxis=False,
        marker={"color": colour_of(name)},
        hovertemplate="%{y}: %{text}<extra>" + title(name) + "</extra>",
    )


def conditions(metrics: dict[str, dict], measure: str = "mask_ap") -> Chart:
    """Draw ``measure`` for the photos of every condition beside all photos, with the number of photos."""
    cuts = {name: _all_cuts(m) for name, m in metrics.items()}
    keys = ["all", *(k for k in CONDITION_LABELS if any(k in c for c in cuts.values()))]
    rows = []
    for name in metrics:
        for key in keys:
            cut = cuts[name].get(key)
            if cut and cut["images"]:
                label = f"{CONDITION_LABELS.get(key, 'all photos')} ({cut['images']})"
                rows.append([name, label, cut["images"], cut["instances"], cut.get(measure)])
    data = pd.DataFrame(rows, columns=["model", "condition", "photos", "garments", measure])
    figure = go.Figure([_condition_trace(data[data["model"] == name], measure) for name in metrics])
    order = list(dict.fromkeys(data["condition"]))
    heading = f"{MEASURES.get(measure, measure)} by condition (number of photos)"
    styled(figure, heading, x=f"{MEASURES.get(measure, measure)}, fraction of 1", height=190 + 32 * len(order))
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1])
    figure.update_xaxes(range=[-0.02, 1.02])
    return Chart(f"conditions_{measure}", figure, data)


def _all_cuts(metrics: dict) -> dict[str, dict]:
    views = {f"webcam_{name}": view for name, view in metrics.get("webcam", {}).items()}
    return {"all": metrics["overall"], **metrics["cuts"], **views}


def _condition_trace(rows: pd.DataFrame, measure: str) -> go.Scatter:
    name = rows["model"].iloc[0]
    return go.Scatter(
        x=rows[measure],
        y=rows["condition"],
        mode="markers",
        name=title(name),
        marker={"color": colour_of(name), "size": 12, "symbol": SYMBOLS.get(name, "circle")},
        customdata=rows["garments"],
        hovertemplate="%{y}: %{x:.3f}, %{customdata} garments<extra>" + title(name) + "</extra>",
    )
