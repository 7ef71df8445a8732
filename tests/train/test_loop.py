"""The common loop: what it does when something goes wrong, when it stops, what it draws, and how its parts count."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
import torch
from training import SCRIPTS, SMALL, TinyTask

from ewardrobe.datasets.augment import AugmentConfig, augment
from ewardrobe.datasets.samples import LazySamples, Sample
from train.attributes.train import AttributesConfig
from train.loop import checkpoints, data, engine, trainer
from train.loop.config import Config, FlagError, check, described
from train.loop.engine import make_optimizer


@pytest.fixture
def config(tmp_path, monkeypatch, rendered_dataset) -> Config:
    monkeypatch.chdir(tmp_path)
    return Config(**SMALL, data=str(rendered_dataset), steps=4, lr=0.01)


@pytest.fixture(scope="module")
def photos(rendered_dataset) -> data.Data:
    return data.load_data(Config(**SMALL, data=str(rendered_dataset)))


def last(run: trainer.Trainer | str) -> dict:
    return checkpoints.load(run.folder / "last.pt", "tiny-checkpoint")


def test_out_of_memory_saves_and_says_what_to_lower(config, photos):
    message = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes"
    for error in (RuntimeError(message), torch.OutOfMemoryError("CUDA out of memory"), MemoryError()):
        task = TinyTask(replace(config, overwrite=True), {2: error})
        with pytest.raises(engine.TrainingError, match=r"at step 2: lower --batch-size.*holds step 2"):
            trainer.run(task, photos)
        run = trainer.run(TinyTask(replace(config, resume=True)), photos)
        assert run.step == 4


def test_other_errors_are_not_taken_for_a_lack_of_memory(config, photos):
    with pytest.raises(RuntimeError, match="shapes"):
        trainer.run(TinyTask(config, {1: RuntimeError("shapes differ")}), photos)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_with_the_last_good_state(config, photos, value):
    with pytest.raises(engine.TrainingError, match=r"loss is (nan|inf) at step 1: lower --lr.*holds step 1"):
        trainer.run(TinyTask(config, {1: value}), photos)
    content = checkpoints.load(trainer.Path("runs/run/last.pt"), "tiny-checkpoint")
    assert all(v.isfinite().all() for v in content["model"].values())
    assert trainer.run(TinyTask(replace(config, resume=True)), photos).step == 4


def test_tensors_that_are_broken_already_are_not_saved(config, photos, monkeypatch):
    run = trainer.run(TinyTask(replace(config, steps=1)), photos)
    run.model.state_dict()["0.weight"].fill_(float("nan"))
    assert "holds step 1" in checkpoints.rescue(run)
    assert last(run)["model"]["0.weight"].isfinite().all()


def test_ctrl_c_ends_at_a_step_and_leaves_a_checkpoint(config, photos, capsys):
    class Pressed(TinyTask):
        def loss(self, model, batch):
            if self.calls == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return super().loss(model, batch)

    before = signal.getsignal(signal.SIGINT)
    run = trainer.run(Pressed(config), photos)
    assert run.step == 2 and last(run)["step"] == 2
    assert "stopped at step 2" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_reading_processes_change_nothing_and_outlive_ctrl_c(config, photos):
    class Pressed(TinyTask):
        def loss(self, model, batch):
            if self.calls == 1:
                for process in multiprocessing.active_children():  # a terminal's Ctrl-C reaches them too
                    os.kill(process.pid, signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)
            return super().loss(model, batch)

    flags = {"schedule": "cosine", "steps": 100, "warmup": 50}
    alone = trainer.run(Pressed(replace(config, **flags, name="alone")), photos)
    run = trainer.run(Pressed(replace(config, **flags, workers=1)), photos)
    assert run.step == alone.step == 2
    for key, value in run.model.state_dict().items():
        torch.testing.assert_close(value, alone.model.state_dict()[key])


def test_a_second_ctrl_c_tells_what_is_left(config, rendered_dataset, monkeypatch, capsys):
    class Impatient(TinyTask):
        def loss(self, model, batch):
            if self.calls == 1:
                os.kill(os.getpid(), signal.SIGINT)
            return super().loss(model, batch)

        def segmenter(self, state):
            os.kill(os.getpid(), signal.SIGINT)  # during the last validation

    argv = [f"--{k.replace('_', '-')}={v}" for k, v in (SMALL | {"data": str(rendered_dataset), "steps": 4}).items()]
    assert trainer.main(Config, Impatient, "doc", argv) == 130
    assert "last.pt holds step 2: --resume goes on" in capsys.readouterr().err


def test_errors_are_told_in_one_line(config, capsys):
    assert trainer.main(Config, TinyTask, "doc", ["--data", "nowhere", "--accelerator", "cpu"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and "nowhere" in error and "Traceback" not in error


def test_a_run_is_not_overwritten_by_mistake(config, photos):
    trainer.run(TinyTask(replace(config, steps=1)), photos)
    with pytest.raises(engine.TrainingError, match=r"--resume.*--overwrite"):
        trainer.run(TinyTask(replace(config, steps=1)), photos)
    assert trainer.run(TinyTask(replace(config, steps=2, overwrite=True)), photos).step == 2
    assert len(log_lines("runs/run/log.jsonl")) == 2


def log_lines(path) -> list[dict]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_patience_ends_a_run_that_gets_no_better(config, photos, monkeypatch):
    aps = iter([0.1, 0.3, 0.2, 0.3, 0.9])
    monkeypatch.setattr(trainer, "quick_scores", lambda *args: {"mask_ap": next(aps, 0.0)})
    watched = []
    run = trainer.run(
        TinyTask(replace(config, steps=20, validate_steps=1, patience=2)),
        photos,
        lambda t, s: watched.append((t.step, s["mask_ap"])),
    )
    assert watched[:4] == [(1, 0.1), (2, 0.3), (3, 0.2), (4, 0.3)]
    assert run.step == 5 and "no better mask_ap than 0.3000" in run.ending
    assert last(run)["best"] == 0.9  # the last validation was the best after all, and is kept
    assert checkpoints.read(run.folder / "best.pt")["info"]["step"] == 5


def test_sgd_frozen_norm_and_bfloat16_train(config, photos):
    flags = {"optimizer": "sgd", "norm": "frozen", "precision": "bf16-mixed"}
    run = trainer.run(TinyTask(replace(config, **flags)), photos)
    assert isinstance(run.optimizer.optimizer, torch.optim.SGD)
    assert (run.model.state_dict()["1.running_mean"] == 0).all()
    assert run.model.state_dict()["0.weight"].dtype == torch.float32


def test_inputs_keep_their_precision_in_mixed_precision(config):
    fabric = trainer.make_fabric(replace(config, precision="bf16-mixed"))
    boxes = torch.tensor([[257.25, 1.0]])
    assert fabric.strategy.precision.convert_input({"boxes": boxes})["boxes"].tolist() == [[257.25, 1.0]]


def test_what_the_machine_does_not_have_is_told(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(engine.TrainingError, match="no CUDA device"):
        trainer.make_fabric(replace(config, accelerator="cuda"))
    with pytest.raises(engine.TrainingError, match="--norm frozen"):
        trainer.make_fabric(replace(config, norm="sync"))


def test_weight_decay_spares_biases_and_norms(config):
    model = TinyTask(config).build()
    decayed, free = make_optimizer(model, config).param_groups
    assert {p.ndim for p in decayed["params"]} == {4} and {p.ndim for p in free["params"]} == {1}
    assert decayed["weight_decay"] == config.weight_decay and free["weight_decay"] == 0


def test_the_processes_of_a_step_share_its_samples_without_overlap():
    whole = list(data.sample_numbers(range(1, 3), batch_size=4))
    first, second = (list(data.sample_numbers(range(1, 3), 2, rank, world_size=2)) for rank in (0, 1))
    assert whole == list(range(4, 12))
    assert first == [4, 5, 8, 9] and second == [6, 7, 10, 11]


def test_a_part_of_the_photos(config):
    assert len(data.load_data(replace(config, fraction=0.5)).train) == 2
    assert len(data.load_data(replace(config, max_images=3, balance=True)).train) == 3
    parts = data.load_data(replace(config, validation_images=1, lazy=True))
    assert isinstance(parts.train, LazySamples) and len(parts.validation) == 1
    with pytest.raises(engine.TrainingError, match="fraction"):
        data.load_data(replace(config, fraction=2.0))


def test_photos_read_when_needed_are_those_in_memory(config, photos):
    lazy = data.load_data(replace(config, lazy=True))
    pictures = [data.AugmentedStream(d, config, lambda s: s.image)[5] for d in (photos, lazy)]
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.5])
def test_strength_of_the_augmentation(strength):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 48, 3), dtype=np.uint8)
    mask = np.zeros((1, 64, 48), np.uint8)
    mask[:, 10:50, 10:40] = 1
    sample = Sample(image, mask, np.array([1]), None)
    out = [augment(sample, (64, 48), rng, AugmentConfig().scaled(strength)) for _ in range(5)]
    same = [np.array_equal(o.image, image) for o in out]
    assert all(same) if strength == 0 else not any(same)


def test_augmentation_of_strength_one_is_the_designed_one():
    assert AugmentConfig().scaled(1.0) == AugmentConfig()
    strong = AugmentConfig().scaled(1.5)
    assert strong.worn_angle == 30 and strong.flip == 0.5 and strong.focus == 1
    with pytest.raises(ValueError, match="strength"):
        AugmentConfig().scaled(-1)


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "last.pt"
    checkpoints.write(path, {"kind": "x", "step": 1, "model": {}})

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(engine.TrainingError, match="previous checkpoint is intact"):
            checkpoints.write(path, {"kind": "x", "step": 2})
    assert checkpoints.load(path, "x")["step"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_checkpoints_that_cannot_be_resumed_say_why(tmp_path, config, photos):
    with pytest.raises(engine.TrainingError, match="start without --resume"):
        checkpoints.load(tmp_path / "none.pt", "unet")
    torch.save({"kind": "yolo-checkpoint", "model": {}}, tmp_path / "other.pt")
    with pytest.raises(engine.TrainingError, match="of 'yolo-checkpoint', not of 'unet-checkpoint'"):
        checkpoints.load(tmp_path / "other.pt", "unet-checkpoint")
    (tmp_path / "broken.pt").write_bytes(b"PK")
    with pytest.raises(engine.TrainingError, match="not readable"):
        checkpoints.load(tmp_path / "broken.pt", "unet-checkpoint")
    run = trainer.run(TinyTask(replace(config, steps=1)), photos)
    other = last(run) | {"model": {"0.weight": torch.zeros(1)}}
    checkpoints.write(run.folder / "last.pt", other)
    with pytest.raises(engine.TrainingError, match="give the flags that the run was started with"):
        trainer.run(TinyTask(replace(config, resume=True)), photos)


def test_a_checkpoint_of_the_first_format_resumes(config, photos):
    run = trainer.run(TinyTask(replace(config, steps=2)), photos)
    old = {k: v for k, v in last(run).items() if k not in ("images", "stale", "scaler")}
    checkpoints.write(run.folder / "last.pt", old)
    run = trainer.run(TinyTask(replace(config, resume=True)), photos)
    assert run.step == 4 and run.images == 8


def test_the_log_forgets_what_is_trained_again_and_sets_aside_what_is_damaged(tmp_path, capsys):
    log = engine.Log(tmp_path)
    for step in (1, 2, 3):
        log.write(step=step)
    with open(log.path, "ab") as file:
        file.write(b'{"step": 4, "lo\xff\x00')  # killed in the middle of a line
    engine.Log(tmp_path, step=2).write(step=3, again=True)
    assert [(line["step"], line.get("again")) for line in log_lines(log.path)] == [(1, None), (2, None), (3, True)]
    assert (tmp_path / "log.jsonl.damaged").read_bytes() == b'{"step": 4, "lo\xff\x00'
    assert "17 bytes cannot be read" in capsys.readouterr().err
    engine.Log(tmp_path / "other", enabled=False).write(step=1)
    assert not (tmp_path / "other").exists()


def test_a_log_that_lacks_its_last_line_break_goes_on_in_a_new_line(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"step": 2}')
    engine.Log(tmp_path, step=2).write(step=3)
    assert [line["step"] for line in log_lines(tmp_path / "log.jsonl")] == [1, 2, 3]


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
def test_learning_rate_rises_and_falls(schedule):
    rates = [engine.learning_rate(s, 100, 1.0, 10, schedule) for s in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0, abs=0.01)
    assert rates[100] == pytest.approx(0.01)
    if schedule == "wsd":
        assert set(rates[10:80]) == {1.0}


def test_the_clock_ends_a_run_and_its_rate_falls_with_the_time(monkeypatch):
    now = 100.0
    monkeypatch.setattr(engine.time, "monotonic", lambda: now)
    clock = engine.Clock(steps=1000, minutes=1)
    assert clock.expected_steps(40) == 1000 and not clock.over  # no pace is known at the first step
    now += 15  # a quarter of the time for ten steps
    assert clock.expected_steps(50) == 80 and not clock.over
    now += 45
    assert clock.over and clock.expected_steps(90) == 90
    assert engine.Clock(steps=7).expected_steps(3) == 7 and not engine.Clock(steps=7).over


def test_a_run_by_the_clock_stops_saves_and_validates(config, photos):
    run = trainer.run(TinyTask(replace(config, steps=10**6, minutes=0.01)), photos)
    assert 0 < run.step < 10**6
    assert last(run)["step"] == run.step and (run.folder / "best.pt").is_file()


def test_the_average_is_that_of_the_formula_and_counters_are_copied():
    """Worked by hand as before: each step keeps min(0.9, (1 + step) / (10 + step)) of what was there."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    average = engine.averaged(model, decay=0.9)
    expected = {k: v.double() for k, v in model.state_dict().items()}
    for step in range(120):
        for value in model.state_dict().values():
            value.add_(torch.randn(value.shape) / 100 if value.is_floating_point() else 1)
        average.update_parameters(model)
        kept = min(0.9, (1 + step) / (10 + step))
        for key, value in model.state_dict().items():
            now, share = value.double(), kept if value.is_floating_point() else 0
            expected[key] = share * expected[key] + (1 - share) * now
    assert expected["1.num_batches_tracked"] == 120
    for key, value in average.module.state_dict().items():
        torch.testing.assert_close(value.double(), expected[key], rtol=1e-6, atol=1e-6, msg=key)


