"""The choice of thresholds: worked by hand, on photos that a stand-in model sees, and kept only for their weights."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from fashion_files import ColourSegmenter, annotation_item, write_photo
from metric_files import write_weights

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORY_NAMES, INSTANCE_NAMES
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.models.confidence import DEFAULT, Confidence, of_entry
from ewardrobe.models.weights import WeightsError, read_manifest
from train import card, thresholds
from train.cards import manifest
from train.search import thresholds as choice
from train.search.thresholds import PhotoScores


def seen(*detections: tuple[int, float, int | None], truth: tuple[int, ...], same=()) -> PhotoScores:
    """One photo; detections: (category, score, place of the garment that it covers), same: pairs of equal masks."""
    ious = np.eye(len(detections))
    for a, b in same:
        ious[a, b] = ious[b, a] = 1
    covers = np.zeros((len(detections), len(truth)))
    for row, (*_, place) in enumerate(detections):
        if place is not None:
            covers[row, place] = 0.9
    ids, scores = np.array([d[0] for d in detections], int), np.array([d[1] for d in detections], np.float32)
    return PhotoScores(scores, ids, ious, covers, np.array(truth, int))


def trousers(right: int, wrong: int, missed: int = 0, high: float = 0.8, low: float = 0.4) -> list[PhotoScores]:
    """Trousers found at ``high``, nothing taken for trousers at ``low``, trousers not seen at all: a photo each."""
    photos = [seen((8, high, 0), truth=(8,))] * right + [seen((8, low, None), truth=())] * wrong
    return photos + [seen(truth=(8,))] * missed


def test_the_threshold_lies_in_the_middle_between_right_and_wrong():
    chosen = choice.choose(trousers(10, 10))
    assert chosen.common == pytest.approx(0.6, abs=0.011)  # from 0.41 to 0.8 all are perfect
    assert chosen.each[7] == pytest.approx(chosen.common, abs=0.001)


def test_what_costs_more_than_it_brings_is_left_out():
    """12 right at 0.8; 4 right and 3 wrong at 0.5: F1 24/28 = 0.857 without them, 32/35 = 0.914 with them."""
    photos = trousers(12, 3, low=0.5) + trousers(4, 0, high=0.5)
    assert choice.choose(photos).common == pytest.approx(0.26, abs=0.011)
    # 7 more wrong ones: 32/42 = 0.762 with them
    assert choice.choose(photos + trousers(0, 7, low=0.5)).common == pytest.approx(0.65, abs=0.011)


def test_of_good_thresholds_the_lowest_hides_least():
    """100 right at 0.8, one more at 0.5 with two wrong ones: F1 200/201 without them, 202/204 with them."""
    photos = trousers(100, 2, low=0.5) + trousers(1, 0, high=0.5)
    assert choice.choose(photos).common == pytest.approx(0.26, abs=0.011)


def two_categories(sling: int = 10) -> list[PhotoScores]:
    """40 trousers right at 0.9 and wrong at 0.6; slings right at 0.3 and wrong at 0.1."""
    slings = [seen((6, 0.3, 0), (6, 0.1, None), truth=(6,))] * sling
    return [seen((8, 0.9, 0), (8, 0.6, None), truth=(8,))] * 40 + slings


def test_a_category_moves_halfway_to_its_own_threshold():
    chosen, own = choice.choose(two_categories()), choice.choose(two_categories(), own_share=1)
    assert chosen.common == pytest.approx(0.75, abs=0.011)
    assert own.each[5] == pytest.approx(0.2, abs=0.011) and own.each[7] == chosen.common
    assert chosen.each[5] == pytest.approx(np.sqrt(own.each[5] * chosen.common), abs=0.001)
    assert choice.counted(two_categories(), own.confidences["each"]).summary == {"overall": 1.0, "categories": 1.0}


def test_nine_garments_have_the_common_threshold():
    chosen = choice.choose(two_categories(sling=9))
    assert chosen.each[5] == chosen.common and len(set(chosen.each)) == 1


def test_f1_by_hand():
    """Shown from 0.5: 3 of 4 trousers, 2 things that are none; 1 of 1 sling."""
    photos = [*trousers(3, 2, 1, low=0.6), seen((6, 0.7, 0), truth=(6,))]
    counts = choice.counted(photos, choice.level(0.5))
    assert (counts.detected[7], counts.found[7], counts.instances[7]) == (5, 3, 4)
    assert counts.f1[7] == pytest.approx(6 / 9) and counts.f1[5] == 1 and counts.f1[0] == 0
    assert counts.summary == {"overall": pytest.approx(8 / 11, abs=1e-4), "categories": pytest.approx(6 / 9, abs=1e-4)}


def test_a_garment_seen_twice_counts_once_by_its_surer_name():
    photo = seen((9, 0.6, 0), (7, 0.5, 0), truth=(9,), same=[(0, 1)])
    assert choice.counted([photo], choice.level(0.2)).detected.sum() == 1
    t = [0.3] * 13
    t[8] = 0.55  # a skirt at 0.6 is now less sure than shorts at 0.5
    counts = choice.counted([photo], Confidence(tuple(t)))
    assert (counts.detected[6], counts.detected[8]) == (1, 0)


def test_a_wrong_name_counts_half_and_no_garment_twice():
    misnamed = choice.counted([seen((9, 0.6, 0), truth=(7,))], choice.level(0.5))
    assert misnamed.summary["overall"] == 0.5
    both = seen((7, 0.8, 0), (9, 0.6, 0), truth=(7,))  # apart enough for the app to show both, the second for nothing
    assert choice.counted([both], choice.level(0.5)).summary["overall"] == pytest.approx(2 / 3, abs=1e-4)


def test_each_photo_may_have_a_map_of_its_own():
    photos = trousers(2, 1)
    one = choice.counted(photos, choice.level(0.2))
    both = choice.counted(photos * 2, [choice.level(0.2)] * len(photos) + [choice.level(0.9)] * len(photos))
    assert (one.detected[7], both.detected[7], both.instances[7]) == (3, 3, 2 * one.instances[7])


def test_held_out_photos_did_not_choose():
    """One photo in which the model is wrong where it is right elsewhere: no threshold that others choose shows it."""
    photos = two_categories(sling=0) + [seen((8, 0.6, 0), truth=(8,))]
    plain, held_out = choice.counted(photos, choice.choose(photos).confidences["each"]), choice.cross_validated(photos)
    assert held_out["each"]["overall"] == plain.summary["overall"] == pytest.approx(80 / 81, abs=1e-4)
    assert held_out == choice.cross_validated(photos), "the same folds every time"
    random = np.random.default_rng(0)  # scores that say nothing: what was chosen on them does not hold elsewhere
    noise = [
        seen((int(c), s, 0 if r else None), truth=(int(c),))
        for c, s, r in zip(
            random.integers(1, 4, 90), random.uniform(0.1, 0.9, 90), random.random(90) < 0.5, strict=True
        )
    ]
    best = choice.counted(noise, choice.choose(noise, own_share=1).confidences["each"]).summary
    assert choice.cross_validated(noise)["each"]["overall"] < best["overall"]
    assert choice.cross_validated(noise[:1]) is None


# -- the command -----------------------------------------------------------------------------------------------------


def raw_score(category_id: int, area: int) -> float:
    """The stand-in's raw score: trousers by their size, all else alike."""
    return 0.3 + area / 2000 if category_id == 8 else 0.7


