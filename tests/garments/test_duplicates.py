"""Garments that were photographed twice: the hash, who is whose twin, what is saved, and how it is measured."""

from __future__ import annotations

import uuid
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ewardrobe import __main__ as cli
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.synthetic import sample_garments
from ewardrobe.evaluation.duplicates import changed_photo, measure_duplicates
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import BOTH, SAME, SKIP, Draft, Twin
from ewardrobe.garments.duplicates import SAME_DISTANCE, TURNS, hash_distances, nearest, perceptual_hash
from ewardrobe.garments.review import Cut, hash_of, lacking, save_all
from ewardrobe.wardrobe.item import FIELDS


@pytest.fixture(scope="module")
def cutouts() -> list[np.ndarray]:
    """Two drawn garments, each also upside down, and the first in another colour."""
    drawn = [np.asarray(garment["cutout"]) for garment in sample_garments()][:2]
    return [*drawn, *(cutout[::-1].copy() for cutout in drawn), drawn[0][..., [2, 0, 1, 3]]]


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(hash_distances([perceptual_hash(one)], [perceptual_hash(other)])[0, 0])


def test_hash_is_hex_text_and_a_field_of_the_item(cutouts):
    text = perceptual_hash(cutouts[0])
    assert len(bytes.fromhex(text)) == 60
    assert "hash" in FIELDS


def test_place_size_and_light_leave_hardly_a_trace(cutouts):
    for cutout in cutouts[:4]:
        small = cv2.resize(cutout, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        assert distance(cutout, np.pad(cutout, [(40, 3), (9, 70), (0, 0)])) < SAME_DISTANCE / 4
        assert distance(cutout, small) < SAME_DISTANCE / 2
        darker = np.dstack([(cutout[..., :3] * 0.85).astype(np.uint8), cutout[..., 3]])
        assert distance(cutout, darker) < SAME_DISTANCE


def test_other_garments_are_far(cutouts):
    hashes = [perceptual_hash(cutout) for cutout in cutouts]
    distances = hash_distances(hashes, hashes)
    near = (distances <= SAME_DISTANCE) & ~np.eye(len(hashes), dtype=bool)
    assert near.sum() == 0
    assert np.allclose(distances, distances.T)


def test_another_colour_is_another_garment(cutouts):
    cutout = cutouts[0]
    turned = np.dstack([cutout[..., [2, 0, 1]], cutout[..., 3]])
    assert distance(cutout, turned) > SAME_DISTANCE


def twin(cutout: np.ndarray, hashes: list[str]) -> int | None:
    """The place of the nearest hash."""
    found = nearest([perceptual_hash(cutout, turn) for turn in TURNS], hashes)
    return found and found[0]


def test_twin_is_found_though_it_is_turned(cutouts):
    known = [perceptual_hash(cutout) for cutout in cutouts]
    cutout = np.pad(cutouts[2], [(80, 80), (80, 80), (0, 0)])
    height, width = cutout.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 5, 1)
    assert twin(cv2.warpAffine(cutout, turn, (width, height)), known) == 2
    assert twin(cutouts[2], []) is None


def test_empty_cut_outs_and_foreign_hashes_are_nobodys_twins(cutouts):
    empty = np.zeros((20, 20, 4), np.uint8)
    assert perceptual_hash(empty) == ""
    assert twin(empty, [perceptual_hash(cutouts[0])]) is None
    assert twin(cutouts[0], ["", "no hex", "00ff", None]) is None


def test_one_pixel_has_a_hash():
    assert len(perceptual_hash(np.full((1, 1, 4), 255, np.uint8))) == 120


# What becomes of a twin


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


def save(cutout, choice=BOTH, twin=None, id=None, **fields) -> Cut:
    draft = Draft(id or uuid.uuid4().hex, "photo", 5, 0.9, "unet", (), fields=fields, choice=choice)
    return replace(draft, twin=twin and Twin(twin, False, 0.0)), cutout, b"photo"


def test_both_same_and_skip(store, cutouts):
    (first,) = save_all(store, [save(cutouts[0], brand="Acme")])
    both = save_all(store, [save(cutouts[0], BOTH, first)])
    assert len(store.items()) == 2
    assert save_all(store, [save(cutouts[0], SKIP, first)]) == []
    assert save_all(store, [save(cutouts[0], SAME, first, size="M", brand="Other", tags=["work"])]) == []
    assert len(store.items()) == 2
    item = store.get(first)
    assert (item["brand"], item["size"], item["tags"]) == ("Acme", "M", ["work"]), "only what it lacked"
    assert store.get(both[0])["size"] is None


def test_same_as_one_that_is_gone_is_kept(store, cutouts):
    assert len(save_all(store, [save(cutouts[0], SAME, "removed meanwhile")])) == 1


def test_same_as_an_earlier_one_of_the_import_is_one_item(store, cutouts):
    assert save_all(store, [save(cutouts[0], id="a"), save(cutouts[0], SAME, "a", id="b")]) == ["a"]


def test_saving_again_after_a_crash_adds_nothing(store, cutouts):
    for _ in range(2):
        save_all(store, [save(cutouts[0], id="a"), save(cutouts[1], id="b")])
    assert [item["id"] for item in store.items()] == ["a", "b"]


def test_items_without_a_hash_are_known_by_their_small_picture(store, cutouts):
    ids = [store.add({"type": "vest"}, cutout) for cutout in cutouts[:3]]
    assert twin(cutouts[1], [hash_of(store, store.get(item_id)) for item_id in ids]) == 1
    assert hash_of(store, store.get(store.add({"type": "bag"}))) is None
    store.picture(store.get(ids[0])["thumbnail"]).write_bytes(b"broken")
    assert hash_of(store, store.get(ids[0])) is None


def test_what_an_item_has_is_never_overwritten():
    assert lacking({"notes": "mine", "price": None}, {"notes": "other", "price": 5.0, "image": "x"}) == {"price": 5.0}


# The measure


def test_measure_on_rendered_photos(rendered_dataset):
    report = measure_duplicates(DeepFashion2(rendered_dataset, "train").records(), seed=1)
    assert report["garments"] >= 4
    assert report["recall"] == 1.0
    assert 0 <= report["false_alarms"] <= report["disturbed"] <= 1
    assert measure_duplicates(DeepFashion2(rendered_dataset, "train").records(), seed=1) == report
    blind = measure_duplicates(DeepFashion2(rendered_dataset, "train").records(), seed=1, distance=0.0)
    assert blind["recall"] == 0


def test_changed_photo_keeps_the_garment_in_sight():
    image, mask = np.full((200, 160, 3), 90, np.uint8), np.zeros((200, 160), bool)
    image[50:150, 40:120], mask[50:150, 40:120] = (200, 30, 40), True
    changed, outline = changed_photo(image, mask, np.random.default_rng(0))
    assert changed.shape == image.shape
    assert outline.sum() > 1000
    assert changed[outline].mean(axis=0)[0] > 120


def test_real_photos_meet_the_target(wardrobe13):
    report = measure_duplicates(DeepFashion2(wardrobe13, "validation").records(60))
    assert report["recall"] >= 0.9
    assert report["false_alarms"] <= 0.01


def test_command(rendered_dataset, tmp_path, capsys):
    file = tmp_path / "twins.json"
    arguments = ["--data", str(rendered_dataset), "--split", "validation", "--json", str(file)]
    assert cli.main(["evaluate-duplicates", *arguments]) == 0
    assert '"recall"' in capsys.readouterr().out
    assert file.exists()
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate-duplicates", *arguments[:4], "--limit", "0"])
    assert stop.value.code == 2
