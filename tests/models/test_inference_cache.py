"""Converted networks that are kept: one that is not as it was written is made anew, never run."""

import pytest
import torch

from ewardrobe.models import inference

openvino = pytest.importorskip("openvino")


@pytest.fixture
def made(tmp_path, monkeypatch) -> list[int]:
    """How often a network was converted, in a cache of its own."""
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path))
    calls, convert = [], inference.convert
    monkeypatch.setattr(inference, "convert", lambda *args: calls.append(1) or convert(*args))
    return calls


@pytest.fixture(scope="module")
def module() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Conv2d(3, 2, 3).eval()


def files(path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_a_network_is_converted_once(module, made):
    path = inference._cached_model(module, "key", None)
    assert path == inference._cached_model(module, "key", None)
    assert len(made) == 1
    assert openvino.Core().read_model(path).inputs


@pytest.mark.parametrize("name", ["model.xml", "model.bin", inference.SUMS])
@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:-9],
        lambda raw: raw[: len(raw) // 2] + bytes([raw[len(raw) // 2] ^ 1]) + raw[len(raw) // 2 + 1 :],
        None,
    ],
)
def test_a_damaged_one_is_made_anew(module, made, name, damage):
    path = inference._cached_model(module, "key", None)
    whole, target = files(path), path.with_name(name)
    if damage:
        target.write_bytes(damage(target.read_bytes()))
    else:
        target.unlink()
    assert inference._cached_model(module, "key", None) == path
    assert len(made) == 2
    assert files(path).keys() == whole.keys()
    assert files(path)["model.bin"] == whole["model.bin"]


def test_without_a_cache_the_network_itself_is_run(module, made, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "file"))
    assert inference._cached_model(module, "key", None).inputs
