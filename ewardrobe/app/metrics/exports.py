"""The table of exported networks on the metrics page."""

from __future__ import annotations

import streamlit as st

from ewardrobe.app.metrics import models
from ewardrobe.app.metrics.models import ReportSet, nothing_yet, number_columns, show_command, show_table
from ewardrobe.app.page import literal
from ewardrobe.evaluation.figures import exports as figures_exports
from ewardrobe.evaluation.metrics import read_rows
from ewardrobe.models.weights import weights_dir


def speed(known: ReportSet) -> None:
    """Show the times of the models, then those of their networks in other forms."""
    models.speed(known)
    st.subheader("Other forms of the networks", anchor=False)
    exports(known)


def exports(known: ReportSet) -> None:
    """Show what ``benchmark exports`` measured on the shipped weights."""
    entries = {r.name: r.entry for r in known.reports}
    result, problem = read_rows(weights_dir() / "exports.json", "rows", entries, figures_exports.table)
    if problem or result is None:
        lead = (
            f"{problem}. To measure again:"
            if problem
            else "Half precision, eight bits and ONNX beside what the app runs:"
        )
        nothing_yet("Not measured yet" if result is None else "Out of date", lead, [figures_exports.COMMAND])
    if result is None:
        return
    table, meta = figures_exports.table(result), result["meta"]
    table["AP loss"] = table["AP loss"].round(3) + 0.0  # no -0.000
    columns = number_columns(["Difference"], "%.0e", 70)
    for name, digits in figures_exports.DIGITS.items():
        columns |= number_columns([name], f"%.{digits}f", 70)
    show_table(table, "exports", columns)
    st.caption(
        f"{meta.get('photos')} photos of {meta.get('data')}, {meta.get('threads')} threads. Net: all calls of the "
        "network for a photo, median. Photo: the same with everything around it. AP over the categories with ≥ 10 "
        "garments; its loss and the largest difference of an output, as a share of the largest value, are against "
        "OpenVINO, f32. Of the Mask R-CNN, suppression and RoIAlign stay on PyTorch in every form."
    )
    for line in figures_exports.missing(result):
        st.caption(literal(line))
    show_command(meta)
