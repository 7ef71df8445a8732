"""The attributes' figures on the metrics page: colours, and what the attribute network tells."""

from __future__ import annotations

import streamlit as st

from ewardrobe.app.charts import show
from ewardrobe.app.metrics.models import ReportSet, nothing_yet, number_columns, show_command, show_table
from ewardrobe.app.page import literal
from ewardrobe.evaluation import metrics
from ewardrobe.evaluation.figures.attributes import TOLD, overview, per_value, reliability
from ewardrobe.evaluation.metrics import ATTRIBUTES_COMMAND
from ewardrobe.models.weights import WeightsError, weights_dir


def attributes(_: ReportSet) -> None:
    """Show what ``evaluate-attributes`` measured on the shipped weights."""
    try:
        report = metrics.attribute_report(weights_dir())
    except WeightsError:  # the page has said so above its tabs
        report = None
    for problem in report.problems if report else ():
        st.warning(literal(problem), icon=":material/rule:")
    if report is None or report.metrics is None:
        lead = "Colours, pattern, material, style and sleeves, on garments that somebody judged:"
        nothing_yet("Not measured yet", lead, [ATTRIBUTES_COMMAND])
        return
    _colours(report.metrics["colour"], report.metrics["targets"])
    _heads(report.metrics)
    meta = report.metrics["meta"]
    st.caption(f"{meta['garments']} garments in {meta['images']} photos, {str(meta['date'])[:10]}")
    show_command(meta)
    if report.card:
        with st.expander("Model card", icon=":material/description:"):
            st.markdown(report.card)


def _colours(colour: dict, targets: dict) -> None:
    st.markdown("##### Colours, measured")
    first, second, dark, one = st.columns(4)
    first.metric("First name right", f"{colour['top1']:.3f}", help=f"Target {targets['colour_top1']}")
    second.metric("One of the first two", f"{colour['top2']:.3f}", help=f"Target {targets['colour_top2']}")
    dark.metric("Black and navy confused", f"{colour['black_navy_confused']:.3f}")
    one.metric("First name, black = navy", f"{colour['top1_black_navy_as_one']:.3f}")


def _heads(found: dict) -> None:
    st.markdown("##### Pattern, material, style and sleeves, told by the network")
    table = overview(found)
    show_table(table, "attributes", number_columns(table.select_dtypes("float").columns, "%.3f"))
    st.caption(
        "Asserted: the share of garments of which the app states the value; for the others it asks. Material and style "
        "were judged by eye in one pass: much of what is missing there is the judge's own doubt."
    )
    names = [name for name in TOLD if found.get(name)]
    name = st.selectbox("By value", names, names.index("pattern") if "pattern" in names else 0, key="attribute-values")
    show(per_value(name, found))
    show(reliability(found))
