"""The evaluator: against pycocotools, against hand-worked cases, and in what must always hold."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
from fashion_files import (
    SIZE,
    BlindSegmenter,
    ColourSegmenter,
    ParsingSegmenter,
    annotation_item,
    write_photo,
    write_split,
)
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ewardrobe.__main__ import main
from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_to_rle
from ewardrobe.core.taxonomy import CATEGORY_IDS
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.evaluation import provenance, report
from ewardrobe.evaluation.coco_eval import CocoMatcher, mean_over_categories
from ewardrobe.evaluation.evaluator import Options, evaluate
from ewardrobe.evaluation.matching import (
    BACKGROUND,
    calibration,
    confusion_pairs,
    match_by_iou,
    match_by_score,
)
from ewardrobe.evaluation.pixels import (
    dice_of_counts,
    iou_of_counts,
    label_counts,
    label_map,
    overlap_counts,
    parsing_counts,
)
from ewardrobe.evaluation.summary import LABEL_NAMES, PhotoMeasures, summarise
from ewardrobe.models import weights

QUICK = Options(threshold=0.5, resamples=20)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DeepFashion2:
    return DeepFashion2(write_split(tmp_path_factory.mktemp("evaluation"), 12), "validation")


# --- COCO average precision ---------------------------------------------------------------------------------------


Instance = tuple[np.ndarray, int, float]
"""Mask, category and score of one garment."""


def instance(category_id: int, mask: np.ndarray, score: float = 1.0) -> Instance:
    return mask, category_id, score


def detections(instances: list[Instance]) -> Detections:
    if not instances:
        return Detections.empty(*SIZE)
    masks, ids, scores = zip(*instances, strict=True)
    return Detections.from_masks(np.stack(masks), ids, scores)


def rectangle(x: int, y: int, width: int, height: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[y : y + height, x : x + width] = True
    return mask


def random_photos(count: int, seed: int) -> list[tuple[list[Instance], list[Instance]]]:
    """Photos with up to four garments of five categories; detections moved, resized, renamed, doubled, invented."""
    rng, photos = np.random.default_rng(seed), []
    for _ in range(count):
        truths, detections = [], []
        for _ in range(rng.integers(0, 5)):
            x, y, width, height = rng.integers(0, 30), rng.integers(0, 20), rng.integers(8, 30), rng.integers(8, 30)
            category_id = int(rng.choice([1, 2, 5, 8, 13]))
            truths.append(instance(category_id, rectangle(x, y, width, height)))
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                dx, dy = rng.integers(0, 6, 2)
                guess = category_id if rng.random() < 0.8 else int(rng.choice([1, 2, 3]))
                detections.append(instance(guess, rectangle(x + dx, y + dy, width, height), float(rng.random())))
        photos.append((truths, detections))
    return photos


def matched(photos, iou_type: str, chunk_size: int = 128) -> CocoMatcher:
    matcher = CocoMatcher(iou_type, chunk_size=chunk_size)
    for truths, found in photos:
        matcher.add(detections(truths), detections(found))
    return matcher


def box_xywh(mask: np.ndarray) -> list[float]:
    ys, xs = np.nonzero(mask)
    return [float(xs.min()), float(ys.min()), float(np.ptp(xs) + 1), float(np.ptp(ys) + 1)]


def pycocotools_scores(photos, iou_type: str) -> dict[int, tuple | None]:
    """AP, AP50, AP75 and AR of each category by the reference implementation."""
    images = [{"id": i, "height": SIZE[0], "width": SIZE[1]} for i in range(1, len(photos) + 1)]
    truth, detected = (
        [
            {"image_id": i, "category_id": category_id, "segmentation": mask_to_rle(mask), "bbox": box_xywh(mask)}
            | {"area": float(mask.sum()), "score": float(np.float32(score)), "iscrowd": 0}
            for i, photo in enumerate(photos, 1)
            for mask, category_id, score in photo[part]
        ]
        for part in (0, 1)
    )
    for group in (truth, detected):
        for number, annotation in enumerate(group, 1):
            annotation["id"] = number
    evaluation = COCOeval(coco_of(images, truth), coco_of(images, detected), iou_type)
    evaluation.evaluate()
    evaluation.accumulate()
    precision, recall = evaluation.eval["precision"][..., 0, 2], evaluation.eval["recall"][..., 0, 2]
    return {
        c: None
        if precision[0, 0, k] < 0
        else (precision[:, :, k].mean(), precision[0, :, k].mean(), precision[5, :, k].mean(), recall[:, k].mean())
        for k, c in enumerate(CATEGORY_IDS)
    }


def coco_of(images, annotations) -> COCO:
    coco = COCO()
    coco.dataset = {"images": images, "annotations": annotations, "categories": [{"id": c} for c in CATEGORY_IDS]}
    coco.createIndex()
    return coco


def assert_same_scores(ours: dict, theirs: dict) -> None:
    assert {c for c, s in ours.items() if s} == {c for c, s in theirs.items() if s}
    for category_id, scores in ours.items():
        if scores:
            assert (scores.ap, scores.ap50, scores.ap75, scores.ar) == pytest.approx(theirs[category_id], abs=1e-9)


@pytest.mark.parametrize("iou_type", ["segm", "bbox"])
@pytest.mark.parametrize("chunk_size", [1, 7, 128])
def test_scores_are_those_of_pycocotools(iou_type, chunk_size):
    photos = random_photos(40, seed=1)
    ours = matched(photos, iou_type, chunk_size).scores()
    assert_same_scores(ours, pycocotools_scores(photos, iou_type))
    assert 0.1 < mean_over_categories(ours, "ap") < 0.9  # neither trivial


@pytest.mark.parametrize("seed", range(4))
def test_scores_of_any_selection_are_those_of_pycocotools(seed):
    photos = random_photos(25, seed)
    weights = np.random.default_rng(seed).integers(0, 3, len(photos))
    chosen = [photo for photo, weight in zip(photos, weights, strict=True) for _ in range(weight)]
    assert_same_scores(matched(photos, "segm", 4).scores(weights), pycocotools_scores(chosen, "segm"))


def test_average_precision_by_hand():
    """Two garments; found at 0.9, wrong at 0.8, found at 0.7: precision 1 up to recall 0.5, then 2/3."""
    photo = (
        [instance(1, rectangle(0, 0, 20, 20)), instance(1, rectangle(40, 0, 20, 20))],
        [
            instance(1, rectangle(0, 0, 20, 20), 0.9),
            instance(1, rectangle(0, 30, 20, 20), 0.8),
            instance(1, rectangle(40, 0, 20, 20), 0.7),
        ],
    )
    scores = matched([photo], "segm").scores()
    assert scores[1].ap50 == pytest.approx((51 + 50 * 2 / 3) / 101)
    assert scores[1].ap == pytest.approx(scores[1].ap50)
    assert scores[1].ar == 1
    assert scores[1].curve[[0, 50, 51, 100]] == pytest.approx([1, 1, 2 / 3, 2 / 3])
    assert scores[1].curve_scores[[0, 100]] == pytest.approx([0.9, 0.7])


def test_an_absent_category_is_none_and_not_zero():
    photo = ([instance(1, rectangle(0, 0, 9, 9))], [instance(2, rectangle(0, 0, 9, 9), 0.9)])
    scores = matched([photo], "segm").scores()
    assert scores[1].ap == 0
    assert scores[2] is None
    assert scores[3] is None
    assert mean_over_categories(scores, "ap") == 0
    assert mean_over_categories(scores, "ap", [2, 3]) is None


def test_only_the_hundred_best_detections_of_a_photo_count():
    wrong = [instance(1, rectangle(0, 40, 5, 5), 0.5 + k / 1000) for k in range(100)]
    truth = [instance(1, rectangle(0, 0, 9, 9))]
    late = matched([(truth, [*wrong, instance(1, rectangle(0, 0, 9, 9), 0.4)])], "segm").scores()
    early = matched([(truth, [*wrong, instance(1, rectangle(0, 0, 9, 9), 0.9)])], "segm").scores()
    assert (late[1].ap50, early[1].ap50) == (0, 1)


# --- matching and pixels -------------------------------------------------------------------------------------------


def test_matching_by_score_takes_the_best_free_garment_of_its_category():
    ious = np.array([[0.6, 0.9, 0.7], [0.8, 0.95, 0.0], [0.9, 0.9, 0.9]])
    assert match_by_score(ious, [1, 1, 2], [1, 1, 1]).tolist() == [1, 0, -1]
    assert match_by_score(np.array([[0.49]]), [1], [1]).tolist() == [-1]
    assert match_by_score(np.zeros((2, 0)), [1, 2], []).tolist() == [-1, -1]
    assert match_by_score(np.zeros((0, 2)), [], [1, 2]).tolist() == []


def test_matching_by_iou_takes_the_greatest_overlap_first():
    ious = np.array([[0.6, 0.9], [0.8, 0.95], [0.1, 0.2]])
    assert match_by_iou(ious).tolist() == [0, 1, -1]


def test_confusion_by_hand():
    ious = np.array([[0.9, 0.0], [0.0, 0.1]])
    assert confusion_pairs(ious, np.array([3, 5]), np.array([4, 8])) == [(3, 2), (BACKGROUND, 4), (7, BACKGROUND)]


def test_calibration_by_hand():
    """Two at 0.95 of which one is right, one right at 0.65: errors 0.45 and 0.35, weighed 2 : 1."""
    result = calibration(np.array([0.95, 0.95, 0.65]), np.array([True, False, True]))
    assert result["expected_error"] == pytest.approx((2 * 0.45 + 0.35) / 3)
    assert result["bins"][9] == pytest.approx(
        {"from": 0.9, "to": 1.0, "detections": 2, "mean_score": 0.95, "precision": 0.5}
    )
    assert result["bins"][0]["precision"] is None
    assert calibration(np.array([1.0]), np.array([True]))["bins"][9]["detections"] == 1
    assert calibration(np.zeros(0), np.zeros(0, bool))["expected_error"] is None


def test_label_map_paints_the_outer_layer_last_and_the_better_score_over_the_worse():
    whole = np.ones((4, 2, 2), bool)
    assert (label_map(whole, [10, 4, 1, 8]) == 4).all()  # dress, coat, top, trousers
    assert (label_map(whole[:3], [10, 8, 1]) == 1).all()
    assert (label_map(whole[:2], [2, 1]) == 2).all()
    half = whole[:2].copy()
    half[0, 0] = False
    assert label_map(half, [4, 8]).tolist() == [[8, 8], [4, 4]]
    assert not label_map(np.zeros((0, 2, 3), bool), []).any()


def test_counts_by_hand():
    predicted, truth = np.array([[0, 1, 1, 2]], np.uint8), np.array([[0, 1, 2, 2]], np.uint8)
    counts = label_counts(predicted, truth, 3)
    assert counts.tolist() == [[1, 1, 1], [1, 2, 1], [1, 1, 2], [0, 0, 0]]
    assert [iou_of_counts(row) for row in counts] == [1, 0.5, 0.5, None]
    assert dice_of_counts(counts[1]) == pytest.approx(2 / 3)
    assert dice_of_counts(counts[3]) is None
    assert overlap_counts(predicted > 0, truth > 0).tolist() == [3, 3, 3]


def test_a_photo_of_things_that_nobody_wears_is_parsed_for_garments_only():
    predicted, truth = np.array([[0, 14, 8, 8]], np.uint8), np.array([[0, 0, 8, 14]], np.uint8)
    worn, laid = parsing_counts(predicted, truth, True), parsing_counts(predicted, truth, False)
    assert (worn[0].tolist(), worn[14].tolist(), worn[8].tolist()) == ([1, 1, 2], [0, 1, 1], [1, 2, 1])
    assert (laid[0].tolist(), laid[14].tolist(), laid[8].tolist()) == ([0, 0, 0], [0, 0, 0], [1, 2, 1])


# --- the whole -----------------------------------------------------------------------------------------------------


def test_perfect_detections_score_one(dataset):
    metrics = evaluate(ColourSegmenter(), dataset, QUICK)
    for name, value in metrics["overall"].items():
        if name not in ("images", "instances", "matched_garments") and "min10" not in name:
            assert value == pytest.approx(1), name
    assert metrics["overall_ci"]["mask_ap"] == [1, 1]
    assert metrics["overall"]["images"] == 12
    assert metrics["overall"]["matched_garments"] == metrics["overall"]["instances"] == 24
    present = [row for row in metrics["per_category"] if row["instances"]]
    assert all(row["mask_ap"] == row["precision"] == row["recall"] == row["iou"] == 1 for row in present)
    confusion = np.array(metrics["confusion"]["matrix"])
    assert confusion.shape == (14, 14)
    assert np.trace(confusion) == confusion.sum() == 24
    assert metrics["calibration"]["expected_error"] == pytest.approx(0.1)  # a score of 0.9, always right


def test_a_model_that_finds_nothing_scores_nothing(dataset):
    metrics = evaluate(BlindSegmenter(), dataset, QUICK)
    overall = metrics["overall"]
    assert overall["mask_ap"] == overall["box_ap"] == overall["garment_iou"] == overall["miou"] == 0
    assert overall["boundary_iou"] is None
    assert metrics["calibration"]["expected_error"] is None
    absent = [row for row in metrics["per_category"] if not row["instances"]]
    assert all(row["mask_ap"] is None and row["iou"] is None and row["recall"] is None for row in absent)
    assert all(row["precision"] is None for row in metrics["per_category"])
    assert np.array(metrics["confusion"]["matrix"])[:, BACKGROUND].sum() == 24


def test_right_pixels_under_wrong_names(dataset):
    metrics = evaluate(ColourSegmenter(shift_class=1), dataset, QUICK)
    assert metrics["overall"]["garment_iou"] == 1
    assert metrics["overall"]["mask_ap"] == pytest.approx(0, abs=0.01)
    confusion = np.array(metrics["confusion"]["matrix"])
    assert np.trace(confusion) == 0
    assert confusion[0, 1] == metrics["per_category"][0]["instances"]


def test_moved_masks_lose_boundary_before_area(dataset):
    overall = [evaluate(ColourSegmenter(shift_px=px), dataset, QUICK)["overall"] for px in (0, 1, 2)]
    for name in ("garment_iou", "boundary_iou", "mask_ap"):
        values = [o[name] for o in overall]
        assert values[0] > values[1] > values[2], name
    assert overall[2]["boundary_iou"] < overall[2]["garment_iou"]


def test_garment_iou_by_hand(tmp_path):
    """Two photos, moved by 4 pixels: widths 8 and 20 give 4/12 and 16/24; pooled with equal heights 20/36."""
    for number, width in ((1, 8), (2, 20)):
        items = {"item1": annotation_item(1, (20, 10, 20 + width, 30))}
        write_photo(tmp_path / "validation", number, items)
    overall = evaluate(ColourSegmenter(shift_px=4), DeepFashion2(tmp_path, "validation"), QUICK)["overall"]
    assert overall["garment_iou"] == pytest.approx((4 / 12 + 16 / 24) / 2)
    assert overall["garment_iou_pooled"] == overall["miou"] == pytest.approx(20 / 36)
    assert overall["garment_dice"] == pytest.approx((8 / 16 + 32 / 40) / 2)


def test_below_the_threshold_counts_for_ap_alone(dataset):
    overall = evaluate(ColourSegmenter(score=0.3), dataset, QUICK)["overall"]
    assert overall["mask_ap"] == 1
    assert overall["garment_iou"] == 0
    assert (
        evaluate(ColourSegmenter(score=0.3), dataset, Options(threshold=0.2, resamples=0))["overall"]["garment_iou"]
        == 1
    )


def test_cuts_share_out_the_photos(dataset):
    cuts = evaluate(ColourSegmenter(shift_px=1), dataset, QUICK)["cuts"]
    assert set(cuts) == {"worn", "not_worn", "occlusion_1", "occlusion_2", "occlusion_3"}
    assert cuts["worn"]["images"] == cuts["not_worn"]["images"] == 6
    assert sum(cut["images"] for name, cut in cuts.items() if name.startswith("occlusion")) == 12


def test_a_cut_is_what_evaluating_its_photos_alone_gives(dataset, tmp_path):
    segmenter = ColourSegmenter(shift_px=2, score=lambda category_id, area: 0.5 + area / 5000)
    shutil.copytree(dataset.root, tmp_path / "worn")
    for record in dataset.records():
        if not record.worn:
            (tmp_path / "worn/validation/annos" / f"{record.image_path.stem}.json").unlink()
            (tmp_path / "worn/validation/image" / record.image_path.name).unlink()
    alone = evaluate(segmenter, DeepFashion2(tmp_path / "worn", "validation"), QUICK)["overall"]
    assert evaluate(segmenter, dataset, QUICK)["cuts"]["worn"] == pytest.approx(alone)


def test_categories_with_ten_instances_alone_enter_min10(tmp_path):
    for number in range(1, 12):
        category_id = 8 if number < 11 else 9
        items = {"item1": annotation_item(category_id, (20, 10, 40, 30))}
        write_photo(tmp_path / "validation", number, items)
    segmenter = ColourSegmenter(score=lambda category_id, area: 0.9 if category_id == 8 else 0.001)
    overall = evaluate(segmenter, DeepFashion2(tmp_path, "validation"), QUICK)["overall"]
    assert (overall["mask_ap"], overall["mask_ap_min10"], overall["box_ap_min10"]) == (0.5, 1, 1)
    assert overall["miou_min10"] == 1


def test_intervals_hold_the_estimate_and_repeat(dataset):
    segmenter = ColourSegmenter(shift_px=2, score=lambda category_id, area: 0.5 + area / 5000)
    first, second = (evaluate(segmenter, dataset, Options(resamples=60)) for _ in range(2))
    assert first["overall_ci"] == second["overall_ci"]
    for name in ("garment_iou", "garment_dice", "miou", "boundary_iou", "mask_ap", "mask_ar", "box_ap", "box_ap75"):
        low, high = first["overall_ci"][name]
        assert 0 <= low <= first["overall"][name] <= high <= 1, name
    low, high = first["overall_ci"]["garment_iou"]
    assert low < first["overall"]["garment_iou"] < high


def test_worn_and_not_worn_have_the_intervals_of_their_photos_alone(dataset, tmp_path):
    segmenter = ColourSegmenter(shift_px=2, score=lambda category_id, area: 0.5 + area / 5000)
    found = evaluate(segmenter, dataset, Options(resamples=40))
    for cut in ("worn", "not_worn"):
        for name in ("mask_ap", "garment_iou", "recall"):
            low, high = found["cuts_ci"][cut][name]
            assert low <= found["cuts"][cut][name] <= high, (cut, name)
    shutil.copytree(dataset.root, tmp_path / "worn")
    for record in dataset.records():
        if not record.worn:
            (tmp_path / "worn/validation/annos" / f"{record.image_path.stem}.json").unlink()
    alone = evaluate(segmenter, DeepFashion2(tmp_path / "worn", "validation"), Options(resamples=40))
    for name, bounds in alone["overall_ci"].items():
        assert found["cuts_ci"]["worn"][name] == (bounds and pytest.approx(bounds)), name


def test_categories_have_intervals_where_there_are_garments(dataset):
    segmenter = ColourSegmenter(shift_px=2, score=lambda category_id, area: 0.5 + area / 5000)
    for row in evaluate(segmenter, dataset, Options(resamples=40))["per_category"]:
        for name in ("mask_ap", "mask_ap50"):
            bounds = row[f"{name}_ci"]
            assert (bounds is None) == (row["instances"] == 0)
            assert bounds is None or bounds[0] <= row[name] <= bounds[1]


def test_what_is_found_and_what_is_right_is_counted(tmp_path):
    """Four garments on two photos: one is not seen, one has another's name, and of nothing one is seen."""
    place = (20, 10, 40, 30)
    write_photo(
        tmp_path / "validation", 1, {"item1": annotation_item(8, place), "item2": annotation_item(9, (0, 0, 9, 9))}
    )
    write_photo(
        tmp_path / "validation", 2, {"item1": annotation_item(8, place), "item2": annotation_item(1, (0, 0, 9, 9))}
    )

    class Mistaken(ColourSegmenter):
        def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
            found = super().predict(image, min_score)
            if 9 in found.category_ids:  # the skirt is not seen, but something in the corner
                corner = np.zeros((1, *image.shape[:2]), bool)
                corner[0, -9:, -9:] = True
                masks = np.concatenate([found.masks[found.category_ids == 8], corner])
                return Detections.from_masks(masks, [8, 8], [0.9, 0.8])
            names = [2 if c == 1 else c for c in found.category_ids]  # a sleeve too long
            return Detections.from_masks(found.masks, names, found.scores)

    overall = evaluate(Mistaken(), DeepFashion2(tmp_path, "validation"), QUICK)["overall"]
    assert (overall["recall"], overall["recall_any_name"], overall["precision"]) == (0.5, 0.75, 0.5)
    refined = evaluate(Mistaken(), DeepFashion2(tmp_path, "validation"), Options(refine=True, resamples=0))["overall"]
    assert refined["recall"] == 0.5 and 0 <= refined["recall_refined"] <= refined["recall_any_name_refined"] <= 1


