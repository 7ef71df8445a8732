"""Several networks, one answer: what is one garment, its name, its outline, its score; and what is refused."""

from __future__ import annotations

import copy
import json
import logging
from dataclasses import replace
from typing import Self

import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.models import NETWORKS, cache, consensus, weights
from ewardrobe.models.confidence import DEFAULT, RAW
from ewardrobe.models.consensus import ConsensusSegmenter, Opinion, Part, Recipe
from ewardrobe.models.weights import WeightsError

SIZE = 60, 80
TOP, VEST, JACKET, TROUSERS, BAG = 1, 5, 4, 8, 17


def box(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[y0:y1, x0:x1] = True
    return mask


SHIRT = box(10, 10, 40, 50)


def found(*rows: tuple[np.ndarray, int, float]) -> Detections:
    if not rows:
        return Detections.empty(*SIZE)
    masks, labels, scores = zip(*rows, strict=True)
    return Detections.from_masks(np.stack(masks), labels, scores)


def recipe(**weight: float) -> Recipe:
    return {n: Part((1.0,), weight.get(n, 1.0), DEFAULT.thresholds, n) for n in NETWORKS}


def combined(looks: dict[str, Detections], chosen: Recipe, min_score: float = 0.01) -> Detections:
    """What the networks' answers by name, each of one view, become; a network that is not named sees nothing."""
    every = [Opinion(name, 1.0, looks.get(name, found())) for name in NETWORKS]
    return consensus.named(consensus.grouped(every, chosen), SIZE, min_score)


def test_two_say_top_one_says_jacket():
    said = {name: found((SHIRT, TOP, 0.8)) for name in ("unet", "yolo")} | {"yolo_s": found((SHIRT, JACKET, 0.6))}
    told = combined(said, recipe())
    assert told.category_ids.tolist() == [TOP, JACKET]
    np.testing.assert_allclose(told.scores, [0.4, 0.15], atol=1e-6, err_msg="the mean confidence of all four")
    for mask in told.masks:
        np.testing.assert_array_equal(mask, SHIRT)


def test_the_heavier_word_counts_more():
    said = {"unet": found((SHIRT, TOP, 0.8)), "yolo_s": found((SHIRT, JACKET, 0.8))}
    assert combined(said, recipe(yolo_s=2)).category_ids.tolist() == [JACKET, TOP]
    np.testing.assert_allclose(combined(said, recipe(yolo_s=2)).scores, [0.8 * 2 / 5, 0.8 / 5], atol=1e-6)


def test_on_what_a_network_has_never_learned_it_has_no_word():
    knows = recipe()
    knows["yolo"] = replace(knows["yolo"], thresholds=(0.5,) * 16)
    said = {"yolo": found((SHIRT, BAG, 0.8)), "unet": found((SHIRT, TOP, 0.8))}
    told = combined(said, knows)
    assert told.category_ids.tolist() == [BAG, TOP]
    np.testing.assert_allclose(told.scores, [0.8, 0.2], atol=1e-6, err_msg="a bag by one of one, a top by one of four")


def test_a_network_that_looks_twice_has_one_word():
    looks = [Opinion("unet", 1.0, found((SHIRT, TOP, 0.8)))]
    looks += [Opinion("yolo", zoom, found((SHIRT, JACKET, 0.6))) for zoom in (1.0, 1.4)]
    (group,) = consensus.grouped(looks, recipe())
    assert group.scores[[0, 3]] == pytest.approx([0.4, 0.3])


def test_the_outline_is_where_most_agree_by_their_sureness():
    wide, narrow = box(10, 10, 50, 50), box(10, 10, 30, 50)
    said = {"unet": found((wide, TOP, 0.5)), "yolo": found((narrow, TOP, 0.9)), "yolo_s": found((narrow, TOP, 0.9))}
    np.testing.assert_array_equal(combined(said, recipe()).masks[0], narrow)
    said |= {name: replace(one, scores=np.float32([0.2])) for name, one in said.items() if name != "unet"}
    np.testing.assert_array_equal(combined(said, recipe()).masks[0], wide)


def test_a_jacket_over_a_top_stays_two_and_two_names_for_a_top_are_one():
    jacket = box(10, 10, 58, 50)  # IoU 0.625 with the shirt
    apart = combined({"unet": found((SHIRT, TOP, 0.8), (jacket, JACKET, 0.8))}, recipe())
    assert sorted(apart.category_ids.tolist()) == [TOP, JACKET]
    assert {mask.sum() for mask in apart.masks} == {SHIRT.sum(), jacket.sum()}
    one = combined({"unet": found((SHIRT, TOP, 0.8)), "yolo": found((jacket, VEST, 0.7))}, recipe())
    np.testing.assert_array_equal(one.masks[0], one.masks[1])


def test_what_scores_less_than_asked_for_is_left_out():
    said = {name: found((SHIRT, TOP, 0.8)) for name in ("unet", "yolo")} | {"yolo_s": found((SHIRT, JACKET, 0.6))}
    assert combined(said, recipe(), 0.2).category_ids.tolist() == [TOP]


def test_a_bag_is_agreed_on_like_a_garment():
    assert combined({n: found((SHIRT, BAG, 0.9)) for n in NETWORKS}, recipe()).category_ids.tolist() == [BAG]


def test_what_hardly_anybody_sees_and_nothing_at_all():
    assert len(combined({"yolo": found((SHIRT, TOP, 0.019))}, recipe())) == 0
    assert len(combined({}, recipe())) == 0


class Network:
    """Calls what is red by a label, surely; keeps how large it was; as the U-Net, a parser."""

    name, runtime, precision, confidence = "fake", "openvino", "f32", RAW

    def __init__(self, label: int, size: int = 100, skin: float = 0.0) -> None:
        self.label, self.size, self.skin, self.asked = label, size, skin, []

    def at(self, size: int) -> Self:
        other = copy.copy(self)
        other.size = size
        return other

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        self.asked.append(self.size)
        red = image[..., 0] > 200
        return Detections.from_masks(red[None], [self.label], [0.8]) if red.any() else Detections.empty(*red.shape)

    def parse(self, image: np.ndarray) -> np.ndarray:
        self.image = image
        parsing = np.zeros((19, 10, 10), np.float32)
        parsing[13] = self.skin
        return parsing

    def garments(self, parsing: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
        return self.predict(self.image, min_score)


def photo() -> np.ndarray:
    image = np.zeros((*SIZE, 3), np.uint8)
    image[SHIRT] = 255
    image[0, 0] = 7
    return image


def model(skin: float = 0.0, chosen: Recipe | None = None) -> ConsensusSegmenter:
    networks = {name: Network(TOP, size, skin) for name, size in zip(NETWORKS, (120, 100, 110, 90), strict=True)}
    return ConsensusSegmenter(networks, chosen or recipe(), RAW)


def with_zooms(*zooms: float) -> Recipe:
    return {name: replace(part, zooms=zooms) for name, part in recipe().items()}


@pytest.mark.parametrize(("skin", "sizes"), [(0.0, [100]), (0.1, [100, 140])])
def test_people_are_looked_at_enlarged(skin, sizes):
    one = model(skin, chosen=with_zooms(1.0, 1.4))
    one.predict(photo())
    assert one.networks["yolo"].asked == sizes


def test_a_large_photo_is_compared_small_and_answered_large():
    image = np.kron(photo(), np.ones((20, 20, 1), np.uint8))
    one = model()
    told = one.predict(image, 0.1)
    assert one.networks["unet"].image.shape == (480, 640, 3) and told.image_size == (1200, 1600)
    np.testing.assert_allclose(told.boxes, [[200, 200, 800, 1000]], atol=3)


def test_for_the_camera_every_network_looks_once_and_at_less():
    one = model(0.1, chosen=with_zooms(1.0, 1.4, 1.8))
    live = one.at(60)
    np.testing.assert_array_equal(live.predict(photo(), 0.1).masks, SHIRT[None])
    assert {name: n.size for name, n in live.networks.items()} == {
        "unet": 60,
        "yolo": 50,
        "yolo_s": 55,
        "mask_rcnn": 45,
    }
    assert all(len(n.asked) == 1 for n in live.networks.values())
    assert one.size == 120 and one.recipe["yolo"].zooms == (1.0, 1.4, 1.8), "the model itself stays as it is"


# The file


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of weights whose networks load at once, with a recipe for them."""
    entries = {}
    for name in NETWORKS:
        (tmp_path / f"{name}.pt").write_bytes(name.encode())
        sha256 = weights.sha256_of(tmp_path / f"{name}.pt")
        entries[name] = {"file": f"{name}.pt", "sha256": sha256, "bytes": len(name)}
    chosen = {n: Part((1.0, 1.4), 2.0, (0.3,) * 13, entries[n]["sha256"]) for n in NETWORKS}
    path = tmp_path / "consensus.json"
    path.write_text(json.dumps(consensus.recipe_json(chosen)))
    made_of = {name: entries[name]["sha256"] for name in NETWORKS}
    entries["consensus"] = {"file": path.name, "sha256": weights.sha256_of(path), "bytes": 1, "made_of": made_of}
    (tmp_path / "manifest.json").write_text(json.dumps({"models": entries}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    known = {name: Network(TOP) for name in NETWORKS}
    monkeypatch.setattr(cache, "load_segmenter", known.__getitem__)
    cache.release()
    yield path, chosen, known
    cache.release()


def test_the_recipe_is_read_as_it_was_written_and_the_networks_are_shared(shipped):
    _, chosen, known = shipped
    loaded = consensus.load()
    assert loaded.recipe == chosen
    cached = {name: cache.segmenter(name) for name in NETWORKS}
    assert cached == known, "loaded once, for both"
    assert all(loaded.networks[n].asked is known[n].asked for n in NETWORKS)
    assert known["yolo"].confidence is RAW, "the network itself keeps its own scale"
    assert loaded.networks["yolo"].confidence.thresholds == (0.3,) * 13


def test_a_recipe_for_other_weights_is_not_used_and_says_so(shipped, caplog):
    path, _, _ = shipped
    manifest = json.loads(path.with_name("manifest.json").read_text())
    (path.parent / "yolo.pt").write_bytes(b"trained anew")
    manifest["models"]["yolo"]["sha256"] = weights.sha256_of(path.parent / "yolo.pt")
    path.with_name("manifest.json").write_text(json.dumps(manifest))
    with caplog.at_level(logging.WARNING):
        loaded = consensus.load()
    assert loaded.recipe == consensus.plain() and loaded.confidence == DEFAULT
    assert {part.weight for part in loaded.recipe.values()} == {1.0}
    assert "other weights of yolo" in caplog.text and "train.consensus" in caplog.text
    assert "other weights of yolo" in weights.why_outdated(manifest["models"]["consensus"]["made_of"])


def test_without_the_weights_of_one_network_it_is_refused_and_names_them(shipped):
    path, _, _ = shipped
    (path.parent / "mask_rcnn.pt").unlink()
    with pytest.raises(WeightsError, match=r"mask_rcnn\.pt is missing"):
        consensus.load()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("not json", "no recipe"),
        ('{"kind": "unet"}', "holds 'unet'"),
        ('{"kind": "consensus", "parts": {}}', "parts of unet"),
        ('{"kind": "consensus", "parts": {"unet": {"weight": 1}}}', "missing"),
    ],
)
def test_a_file_that_is_no_recipe(tmp_path, content, why):
    (tmp_path / "own.json").write_text(content)
    with pytest.raises(WeightsError, match=why):
        consensus.load(tmp_path / "own.json")


@pytest.mark.parametrize(
    "change", [{"zooms": []}, {"zooms": [1, 0.5]}, {"weight": 0}, {"thresholds": [0.2]}, {"weight": "much"}]
)
def test_a_part_that_cannot_be(shipped, change):
    path, chosen, _ = shipped
    content = consensus.recipe_json(chosen)
    content["parts"]["yolo"] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError, match=r"no recipe.*train\.consensus"):
        consensus.read_recipe(path)
