"""A garment between photo and wardrobe: what was found, what the owner said, the item that follows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
from pydantic import TypeAdapter

from ewardrobe.core.attributes import Guess, kinds_of
from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import DARK_SQUARE, LIGHT_SQUARE, card_picture, draw_box, square
from ewardrobe.core.images import ImageError, jpeg_bytes, png_bytes
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.draft import BOTH, SKIP, Draft, Photo, Twin, draft_of, draw_drafts, item_of
from ewardrobe.garments.queue import QueuedPhoto
from ewardrobe.garments.review import best_hidden, reviewed
from ewardrobe.wardrobe.item import kind_fields, new_item

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


@pytest.fixture
def drafts(scene) -> list[Draft]:
    """The top, sure, and the trousers, guessed."""
    image, top, trousers = scene
    found = [garment_from_mask(image, top, 1, 0.91234), garment_from_mask(image, trousers, 8, 0.3)]
    return [draft_of(garment, "photo", "unet") for garment in found]


@pytest.fixture
def draft(drafts) -> Draft:
    return drafts[0]


def shown(drafts, min_score) -> list[str]:
    entry = QueuedPhoto("photo", "a.jpg", 1, "", "unet", state="ready", drafts=tuple(drafts))
    return [draft.kind for draft in reviewed([entry], min_score, {}, {})]


def test_draft_is_json(draft):
    told = {"1": {"pattern": Guess("striped", 0.9, True, (0.1, 0.9))}}
    whole = replace(draft, guesses=told, fields=kind_fields("vest") | {"tags": ["work"]}, keep=False, choice=BOTH)
    text = json.dumps(asdict(whole))
    again = TypeAdapter(Draft).validate_python(json.loads(text))
    assert json.dumps(asdict(again)) == text
    assert json.dumps(item_of(again)) == json.dumps(item_of(whole))
    assert (again.kind, again.told) == ("vest", whole.told)
    assert np.array_equal(again.mask, whole.mask)


def test_slider_hides_guesses_and_nothing_that_the_owner_has_touched(drafts):
    top, trousers = drafts
    assert shown(drafts, 0.3) == ["short sleeve top", "trousers"]
    assert shown(drafts, 0.5) == ["short sleeve top"]
    assert shown(drafts, 0.95) == []
    touched = [{"fields": {"brand": "Acme"}}, {"keep": False}, {"choice": BOTH}, {"outlines": trousers.outlines * 2}]
    for change in touched:
        assert shown([top, replace(trousers, **change)], 0.95) == ["trousers"]


def test_photo_shows_what_its_model_found_and_what_was_added_by_hand(drafts, scene):
    by_hand = draft_of(garment_from_mask(*scene[:2], 1, 1.0), "photo", None, kind_fields("hat"))
    other = replace(drafts[1], model="yolo")
    assert shown([drafts[0], other, by_hand], 0.1) == ["short sleeve top", "hat"]


def test_hidden_guess_is_told(drafts):
    entry = QueuedPhoto("photo", "a.jpg", 1, "", "unet", drafts=tuple(drafts))
    assert best_hidden(entry, 0.5) == pytest.approx(0.3)
    assert best_hidden(entry, 0.95) == pytest.approx(0.9123)
    assert best_hidden(entry, 0.2) is None


def test_item_of_a_found_garment(draft):
    item = item_of(draft)
    assert item["category"] == "short sleeve top" and item["type"] in ("short sleeve top", *kinds_of(1))
    assert (item["category_id"], item["slot"], item["colour"]) == (1, "top", "red")
    assert item["colours"][0]["name"] == "red"
    assert (item["model"], item["score"]) == ("unet", 0.9123)
    assert (item["source"]["category"], item["source"]["colour"]) == ("unet", "measured")
    assert (item["sleeve"], item["source"]["sleeve"]["by"]) == ("short", "category")
    assert new_item(item)["slot"] == "top"


@pytest.mark.parametrize(("kind", "category_id", "slot"), [("vest", 5, "top"), ("bag", None, "bag")])
def test_item_of_a_corrected_garment(draft, kind, category_id, slot):
    item = item_of(replace(draft, fields=kind_fields(kind)))
    assert (item["type"], item["category_id"], item["slot"]) == (kind, category_id, slot)
    assert item["source"]["category"] == "user"


def test_item_by_hand_names_no_model(scene):
    draft = draft_of(garment_from_mask(*scene[:2], 1, 1.0), "photo", None, kind_fields("shoes"))
    item = item_of(draft)
    assert (draft.kind, item["type"], item["model"], item["score"]) == ("shoes", "shoes", None, None)
    assert item["source"]["category"] == "user"


def test_owners_word_comes_before_the_networks(draft):
    told = {"1": {"pattern": Guess("striped", 0.9, True), "material": Guess("wool", 0.4, False)}}
    item = item_of(replace(draft, guesses=told, fields={"pattern": None, "style": "smart"}))
    assert (item["pattern"], item["style"], item["material"]) == (None, "smart", None)
    assert item["source"]["pattern"] == item["source"]["style"] == "user"
    assert item["source"]["material"]["guess"] == "wool"


def test_photo_given_again_is_left_out_by_itself(draft):
    again = replace(draft, twin=Twin("a", False, 0.0, same_photo=True))
    assert (draft.decision, again.decision, again.saved) == (BOTH, SKIP, False)
    assert replace(again, choice=BOTH).saved


def test_photo_is_drawn_with_kept_garments_only(scene, drafts):
    image = scene[0]
    dropped = [replace(draft, keep=draft.kind != "trousers") for draft in drafts]
    assert draw_drafts(image, drafts, 120).shape == (120, 90, 3)
    both, one = draw_drafts(image, drafts), draw_drafts(image, dropped)
    assert (both[180, 90] != image[180, 90]).any()
    assert (one[180, 90] == image[180, 90]).all()
    assert (one[100, 90] != image[100, 90]).any()
    assert np.array_equal(draw_drafts(image, []), image)


def test_cards_have_one_size_and_centre_their_garment():
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


def test_left_out_card_is_grey(scene):
    picture = card_picture(garment_from_mask(*scene[:2], 1, 0.9).cutout, dimmed=True)
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
    top = scene[1]
    ring = top & ~cv2.erode(top.view(np.uint8), np.ones((31, 31))).view(bool)
    found = Detections.from_masks(np.stack([ring, top]), [2, 1], [0.7, 0.3])
    assert np.array_equal(found.packed().detections().masks, found.masks)
    assert found.packed().detections(0.5).category_ids.tolist() == [2]
    assert found.packed().detections(0.9).image_size == (240, 180)


@pytest.mark.parametrize("size", [(240, 180), (60, 300)])
def test_picture_to_choose_by_is_the_middle(size):
    image = np.full((*size, 3), BLUE, np.uint8)
    image[size[0] // 2 - 8 : size[0] // 2 + 8, size[1] // 2 - 8 : size[1] // 2 + 8] = RED
    small = square(image, 96)
    assert small.shape == (96, 96, 3)
    assert small[48, 48].tolist() == list(RED)
