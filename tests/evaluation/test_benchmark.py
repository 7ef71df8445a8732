"""Speed side by side: the measured process, the turns, the command."""

from __future__ import annotations

import json
import shlex
from itertools import islice

import fake_speed
import numpy as np
import pytest

from ewardrobe.__main__ import main
from ewardrobe.evaluation import speed
from ewardrobe.evaluation.benchmarks import models
from ewardrobe.evaluation.benchmarks.models import benchmark_models
from ewardrobe.models import weights


@pytest.fixture
def fake_process(tmp_path, monkeypatch):
    """Measure models that are made up, in processes of their own all the same."""
    monkeypatch.setattr(models, "speed", fake_speed)
    return tmp_path


def measure(folder, *cases: tuple[str, str], rounds: int = 2) -> list[dict]:
    return benchmark_models(cases, folder, threads=1, rounds=rounds, progress=lambda text: None)


def test_processes_take_turns_and_their_times_are_summed_up(fake_process):
    unet, yolo = measure(fake_process, ("unet", "torch"), ("yolo", "openvino"))
    assert (fake_process / "turns").read_text().split() == ["unett", "yoloo"] * 2
    assert (unet["model"], unet["runtime"], yolo["runtime"]) == ("unet", "torch", "openvino")
    assert unet["ms_median"] == 15.5  # of 10, 11, 20, 20
    assert unet["ms_p95"] == 20
    assert (unet["calls"], unet["peak_rss_mb"], unet["first_ms"]) == (4, 51, 9)


def test_a_model_without_that_runtime_is_left_out(fake_process):
    rows = measure(fake_process, ("torch_only", "openvino"), ("torch_only", "torch"))
    assert [row["runtime"] for row in rows] == ["torch"]


def test_processes_that_fail_are_told_and_the_others_go_on(fake_process):
    cases = [(name, "torch") for name in ("broken", "untrusted", "dies", "unet")]
    *failed, good = measure(fake_process, *cases)
    said = ("terminated abruptly", "RuntimeError: altered", "terminated abruptly")
    assert [why in row["error"] for why, row in zip(said, failed, strict=True)] == [True] * 3
    assert good["calls"] == 4 and all(set(row) == {"model", "runtime", "error"} for row in failed)


def test_photos_have_the_stated_size(tmp_path):
    images = [np.zeros((30, 60, 3), np.uint8), np.zeros((400, 100, 3), np.uint8)]
    assert models.write_photos(iter(images * 3), tmp_path, 3, 200) == 3
    sizes = [models.load_image(path).shape for path in sorted(tmp_path.iterdir())]
    assert sizes == [(100, 200, 3), (200, 50, 3), (100, 200, 3)]


def test_drawn_photos_repeat():
    first, second = (next(models.synthetic_photos()) for _ in range(2))
    assert np.array_equal(first, second)
    assert len(list(islice(models.synthetic_photos(), 0))) == 0


def test_the_peak_is_of_this_process():
    peak = speed.peak_rss_mb()
    block = np.ones(64_000_000, np.uint8)
    assert speed.peak_rss_mb() >= peak
    assert speed.peak_rss_mb() > block.nbytes / 1e6


def test_without_proc_the_peak_comes_from_getrusage(monkeypatch, tmp_path):
    monkeypatch.setattr(speed, "_STATUS", tmp_path / "none")
    assert speed.peak_rss_mb() > 10


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    """A folder of weights whose manifest names the U-Net, with no file behind it."""
    folder = tmp_path / "weights"
    folder.mkdir()
    entry = {"file": "unet.pt", "sha256": "0" * 64, "bytes": 1}
    (folder / weights.MANIFEST).write_text(json.dumps({"models": {"unet": entry}}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(folder))
    return folder


def test_the_command_with_a_real_process_says_what_is_wrong_with_the_weights(manifest, tmp_path, capsys):
    words = shlex.split("benchmark models --runtime torch --size 64 --photos 1 --rounds 1 --threads 1 --json")
    assert main([*words, str(tmp_path / "b.json")]) == 1
    assert "unet.pt is missing" in capsys.readouterr().out
    result = json.loads((tmp_path / "b.json").read_text())
    assert result["models"][0]["error"].startswith("WeightsError")
    assert (result["meta"]["photo_px"], result["meta"]["threads"]) == (64, 1)
    assert str(tmp_path) not in json.dumps(result["meta"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--model", "vgg"], "choose from"),
        (["--runtime", "tpu"], "choose from"),
        (["--json", "/"], "give a file"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(manifest, capsys, words, says):
    with pytest.raises(SystemExit, match="2"):
        main(["benchmark", "models", *words])
    assert says in capsys.readouterr().err


def test_the_command_measures_a_model(repository, tmp_path, monkeypatch, capsys):
    if not (repository / "weights" / "unet.pt").is_file():
        pytest.skip("no weights here")
    monkeypatch.delenv("EWARDROBE_WEIGHTS", raising=False)
    options = "--model unet --runtime torch --size 96 --photos 2 --rounds 1 --threads 1 --json"
    words = ["benchmark", "models", *shlex.split(options)]
    assert main([*words, str(tmp_path / "b.json")]) == 0
    row = json.loads((tmp_path / "b.json").read_text())["models"][0]
    assert 0 < row["ms_median"] <= row["ms_p95"]
    assert row["first_ms"] > 0
    assert row["peak_rss_mb"] > 50
    assert row["weights_sha256"] == weights.read_manifest()["unet"]["sha256"]
    assert "2 photos of synthetic" in capsys.readouterr().out
