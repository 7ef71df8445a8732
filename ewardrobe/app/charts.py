"""Figures on a page, each with its picture and its data to save."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.evaluation.figures.chart import Chart


def show(chart: Chart) -> None:
    """Show a figure with its image button (above it, at the right) and its data as CSV (below it)."""
    image = {"filename": chart.name, "format": "png", "scale": 2}
    config = {"displaylogo": False, "toImageButtonOptions": image, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
    heading = chart.figure.layout.title.text
    st.plotly_chart(chart.figure, key=f"chart-{chart.name}", config=config, alt=heading)
    download(chart.data, chart.name)


def download(data: pd.DataFrame, name: str) -> None:
    """Offer ``data`` as a CSV file."""
    look: dict[str, Any] = {"icon": ":material/download:", "type": "tertiary", "on_click": "ignore"}
    table = data.to_csv(index=False).encode()
    st.download_button("Data as CSV", table, f"{name}.csv", "text/csv", key=f"csv-{name}", **look)
