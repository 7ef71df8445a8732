"""Comparison of models: agreement of pixels, garments across models, details, runs, by hand-worked cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, png_bytes
from ewardrobe.core.masks import mask_iou
from ewardrobe.evaluation.comparison import agreement as compare
from ewardrobe.evaluation.comparison import runs
from ewardrobe.evaluation.comparison.pictures import (
    ALL,
    FEW,
    HALF,
    agreement_colours,
    detail_picture,
    draw_agreement,
    iou_figure,
)
from ewardrobe.models.weights import sha256_of

nan = np.nan


def found(*rows: tuple[str, int, float], shape=(1, 8)) -> Detections:
    """Detections drawn as text: ``("##......", category id, score)``."""
    if not rows:
        return Detections.empty(*shape)
    masks = np.stack(
        [np.array([[letter == "#" for letter in line] for line in text.split("/")]) for text, _, _ in rows]
    )
    return Detections.from_masks(masks, [row[1] for row in rows], [row[2] for row in rows])


def labels(*lines: str) -> np.ndarray:
    """(M, 1, W) label maps of digits, "." for none."""
    return np.array([[[0 if letter == "." else int(letter) for letter in line]] for line in lines], np.uint8)


# Agreement of pixels


THREE = labels("11188...", ".1158...", "..1.8..2")


def test_agreement_counts_the_models_that_see_a_garment():
    assert compare.agreement_map(THREE).tolist() == [[1, 2, 3, 2, 3, 0, 0, 1]]


def test_agreement_by_category_counts_the_largest_group():
    """The fourth pixel: one model says 8, another 5; the third nothing."""
    agreement = compare.agreement_map(THREE, by_category=True)
    assert agreement.tolist() == [[1, 2, 3, 1, 3, 0, 0, 1]]
    assert agreement.dtype == np.uint8


def test_agreement_on_nothing_is_no_agreement():
    nothing = labels("....", "....")
    for by_category in (False, True):
        assert not compare.agreement_map(nothing, by_category).any()
    assert compare.agreement_shares(compare.agreement_map(nothing), 2) == [0, 0]


def test_shares_are_of_the_garment_pixels():
    assert compare.agreement_shares(compare.agreement_map(THREE), 3) == pytest.approx([2 / 6, 2 / 6, 2 / 6])


def test_iou_matrix_by_hand():
    """Garment pixels {0..4}, {1..4}, {2, 4, 7}."""
    expected = [[1, 4 / 5, 2 / 6], [4 / 5, 1, 2 / 5], [2 / 6, 2 / 5, 1]]
    assert compare.mask_iou_matrix(THREE) == pytest.approx(np.array(expected))


def test_iou_matrix_by_category_by_hand():
    expected = [[1, 3 / 5, 2 / 6], [3 / 5, 1, 2 / 5], [2 / 6, 2 / 5, 1]]
    assert compare.mask_iou_matrix(THREE, by_category=True) == pytest.approx(np.array(expected))


def test_iou_where_nobody_sees_anything_has_no_value():
    matrix = compare.mask_iou_matrix(labels("....", "....", "1..."))
    assert np.isnan(matrix[0, 1]) and np.isnan(matrix[0, 0])
    assert matrix[0, 2] == 0
    assert compare.mean_agreement(matrix) == 0
    assert compare.mean_agreement(matrix[:2, :2]) is None
    assert compare.mean_agreement(np.ones((1, 1))) is None


def test_mean_agreement_is_over_the_pairs():
    assert compare.mean_agreement(compare.mask_iou_matrix(THREE)) == pytest.approx((4 / 5 + 2 / 6 + 2 / 5) / 3)


def test_label_maps_of_detections():
    maps = compare.label_maps([found(("##......", 1, 0.9), (".##.....", 8, 0.8)), found()])
    assert maps.dtype == np.uint8
    assert maps[0].tolist() == [[1, 1, 8, 0, 0, 0, 0, 0]], "the top hangs over the trousers"
    assert not maps[1].any()


# Garments across models


def test_garments_are_matched_by_their_masks_whatever_they_are_called():
    one = found(("####....", 1, 0.9), ("....####", 8, 0.8))
    other = found((".....###", 7, 0.7), (".####...", 5, 0.6))
    assert compare.match_garments([one, other]) == [(0, 1), (1, 0)]


def test_assignment_is_the_best_as_a_whole():
    """A1 overlaps B1 most (5/6) but A2 can only be B1 (4/6): greedy matching would leave A2 and B2 alone."""
    a = found(("######..", 1, 0.9), ("..####..", 1, 0.8))
    b = found((".#####..", 1, 0.9), ("####....", 1, 0.8))
    assert mask_iou(a.masks[0], b.masks[0]) == pytest.approx(5 / 6)
    assert compare.match_garments([a, b]) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("seed", range(20))
def test_assignment_is_scipys(seed):
    rng = np.random.default_rng(seed)
    gains = rng.random(rng.integers(1, 12, 2))
    gains[gains < 0.5] = 0
    pairs = compare._assigned(gains)
    assert sum(gains[pair] for pair in pairs) == pytest.approx(gains[linear_sum_assignment(gains, True)].sum())


def test_a_model_that_sees_nothing_is_matched_too():
    some = found(("####....", 1, 0.9))
    assert compare.match_garments([found(), some]) == [(None, 0)]
    assert compare.match_garments([some, found()]) == [(0, None)]
    assert compare.match_garments([found(), found()]) == []


def test_what_hardly_overlaps_stays_apart():
    pair = [found(("####....", 1, 0.9)), found(("...####.", 1, 0.95))]
    assert compare.match_garments(pair) == [(None, 0), (0, None)], "the best score first"
    assert compare.match_garments(pair, min_iou=1 / 7) == [(0, 0)]


def test_three_models_most_seen_first():
    first = found(("##......", 1, 0.99), ("....####", 8, 0.5))
    second = found(("....####", 8, 0.6))
    third = found(("....###.", 9, 0.7), ("..##....", 3, 0.3))
    assert compare.match_garments([first, second, third]) == [(1, 0, 0), (0, None, None), (None, None, 1)]


def test_nothing_found_matches_nothing():
    assert compare.match_garments([found(), found()]) == []
    assert compare.match_garments([found(), found(("##......", 1, 0.9)), found()]) == [(None, 0, None)]
    assert compare.match_table([], [found(), found()], ["U", "Y"]).empty


def test_each_detection_is_in_exactly_one_garment():
    rng = np.random.default_rng(3)
    detections = [
        Detections.from_masks(rng.random((n, 6, 6)) > 0.4, rng.integers(1, 14, n), rng.random(n)) for n in (4, 0, 6, 5)
    ]
    matches = compare.match_garments(detections, min_iou=0.3)
    for model, one in enumerate(detections):
        assert sorted(m[model] for m in matches if m[model] is not None) == list(range(len(one)))
    assert any(sum(one is not None for one in match) > 1 for match in matches)


def test_table_of_garments():
    models = [
        found(("####....", 1, 0.9), ("......##", 8, 0.8)),
        found(("####....", 2, 0.6), ("......##", 8, 0.7)),
        found(("..####..", 1, 0.4), ("......##", 8, 0.9)),
    ]
    matches = compare.match_garments(models, min_iou=0.3)
    table = compare.match_table(matches, models, ["U-Net", "YOLO", "R-CNN"])
    assert table.columns.tolist() == ["Garment", "U-Net", "YOLO", "R-CNN", "Mask IoU", "Verdict"]
    top, trousers = table.to_dict("records")
    assert (top["Garment"], top["U-Net"], top["YOLO"]) == ("short sleeve top", "90%", "60% long sleeve top")
    assert top["Mask IoU"] == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)
    assert (top["Verdict"], trousers["Verdict"]) == ("names differ", "all agree")
    assert trousers["Mask IoU"] == 1


def test_name_is_the_vote_of_the_scores():
    models = [found(("####....", 1, 0.9)), found(("####....", 8, 0.5)), found(("####....", 8, 0.5))]
    assert compare.match_name((0, 0, 0), models) == "trousers"
    assert compare.match_name((0, 0, None), models) == "short sleeve top"


def test_verdict_names_who_did_not_see_it():
    models = [found(("####....", 1, 0.9)), found(), found(("####....", 2, 0.5))]
    assert compare.match_verdict((0, None, 0), models, "ABC") == "names differ, not seen by B"
    assert compare.match_verdict((0, None, None), models, "ABC") == "only seen by A"
    assert compare.match_verdict((0, None), models[:2], "AB") == "not seen by B"
    assert compare.match_iou((0, None, None), models) is None


# Details


def test_details_lie_at_sleeves_and_hem():
    """A T of 100×100 at (50, 50) in 200×200: sleeves at its top corners, hem at the foot of its stem."""
    mask = np.zeros((200, 200), bool)
    mask[50:70, 50:150] = True
    mask[70:150, 90:110] = True
    boxes = compare.detail_boxes(mask)
    assert boxes == {  # side 48, the smallest; a quarter of it, 12, beyond the edge
        "Left edge": (38, 36, 86, 84),
        "Right edge": (114, 36, 162, 84),
        "Hem": (76, 114, 124, 162),
    }


def test_details_grow_with_the_garment_and_stay_inside():
    mask = np.zeros((500, 400), bool)
    mask[:, :] = True
    for x0, y0, x1, y1 in compare.detail_boxes(mask).values():
        assert (x1 - x0, y1 - y0) == (150, 150)
        assert 0 <= x0 and x1 <= 400 and 0 <= y0 and y1 <= 500
    assert compare.detail_boxes(mask)["Hem"][3] == 500


def test_details_of_a_picture_smaller_than_a_detail():
    mask = np.zeros((20, 30), bool)
    mask[3:9, 4:8] = True
    assert {(x1 - x0, y1 - y0) for x0, y0, x1, y1 in compare.detail_boxes(mask).values()} == {(20, 20)}


def test_hem_of_trousers_is_on_a_leg():
    mask = np.zeros((300, 300), bool)
    mask[100:290, 100:130] = mask[100:290, 170:200] = True
    x0, _, x1, _ = compare.detail_boxes(mask)["Hem"]
    middle = (x0 + x1) // 2
    assert mask[280, middle], "not the gap between the legs"


def test_no_garment_no_details():
    assert compare.detail_boxes(np.zeros((10, 10), bool)) == {}


# Runs


class Fixed:
    """A segmenter that has made up its mind."""

    name = "fixed"

    def __init__(self, detections: Detections) -> None:
        self.detections, self.asked = detections, []

    def predict(self, image, min_score=0.5):
        self.asked.append(min_score)
        return self.detections


def large_masks() -> np.ndarray:
    masks = np.zeros((3, 1440, 720), bool)
    masks[0, 100:700, 100:600] = True
    masks[1, 100:700, 100:590] = True  # the same garment under another name
    masks[2, 800:1400, 100:600] = True
    return masks


def test_a_model_is_asked_once_for_everything():
    segmenter = Fixed(Detections.from_masks(large_masks(), [1, 5, 8], [0.9, 0.8, 0.3]))
    run = runs.run_model(np.zeros((1440, 720, 3), np.uint8), segmenter)
    assert segmenter.asked == [runs.LOWEST_SCORE]
    assert run.found.category_ids.tolist() == [1, 8], "one garment named twice is one garment"
    assert run.small.size == (720, 360)
    assert len(run.small.detections(0.5)) == 1
    assert len(run.seconds) == 1 and run.median_s >= 0
    np.testing.assert_array_equal(run.small.detections(0.1).masks, large_masks()[[0, 2], ::2, ::2])


def test_small_and_full_size_go_together_when_a_speck_vanishes():
    masks = np.zeros((2, 4000, 100), bool)
    masks[0, 7, 7] = True
    masks[1, :2000] = True
    run = runs.run_model(np.zeros((4000, 100, 3), np.uint8), Fixed(Detections.from_masks(masks, [1, 8], [0.9, 0.8])))
    assert run.found.category_ids.tolist() == run.small.category_ids.tolist() == [8]
    (mask, none) = runs.match_masks((0, None), [run, run])
    np.testing.assert_array_equal(mask, masks[1])
    assert none is None


def test_nothing_found_is_a_normal_run():
    run = runs.run_model(np.zeros((900, 900, 3), np.uint8), Fixed(Detections.empty(900, 900)))
    assert run.small.detections(0.1).image_size == (720, 720)


def test_times_are_a_median():
    run = runs.run_model(np.zeros((8, 8, 3), np.uint8), Fixed(Detections.empty(8, 8)))
    run = runs.ModelRun(run.found, run.small, (0.2,)).asked_again(0.1).asked_again(9.0)
    assert run.median_s == 0.2


def summary(name: str, *per_model: Detections) -> runs.PhotoSummary:
    made = [runs.run_model(np.zeros((1, 8, 3), np.uint8), Fixed(one)) for one in per_model]
    return runs.summarise_photo(name, made, 0.5)


def test_folder_is_the_mean_over_the_photos_that_show_something():
    same = summary("a", found(("####....", 1, 0.9)), found(("####....", 2, 0.9)))
    half = summary("b", found(("####....", 1, 0.9)), found(("##......", 1, 0.9), ("......##", 1, 0.4)))
    none = summary("c", found(("####....", 1, 0.2)), found())
    assert (same.agreement, half.agreement, none.agreement) == (1, 0.5, None)
    assert half.garments == (1, 1)
    assert runs.folder_matrix([same, half, none])[0, 1] == pytest.approx(0.75)
    assert np.isnan(runs.folder_matrix([none])).all()
    table = runs.folder_table([same, half, none], ["U", "Y"])
    assert table.columns.tolist() == ["Photo", "Agreement", "U: garments", "Y: garments", "U: ms", "Y: ms"]
    assert table["Agreement"].isna().tolist() == [False, False, True]


def test_photos_of_a_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    picture = np.full((40, 50, 3), 200, np.uint8)
    (tmp_path / "sub" / "a.png").write_bytes(png_bytes(picture))
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("no photo")
    broken, good = runs.photos_in(f" {tmp_path} ")
    assert [broken.name, good.name.replace("\\", "/")] == ["b.jpg", "sub/a.png"]
    assert broken.key != good.key and good.key == runs.photos_in(str(tmp_path))[1].key
    np.testing.assert_array_equal(good.read(), picture)
    with pytest.raises(ImageError, match="b.jpg: not a picture"):
        broken.read()
    good.path.unlink()
    with pytest.raises(ImageError, match="no such file"):
        good.read()


def test_folder_without_photos_says_what_is_missing(tmp_path):
    with pytest.raises(ImageError, match="no photo in it or below; pictures end in .jpg"):
        runs.photos_in(str(tmp_path))
    with pytest.raises(ImageError, match="no such folder"):
        runs.photos_in(str(tmp_path / "gone"))


def test_models_whose_weights_may_be_used(tmp_path, monkeypatch):
    import json

    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    assert "manifest.json is missing" in runs.model_problems()["yolo"]
    file = tmp_path / "unet.pt"
    file.write_bytes(b"tensors")
    entry = {"file": "unet.pt", "sha256": sha256_of(file), "bytes": 7}
    (tmp_path / "manifest.json").write_text(json.dumps({"models": {"unet": entry}}))
    problems = runs.model_problems()
    assert problems["unet"] is None
    assert "no weights for 'yolo'" in problems["yolo"] and "Train" in problems["yolo"]


# Pictures


def test_colours_go_from_alone_to_all():
    assert agreement_colours(1) == [ALL]
    assert agreement_colours(2) == [FEW, ALL]
    assert agreement_colours(3) == [FEW, HALF, ALL]


def test_agreement_is_drawn_on_the_grey_photo():
    image = np.full((2, 2, 3), (200, 30, 40), np.uint8)
    before = image.copy()
    picture = draw_agreement(image, np.array([[0, 1], [2, 0]], np.uint8), 2, alpha=1)
    assert picture[0, 0].std() == 0 and (picture[0, 0] == picture[1, 1]).all()
    assert picture[0, 1].tolist() == list(FEW) and picture[1, 0].tolist() == list(ALL)
    np.testing.assert_array_equal(image, before)
    with pytest.raises(ValueError, match="at the image's size"):
        draw_agreement(image, np.zeros((3, 3), np.uint8), 2)


def test_detail_shows_the_garment_and_not_the_room():
    image = np.full((100, 100, 3), (0, 0, 255), np.uint8)
    image[:, :50] = (255, 0, 0)
    mask = image[..., 0] > 0
    picture = detail_picture(image, mask, (30, 30, 70, 70), side=96)
    assert picture.shape == (96, 96, 3)
    assert picture[48, 20].tolist() == [255, 0, 0]
    assert picture[48, 80].min() > 200, "checkerboard, not the blue room"
    assert detail_picture(image, None, (30, 30, 70, 70), side=96)[48, 80].tolist() == [0, 0, 255]


def test_heat_map_in_percent():
    figure = iou_figure(np.array([[1, 0.25], [0.25, nan]]), ["U-Net", "YOLO"])
    heat = figure.data[0]
    assert [list(row) for row in heat.text] == [["100%", "25%"], ["25%", "–"]]
    assert (heat.zmin, heat.zmax) == (0, 100)
    assert heat.x == ("U-Net", "YOLO")
