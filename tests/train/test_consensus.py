"""Choosing the consensus: the curve that fits, the network that is worth more, and what is shipped."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.models import NETWORKS, consensus, weights
from ewardrobe.models.confidence import DEFAULT
from ewardrobe.models.consensus import Part, Recipe
from train import consensus as choosing
from train.consensus import SeenPhoto, chosen_recipe, figures

SIZE = 40, 40
TOP, JACKET, BAG = 1, 4, 17


def one(label: int, score: float = 1.0, x: int = 0) -> Detections:
    mask = np.zeros((1, *SIZE), bool)
    mask[0, 5:35, 3 + x : 25 + x] = True
    return Detections.from_masks(mask, [label], [score])


def start() -> Recipe:
    return {name: Part((1.0,), 1.0, DEFAULT.thresholds, name) for name in NETWORKS}


def seen(truth: int, unlabelled=(), worn=False, **told: int) -> SeenPhoto:
    """A photo of one garment; ``told``: what each network calls it; enlarged, the YOLO calls it what it is."""
    looks = [(name, 1.0, one(label, 0.8).packed()) for name, label in told.items()]
    looks.append(("yolo", 1.4, one(truth, 0.9).packed()))
    return SeenPhoto(tuple(looks), one(truth).packed(), frozenset(unlabelled), worn)


@pytest.fixture
def photos() -> list[SeenPhoto]:
    """The small YOLO is always right, two networks always wrong."""
    rows = []
    for number in range(40):
        truth, other = (TOP, JACKET) if number % 2 else (JACKET, TOP)
        rows.append(seen(truth, worn=number >= 20, yolo_s=truth, unet=truth, mask_rcnn=other, yolo=other))
    return rows


def test_a_name_is_right_where_the_garment_is_and_bears_it():
    assert figures([seen(TOP, yolo_s=TOP)], start()) == {"worn": 0, "not_worn": pytest.approx(1), "mean": 0.5}
    assert figures([seen(TOP, worn=True, yolo_s=JACKET)], start())["mean"] == 0
    away = replace(seen(TOP), looks=(("yolo_s", 1.0, one(TOP, 0.8, x=14).packed()),))
    assert figures([away], start())["mean"] == 0, "IoU 0.22"


def test_what_a_photo_may_show_unlabelled_is_not_judged():
    bag = replace(seen(BAG), looks=(("yolo", 1.0, one(BAG, 0.5).packed()),))
    other = seen(TOP, yolo=BAG)  # surer, and wrong: half of the bag's AP is lost, the top is not found
    assert figures([bag, other], start())["not_worn"] == pytest.approx(0.25, abs=0.01)
    assert figures([bag, replace(other, unlabelled=frozenset({BAG}))], start())["not_worn"] == pytest.approx(0.5)


def test_a_label_that_no_network_knows_costs_nothing():
    with_bag = Detections.from_masks(np.concatenate([one(TOP).masks, one(BAG, x=5).masks]), [TOP, BAG], [1, 1])
    photo = replace(seen(TOP, yolo_s=TOP), truth=with_bag.packed())
    assert figures([photo], start())["not_worn"] == pytest.approx(1)
    other = seen(BAG, yolo=BAG)
    assert figures([photo, other], start())["not_worn"] < 0.8, "known by one, it counts for all"


def test_a_look_that_is_not_asked_for_has_no_word():
    photo = seen(TOP, yolo=JACKET)
    assert len(photo.of(start())) == 1
    assert len(photo.of({**start(), "yolo": replace(start()["yolo"], zooms=(1.0, 1.4))})) == 2


def test_who_knows_better_gets_a_heavier_word(photos):
    assert figures(photos, start())["mean"] < 0.9
    best, reached = chosen_recipe(photos, start())
    assert reached == {"worn": pytest.approx(1), "not_worn": pytest.approx(1), "mean": pytest.approx(1)}
    told = sum(best[name].weight for name in ("yolo_s", "unet"))
    assert told > best["mask_rcnn"].weight or 1.4 in best["yolo"].zooms
    assert all(best[name].zooms == (1.0,) for name in choosing.LOOK_ONCE)
    assert chosen_recipe(photos, start()) == (best, reached), "the same photos choose the same"


def test_what_is_chosen_is_shipped_with_what_it_was_chosen_for(tmp_path, monkeypatch, photos):
    entries = {name: {"file": f"{name}.pt", "sha256": name} for name in NETWORKS}
    (tmp_path / "manifest.json").write_text(json.dumps({"models": entries}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(choosing, "every_look", lambda: None)
    monkeypatch.setattr(choosing, "DeepFashion2", lambda *args, **kwargs: None)
    monkeypatch.setattr(choosing, "see", lambda model, dataset, limit: photos)
    used = {"purpose": "recipe", "list": "a" * 16}
    monkeypatch.setattr(choosing.manifest, "photos", lambda *told: used | {"split": told[2]})
    then = []
    monkeypatch.setattr(choosing.thresholds, "main", lambda argv: then.append(argv) or 0)
    assert choosing.main(["--data", str(tmp_path / "some"), "--dry-run"]) == 0
    assert not (tmp_path / "consensus.json").exists()
    assert choosing.main(["--data", str(tmp_path / "some")]) == 0
    assert then == [["consensus", "--data", str(tmp_path / "some"), "--split", "validation"]]
    path, entry = weights.read_manifest()["consensus"]["file"], weights.read_manifest()["consensus"]
    recipe = consensus.read_recipe(tmp_path / path)
    assert recipe == chosen_recipe(photos, consensus.plain())[0]
    assert entry["sha256"] == weights.sha256_of(tmp_path / path) and entry["images"] == 40
    assert entry["made_of"] == {name: name for name in NETWORKS} and weights.why_outdated(entry["made_of"]) == ""
    assert entry["photos"] == [used | {"split": "validation"}], "no evaluation may call them a test"
    assert entry["config"]["weight"] == [0.5, 1.0, 2.0]
    assert entry["command"] == "python -m train.consensus --data some --split validation"
