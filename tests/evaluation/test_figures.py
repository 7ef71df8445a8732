"""Every figure of the metrics page: what is drawn is what was measured, nothing absent is drawn as a number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from metric_files import INSTANCES, metrics, sweep, write_log

from ewardrobe.evaluation.figures import chart as chart_style
from ewardrobe.evaluation.figures import curves, runs
from ewardrobe.evaluation.figures import metrics as figures
from ewardrobe.evaluation.figures.chart import Chart, colour_of
from ewardrobe.evaluation.run_logs import RunFile, RunLog, read_sweep

MODELS = {"unet": metrics("a", 0.5), "yolo": metrics("b", 0.4), "mask_rcnn": metrics("c", 0.45)}


@pytest.fixture(scope="module")
def found_sweep(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "first.json"
    path.write_text(json.dumps(sweep()))
    return read_sweep(path)


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    folder, logs = tmp_path_factory.mktemp("runs"), {}
    for name in ("unet-a", "unet-b", "yolo11n"):
        write_log(folder / name / "log.jsonl")
        run = RunFile(name, False, folder / name / "log.jsonl")
        logs[run] = RunLog(run.path)
        logs[run].update()
    return logs


def every_chart(found_sweep, logs) -> list[Chart]:
    benchmark = {"models": [], "meta": {}}
    return [
        figures.comparison(MODELS),
        figures.per_category(MODELS),
        figures.conditions(MODELS),
        curves.pr_curves(MODELS, "trousers"),
        curves.confusion("unet", MODELS["unet"]),
        curves.calibration(MODELS),
        curves.parsing(MODELS),
        curves.speed_accuracy(MODELS, benchmark),
        runs.training(logs, "loss"),
        runs.history(found_sweep),
        runs.importance(found_sweep),
        runs.parallel_coordinates(found_sweep),
    ]


def traces(chart: Chart) -> dict:
    return {trace.name: trace for trace in chart.figure.data}


def test_every_figure_has_a_title_units_a_clear_background_and_its_data(found_sweep, logs):
    charts = every_chart(found_sweep, logs)
    assert len({chart.name for chart in charts}) == len(charts)
    for chart in charts:
        layout = chart.figure.layout
        assert layout.title.text, chart.name
        assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)", chart.name
        assert len(chart.data), chart.name
        axes = [axis.title.text for axis in chart.figure.select_xaxes()] + [
            a.title.text for a in chart.figure.select_yaxes()
        ]
        if chart.figure.data[0].type not in ("parcoords",):
            assert any(axes), chart.name
        chart.figure.to_json()


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("background", ["#fcfbf9", "#15181a"])
def test_colours_are_seen_on_the_light_and_on_the_dark_page(background):
    for colour in (*chart_style.COLOURS.values(), *chart_style.OTHER_COLOURS, chart_style.GREY):
        high, low = sorted((luminance(colour), luminance(background)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 2.4, colour


def test_a_model_keeps_its_colour_and_runs_take_it_over():
    for chart in (figures.per_category(MODELS), figures.conditions(MODELS)):
        assert traces(chart)["YOLO-seg nano"].marker.color == chart_style.COLOURS["yolo"]
    assert colour_of("yolo11n-long") == colour_of("yolo_seg") == colour_of("yolo")
    assert colour_of("yolo-s-long") == colour_of("yolo_s") != colour_of("yolo")
    assert colour_of("mask-rcnn-light") == colour_of("mask_rcnn")
    assert colour_of("attributes") in chart_style.OTHER_COLOURS
    assert len({chart_style.SYMBOLS[n] for n in MODELS}) == len({chart_style.DASHES[n] for n in MODELS}) == 3


def test_published_figures_stand_apart_with_their_data():
    chart = figures.comparison(MODELS)
    published = [t for t in chart.figure.data if "DeepFashion2" in t.y[0]]
    assert [len(t.y) for t in published] == [2, 2], "boxes and masks"
    assert {t.marker.color for t in published} == {chart_style.GREY}
    low, high = chart.figure.layout.yaxis.range
    assert low < 0 and high > len(chart.figure.layout.yaxis.categoryarray) - 1, "all rows are in sight"
    assert chart.data.query("measure == 'mask_ap_min10' and model == 'unet'")[
        ["low", "value", "high"]
    ].values.tolist() == [[0.46, 0.5, 0.55]]


def test_the_validation_stands_small_beside_the_test():
    chart = figures.comparison(MODELS, {"yolo": metrics("b", 0.75)})
    small = [t for t in chart.figure.data if t.name == "validation"]
    assert [list(t.x) for t in small] == [[0.75], [0.75]], "boxes and masks"
    assert {t.marker.size for t in small} == {7} and small[0].marker.color[0] == colour_of("yolo")
    assert chart.data.set_index(["model", "measure"]).loc[("yolo", "mask_ap_min10"), "validation"] == 0.75
    assert not [t for t in figures.comparison(MODELS).figure.data if t.name == "validation"]


def test_titles_of_the_two_parts_are_short_enough_for_a_telephone():
    axes = [axis.title.text for axis in figures.comparison(MODELS).figure.select_xaxes()]
    assert axes == ["Box AP", "Mask AP"]


def test_an_absent_category_is_a_dash_and_never_a_zero():
    bars = traces(figures.per_category(MODELS))["U-Net"]
    texts = dict(zip(bars.y, bars.text, strict=True))
    assert texts["sling (0)"] == "–"
    assert texts["long sleeve top (40)"] == "0.50"
    data = figures.per_category(MODELS).data.query("category == 'sling'")
    assert data["mask_ap"].isna().all()


def test_accessories_stand_beside_the_garments_of_a_model_that_knows_them():
    found = {"name": "footwear", "instances": 9, "detections": 8, "mask_ap": 0.625}
    one = next(iter(MODELS))
    known = MODELS | {one: MODELS[one] | {"accessories": [found, found | {"name": "bag", "detections": 0}]}}
    data = figures.per_category(known).data
    assert data.query("category == 'footwear'")[["model", "mask_ap"]].values.tolist() == [[one, 0.625]]
    assert not len(data.query("category == 'bag'")), "a network of 13 classes finds none, and was not asked to"


def test_categories_are_ordered_by_their_number_of_garments():
    order = [text.rpartition("(")[2] for text in traces(figures.per_category(MODELS))["U-Net"].y]
    assert order == [f"{n})" for n in sorted(INSTANCES)]  # bars are drawn from below


def test_conditions_say_how_many_photos_there_are():
    trace = traces(figures.conditions(MODELS))["U-Net"]
    assert dict(zip(trace.y, trace.x, strict=True)) == pytest.approx(
        {
            "all photos (60)": 0.5,
            "worn (40)": 0.6,
            "not worn (20)": 0.4,
            "occlusion: none or slight (25)": 0.55,
            "occlusion: medium (35)": 0.5,
        }
    )


def test_webcam_views_stand_below_the_conditions():
    views = {"dim": MODELS["unet"]["overall"] | {"images": 7, "mask_ap": 0.25}}
    trace = traces(figures.conditions({"unet": MODELS["unet"] | {"webcam": views}}))["U-Net"]
    assert dict(zip(trace.y, trace.x, strict=True))["webcam: dim (7)"] == 0.25


def test_precision_and_recall_of_a_category_name_its_ap50():
    chart = curves.pr_curves(MODELS, "trousers")
    assert "U-Net, AP50 0.50" in traces(chart)
    assert len(chart.data) == 3 * 101
    assert chart.data.query("recall == 0.3 and model == 'yolo'")["precision"].tolist() == [1.0]


def test_a_category_without_curves_is_an_empty_figure():
    assert curves.pr_curves(MODELS, "sling").data.empty


def test_confusion_is_coloured_by_share_of_the_true_garments():
    heat = curves.confusion("unet", MODELS["unet"]).figure.data[0]
    assert heat.z[0][0] == 0.5
    assert heat.text[0][0] == "10"
    assert heat.z[0][1] is None  # none was taken for that: no colour
    assert heat.z[5][5] is None  # no sling: neither right nor wrong
    assert heat.y[5] == "sling (0)"


def test_calibration_leaves_out_empty_bins():
    chart = curves.calibration(MODELS)
    assert len(chart.data) == 3 * 9
    assert "U-Net, expected error 0.070" in traces(chart)


def test_parsing_is_drawn_only_where_a_model_parses():
    assert curves.parsing({"yolo": {k: v for k, v in MODELS["yolo"].items() if k != "parsing"}}) is None
    bars = traces(curves.parsing({"unet": MODELS["unet"]}))["U-Net"]
    assert dict(zip(bars.x, bars.text, strict=True)) == {"background": "0.98", "hair": "0.50", "bag": "–"}


def test_speed_is_drawn_from_both_measurements():
    row = {"model": "unet", "runtime": "openvino", "ms_median": 15.0, "ms_p95": 20.0, "first_ms": 90.0}
    row |= {"load_s": 2.0, "peak_rss_mb": 600.0}
    benchmark = {"models": [row], "meta": {"threads": 2, "photo_px": 1280}}
    chart = curves.speed_accuracy(MODELS, benchmark)
    assert chart.data["ms_median"].tolist() == [15.0, 50.0, 40.0, 45.0]
    beside = traces(chart)["U-Net, OpenVINO, side by side"]
    assert (beside.x[0], beside.y[0], beside.error_x.array[0]) == (15.0, 0.5, 5.0)
    assert beside.marker.symbol == "circle"
    assert traces(chart)["U-Net, PyTorch, in its evaluation"].marker.symbol == "square-open"


def test_a_measure_that_one_model_lacks_draws_the_others():
    without = {**MODELS, "yolo": {**MODELS["yolo"], "overall": MODELS["yolo"]["overall"] | {"mask_ap": None}}}
    for chart in (
        figures.comparison(without),
        figures.conditions(without),
        curves.speed_accuracy(without, None),
    ):
        json.loads(chart.figure.to_json())


def test_runs_of_one_model_differ_by_their_line(logs):
    lines = traces(runs.training(logs, "loss", "minutes"))
    assert lines["unet-a"].line.color == lines["unet-b"].line.color != lines["yolo11n"].line.color
    assert lines["unet-a"].line.dash != lines["unet-b"].line.dash
    assert lines["unet-a"].x[0] == pytest.approx(50 / 60)
    assert runs.training(logs, "loss", log_scale=True).figure.layout.yaxis.type == "log"


def test_validations_are_drawn_with_markers(logs):
    line = traces(runs.training(logs, "mask_ap", validation=True))["unet-a"]
    assert line.mode == "lines+markers"
    assert list(line.y) == [0.1, 0.2]


def test_a_quantity_that_nobody_logged_is_an_empty_figure(logs):
    assert runs.training(logs, "nothing").data.empty
    assert runs.training({}, "loss").data.empty


def test_a_long_log_is_thinned_and_keeps_its_ends(logs):
    run = RunFile("long", False, None)
    log = RunLog(None, training=[{"step": i, "images": i, "loss": 1.0} for i in range(7001)])
    chart = runs.training({run: log}, "loss")
    assert len(chart.data) <= runs.MAX_POINTS + 1
    assert (chart.data["images"].iloc[0], chart.data["images"].iloc[-1]) == (0, 7000)


def test_the_history_shows_pruned_trials_and_the_best_so_far(found_sweep):
    lines = traces(runs.history(found_sweep))
    assert set(lines) == {"complete", "pruned", "fail", "best so far"}
    assert list(lines["pruned"].y) == pytest.approx([0.16, 0.1])
    assert list(lines["best so far"].y) == sorted(lines["best so far"].y)


def test_settings_of_every_kind_get_an_axis(found_sweep):
    lr, optimizer, augment, value = runs.parallel_coordinates(found_sweep).figure.data[0].dimensions
    assert lr.ticktext[0] == "0.0001"
    assert lr["values"][0] == pytest.approx(-4)
    assert optimizer.ticktext == ("adamw", "sgd")
    assert augment["values"][1] == pytest.approx(1 / 8)
    assert len(value["values"]) == len(found_sweep.finished())


def test_a_setting_that_a_trial_lacks_does_not_stop_the_figure():
    values = pd.Series([8.0, np.nan, 16.0])
    assert runs._dimension("batch_size", values)["ticktext"] == ["8.0", "16.0"]
