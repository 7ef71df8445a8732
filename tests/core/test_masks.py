"""Mask functions on masks small enough to check by eye, and against the reference definitions."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ewardrobe.core.masks import (
    boundary,
    boundary_iou,
    drop_specks,
    fill_holes,
    grow,
    mask_box,
    mask_iou,
    mask_to_rle,
    padded_box,
    pairwise_iou,
    rle_to_mask,
    shrink,
)

any_mask = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def drawn(*rows: str) -> np.ndarray:
    return np.array([[letter == "#" for letter in row] for row in rows])


def disc(size=120, radius=40, centre=(60, 60)) -> np.ndarray:
    y, x = np.indices((size, size))
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def test_drop_specks_counts_diagonal_neighbours_as_one_part():
    mask = drawn("#...", ".#..", "...#")
    assert (drop_specks(mask, 2) == drawn("#...", ".#..", "....")).all()


def test_fill_holes_fills_small_ones_only_and_leaves_bays_open():
    mask = drawn("#######", "#.##..#", "####..#", "#######", "###.###")
    assert (fill_holes(mask, 1) == drawn("#######", "####..#", "####..#", "#######", "###.###")).all()
    assert (fill_holes(mask, 4) == drawn("#######", "#######", "#######", "#######", "###.###")).all()


def test_grow_and_shrink_move_a_discs_outline_by_as_many_pixels():
    assert mask_iou(grow(disc(), 10), disc(radius=50)) > 0.97
    assert mask_iou(shrink(disc(), 10), disc(radius=30)) > 0.95
    assert (grow(disc(), -10) == shrink(disc(), 10)).all()
    assert (grow(disc(), 0) == disc()).all()


@given(any_mask, st.integers(0, 4))
def test_growing_only_adds_and_shrinking_only_removes(mask, px):
    assert (grow(mask, px) >= mask).all()
    assert (shrink(mask, px) <= mask).all()


def test_iou_by_hand():
    a, b = drawn("##..", "##.."), drawn(".##.", ".##.")
    assert mask_iou(a, b) == pytest.approx(2 / 6)
    assert mask_iou(a, a) == 1
    assert mask_iou(np.zeros_like(a), np.zeros_like(a)) == 1
    assert mask_iou(a, np.zeros_like(a)) == 0
    with pytest.raises(ValueError, match="differ in shape"):
        mask_iou(a, np.zeros((3, 3), bool))


@given(arrays(bool, (3, 5, 7)), arrays(bool, (2, 5, 7)))
def test_pairwise_iou_is_mask_iou_of_each_pair(a, b):
    expected = [[mask_iou(first, second) for second in b] for first in a]
    assert pairwise_iou(a, b) == pytest.approx(np.array(expected))


def test_pairwise_iou_of_nothing():
    assert pairwise_iou(np.zeros((0, 5, 7), bool), np.zeros((2, 5, 7), bool)).shape == (0, 2)
    assert pairwise_iou(np.zeros((0, 5, 7), bool), np.zeros((0, 5, 7), bool)).shape == (0, 0)


def reference_boundary_iou(a: np.ndarray, b: np.ndarray, ratio: float) -> float:
    """Cheng et al.: d erosions by a 3×3 square on a picture padded by one empty pixel."""

    def edge(mask):
        d = max(1, round(ratio * np.hypot(*mask.shape)))
        padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        inner = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=d)[1:-1, 1:-1]
        return mask.astype(int) - inner > 0

    return np.count_nonzero(edge(a) & edge(b)) / max(1, np.count_nonzero(edge(a) | edge(b)))


@pytest.mark.parametrize("shift", [0, 1, 5, 30])
@pytest.mark.parametrize("ratio", [0.005, 0.02, 0.05])
def test_boundary_iou_is_the_papers(shift, ratio):
    rng = np.random.default_rng(shift)
    blob = cv2.GaussianBlur(rng.standard_normal((150, 220)), (0, 0), 9) > 0.01  # touches the borders
    other = np.roll(blob, shift, axis=1)
    assert boundary_iou(blob, other, ratio) == pytest.approx(reference_boundary_iou(blob, other, ratio))


def test_boundary_iou_sees_what_mask_iou_does_not():
    a, b = disc(400, 150, (200, 200)), disc(400, 158, (200, 200))
    assert mask_iou(a, b) > 0.9
    assert boundary_iou(a, b) < 0.4
    assert boundary_iou(a, a) == 1
    assert boundary_iou(np.zeros_like(a), np.zeros_like(a)) == 1


def test_boundary_of_a_square():
    mask = np.zeros((7, 7), bool)
    mask[1:6, 1:6] = True
    expected = mask.copy()
    expected[2:5, 2:5] = False
    assert (boundary(mask, 1) == expected).all()


@given(any_mask)
def test_run_lengths_round_trip(mask):
    rle = mask_to_rle(mask)
    assert isinstance(rle["counts"], str)
    assert rle["size"] == list(mask.shape)
    assert (rle_to_mask(rle) == mask).all()


def test_run_lengths_are_cocos():
    oracle = pytest.importorskip("pycocotools.mask")
    mask = disc(33, 11, (15, 17))
    assert mask_to_rle(mask)["counts"] == oracle.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


def test_boxes():
    mask = drawn("....", ".##.", "....")
    assert mask_box(mask) == (1, 1, 3, 2)
    assert mask_box(np.zeros((3, 3), bool)) == (0, 0, 0, 0)
    assert padded_box((1, 1, 3, 2), 5, 3, 4) == (0, 0, 4, 3)
