"""Run a network on whichever runtime is fastest here: OpenVINO on a processor, torch on a GPU.

OpenVINO needs a quarter to a half of PyTorch's time on two x86 cores.  Where a network in eight bits was shipped for
the very weights (``train.quantize``), and the processor has instructions for it, that one runs; with AMX, bfloat16 is
as fast, and its AP differs by 0.004 at most (weights/exports.json): OpenVINO then uses that.
"""

from __future__ import annotations

import copy
import json
import os
import tempfile
import threading
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
import torch

from ewardrobe.core import atomic, process
from ewardrobe.core.checksum import sha256_of
from ewardrobe.models import RUNTIMES
from ewardrobe.models.weights import int8_model

PRECISIONS = ("f32", "bf16", "int8")
INT8_FLAGS = {"avx512_vnni", "avx_vnni"}
"""Without these, sums of 8-bit products overflow at 16 bits on x86, and eight bits are hardly faster."""

Network = Callable[[np.ndarray], tuple[np.ndarray, ...]]
"""Maps (B, 3, H, W) float32 to the network's outputs, each a float32 array."""


def choose_runtime() -> str:
    """Return ``openvino`` or ``torch``: ``EWARDROBE_RUNTIME`` if set, torch where there is a GPU, else openvino."""
    return _chosen("EWARDROBE_RUNTIME", RUNTIMES) or ("torch" if torch.cuda.is_available() else "openvino")


def choose_precision() -> str:
    """Return one of ``PRECISIONS``: what to prefer on OpenVINO; a network without an 8-bit form runs in f32 instead.

    ``EWARDROBE_PRECISION`` if set; else bf16 with AMX, int8 with other instructions for it, f32 without.
    """
    flags = processor_flags()
    fitting = "bf16" if "amx_bf16" in flags else "int8" if flags & INT8_FLAGS else "f32"
    return _chosen("EWARDROBE_PRECISION", PRECISIONS) or fitting


def _chosen(variable: str, known: tuple[str, ...]) -> str:
    chosen = os.environ.get(variable, "")
    if chosen and chosen not in known:
        raise process.SettingError(f"{variable}={chosen!r}: expected one of {', '.join(known)}")
    return chosen


@cache
def processor_flags() -> frozenset[str]:
    """Return what the processor can do by Linux's names, such as ``avx512_vnni``; nothing on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), ()))


def make_network(
    module: torch.nn.Module, key: str | None = None, runtime: str | None = None, example: torch.Tensor | None = None
) -> TorchNetwork | OpenVINONetwork:
    """Return a function that runs ``module``, which maps one tensor to a tensor or a tuple of tensors.

    key: the checksum of its weights, for the cache and to find its 8-bit form; ``None`` (weights in training) runs it
    with torch, unconverted.  runtime: by default ``choose_runtime``'s.  example: a tensor (N, …) float32 of the form of
    its input, see ``convert``.  Calls hold the process's inference slot and may come from any thread.  Raises
    ``WeightsError`` when the 8-bit form is shipped but altered.
    """
    if not key or (runtime or choose_runtime()) == "torch":
        return TorchNetwork(module)
    precision = choose_precision()
    if precision == "int8" and (path := int8_model(key)):
        return OpenVINONetwork(path, "int8")
    hint = "bf16" if precision == "bf16" else "f32"
    return OpenVINONetwork(_cached_model(module.eval(), key, example), hint, hint)


class TorchNetwork:
    """Runs ``module`` with torch, on the GPU if there is one."""

    runtime, precision = "torch", "f32"

    def __init__(self, module: torch.nn.Module) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.module = module.eval().to(self.device).to(memory_format=torch.channels_last)

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for ``inputs``, (B, …) each, as float32; those of a dictionary in its order."""
        with process.inference_slot(), torch.inference_mode():
            outputs = self.module(*map(self._tensor, inputs))
            if isinstance(outputs, dict):
                outputs = tuple(outputs.values())
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            return tuple(o.float().cpu().numpy() for o in outputs)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(array).to(self.device)
        return tensor.contiguous(memory_format=torch.channels_last) if array.ndim == 4 else tensor


