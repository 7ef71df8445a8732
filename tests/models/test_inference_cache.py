"""Networks put together for OpenVINO are kept: one that is not as it was written is made anew, never run."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakSet

import numpy as np
import pytest
import torch

from ewardrobe.core import process
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


def test_what_a_killed_process_left_is_removed_after_a_day(made, tmp_path):
    young, old = (tmp_path / "openvino" / name / "made" for name in ("tmpyoung", "tmpold"))
    for each in (young, old):
        each.mkdir(parents=True)
        (each / "model.bin").write_bytes(b"half")
    os.utime(old.parent, (1e9, 1e9))
    assert whole().is_file() and young.is_dir() and not old.parent.exists()


X = np.ones((1, 3, 8, 8), np.float32)


@pytest.fixture
def compiled(monkeypatch) -> list[int]:
    """How often OpenVINO compiled a network."""
    real, calls = inference.core(), []

    class Counting:
        read_model, import_model = real.read_model, real.import_model

        @staticmethod
        def compile_model(*args):
            calls.append(1)
            return real.compile_model(*args)

    monkeypatch.setattr(inference, "core", Counting)
    return calls


def answer() -> np.ndarray:
    path = whole()
    return inference.OpenVINONetwork(path, kept=path.parent)(X)[0]


def test_a_network_is_compiled_once(made, compiled):
    first = answer()
    np.testing.assert_array_equal(answer(), first)
    assert len(compiled) == 1


@pytest.mark.parametrize("damage", [lambda raw: b"", lambda raw: raw[:-9], lambda raw: raw[:-3] + b"xyz"])
def test_a_damaged_compiled_network_is_compiled_anew(made, compiled, damage):
    first = answer()
    (file,) = whole().parent.glob("*.apart")
    file.write_bytes(damage(file.read_bytes()))
    np.testing.assert_array_equal(answer(), first)
    np.testing.assert_array_equal(answer(), first)
    assert len(compiled) == 2


def test_another_processor_compiles_its_own(made, compiled, monkeypatch):
    answer()
    monkeypatch.setattr(inference, "processor_flags", lambda: frozenset({"other"}))
    answer()
    assert len(compiled) == 2


def test_what_finds_no_weights_beside_it_is_kept_with_them(made, compiled, monkeypatch):
    real = inference._imported
    monkeypatch.setattr(inference, "_imported", lambda file, how: None if "WEIGHTS_PATH" in how else real(file, how))
    first = answer()
    np.testing.assert_array_equal(answer(), first)
    assert len(compiled) == 2 and not list(whole().parent.glob("*.apart"))


def test_weights_are_in_memory_once_after_the_first_picture(made, monkeypatch):
    let_go = []
    monkeypatch.setattr(process, "let_go_of_mapped", let_go.append)
    path = whole()
    network = inference.OpenVINONetwork(path, kept=path.parent)
    first, *_ = network(X)
    assert let_go == [path.with_suffix(".bin").resolve()]
    np.testing.assert_array_equal(network(X)[0], first)
    assert len(let_go) == 1


def test_a_network_at_rest_holds_no_memory_and_answers_as_before(made, monkeypatch):
    path = whole()
    network = inference.OpenVINONetwork(path, kept=path.parent)
    first, *_ = network(X)
    released = []
    real = inference.OpenVINONetwork.rest
    monkeypatch.setattr(inference.OpenVINONetwork, "rest", lambda self: released.append(self) or real(self))
    inference.rest()
    assert network in released
    np.testing.assert_array_equal(network(X)[0], first)


def test_threads_may_run_a_network_while_another_lets_it_rest(made):
    path = whole()
    network = inference.OpenVINONetwork(path, kept=path.parent)
    first, *_ = network(X)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: inference.rest() if i % 3 == 0 else network(X)[0], range(60)))
    for answer in answers:
        assert answer is None or np.array_equal(answer, first)


def test_a_model_may_be_loaded_while_others_rest(monkeypatch):
    begun, added, rested = threading.Event(), threading.Event(), []

    class Slow(WeakSet):
        def __iter__(self):
            for network in super().__iter__():
                begun.set()
                added.wait(0.3)
                yield network

    def load() -> None:
        assert begun.wait(30)
        others.append(inference.OpenVINONetwork("model", kept="folder"))
        added.set()

    monkeypatch.setattr(inference, "_running", Slow())
    monkeypatch.setattr(inference, "_compiled", lambda *args: None)
    monkeypatch.setattr(inference.OpenVINONetwork, "rest", lambda self: rested.append(self))
    others = [inference.OpenVINONetwork("model", kept="folder")]
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load)
        inference.rest()
        loading.result()
    assert rested == others[:1] and len(others) == 2
