"""Cut-outs from rendered photos whose every pixel is known."""

import cv2
import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import on_background
from ewardrobe.core.masks import boundary_iou, grow, mask_iou
from ewardrobe.garments.cutout import (
    EDGE_PX,
    drop_duplicates,
    extract_garments,
    garment_from_mask,
    resolve_overlaps,
    soft_alpha,
)
from ewardrobe.garments.refinement import _moved_to_edges

TOP, OUTER, TROUSERS, DRESS = 1, 4, 8, 10


def box_mask(x0, y0, x1, y1, size=(200, 200)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def detections(*parts) -> Detections:
    """From (mask, category id, score) triples."""
    masks, ids, scores = zip(*parts, strict=True)
    return Detections.from_masks(np.stack(masks), ids, scores)


def shirt(height=320, width=300) -> np.ndarray:
    """A T-shirt's outline."""
    mask = np.zeros((height, width), np.uint8)
    outline = np.array([[90, 60], [130, 70], [170, 70], [210, 60], [260, 120], [225, 150], [210, 130], [210, 270]])
    outline = np.vstack([outline, [[90, 270], [90, 130], [75, 150], [40, 120]]])
    return cv2.fillPoly(mask, [outline], 1).astype(bool)


def photo(mask: np.ndarray, colour=(170, 30, 40), ground=(190, 185, 170), seed=0) -> np.ndarray:
    """``mask`` in ``colour`` on ``ground``, with noise and the soft edge of a lens."""
    rng = np.random.default_rng(seed)
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
    image = alpha * np.array(colour) + (1 - alpha) * np.array(ground) + rng.normal(0, 5, (*mask.shape, 3))
    return np.clip(image, 0, 255).astype(np.uint8)


def coarse(mask: np.ndarray, shift=5) -> np.ndarray:
    """``mask`` as a small network sees it: rounded off and off by a few pixels."""
    blurred = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 6) > 0.5
    return np.roll(blurred, shift, axis=1)


def test_the_upper_layer_keeps_the_overlap_whatever_the_scores():
    jacket, top = box_mask(50, 40, 100, 140), box_mask(80, 40, 150, 140)
    found = resolve_overlaps(detections((top, TOP, 0.95), (jacket, OUTER, 0.6)))
    assert (found.masks[1] == jacket).all()
    assert (found.masks[0] == (top & ~jacket)).all()
    assert found.boxes[0].tolist() == [100, 40, 150, 140]


def test_within_a_layer_the_higher_score_keeps_the_overlap():
    a, b = box_mask(20, 20, 100, 120), box_mask(80, 20, 160, 120)
    found = resolve_overlaps(detections((a, TOP, 0.6), (b, 5, 0.8)))
    assert (found.masks[1] == b).all()
    assert not (found.masks[0] & b).any()


def test_a_guess_takes_no_pixel_from_what_is_sure():
    jacket, top, coat = box_mask(50, 40, 100, 140), box_mask(80, 40, 150, 140), box_mask(10, 30, 110, 150)
    sure = ((top, TOP, 0.95), (jacket, OUTER, 0.6))
    alone, beside = resolve_overlaps(detections(*sure)), resolve_overlaps(detections(*sure, (coat, OUTER, 0.4)))
    assert (beside.masks[:2] == alone.masks).all()
    assert len(beside) == 3
    assert not (beside.masks[2] & (top | jacket)).any()


def test_one_garment_named_twice_stays_once_with_the_higher_score():
    mask = box_mask(40, 40, 140, 160)
    found = drop_duplicates(detections((mask, TOP, 0.4), (box_mask(42, 40, 140, 160), 2, 0.7), (mask, DRESS, 0.3)))
    assert found.category_ids.tolist() == [2]


def test_a_garment_that_is_hardly_seen_is_dropped():
    found = resolve_overlaps(detections((box_mask(40, 40, 140, 100), TOP, 0.9), (box_mask(40, 40, 140, 110), DRESS, 1)))
    assert found.category_ids.tolist() == [TOP]


def test_specks_and_pinholes_go_and_real_holes_stay():
    mask = box_mask(40, 40, 160, 180)
    mask[5:8, 5:8] = True
    mask[60:62, 60:62] = False
    mask[100:130, 90:120] = False
    found = resolve_overlaps(detections((mask, TROUSERS, 0.9), (box_mask(0, 190, 3, 193), TOP, 0.9)))
    expected = box_mask(40, 40, 160, 180)
    expected[100:130, 90:120] = False
    assert len(found) == 1
    assert (found.masks[0] == expected).all()


def test_masks_of_several_garments_never_overlap_after_refinement():
    rng = np.random.default_rng(3)
    image = cv2.resize(rng.integers(0, 255, (20, 20, 3), np.uint8), (200, 200))
    parts = [(box_mask(30, 20, 120, 110), OUTER, 0.9), (box_mask(60, 30, 160, 120), TOP, 0.8)]
    garments = extract_garments(image, detections(*parts, (box_mask(40, 100, 150, 190), TROUSERS, 0.7)))
    assert len(garments) == 3
    assert np.sum([garment.mask for garment in garments], axis=0).max() == 1


def test_refinement_finds_the_edge():
    truth = shirt()
    image, seen = photo(truth), coarse(truth)
    refined, plain = (
        extract_garments(image, detections((seen, TOP, 0.9)), refine=refine)[0].mask for refine in (True, False)
    )
    assert (plain == seen).all()
    assert mask_iou(refined, truth) > 0.98 > mask_iou(seen, truth)
    assert boundary_iou(refined, truth) > 0.9 > 0.7 > boundary_iou(seen, truth)


