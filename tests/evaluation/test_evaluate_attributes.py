"""Figures of the attributes: on answers known beforehand, on rendered garments, in the card and on the metrics page."""

from __future__ import annotations

import json

import numpy as np
import pytest
from attribute_files import Teller, chances_of, write_folder, write_garments

from ewardrobe.__main__ import main
from ewardrobe.core.attributes import Guess
from ewardrobe.datasets.attributes import judged_garments, read_judged
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation.attributes import (
    Answer,
    answers,
    colour_figures,
    evaluate_attributes,
    head_figures,
    kind_figures,
)
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


def kind(truth: str, told: str, confidence: float, category_id: int) -> Answer:
    guess = Guess(told, confidence, confidence >= 0.6, chances_of("kind", told, confidence))
    return Answer(f"{truth}-{told}.jpg", {"colour": "", "kind": truth}, (), "", {"kind": guess}, category_id)


def test_kinds_worked_by_hand():
    found = [
        kind("jeans", "jeans", 0.9, 8),
        kind("jeans", "trousers", 0.55, 8),
        kind("trousers", "trousers", 0.8, 8),
        kind("t-shirt", "boots", 0.7, 16),
        kind("boots", "boots", 0.9, 16),
        kind("", "boots", 0.9, 16),
    ]
    figures = kind_figures(found)
    assert (figures["garments"], figures["accuracy"], figures["asserted"]) == (5, 0.6, 0.8)
    assert figures["top3"] == pytest.approx(4 / 5), "a t-shirt comes second"
    assert figures["commonest_accuracy"] == pytest.approx((2 + 1) / 5)
    assert figures["per_category"] == [
        {
            "category": "trousers", "garments": 3, "accuracy": pytest.approx(2 / 3), "top3": pytest.approx(2 / 3),
            "commonest": "jeans", "commonest_accuracy": pytest.approx(2 / 3),
        },
        {
            "category": "footwear", "garments": 2, "accuracy": 0.5, "top3": 1.0,
            "commonest": "t-shirt", "commonest_accuracy": 0.5,
        },
    ]  # fmt: skip
    assert kind_figures([]) is None and colour_figures(found) is None


def test_shoes_are_judged_by_their_kind_alone(tmp_path):
    root = write_garments(tmp_path, "train", 4)
    with (root / "attributes_train.csv").open("a") as file:
        file.write("000001.png,item2,16,brown,solid,leather,smart\n000002.png,item2,17,red,,,\n")
    with (root / "kinds_train.csv").open("a") as file:
        file.write("000001.png,item2,16,ankle-boots\n")
    shoes = [one for one in read_judged(root, "train") if one.category_id > 13]
    assert [(one.image, one.item, one.values["kind"]) for one in shoes] == [("000001.png", "item2", "ankle boots")]
    assert not any(value for name, value in shoes[0].values.items() if name != "kind")
    first = read_judged(root, "train")[0]
    assert (first.values["kind"], first.values["pattern"]) == ("shirt", "solid")
    (root / "kinds_train.csv").unlink()
    assert not any(one.values["kind"] for one in read_judged(root, "train")), "the table need not be there"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("000001.png,item1,2,frock", "line 2: kind 'frock': expected nothing or one of t-shirt"),
        ("000001.png,item1,99,shirt", r"line 2: category_id 99: expected 1\.\.13"),
        ("000001.png,item1,two,shirt", "line 2.*no number"),
        ("000001.png", "line 2.*expected the columns image, item, category_id, kind"),
        ("000001.png,item1,8,jeans", "has category_id 8, and 2 in the table of the attributes"),
    ],
)
def test_a_faulty_table_of_kinds_is_named(tmp_path, row, says):
    root = write_garments(tmp_path, "train", 2)
    (root / "kinds_train.csv").write_text(f"image,item,category_id,kind\n{row}\n")
    with pytest.raises(DatasetError, match=says):
        read_judged(root, "train")


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
    said = capsys.readouterr().out
    assert "macro_f1" in said and "one of three guesses is right" in said and "short sleeve top" in said
    report = attribute_report(folder)
    assert report.metrics["meta"]["garments"] == 12
    assert str(tmp_path) not in path.read_text()
    assert read_reports(folder) == [], "it is no segmenter"
    entry = report.entry | {
        "licence": "L", "data": "d", "images": 1, "steps": 1, "command": "c", "commit": "0" * 40, "date": "today",
    }  # fmt: skip
    card = attribute_card.card(entry, report.metrics)
    assert entry["sha256"] in card and "Label noise" in card and "| kind, by category |" in card
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
    assert [figures[name] for name in ("colour", "pattern", "sleeve", "kind")] == [None] * 4