def test_the_measures_by_sums_of_photos_are_what_one_computes_the_long_way(dataset, monkeypatch):
    judged = []
    monkeypatch.setattr("ewardrobe.evaluation.evaluator.summarise", lambda j, n: judged.append(j) or summarise(j, n))
    overall = evaluate(ColourSegmenter(shift_px=3), dataset, Options(resamples=0, refine=True))["overall"]
    photos = judged[0].photos
    measures = PhotoMeasures(photos)
    assert overall["garment_iou"] == pytest.approx(np.mean([iou_of_counts(p.garments) for p in photos]))
    assert overall["garment_iou_pooled"] == pytest.approx(iou_of_counts(sum(p.garments for p in photos)))
    boundaries = [value for p in photos for value in p.refined_boundary_ious]
    assert overall["boundary_iou_refined"] == pytest.approx(np.mean(boundaries))
    assert overall["matched_garments_refined"] == len(boundaries)
    only_the_first = measures.means(np.array([2] + [0] * (len(photos) - 1)))
    assert only_the_first["garment_iou"] == pytest.approx(iou_of_counts(photos[0].garments))
    nothing = measures.means(np.zeros(len(photos), int))
    assert len(nothing) == 12 and nothing == dict.fromkeys(nothing)


def test_parsing_maps_are_judged_where_the_model_parses(tmp_path):
    write_split(tmp_path, 4)
    (tmp_path / "validation/parsing").mkdir()
    for path in sorted((tmp_path / "validation/image").glob("*.png")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(tmp_path / "validation/parsing" / path.name), np.where(grey < 250, grey // 15, 0))
    data = DeepFashion2(tmp_path, "validation")
    metrics = evaluate(ParsingSegmenter(score=0.1), data, QUICK)
    parsing = metrics["parsing"]
    assert (parsing["images"], parsing["miou"]) == (4, 1)
    assert metrics["overall"]["garment_iou"] == 0  # below the threshold, which the label map does not know
    assert metrics["overall"]["garment_iou_map"] == metrics["cuts"]["worn"]["garment_iou_map"] == 1
    assert "garment_iou_map" not in evaluate(ColourSegmenter(), data, QUICK)["overall"]
    assert set(parsing["iou"]) == set(LABEL_NAMES)
    assert parsing["iou"]["hair"] is None
    assert "parsing" not in evaluate(ColourSegmenter(), data, QUICK)
    assert "parsing" not in evaluate(ParsingSegmenter(), data, Options(parsing=False, resamples=0))


def test_refined_garments_are_judged_beside_the_raw_ones(dataset):
    overall = evaluate(ColourSegmenter(), dataset, Options(refine=True, resamples=0), limit=4)["overall"]
    assert overall["garment_iou"] == 1
    assert 0.8 < overall["garment_iou_refined"] <= 1
    assert 0.5 < overall["boundary_iou_refined"] <= 1
    assert "garment_iou_refined" not in evaluate(ColourSegmenter(), dataset, QUICK, limit=4)["overall"]


def test_a_limit_takes_photos_from_the_whole_split(dataset):
    assert evaluate(ColourSegmenter(), dataset, QUICK, limit=5)["overall"]["images"] == 5
    assert evaluate(ColourSegmenter(), dataset, QUICK, limit=99)["overall"]["images"] == 12
    with pytest.raises(ValueError, match="limit"):
        evaluate(ColourSegmenter(), dataset, QUICK, limit=0)


def test_a_model_that_answers_otherwise_at_the_apps_threshold_is_told(dataset):
    class Fickle(ColourSegmenter):
        def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
            found = super().predict(image, min_score)
            return found if min_score < 0.5 else found[:0]

    assert evaluate(ColourSegmenter(), dataset, QUICK)["meta"]["threshold_disagreements"] == 0
    assert evaluate(Fickle(), dataset, QUICK)["meta"]["threshold_disagreements"] == 12


def test_speed_says_what_it_was_measured_on(dataset):
    speed = evaluate(ColourSegmenter(), dataset, Options(timed=4, resamples=0))["speed"]
    assert speed["photos_timed"] == 4
    assert 0 < speed["ms_median"] <= speed["ms_p95"]
    assert speed["first_ms"] > 0
    assert speed["cut_ms_median"] is None and speed["refined_ms_median"] is None, "nobody asked for refinement"
    speed = evaluate(ColourSegmenter(), dataset, Options(timed=4, resamples=0, refine=True))["speed"]
    assert speed["ms_median"] < speed["cut_ms_median"] < speed["refined_ms_median"]
    assert (speed["image_height_median"], speed["image_width_median"]) == SIZE


def cut_off(photo) -> None:
    """Leave half of a photo: its size can still be read, its pixels cannot."""
    cv2.imwrite(str(photo), np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8))
    photo.write_bytes(photo.read_bytes()[:5000])


def test_photos_that_cannot_be_judged_are_listed(tmp_path):
    write_split(tmp_path, 4)
    cut_off(tmp_path / "validation/image/000002.png")
    metrics = evaluate(ColourSegmenter(), DeepFashion2(tmp_path, "validation"), QUICK)
    assert metrics["overall"]["images"] == 3
    assert len(metrics["meta"]["skipped"]) == 1
    assert "000002.png" in metrics["meta"]["skipped"][0]


def test_no_photo_at_all_is_an_error(tmp_path):
    write_split(tmp_path, 1)
    cut_off(tmp_path / "validation/image/000001.png")
    with pytest.raises(DatasetError, match="000001.png"):
        evaluate(ColourSegmenter(), DeepFashion2(tmp_path, "validation"), QUICK)


def test_masks_are_let_go_in_chunks():
    matcher = CocoMatcher("segm", chunk_size=5)
    for truths, found in random_photos(23, seed=3):
        matcher.add(detections(truths), detections(found))
        assert len(matcher._pending) < 5
    assert len(matcher) == 23


# --- report, provenance, command -----------------------------------------------------------------------------------


def test_the_file_holds_the_metrics(dataset, tmp_path):
    metrics = evaluate(ColourSegmenter(shift_px=1), dataset, QUICK)
    report.write_metrics(metrics, tmp_path / "new" / "unet.metrics.json")
    text = (tmp_path / "new" / "unet.metrics.json").read_text()
    read = json.loads(text)
    assert read["overall"] == pytest.approx(metrics["overall"], abs=1e-6)
    assert read["confusion"] == metrics["confusion"]
    assert len(read["pr_curves"][0]["precision"]) == 101
    assert len(text.splitlines()) < 900


def test_nan_never_reaches_the_file(tmp_path):
    with pytest.raises(ValueError, match="JSON|NaN|nan"):
        report.write_metrics({"overall": {"mask_ap": float("nan")}}, tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


def test_the_table_names_every_measure_and_category(dataset):
    text = report.format_report(evaluate(ColourSegmenter(), dataset, QUICK))
    for word in ("Mask AP50", "Garment IoU", "Boundary IoU", "not worn (6)", "sling dress", "a photo takes"):
        assert word in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_data_hash_follows_content_and_not_place(tmp_path):
    first, second, other = (write_split(tmp_path / name, 3, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    hashes = [provenance.data_hash(DeepFashion2(root, "validation").annotations) for root in (first, second, other)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_run_is_described():
    run = provenance.describe_run()
    assert run["versions"]["faster-coco-eval"]
    assert run["machine"]["cores"] >= 1


@pytest.fixture
def command(dataset, monkeypatch):
    """Run ``evaluate`` on the drawn photos with the segmenter that reads their colours."""
    monkeypatch.setattr("ewardrobe.models.load_segmenter", lambda name, weights=None: ColourSegmenter(shift_px=1))
    monkeypatch.setattr(weights, "verified_path", lambda name: (None, {"sha256": "ab" * 32}))
    return lambda *words: main(["evaluate", "--data", str(dataset.root), "--resamples", "10", *words])


def test_the_command_prints_a_table_and_writes_the_file(command, dataset, tmp_path, capsys):
    assert command("--limit", "6", "--threads", "2", "--json", str(tmp_path / "m.json")) == 0
    assert "Mask AP50" in capsys.readouterr().out
    meta = json.loads((tmp_path / "m.json").read_text())["meta"]
    assert meta["weights_sha256"] == "ab" * 32
    assert (meta["data"], meta["split"], meta["images"], meta["limit"]) == (dataset.root.name, "validation", 6, 6)
    assert str(dataset.root.parent) not in json.dumps(meta)  # published: no path of this machine
    assert "--limit 6 --threads 2" in meta["command"]
    assert len(meta["data_sha256"]) == 64


def test_the_command_takes_weights_of_ones_own(command, tmp_path):
    (tmp_path / "mine.pt").write_bytes(b"weights")
    assert command("--weights", str(tmp_path / "mine.pt"), "--json", str(tmp_path / "m.json")) == 0
    meta = json.loads((tmp_path / "m.json").read_text())["meta"]
    assert meta["weights_sha256"] == weights.sha256_of(tmp_path / "mine.pt")
    assert "--weights mine.pt" in meta["command"]


@pytest.mark.parametrize(
    "words", [["--limit", "0"], ["--limit", "x"], ["--threads", "0"], ["--threshold", "1.5"], ["--min-score", "-1"]]
)
def test_the_command_refuses_wrong_numbers(command, words):
    with pytest.raises(SystemExit) as caught:
        command(*words)
    assert caught.value.code == 2


def test_the_command_says_what_is_wrong(command, monkeypatch, tmp_path, capsys):
    assert command("--split", "test") == 2
    assert "annos is not a folder" in capsys.readouterr().err
    for words, told in ((("--json", str(tmp_path)), "give a file"), (("--model", "vgg"), "choose from")):
        with pytest.raises(SystemExit, match="2"):
            command(*words)
        assert told in capsys.readouterr().err
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(SystemExit, match="2"):
        command("--json", str(tmp_path / "new" / "m.json"))
    assert "cannot be written" in capsys.readouterr().err


def test_a_photo_without_garments_counts_what_is_seen_in_it(tmp_path):
    write_split(tmp_path, 3)
    write_photo(tmp_path / "validation", 4, {}, np.full((*SIZE, 3), 15 * 9, np.uint8))  # all of it looks like a skirt
    judged = [
        evaluate(ColourSegmenter(), DeepFashion2(tmp_path, "validation", negatives=kept), QUICK)
        for kept in (False, True)
    ]
    assert [metrics["meta"]["looked_at"] for metrics in judged] == [3, 4]
    assert judged[1]["overall"]["garment_iou"] < judged[0]["overall"]["garment_iou"]
    assert json.loads(json.dumps(judged[1], allow_nan=False))


def test_the_command_ends_with_one_when_photos_were_skipped(command, monkeypatch, tmp_path, capsys):
    write_split(tmp_path, 3)
    cut_off(tmp_path / "validation/image/000003.png")
    assert command("--data", str(tmp_path)) == 1
    assert "1 photos could not be judged" in capsys.readouterr().out
    (tmp_path / "validation/image/000003.png").unlink()
    assert command("--data", str(tmp_path)) == 1
    assert "1 faults in the data set" in capsys.readouterr().out
    (tmp_path / "validation/annos/000003.json").unlink()
    assert command("--data", str(tmp_path)) == 0
