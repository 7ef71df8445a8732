"""One pair of shoes is one item, however a network found it; the shoes of two people are two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from ewardrobe.core.detections import Detections
from ewardrobe.garments.cutout import extract_garments
from ewardrobe.garments.pairs import joined_pairs

SHOES, BAG, TROUSERS = 16, 17, 8
SIZE = (300, 400)
BROWN, BLACK = (120, 80, 50), (25, 25, 28)
LEFT, RIGHT = (150, 240, 180, 260), (210, 240, 240, 260)
LEGS = (155, 60, 235, 238)


def box_mask(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


def picture(*shoes, colour=BROWN, legs=()) -> np.ndarray:
    image = np.full((*SIZE, 3), 205, np.uint8)
    for x0, y0, x1, y1 in legs:
        image[y0:y1, x0:x1] = (40, 60, 120)
    for x0, y0, x1, y1 in shoes:
        image[y0:y1, x0:x1] = colour
    return image


def seen(*finds: tuple) -> Detections:
    """From (boxes, label, score): a find of several boxes has several parts."""
    masks = [np.any([box_mask(*box) for box in boxes], axis=0) for boxes, _, _ in finds]
    return Detections.from_masks(np.stack(masks), [label for _, label, _ in finds], [score for *_, score in finds])


def parts(mask: np.ndarray) -> int:
    return ndimage.label(mask)[1]


PAIR = box_mask(*LEFT) | box_mask(*RIGHT)


@pytest.mark.parametrize(("pair", "shoe"), [(0.9, 0.6), (0.6, 0.9)])
def test_the_pair_and_one_of_its_shoes_are_one_item_of_two_parts(pair, shoe):
    found = seen(((LEFT, RIGHT), SHOES, pair), ((RIGHT,), SHOES, shoe))
    garments = extract_garments(picture(LEFT, RIGHT), found.sorted_by_score())
    assert [(one.name, round(one.score, 1), parts(one.mask)) for one in garments] == [("shoes", 0.9, 2)]
    assert parts(garments[0].cutout[..., 3] > 127) == 2
    assert np.count_nonzero(garments[0].mask & PAIR) > 0.9 * np.count_nonzero(PAIR)


def test_two_shoes_found_one_by_one_are_a_pair_on_one_persons_feet():
    wide = (260, 240, 290, 260)
    finds = ((LEFT,), SHOES, 0.7), ((wide,), SHOES, 0.8)
    image = picture(LEFT, wide, legs=[LEGS])
    (one,) = extract_garments(image, seen(((LEGS,), TROUSERS, 0.9), *finds))[1:]
    assert (one.name, parts(one.mask)) == ("shoes", 2)
    assert len(joined_pairs(image, seen(*finds))) == 2, "on a floor, with nobody in them, so far apart are two"


def test_shoes_that_lie_beside_each_other_are_a_pair_if_they_are_alike():
    near = (190, 238, 220, 260)
    finds = seen(((LEFT,), SHOES, 0.7), ((near,), SHOES, 0.8))
    assert len(joined_pairs(picture(LEFT, near), finds)) == 1
    two_colours = picture(LEFT)
    two_colours[238:260, 190:220] = BLACK
    assert len(joined_pairs(two_colours, finds)) == 2
    child = (190, 252, 202, 260)
    assert len(joined_pairs(picture(LEFT, child), seen(((LEFT,), SHOES, 0.7), ((child,), SHOES, 0.8)))) == 2


def people(*shoes: tuple) -> tuple[np.ndarray, Detections]:
    """Two people side by side in like shoes, found as ``shoes`` says."""
    legs = [(40, 60, 100, 238), (130, 60, 190, 238)]
    trousers = [((one,), TROUSERS, 0.9) for one in legs]
    return picture(*(box for boxes in shoes for box in boxes), colour=BLACK, legs=legs), seen(
        *trousers, *((boxes, SHOES, 0.8) for boxes in shoes)
    )


def test_the_shoes_of_two_people_stay_two():
    first, second = [(45, 240, 65, 255), (75, 240, 95, 255)], [(135, 240, 155, 255), (165, 240, 185, 255)]
    whole = joined_pairs(*people(first, second))
    assert [parts(mask) for mask in whole.masks[2:]] == [2, 2], "each pair was found as a pair"
    one_by_one = joined_pairs(*people(*([shoe] for shoe in (*first, *second))))
    assert [parts(mask) for mask in one_by_one.masks[2:]] == [2, 2]
    assert one_by_one.masks[2][240:255, 45:95].any() and not one_by_one.masks[2][:, 130:].any()
    one_each = joined_pairs(*people([first[1]], [second[0]]))
    assert len(one_each) == 4, "the shoes are near, but on two people"


def test_pairs_beside_each_other_stay_two():
    first, second = [(20, 240, 50, 260), (55, 240, 85, 260)], [(95, 240, 125, 260), (130, 240, 160, 260)]
    found = joined_pairs(picture(*first, *second), seen((first, SHOES, 0.9), (second, SHOES, 0.9)))
    assert [parts(mask) for mask in found.masks] == [2, 2]


def test_a_blot_of_the_network_swallows_no_shoe():
    shoe, blot = ((LEFT,), SHOES, 0.9), (((100, 100, 300, 290),), SHOES, 0.55)
    found = joined_pairs(picture(LEFT), seen(shoe, blot))
    assert len(found) == 2 and np.count_nonzero(found.masks[0]) == 30 * 20


def test_hiding_guesses_changes_nothing_about_shoes():
    found = seen(((RIGHT,), SHOES, 0.8), ((LEFT, RIGHT), SHOES, 0.3), ((LEFT,), SHOES, 0.2))
    image = picture(LEFT, RIGHT)
    shown = extract_garments(image, found.above(0.5))
    everything = extract_garments(image, found)
    assert [one.mask.tolist() for one in everything if one.score >= 0.5] == [one.mask.tolist() for one in shown]
    assert len([one for one in everything if one.score < 0.5]) <= 1, "guesses join each other"


def test_what_is_no_shoe_is_left_as_it_is():
    found = seen(((LEFT, RIGHT), BAG, 0.9), ((RIGHT,), BAG, 0.6), ((LEGS,), TROUSERS, 0.8))
    assert joined_pairs(picture(LEFT, RIGHT), found) is found


def test_the_straps_of_a_bag_stay():
    """A strap runs up from the bag behind an arm, which parts it in two."""
    bag, low, high = (150, 180, 230, 240), (160, 120, 168, 180), (160, 40, 168, 100)
    image = picture(bag, low, high)
    (one,) = extract_garments(image, seen(((bag, low, high), BAG, 0.9)))
    assert (one.name, parts(one.mask)) == ("bag", 2)
    assert one.mask[40:100, 160:168].mean() > 0.9
