"""Networks put together for OpenVINO are kept: one that is not as it was written is made anew, never run."""

import numpy as np
import pytest
import torch

from ewardrobe.models import graphs, inference
from ewardrobe.models.networks import tracing

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def graph() -> graphs.Graph:
    return tracing.graph_of(torch.nn.Conv2d(3, 2, 3))


@pytest.fixture
def made(graph, tmp_path, monkeypatch) -> list[int]:
    """How often numbers were put together, in a cache of its own."""
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path))
    monkeypatch.setattr(graphs, "shipped", lambda *args: graph)
    calls, numbers = [], graphs.Graph.numbers
    monkeypatch.setattr(graphs.Graph, "numbers", lambda *args: calls.append(1) or numbers(*args))
    return calls


def whole():
    """Return the network as OpenVINO reads it."""
    rng = np.random.default_rng(0)
    tensors = {"weight": rng.random((2, 3, 3, 3), np.float32), "bias": rng.random(2, np.float32)}
    return inference._whole("unet", {"model": tensors}, "unet", "key")


def files(path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def test_a_network_is_put_together_once(made):
    path = whole()
    assert path == whole()
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
def test_a_damaged_one_is_made_anew(made, name, damage):
    path = whole()
    written, target = files(path), path.with_name(name)
    if damage:
        target.write_bytes(damage(target.read_bytes()))
    else:
        target.unlink()
    assert whole() == path
    assert len(made) == 2
    assert files(path) == written


def test_without_a_cache_the_network_itself_is_run(made, tmp_path, monkeypatch):
    kept = inference.OpenVINONetwork(whole())
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "file"))
    network = whole()
    assert network.inputs and len(made) == 2
    x = np.ones((1, 3, 8, 8), np.float32)
    np.testing.assert_array_equal(inference.OpenVINONetwork(network)(x)[0], kept(x)[0])
