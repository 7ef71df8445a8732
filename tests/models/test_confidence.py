"""The map from a network's raw scores to the app's confidence, and where its thresholds come from."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORY_IDS, CATEGORY_NAMES, INSTANCES, classes_of
from ewardrobe.models import SHOWN_SCORE, confidence, load_segmenter
from ewardrobe.models.confidence import DEFAULT, RAW, Confidence, of_entry
from ewardrobe.models.weights import WeightsError, read_manifest, verified_path, weights_dir

IDS = np.array(CATEGORY_IDS)
thresholds = st.lists(st.floats(0.01, 0.99), min_size=13, max_size=13).map(tuple)
fractions = st.floats(0, 1)


def found(ids, scores, height: int = 4, width: int = 4) -> Detections:
    masks = np.zeros((len(ids), height, width), bool)
    masks[:, 1, :2] = True
    return Detections.from_masks(masks, ids, scores)


@given(thresholds, fractions, fractions)
def test_the_map_is_monotone_and_stays_within_zero_and_one(t, a, b):
    low, high = (Confidence(t).of(np.full(13, s), IDS) for s in sorted((a, b)))
    assert (low <= high).all() and low.min() >= 0 and high.max() <= 1


@given(thresholds)
def test_a_threshold_is_half_and_the_ends_stay(t):
    one = Confidence(t)
    np.testing.assert_allclose(one.of(np.array(t), IDS), SHOWN_SCORE, atol=1e-6)
    assert one.of(np.zeros(13), IDS).tolist() == [0] * 13 and one.of(np.ones(13), IDS).tolist() == [1] * 13


@given(thresholds, st.lists(st.tuples(st.sampled_from(CATEGORY_IDS), fractions), max_size=8), fractions)
def test_asking_the_network_for_the_lowest_raw_score_loses_nothing(t, garments, c):
    one = Confidence(t)
    everything = found([i for i, _ in garments], [s for _, s in garments])
    asked = everything.above(one.lowest_raw(c))
    expected, got = one.applied(everything, c), one.applied(asked, c)
    np.testing.assert_array_equal(got.scores, expected.scores)
    assert (got.scores >= c).all() and (np.diff(got.scores) <= 0).all()


def test_a_case_by_hand():
    t = [0.5] * 13
    t[7] = 0.2  # trousers
    shown = Confidence(tuple(t)).applied(found([1, 8, 8, 1], [0.45, 0.3, 0.1, 0.9]), 0.5)
    assert shown.category_ids.tolist() == [1, 8]
    np.testing.assert_allclose(shown.scores, [0.9, 0.5625])


def test_raw_scores_stay_as_they_are():
    scores = np.linspace(0, 1, 1001, dtype=np.float32)
    np.testing.assert_array_equal(RAW.of(scores, np.ones(1001, int)), scores)


@pytest.mark.parametrize("t", [(0.2,) * 12, (0.0,) + (0.2,) * 12, (1.0,) + (0.2,) * 12, (float("nan"),) * 13])
def test_thresholds_that_are_none_are_refused(t):
    with pytest.raises(ValueError, match="13 raw scores between 0 and 1"):
        Confidence(t)


# -- where they come from --------------------------------------------------------------------------------------------


def entry(sha256: str = "a", of: str = "a", **raw) -> dict:
    scores = dict.fromkeys(CATEGORY_NAMES, 0.3) | raw
    return {"file": "unet.pt", "sha256": sha256, "thresholds": {"raw_scores": scores, "weights_sha256": of}}


def test_thresholds_of_the_manifest_are_read_by_name():
    assert of_entry(entry(trousers=0.6)).by_name()["trousers"] == 0.6
    assert of_entry(entry(trousers=0.6)).thresholds[0] == 0.3


def test_without_thresholds_all_categories_have_the_default():
    assert of_entry({"file": "best.pt", "sha256": "a"}) == DEFAULT
    assert set(DEFAULT.thresholds) == {confidence.DEFAULT_THRESHOLD}


def test_thresholds_of_other_weights_are_ignored():
    assert of_entry(entry(of="b")) == DEFAULT


@pytest.mark.parametrize("raw", [{"trousers": 0}, {"trousers": "high"}, {"trousers": None}])
def test_unusable_thresholds_say_the_cure(raw):
    with pytest.raises(WeightsError, match=r"unet\.pt.*python -m train\.thresholds"):
        of_entry(entry(**raw))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The shipped YOLO in a folder of its own; ``folder(thresholds)`` writes its manifest."""
    shipped = {k: v for k, v in read_manifest()["yolo"].items() if k != "int8"}  # its files stay where they are
    shutil.copy(verified_path("yolo")[0], tmp_path)

    def write(chosen: dict | None):
        shipped.pop("thresholds", None)
        new = shipped | ({"thresholds": chosen} if chosen else {})
        (tmp_path / "manifest.json").write_text(json.dumps({"models": {"yolo": new}}))
        monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
        return shipped

    return write


def test_a_loaded_model_shows_from_its_own_thresholds(folder, monkeypatch):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")  # nothing is run: nothing needs to be compiled
    sha256 = folder(None)["sha256"]
    assert load_segmenter("yolo").confidence == DEFAULT
    chosen = dict.fromkeys(CATEGORY_NAMES, 0.3) | {"trousers": 0.6}
    folder({"raw_scores": chosen, "weights_sha256": sha256})
    assert load_segmenter("yolo").confidence.by_name() == chosen
    folder({"raw_scores": chosen, "weights_sha256": "0" * 64})
    assert load_segmenter("yolo").confidence == DEFAULT
    assert load_segmenter("yolo", weights_dir() / "yolo.pt").confidence == DEFAULT, "a file of one's own has none"


@pytest.mark.parametrize("name", ["unet", "yolo", "mask_rcnn"])
def test_every_model_answers_in_confidence(name, rendered_dataset):
    from ewardrobe.core.images import load_image

    image = load_image(next((rendered_dataset / "validation" / "image").iterdir()))
    segmenter = load_segmenter(name)
    segmenter.confidence = RAW
    raw = segmenter.predict(image, 0.02)
    assert len(raw), "a rendered photo with nothing in it tests nothing"
    t = [0.5] * len(INSTANCES)
    t[classes_of(raw.category_ids)[0]] = float(raw.scores[0]) * 0.999  # just below the best: it becomes a half
    segmenter.confidence = Confidence(tuple(t))
    seen = segmenter.predict(image, 0.499)
    expected = segmenter.confidence.applied(raw, 0.499)
    assert seen.category_ids.tolist() == expected.category_ids.tolist()
    np.testing.assert_allclose(seen.scores, expected.scores, atol=1e-5)
    assert 0.5 <= seen.scores[seen.category_ids == raw.category_ids[0]][0] < 0.51 or raw.scores[0] > 0.98
