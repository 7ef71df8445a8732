"""The metrics page without a browser: every tab with figures, with nothing, and with numbers of other weights."""

from __future__ import annotations

import json

import pytest
from attribute_files import add_measured
from metric_files import (
    CHOSEN,
    log_line,
    metrics,
    write_benchmark,
    write_exports,
    write_live,
    write_log,
    write_sweep,
    write_weights,
)
from streamlit.testing.v1 import AppTest

from ewardrobe.evaluation.held_out import packed
from ewardrobe.models.weights import SEGMENTATION, read_manifest

TABS = ("Overview", "Categories", "Conditions", "Curves", "Speed", "Live", "Attributes", "Training", "Sweeps")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Empty ``weights`` (with its manifest) and no ``runs``."""
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "manifest.json").write_text(json.dumps({"models": {}}))
    return tmp_path


@pytest.fixture
def full(folders):
    """Three measured models and the attribute network, a benchmark, a training that goes on, a sweep."""
    entries = write_weights(folders / "weights", {"unet": 0.5, "yolo": 0.4, "mask_rcnn": 0.45})
    add_measured(folders / "weights")
    write_benchmark(folders / "weights/benchmark.json", entries)
    write_live(folders / "weights/live.json", entries)
    write_log(folders / "weights/unet.log.jsonl")
    write_log(folders / "runs/yolo-now/log.jsonl")
    write_sweep(folders / "runs/sweeps/first.json")
    return folders


@pytest.fixture
def page(repository):
    """Open the page at a tab."""

    def open_page(tab: str = "Overview") -> AppTest:
        at = AppTest.from_file(str(repository / "pages" / "metrics.py"), default_timeout=60)
        at.session_state["metrics-tab"] = tab
        return run(at)

    return open_page


def run(at: AppTest) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def charts(at: AppTest) -> list[str]:
    """Titles of the figures on the page."""
    return [json.loads(c.proto.spec)["layout"]["title"]["text"] for c in at.get("plotly_chart")]


def words(at: AppTest) -> str:
    kinds = ("markdown", "caption", "code", "warning", "error", "info", "subheader")
    return "\n".join(element.value for kind in kinds for element in getattr(at, kind))


@pytest.mark.parametrize(("tab", "count"), list(zip(TABS, (1, 2, 1, 3, 1, 1, 2, 2, 3), strict=True)))
def test_every_tab_draws_its_figures_with_a_download_each(full, page, tab, count):
    at = page(tab)
    assert len(charts(at)) == count
    assert len(at.get("download_button")) >= count
    assert not at.warning


@pytest.mark.parametrize("tab", TABS)
def test_an_empty_tab_tells_the_next_command(folders, page, tab):
    at = page(tab)
    assert charts(at) == []
    assert any(code.value.startswith("python -m ") for code in at.code)


def test_the_live_view_is_judged_and_shown_clip_by_clip(full, page):
    at = page("Live")
    targets, clips = (frame.value for frame in at.dataframe)
    assert targets.set_index("figure").loc["compositor, median", "met"] == "yes"
    assert targets.set_index("figure").loc["fit, IoU with what is worn", "met"] == "no"
    assert clips["clip"].tolist() == ["still, camera noise", "a hand passes in front"]


def test_live_figures_of_other_weights_are_refused(full, page):
    path = full / "weights/live.json"
    content = json.loads(path.read_text())
    content["meta"]["weights_sha256"]["yolo"] = "f" * 64
    path.write_text(json.dumps(content))
    at = page("Live")
    assert not at.dataframe and "other weights" in words(at)


def exports_table(at: AppTest):
    """The table of exported networks, ``None`` where there is none."""
    return next((frame.value for frame in at.dataframe if "Form" in frame.value), None)


def test_exports_are_one_table_with_what_is_missing_below(full, page):
    write_exports(full / "weights/exports.json", read_manifest(full / "weights", SEGMENTATION))
    at = page("Speed")
    table = exports_table(at).set_index(["Model", "Form"])
    assert table.loc[("U-Net", "OpenVINO, int8"), "Net ms"] == 12
    assert table.loc[("YOLO-seg nano", "OpenVINO, int8"), "AP loss"] == 0.004
    assert "ONNX Runtime, f32" not in table.index.get_level_values("Form")
    assert words(at).count("onnx is not installed") == 1


def test_exports_of_other_weights_are_left_out_and_the_command_is_told(full, page):
    entries = read_manifest(full / "weights", SEGMENTATION)
    write_exports(full / "weights/exports.json", entries | {"yolo": {"sha256": "f" * 64}})
    at = page("Speed")
    assert "YOLO-seg nano" not in exports_table(at)["Model"].tolist()
    assert "YOLO-seg nano changed since" in words(at)
    (full / "weights/exports.json").write_text("{")
    at = page("Speed")
    assert exports_table(at) is None and "cannot be read" in words(at)
    assert any("benchmark exports --data DATA" in code.value for code in at.code)


def test_cards_and_public_references_are_shown(full, page):
    at = page()
    assert "Card of mask_rcnn" in words(at)
    assert "not the same test" in words(at).replace("\n", " ")
    table = at.table[0].value
    assert table.index.tolist()[:3] == ["U-Net", "YOLO-seg nano", "Mask R-CNN"]
    assert "0.640" in table["Mask AP"].tolist()


def test_the_page_says_what_the_figures_mean_for_a_user(full, page):
    assert "of ten garments on a person, 5 are found with the right name" in words(page())
    path = full / "weights/unet.metrics.json"  # no YOLO small here: the first model is told of
    content = json.loads(path.read_text())
    content["cuts"]["worn"] |= {"recall": 0.9, "recall_any_name": 0.9}
    path.write_text(json.dumps(content))
    assert "of ten garments on a person, 9 are found" in words(page())


def test_the_validation_is_small_beside_the_test_and_alone_is_called_what_it_is(full, page):
    folder = full / "weights"
    content = json.loads((folder / "unet.metrics.json").read_text())
    content["meta"] |= {"split": "validation", "role": "validation", "photos": packed(CHOSEN)}
    content["overall"]["mask_ap_min10"] = 0.777
    (folder / "unet.validation.json").write_text(json.dumps(content))
    at = page()
    assert at.table[0].value["Mask AP, validation"].tolist()[:2] == ["0.777", "\u2060–\u2060"]
    assert "it flatters" in words(at) and not at.info
    (folder / "unet.metrics.json").unlink()
    at = page()
    assert "U-Net: no test" in at.info[0].value and "flatter" in at.info[0].value
    assert at.table[0].value.loc["U-Net", "Mask AP"].startswith("0.777")


def test_figures_of_photos_that_chose_are_refused_as_a_test(full, page):
    path = full / "weights/yolo.metrics.json"
    content = json.loads(path.read_text())
    content["meta"]["photos"] = packed(CHOSEN)
    path.write_text(json.dumps(content))
    at = page()
    assert "no test" in at.warning[0].value and "checkpoint of unet" in at.warning[0].value
    assert "YOLO-seg nano" not in at.table[0].value.index.tolist()


def test_numbers_of_other_weights_are_refused(full, page):
    (full / "weights/yolo.metrics.json").write_text(json.dumps(metrics("f" * 64, 0.987)))
    at = page()
    assert "measured on other weights" in at.warning[0].value
    assert at.table[0].value.index.tolist()[:2] == ["U-Net", "Mask R-CNN"]
    for tab in TABS:
        assert "0.987" not in json.dumps([c.proto.spec for c in page(tab).get("plotly_chart")])


def test_models_of_different_tests_come_with_a_warning(full, page):
    path = full / "weights/unet.metrics.json"
    content = json.loads(path.read_text())
    content["meta"]["limit"] = 40
    path.write_text(json.dumps(content))
    assert "different photos" in page().warning[0].value


def test_without_a_manifest_the_page_says_what_to_do(folders, page):
    (folders / "weights/manifest.json").unlink()
    at = page()
    assert "no weights" in at.error[0].value
    assert "manifest.json is missing" in words(at)


def test_the_measure_is_chosen(full, page):
    at = page("Categories")
    run(at.selectbox(key="category-measure").set_value("iou"))
    assert charts(at)[0].startswith("Pixel IoU by category")
    at = page("Conditions")
    run(at.selectbox(key="condition-measure").set_value("boundary_iou"))
    assert charts(at)[0].startswith("Boundary IoU")


def test_a_training_is_followed(full, page):
    at = page("Training")
    table = at.dataframe[0].value.set_index("Run")
    assert table.loc["yolo-now", "State"] == "training"
    assert table.loc["unet (shipped)", "State"] == "ended"
    assert table.loc["yolo-now", "Steps"] == 200
    with open(full / "runs/yolo-now/log.jsonl", "a") as file:
        file.write(log_line(225, 450, loss=0.1, lr=0.001, images_per_s=9.0) + "broken\n")
    run(at)
    assert at.dataframe[0].value.set_index("Run").loc["yolo-now", "Steps"] == 225
    assert "1 lines" in words(at)


def test_a_training_that_has_just_begun_says_so(folders, page):
    (folders / "runs/new").mkdir(parents=True)
    (folders / "runs/new/log.jsonl").touch()
    assert "first line after" in words(page("Training"))


def test_a_broken_sweep_is_told_and_the_others_are_drawn(full, page):
    (full / "runs/sweeps/bad.json").write_text("{")
    at = page("Sweeps")
    assert "bad" in at.warning[0].value
    assert len(charts(at)) == 3
