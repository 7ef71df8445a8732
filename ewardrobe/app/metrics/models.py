"""Widgets of the metrics page: choices, figures with their downloads, and what to do where there is nothing yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from ewardrobe.app.page import choose_one, download, literal, show_chart
from ewardrobe.evaluation import metrics
from ewardrobe.evaluation.figures import metrics as figures
from ewardrobe.evaluation.figures.curves import calibration, confusion, parsing, pr_curves, speed_accuracy, speed_table
from ewardrobe.evaluation.figures.metrics import CATEGORY_MEASURES
from ewardrobe.evaluation.metrics import MEASURES, ModelReport
from ewardrobe.models import DEFAULT_MODEL, title
from ewardrobe.models.weights import WeightsError, weights_dir

SMALL = "Small and open: on validation, by which checkpoints and thresholds were chosen; it flatters."
SPEED_COLUMNS = {
    "ms_median": "Median ms",
    "cut_ms_median": "Cut out ms",
    "refined_ms_median": "Refined ms",
    "ms_p95": "95 % ms",
    "first_ms": "First ms",
    "load_s": "Load s",
    "peak_rss_mb": "Peak MB",
}
"""Columns whose heading is not their name."""


@dataclass(frozen=True)
class ReportSet:
    """What the page shows: the models' reports, the metrics that belong to their weights, the benchmark.

    metrics: of the test, of a model without one of its validation.  validated: of the validation beside a test.
    """

    reports: list[ModelReport]
    metrics: dict[str, dict]
    validated: dict[str, dict]
    benchmark: dict | None
    problems: list[str]


def load() -> ReportSet:
    """Read everything about the shipped weights; stops the page with what to do when there is no manifest."""
    folder = weights_dir()
    try:
        reports = metrics.read_reports(folder)
    except WeightsError as error:
        st.error("There are no weights to show figures of.", icon=":material/error:")
        st.code(str(error), language=None, wrap_lines=True)
        reports = []
    entries = {r.name: r.entry for r in reports}
    benchmark, problem = metrics.read_rows(folder / "benchmark.json", "models", entries)
    problems = [f"{problem}: measure again with {metrics.BENCHMARK_COMMAND}"] if problem else []
    return ReportSet(reports, metrics.measured(reports), metrics.validated(reports), benchmark, problems)


def nothing_yet(heading: str, lead: str, commands: Iterable[str]) -> None:
    """Say what is missing and the commands that make it."""
    with st.container(border=True):
        st.markdown(f"##### {heading}")
        st.markdown(lead)
        for command in commands:
            st.code(command, language="bash", wrap_lines=True)


def show_table(table: pd.DataFrame, name: str | None = None, columns: dict | None = None) -> None:
    """Show all rows of a table, with a button below it that saves it as ``name``.csv if it has a name."""
    st.dataframe(table, hide_index=True, height="content", placeholder="–", column_config=columns)
    if name:
        download(table, name)


def number_columns(names: Iterable[str], form: str, width: int | None = None) -> dict:
    """Return the settings of columns whose numbers are shown in the format ``form``."""
    return {name: st.column_config.NumberColumn(format=form, width=width) for name in names}


def show_command(meta: dict) -> None:
    """Show the command that measured something, as it was typed."""
    st.code(str(meta.get("command")), language="bash", wrap_lines=True)


def pick_measure(known: ReportSet, key: str) -> str:
    """Show the choice of a measure that the metrics have; return its name."""
    names = [name for name in MEASURES if any(name in found["overall"] for found in known.metrics.values())]
    return st.selectbox("Measure", names, format_func=MEASURES.__getitem__, key=key)


def _measured(known: ReportSet) -> bool:
    """Tell whether there are metrics; says how to make them if not."""
    if known.metrics:
        return True
    commands = [metrics.evaluate_command(r.name) for r in known.reports]
    lead = (
        "No figures belong to the weights in `weights/`. Measure them on annotated photos (`DATA`: a data set in "
        "DeepFashion2’s layout)."
    )
    nothing_yet("Not measured yet", lead, commands or [metrics.evaluate_command("unet")])
    return False


def overview(known: ReportSet) -> None:
    """Show AP beside the published figures, every measure, and the model cards."""
    for message in [*(text for r in known.reports for text in r.problems), *known.problems]:
        st.warning(literal(message), icon=":material/rule:")
    if _measured(known):
        if not metrics.one_test(known.metrics):
            st.warning(
                "The models were measured on different photos: compare them with care.", icon=":material/warning:"
            )
        _whose(known)
        show_chart(figures.comparison(known.metrics, known.validated))
        st.caption(
            "Fractions of 1, over the categories with ten garments or more. Bars: 95 % interval by bootstrap over the "
            "photos. Grey: published figures **on other photos** (DeepFashion2), for orientation only. They are not "
            "the same test as ours." + (f" {SMALL}" if known.validated else "")
        )
        table = metrics.ap_table(known.metrics, known.validated)
        unbroken = table.set_index("Model").replace("–", "\u2060–\u2060", regex=True)  # an interval stays on one line
        st.table(unbroken, border="horizontal")
        download(table, "ap_table")
        with st.expander("Every measure", icon=":material/table_rows:"):
            show_table(metrics.measures_table(known.metrics, known.validated))
        if missing := [text for r in known.reports for text in r.missing]:
            with st.expander("Not there yet", icon=":material/pending:"):
                st.markdown("\n".join(f"- {literal(message)}" for message in missing))
    _cards(known.reports)


def _whose(known: ReportSet) -> None:
    """Say what the figures of the model that photos start with mean, and which of all are of no test."""
    shown = DEFAULT_MODEL if DEFAULT_MODEL in known.metrics else next(iter(known.metrics))
    if told := metrics.meaning(known.metrics[shown]):
        st.markdown(f"**{title(shown)}.** {told}")
    if untested := [title(r.name) for r in known.reports if r.metrics and not r.test]:
        st.info(
            f"{', '.join(untested)}: no test. These figures are of photos by which checkpoints or thresholds were "
            "chosen, and they flatter.",
            icon=":material/info:",
        )


def _cards(reports: list[ModelReport]) -> None:
    if reports:
        st.subheader("Model cards", anchor=False)
    for report in reports:
        with st.expander(title(report.name), icon=":material/description:"):
            if report.card:
                st.markdown(report.card)
            else:
                _entry(report.entry)
            if report.metrics:
                _provenance(report.metrics["meta"])


def _entry(entry: dict) -> None:
    licence, data = (literal(str(entry.get(key, "not stated"))) for key in ("licence", "data"))
    st.markdown(
        f"`{entry['file']}`, {entry['bytes'] / 1e6:.1f} MB, licence {licence}, trained on {data}, "
        f"{entry.get('images', 0):,} images seen."
    )
    st.caption(f"sha256 {entry['sha256']}")


def _provenance(meta: dict) -> None:
    machine = meta.get("machine") or {}
    st.caption(
        literal(
            f"Figures of {str(meta.get('date'))[:10]}, commit {meta.get('commit')}, data sha256 "
            f"{str(meta.get('data_sha256'))[:12]}…, {machine.get('processor')}, {machine.get('cores')} cores"
        )
    )
    show_command(meta)


def categories(known: ReportSet) -> None:
    """Show a measure by category, and the parsing maps."""
    if not _measured(known):
        return
    names = list(CATEGORY_MEASURES)
    measure = st.selectbox("Measure", names, format_func=CATEGORY_MEASURES.__getitem__, key="category-measure")
    show_chart(figures.per_category(known.metrics, measure))
    st.caption("–: no garment of this category (or, for precision, nothing found). Fewer than ten garments say little.")
    if chart := parsing(known.metrics):
        show_chart(chart)


def conditions(known: ReportSet) -> None:
    """Show a measure by DeepFashion2's conditions."""
    if not _measured(known):
        return
    show_chart(figures.conditions(known.metrics, pick_measure(known, "condition-measure")))
    st.caption(
        "A photo counts under the hardest condition of its garments. Conditions that the data lacks are left out. "
        "Webcam: the worn photos cropped, tilted, darkened and disturbed as a webcam shows them (`evaluate --webcam`)."
    )


