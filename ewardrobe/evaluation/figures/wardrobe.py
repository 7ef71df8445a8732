"""Plotly figures of the wardrobe's statistics, each with the table it was drawn from; no Streamlit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from ewardrobe.evaluation.figures.chart import GREY, Chart, heat_map, styled, words
from ewardrobe.wardrobe import statistics
from ewardrobe.wardrobe.palette import SWATCHES
from ewardrobe.wardrobe.vocabulary import words_for

ACCENT, QUIET = "#0f766e", "rgba(128,128,128,0.45)"
SLOT_COLOURS = {
    "top": "#0f766e",
    "outer": "#4f6bb5",
    "bottom": "#c2703d",
    "dress": "#b0467f",
    "shoes": "#8a8d2f",
    "bag": "#7a5ea8",
    "hat": "#2f8fb0",
    "accessory": "#8a8a8a",
}
SLICES = 80
"""Most pieces that a bar of one colour is made of; more items share pieces."""

RIM = "rgba(128,128,128,0.55)"
_HEAT = [[0, "rgba(128,128,128,0.13)"], [0.01, "#b8dcd6"], [0.4, "#4fa79c"], [1, "#0b5d57"]]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def categories(frame: pd.DataFrame) -> Chart:
    """Draw how many items of each category there are, and how many of them were worn."""
    table = statistics.by_category(frame)
    parts = {"worn": ACCENT, "never worn": QUIET}
    named = words(table["category"].map(words_for("kind")))
    counts = table.assign(**{"never worn": table["items"] - table["worn"]}, category=named)
    figure = px.bar(counts, y="category", x=list(parts), color_discrete_map=parts)
    figure.update_traces(hovertemplate="%{y}: %{x}<extra>%{fullData.name}</extra>")
    styled(figure, "Items by category", height=150 + 30 * len(table))
    figure.update_layout(bargap=0.35, legend={"traceorder": "normal"}, yaxis_autorange="reversed")
    _whole(figure, "xaxis", table["items"])
    return Chart("wardrobe_categories", figure, table)


def colours(frame: pd.DataFrame) -> Chart:
    """Draw a bar for each colour name, made of the items' colours as they were measured."""
    table = statistics.by_colour(frame)
    slices = (
        pd.concat([_slices(name, rows) for name, rows in table.groupby("colour", sort=False)]) if len(table) else table
    )
    bars = go.Bar(
        y=words(slices.get("colour", ())),
        x=slices.get("items"),
        base=slices.get("base"),
        orientation="h",
        marker={"color": slices.get("hex"), "line": {"width": 0.5, "color": RIM}},
        customdata=words(slices.get("label", ())),
        hovertemplate="%{y}: %{customdata}<extra></extra>",
    )
    names = words(dict.fromkeys(table["colour"]))
    styled(figure := go.Figure(bars), "Items by colour, as they are", height=110 + 30 * len(names))
    figure.update_layout(bargap=0.3, showlegend=False, yaxis_categoryorder="array", yaxis_categoryarray=names[::-1])
    _whole(figure, "xaxis", table["colour"].value_counts())
    return Chart("wardrobe_colours", figure, table)


