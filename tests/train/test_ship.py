"""Shipping in one command: every step for real but the eight bits, and what happens when one fails or is done."""

from __future__ import annotations

import json
import shutil
from importlib import import_module

import pytest
import torch
from small_weights import WIDTHS, folder  # noqa: F401 (a fixture)

from ewardrobe import __main__ as ewardrobe
from ewardrobe.datasets import webcam
from ewardrobe.datasets.synthetic import write_dataset
from ewardrobe.evaluation import evaluator, held_out, speed, summary
from ewardrobe.evaluation.bootstrap import resampled
from ewardrobe.models.networks.unet import UNet
from ewardrobe.models.weights import read_manifest, sha256_of
from train import quantize, ship
from train.cards import manifest
from train.cards.readme import BEGIN, END

STEPS = ["register", "thresholds", "quantize", "evaluate", "card"]


@pytest.fixture
def run(folder, tmp_path):  # noqa: F811
    """The folder of a run of a small U-Net; ``weights/`` holds another one and nothing else."""
    manifest.write_json(folder / "manifest.json", {"models": {"unet": read_manifest(folder)["unet"]}})
    (tmp_path / "README.md").write_text(f"# Wardrobe\n{BEGIN}\n{END}\n")
    return write_run(tmp_path / "runs/first", seed=1)


def write_run(path, seed: int):
    torch.manual_seed(seed)
    path.mkdir(parents=True, exist_ok=True)
    flags = {"data": "drawn", "name": "first", "steps": 2, "lr": 0.01, "lazy": True, "init": "unet.pt", "seed": seed}
    content = {"kind": "unet", "model": UNet(WIDTHS).state_dict(), "size": 64, "widths": WIDTHS}
    torch.save(content | {"info": {"step": 2, "images": 32, "config": flags}}, path / "best.pt")
    return path


@pytest.fixture
def calls(monkeypatch):
    """Run the steps in this process, note them, and have those in ``fails`` fail; eight bits never pay."""
    found = Calls()
    monkeypatch.setattr(ship, "call", found)
    monkeypatch.setattr(speed, "TRIES", 1)
    monkeypatch.setattr(evaluator, "VIEWS", {"half_body": webcam.VIEWS["half_body"]})  # one of each is enough
    monkeypatch.setattr(summary, "resampled", lambda count, resamples: resampled(count, min(resamples, 3)))
    return found


class Calls(list):
    fails: set[str] = set()
    breaks: set[str] = set()

    def __call__(self, words: tuple[str, ...]) -> int:
        module, *arguments = words
        self.append(module if module != "ewardrobe" else arguments[0])
        if self[-1] in self.fails | self.breaks:
            return 2 if self[-1] in self.fails else 1  # as Python ends after an error that nobody expected
        if module == "train.quantize":
            return self.quantize(arguments)
        return (ewardrobe if module == "ewardrobe" else import_module(module)).main(arguments)

    def quantize(self, arguments: list[str]) -> int:
        out = ship.Path(arguments[arguments.index("--out") + 1])
        out.mkdir(exist_ok=True)
        told = {"source_sha256": sha256_of(out.parent / "best.pt"), "gain": 1.0}
        manifest.write_json(quantize.description_of("unet", out), told)
        return 1


@pytest.fixture
def command(run, rendered_dataset, tmp_path):
    """Return ``command(*more)``, which ships the run."""
    words = ["unet", str(run), "--data", str(rendered_dataset), "--readme", str(tmp_path / "README.md")]
    return lambda *more: ship.main([*words, *more])


def done(run) -> list[str]:
    return json.loads((run / ship.STATE).read_text())["done"]


def test_one_command_ships_and_goes_on_from_the_step_that_failed(folder, run, command, calls, tmp_path, capsys):  # noqa: F811
    calls.fails = {"train.thresholds"}
    assert command() == 1
    assert done(run) == ["register"] and calls == ["train.register", "train.thresholds"]
    assert "thresholds failed: mend" in capsys.readouterr().err
    calls.fails = set()
    calls.clear()
    assert command() == 0
    assert calls == ["train.thresholds", "train.quantize", "evaluate", "train.card"] and done(run) == STEPS
    entry = read_manifest(folder)["unet"]
    assert entry["sha256"] == sha256_of(run / "best.pt") == entry["thresholds"]["weights_sha256"]
    assert entry["data"] == "drawn"
    assert entry["command"] == "python -m train.unet --data drawn --steps 2 --lr 0.01 --init unet.pt --seed 1 --lazy"
    assert entry["sha256"] in (folder / "unet.md").read_text()
    assert "| mask AP, also of rare categories |" in (tmp_path / "README.md").read_text()
    assert [record["purpose"] for record in held_out.records_of(entry)] == ["training", "checkpoint", "thresholds"]
    meta = json.loads((folder / "unet.validation.json").read_text())["meta"]
    page = (tmp_path / "README.md").read_text().replace("\n", " ")
    assert meta["role"] == "validation" and "so these figures flatter" in page
    check_nothing_is_done_twice(command, calls)
    check_what_is_gone_is_made_again(folder, run, command, calls)


