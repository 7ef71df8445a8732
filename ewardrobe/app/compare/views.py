"""The page Compare models, second half: what the models said, of one photo side by side and of all in a table."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.cards import DOT
from ewardrobe.app.add.intake import read_image
from ewardrobe.app.compare import photos
from ewardrobe.app.compare.photos import Comparison, ComparisonSettings
from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import draw_detections
from ewardrobe.core.images import jpeg_bytes, scale_to
from ewardrobe.core.masks import mask_box, padded_box
from ewardrobe.evaluation.comparison import agreement, runs
from ewardrobe.evaluation.comparison.agreement import Match
from ewardrobe.evaluation.comparison.pictures import agreement_colours, detail_picture, draw_agreement, iou_figure
from ewardrobe.evaluation.comparison.runs import VIEW_SIDE, ModelRun, PhotoSummary


@dataclass(frozen=True, eq=False)
class PhotoComparison:
    """The photo that is shown, and what its models say above the threshold, in the order of ``runs``."""

    key: str
    image: np.ndarray
    small: np.ndarray
    runs: dict[str, ModelRun]
    garments: list[Detections]

    @property
    def labels(self) -> list[str]:
        """The models' names for people."""
        return [photos.short_label(model) for model in self.runs]


def compare(bench: Comparison, chosen: ComparisonSettings) -> None:
    """Show everything about the photo at hand, and below it the summary of all photos."""
    _bar(bench)
    for note in bench.notes:
        st.caption(f":material/info: {note}")
    if not chosen.models:
        st.info("Choose at least one model in the sidebar.", icon=":material/info:")
        return
    photos.ask_about_shown(bench, chosen.models)
    if bench.photo.key in bench.unreadable:
        st.error(page.literal(bench.unreadable[bench.photo.key]), icon=":material/broken_image:")
    else:
        _photo(bench, chosen)
    if len(bench.photos) > 1:
        _summary(bench, chosen)


def _bar(bench: Comparison) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if (total := len(bench.photos)) > 1:
            last = bench.place >= total - 1
            back, on = (setattr, bench, "place", bench.place - 1), (setattr, bench, "place", bench.place + 1)
            page.button("Previous", "previous", "chevron_left", *back, disabled=not bench.place)
            page.button("Next", "next", "chevron_right", *on, icon_position="right", disabled=last)
            st.markdown(f"**{bench.place + 1} of {total}**", width="content")
        st.markdown(page.literal(bench.photo.name), width="content")
        st.space("stretch")
        page.button("Other photos", "compare-over", "restart_alt", photos.start_over)


# One photo


def _photo(bench: Comparison, chosen: ComparisonSettings) -> None:
    image, said = read_image(bench.photo.key, bench.photo), bench.answers(bench.photo, chosen.models)
    garments = [run.small.detections(chosen.min_score) for run in said.values()]
    shown = PhotoComparison(bench.photo.key, image, scale_to(image, VIEW_SIDE), said, garments)
    _side_by_side(bench, shown, chosen.models)
    _times(bench, shown)
    if len(said) < 2:
        st.caption("Choose two models or more to see where they agree.")
        return
    if not any(map(len, garments)):
        st.info("No model sees a garment here. Lower the confidence in the sidebar.", icon=":material/search_off:")
        return
    _agreement(shown, chosen.by_category)
    _matches(shown)


def _side_by_side(bench: Comparison, shown: PhotoComparison, models: list[str]) -> None:
    found = dict(zip(shown.runs, shown.garments, strict=True))
    for column, model in zip(st.columns(len(models)), models, strict=True):
        with column:
            st.markdown(f"##### {photos.short_label(model)}")
            if model not in found:
                st.error(page.literal(str(bench.runs[shown.key, model])), icon=":material/error:")
                page.button("Try again", f"again-{model}", None, photos.forget_failures, bench)
                continue
            garments, run = found[model], shown.runs[model]
            st.image(draw_detections(shown.small, garments), width="stretch", output_format="JPEG")
            hidden = len(run.found.scores) - len(garments)
            more = f" · {hidden} below the confidence" if hidden else ""
            st.caption(f"{page.count(len(garments), 'garment')} · {1000 * run.median_s:.0f} ms{more}")


