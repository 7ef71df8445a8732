"""How good the models are, measured: figures of the shipped weights, trainings and sweeps."""

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.metrics import attributes, exports, live, models, runs

LEAD = "What was measured on the very weights that this app runs, how they were trained, and what it costs."
TABS = {
    "Overview": models.overview,
    "Categories": models.categories,
    "Conditions": models.conditions,
    "Curves": models.curves,
    "Speed": exports.speed,
    "Live": live.live,
    "Attributes": attributes.attributes,
    "Training": runs.training,
    "Sweeps": runs.sweeps,
}

page.page_header("Metrics", LEAD)
known = models.load()
for tab, show in zip(st.tabs(list(TABS), on_change="rerun", key="metrics-tab"), TABS.values(), strict=True):
    if tab.open:  # only the open one is drawn, and only it looks for news
        with tab:
            show(known)
