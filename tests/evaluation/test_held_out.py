"""A test is what nothing was trained or chosen by: the photos themselves tell, in commands, cards and on the page."""

from __future__ import annotations

import json
import shutil

import pytest
from fashion_files import ColourSegmenter, write_split
from metric_files import CHOSEN, PHOTOS, metrics, write_weights

from ewardrobe.__main__ import main
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation import held_out
from ewardrobe.evaluation.metrics import read_reports
from ewardrobe.models.weights import WeightsError, read_manifest
from train.cards import manifest


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of weights, all chosen by the same photos, with their figures."""
    folder = tmp_path / "weights"
    write_weights(folder, {"unet": 0.5, "yolo": 0.4})
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def data(tmp_path):
    """Drawn photos: a validation, and a test with other ones."""
    root = write_split(tmp_path / "data", 3, seed=0)
    other = write_split(tmp_path / "other", 3, seed=1)
    shutil.copytree(other / "validation", root / "test")
    return root


@pytest.fixture
def evaluate(data, tmp_path, monkeypatch):
    """Run ``evaluate`` on a split with the segmenter that reads colours; returns exit code and what it wrote."""
    monkeypatch.setattr("ewardrobe.models.load_segmenter", lambda name, weights=None: ColourSegmenter())

    def run(split: str, *words: str, root=data) -> tuple[int, dict]:
        path = tmp_path / "m.json"
        path.unlink(missing_ok=True)
        command = ["evaluate", "--data", str(root), "--split", split, "--resamples", "0", "--json", str(path), *words]
        code = main(command)
        return code, json.loads(path.read_text())["meta"] if path.exists() else {}

    return run


def choose_by(data, folder, split: str, name: str = "yolo", purpose: str = "thresholds") -> None:
    entry = read_manifest(folder)[name]
    used = manifest.photos(purpose, data, split, folder)
    manifest.enter(name, entry | {held_out.PHOTOS: [*entry[held_out.PHOTOS], used]}, folder)


def test_photos_by_which_nothing_was_chosen_are_a_test(evaluate, data):
    code, meta = evaluate("test")
    assert (code, meta["role"], meta["uses"]) == (0, "test", [])
    assert held_out.unpacked(meta["photos"]) == held_out.photos_of_split(data, "test")
    assert evaluate("validation", "--as", "test")[1]["role"] == "test", "the photos decide, not the folder's name"
    assert evaluate("validation", "--as", "validation")[1]["role"] == "validation"


def test_photos_that_chose_are_refused_as_a_test_under_any_name(evaluate, data, weights, tmp_path, capsys):
    """They chose the thresholds of another model: models start from each other and answer together."""
    choose_by(data, weights, "validation")
    mine = tmp_path / "mine"
    for path in sorted((data / "validation").rglob("*.*")):
        target = mine / "test" / path.parent.name / path.name.replace("0000", "9")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    code, meta = evaluate("test", root=mine)
    assert (code, meta) == (2, {})
    error = capsys.readouterr().err
    assert "no test: of the 3 photos were used 3 for thresholds of yolo (data validation)" in error
    assert "--as validation" in error
    code, meta = evaluate("test", "--as", "validation", root=mine)
    assert (code, meta["role"], len(meta["uses"])) == (0, "validation", 1)
    assert evaluate("validation")[1]["role"] == "validation"
    assert evaluate("validation", "--as", "test")[0] == 2


def test_one_photo_of_the_training_is_enough(evaluate, data, weights, tmp_path, capsys):
    photo = next((data / "test/image").iterdir())
    part = tmp_path / "part"
    for kind, name in (("image", photo.name), ("annos", f"{photo.stem}.json")):
        (part / "train" / kind).mkdir(parents=True)
        shutil.copy(data / "test" / kind / name, part / "train" / kind)
    choose_by(part, weights, "train", purpose="training")
    assert evaluate("test")[0] == 2
    assert "of the 3 photos were used 1 for training of yolo" in capsys.readouterr().err
    assert evaluate("test", "--as", "validation")[1]["role"] == "training"


def test_weights_that_do_not_say_how_they_came_about_have_no_test(evaluate, weights, capsys):
    entry = read_manifest(weights)["unet"]
    del entry[held_out.PHOTOS]
    manifest.enter("unet", entry, weights)
    assert evaluate("test")[0] == 2
    assert "does not say by which photos unet was trained and chosen; register it" in capsys.readouterr().err
    assert evaluate("validation")[1]["role"] is None
    assert evaluate("test", "--model", "yolo")[1]["role"] == "test"


def test_lists_that_are_gone_are_told(evaluate, weights, capsys):
    (weights / held_out.LISTS).unlink()
    assert evaluate("test")[0] == 2
    assert "photos.json lacks the list" in capsys.readouterr().err
    unet = read_reports(weights)[0]
    assert unet.test is None and "photos.json lacks the list" in unet.problems[0]
    (weights / held_out.LISTS).write_text("{")
    with pytest.raises(WeightsError, match="cannot be read"):
        held_out.read_lists(weights)


def test_card_and_page_refuse_figures_of_photos_that_chose(weights):
    entry = read_manifest(weights)["unet"]
    assert manifest.read_metrics("unet", entry, weights)["meta"]["role"] == "test"
    mixed = held_out.packed([*PHOTOS, CHOSEN[0]])
    for photos in (mixed, None):  # named a test, as a file can be
        content = metrics(entry["sha256"], 0.9, photos=photos)
        content["meta"] = {key: value for key, value in content["meta"].items() if value is not None}
        (weights / "unet.metrics.json").write_text(json.dumps(content))
        with pytest.raises(WeightsError, match="no test"):
            manifest.read_metrics("unet", entry, weights)
        unet = read_reports(weights)[0]
        assert unet.metrics is None and "no test" in unet.problems[0] and "--split test" in unet.problems[0]


def test_a_test_is_none_any_more_once_something_was_chosen_by_it(weights, data, evaluate):
    code, meta = evaluate("test")
    assert code == 0 and held_out.no_test("unet", meta, weights) == ""
    choose_by(data, weights, "test")
    assert "3 for thresholds of yolo" in held_out.no_test("unet", meta, weights)


def test_photos_that_are_not_there_are_no_test(weights):
    with pytest.raises(DatasetError, match="the photos are not there"):
        held_out.described([], "unet", held_out.TEST, weights)
    assert held_out.described([], "unet", None, weights)["role"] is None


def test_what_is_shipped_says_how_it_came_about_and_its_tests_are_tests(repository):
    folder = repository / "weights"
    lists = held_out.read_lists(folder)
    for name, entry in read_manifest(folder).items():
        records = held_out.records_of(entry)
        assert {record["purpose"] for record in records} & {"training", "recipe"}, name
        for record in records:
            assert len(held_out.unpacked(lists[record["list"]])) == record["images"]
        large, small = manifest.read_figures(name, entry, folder)
        assert large["meta"].get("role") == "test" or small is None, name
    assert list(folder.glob("*.metrics.json")), "at least one is tested"
