"""What the pictures of results show."""

import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import checkerboard, draw_detections, line_width, on_background
from ewardrobe.core.taxonomy import category


def photo(height=300, width=400) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def two_squares(height=300, width=400) -> Detections:
    masks = np.zeros((2, height, width), bool)
    masks[0, 120:160, 100:140] = True  # small, inside the large one
    masks[1, 60:260, 60:300] = True
    return Detections.from_masks(masks, [1, 8], [0.9, 0.8])


def test_fill_has_the_categorys_colour_at_its_opacity():
    drawn = draw_detections(photo(), two_squares()[1], labels=False, alpha=0.5)
    expected = (128 + np.array(category(8).colour)) / 2
    assert np.abs(drawn[240, 280] - expected).max() <= 1
    assert (drawn[20, 20] == 128).all()


def test_small_masks_are_drawn_over_large_ones():
    drawn = draw_detections(photo(), two_squares(), labels=False, alpha=1)
    assert drawn[140, 120].tolist() == list(category(1).colour)
    assert drawn[200, 200].tolist() == list(category(8).colour)


def test_the_photo_itself_stays_as_it_was():
    image = photo()
    draw_detections(image, two_squares())
    assert (image == 128).all()


def test_labels_add_tags_in_the_picture():
    bare, tagged = (draw_detections(photo(), two_squares(), labels=labels) for labels in (False, True))
    changed = (bare != tagged).any(axis=2)
    assert 500 < changed.sum() < 0.3 * changed.size


def test_tags_do_not_cover_each_other():
    masks = np.zeros((3, 300, 400), bool)
    masks[:, 100:250, 100:300] = True  # three names for one place
    masks[1, 100, 100], masks[2, 100:102, 100] = False, False
    ids = [7, 8, 13]
    bare, tagged = (
        draw_detections(photo(), Detections.from_masks(masks, ids, [0.9] * 3), labels=labels, alpha=0)
        for labels in (False, True)
    )
    areas = [
        np.count_nonzero((tagged == category(i).colour).all(axis=2) & ~(bare == category(i).colour).all(axis=2))
        for i in ids
    ]
    assert min(areas) > 600


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (12, 12), (37, 51)])
def test_any_size_can_be_drawn_on(size):
    detections = Detections.from_masks(np.ones((2, *size), bool), [1, 2], [1.0, 0.0])
    drawn = draw_detections(np.zeros((*size, 3), np.uint8), detections)
    assert drawn.shape == (*size, 3)


def test_nothing_found_leaves_the_photo():
    assert (draw_detections(photo(), Detections.empty(300, 400)) == photo()).all()


def test_masks_of_another_image_are_refused():
    with pytest.raises(ValueError, match="same image"):
        draw_detections(photo(200, 200), two_squares())


def test_lines_grow_with_the_picture():
    assert line_width(100, 100) == 1
    assert line_width(1600, 1200) > line_width(640, 480) >= 1


def test_checkerboard_shows_through_where_the_cutout_is_clear():
    rgba = np.zeros((24, 24, 4), np.uint8)
    rgba[:12] = (200, 0, 0, 255)
    shown = on_background(rgba, checkerboard(24, 24, 6))
    assert (shown[:12] == (200, 0, 0)).all()
    assert (shown[12:] == checkerboard(24, 24, 6)[12:]).all()
    assert len(np.unique(shown[12:])) == 2


def test_half_transparent_is_half_of_both():
    rgba = np.full((2, 2, 4), (200, 100, 0, 128), np.uint8)
    assert np.abs(on_background(rgba, (0, 0, 0))[0, 0] - np.array([100, 50, 0])).max() <= 1