def check_nothing_is_done_twice(command, calls):
    calls.clear()
    assert command() == 0 and not calls
    assert command("--from", "card") == 0 and calls == ["train.card"]
    calls.breaks = {"evaluate"}
    assert command("--from", "evaluate") == 1, "the old figures are no result of this try"
    calls.breaks = set()
    assert command() == 0 and calls[-2:] == ["evaluate", "train.card"]


def check_what_is_gone_is_made_again(folder, run, command, calls):  # noqa: F811
    calls.clear()
    (folder / "unet.validation.json").unlink()
    assert command() == 0 and calls == ["evaluate", "train.card"]
    calls.clear()
    calls.fails = {"train.register"}  # begins, and is seen to begin, at the first step
    write_run(run, seed=2)
    assert command() == 1 and calls == ["train.register"] and done(run) == []


def test_with_a_test_both_are_measured_and_the_test_is_shown(folder, run, command, calls, rendered_dataset, tmp_path):  # noqa: F811
    data = tmp_path / "with_test"
    shutil.copytree(rendered_dataset, data)
    write_dataset(data, count=4, seed=9, split="test")
    assert command("--data", str(data)) == 0
    assert calls == ["train.register", "train.thresholds", "train.quantize", "evaluate", "evaluate", "train.card"]
    assert done(run) == [*STEPS[:-1], "validate", "card"]
    roles = {name: json.loads((folder / f"unet.{name}.json").read_text()) for name in ("metrics", "validation")}
    assert {name: m["meta"]["role"] for name, m in roles.items()} == {"metrics": "test", "validation": "validation"}
    assert roles["metrics"]["overall_ci"] and not roles["validation"]["overall_ci"]
    page = (tmp_path / "README.md").read_text().replace("\n", " ")
    assert "split test, by which nothing was trained or chosen" in page and "<br><sub>" in page
    calls.clear()
    assert command("--data", str(data), "--test", "validation", "--from", "evaluate") == 1, "it chose the thresholds"


def test_a_dry_run_lists_the_steps_and_writes_nothing(folder, run, command, calls, capsys):  # noqa: F811
    before = (folder / "manifest.json").read_bytes()
    assert command("--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [f"{name}:" for name in STEPS]
    assert all(line.startswith("open  ") for line in lines) and "python -m train.thresholds unet --data" in lines[1]
    assert not calls and not (run / ship.STATE).exists() and (folder / "manifest.json").read_bytes() == before


def test_what_cannot_be_shipped_is_told(run, command, calls, tmp_path, capsys):
    assert command("--from", "polish") == 2
    assert "the steps of unet are register, thresholds, quantize, evaluate, card" in capsys.readouterr().err
    assert command("--from", "evaluate") == 2
    assert "is not registered as unet; leave --from out" in capsys.readouterr().err
    assert ship.main(["unet", str(tmp_path / "nowhere"), "--data", "x"]) == 2
    assert "nowhere does not exist" in capsys.readouterr().err
    assert not calls


def test_the_steps_follow_from_the_model(run, rendered_dataset):
    def names(model: str) -> list[str]:
        args = ship.parse([model, str(run), "--data", str(rendered_dataset), "--continues"])
        steps = ship.Shipment(model, run / "best.pt", args).steps()
        assert next(s for s in steps if s.name == "register").words[-1] == "--continues"
        return [step.name for step in steps]

    assert names("yolo_s") == STEPS
    assert names("mask_rcnn") == [name for name in STEPS if name != "quantize"]
    assert names("attributes") == ["calibrate", "register", "evaluate", "card"]


def test_each_step_is_a_process_of_its_own(tmp_path):
    assert ship.call(("json.tool", str(tmp_path / "none.json"))) != 0
    (tmp_path / "some.json").write_text("{}")
    assert ship.call(("json.tool", str(tmp_path / "some.json"), str(tmp_path / "out.json"))) == 0
