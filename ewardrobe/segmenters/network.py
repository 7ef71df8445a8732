"""Run a network on whichever runtime is fastest here: OpenVINO on a processor, torch on a GPU.

Measured on two x86 cores: OpenVINO needs a quarter to a half of PyTorch's time for both of our live models.  The
converted network is kept in the cache folder under the checksum of the weights it came from.
"""

from __future__ import annotations

import os
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ewardrobe import runtime

RUNTIMES = ("openvino", "torch")
Network = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""Maps (B, 3, H, W) float32 to the network's outputs, each a float32 array."""


def choose_runtime() -> str:
    """Return ``openvino`` or ``torch``: ``EWARDROBE_RUNTIME`` if set, torch where there is a GPU, else openvino."""
    chosen = os.environ.get("EWARDROBE_RUNTIME", "")
    if chosen:
        if chosen not in RUNTIMES:
            raise ValueError(f"EWARDROBE_RUNTIME={chosen!r}: expected one of {', '.join(RUNTIMES)}")
        return chosen
    return "torch" if torch.cuda.is_available() else "openvino"


def make_network(module: torch.nn.Module, key: str | None = None, runtime_name: str | None = None) -> Network:
    """Return a function that runs ``module``, which maps one tensor to a tensor or a tuple of tensors.

    key: what identifies its tensors, for the cache; ``None`` (weights in training) runs it with torch, unconverted.
    Calls hold the process's inference slot and may come from any thread.
    """
    runtime_name = runtime_name or (choose_runtime() if key else "torch")
    if runtime_name == "openvino":
        return _openvino_network(module.eval(), key)
    return _torch_network(module.eval())


def _torch_network(module: torch.nn.Module) -> Network:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    module = module.to(device, memory_format=torch.channels_last)

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        with runtime.inference_slot(), torch.inference_mode():
            tensor = torch.from_numpy(batch).to(device, memory_format=torch.channels_last)
            outputs = module(tensor)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            return tuple(o.float().cpu().numpy() for o in outputs)

    return run


def _openvino_network(module: torch.nn.Module, key: str | None) -> Network:
    import openvino

    path = _cached_model(module, key)
    options = {
        "INFERENCE_NUM_THREADS": runtime.cpu_threads(),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",  # the same answer on every processor
    }
    compiled = openvino.Core().compile_model(path, "CPU", options)
    local = threading.local()

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        if not hasattr(local, "request"):  # a request belongs to one thread
            local.request = compiled.create_infer_request()
        with runtime.inference_slot():
            outputs = local.request.infer([np.ascontiguousarray(batch)])
            return tuple(np.array(outputs[i]) for i in range(len(outputs)))

    return run


def _cached_model(module: torch.nn.Module, key: str | None) -> Path | object:
    """Return the converted model: a file of the cache, or the model itself where the cache cannot be written."""
    import openvino

    folder = runtime.cache_dir() / "openvino" / f"{key}-{openvino.__version__.split('-')[0]}"
    if (folder / "model.xml").is_file():
        return folder / "model.xml"
    model = _convert(module)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
            openvino.save_model(model, Path(temporary) / "model.xml", compress_to_fp16=False)
            os.rename(temporary, folder)
    except OSError:  # read-only, full, or another process was first: the cache only saves time
        return model
    return folder / "model.xml"


def _convert(module: torch.nn.Module):
    import openvino

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit.trace is deprecated, and what OpenVINO converts from
        return openvino.convert_model(module, example_input=torch.zeros(1, 3, 256, 192), input=[-1, 3, -1, -1])
