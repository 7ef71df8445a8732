"""Eight bits: made, measured, shipped where it pays, bound to the weights; most of it without NNCF."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from small_weights import folder, logits  # noqa: F401 (a fixture)

from ewardrobe.models import unet
from ewardrobe.models.networks import exports, tracing
from ewardrobe.models.weights import read_manifest, sha256_of
from train import quantize


def rows(loss: float | None, f32_ms: float, int8_ms: float) -> tuple[dict, dict]:
    return {"network_ms_median": f32_ms}, {"network_ms_median": int8_ms, "ap_loss": loss, "photos": 296}


@pytest.mark.parametrize(
    ("loss", "f32_ms", "int8_ms", "pays"),
    [
        (0.009, 50, 20, True),
        (-0.002, 50, 20, True),
        (0.01, 50, 20, False),
        (0.001, 50, 45, False),
        (None, 50, 20, False),
    ],
)
def test_it_pays_when_it_is_faster_and_as_good(loss, f32_ms, int8_ms, pays):
    told, verdict = quantize.verdict(*rows(loss, f32_ms, int8_ms))
    assert verdict is pays
    assert told["gain"] == round(f32_ms / int8_ms, 2)


@pytest.fixture
def written(folder, tmp_path):  # noqa: F811
    """The U-Net's own network as if it were in eight bits, as ``train.quantize`` writes it."""
    source = exports.read_source("unet")
    models = {part.name: tracing.convert(part.module, part.example) for part in source.parts}
    return quantize.write_int8(source, models, tmp_path / "int8", {"command": "python -m train.quantize unet"})


def test_what_is_shipped_runs_until_the_weights_change(folder, written, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    quantize.ship("unet", written | {"gain": 2.0}, tmp_path / "int8", folder)
    entry = read_manifest()["unet"]
    assert entry["int8"]["gain"] == 2.0 and entry["file"] == "unet.pt"
    assert unet.load().network.precision == "int8"
    before = logits()
    monkeypatch.setenv("EWARDROBE_PRECISION", "f32")
    np.testing.assert_allclose(logits(), before, atol=0.02)
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    state = torch.load(folder / "unet.pt", weights_only=True)
    torch.save(state | {"again": 1}, folder / "new.pt")
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "unet.pt").write_bytes((folder / "new.pt").read_bytes())
    new = {"sha256": sha256_of(folder / "unet.pt"), "bytes": (folder / "unet.pt").stat().st_size}
    content["models"]["unet"] |= new
    (folder / "manifest.json").write_text(json.dumps(content))
    assert unet.load().network.precision == "f32"


def test_without_its_json_what_was_written_does_not_count(folder, written, tmp_path):  # noqa: F811
    source = exports.read_source("unet")
    exports.build("openvino-int8", source, tmp_path, tmp_path / "int8")
    (tmp_path / "int8/unet.int8.json").unlink()
    with pytest.raises(exports.Unavailable, match=r"train\.quantize unet"):
        exports.build("openvino-int8", source, tmp_path, tmp_path / "int8")


def test_each_part_is_calibrated_on_what_it_is_given(folder, rendered_dataset):  # noqa: F811
    dataset = quantize.DeepFashion2(rendered_dataset, "train")
    inputs = quantize.calibration_inputs(exports.read_source("unet"), dataset, 3)
    assert [x.shape[:2] for x in inputs["network"]] == [(1, 3)] * 3


def test_the_command_says_what_is_missing(folder, rendered_dataset, tmp_path, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setitem(sys.modules, "nncf", None)
    words = ["unet", "--data", str(rendered_dataset), "--out", str(tmp_path / "out"), "--calibration", "2"]
    assert quantize.main(words) == 2
    assert "pip install -r requirements-train.txt" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_network_is_quantised_and_measured(folder, rendered_dataset, tmp_path, capsys):  # noqa: F811
    pytest.importorskip("nncf")
    words = ["unet", "--data", str(rendered_dataset), "--out", str(tmp_path / "out"), "--calibration", "4", "--ship"]
    assert quantize.main(words) == 1  # four photos hold too few garments for an AP to lose
    assert "not shipped: it does not pay" in capsys.readouterr().out
    entry = json.loads((tmp_path / "out/unet.int8.json").read_text())
    assert entry["source_sha256"] == read_manifest()["unet"]["sha256"]
    assert b"FakeQuantize" in (tmp_path / "out/unet.int8.xml").read_bytes()
    assert "int8" not in read_manifest()["unet"]
    assert str(tmp_path) not in json.dumps(entry)


def test_quantising_reports_to_nobody(repository):
    pytest.importorskip("nncf")
    code = """
from ewardrobe.core import process
process.configure()
from nncf.telemetry.wrapper import telemetry
print(type(telemetry).__name__)
"""  # in a process of its own: beside pytest NNCF never reports
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository)
    assert done.stdout.split()[-1] != "NNCFTelemetry"
