"""Silhouettes as spans, garments made ready, and the map between the two."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ewardrobe.datasets import synthetic
from ewardrobe.tryon import fitting
from ewardrobe.tryon.garment import GarmentImageError, prepare
from ewardrobe.tryon.scene import WornGarment
from ewardrobe.tryon.spans import ROWS, Spans, measure

IDENTITY = np.float64([[1, 0, 0], [0, 1, 0]])


def rectangle(size=(120, 100), box=(30, 20, 70, 100)) -> np.ndarray:
    mask = np.zeros(size, np.float32)
    mask[box[1] : box[3], box[0] : box[2]] = 1
    return mask


def t_shirt(size=(200, 200)) -> np.ndarray:
    mask = np.zeros(size, np.uint8)
    cv2.rectangle(mask, (70, 40), (130, 170), 1, -1)
    for side in (-1, 1):
        cv2.line(mask, (100 + side * 30, 50), (100 + side * 80, 95), 1, 17)
    return mask.astype(np.float32)


def test_a_rectangle_is_known_to_half_a_pixel():
    spans = measure(rectangle())
    assert spans.points.shape == (2, ROWS, 2)
    np.testing.assert_allclose(spans.left, 29.5, atol=0.1)
    np.testing.assert_allclose(spans.right, 69.5, atol=0.1)
    assert (spans.top, spans.bottom) == pytest.approx((19.5, 99.5), abs=0.1)


def test_a_soft_edge_moves_the_end_by_parts_of_a_pixel():
    mask = rectangle()
    mask[20:100, 70] = 0.75  # a column that is three quarters covered: the end lies beyond its centre
    assert measure(mask).right.mean() == pytest.approx(70 + 1 / 3, abs=0.05)


def test_sleeves_are_no_trunk():
    spans = measure(t_shirt())
    assert spans.width == pytest.approx(61, abs=3)
    assert spans.left[7:].min() > 65 and spans.right[7:].max() < 135 and spans.left.min() > 55
    assert spans.arms == pytest.approx((65, 65), abs=12)


def strapped(strap: int, depth: int) -> np.ndarray:
    """A garment without sleeves: straps ``strap`` wide beside a neckline ``depth`` deep."""
    mask = np.zeros((200, 200), np.uint8)
    cv2.rectangle(mask, (60, 40), (140, 170), 1, -1)
    mask[40 : 40 + depth, 60 + strap : 141 - strap] = 0
    return mask.astype(np.float32)


@pytest.mark.parametrize(("strap", "depth"), [(22, 60), (10, 30), (4, 40)])
def test_a_deep_neckline_and_thin_straps_are_trunk(strap, depth):
    spans = measure(strapped(strap, depth))
    assert spans.top == pytest.approx(40, abs=2) and spans.bottom == pytest.approx(170, abs=1)
    np.testing.assert_allclose([spans.left.mean(), spans.right.mean()], [59.5, 140.5], atol=1.5)


def test_a_neckline_leaves_sleeves_sleeves():
    mask = t_shirt()
    mask[:95, 90:111] = 0
    np.testing.assert_allclose(measure(mask).points, measure(t_shirt()).points, atol=2)


def test_the_legs_below_a_top_are_no_sleeves():
    mask = t_shirt((320, 200)).astype(np.uint8)
    for x in (70, 108):
        cv2.rectangle(mask, (x, 165), (x + 22, 310), 1, -1)
    spans = measure(mask.astype(np.float32))
    assert spans.bottom == pytest.approx(310, abs=2)
    assert spans.left[7:].min() > 65 and spans.right[7:].max() < 135


@pytest.mark.parametrize(
    "mask", [np.zeros((50, 50)), rectangle(box=(10, 10, 13, 13)), np.zeros((1, 1)), np.ones((3, 90))]
)
def test_what_has_no_shape_has_no_spans(mask):
    assert measure(mask) is None


@pytest.mark.parametrize("thick", [8, 20, 32])
@pytest.mark.parametrize("slant", [0, 25])
def test_a_forearm_across_the_belly_leaves_the_trunk_whole(thick, slant):
    whole = rectangle((192, 256), (90, 30, 170, 150))
    cut = whole.copy()
    cv2.line(cut, (60, 108 + slant), (200, 108 - slant), 0, thick)
    np.testing.assert_allclose(measure(cut).points, measure(whole).points, atol=1.5)


def test_the_hole_of_an_arm_akimbo_is_not_filled():
    mask = t_shirt().astype(np.uint8)
    cv2.polylines(mask, [np.int32([[68, 55], [35, 90], [68, 125]])], False, 1, 9)
    measured = measure(mask.astype(np.float32))
    assert measured.left[8:].min() > 55 and measured.width == pytest.approx(61, abs=4)


def test_a_faint_mask_has_no_spans():
    assert measure(rectangle() * 0.4) is None


def test_noise_in_the_mask_hardly_moves_the_spans():
    clean = cv2.GaussianBlur(t_shirt(), (0, 0), 1.5)
    rng = np.random.default_rng(0)
    seen = np.stack([measure(np.clip(clean + rng.normal(0, 0.03, clean.shape), 0, 1)).points for _ in range(20)])
    assert np.sqrt(seen.var(axis=0).mean()) <= 0.5


def test_level_shoulders_do_not_move_the_first_rows():
    """Where the outline is nearly level, a row more or less of the mask is many pixels to the side."""
    seen = []
    for cut in (0, 1, 2):
        mask = np.zeros((200, 200), np.uint8)
        cv2.fillPoly(mask, [np.int32([[88, 40], [112, 40], [150, 48], [150, 170], [50, 170], [50, 48]])], 1)
        mask[: 40 + cut] = 0
        seen.append(measure(mask.astype(np.float32)).points[:, :3, 0])
    assert np.ptp(seen, axis=0).max() < 1.5


@pytest.mark.parametrize(("scale", "shift"), [(1.0, (0, 0)), (1.0, (13.25, -7.5)), (1.7, (4, 9)), (0.6, (-3, 20))])
def test_the_map_is_exact_for_scaled_and_shifted_silhouettes(scale, shift):
    garment = measure(t_shirt())
    worn = Spans((garment.points * scale + np.array(shift)).astype(np.float32))
    there = np.random.default_rng(1).uniform((75, 45), (125, 165), (200, 2))
    back = fitting.by_rows(there * scale + shift, worn, garment)
    np.testing.assert_allclose(back, there, atol=0.05)
    np.testing.assert_allclose(fitting.by_similarity(there * scale + shift, worn, garment), there, atol=0.05)


@pytest.mark.parametrize("seed", range(20))
def test_the_map_never_folds(seed):
    rng = np.random.default_rng(seed)
    left, right = np.cumsum(rng.normal(0, 3, ROWS)) + 40, np.cumsum(rng.normal(0, 3, ROWS)) + 120
    y = np.linspace(20, 180, ROWS)
    worn = Spans(np.stack([np.stack([left, y], 1), np.stack([np.maximum(right, left + 8), y], 1)]).astype(np.float32))
    xs, ys = np.meshgrid(np.arange(0, 200, 4.0), np.arange(24, 176, 4.0))
    mapped = fitting.by_rows(np.stack([xs, ys], -1), worn, measure(t_shirt()))
    assert (np.diff(mapped[..., 0], axis=1) > 0).all() and (np.diff(mapped[..., 1], axis=0) > 0).all()


def test_a_moved_mask_lands_where_the_motion_says():
    mask = rectangle((60, 80), (20, 10, 50, 40))
    motion = np.float64([[1, 0, 16], [0, 1, -8]])
    box = fitting.box_of(mask, (480, 640), motion)
    here = fitting.to_box(mask, (480, 640), motion, box)
    assert here.shape == (box[3] - box[1], box[2] - box[0])
    ys, xs = np.nonzero(here > 0.5)
    assert (xs.min() + box[0], ys.min() + box[1]) == pytest.approx((20 * 8 + 16, 10 * 8 - 8), abs=1)
    assert (xs.max() + box[0] + 1, ys.max() + box[1] + 1) == pytest.approx((50 * 8 + 16, 40 * 8 - 8), abs=1)
    assert fitting.box_of(mask, (480, 640), np.float64([[1, 0, 900], [0, 1, 0]])) is None


def cut_out(category_id: int) -> np.ndarray:
    photo = synthetic.render_flat_lay(category_id, seed=3, angle=0.0)
    mask = photo.items[0]["mask"]
    ys, xs = np.nonzero(mask)
    part = np.s_[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
    return np.dstack([photo.image[part], mask[part].astype(np.uint8) * 255])


@pytest.mark.parametrize("category_id", range(1, 14))
def test_every_kind_of_garment_can_be_made_ready(category_id):
    ready = prepare(cut_out(category_id), category_id)
    assert max(ready.levels[0].shape) <= 512 and all(level.shape[2] == 4 for level in ready.levels)
    height, width = ready.levels[0].shape[:2]
    assert ready.spans.bottom - ready.spans.top > 0.6 * height
    assert 0.15 * width < ready.spans.width <= width + 1


def test_colours_go_on_beyond_the_edge():
    rgba = np.zeros((80, 60, 4), np.uint8)
    rgba[20:70, 15:45] = (200, 30, 40, 255)
    rgb = prepare(rgba, 1).levels[0][..., :3].astype(int)
    assert np.abs(rgb - (200, 30, 40)).max() <= 6


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((50, 50, 3), np.uint8),
        np.zeros((50, 50), np.uint8),
        np.zeros((50, 50, 4), np.uint8),
        np.full((1, 1, 4), 255, np.uint8),
        np.zeros((50, 50, 4), np.float32),
    ],
)
def test_a_picture_that_cannot_be_worn_says_what_to_do(picture):
    with pytest.raises(GarmentImageError, match="Add garments|photograph the garment again"):
        prepare(picture, 1)


def test_sampling_at_the_cells_centres_is_exact():
    ramp = np.dstack([np.tile(np.arange(200, dtype=np.uint8), (160, 1))] * 3 + [np.full((160, 200), 255, np.uint8)])
    ready = prepare(ramp, 1)
    box = (0, 0, 96, 64)
    drawn = fitting.sample(ready, fitting.nodes(box, IDENTITY) + np.float32([20, 10]), box)
    expected = np.tile(np.arange(20, 116), (64, 1))
    inner = np.s_[4:-4, 4:-4]  # beyond the outermost centres the map is not continued
    assert np.abs(drawn[..., 0].astype(int) - expected)[inner].max() <= 1


def test_short_sleeves_end_on_a_long_one():
    mask = t_shirt()
    worn = WornGarment("top", 2, 1.0, mask, measure(mask))
    points = np.array([[100.0, 100.0], [75.0, 45.0], [55.0, 65.0], [22.0, 93.0]])
    kept = fitting.sleeves_kept(points, worn, length=0.45, worn_length=1.0)
    assert kept[0] == 1 and kept[1] == 1 and kept[2] == 1 and kept[3] < 0.1
