"""What runs a network is chosen without loading PyTorch."""

import ctypes
from types import SimpleNamespace

import pytest

from ewardrobe.models import inference


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.delenv("EWARDROBE_RUNTIME", raising=False)
    inference.has_gpu.cache_clear()
    yield
    inference.has_gpu.cache_clear()


def driver(gpus: int, status: int = 0):
    """Return a stand-in for the GPU's driver that counts ``gpus``, or fails with ``status``."""

    def count(pointer) -> int:
        ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = gpus
        return 0

    return lambda name: SimpleNamespace(cuInit=lambda flags: status, cuDeviceGetCount=count)


@pytest.mark.parametrize(
    ("gpus", "status", "torch_says", "chosen"),
    [(1, 0, True, "torch"), (1, 0, False, "openvino"), (0, 0, None, "openvino"), (1, 100, None, "openvino")],
)
def test_torch_is_asked_only_where_the_driver_counts_a_gpu(monkeypatch, gpus, status, torch_says, chosen):
    asked = []
    monkeypatch.setattr(ctypes, "CDLL", driver(gpus, status))
    monkeypatch.setattr(inference, "_torch_has_gpu", lambda: asked.append(1) or torch_says)
    assert inference.choose_runtime() == chosen
    assert bool(asked) == (torch_says is not None)


def test_without_a_driver_there_is_no_gpu(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    monkeypatch.setattr(inference, "_torch_has_gpu", lambda: pytest.fail("PyTorch was asked"))
    assert inference.choose_runtime() == "openvino"


def test_a_gpu_without_pytorch_is_not_used(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", driver(1))
    monkeypatch.setattr(inference, "find_spec", lambda name: None)
    assert inference.choose_runtime() == "openvino"


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("nobody needs to know"))
    assert inference.choose_runtime() == "torch"


@pytest.mark.parametrize("error", [ImportError("undefined symbol"), OSError("libcudart.so.12: cannot open")])
def test_a_pytorch_that_cannot_be_imported_leaves_the_gpu_alone(monkeypatch, caplog, error):
    def broken():
        raise error

    monkeypatch.setattr(ctypes, "CDLL", driver(1))
    monkeypatch.setattr(inference, "_torch_has_gpu", broken)
    assert inference.choose_runtime() == "openvino" and str(error) in caplog.text