def test_refinement_works_at_full_resolution_and_moves_nothing_far():
    truth = cv2.resize(shirt().astype(np.uint8), (1500, 1600), interpolation=cv2.INTER_NEAREST).astype(bool)
    seen = cv2.resize(coarse(shirt()).astype(np.uint8), (1500, 1600), interpolation=cv2.INTER_NEAREST).astype(bool)
    garment = extract_garments(photo(truth), detections((seen, TOP, 0.9)))[0]
    assert mask_iou(garment.mask, truth) > 0.985
    flat = np.full((1600, 1500, 3), 128, np.uint8)  # no edge to be found
    assert mask_iou(extract_garments(flat, detections((seen, TOP, 0.9)))[0].mask, seen) > 0.78


def test_an_outline_moves_to_a_stronger_edge_and_back_from_a_weaker_one():
    truth = box_mask(60, 50, 140, 170, (220, 220))
    wrong = truth.copy()
    wrong[80:120, 140:155] = True  # runs out into the ground, where nothing ends
    image = photo(truth)
    assert (_moved_to_edges(image, before=truth, after=wrong) == truth).all()
    assert (_moved_to_edges(image, before=wrong, after=truth) == truth).all()
    assert (_moved_to_edges(image, before=truth, after=truth) == truth).all()


def test_same_photo_same_garments():
    image, found = photo(shirt()), detections((coarse(shirt()), TOP, 0.9))
    first, second = (extract_garments(image, found)[0] for _ in range(2))
    assert (first.mask == second.mask).all()
    assert (first.cutout == second.cutout).all()


def test_cutout_is_tight_soft_and_without_the_ground():
    mask = shirt()
    garment = garment_from_mask(photo(mask, ground=(20, 240, 40)), mask, TOP, 0.87654)
    x0, y0, x1, y1 = garment.box
    assert (x0, y0, x1, y1) == (40, 60, 261, 271)
    height, width = garment.cutout.shape[:2]
    margin = (height - (y1 - y0)) // 2
    assert margin >= EDGE_PX
    assert width - (x1 - x0) == 2 * margin
    alpha = garment.cutout[..., 3]
    assert alpha[[0, -1]].max() == alpha[:, [0, -1]].max() == 0
    assert ((alpha > 128) == np.pad(mask[y0:y1, x0:x1], margin)).mean() > 0.99
    soft = (alpha > 0) & (alpha < 255)
    assert 0.5 < soft.sum() / cv2.Canny(alpha, 100, 200).astype(bool).sum() < 2 * EDGE_PX


def test_no_halo_of_the_background_on_white():
    mask = shirt()
    green = photo(mask, ground=(20, 240, 40))
    cutout = garment_from_mask(green, mask, TOP, 1.0).cutout
    edge = (cutout[..., 3] > 40) & (cutout[..., 3] < 215)
    assert edge.sum() > 300
    greenness = cutout[edge][:, 1].astype(int) - cutout[edge][:, 0]
    assert np.mean(greenness > 0) < 0.02
    pasted = on_background(cutout, (255, 255, 255)).astype(int)
    assert ((pasted[..., 1] - pasted[..., 0]) > 15).mean() < 0.001


def test_garment_at_the_photos_border_gets_its_margin_too():
    mask = box_mask(0, 0, 200, 120)
    cutout = garment_from_mask(photo(mask), mask, TOP, 1.0).cutout
    assert cutout[[0, -1], :, 3].max() == cutout[:, [0, -1], 3].max() == 0
    assert cutout.shape[1] > 200


def test_alpha_is_one_inside_and_zero_outside():
    mask = shirt()
    alpha = soft_alpha(photo(mask), mask)
    assert alpha.dtype == np.float32
    assert (alpha[grow(mask, -EDGE_PX)] == 1).all()
    assert (alpha[~grow(mask, EDGE_PX)] == 0).all()


def test_garment_knows_its_name_and_colour():
    garment = extract_garments(photo(shirt()), detections((shirt(), TOP, 0.9)))[0]
    assert (garment.category_id, garment.name, garment.colour) == (TOP, "short sleeve top", "red")
    assert garment.score == pytest.approx(0.9)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (7, 5)])
def test_masks_that_fill_tiny_pictures(size):
    image, mask = np.full((*size, 3), 90, np.uint8), np.ones(size, bool)
    garments = extract_garments(image, detections((mask, TOP, 0.9)))
    assert len(garments) == 1
    assert (garments[0].mask == mask).all()


def test_nothing_found_gives_nothing():
    assert extract_garments(np.zeros((50, 40, 3), np.uint8), Detections.empty(50, 40)) == []


def test_wrong_input_is_told():
    image = np.zeros((50, 40, 3), np.uint8)
    with pytest.raises(ValueError, match="same image"):
        extract_garments(image, Detections.empty(40, 50))
    with pytest.raises(ValueError, match="mask of this image"):
        garment_from_mask(image, np.ones((5, 5), bool), TOP, 1.0)
    with pytest.raises(ValueError, match="the mask is empty"):
        garment_from_mask(image, np.zeros((50, 40), bool), TOP, 1.0)


def test_simulated_masks_get_better_on_real_photos(wardrobe13):
    from itertools import islice

    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.evaluation.refinement import measure_refinement

    report = measure_refinement(islice(DeepFashion2(wardrobe13, "validation").records(), 24))
    assert report["photos"] == 24
    for view in ("worn", "not_worn"):
        means = report[view]
        assert means["iou_after"] > means["iou_before"] + 0.01, view
        assert means["boundary_after"] > means["boundary_before"] + 0.05, view
