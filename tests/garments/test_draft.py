"""What the page Add garments does between photo and wardrobe, without the page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import DARK_SQUARE, LIGHT_SQUARE
from ewardrobe.core.images import ImageError, jpeg_bytes, png_bytes
from ewardrobe.core.masks import mask_iou, mask_to_rle
from ewardrobe.garments.cutout import Garment, garment_from_mask
from ewardrobe.garments.draft import (
    LOWEST_SCORE,
    Card,
    Edit,
    Photo,
    card_picture,
    cut_out,
    draw_box,
    draw_cards,
    find,
    item_of,
    make_cards,
    reach_px,
    square,
    with_outline,
)
from ewardrobe.wardrobe.item import new_item

RED, BLUE = (200, 30, 40), (30, 60, 200)


def rectangle(size, x0, y0, x1, y1) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def scene():
    """A red top over blue trousers on grey, and their masks."""
    image = np.full((240, 180, 3), 200, np.uint8)
    top, trousers = rectangle(image.shape[:2], 40, 30, 140, 120), rectangle(image.shape[:2], 50, 124, 130, 220)
    image[top], image[trousers] = RED, BLUE
    return image, top, trousers


class Teller:
    """A segmenter that says what it was told, and counts how often it was asked."""

    name = "teller"

    def __init__(self, masks, category_ids, scores) -> None:
        self.found, self.asked = Detections.from_masks(np.stack(masks), category_ids, scores), []

    def predict(self, image, min_score=0.5):
        self.asked.append(min_score)
        return self.found.above(min_score)


@pytest.fixture
def found(scene):
    image, top, trousers = scene
    return find(image, Teller([top, trousers], [1, 8], [0.9, 0.3]))


def no_edit(key, edit, garment):
    raise AssertionError("an edit without another outline needs no new garment")


def test_model_is_asked_once_for_everything(scene):
    image, top, trousers = scene
    teller = Teller([top, trousers], [1, 8], [0.9, 0.05])
    found = find(image, teller)
    assert teller.asked == [LOWEST_SCORE]
    assert found.scores.tolist() == pytest.approx([0.9])


def test_slider_filters_what_was_found(scene, found):
    _, top, trousers = scene
    both, one, none = found.detections(0.3 - 1e-6), found.detections(0.5), found.detections(0.95)
    assert both.category_ids.tolist() == [1, 8]
    assert np.array_equal(both.masks, np.stack([top, trousers]))
    assert one.category_ids.tolist() == [1]
    assert len(none) == 0
    assert none.image_size == (240, 180)


def test_hidden_guess_is_told(found):
    assert found.best_below(0.5) == pytest.approx(0.3)
    assert found.best_below(0.95) == pytest.approx(0.9)
    assert found.best_below(0.2) is None


def test_garments_keep_their_keys_at_every_setting(scene, found):
    image = scene[0]
    low, high = cut_out(image, found, 0.2), cut_out(image, found, 0.5)
    assert len(low) == 2
    assert set(high) < set(low)


def test_garments_of_equal_category_and_score_have_two_keys(scene):
    image, top, trousers = scene
    assert len(cut_out(image, find(image, Teller([top, trousers], [1, 1], [0.5, 0.5])), 0.2)) == 2


def test_cards_show_edits(scene, found):
    garments = cut_out(scene[0], found, 0.2)
    first, second = garments
    cards = make_cards(garments, {}, {first: Edit(kind="vest"), second: Edit(keep=False)}, no_edit)
    assert [(card.kind, card.edit.keep) for card in cards] == [("vest", True), ("trousers", False)]
    assert [card.score for card in cards] == pytest.approx([0.9, 0.3])


def test_card_by_hand_has_no_score_and_any_kind(scene):
    garment = garment_from_mask(scene[0], scene[1], 1, 1.0)
    (card,) = make_cards({}, {"hand-1": ("hat", garment)}, {}, no_edit)
    assert (card.kind, card.score) == ("hat", None)


def test_only_another_outline_asks_for_a_new_garment(scene, found):
    garments = cut_out(scene[0], found, 0.2)
    first, second = garments
    asked = []

    def edited(key, edit, garment):
        asked.append((key, edit))
        return garment

    repaired = Edit(outline=mask_to_rle(scene[1])["counts"])
    make_cards(garments, {}, {first: repaired, second: Edit(kind="skirt")}, edited)
    assert asked == [(first, repaired)]


def test_outline_of_a_repair_makes_the_garment_anew(scene):
    image, top, trousers = scene
    garment = with_outline(image, garment_from_mask(image, top, 1, 0.9), mask_to_rle(trousers)["counts"])
    assert np.array_equal(garment.mask, trousers)
    assert (garment.category_id, garment.score, garment.colour) == (1, 0.9, "blue")
    assert reach_px((240, 180)) >= 3
    assert reach_px((2400, 1800)) == 29


@pytest.fixture
def card(scene) -> Card:
    return Card("a", garment_from_mask(scene[0], scene[1], 1, 0.91234), Edit(), 0.91234)


def test_item_of_a_found_garment(card):
    item = item_of(card, "unet")
    assert item["type"] == item["category"] == "short sleeve top"
    assert (item["category_id"], item["slot"], item["colour"]) == (1, "top", "red")
    assert item["colours"][0]["name"] == "red"
    assert (item["model"], item["score"]) == ("unet", 0.9123)
    assert (item["source"]["category"], item["source"]["colour"]) == ("unet", "measured")
    assert (item["sleeve"], item["source"]["sleeve"]["by"]) == ("short", "category")
    assert new_item(item)["slot"] == "top"


@pytest.mark.parametrize(("kind", "category_id", "slot"), [("vest", 5, "top"), ("bag", None, "bag")])
def test_item_of_a_corrected_garment(card, kind, category_id, slot):
    item = item_of(Card("a", card.garment, Edit(kind=kind), card.score), "unet")
    assert (item["type"], item["category_id"], item["slot"]) == (kind, category_id, slot)
    assert item["source"]["category"] == "user"


def test_item_by_hand_names_no_model(card):
    item = item_of(Card("hand-1", card.garment, Edit(kind="shoes"), None), "unet")
    assert item["model"] is None
    assert item["score"] is None
    assert item["source"]["category"] == "user"


def test_photo_is_drawn_with_kept_garments_only(scene, found):
    image = scene[0]
    cards = make_cards(cut_out(image, found, 0.2), {}, {}, no_edit)
    dropped = [Card(c.key, c.garment, Edit(keep=c.kind != "trousers"), c.score) for c in cards]
    assert draw_cards(image, cards, 120).shape == (120, 90, 3)
    both, one = draw_cards(image, cards), draw_cards(image, dropped)
    assert (both[180, 90] != image[180, 90]).any()
    assert (one[180, 90] == image[180, 90]).all()
    assert (one[100, 90] != image[100, 90]).any()
    assert np.array_equal(draw_cards(image, []), image)


def test_cards_have_one_size_and_centre_their_garment(card):
    for shape in ((300, 40), (40, 300), (3, 3)):
        cutout = np.zeros((*shape, 4), np.uint8)
        cutout[...] = (*RED, 255)
        picture = card_picture(cutout, 200, 160)
        assert picture.shape == (200, 160, 3)
        assert picture[100, 80].tolist() == list(RED)
        assert picture[0, 0].tolist() in ([LIGHT_SQUARE] * 3, [DARK_SQUARE] * 3)


def test_transparent_pixels_do_not_bleed_into_the_card():
    cutout = np.zeros((64, 64, 4), np.uint8)
    cutout[...] = (0, 255, 0, 0)  # green, but invisible
    cutout[16:48, 16:48] = (*RED, 255)
    picture = card_picture(cutout, 100, 100).astype(int)
    assert (picture[..., 1] <= picture[..., 0]).all()


def test_left_out_card_is_grey(card):
    picture = card_picture(card.garment.cutout, dimmed=True)
    assert (picture == picture[..., :1]).all()


def test_box_is_shown_in_its_own_colours(scene):
    drawn = draw_box(scene[0], (40, 30, 140, 120))
    assert drawn[75, 90].tolist() == list(RED)
    assert drawn[170, 90].tolist() != list(BLUE)


def test_photo_names_its_file_in_every_complaint(scene):
    for data, reason in [
        (b"", "empty"),
        (b"not a picture at all", "not a picture"),
        (jpeg_bytes(np.zeros((400, 400, 3), np.uint8))[:700], "cut off"),
        (png_bytes(np.zeros((1, 1, 3), np.uint8)), "1×1 pixels"),
    ]:
        with pytest.raises(ImageError, match=rf"^mine\.jpg.*{reason}"):
            Photo("mine.jpg", data).read()


def test_photo_is_known_by_its_content(scene):
    data = png_bytes(scene[0])
    assert Photo("a.png", data).key == Photo("b.png", data).key != Photo("a.png", data + b" ").key
    assert np.array_equal(Photo("a.png", data).read(), scene[0])


def test_masks_are_kept_exactly(scene):
    image, top, _ = scene
    ring = top & ~cv2.erode(top.view(np.uint8), np.ones((31, 31))).view(bool)
    found = find(image, Teller([ring], [2], [0.7]))
    assert mask_iou(found.detections(0.5).masks[0], ring) == 1


@pytest.mark.parametrize("size", [(240, 180), (60, 300)])
def test_picture_to_choose_by_is_the_middle(size):
    image = np.full((*size, 3), BLUE, np.uint8)
    image[size[0] // 2 - 8 : size[0] // 2 + 8, size[1] // 2 - 8 : size[1] // 2 + 8] = RED
    small = square(image, 96)
    assert small.shape == (96, 96, 3)
    assert small[48, 48].tolist() == list(RED)


def test_garment_type():
    assert Garment.__dataclass_params__.frozen  # cached ones are shared between runs of the page
