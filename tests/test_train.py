"""Every training script: two steps on rendered photos, exact resume, an export that loads."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ewardrobe import weights
from ewardrobe.segmenters import load_segmenter
from train import engine, trainer, unet, yolo
from train.losses import bce_loss, competition_loss, dice_loss, union_loss
from train.register import register

SCRIPTS = {"unet": (unet.UNetConfig, unet.UNetTask), "yolo": (yolo.YoloConfig, yolo.YoloTask)}
SMALL = {"batch_size": 2, "image_size": 64, "eval_size": 64, "accelerator": "cpu", "warmup": 1, "worn_factor": 1.0}


@pytest.fixture(params=sorted(SCRIPTS))
def script(request, tmp_path, monkeypatch, rendered_dataset):
    """Return (name, train): ``train(steps, **flags)`` runs the script in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    config_class, task_class = SCRIPTS[request.param]

    def train(steps: int, **flags):
        config = config_class(**{**SMALL, "data": str(rendered_dataset), "steps": steps, **flags})
        return trainer.run(config, task_class(config))

    return request.param, train


class StopAfter:
    """Stands in for Ctrl-C after a number of steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    @property
    def requested(self) -> bool:
        self.left -= 1
        return self.left <= 0


def test_two_steps_train_validate_export_and_load(script, tmp_path):
    name, train = script
    run = train(2)
    assert run.step == 2 and run.images == 4
    lines = [json.loads(line) for line in (run.folder / "log.jsonl").read_text().splitlines()]
    assert "mask_ap" in lines[-1]["val"]
    folder = tmp_path / "weights"
    folder.mkdir()
    entry = register(name, run.folder / "best.pt", folder, "rendered", "test")
    assert entry["images"] == 4 and entry["config"]["batch_size"] == 2
    assert weights.load_state(name, folder=folder)[0]["kind"] == name
    segmenter = load_segmenter(name, folder / entry["file"])
    assert segmenter.size == 64
    segmenter.predict(np.zeros((50, 40, 3), np.uint8), 0.01)


def test_resumed_equals_uninterrupted(script, monkeypatch):
    _, train = script
    whole = train(3, name="whole").model.state_dict()
    with monkeypatch.context() as patch:
        patch.setattr(trainer, "GracefulStop", lambda: StopAfter(1))
        assert train(3, name="parts").step == 1
    parts = train(3, name="parts", resume=True)
    assert parts.step == 3
    for key, value in parts.model.state_dict().items():
        torch.testing.assert_close(value, whole[key], rtol=1e-5, atol=1e-6, msg=key)


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    engine.save_checkpoint(path, {"kind": "x", "step": 1})

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(engine.TrainingError, match="previous checkpoint is intact"):
            engine.save_checkpoint(path, {"kind": "x", "step": 2})
    assert engine.load_checkpoint(path, "x")["step"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoints_that_cannot_be_resumed_say_why(tmp_path):
    with pytest.raises(engine.TrainingError, match="start without --resume"):
        engine.load_checkpoint(tmp_path / "none.pt", "unet")
    torch.save({"kind": "yolo-checkpoint"}, tmp_path / "other.pt")
    with pytest.raises(engine.TrainingError, match="of 'yolo-checkpoint', not of 'unet-checkpoint'"):
        engine.load_checkpoint(tmp_path / "other.pt", "unet-checkpoint")
    (tmp_path / "broken.pt").write_bytes(b"PK")
    with pytest.raises(engine.TrainingError, match="not readable"):
        engine.load_checkpoint(tmp_path / "broken.pt", "unet-checkpoint")


def test_a_loss_that_is_no_number_stops(tmp_path):
    with pytest.raises(engine.TrainingError, match=r"lower --lr"):
        engine.check_finite(float("nan"), 7, tmp_path / "last.pt")


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
def test_learning_rate_rises_and_falls(schedule):
    rates = [engine.learning_rate(s, 100, 1.0, 10, schedule) for s in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[100] == pytest.approx(0.01)
    if schedule == "wsd":
        assert set(rates[10:80]) == {1.0}


def test_flags_come_from_the_dataclass():
    config = engine.parse_config(unet.UNetConfig, "doc", ["--lr", "0.5", "--resume", "--data", "x"])
    assert (config.lr, config.resume, config.data, config.steps) == (0.5, True, "x", unet.UNetConfig().steps)


def test_ema_averages_parameters_and_copies_counters():
    model = torch.nn.BatchNorm1d(1)
    ema = engine.EMA(model, decay=0.9)
    model.weight.data.fill_(3.0)
    model.num_batches_tracked.fill_(5)
    ema.update(model, step=1000)
    assert ema.state["weight"].item() == pytest.approx(0.9 * 1 + 0.1 * 3)
    assert ema.state["num_batches_tracked"].item() == 5


def test_bce_leaves_unlabelled_channels_out():
    logits = torch.tensor([[[[0.0]], [[50.0]]]])
    target, labelled = torch.zeros(1, 2, 1, 1), torch.tensor([[1.0, 0.0]])
    assert bce_loss(logits, target, labelled).item() == pytest.approx(np.log(2))


def test_dice_of_perfect_and_of_wrong_masks():
    target = torch.zeros(1, 1, 10, 10)
    target[..., :5] = 1
    labelled = torch.ones(1, 1)
    assert dice_loss((target * 2 - 1) * 50, target, labelled).item() == pytest.approx(0, abs=1e-6)
    assert dice_loss((1 - target * 2) * 50, target, labelled).item() == pytest.approx(1 - 1 / 101)


def test_union_loss_is_the_cross_entropy_of_the_noisy_or():
    torch.manual_seed(0)
    logits, target = torch.randn(2, 5, 4, 4), (torch.rand(2, 5, 4, 4) > 0.7).float()
    some = 1 - (1 - torch.sigmoid(logits[:, :3])).prod(dim=1)
    expected = F.binary_cross_entropy(some, target[:, :3].amax(dim=1))
    assert union_loss(logits, target, 3).item() == pytest.approx(expected.item(), rel=1e-3)


def test_competition_loss_weighs_rare_labels_and_leaves_unlabelled_channels_out():
    logits = torch.tensor([[[[2.0, 0.0, 0.0, 0.0]], [[9.0, 9.0, 9.0, 9.0]]]])
    target = torch.tensor([[[[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]]]])
    loss = competition_loss(logits, target, torch.tensor([[1.0, 0.0]]))
    garment, background = (4 / 1) ** 0.5, (4 / 3) ** 0.5
    per_pixel = [np.log(1 + np.exp(-2)), np.log(2)]
    expected = (garment * per_pixel[0] + 3 * background * per_pixel[1]) / (garment + 3 * background)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
