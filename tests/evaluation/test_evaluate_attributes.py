"""Figures of the attributes: on answers known beforehand, on rendered garments, in the card and on the metrics page."""

from __future__ import annotations

import json

import numpy as np
import pytest
from attribute_files import Teller, write_folder, write_garments

from ewardrobe.__main__ import main
from ewardrobe.datasets.attributes import judged_garments, read_judged
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation.attributes import Answer, answers, colour_figures, evaluate_attributes, head_figures
from ewardrobe.evaluation.metrics import attribute_report, read_reports
from ewardrobe.models import cache
from train.cards import attributes as attribute_card


@pytest.fixture
def teller(monkeypatch):
    one = Teller(pattern=("striped", 0.9), material=("cotton", 0.5), style=("casual", 0.7), sleeve=("short", 0.8))
    monkeypatch.setattr(cache, "classifier", lambda: one)
    return one


@pytest.fixture
def data(tmp_path):
    return write_garments(tmp_path / "data", "validation", 12)


def answer(image: str, truth: str, first: str, second: str = "pink") -> Answer:
    return Answer(image, {"colour": truth}, (first, second), first, {})


def test_colours_worked_by_hand():
    found = [
        answer("a", "red", "red"),
        answer("b", "navy", "black", "navy"),
        answer("c", "blue", "green", "pink"),
        answer("d", "white", "white"),
        answer("e", "multicolour", "red"),
    ]
    figures = colour_figures(found)
    assert (figures["garments"], figures["top1"], figures["top2"]) == (4, 0.5, 0.75)
    assert (figures["black_navy_confused"], figures["top1_black_navy_as_one"]) == (0.25, 0.75)
    assert figures["app_name_right"] == pytest.approx(2 / 5)
    low, high = figures["top1_ci"]
    assert 0 <= low <= 0.5 <= high <= 1
    assert colour_figures([]) is None


def test_a_head_on_rendered_garments(data, teller):
    found = answers(data, "validation")
    assert len(found) == 12
    figures = head_figures(found, "pattern")
    assert (figures["garments"], figures["accuracy"], figures["majority_accuracy"]) == (12, 0.5, 0.5)
    assert figures["ece"] == pytest.approx(0.4)
    assert (figures["asserted"], figures["asserted_right"]) == (1.0, 0.5)
    assert figures["macro_f1"] == pytest.approx((0 + 2 / 3) / 2)
    assert np.sum(figures["confusion"]) == 12
    by_value = {row["value"]: row for row in figures["per_value"]}
    assert [by_value["striped"]["recall"], by_value["solid"]["recall"], by_value["floral"]["f1"]] == [1.0, 0.0, None]
    assert head_figures(found, "material")["garments"] == 10, "unknown is not judged"
    assert head_figures(found, "material")["asserted"] == 0
    assert head_figures(found, "sleeve")["garments"] == 9, "trousers have none"


def test_garments_are_read_with_their_masks(data):
    judged, pixels, mask = next(iter(judged_garments(data, "validation")))
    assert (judged.image, judged.values["pattern"]) == ("000001.png", "solid")
    assert mask.sum() == 40 * 60 and pixels.shape == (80, 80, 3)
    assert pixels[40, 40, 0] > pixels[40, 40, 2], "RGB: the garment is red"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("image,item\n1.png,item1\n", "line 2"),
        ("image,item,category_id,colour,pattern,material,style\n1.png,item1,99,,,,\n", r"1\.\.13"),
        ("image,item,category_id,colour,pattern,material,style\n1.png,item1,x,,,,\n", "line 2"),
    ],
)
def test_a_faulty_table_is_named(tmp_path, content, says):
    (tmp_path / "attributes_train.csv").write_text(content)
    with pytest.raises(DatasetError, match=says):
        read_judged(tmp_path, "train")
    with pytest.raises(DatasetError, match="attributes_validation"):
        read_judged(tmp_path, "validation")


def test_the_command_writes_what_card_and_page_show(data, tmp_path, monkeypatch, capsys):
    folder = write_folder(tmp_path / "weights")
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(folder))
    cache.release()
    path = folder / "attributes.metrics.json"
    assert main(["evaluate-attributes", "--data", str(data), "--json", str(path), "--resamples", "20"]) == 0
    assert "macro_f1" in capsys.readouterr().out
    report = attribute_report(folder)
    assert report.metrics["meta"]["garments"] == 12
    assert str(tmp_path) not in path.read_text()
    assert read_reports(folder) == [], "it is no segmenter"
    entry = report.entry | {
        "licence": "L", "data": "d", "images": 1, "steps": 1, "command": "c", "commit": "0" * 40, "date": "today",
    }  # fmt: skip
    card = attribute_card.card(entry, report.metrics)
    assert entry["sha256"] in card and "Label noise" in card
    content = json.loads(path.read_text())
    content["meta"]["weights_sha256"] = "f" * 64
    path.write_text(json.dumps(content))
    assert attribute_report(folder).metrics is None
    assert "measured on other weights" in attribute_report(folder).problems[0]
    cache.release()


def test_without_weights_colours_are_measured_all_the_same(data, tmp_path, monkeypatch, capsys):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "manifest.json").write_text('{"models": {}}')
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path / "weights"))
    cache.release()
    assert main(["evaluate-attributes", "--data", str(data)]) == 1
    said = capsys.readouterr()
    assert "colour    11 garments: top-1 1.000" in said.out and "pattern   not told" in said.out
    assert "not told: no weights" in said.err


def test_nothing_judged_has_no_figures():
    figures = evaluate_attributes([])
    assert [figures[name] for name in ("colour", "pattern", "sleeve")] == [None] * 3