BAD_FLAGS = {
    "--name": ("../../x", "/tmp/x", "a/../../x", ""),
    "--lr": ("nan", "inf", "0", "-1"),
    "--batch-size": ("0",),
    "--seed": ("-1",),
    "--steps": ("0",),
    "--augment": ("1.6",),
    "--fraction": ("0", "1.1"),
    "--image-size": ("8",),
    "--eval-size": ("31", "4097"),
    "--weight-decay": ("-0.1", "nan"),
}


@pytest.mark.parametrize(("flag", "value"), [(f, v) for f, values in BAD_FLAGS.items() for v in values])
def test_a_flag_that_cannot_be_is_one_sentence_and_writes_nothing(tmp_path, monkeypatch, capsys, flag, value):
    monkeypatch.chdir(tmp_path)
    assert trainer.main(Config, TinyTask, "doc", [f"{flag}={value}", "--accelerator", "cpu"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {flag} {value}: expected") and told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_values_that_no_command_line_has_checked_are_refused_too(config, photos):
    for wrong in ({"lr": float("nan")}, {"name": "../x"}, {"optimizer": "adam"}, {"seed": -1}):
        with pytest.raises(FlagError, match="expected"):
            trainer.run(TinyTask(replace(config, **wrong)), photos)


def test_a_text_for_a_number_is_told_without_the_list_of_all_flags(capsys):
    with pytest.raises(SystemExit) as ended:
        trainer.main(Config, TinyTask, "doc", ["--lr", "fast"])
    told = capsys.readouterr().err
    assert ended.value.code == 2 and "--lr" in told and len(told.splitlines()) == 2


def test_a_flag_with_another_default_keeps_its_help_and_limits():
    @dataclass
    class Other(Config):
        lr: float = 0.5

    assert described(Other, "lr") == described(Config, "lr") and Other().lr == 0.5
    assert list(described(AttributesConfig, "norm")["choices"]) == ["batch", "frozen"]
    for config_class in (AttributesConfig, *(config for config, _ in SCRIPTS.values())):
        assert all(described(config_class, f.name).get("help") for f in fields(config_class))
        check(config_class())


def test_a_resumed_run_uses_the_weight_decay_that_it_is_given_and_writes_that_down(config, photos):
    trainer.run(TinyTask(replace(config, steps=2, weight_decay=0.5)), photos)
    run = trainer.run(TinyTask(replace(config, resume=True, weight_decay=0.25)), photos)
    assert [group["weight_decay"] for group in run.optimizer.param_groups] == [0.25, 0]
    assert last(run)["config"]["weight_decay"] == 0.25


def test_what_a_resumed_run_cannot_change_is_told(config, photos):
    trainer.run(TinyTask(replace(config, steps=1)), photos)
    for changed in ({"optimizer": "sgd"}, {"init": "other.pt"}):
        with pytest.raises(FlagError, match="the run was begun with (adamw|none)"):
            trainer.run(TinyTask(replace(config, **changed, resume=True)), photos)


def test_a_resumed_run_still_knows_what_it_started_from(config, photos, tmp_path):
    class Filled(TinyTask):
        def initialise(self, model, content):
            model.load_state_dict(content["model"])

    torch.save({"kind": "tiny", "model": TinyTask(config).build().state_dict()}, tmp_path / "first.pt")
    trainer.run(Filled(replace(config, steps=1, init="first.pt")), photos)
    run = trainer.run(Filled(replace(config, resume=True)), photos)
    assert last(run)["config"]["init"] == "first.pt"