class OpenVINONetwork:
    """Runs a model of OpenVINO, in memory or in a file, on the processor.

    precision: what is told of it.  hint: how OpenVINO computes what is not in eight bits, ``f32`` or ``bf16``.
    """

    runtime = "openvino"

    def __init__(self, model, precision: str = "f32", hint: str = "f32") -> None:
        options = {
            "INFERENCE_NUM_THREADS": process.cpu_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": hint,  # by default f32: the same answer on every processor
        }
        self.precision = precision
        self._compiled = core().compile_model(model, "CPU", options)
        self._local = threading.local()

    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for ``batch``, float32 each."""
        if not hasattr(self._local, "request"):  # a request belongs to one thread
            self._local.request = self._compiled.create_infer_request()
        with process.inference_slot():
            outputs = self._local.request.infer([np.ascontiguousarray(batch)])
            return tuple(np.array(outputs[i]) for i in range(len(outputs)))


class OneNetwork:
    """What a model of one ``network`` has of ``Segmenter`` beside its answers."""

    network: TorchNetwork | OpenVINONetwork
    size: int

    @property
    def runtime(self) -> str:
        """What runs the network."""
        return self.network.runtime

    @property
    def precision(self) -> str:
        """What the network computes in."""
        return self.network.precision

    def at(self, size: int) -> Self:
        """Return this model for pictures of ``size`` pixels on the long side; the network is shared."""
        other = copy.copy(self)
        other.size = size
        return other


@cache
def core():
    """Return OpenVINO's core, one for the life of the process.

    A core that is dropped unloads its plugin, and the next fork of the process, such as for reading photos, crashes.
    """
    import openvino

    return openvino.Core()


def _cached_model(module: torch.nn.Module, key: str, example: torch.Tensor | None) -> Path | object:
    """Return the converted model: a file of the cache, or the model itself where the cache cannot be written."""
    import openvino

    folder = process.cache_dir() / "openvino" / f"{key}-{openvino.__version__.split('-')[0]}"
    if _is_whole(folder):
        return folder / "model.xml"
    model = convert(module, example)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
            made = Path(temporary) / "made"
            made.mkdir()
            openvino.save_model(model, made / "model.xml", compress_to_fp16=False)
            _seal(made)
            if folder.exists():  # damaged, or of a version without checksums
                os.rename(folder, Path(temporary) / "old")
            os.rename(made, folder)
    except (OSError, RuntimeError):  # read-only, full, or another process was first: the cache only saves time
        return model
    return folder / "model.xml"


SUMS = "sha256.json"
"""The checksums of a converted model's files, written when all of them are on disk."""


def _seal(folder: Path) -> None:
    sums = {}
    for path in sorted(folder.iterdir()):
        with open(path, "rb") as file:
            atomic.sync(file)
        sums[path.name] = sha256_of(path)
    atomic.write_bytes(folder / SUMS, json.dumps(sums).encode())


def _is_whole(folder: Path) -> bool:
    """Tell whether a converted model is there and as it was written: one flipped byte changes its answers."""
    try:
        sums = json.loads((folder / SUMS).read_bytes())
        return "model.xml" in sums and all(sha256_of(folder / name) == expected for name, expected in sums.items())
    except (OSError, ValueError, AttributeError, TypeError):
        return False


def convert(module: torch.nn.Module, example: torch.Tensor | None = None):
    """Return ``module`` as a model of OpenVINO whose input has the form of ``example``, of any batch and picture size.

    example: by default a picture, (1, 3, h, w) float32; the channels stay fixed, and the sides of what is no picture.
    """
    import openvino

    picture = example is None or example.shape[1] == 3
    example = torch.zeros(1, 3, 256, 192) if example is None else example
    shape = [-1, 3, -1, -1] if picture else [-1, *example.shape[1:]]
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit.trace is deprecated, and what OpenVINO converts from
        return openvino.convert_model(module, example_input=example, input=shape)
