"""What is known about the weights, and of which weights: numbers of others are never shown."""

from __future__ import annotations

import json

import pytest
from metric_files import CHOSEN, metrics, write_benchmark, write_weights

from ewardrobe.evaluation import metrics as known
from ewardrobe.evaluation.held_out import packed
from ewardrobe.evaluation.metrics import read_reports, read_rows
from ewardrobe.models.weights import WeightsError, read_manifest


@pytest.fixture
def folder(tmp_path):
    write_weights(tmp_path / "weights", {"unet": 0.5, "yolo": 0.4})
    return tmp_path / "weights"


def report(folder, name: str = "unet") -> known.ModelReport:
    return next(r for r in read_reports(folder) if r.name == name)


def test_metrics_and_card_of_the_very_weights_are_given(folder):
    unet = report(folder)
    assert unet.metrics["overall"]["mask_ap"] == 0.5
    assert unet.card.startswith("# Card of unet")
    assert unet.problems == ()


def test_numbers_of_other_weights_are_refused(folder):
    (folder / "unet.metrics.json").write_text(json.dumps(metrics("f" * 64, 0.9)))
    unet = report(folder)
    assert unet.metrics is None
    assert "measured on other weights" in unet.problems[0]
    assert "python -m ewardrobe evaluate --data DATA --split test --model unet" in unet.problems[0]
    assert list(known.measured(read_reports(folder))) == ["yolo"]


def test_metrics_that_do_not_say_of_which_weights_are_refused(folder):
    content = metrics("x")
    del content["meta"]["weights_sha256"]
    (folder / "unet.metrics.json").write_text(json.dumps(content))
    assert report(folder).metrics is None


def test_weights_that_were_altered_have_no_numbers(folder):
    (folder / "unet.pt").write_bytes(b"other content!!!")
    unet = report(folder)
    assert (unet.metrics, unet.card) == (None, None)
    assert "is not the file of the manifest" in unet.problems[0]


def test_numbers_of_a_consensus_of_other_networks_are_not_shown(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    for made_of, shown in (("a" * 64, False), (manifest["models"]["yolo"]["sha256"], True)):
        manifest["models"]["unet"]["made_of"] = {"yolo": made_of}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert (report(folder).metrics is not None) is shown
        assert any("other weights of yolo" in problem for problem in report(folder).problems) is not shown


def test_a_card_of_other_weights_is_refused(folder):
    (folder / "unet.md").write_text("# U-Net\n\nsha256 `123`: mask AP 0.99\n")
    unet = report(folder)
    assert unet.card is None
    assert unet.metrics is not None
    assert "train.card" in unet.problems[0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"),
        ("[]", "not an object"),
        ("{}", "lacks overall"),
        (json.dumps(metrics("a") | {"cuts": []}), "lacks cuts"),
        (b"\xff\xfe", "cannot be read"),
        (None, "is not there yet"),
    ],
)
def test_unreadable_metrics_are_a_problem_with_its_cure(folder, content, says):
    path = folder / "unet.metrics.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    unet = report(folder)
    message = (unet.problems if content is not None else unet.missing)[0]
    assert says in message
    assert "Measure with" in message
    assert len(unet.problems) + len(unet.missing) == 1


def test_without_a_manifest_there_is_an_error(tmp_path):
    with pytest.raises(WeightsError, match="manifest"):
        read_reports(tmp_path)


def test_the_benchmark_gives_only_rows_of_these_weights(folder):
    entries = {r.name: r.entry for r in read_reports(folder)}
    write_benchmark(folder / "benchmark.json", entries)
    result, problem = read_rows(folder / "benchmark.json", "models", entries)
    assert [row["model"] for row in result["models"]] == ["unet", "unet", "yolo", "yolo"]
    assert problem is None
    changed = entries | {"yolo": entries["yolo"] | {"sha256": "0" * 64}}
    result, problem = read_rows(folder / "benchmark.json", "models", changed)
    assert {row["model"] for row in result["models"]} == {"unet"}
    assert "YOLO-seg nano changed since" in problem


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"models": [1], "meta": {}}', '{"models": 3, "meta": {}}'])
def test_a_broken_benchmark_is_a_problem(tmp_path, content):
    (tmp_path / "benchmark.json").write_text(content)
    result, problem = read_rows(tmp_path / "benchmark.json", "models", {})
    assert result is None
    assert problem.startswith("benchmark.json cannot be read")


