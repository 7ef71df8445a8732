"""Training the attribute network: crops and their file, augmentation, balance, calibration, a whole small run."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from attribute_files import write_garments, write_weights

from ewardrobe.core.attributes import HEADS, kinds_of
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.models.attributes import crop, load_classifier, to_input
from ewardrobe.models.calibration import Calibration
from ewardrobe.models.networks.unet import UNet
from train import register
from train.attributes import calibration as attribute_calibration
from train.attributes import refit, train
from train.attributes.augment import Augmentation
from train.attributes.calibration import ask_below, calibrate, scores
from train.attributes.data import (
    NOT_JUDGED,
    Garments,
    load_garments,
    log_priors,
    read_garments,
    sampling_weights,
    split_by_image,
)
from train.attributes.prints import SHARES, joined, printed
from train.loop import trainer
from train.loop.engine import TrainingError

SMALL = {
    "batch_size": 4, "image_size": 64, "last_width": 16, "warmup": 1, "accelerator": "cpu", "held_out": 0.25,
    "validate_steps": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_garments(tmp_path_factory.mktemp("data"), "train", 16)


def config(data, **changes) -> train.AttributesConfig:
    return train.AttributesConfig(data=str(data), **{"steps": 4, **SMALL, **changes})


# Data


def test_labels_are_those_of_the_table(data):
    garments = read_garments(data, "train", 64)
    assert len(garments) == 16
    assert garments.rgb.shape == (16, 64, 64, 3) and garments.masks.shape == (16, 64, 64)
    assert HEADS["pattern"][garments.labels["pattern"][1]] == "striped"
    assert garments.labels["material"][4] == NOT_JUDGED, "unknown"
    trousers = garments.category_ids == 8
    assert (garments.labels["sleeve"][trousers] == NOT_JUDGED).all()
    assert HEADS["sleeve"][garments.labels["sleeve"][0]] == "long", "of category 2"
    assert {HEADS["kind"][label] for label in garments.labels["kind"]} == {"shirt", "t-shirt", "tank top", "jeans"}


def test_a_cache_holds_the_same_and_needs_no_data(data, tmp_path):
    path = tmp_path / "crops.npz"
    made = load_garments(str(data), str(path), 64)
    read = load_garments("", str(path), 64)
    assert np.abs(made.rgb.astype(int) - read.rgb).mean() < 8
    np.testing.assert_array_equal(made.masks > 127, read.masks > 127)
    for name in HEADS:
        np.testing.assert_array_equal(made.labels[name], read.labels[name])
    with pytest.raises(TrainingError, match="64 pixels, 96 are needed"):
        load_garments("", str(path), 96)
    path.write_bytes(b"broken")
    with pytest.raises(TrainingError, match="delete it"):
        load_garments("", str(path), 64)
    with pytest.raises(TrainingError, match="--data"):
        load_garments("", "", 64)


def test_garments_of_one_photo_stay_on_one_side():
    count = 40
    images = np.array([f"{i // 2}.jpg" for i in range(count)])
    pictures = np.zeros((count, 2, 2, 3), np.uint8)
    garments = Garments(pictures, pictures[..., 0], np.ones(count, int), {}, images)
    learn, held_out = split_by_image(garments, 0.25, 0)
    assert sorted([*learn, *held_out]) == list(range(count))
    assert len(held_out) == 10
    assert not set(images[learn]) & set(images[held_out])


def test_rare_values_are_drawn_more_often_and_the_prior_knows():
    labels = {"pattern": np.array([0] * 99 + [5]), "style": np.full(100, NOT_JUDGED)}
    weights = sampling_weights(labels)
    assert weights[0] == 1 and weights[-1] == pytest.approx(np.sqrt(0.1 / 0.01))
    drawn, natural = log_priors(labels, weights)["pattern"], log_priors(labels, np.ones(100))["pattern"]
    assert drawn[5] > natural[5]
    assert np.exp(drawn).sum() == pytest.approx(1)


# Augmentation


def batch(count=64, side=40):
    rgb = torch.full((count, 3, side, side), 120, dtype=torch.uint8)
    rgb[:, 0] = 220
    masks = torch.zeros((count, 1, side, side), dtype=torch.uint8)
    masks[:, :, 8:32, 8:32] = 255
    return rgb, masks


def test_without_strength_the_picture_is_what_the_app_sees():
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    rgb, mask = crop(picture, np.ones((32, 32), bool), 32)
    tensors = torch.from_numpy(rgb.transpose(2, 0, 1).copy())[None], torch.from_numpy(mask)[None, None]
    x, recoloured = Augmentation(32, 0.0)(*tensors, torch.Generator().manual_seed(0))
    straight, mirrored = torch.from_numpy(to_input(rgb, mask)), torch.from_numpy(to_input(rgb[:, ::-1], mask[:, ::-1]))
    assert min((x[0] - straight).abs().max(), (x[0] - mirrored).abs().max()) < 0.02
    assert not recoloured.any()


def test_views_differ_repeat_by_seed_and_stay_inside_the_mask():
    one, recoloured = Augmentation(32)(*batch(), torch.Generator().manual_seed(1))
    two, _ = Augmentation(32)(*batch(), torch.Generator().manual_seed(1))
    torch.testing.assert_close(one, two)
    assert one.shape == (64, 4, 32, 32) and one.isfinite().all()
    assert (one[0] - one[1]).abs().max() > 0.1
    mask = one[:, 3:]
    assert (mask >= 0).all() and (mask <= 1).all()
    assert one[:, :3][(mask == 0).expand(-1, 3, -1, -1)].abs().max() == 0
    assert 4 <= recoloured.sum() <= 32


def test_only_recoloured_garments_change_their_hue():
    x, recoloured = Augmentation(32)(*batch(), torch.Generator().manual_seed(2))
    inside = (x[:, :3] * x[:, 3:]).sum(dim=(2, 3)) / x[:, 3:].sum(dim=(2, 3)).clamp(min=1)
    seen = x[:, 3].sum(dim=(1, 2)) > 20
    red = inside.argmax(dim=1) == 0
    assert red[seen & ~recoloured].float().mean() > 0.9
    assert red[seen & recoloured].float().mean() < 0.7


# Calibration


def test_calibration_finds_the_temperature_that_was_hidden():
    rng = np.random.default_rng(0)
    true_logits = rng.normal(0, 2, (4000, 4))
    chances = np.exp(true_logits) / np.exp(true_logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(4, p=row) for row in chances])
    logits = {name: np.zeros((4000, len(values))) for name, values in HEADS.items()} | {"style": 3 * true_logits}
    labels = {name: np.full(4000, NOT_JUDGED) for name in HEADS} | {"style": truth}
    flat = {name: np.zeros(len(values)) for name, values in HEADS.items()}
    calibration = calibrate(logits, labels, flat)
    assert calibration["style"].temperature == pytest.approx(3, rel=0.1)
    values = scores(logits, labels, calibration)
    assert values["style_ece"] < 0.03
    assert "pattern_f1" not in values, "nothing was judged"
    assert calibration["pattern"].ask_below == 1.0, "a head that nobody judged asserts nothing"


def test_threshold_asserts_what_is_right_often_enough():
    confidence = np.linspace(0.51, 0.99, 100)
    right = confidence > 0.7
    threshold = ask_below(confidence, right)
    assert right[confidence >= threshold].mean() >= 0.8
    assert threshold < 0.7
    assert ask_below(confidence, np.zeros(100, bool)) == 0.99
    assert ask_below(np.linspace(0.1, 0.4, 100), np.ones(100, bool)) == 0.5


# A run


def test_a_run_writes_weights_that_the_app_loads(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = config(data, cache="crops.npz")
    run = trainer.run(train.AttributesTask(one))
    assert run.step == 4
    classifier = load_classifier(tmp_path / "runs/attributes/best.pt")
    assert isinstance(classifier.calibration["pattern"], Calibration)
    lines = [json.loads(line) for line in (tmp_path / "runs/attributes/log.jsonl").read_text().splitlines()]
    assert {"pattern_f1", "mean", "sleeve_ece", "kind_accuracy"} <= set(
        next(line["val"] for line in lines if "val" in line)
    )
    (tmp_path / "w").mkdir()
    entry = register.register("attributes", tmp_path / "runs/attributes/best.pt", tmp_path / "w", "d", "c")
    assert entry["images"] in (8, 16), "the best of two validations"
    assert "cache" not in entry["config"]
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path / "w"))
    assert load_classifier().size == 64


def test_a_resumed_run_ends_as_an_uninterrupted_one(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    steady = {"schedule": "wsd", "decay": 0.01}  # the rate falls in the last step alone, whatever their number
    runs = [config(data, name="whole", **steady), config(data, name="part", **steady, steps=2)]
    runs.append(config(data, name="part", **steady, resume=True))
    whole, _, resumed = [trainer.run(train.AttributesTask(one)) for one in runs]
    assert resumed.step == whole.step == 4
    for key, value in whole.model.state_dict().items():
        torch.testing.assert_close(resumed.model.state_dict()[key], value)


def test_the_body_starts_from_the_unet(data, capsys):
    one = config(data)
    task = train.AttributesTask(one)
    model = task.build()
    content = {"kind": "unet", "model": UNet().state_dict()}
    task.initialise(model, content)
    torch.testing.assert_close(
        model.body.stages[2][1].conv2[0].weight, content["model"]["encoder.stages.2.1.conv2.0.weight"]
    )
    assert "tensors of the body taken over" in capsys.readouterr().out
    with pytest.raises(TrainingError, match="give weights/unet.pt"):
        task.initialise(model, {"kind": "yolo", "model": {"x": torch.zeros(1)}})


def test_the_body_can_be_the_shipped_unets_encoder(data, repository):
    content = torch.load(repository / "weights/unet.pt", map_location="cpu", weights_only=True)
    name = content.get("encoder", "plain")
    task = train.AttributesTask(config(data, encoder=name))
    model = task.build().eval()
    task.initialise(model, content)
    key = next(iter(model.body.state_dict()))
    torch.testing.assert_close(model.body.state_dict()[key], content["model"][f"encoder.{key}"].float())
    assert set(model(torch.zeros(2, 4, 64, 64), torch.ones(2, dtype=torch.int64))) == set(HEADS)
    assert task.content()["encoder"] == name


def test_recoloured_garments_teach_nothing_about_material(data):
    one = config(data, smoothing=0.0)
    task = train.AttributesTask(one)
    task.drawn_prior = {name: torch.zeros(len(values)) for name, values in HEADS.items()}
    model = task.build().eval()
    x, ids = torch.rand(4, 4, 64, 64), torch.ones(4, dtype=torch.int64)
    labels = {name: torch.zeros(4, dtype=torch.int64) for name in HEADS}
    _, parts = task.loss(model, (x, ids, labels, torch.ones(4, dtype=torch.bool)))
    assert parts["material"] == parts["style"] == 0
    assert parts["pattern"] > 0 and parts["sleeve"] > 0


def test_the_loss_leaves_out_what_was_not_judged_and_what_cannot_be(data):
    task = train.AttributesTask(config(data, smoothing=0.1))
    task.drawn_prior = {name: torch.zeros(len(values)) for name, values in HEADS.items()}
    model = task.build().eval()
    x, ids = torch.rand(3, 4, 64, 64), torch.tensor([8, 16, 9])
    labels = {name: torch.full((3,), NOT_JUDGED) for name in HEADS}
    labels["kind"] = torch.tensor([HEADS["kind"].index("jeans"), NOT_JUDGED, HEADS["kind"].index("skirt")])
    total, parts = task.loss(model, (x, ids, labels, torch.zeros(3, dtype=torch.bool)))
    assert {name for name, part in parts.items() if part} == {"kind"}
    logits = model(x, ids)["kind"][0, [HEADS["kind"].index(kind) for kind in kinds_of(8)]]
    jeans = torch.nn.functional.cross_entropy(logits[None], torch.tensor([0]), label_smoothing=0.1)
    torch.testing.assert_close(total, jeans / 2)  # a skirt can be nothing else: its loss is 0
    total.backward()
    gradient = model.heads["kind"][-1].bias.grad
    assert {HEADS["kind"][i] for i in gradient.nonzero().flatten()} == set(kinds_of(8))
    assert model.heads["pattern"][-1].weight.grad.abs().max() == 0


def test_older_weights_give_all_but_the_head_that_they_lack(data, tmp_path):
    old = torch.load(write_weights(tmp_path / "old.pt", ("pattern", "material", "style", "sleeve")), weights_only=True)
    task = train.AttributesTask(config(data))
    model = task.build()
    own = model.heads["kind"][-1].weight.clone()
    task.initialise(model, old)
    for name, part in old["model"].items():
        torch.testing.assert_close(model.state_dict()[name], part.float() if part.is_floating_point() else part)
    torch.testing.assert_close(model.heads["kind"][-1].weight, own)
    with pytest.raises(TrainingError, match="do not fit"):
        task.initialise(model, old | {"model": {k: v for k, v in old["model"].items() if not k.startswith("body.")}})


def test_too_few_garments_are_told(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = config(data, held_out=0.01)
    with pytest.raises(TrainingError, match="too few"):
        trainer.run(train.AttributesTask(one))
    one = config(data, held_out=0.0)
    with pytest.raises(DatasetError, match="attributes_validation"):
        trainer.run(train.AttributesTask(one))


# Drawn patterns, heads alone, calibration by the app's path


def test_prints_change_the_cloth_and_nothing_else(data):
    garments = read_garments(data, "train", 64)
    prints = printed(garments, 10, seed=3)
    assert len(prints) == 10
    assert {HEADS["pattern"][label] for label in prints.labels["pattern"]} <= set(SHARES)
    assert (prints.labels["material"] == NOT_JUDGED).all()
    plain = dict(zip(garments.images, garments.rgb, strict=True))
    for rgb, mask, image in zip(prints.rgb, prints.masks, prints.images, strict=True):
        inside, difference = mask > 127, np.abs(rgb.astype(int) - plain[image]).sum(axis=2)
        assert difference[~inside].max() == 0
        assert difference[inside].mean() > 10
    both = joined(garments, prints)
    assert len(both) == 26 and len(both.labels["sleeve"]) == 26


def test_a_wardrobe_without_plain_garments_gets_no_prints(data):
    garments = read_garments(data, "train", 64)
    striped = garments[garments.labels["pattern"] == HEADS["pattern"].index("striped")]
    assert len(printed(striped, 5)) == 0


def test_heads_alone_are_trained_on_a_frozen_body(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = config(data, name="first")
    trainer.run(train.AttributesTask(first))
    one = config(data, name="heads", init="runs/first/best.pt", freeze_body=True, prints=4)
    run = trainer.run(train.AttributesTask(one))
    before = torch.load("runs/first/best.pt", weights_only=True)["model"]
    after = run.model.state_dict()
    changed = {k for k, v in before.items() if v.is_floating_point() and not torch.equal(after[k].half(), v)}
    assert changed
    assert not [key for key in changed if key.startswith(("body.", "mask_stem."))]


def test_the_validation_split_can_choose_and_calibrate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = write_garments(tmp_path / "data", "train", 8)
    write_garments(data, "validation", 6)
    task = train.AttributesTask(config(data, held_out=0.0))
    split = task.load(None)
    assert (len(split.train), len(split.validation)) == (8, 6), "nothing of the training is held out"
    trainer.run(task)
    path = tmp_path / "runs/attributes/best.pt"
    logits, labels = attribute_calibration._served_logits(path, data, {"held_out": 0.0, "seed": 0})
    assert len(logits["kind"]) == 6 and (labels["kind"] >= 0).all()
    assert attribute_calibration.main([str(path), "--data", str(data)]) == 0


def test_the_head_of_the_kinds_is_fitted_anew_and_nothing_else(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(refit, "BATCH", 8)
    data = write_garments(tmp_path / "data", "train", 12)
    write_garments(data, "validation", 8)
    trainer.run(train.AttributesTask(config(data, held_out=0.0)))
    path = tmp_path / "runs/attributes/best.pt"
    before = torch.load(path, weights_only=True)["model"]
    assert refit.main([str(path), "--data", str(data)]) == 0
    after = torch.load(path, weights_only=True)["model"]
    changed = {name for name, part in before.items() if not torch.equal(after[name], part)}
    assert changed and all(name.startswith("heads.kind.") for name in changed)
    assert load_classifier(path).size == 64
    assert "now 1.0000" in capsys.readouterr().out, "here the category tells the kind"
    right, again = refit.refit(path, data, "")
    assert right == again == 1, "a head that cannot be bettered stays"
    assert refit.main([str(tmp_path / "none.pt"), "--data", str(data)]) == 2


def test_calibration_by_the_apps_path_rewrites_the_file(data, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one = config(data)
    trainer.run(train.AttributesTask(one))
    path = tmp_path / "runs/attributes/best.pt"
    before = torch.load(path, weights_only=True)
    assert attribute_calibration.main([str(path), "--data", str(data)]) == 0
    after = torch.load(path, weights_only=True)
    assert after["model"].keys() == before["model"].keys() and after["info"]["scores"].keys() >= {"mean", "pattern_ece"}
    assert load_classifier(path).calibration["style"].temperature > 0
    assert attribute_calibration.main([str(tmp_path / "none.pt"), "--data", str(data)]) == 2
    assert "does not exist" in capsys.readouterr().err