def _times(bench: Comparison, shown: PhotoComparison) -> None:
    if not shown.runs:
        return
    with st.expander("Times", icon=":material/timer:", key="compare-times"):
        if st.button(f"Measure {photos.TIMED_RUNS} times more", key="measure", icon=":material/speed:"):
            photos.time_again(bench, bench.photo, list(shown.runs))
        st.dataframe(_time_table(bench, list(shown.runs)), hide_index=True, column_config=_time_columns())
        st.caption("From the picture in memory to its masks at the photo's size, all scores. Reading is not counted.")


def _time_table(bench: Comparison, models: list[str]) -> pd.DataFrame:
    rows = []
    for model, here in bench.answers(bench.photo, models).items():
        all_s = [run.median_s for (_, name), run in bench.runs.items() if name == model and isinstance(run, ModelRun)]
        start = photos.starts().get(model)
        rows.append(
            {
                "Model": photos.short_label(model),
                "ms": 1000 * here.median_s,
                "runs": len(here.seconds),
                "slowest": 1000 * max(here.seconds),
                "all": 1000 * float(np.median(all_s)),
                "first": start and 1000 * start.first_s,
                "load": start and 1000 * start.load_s,
            }
        )
    return pd.DataFrame(rows)


def _time_columns() -> dict:
    number, once = st.column_config.NumberColumn, "Once for each start of the app; short if another page did it before."
    return {
        "ms": number("This photo, median ms", format="%.0f"),
        "runs": number("Runs"),
        "slowest": number("Slowest, ms", format="%.0f"),
        "all": number("All photos so far, median ms", format="%.0f"),
        "first": number("First call, ms", format="%.0f", help=once),
        "load": number("Loading, ms", format="%.0f", help=once),
    }


def _agreement(shown: PhotoComparison, by_category: bool) -> None:
    st.subheader("Where they agree", anchor=False)
    labels = agreement.label_maps(shown.garments)
    shared = agreement.agreement_map(labels, by_category)
    left, right = st.columns(2, gap="large")
    with left:
        models = len(shown.runs)
        st.image(draw_agreement(shown.small, shared, models), width="stretch", output_format="JPEG")
        st.html(legend_html(agreement.agreement_shares(shared, models), by_category))
    with right:
        matrix = agreement.mask_iou_matrix(labels, by_category)
        _heat_map(matrix, shown.labels, "compare-iou")
        if (mean := agreement.mean_agreement(matrix)) is not None:
            st.caption(f"Mask IoU of all garment pixels, each pair of models; mean {mean:.0%}.")


def legend_html(shares: list[float], by_category: bool) -> str:
    """Return the legend of the agreement map: a dot of each colour, how many models, share of the garment pixels."""
    what = "name the same category" if by_category else "see a garment"
    total = len(shares)
    names = [f"all {total} {what}" if k == total else f"{k} of {total}" for k in range(1, total + 1)]
    lines = [
        f'<span style="margin-right:1.2em;white-space:nowrap">'
        f'<i style="{DOT};background:rgb{colour}"></i>{name}: {share:.0%}</span>'
        for colour, name, share in zip(agreement_colours(total), names, shares, strict=True)
    ]
    return f'<div style="font-size:.875rem">{" ".join(reversed(lines))}</div>'


def _matches(shown: PhotoComparison) -> None:
    st.subheader("Garment by garment", anchor=False)
    matches = agreement.match_garments(shown.garments)
    table = agreement.match_table(matches, shown.garments, shown.labels)
    table["Mask IoU"] *= 100
    table.insert(0, "", [_thumbnail(shown, match) for match in matches])
    image, words = st.column_config.ImageColumn("", width=64), "Mean over the pairs of models that see this garment"
    columns = {"": image, "Mask IoU": st.column_config.NumberColumn(format="%.0f %%", help=words)}
    st.dataframe(table, hide_index=True, row_height=56, placeholder="–", column_config=columns)
    _details(shown, matches, table["Garment"].tolist())