def _slices(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the pieces of one colour's bar: an item each, or several where there are too many."""
    parts = np.array_split(np.arange(len(rows)), min(SLICES, len(rows)))
    middles = [rows.iloc[part[len(part) // 2]] for part in parts]
    more = [f" and {len(part) - 1} more" if len(part) > 1 else "" for part in parts]
    return pd.DataFrame(
        {
            "colour": name,
            "items": [len(part) for part in parts],
            "base": [part[0] for part in parts],
            "hex": [middle["hex"] or _flat(name) for middle in middles],
            "label": [f"{middle['called']}{others}" for middle, others in zip(middles, more, strict=True)],
        }
    )


def _flat(colour: str) -> str:
    """Return the colour that stands for a colour's name; grey for what has no single one."""
    swatch = SWATCHES.get(colour, GREY)
    return GREY if swatch.startswith("conic") else swatch


def wear_counts(frame: pd.DataFrame, least: bool = False) -> Chart:
    """Draw how often the items worn most, or least, were worn."""
    table = statistics.most_worn(frame, least=least)
    labels = []  # unique: plotly adds up bars of one label
    for number, row in enumerate(table.itertuples()):
        labels += words([f"{row.called}\u200b{number}"])
    bars = {"x": "wears", "y": labels, "text": "wears", "custom_data": ["last_worn"]}
    figure = px.bar(table, orientation="h", color_discrete_sequence=[ACCENT], **bars)
    hover = "%{y}: worn %{x} times, last on %{customdata[0]}<extra></extra>"
    figure.update_traces(textposition="outside", cliponaxis=False, hovertemplate=hover)
    styled(figure, "Worn least, of what was worn" if least else "Worn most", x="wears", height=120 + 28 * len(table))
    figure.update_layout(bargap=0.35)
    bare = [label.partition("\u200b")[0] for label in labels]
    figure.update_yaxes(autorange="reversed", ticktext=bare, tickvals=labels)
    _whole(figure, "xaxis", table["wears"])
    return Chart(f"wardrobe_worn_{'least' if least else 'most'}", figure, table)


def cost_per_wear(frame: pd.DataFrame) -> Chart:
    """Draw price against wears, each item in its colour, with the lines of equal cost per wear."""
    table = statistics.cost_per_wear(frame)
    worn = table[table["wears"] > 0]
    colours = [code or _flat(name) for code, name in zip(worn["hex"], worn["colour"], strict=True)]
    drawn = worn.assign(called=words(worn["called"]))
    figure = px.scatter(drawn, x="wears", y="price", custom_data=["cost_per_wear"], hover_name="called")
    hover = "%{hovertext}: %{y:,.2f} / %{x} wears = %{customdata[0]:,.2f} a wear<extra></extra>"
    figure.update_traces(hovertemplate=hover, marker={"size": 13, "color": colours, "line": {"width": 1, "color": RIM}})
    figure.add_traces(_cost_lines(worn))
    styled(figure, "Price and wears", x="wears", y="price", height=460)
    figure.update_layout(showlegend=False)
    if len(worn):
        right, top = worn["wears"].max() * 1.12 + 0.5, worn["price"].max() * 1.12 + 1
        figure.update_layout(xaxis_range=[0, right], yaxis_range=[0, top])
    return Chart("wardrobe_cost_per_wear", figure, table.drop(columns="hex"))


def _cost_lines(worn: pd.DataFrame) -> list[go.Scatter]:
    """Return three lines of equal cost, at round values near the quartiles, named at their upper end."""
    if worn.empty:
        return []
    right, top = worn["wears"].max() * 1.1, worn["price"].max() * 1.1
    costs = sorted({_round(value) for value in worn["cost_per_wear"].quantile([0.2, 0.5, 0.8]) if value > 0})
    ends = [min(right, top / cost) for cost in costs]
    return [
        go.Scatter(
            x=[0, x],
            y=[0, x * cost],
            mode="lines+text",
            text=["", f"{cost:,g} a wear"],
            textposition="middle left" if x < right else "top left",
            textfont={"size": 11, "color": GREY},
            line={"color": QUIET, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        )
        for cost, x in zip(costs, ends, strict=True)
    ]


def _round(value: float) -> float:
    """Return the value of 1, 2, 5 × 10ⁿ nearest to ``value``.

    >>> _round(3.7), _round(0.16), _round(80)
    (5.0, 0.2, 100.0)
    """
    power = 10.0 ** np.floor(np.log10(value))
    return float(min((factor * power for factor in (1, 2, 5, 10)), key=lambda near: abs(np.log(near / value))))


def spending(frame: pd.DataFrame) -> Chart:
    """Draw what was spent in each month, and the sum so far."""
    table = statistics.spending(frame)
    figure = go.Figure(go.Bar(x=table["month"], y=table["amount"], name="a month", marker_color=ACCENT))
    line = {"color": SLOT_COLOURS["bottom"], "width": 2}
    figure.add_scatter(x=table["month"], y=table["total"], name="so far", yaxis="y2", line=line)
    figure.update_traces(hovertemplate="%{x|%B %Y}: %{y:,.2f}<extra>%{fullData.name}</extra>")
    styled(figure, "Spending", y="a month", height=400)
    right = {"overlaying": "y", "side": "right", "showgrid": False, "title": {"text": "so far"}}
    figure.update_layout(yaxis={"rangemode": "tozero"}, yaxis2=right | {"rangemode": "tozero"})
    _month_axis(figure, len(table))
    return Chart("wardrobe_spending", figure, table)


def additions(frame: pd.DataFrame) -> Chart:
    """Draw how many items came into the wardrobe in each month, by their place on the body."""
    table = statistics.additions(frame)
    slots = {"color": "slot", "color_discrete_map": SLOT_COLOURS, "category_orders": {"slot": list(SLOT_COLOURS)}}
    figure = px.bar(table, x="month", y="items", **slots)
    figure.update_traces(hovertemplate="%{x|%B %Y}: %{y}<extra>%{fullData.name}</extra>")
    styled(figure, "Additions", y="items a month", height=380)
    _whole(figure, "yaxis", table.groupby("month")["items"].sum())
    _month_axis(figure, table["month"].nunique())
    return Chart("wardrobe_additions", figure, table)


def _whole(figure: go.Figure, axis: str, values: pd.Series) -> None:
    """No halves on an axis that counts things."""
    if len(values) and values.max() < 8:
        figure.update_layout({axis: {"dtick": 1}})


def _month_axis(figure: go.Figure, months: int) -> None:
    """Whole months as ticks; a single month would be as wide as the figure."""
    figure.update_xaxes(type="date", tickformat="%b %Y", dtick="M1" if months <= 12 else None)
    if months <= 3:
        figure.update_layout(bargap=0.8)


def calendar(log: pd.DataFrame, year: int) -> Chart:
    """Draw a year of the wear log as a calendar: weeks from left to right, Monday on top."""
    table = statistics.wear_days(log, year)
    days = pd.DatetimeIndex(table["date"])
    rows, weeks = days.day_of_week, (np.arange(len(days)) + days[0].weekday()) // 7
    worn = [_wrapped(items) if items else "nothing logged" for items in table["items"]]
    grid, texts = np.full((7, weeks[-1] + 1), np.nan), np.full((7, weeks[-1] + 1), "", object)
    grid[rows, weeks] = table["wears"]
    texts[rows, weeks] = [f"{day.day} {MONTHS[day.month - 1]}: {said}" for day, said in zip(days, worn, strict=True)]
    hover, most = "%{text}<extra></extra>", max(4, float(np.nanmax(grid)))
    figure = heat_map(grid, texts, _HEAT, zmax=most, hovertemplate=hover, hoverongaps=False, showscale=False)
    starts = weeks[days.day == 15]
    styled(figure, f"What was worn in {year}", height=230)
    figure.update_xaxes(tickvals=starts, ticktext=list(MONTHS), side="top", constrain="domain")
    figure.update_yaxes(tickvals=[0, 2, 4, 6], ticktext=WEEKDAYS[::2], scaleanchor="x", constrain="domain")
    figure.update_layout(margin_t=85)
    return Chart(f"wardrobe_worn_{year}", figure, table)


def _wrapped(names: str, most: int = 12) -> str:
    parts = words(names.split(", "))
    return "<br>".join(parts[:most]) + (f"<br>and {len(parts) - most} more" if len(parts) > most else "")