def curves(known: ReportSet) -> None:
    """Show precision and recall, confusion and calibration."""
    if not _measured(known):
        return
    names = dict.fromkeys(c["name"] for m in known.metrics.values() for c in m["pr_curves"])
    counts = {row["name"]: row["instances"] for m in known.metrics.values() for row in m["per_category"]}
    if names:
        ordered = sorted(names, key=lambda name: -counts.get(name, 0))
        label = "Category (the most frequent first)"
        category = st.selectbox(label, ordered, format_func=lambda n: f"{n} ({counts.get(n, 0)} garments)", key="pr")
        show_chart(pr_curves(known.metrics, category))
    model = choose_one("Confusion of", known.metrics, "cm", format_func=title, label_visibility="visible")
    show_chart(confusion(model, known.metrics[model]))
    show_chart(calibration(known.metrics))


def speed(known: ReportSet) -> None:
    """Show accuracy against time, and the times."""
    if not known.metrics and not known.benchmark:
        nothing_yet("Not measured yet", "Speed side by side:", [metrics.BENCHMARK_COMMAND])
        return
    if known.metrics:
        show_chart(speed_accuracy(known.metrics, known.benchmark, pick_measure(known, "speed-measure")))
        st.caption(
            "Filled: side by side in one run. Open: in each evaluation. The bar to the right ends at 95 %. Median: to "
            "find the garments. Cut out, refined: with all that the app does for a photo, without and with refinement. "
            "First: the first call of a new process. Peak: its memory."
        )
    table = speed_table(known.metrics, known.benchmark)
    table = table.assign(model=table["model"].map(title))
    table = table.rename(columns=lambda name: SPEED_COLUMNS.get(name, name[0].upper() + name[1:]))
    narrow = {name: st.column_config.NumberColumn(width=72) for name in table.select_dtypes("number").columns}
    show_table(table.round(1), "speed", narrow)  # the numbers stand side by side without scrolling
    if known.benchmark is None:
        nothing_yet("Side by side", "To compare all models and runtimes in one run:", [metrics.BENCHMARK_COMMAND])
    else:
        show_command(known.benchmark["meta"])
