"""The page Compare models, the summary of all photos."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.compare.photos import Comparison, ComparisonSettings, ask_about_all, short_label
from ewardrobe.evaluation.comparison.pictures import iou_figure
from ewardrobe.evaluation.comparison.runs import PhotoSummary, folder_matrix, folder_table, summarise_photo


def summary(bench: Comparison, chosen: ComparisonSettings) -> None:
    """Show how far the models agree over all photos that they have seen, and offer to go through the others."""
    models = chosen.models
    st.subheader(f"All {len(bench.photos)} photos", anchor=False)
    left = sum(not bench.done(photo, models) for photo in bench.photos)
    if left and st.button(f"Compare the other {page.count(left, 'photo')}", key="compare-all", type="primary"):
        ask_about_all(bench, models)
        st.rerun()
    for message in list(bench.unreadable.values())[:10]:
        st.error(page.literal(message), icon=":material/broken_image:")
    summaries = _summaries(bench, chosen)
    if not summaries:
        return
    if failed := len(bench.photos) - left - len(bench.unreadable) - len(summaries):
        st.caption(f":material/info: {page.count(failed, 'photo')} left out here: a model failed on it.")
    labels = [short_label(model) for model in models]
    _table(bench, [place for place, _ in summaries], folder_table([one for _, one in summaries], labels))
    _figures([one for _, one in summaries], labels)


def _summaries(bench: Comparison, chosen: ComparisonSettings) -> list[tuple[int, PhotoSummary]]:
    """Return (place, summary) of every photo that all models have seen; each is counted once and kept."""
    found = []
    for place, photo in enumerate(bench.photos):
        runs = list(bench.answers(photo, chosen.models).values())
        if len(runs) < len(chosen.models):
            continue
        key = (photo.key, chosen.min_score, chosen.by_category, *chosen.models)
        if key not in bench.summaries:
            bench.summaries[key] = summarise_photo(photo.name, runs, chosen.min_score, chosen.by_category)
        found.append((place, bench.summaries[key]))
    return found


def _table(bench: Comparison, places: list[int], table: pd.DataFrame) -> None:
    table["Agreement"] *= 100
    percent = st.column_config.NumberColumn(format="%.0f %%", help="Mean mask IoU over the pairs of models")
    columns = {"Agreement": percent, "Photo": st.column_config.TextColumn(width="medium")}
    columns |= {name: st.column_config.NumberColumn(format="%.0f") for name in table if name.endswith(": ms")}
    state = st.dataframe(
        table,
        hide_index=True,
        width="stretch",
        placeholder="–",
        column_config=columns,
        on_select="rerun",
        selection_mode="single-row",
        key=f"compare-table-{bench.number}-{bench.place}",
    )
    if state.selection.rows and places[state.selection.rows[0]] != bench.place:
        bench.place = places[state.selection.rows[0]]
        st.rerun()
    st.caption("Tick a row to see that photo.")


def _figures(summaries: list[PhotoSummary], labels: list[str]) -> None:
    known = [one.agreement for one in summaries if one.agreement is not None]
    left, right = st.columns([2, 3], gap="large")
    with left:
        if known:
            st.metric("Mean pairwise agreement", f"{np.mean(known):.0%}")
            st.caption(f"Mask IoU over the pairs of models, mean of {page.count(len(known), 'photo')} with a garment.")
        for label, seconds in zip(labels, np.median([one.seconds for one in summaries], axis=0), strict=True):
            st.markdown(f"{label}: **{1000 * seconds:.0f} ms** a photo (median)")
    if known and len(labels) > 1:
        with right:
            heat_map(folder_matrix(summaries), labels, "compare-folder-iou")


def heat_map(matrix: np.ndarray, labels: list[str], key: str) -> None:
    """Show the models' mask IoU with each other, (M, M) float64 0..1."""
    st.plotly_chart(iou_figure(matrix, labels), key=key, config={"displaylogo": False})
