"""A garment cut out of a box that a person drew."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ewardrobe.core.masks import mask_iou
from ewardrobe.garments.from_box import garment_in_box


def mask_in_box(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    return garment_in_box(image, box, 1).mask


@pytest.fixture(scope="module")
def shoe():
    """A brown ellipse on a light, noisy floor, and its mask."""
    rng = np.random.default_rng(3)
    mask = cv2.ellipse(np.zeros((600, 800), np.uint8), (420, 320), (180, 90), 20, 0, 360, 1, -1).view(bool)
    image = np.where(mask[..., None], (110, 70, 40), (205, 200, 190)) + rng.normal(0, 9, (600, 800, 3))
    return np.clip(image, 0, 255).astype(np.uint8), mask


def test_outline_is_found_inside_the_box(shoe):
    image, mask = shoe
    assert mask_iou(mask_in_box(image, (200, 180, 640, 460)), mask) > 0.97


def test_same_box_same_garment_and_nothing_outside_it(shoe):
    image, _ = shoe
    box = (200, 180, 420, 460)  # cuts the shoe in two
    first, again = mask_in_box(image, box), mask_in_box(image, box)
    assert np.array_equal(first, again)
    assert not first[:, 420:].any()
    assert not first[:180].any()


def test_small_and_large_photos_agree(shoe):
    image, mask = shoe
    large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    found = mask_in_box(large, (600, 540, 1920, 1380))
    assert mask_iou(found, cv2.resize(mask.view(np.uint8), large.shape[1::-1]).view(bool)) > 0.97


def test_plain_box_is_taken_whole():
    image = np.full((200, 200, 3), 128, np.uint8)
    mask = mask_in_box(image, (50, 60, 150, 160))
    assert np.count_nonzero(mask) == 100 * 100


def test_box_over_the_whole_photo(shoe):
    image, _ = shoe
    assert mask_in_box(image, (0, 0, 800, 600)).any()


def test_garment_has_cutout_and_colours(shoe):
    garment = garment_in_box(shoe[0], (200, 180, 640, 460), 1)
    assert garment.score == 1
    assert garment.colour == "brown"
    assert garment.cutout.shape[2] == 4


@pytest.mark.parametrize("box", [(10, 10, 15, 80), (-1, 0, 50, 50), (700, 0, 801, 90), (80, 80, 20, 20)])
def test_impossible_boxes_are_refused(shoe, box):
    with pytest.raises(ValueError, match="8 pixels or more a side, inside the 800×600 photo"):
        mask_in_box(shoe[0], box)
