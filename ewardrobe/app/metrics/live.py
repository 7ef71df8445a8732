"""The live view's figures on the metrics page."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import streamlit as st

from ewardrobe.app.charts import show
from ewardrobe.app.metrics.models import ReportSet, nothing_yet, number_columns, show_command, show_table
from ewardrobe.evaluation.figures.live import clip_table, rows, speed_quality
from ewardrobe.models.weights import weights_dir

LIVE_COMMAND = "python -m ewardrobe benchmark live --json weights/live.json"


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
        show(chart)
        st.caption("Models and drawing one after the other, on the first garments of the same photos.")
    _clips(clip_table(result))
    show_command(meta)


def _clips(table: pd.DataFrame) -> None:
    """Show what was measured on each kind of clip."""
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
