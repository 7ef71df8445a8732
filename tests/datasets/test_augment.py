"""Samples in memory and their augmentation: truth moves with the photo, everything follows the seed."""

from __future__ import annotations

import numpy as np
import pytest

from ewardrobe.datasets.augment import AugmentConfig, augment, collect_textures, random_affine, replace_background, warp
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.samples import Sample, load_samples, repeat_factors


def sample(worn: bool = False, category_id: int = 1) -> Sample:
    """A red square on grey; when worn, with a skin-coloured head over it."""
    image = np.full((80, 60, 3), 128, np.uint8)
    masks = np.zeros((1, 80, 60), np.uint8)
    masks[0, 30:60, 15:45] = 1
    image[masks[0] > 0] = (200, 30, 30)
    parsing = None
    if worn:
        parsing = masks[0] * np.uint8(category_id)
        parsing[10:30, 25:35] = 14
    return Sample(image, masks, np.array([category_id]), parsing)


@pytest.mark.parametrize("worn", [False, True])
def test_same_seed_same_picture(worn):
    first, second = (augment(sample(worn), (64, 48), np.random.default_rng(3), AugmentConfig()) for _ in range(2))
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.masks, second.masks)


@pytest.mark.parametrize("seed", range(12))
def test_masks_move_with_the_photo(seed):
    still = AugmentConfig(colour=0, blur=0, noise=0, background=0, empty=0)
    out = augment(sample(), (64, 48), np.random.default_rng(seed), still)
    red = (out.image[..., 0] > 165) & (out.image[..., 1] < 80)
    assert out.image.shape == (64, 48, 3) and out.image.dtype == np.uint8
    if len(out.masks):
        overlap, union = (red & (out.masks[0] > 0)).sum(), (red | (out.masks[0] > 0)).sum()
        assert overlap / union > 0.9


def test_a_new_background_spares_the_person():
    person = sample(worn=True)
    out = replace_background(person.image, person.matte, np.zeros_like(person.image))
    np.testing.assert_array_equal(out[35:55, 20:40], person.image[35:55, 20:40])
    assert (out[:5] == 0).all()


def test_input_is_unchanged():
    one = sample(worn=True)
    before = one.image.copy(), one.masks.copy(), one.parsing.copy()
    for seed in range(5):
        augment(one, (64, 48), np.random.default_rng(seed), AugmentConfig(), [one.image[:30]])
    for was, now in zip(before, (one.image, one.masks, one.parsing), strict=True):
        np.testing.assert_array_equal(was, now)


def test_identity_warp_changes_nothing():
    out = warp(sample(True), np.eye(3)[:2], (80, 60))
    np.testing.assert_array_equal(out.masks, sample(True).masks)
    np.testing.assert_array_equal(out.parsing, sample(True).parsing)


def test_a_shrunken_photo_has_no_moire():
    stripes = np.zeros((240, 240, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255  # finer than what is drawn of them: from afar an even grey
    photo = Sample(stripes, np.ones((1, 240, 240), np.uint8), np.array([1]), None)
    for scale in (0.22, 0.3):
        out = warp(photo, np.array([[scale, 0, 0], [0, scale, 0]]), (48, 48)).image[6:-6, 6:-6]
        assert np.ptp(out.astype(int)) < 40 and abs(out.mean() - 127.5) < 4


def test_masks_that_leave_the_picture_are_dropped():
    out = warp(sample(), np.array([[1.0, 0, 500], [0, 1, 0]]), (80, 60))
    assert out.masks.shape == (0, 80, 60) and len(out.category_ids) == 0


def test_flat_lays_turn_further_than_people():
    def angles(worn):
        rng = np.random.default_rng(0)
        matrices = (random_affine(sample(worn), (64, 48), rng, AugmentConfig(flip=0, stretch=0)) for _ in range(300))
        return np.array([np.degrees(np.arctan2(m[1, 0], m[0, 0])) for m in matrices])

    assert np.abs(angles(worn=True)).max() < 60 < np.abs(angles(worn=False)).max()


def test_rare_categories_and_worn_photos_are_drawn_more_often():
    common, rare, worn = sample(category_id=1), sample(category_id=3), sample(True, category_id=1)
    factors = repeat_factors([common] * 97 + [rare, worn, worn], threshold=0.1, worn_factor=2)
    assert factors[0] == 1
    assert factors[97] == pytest.approx((0.1 / 0.01) ** 0.5)
    assert factors[98] == 2


def test_textures_hold_no_garment():
    wide = Sample(np.zeros((300, 300, 3), np.uint8), np.zeros((1, 300, 300), np.uint8), np.array([1]), None)
    wide.masks[0, 100:200, 100:200] = 1
    wide.image[100:200, 100:200] = 255
    textures = collect_textures([wide, sample(True)])
    assert len(textures) == 4 and all((t == 0).all() for t in textures)


def test_rendered_photos_load(rendered_dataset):
    samples = load_samples(DeepFashion2(rendered_dataset, "train"), max_side=96)
    assert len(samples) == 4
    for one in samples:
        assert max(one.image.shape[:2]) <= 96
        assert one.masks.shape[1:] == one.image.shape[:2] and len(one.masks) == len(one.category_ids)
        if one.worn:
            assert one.parsing.shape == one.image.shape[:2]