@pytest.fixture
def data(tmp_path):
    """24 photos of large trousers and a top; in 12 of them a shadow looks like small trousers."""
    folder = tmp_path / "data"
    for number in range(1, 25):
        items = {"item1": annotation_item(8, (4, 5, 24, 35)), "item2": annotation_item(1, (40, 5, 60, 35))}
        image = np.full((60, 80, 3), 250, np.uint8)
        for item in items.values():
            x0, y0, x1, y1 = item["bounding_box"]
            image[y0:y1, x0:x1] = 15 * item["category_id"]
        write_photo(folder / "validation", number, items, image)
    for number in range(25, 37):
        image = np.full((60, 80, 3), 250, np.uint8)
        image[40:50, 30:40] = 15 * 8
        write_photo(folder / "validation", number, {"item1": annotation_item(1, (60, 5, 70, 15))}, image)
    return folder


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of weights of a U-Net and a YOLO, and a stand-in for the network."""
    folder = tmp_path / "weights"
    write_weights(folder, {"unet": 0.5, "yolo": 0.5})
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(folder))
    monkeypatch.setattr(thresholds, "load_segmenter", lambda name, weights: ColourSegmenter(score=raw_score))
    return folder


def test_the_command_keeps_what_it_chose_in_the_manifest(data, weights, capsys):
    assert thresholds.main(["unet", "--data", str(data)]) == 0
    entry = read_manifest(weights)["unet"]
    kept = entry["thresholds"]
    assert kept["weights_sha256"] == entry["sha256"] and kept["images"] == 36 and kept["data"] == "data"
    assert kept["command"] == "python -m train.thresholds unet --data data --split validation"
    assert 0.35 < kept["raw_scores"]["trousers"] < 0.6  # the shadow has 0.35, trousers 0.6
    assert kept["f1"]["each"]["overall"] > kept["f1"]["default"]["overall"]
    assert kept["f1_cross_validated"]["each"]["overall"] == kept["f1"]["each"]["overall"]
    assert of_entry(entry).by_name() == kept["raw_scores"]
    assert "thresholds" not in read_manifest(weights)["yolo"]
    printed = capsys.readouterr().out
    assert "trousers" in printed and "overall, cv" in printed and str(data.parent) not in json.dumps(kept)


class ShoeSegmenter(ColourSegmenter):
    """Finds the garments, shoes by their grey, and with less confidence shoes where none are."""

    def predict(self, image, min_score=0.5):
        found, shoes = super().predict(image, min_score), image[..., 0] == 15 * 16
        score, shoes = (0.6, shoes) if shoes.any() else (0.3, np.tri(*shoes.shape, -40, dtype=bool))
        masks = np.concatenate([found.masks, shoes[None]])
        every = Detections.from_masks(masks, [*found.category_ids, 16], [*found.scores, score])
        return every.sorted_by_score().above(min_score)


def test_a_network_that_finds_shoes_gets_a_threshold_for_them(data, weights, monkeypatch, capsys):
    for number in range(37, 61):
        shoes = {"item2": annotation_item(16, (50, 30, 70, 40))} if number % 2 else {}
        items = {"item1": annotation_item(8, (10, 10, 30, 50))} | shoes
        write_photo(data / "validation", number, items, unlabelled=[17, 19])
    thresholds.main(["unet", "--data", str(data)])
    garments = read_manifest(weights)["unet"]["thresholds"]
    assert tuple(garments["raw_scores"]) == CATEGORY_NAMES
    monkeypatch.setattr(thresholds, "load_segmenter", lambda name, weights: ShoeSegmenter(score=raw_score))
    thresholds.main(["unet", "--data", str(data)])
    entry = read_manifest(weights)["unet"]
    every = entry["thresholds"]
    assert tuple(every["raw_scores"]) == INSTANCE_NAMES and of_entry(entry).by_name() == every["raw_scores"]
    assert 0.3 < every["raw_scores"]["footwear"] < 0.6
    assert {name: every["raw_scores"][name] for name in CATEGORY_NAMES} == garments["raw_scores"]
    assert every["f1"] == garments["f1"], "the summary is of the garments"
    assert "footwear" in capsys.readouterr().out


def test_a_dry_run_only_prints(data, weights, capsys):
    before = (weights / "manifest.json").read_bytes()
    assert thresholds.main(["unet", "yolo", "--data", str(data), "--dry-run"]) == 0
    assert (weights / "manifest.json").read_bytes() == before
    assert "yolo: 36 photos" in capsys.readouterr().out


def test_weights_that_change_meanwhile_keep_nothing(data, weights):
    with pytest.raises(WeightsError, match="replaced meanwhile"):
        thresholds.keep("unet", {"weights_sha256": "0" * 64}, weights)
    assert "thresholds" not in read_manifest(weights)["unet"]


def test_photos_that_cannot_be_judged_are_told_and_none_is_an_error(data, weights, capsys):
    path = sorted((data / "validation" / "image").iterdir())[0]
    path.write_bytes(b"no picture")
    cv2.imwrite(str(path.with_name("000002.png")), np.zeros((9, 9, 3), np.uint8))
    photos = thresholds.look(ColourSegmenter(), DeepFashion2(data, "validation"))
    assert len(photos) >= 34 and len(photos) < 36
    for path in (data / "validation" / "image").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="no photo"):
        thresholds.look(ColourSegmenter(), DeepFashion2(data, "validation"))
    assert thresholds.main(["unet", "--data", str(data / "nowhere")]) == 2
    assert "error:" in capsys.readouterr().err


def test_thresholds_that_cannot_be_used_are_chosen_anew(rendered_dataset, tmp_path, monkeypatch):
    """The real model, from a manifest whose thresholds are broken."""
    import shutil

    from ewardrobe.models.weights import verified_path

    path, entry = verified_path("yolo")
    shutil.copy(path, tmp_path)
    entry = {k: v for k, v in entry.items() if k != "int8"}  # whose files stay where they are
    broken = entry | {"thresholds": {"weights_sha256": entry["sha256"], "raw_scores": {"trousers": 7}}}
    (tmp_path / "manifest.json").write_text(json.dumps({"models": {"yolo": broken}}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    assert thresholds.main(["yolo", "--data", str(rendered_dataset)]) == 0
    chosen = of_entry(read_manifest(tmp_path)["yolo"])
    assert chosen != DEFAULT and chosen.by_name().keys() == of_entry(entry).by_name().keys()


def test_the_card_says_from_which_score_a_category_is_shown(data, weights):
    thresholds.main(["unet", "--data", str(data)])
    entry = read_manifest(weights)["unet"]
    assert "F1 over all garments" in card.thresholds(entry) and "on photos that did not choose" in card.thresholds(
        entry
    )
    assert manifest.shown_from(entry)["trousers"] == entry["thresholds"]["raw_scores"]["trousers"]
    assert "no thresholds were chosen" in card.thresholds(entry | {"sha256": "b"})
    metrics = {"meta": {"weights_sha256": entry["sha256"], "raw_thresholds": DEFAULT.by_name()}}
    (weights / "unet.metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(WeightsError, match="other thresholds"):
        manifest.read_metrics("unet", entry, weights)