def test_no_benchmark_is_no_problem(tmp_path):
    assert read_rows(tmp_path / "benchmark.json", "models", {}) == (None, None)


def test_the_ap_table_names_the_data_of_every_row(folder):
    table = known.ap_table(known.measured(read_reports(folder)))
    assert table["Tested on"].tolist()[:2] == ["drawn test, 60 photos"] * 2
    assert table["Mask AP"].tolist() == ["0.500 (0.46–0.55)", "0.400 (0.36–0.45)", "0.640", "0.560"]
    assert table["Worn: mask AP"].tolist() == ["0.500 (0.40–0.60)", "0.400 (0.30–0.50)", "–", "–"]
    assert all("DeepFashion2" in text for text in table["Tested on"].tolist()[2:])


def test_the_table_of_measures_leaves_out_what_nobody_measured(folder):
    table = known.measures_table(known.measured(read_reports(folder)))
    assert "Garment IoU" in table["Measure"].tolist()
    assert "Garment IoU, refined" not in table["Measure"].tolist()
    assert table.columns.tolist()[:3] == ["Measure", "U-Net", "YOLO-seg nano"]
    published = table.set_index("Measure")["Mask R-CNN of DeepFashion2's authors"]
    assert published["Box AP75"] == "0.745" and published["Garment IoU"] == "–"


def test_a_measure_that_is_nothing_is_a_dash():
    assert known.with_interval(None, None) == "–"
    assert known.with_interval(0, None) == "0.000"


def test_models_measured_on_different_photos_are_told_apart():
    assert known.one_test({"unet": metrics("a"), "yolo": metrics("b")})
    assert not known.one_test({"unet": metrics("a"), "yolo": metrics("b", limit=40)})
    assert known.tested_on(metrics("a", limit=40, images=40)) == "drawn test, a part of it, 40 photos"


def write_validation(folder, name: str = "unet", level: float = 0.75) -> None:
    sha256 = read_manifest(folder)[name]["sha256"]
    content = metrics(sha256, level, split="validation", role="validation", photos=packed(CHOSEN))
    (folder / f"{name}.validation.json").write_text(json.dumps(content))


def test_the_test_is_shown_large_and_the_validation_small_beside_it(folder):
    write_validation(folder)
    reports = read_reports(folder)
    assert report(folder).metrics["overall"]["mask_ap"] == 0.5 and report(folder).problems == ()
    validated = known.validated(reports)
    assert {name: m["overall"]["mask_ap"] for name, m in validated.items()} == {"unet": 0.75}
    table = known.ap_table(known.measured(reports), validated)
    assert table["Mask AP, validation"].tolist() == ["0.750", "–", "–", "–"]
    assert "U-Net, validation" in known.measures_table(known.measured(reports), validated).columns


def test_a_model_without_a_test_shows_its_validation_alone(folder):
    write_validation(folder)
    (folder / "unet.metrics.json").unlink()
    unet = report(folder)
    assert unet.test is None and unet.metrics["overall"]["mask_ap"] == 0.75
    assert known.validated(read_reports(folder)) == {}
    assert "--split test" in unet.missing[0]


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        ({"recall": 0.5, "recall_any_name": 0.5, "precision": 0.9}, "5 are found with the right name and an outline"),
        ({"recall": 0.74, "recall_any_name": 0.86, "precision": 0.9}, "7 are found with the right name"),
        ({"recall": 0.74, "recall_any_name": 0.86, "precision": 0.9}, "half or more, 2 more under another name"),
        ({"recall": 0.1, "recall_any_name": 0.1, "precision": 0.1, "recall_refined": 0.8,
          "recall_any_name_refined": 0.8, "precision_refined": 0.66}, "8 are found"),
        ({"recall": 0.74, "recall_any_name": 0.86, "precision": 0.66}, "of ten that are shown, 7 are right"),
    ],
)  # fmt: skip
def test_what_an_ap_means_follows_from_what_was_measured(shown, says):
    content = metrics("a")
    content["cuts"]["worn"] = {"mask_ap_min10": 0.45, **shown}
    told = known.meaning(content)
    assert told.startswith("A mask AP of 0.45 on people means: of ten garments on a person,") and says in told
    assert known.meaning({"cuts": {"worn": {"mask_ap_min10": None}}}) == known.meaning({"cuts": {}}) == ""