def _thumbnail(shown: PhotoComparison, match: Match) -> str:
    masks = [found.masks[one] for found, one in zip(shown.garments, match, strict=True) if one is not None]
    x0, y0, x1, y1 = padded_box(mask_box(np.any(masks, axis=0)), 6, *shown.small.shape[:2])
    data = jpeg_bytes(scale_to(shown.small[y0:y1, x0:x1], 112), 85)
    return "data:image/jpeg;base64," + base64.b64encode(data).decode()


@st.fragment
def _details(shown: PhotoComparison, matches: list[Match], names: list[str]) -> None:
    st.subheader("Sleeves and hems, enlarged", anchor=False)
    chosen = st.selectbox(
        "Garment",
        range(len(matches)),
        format_func=lambda i: f"{i + 1} · {names[i]}",
        key=f"compare-detail-{shown.key}-{len(matches)}",
    )
    masks = runs.match_masks(matches[chosen], list(shown.runs.values()))
    boxes = agreement.detail_boxes(np.any([mask for mask in masks if mask is not None], axis=0))
    for place, box in boxes.items():
        columns = st.columns(len(masks) + 1)
        columns[0].image(detail_picture(shown.image, None, box), caption=place, width="stretch", output_format="JPEG")
        for column, label, mask in zip(columns[1:], shown.labels, masks, strict=True):
            if mask is None:
                column.caption(f"{label} does not see this garment.")
                continue
            column.image(detail_picture(shown.image, mask, box), caption=label, width="stretch", output_format="JPEG")


# All photos


def _summary(bench: Comparison, chosen: ComparisonSettings) -> None:
    models = chosen.models
    st.subheader(f"All {len(bench.photos)} photos", anchor=False)
    left = sum(not bench.done(photo, models) for photo in bench.photos)
    if left and st.button(f"Compare the other {page.count(left, 'photo')}", key="compare-all", type="primary"):
        photos.ask_about_all(bench, models)
        st.rerun()
    for message in list(bench.unreadable.values())[:10]:
        st.error(page.literal(message), icon=":material/broken_image:")
    if not (summaries := _summaries(bench, chosen)):
        return
    if failed := len(bench.photos) - left - len(bench.unreadable) - len(summaries):
        st.caption(f":material/info: {page.count(failed, 'photo')} left out here: a model failed on it.")
    labels = [photos.short_label(model) for model in models]
    _folder_table(bench, [place for place, _ in summaries], runs.folder_table([one for _, one in summaries], labels))
    _folder_figures([one for _, one in summaries], labels)


def _summaries(bench: Comparison, chosen: ComparisonSettings) -> list[tuple[int, PhotoSummary]]:
    """Return (place, summary) of every photo that all models have seen; each is counted once and kept."""
    found = []
    for place, photo in enumerate(bench.photos):
        said = list(bench.answers(photo, chosen.models).values())
        if len(said) < len(chosen.models):
            continue
        key = (photo.key, chosen.min_score, chosen.by_category, *chosen.models)
        if key not in bench.summaries:
            bench.summaries[key] = runs.summarise_photo(photo.name, said, chosen.min_score, chosen.by_category)
        found.append((place, bench.summaries[key]))
    return found


def _folder_table(bench: Comparison, places: list[int], table: pd.DataFrame) -> None:
    table["Agreement"] *= 100
    percent = st.column_config.NumberColumn(format="%.0f %%", help="Mean mask IoU over the pairs of models")
    columns = {"Agreement": percent, "Photo": st.column_config.TextColumn(width="medium")}
    columns |= {name: st.column_config.NumberColumn(format="%.0f") for name in table if name.endswith(": ms")}
    state = st.dataframe(
        table,
        hide_index=True,
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


def _folder_figures(summaries: list[PhotoSummary], labels: list[str]) -> None:
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
            _heat_map(runs.folder_matrix(summaries), labels, "compare-folder-iou")


def _heat_map(matrix: np.ndarray, labels: list[str], key: str) -> None:
    st.plotly_chart(iou_figure(matrix, labels), key=key, config={"displaylogo": False})
