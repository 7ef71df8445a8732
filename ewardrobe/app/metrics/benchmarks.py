"""What other benchmarks measured, on the metrics page: networks in other forms, the live view, attributes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import streamlit as st

from ewardrobe.app.metrics import models
from ewardrobe.app.metrics.models import ReportSet, nothing_yet, number_columns, show_command, show_table
from ewardrobe.app.page import literal, show_chart
from ewardrobe.evaluation import metrics
from ewardrobe.evaluation.figures import exports
from ewardrobe.evaluation.figures.attributes import TOLD, overview, per_value, reliability
from ewardrobe.evaluation.figures.live import clip_table, rows, speed_quality
from ewardrobe.evaluation.metrics import ATTRIBUTES_COMMAND
from ewardrobe.models.weights import WeightsError, weights_dir

NO_TEST = "No test: these figures are of photos by which something was chosen, and they flatter."
LIVE_COMMAND = "python -m ewardrobe benchmark live --json weights/live.json"


def speed(known: ReportSet) -> None:
    """Show the times of the models, then those of their networks in other forms."""
    models.speed(known)
    st.subheader("Other forms of the networks", anchor=False)
    _exports(known)


def _exports(known: ReportSet) -> None:
    entries = {r.name: r.entry for r in known.reports}
    result, problem = metrics.read_rows(weights_dir() / "exports.json", "rows", entries, exports.table)
    if problem or result is None:
        lead = (
            f"{problem}. To measure again:"
            if problem
            else "Half precision, eight bits and ONNX beside what the app runs:"
        )
        nothing_yet("Not measured yet" if result is None else "Out of date", lead, [exports.COMMAND])
    if result is None:
        return
    table, meta = exports.table(result), result["meta"]
    table["AP loss"] = table["AP loss"].round(3) + 0.0  # no -0.000
    columns = number_columns(["Difference"], "%.0e", 70)
    for name, digits in exports.DIGITS.items():
        columns |= number_columns([name], f"%.{digits}f", 70)
    show_table(table, "exports", columns)
    st.caption(
        f"{meta.get('photos')} photos of {meta.get('data')}, {meta.get('threads')} threads. Net: all calls of the "
        "network for a photo, median. Photo: the same with everything around it. AP over the categories with ≥ 10 "
        "garments; its loss and the largest difference of an output, as a share of the largest value, are against "
        "OpenVINO, f32. Of the Mask R-CNN, suppression and RoIAlign stay on PyTorch in every form."
    )
    for line in exports.missing(result):
        st.caption(literal(line))
    show_command(meta)


def live(known: ReportSet) -> None:
    """Show what ``benchmark live`` measured on the shipped weights beside the targets."""
    result, problem = read_live(weights_dir() / "live.json", {r.name: r.entry for r in known.reports})
    if result is None:
        nothing_yet("Not measured yet", problem or "Pace, calm and fit of the live view:", [LIVE_COMMAND])
        return
    meta, machine = result["meta"], result["meta"].get("machine") or {}
    st.markdown(
        f"Model {result['model']}, {meta.get('size')} px, {meta.get('threads')} threads, {machine.get('processor')}; "
        f"pace, calm and ratio on {result.get('frames')} frames of a {meta.get('clip')} clip, fit on "
        f"{result.get('garments')} garments of {meta.get('data')}, {meta.get('date')}"
    )
    table = pd.DataFrame(rows(result))
    show_table(table, "live", number_columns(["measured"], "%.3g"))
    st.caption(
        "Fit: the drawn region against what is truly worn, with the models' masks and with perfect ones. The "
        "difference is the models'; with perfect masks, what lies in front is known too. The ratio sets our fastest "
        "runtime against ultralytics' PyTorch. Age, pace and ratio depend on the machine and on what else it does."
    )
    if chart := speed_quality(result):
        show_chart(chart)
        st.caption("Models and drawing one after the other, on the first garments of the same photos.")
    _clips(clip_table(result))
    show_command(meta)


def _clips(table: pd.DataFrame) -> None:
    if table.empty:
        return
    st.subheader("On each kind of clip", anchor=False)
    show_table(table, "live_clips", number_columns(table.columns[2:], "%.2f"))
    st.caption(
        "Dressed: share of the frames with a garment drawn. Jitter: what is left of the anchors' motion when the "
        "clip's own, and the lag, are taken out. Fit: as above, frame by frame. Hand covered: share of a passing hand "
        "that is drawn over. –: does not apply, or dressed in too few frames to tell."
    )


def read_live(path: Path, entries: dict[str, dict]) -> tuple[dict | None, str | None]:
    """Return the result in ``path``, or why it does not count: unreadable, or measured on other weights."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        measured = result["meta"]["weights_sha256"]
        current = {name: entries.get(name, {}).get("sha256") for name in measured}
    except FileNotFoundError:
        return None, None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return None, f"{path.name} cannot be read ({type(error).__name__}). To measure again:"
    if measured != current:
        return None, f"{path.name} was measured on other weights. To measure again:"
    return result, None


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
    if not report.test:
        st.info(NO_TEST, icon=":material/info:")
    colour, targets = report.metrics["colour"], report.metrics["targets"]
    st.markdown("##### Colours, measured")
    first, second, dark, one = st.columns(4)
    first.metric("First name right", f"{colour['top1']:.3f}", help=f"Target {targets['colour_top1']}")
    second.metric("One of the first two", f"{colour['top2']:.3f}", help=f"Target {targets['colour_top2']}")
    dark.metric("Black and navy confused", f"{colour['black_navy_confused']:.3f}")
    one.metric("First name, black = navy", f"{colour['top1_black_navy_as_one']:.3f}")
    _heads(report.metrics, report.validation if report.test else None)
    meta = report.metrics["meta"]
    st.caption(literal(f"{metrics.tested_on(report.metrics)}, {meta['garments']} garments, {str(meta['date'])[:10]}"))
    show_command(meta)
    if report.card:
        with st.expander("Model card", icon=":material/description:"):
            st.markdown(report.card)


def _heads(found: dict, validated: dict | None) -> None:
    st.markdown("##### Pattern, material, style, sleeves and kind, told by the network")
    table = overview(found, validated)
    show_table(table, "attributes", number_columns(table.select_dtypes("float").columns, "%.3f"))
    st.caption(
        "Asserted: the share of garments of which the app states the value; for the others it asks. Material and style "
        "were judged by eye in one pass: much of what is missing there is the judge's own doubt."
    )
    names = [name for name in TOLD if found.get(name)]
    name = st.selectbox("By value", names, names.index("pattern") if "pattern" in names else 0, key="attribute-values")
    show_chart(per_value(name, found))
    show_chart(reliability(found))
