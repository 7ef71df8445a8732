"""How good the models are, measured: figures of the shipped weights, trainings and sweeps."""

from functools import partial

from ewardrobe.app import page
from ewardrobe.app.metrics import benchmarks, models, runs

LEAD = "What was measured on the very weights that this app runs, how they were trained, and what it costs."
TABS = {
    "Overview": models.overview,
    "Categories": models.categories,
    "Conditions": models.conditions,
    "Curves": models.curves,
    "Speed": benchmarks.speed,
    "Live": benchmarks.live,
    "Attributes": benchmarks.attributes,
    "Training": runs.training,
    "Sweeps": runs.sweeps,
}

page.page_header("Metrics", LEAD)
known = models.load()
page.show_tabs({name: partial(show, known) for name, show in TABS.items()}, "metrics-tab")
