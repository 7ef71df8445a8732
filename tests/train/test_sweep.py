"""Sweeps: what is searched, what is stored, what several workers, a dead one and a broken storage do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from training import SMALL, TinyTask

from train import sweep
from train.loop import engine, trainer
from train.loop.config import Config
from train.loop.engine import TrainingError
from train.search import study
from train.search.space import SGD_RATE, largest, parse_space, suggest

REPOSITORY = Path(__file__).resolve().parents[2]
FLAGS = [f"--{k.replace('_', '-')}={v}" for k, v in SMALL.items() if k != "batch_size"]
SPACE = ["--space", "batch_size=2", "workers=0", "image_size=64"]


@pytest.fixture
def command(tmp_path, monkeypatch, rendered_dataset):
    """Return ``command(*more)``: the arguments of a sweep of the tiny network, of four trials of two rungs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sweep.SCRIPTS, "unet", ("train.unet", "UNetConfig", "UNetTask"))
    monkeypatch.setattr("train.unet.UNetTask", TinyTask)
    monkeypatch.setattr(trainer, "quick_scores", lambda *args: {"mask_ap": 0.0})
    return lambda *more: [
        *("unet", "--name", "s", "--trials", "4", "--images", "8", "--rungs", "2", "--data", str(rendered_dataset)),
        *(SPACE + FLAGS),
        *more,
    ]


def score_by_rate(monkeypatch):
    """Make the mask AP the learning rate times the step, so that trials differ; and never quite the same."""
    real = trainer.Trainer.validate

    def validate(self, samples):
        monkeypatch.setattr(trainer, "quick_scores", lambda *args: {"mask_ap": self.config.lr * self.step})
        return real(self, samples)

    monkeypatch.setattr(trainer.Trainer, "validate", validate)


def results(name="s") -> dict:
    return json.loads(Path(f"runs/sweeps/{name}.json").read_text())


def test_a_sweep_is_run_and_told(command, monkeypatch, capsys):
    score_by_rate(monkeypatch)
    assert sweep.main(command("--sampler-seed", "1")) == 0
    found = results()
    assert len(found["trials"]) == 4 and found["model"] == "unet" and found["metric"] == "mask_ap"
    best = found["trials"][found["best"]]
    assert best["value"] == max(t["value"] for t in found["trials"] if t["state"] == "complete")
    assert best["value"] == pytest.approx(best["config"]["lr"] * 4)
    assert [images for images, _ in best["intermediate"]] == [4, 8]
    assert best["config"]["steps"] == 4 and best["seconds"] > 0 and best["images_per_s"] > 0
    assert set(best["params"]) == {"lr", "weight_decay", "optimizer", "augment"}
    assert sum(found["importance"].values()) == pytest.approx(1, abs=0.01) and "lr" in found["importance"]
    assert f"is {found['best']}, mask AP" in capsys.readouterr().out
    assert not list(Path("runs/sweeps/s").glob("*/last.pt")) and len(list(Path("runs/sweeps/s").glob("*/best.pt"))) == 4


def test_a_sweep_goes_on_where_it_was(command):
    assert sweep.main(command("--trials", "2")) == 0
    assert sweep.main(command("--trials", "3")) == 0
    assert [t["number"] for t in results()["trials"]] == [0, 1, 2]
    assert sweep.main(command("--trials", "3")) == 0
    assert len(results()["trials"]) == 3


def test_another_sweep_of_that_name_is_refused(command, capsys):
    assert sweep.main(command("--trials", "1")) == 0
    assert sweep.main(command("--trials", "1", "--images", "16")) == 1
    assert "images was 8, is 16" in capsys.readouterr().err


def test_hopeless_trials_are_ended_early(command, monkeypatch):
    monkeypatch.setattr(study, "STARTUP_TRIALS", 1)
    aps = iter([0.5, 0.6, 0.1, 0.2, 0.7, 0.8])
    monkeypatch.setattr(trainer, "quick_scores", lambda *args: {"mask_ap": next(aps)})
    assert sweep.main(command("--trials", "3")) == 0
    first, second, third = results()["trials"]
    assert (first["state"], second["state"]) == ("complete", "pruned")
    assert second["value"] is None and second["intermediate"] == [[4, 0.1]]
    assert third["intermediate"][0] == [4, 0.2] and third["state"] == "pruned"


def test_a_failed_trial_is_noted_and_the_sweep_goes_on(command, monkeypatch):
    real = TinyTask.loss

    def loss(self, model, batch):
        self.events = {0: MemoryError()} if "/001" in self.config.name else {}
        return real(self, model, batch)

    monkeypatch.setattr(TinyTask, "loss", loss)
    assert sweep.main(command("--trials", "3")) == 0
    states = [(t["state"], "out of memory" in t.get("error", "")) for t in results()["trials"]]
    assert states == [("complete", False), ("fail", True), ("complete", False)]


def test_an_interrupted_trial_is_done_again(command, monkeypatch):
    class Stopped(engine.GracefulStop):
        requested = True

        def __init__(self):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            pass

    with monkeypatch.context() as patch:
        patch.setattr(engine, "GracefulStop", Stopped)
        assert sweep.main(command("--trials", "1")) == 130
    assert sweep.main(command("--trials", "1")) == 0
    first, second = results()["trials"]
    assert (first["state"], second["state"]) == ("fail", "complete")
    assert first["params"] == second["params"]


