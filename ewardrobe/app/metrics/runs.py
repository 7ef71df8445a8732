"""Widgets for trainings and sweeps on the metrics page; while a training goes on its curves follow it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from ewardrobe.app.metrics.models import ReportSet, nothing_yet, number_columns, show_table
from ewardrobe.app.page import choose_one, literal, show_chart
from ewardrobe.evaluation import run_logs
from ewardrobe.evaluation.figures import runs as figures_runs
from ewardrobe.evaluation.figures.runs import AXES
from ewardrobe.evaluation.learning_curve import outlook
from ewardrobe.evaluation.run_logs import RunFile, RunLog, SweepTable
from ewardrobe.models.weights import weights_dir

RUNS_DIR = Path("runs")
"""What trainings write to, in the working directory."""

LIVE_SECONDS, IDLE_SECONDS = 5, 60
"""How often the curves look for news: while a training goes on, and otherwise."""

OUTLOOK_HELP = (
    "A saturating (Hill) curve is fitted to the mask AP of the validations and read at twice the images. *From* and "
    "*to* are the curves that fit nearly as well: with few validations they lie far apart. A falling learning rate at "
    "the end of a run lifts its last points."
)
TRAIN_COMMAND = "python -m train.unet --data DATA --name my-unet"
SWEEP_COMMAND = "python -m train.sweep unet --name first --trials 30 --images 30000 --data DATA"


def training(_: ReportSet) -> None:
    """Show the curves of every run in ``runs/`` and of the shipped runs."""
    runs = run_logs.find_runs(RUNS_DIR, weights_dir())
    if not runs:
        lead = "The curves of every training in `runs/` appear here, also while it goes on. To start one:"
        nothing_yet("No training yet", lead, [TRAIN_COMMAND])
        return
    labels = {run.label: run for run in runs}
    chosen = st.multiselect("Runs", list(labels), default=list(labels), key="runs")
    look = {"format_func": AXES.__getitem__, "label_visibility": "visible"}
    axis = choose_one("Over", AXES, "runs-axis", "images", **look)
    live = any(_log(run).live() and not run.shipped for run in runs)
    follow = st.fragment(_curves, run_every=LIVE_SECONDS if live else IDLE_SECONDS)
    follow([labels[name] for name in chosen], axis)


def _log(run: RunFile) -> RunLog:
    """Return the log of ``run`` as this visit has read it so far."""
    return st.session_state.setdefault("run-logs", {}).setdefault(str(run.path), RunLog(run.path))


def _curves(runs: list[RunFile], axis: str) -> None:
    logs = {run: _log(run) for run in runs}
    for log in logs.values():
        log.update()
    if not any(log.training or log.validation for log in logs.values()):
        lead = "Nothing is in these logs yet. A training writes its first line after 25 steps."
        st.info(lead, icon=":material/timer:")
        return
    show_table(pd.DataFrame([run_logs.summary(run, log) for run, log in logs.items()]))
    for run, log in logs.items():
        if log.bad_lines:
            passed_over = f"{run.label}: {log.bad_lines} lines of {log.path} are no records and were passed over."
            st.caption(literal(passed_over))
    _quantity(logs, axis, validation=True)
    _outlook(logs)
    _quantity(logs, axis, validation=False)


def _outlook(logs: dict[RunFile, RunLog]) -> None:
    """Say what twice the images would bring, by a curve through each run's validations."""
    rows = []
    for run, log in logs.items():
        points = run_logs.points(log.validation, "images", "mask_ap")
        if found := _expected(points):
            seen, score = points[-1]
            rows.append(
                {
                    "run": run.label,
                    "images seen": int(seen),
                    "mask AP": score,
                    "at images": found.images,
                    "expected": found.score,
                    "from": found.low,
                    "to": found.high,
                }
            )
    if rows:
        st.markdown("##### What more training would bring", help=OUTLOOK_HELP)
        whole = number_columns(("images seen", "at images"), "localized")
        show_table(pd.DataFrame(rows), None, whole | number_columns(("mask AP", "expected", "from", "to"), "%.3f"))


_expected = st.cache_data(max_entries=64, show_spinner=False)(outlook)


def _quantity(logs: dict[RunFile, RunLog], axis: str, validation: bool) -> None:
    rows = [row for log in logs.values() for row in (log.validation if validation else log.training)]
    names = run_logs.quantities(rows)
    if not names:
        st.caption("No validation yet: the first comes some minutes after the start (`--validate-minutes`).")
        return
    kind = "validation" if validation else "training"
    first = next((names.index(n) for n in ("mask_ap", "loss") if n in names), 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        quantity = st.selectbox(
            f"Measured at {kind}", names, first, format_func=figures_runs.label, key=f"{kind}-quantity", width=420
        )
        log_scale = not validation and st.toggle("Logarithmic", key=f"{kind}-log")
    show_chart(figures_runs.training(logs, quantity, axis, log_scale, validation))


def sweeps(_: ReportSet) -> None:
    """Show the trials of a sweep: settings, what made the difference, history."""
    found = run_logs.find_sweeps(RUNS_DIR, weights_dir())
    for sweep in found:
        if sweep.problem:
            st.warning(literal(sweep.problem), icon=":material/warning:")
    readable = {sweep.name: sweep for sweep in found if not sweep.problem}
    if not readable:
        lead = "A sweep tries learning rates, batch sizes and more by itself. To run one:"
        nothing_yet("No sweep yet", lead, [SWEEP_COMMAND])
        return
    name = st.selectbox("Sweep", list(readable), key="sweep")
    _sweep(readable[name])


def _sweep(sweep: SweepTable) -> None:
    best = sweep.best()
    if best is None:
        st.info(f"{len(sweep.trials)} trials so far, none has run to its end.", icon=":material/timer:")
    else:
        chosen = {name: best[f"params.{name}"] for name in sweep.params}
        settings = ", ".join(
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in chosen.items()
            if pd.notna(value)
        )
        st.markdown(f"Best: trial {best['number']}, mask AP **{best['value']:.4f}** with {literal(settings)}")
        show_chart(figures_runs.parallel_coordinates(sweep))
    if sweep.importance:
        show_chart(figures_runs.importance(sweep))
    elif best is not None:
        st.caption("Too few finished trials to say which setting made the difference.")
    if len(sweep.trials):
        show_chart(figures_runs.history(sweep))
