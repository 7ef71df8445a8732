"""One contract for every registered model; and the reading of garments off the U-Net's channels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, UnidentifiedImageError

from ewardrobe.core.detections import Detections, masks_to_xyxy
from ewardrobe.core.taxonomy import LABEL_COUNT
from ewardrobe.models import MODELS, Parser, Segmenter, load_segmenter, yolo
from ewardrobe.models.inputs import network_input
from ewardrobe.models.unet import decode, label_map
from ewardrobe.models.weights import WeightsError, weights_dir
from ewardrobe.models.yolo import full_mask


@pytest.fixture(scope="module", params=sorted(MODELS))
def segmenter(request) -> Segmenter:
    return load_segmenter(request.param)


@pytest.fixture(scope="module")
def parser() -> Parser:
    found = load_segmenter("unet")
    assert isinstance(found, Parser)
    return found


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def check(found: Detections, image: np.ndarray, min_score: float) -> None:
    height, width = image.shape[:2]
    assert found.image_size == (height, width)
    assert (np.diff(found.scores) <= 0).all()
    assert (found.scores >= min_score).all()
    if len(found):
        assert found.masks.any(axis=(1, 2)).all()
        assert (found.boxes[:, :2] >= 0).all() and (found.boxes[:, 2:] <= (width, height)).all()
        np.testing.assert_array_equal(found.boxes, masks_to_xyxy(found.masks))


@pytest.mark.parametrize("size", [(1, 1), (300, 1), (1, 300), (37, 53), (480, 640), (641, 333)])
def test_any_size(segmenter, size):
    image = noise(*size)
    check(segmenter.predict(image, 0.01), image, 0.01)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_pictures_hold_no_garment(segmenter, value):
    image = np.full((320, 240, 3), value, np.uint8)
    found = segmenter.predict(image)
    check(found, image, 0.5)
    assert len(found) == 0


def test_grey_photo(segmenter):
    image = np.repeat(noise(120, 90)[..., :1], 3, axis=2)
    check(segmenter.predict(image, 0.05), image, 0.05)


def test_input_is_unchanged_and_answer_repeats(segmenter):
    image = noise(200, 150)
    before = image.copy()
    first, second = segmenter.predict(image, 0.01), segmenter.predict(image, 0.01)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(first.masks, second.masks)
    np.testing.assert_array_equal(first.scores, second.scores)


def test_two_threads_get_the_answers_of_one(segmenter):
    images = [noise(160, 120, seed) for seed in range(4)]
    expected = [segmenter.predict(image, 0.01) for image in images]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda image: segmenter.predict(image, 0.01), images))
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a.masks, b.masks)
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-5)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 5, 3), np.uint8),
    ],
    ids=["grey", "rgba", "float", "empty"],
)
def test_wrong_input_is_refused_with_the_cure(segmenter, image):
    with pytest.raises((TypeError, ValueError), match="load_image"):
        segmenter.predict(image)


def test_the_protocol_is_met(segmenter):
    assert isinstance(segmenter, Segmenter)
    assert segmenter.name in MODELS
    assert isinstance(segmenter, Parser) == (segmenter.name == "unet")


def test_the_same_network_at_another_size(segmenter):
    other, image = segmenter.at(192), noise(100, 80)
    assert (other.size, other.name, other.runtime) == (192, segmenter.name, segmenter.runtime)
    assert segmenter.size != 192, "the model itself stays as it is"
    check(other.predict(image, 0.01), image, 0.01)


@pytest.mark.parametrize("size", [(1, 1), (300, 1), (37, 53), (641, 333)])
def test_a_parser_tells_every_pixel_and_the_garments_are_read_off_it(parser, size):
    image = noise(*size)
    before, parsing = image.copy(), parser.parse(image)
    assert len(parsing) in (LABEL_COUNT, LABEL_COUNT - 1), "weights that know no headwear have a channel less"
    assert parsing.dtype == np.float32 and 0 <= parsing.min() <= parsing.max() <= 1
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(parsing, parser.parse(image))
    found = parser.garments(parsing, size, 0.01)
    np.testing.assert_array_equal(found.masks, parser.predict(image, 0.01).masks)
    labels = label_map(parsing, size)
    assert labels.shape == size and labels.dtype == np.uint8 and labels.max() <= LABEL_COUNT


def test_unknown_model_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown model 'sam'.*unet"):
        load_segmenter("sam")


def channels(height: int = 40, width: int = 30, **areas) -> np.ndarray:
    """(18, h, w) probabilities, 0.02 everywhere but ``label=(y0, y1, x0, x1, p)``."""
    probabilities = np.full((18, height, width), 0.002, np.float32)
    for label, (y0, y1, x0, x1, p) in areas.items():
        probabilities[int(label[1:]) - 1, y0:y1, x0:x1] = p
    return probabilities


def test_decode_finds_what_the_channels_show():
    found = decode(channels(c1=(4, 18, 2, 12, 0.9), c8=(18, 38, 18, 28, 0.8)), (80, 60), 0.5)
    assert found.category_ids.tolist() == [1, 8]
    np.testing.assert_allclose(found.boxes[0], (4, 8, 24, 36), atol=1)
    np.testing.assert_allclose(found.boxes[1], (36, 36, 56, 76), atol=1)


def test_categories_of_one_slot_vote_for_the_whole_region():
    p = channels(c9=(20, 38, 5, 25, 0.85))
    p[8, 20:38, 18:25] = 0.25
    p[6, 20:38, 18:25] = 0.65  # a third of the skirt looks like shorts
    found = decode(p, (40, 30), 0.1)
    assert found.category_ids.tolist()[0] == 9
    np.testing.assert_array_equal(found.masks[0], found.masks[1])
    assert found.masks[0][20:38, 5:25].all()


def test_undecided_categories_are_still_a_garment_pixel():
    assert label_map(channels(c7=(0, 40, 0, 30, 0.45), c9=(0, 40, 0, 30, 0.4)), (40, 30))[20, 15] == 7


def test_hands_in_front_cut_the_garment_and_pieces_stay_one():
    p = channels(c4=(5, 35, 4, 26, 0.9), c14=(16, 20, 0, 30, 0.95))
    p[3, 16:20] = 0.02
    found = decode(p, (40, 30), 0.5)
    assert len(found) == 1
    assert found.masks[0][10, 15] and found.masks[0][30, 15] and not found.masks[0][18, 15]


def test_two_garments_far_apart_stay_two():
    found = decode(channels(60, 80, c1=(10, 40, 5, 30, 0.9), c2=(10, 40, 50, 75, 0.9)), (60, 80), 0.5)
    assert sorted(found.category_ids.tolist()) == [1, 2]


def test_specks_are_dropped():
    assert len(decode(channels(400, 400, c1=(10, 12, 10, 12, 0.9)), (400, 400), 0.5)) == 0


@pytest.mark.parametrize(("size", "shape"), [((100, 50), (288, 160)), ((50, 100), (160, 288)), ((3000, 10), (288, 32))])
def test_the_input_is_padded_to_the_stride(size, shape):
    batch, (rows, cols) = network_input(noise(*size), 288)
    assert tuple(batch.shape) == (1, 3, *shape)
    assert max(rows, cols) == 288


def test_yolo_mask_lies_where_the_prototype_says():
    logits = np.full((40, 32), -1.0, np.float32)
    logits[10:20, 8:16] = 1
    mask = full_mask(logits, np.array([32, 40, 64, 80]), (160, 120), (160, 128), (320, 240), (2.0, 2.0))
    box = masks_to_xyxy(mask[None])[0]
    np.testing.assert_allclose(box, (64, 80, 128, 160), atol=3)


def test_yolo_weights_that_do_not_say_what_they_are_of(tmp_path):
    torch.save({"kind": "yolo", "model": {}}, tmp_path / "yolo.pt")
    with pytest.raises(WeightsError, match=r"which network.*train\.yolo"):
        load_segmenter("yolo", tmp_path / "yolo.pt")


def test_with_yolo_loaded_a_broken_picture_is_still_pillows_to_tell(tmp_path):
    load_segmenter("yolo", runtime="torch")
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    with pytest.raises(UnidentifiedImageError):
        Image.open(tmp_path / "text.jpg")


def test_what_lies_flat_is_one_garment_and_all_its_pixels_vote():
    p = channels(c2=(4, 20, 5, 25, 0.9), c4=(20, 36, 5, 25, 0.6))
    p[1, 20:36, 5:25] = 0.3  # the lower half of a jumper looks like a jacket
    found = decode(p, (40, 30), 0.3)
    assert found.category_ids.tolist() == [2, 4]
    assert found.masks[0][5:35, 6:24].all()
    np.testing.assert_array_equal(found.masks[0], found.masks[1])


def test_on_a_person_slots_tell_garments_apart():
    p = channels(c2=(10, 20, 5, 25, 0.9), c8=(20, 36, 5, 25, 0.9), c14=(0, 10, 8, 22, 0.9))
    found = decode(p, (40, 30), 0.5)
    assert sorted(found.category_ids.tolist()) == [2, 8]
    assert not (found.masks[0] & found.masks[1]).any()


def test_somebody_wrapped_up_is_still_a_person():
    p = channels(60, 40, c4=(8, 36, 5, 35, 0.9), c8=(36, 56, 5, 35, 0.9), c15=(1, 8, 10, 32, 0.9))
    found = decode(p, (60, 40), 0.5)
    assert sorted(found.category_ids.tolist()) == [4, 8]


def test_a_garment_without_doubt_is_shown_under_a_name_in_doubt():
    p = channels(c2=(8, 34, 5, 25, 0.45), c4=(8, 34, 5, 25, 0.5))
    found = decode(p, (40, 30), 0.6)
    assert found.category_ids.tolist() == [4]
    assert 0.7 < found.scores[0] < 0.95
    nothing = decode(channels(c4=(8, 34, 5, 25, 0.5)), (40, 30), 0.3)
    assert len(nothing) == 0, "half a garment is none"


def test_yolo_comes_in_two_sizes_of_one_kind(monkeypatch):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")  # nothing is run: nothing needs to be compiled
    nano, small = load_segmenter("yolo"), load_segmenter("yolo_s")
    assert nano.runtime == "torch" and load_segmenter("yolo", runtime="openvino").runtime == "openvino"
    assert (nano.name, small.name) == ("yolo", "yolo_s")
    with pytest.raises(WeightsError, match="holds 'unet', not 'yolo'"):
        load_segmenter("yolo_s", weights_dir() / "unet.pt")
    assert load_segmenter("yolo_s", weights_dir() / "yolo.pt").size == nano.size, "a file of one's own may be any YOLO"


@pytest.mark.parametrize("min_score", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("anchors", [0, 1, 700])
def test_overlapping_boxes_are_suppressed_as_ultralytics_does(anchors, min_score):
    from ultralytics.utils.nms import non_max_suppression

    rng = np.random.default_rng(anchors)
    places = rng.integers(0, 3, (2, anchors)) * 60 + rng.random((2, anchors)) * 25
    sides = 40 + rng.random((2, anchors)) * 30
    scores, coefficients = rng.random((16, anchors)) ** 6, rng.normal(size=(32, anchors))
    boxes = np.concatenate([places, sides, scores, coefficients])[None].astype(np.float32)
    expected = non_max_suppression(
        torch.from_numpy(boxes), max(min_score, 1e-3), yolo.NMS_IOU, max_det=yolo.MAX_GARMENTS, nc=16, max_time_img=10.0
    )
    found = yolo.suppress(boxes, min_score, 16)
    np.testing.assert_allclose(found, expected[0].numpy(), rtol=1e-5)
    assert len(found) == {0: 0, 1: 1}.get(anchors, yolo.MAX_GARMENTS) or min_score