def test_the_trial_of_a_killed_worker_is_done_again(command, monkeypatch):
    path = "runs/sweeps/s.journal"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    about = {"model": "unet"}
    first = study.open_study("s", path, "median", 2, about)
    trial = first.ask()
    trial.suggest_float("lr", 1e-4, 1e-2)
    study.mark(trial)
    trial.set_user_attr("pid", dead.pid)
    study.mark(first.ask())  # one of a living process: this one
    again = study.open_study("s", path, "median", 2, about)
    states = [t.state.name for t in again.get_trials()]
    assert states == ["FAIL", "RUNNING", "WAITING"]
    assert study.finished(again) == 0
    assert again.ask().suggest_float("lr", 1e-4, 1e-2) == trial.params["lr"]


def test_a_dead_trial_whose_process_number_lives_again_is_done_again(command, monkeypatch):
    path = "runs/sweeps/s.journal"
    first = study.open_study("s", path, "median", 2, {"model": "unet"})
    trial = first.ask()
    study.mark(trial)
    if trial.user_attrs["process"] is None:
        pytest.skip("no way here to tell one process from another of the same number")
    trial.set_user_attr("process", "another start of the machine 1")
    again = study.open_study("s", path, "median", 2, {"model": "unet"})
    assert [t.state.name for t in again.get_trials()] == ["FAIL", "WAITING"]


def test_a_journal_with_half_a_line_is_read_up_to_there_and_the_rest_set_aside(tmp_path, capsys):
    path = tmp_path / "s.journal"
    about = {"model": "unet"}
    first = study.open_study("s", str(path), "median", 2, about)
    first.tell(first.ask(), 0.5)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":4,"wor')
    second = study.open_study("s", str(path), "median", 2, about)
    assert path.read_bytes().startswith(whole) and "17 bytes cannot be read" in capsys.readouterr().err
    assert (tmp_path / "s.journal.damaged").read_bytes() == b'{"op_code":4,"wor'
    second.tell(second.ask(), 0.75)
    again = study.open_study("s", str(path), "median", 2, about)
    assert [trial.value for trial in again.get_trials()] == [0.5, 0.75] and again.user_attrs == about


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("sqlite:////nowhere/at/all.db", "unable to open database"),
        ("postgresql+psycopg2://me:secret@localhost:1/db", "cannot be"),
        ("nonsense://x", "nonsense"),
        ("redis://localhost:1", "redis"),
    ],
)
def test_a_storage_that_cannot_be_reached_is_told(command, storage, message, capsys):
    assert sweep.main(command("--storage", storage)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: the storage") and message in error
    assert "secret" not in error and "Traceback" not in error


@pytest.mark.slow
def test_two_workers_share_a_sweep(command, tmp_path, monkeypatch):
    def scores(*_):
        Path("both").touch()  # the other worker, in the middle of its first trial, waits for this
        return {"mask_ap": 0.0}

    monkeypatch.setattr(trainer, "quick_scores", scores)
    arguments = command("--trials", "6", "--storage", f"sqlite:///{tmp_path}/s.db")
    code = "import sys; sys.path[:0] = sys.argv.pop(1).split(':')\n" + WORKER
    paths = f"{REPOSITORY}:{REPOSITORY / 'tests'}"
    other = subprocess.Popen([sys.executable, "-c", code, paths, *arguments])
    while not Path("started").exists():  # its imports take seconds; this process has them behind it
        assert other.poll() is None
        time.sleep(0.1)
    assert sweep.main(arguments) == 0
    assert other.wait(timeout=120) == 0
    trials = optuna.load_study(study_name="s", storage=f"sqlite:///{tmp_path}/s.db").get_trials()
    assert len({t.user_attrs["pid"] for t in trials}) == 2
    assert 6 <= len(trials) <= 7 and all(t.state.is_finished() for t in trials)
    assert [t["number"] for t in results()["trials"]] == list(range(len(trials)))


WORKER = """
import pathlib, time, train.unet
from train import sweep
from train.loop import trainer
from training import TinyTask
train.unet.UNetTask = TinyTask
def scores(*args):
    pathlib.Path("started").touch()
    while not pathlib.Path("both").exists():
        time.sleep(0.05)
    return {"mask_ap": 0.0}
trainer.quick_scores = scores
sys.exit(sweep.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("flags", "told"),
    [(["--name", "../../x"], "--name"), (["--trials", "0"], "--trials 0"), (["--lr", "nan"], "--lr nan")],
)
def test_flags_of_a_sweep_that_cannot_be_are_told_before_anything_is_written(command, tmp_path, capsys, flags, told):
    assert sweep.main(command(*flags)) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {told}") and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_space_from_the_command_line():
    config = Config()
    space = parse_space(["lr=1e-4:1e-2", "batch-size=4,8", "balance=true,false", "schedule=cosine"], config)
    assert space["lr"] == FloatDistribution(1e-4, 1e-2, log=True) and space["batch_size"] == (4, 8)
    assert space["balance"] == (True, False) and space["augment"] == parse_space([], config)["augment"]
    assert largest(space, config).image_size == max(space["image_size"]) == 320
    trial = optuna.trial.FixedTrial(
        {"lr": 1e-3, "weight_decay": 0.01, "optimizer": "sgd", "batch_size": 4, "workers": 1, "image_size": 192}
        | {"augment": 0.5, "balance": True}
    )
    new = suggest(trial, space, config)
    assert new.lr == pytest.approx(1e-3 * SGD_RATE) and new.eval_size == 192 and new.schedule == "cosine"
    assert new.batch_size == 4 and new.balance is True


@pytest.mark.parametrize("text", ["lr", "nothing=1,2", "lr=a:b", "lr=2:1", "lr=0:1", "batch_size=1.5", "balance=maybe"])
def test_a_space_that_makes_no_sense_is_refused(text):
    with pytest.raises(TrainingError, match="--space"):
        parse_space([text], Config())
