"""Only weights that agree with the manifest are loaded."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ewardrobe.models import weights
from ewardrobe.models.networks import on_torch
from ewardrobe.models.weights import WeightsError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    torch.save({"kind": "unet", "model": {"a": torch.zeros(2)}}, tmp_path / "unet.pt")
    entry = {
        "file": "unet.pt",
        "sha256": weights.sha256_of(tmp_path / "unet.pt"),
        "bytes": (tmp_path / "unet.pt").stat().st_size,
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"models": {"unet": entry}}))
    return tmp_path


def test_verified_weights_load(folder):
    state, entry = weights.load_state("unet")
    assert state["kind"] == "unet" and entry["file"] == "unet.pt"


def test_altered_weights_are_refused(folder):
    path = folder / "unet.pt"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"not the file of the manifest.*train\.register"):
        weights.load_state("unet")


def test_missing_file_missing_entry_missing_manifest(folder):
    with pytest.raises(WeightsError, match=r"no weights for 'yolo'.*unet"):
        weights.load_state("yolo")
    (folder / "unet.pt").unlink()
    with pytest.raises(WeightsError, match="is missing: restore"):
        weights.load_state("unet")
    (folder / "manifest.json").unlink()
    with pytest.raises(WeightsError, match=r"manifest\.json is missing"):
        weights.load_state("unet")


def test_broken_manifest_is_named(folder):
    (folder / "manifest.json").write_text('{"models": ')
    with pytest.raises(WeightsError, match=r"manifest\.json is not a readable manifest"):
        weights.load_state("unet")


@pytest.mark.parametrize(
    "change",
    [
        {"file": None},
        {"file": 3},
        {"sha256": None},
        {"int8": {"files": {}}},
        {"int8": {"source_sha256": "it"}},
        {"int8": {"source_sha256": "it", "files": {}}},
        {"int8": {"source_sha256": "it", "files": {"unet.pt": {}}}},
        {"int8": "x"},
    ],
)
def test_a_manifest_that_says_too_little_is_named(folder, change):
    content = json.loads((folder / "manifest.json").read_text())
    entry = content["models"]["unet"] | change
    content["models"]["unet"] = {key: value for key, value in entry.items() if value is not None}
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(WeightsError, match=r"manifest\.json is not a readable manifest \(.+\): restore"):
        _ = weights.verified_path("unet"), weights.int8_model("it")


def test_weights_of_another_model_are_refused(folder, tmp_path):
    torch.save({"kind": "yolo", "model": {}}, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match="holds 'yolo', not 'unet'"):
        weights.load_state("unet", tmp_path / "other.pt")


class Evil:
    def __reduce__(self):
        return (Path.touch, (Path("evil-was-here"),))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (None, "it holds no tensors by their names"),
        ([torch.zeros(2)], "it holds no tensors by their names"),
        ({1: torch.zeros(2)}, "it holds no tensors by their names"),
        ({"a": 1}, "a is no tensor"),
        ({"a": torch.zeros(2), "b": torch.tensor([0.0, float("nan")])}, "b has values that are not finite"),
        ({"a": torch.tensor([float("inf")]).half()}, "a has values that are not finite"),
    ],
)
def test_own_weights_without_a_networks_tensors_are_refused(tmp_path, model, says):
    torch.save({"kind": "unet", "model": model}, tmp_path / "own.pt")
    with pytest.raises(WeightsError, match=says):
        weights.load_state("unet", tmp_path / "own.pt")


def test_a_flipped_byte_among_the_numbers_of_own_weights_is_noticed(tmp_path):
    path = tmp_path / "own.pt"
    torch.save({"kind": "unet", "model": {"a": torch.arange(1000.0)}}, path)
    assert weights.load_state("unet", path)[0]["model"]["a"][7] == 7
    at = path.read_bytes().index(np.arange(1000, dtype=np.float32).tobytes()) + 2001
    path.write_bytes(bytes(byte ^ (place == at) for place, byte in enumerate(path.read_bytes())))
    with pytest.raises(WeightsError, match=r"its part own/data/0 is damaged: give another best\.pt"):
        weights.load_state("unet", path)


@pytest.mark.parametrize(
    "error", [AssertionError("/etc/passwd is no .yaml"), RuntimeError("negative"), OverflowError("inf"), IndexError()]
)
def test_what_a_library_says_of_an_unknown_network_is_told_as_one(error):
    with pytest.raises(WeightsError, match="do not say which"), weights.saying_what_they_are_of("yolo"):
        raise error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ModuleNotFoundError("No module", name="ultralytics"), r"need ultralytics, .* requirements\.txt"),
        (ImportError("libtorch.so"), r"PyTorch, which cannot be imported \(libtorch\.so\): install it again"),
    ],
)
def test_what_is_not_installed_is_said_wherever_it_is_imported(error, says):
    with pytest.raises(WeightsError, match=says), weights.saying_what_they_are_of("yolo"):
        raise error


def test_own_weights_never_run_pickled_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(WeightsError, match="not readable as weights"):
        weights.load_state("unet", tmp_path / "evil.pt")
    assert not (tmp_path / "evil-was-here").exists()


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(WeightsError, match="do not fit"):
        on_torch.fill(torch.nn.Linear(2, 2), {"weight": torch.zeros(3, 3), "bias": torch.zeros(2)}, "unet")


def test_half_precision_is_widened():
    model = torch.nn.Linear(2, 1)
    on_torch.fill(model, {"weight": torch.full((1, 2), 0.5).half(), "bias": np.zeros(1, np.float16)}, "unet")
    assert model.weight.dtype == torch.float32 and model.weight.tolist() == [[0.5, 0.5]]


def test_every_shipped_file_agrees_with_the_manifest_and_is_small():
    entries = weights.read_manifest()
    assert {"unet", "yolo"} <= set(entries)
    sizes = [weights.verified_path(name)[0].stat().st_size for name in entries]
    assert max(sizes) < 50e6 and sum(sizes) < 100e6
    for entry in entries.values():
        assert {"sha256", "bytes", "licence", "data", "command", "commit", "images", "config"} <= set(entry)


def test_shipped_thresholds_were_chosen_for_the_shipped_weights():
    for entry in weights.read_manifest(task=weights.SEGMENTATION).values():
        chosen = entry["thresholds"]
        assert chosen["weights_sha256"] == entry["sha256"], "run python -m train.thresholds again"
        # halfway to a category's own threshold may cost the choosing photos a little: see threshold_choice.OWN_SHARE
        assert chosen["f1"]["each"]["overall"] >= chosen["f1"]["default"]["overall"] - 0.005
        assert {"data", "split", "images", "command", "date", "f1_cross_validated"} <= set(chosen)


def test_a_machine_without_a_folder_for_temporary_files_is_told_so():
    def missing():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/nowhere']")

    with pytest.raises(WeightsError, match="set TMPDIR"), weights.saying_what_they_are_of("yolo"):
        missing()
    with pytest.raises(WeightsError, match="do not say which"), weights.saying_what_they_are_of("yolo"):
        raise FileNotFoundError(2, "No such file or directory", "x.yaml")
