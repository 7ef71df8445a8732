"""How good the models are, measured: figures of the shipped weights, trainings and sweeps."""

import streamlit as st

from ewardrobe import ui, ui_attribute_metrics, ui_export_metrics, ui_live_metrics, ui_metrics, ui_runs

LEAD = "What was measured on the very weights that this app runs, how they were trained, and what it costs."
TABS = {
    "Overview": ui_metrics.overview,
    "Categories": ui_metrics.categories,
    "Conditions": ui_metrics.conditions,
    "Curves": ui_metrics.curves,
    "Speed": ui_export_metrics.speed,
    "Live": ui_live_metrics.live,
    "Attributes": ui_attribute_metrics.attributes,
    "Training": ui_runs.training,
    "Sweeps": ui_runs.sweeps,
}

ui.page_header("Metrics", LEAD)
known = ui_metrics.load()
for tab, show in zip(st.tabs(list(TABS), on_change="rerun", key="metrics-tab"), TABS.values(), strict=True):
    if tab.open:  # only the open one is drawn, and only it looks for news
        with tab:
            show(known)
