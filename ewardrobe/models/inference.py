"""Run a network on whichever runtime is fastest here: OpenVINO on a processor, torch on a GPU.

OpenVINO needs a quarter to a half of PyTorch's time on two x86 cores.  Where a network in eight bits was shipped for
the very weights (``train.quantize``), and the processor has instructions for it, that one runs; with AMX, bfloat16 is
as fast, and its AP differs by 0.004 at most (weights/exports.json): OpenVINO then uses that.
"""

from __future__ import annotations

import copy
import ctypes
import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from weakref import WeakSet

import numpy as np

from ewardrobe.core import atomic, process
from ewardrobe.core.checksum import sha256_of
from ewardrobe.models import RUNTIMES, graphs
from ewardrobe.models.weights import WeightsError, int8_model, known_sha256, needing_pytorch, saying_what_they_are_of

LOGGER = logging.getLogger(__name__)

PRECISIONS = ("f32", "bf16", "int8")
INT8_FLAGS = {"avx512_vnni", "avx_vnni"}
"""Without these, sums of 8-bit products overflow at 16 bits on x86, and eight bits are hardly faster."""

VARIANTS = {
    "torch": "PyTorch, f32",
    "openvino": "OpenVINO, f32",
    "openvino-fp16": "OpenVINO, f16 weights",
    "openvino-bf16": "OpenVINO, bf16",
    "openvino-int8": "OpenVINO, int8",
    "onnx": "ONNX Runtime, f32",
}
"""The forms of a network that ``benchmark exports`` compares, in words; all but f16 weights and ONNX serve the app."""

Network = Callable[..., tuple[np.ndarray, ...]]
"""Maps (B, 3, H, W) float32, and what else the network takes, to its outputs, each an array."""

CUDA = ("libcuda.so.1", "nvcuda.dll")
"""The driver of an NVIDIA GPU, on Linux and on Windows."""


def choose_runtime() -> str:
    """Return ``openvino`` or ``torch``: ``EWARDROBE_RUNTIME`` if set, torch where there is a GPU, else openvino."""
    return _chosen("EWARDROBE_RUNTIME", RUNTIMES) or ("torch" if has_gpu() else "openvino")


@cache
def has_gpu() -> bool:
    """Tell whether PyTorch can compute on a GPU here; only where a GPU's driver counts one is PyTorch asked."""
    try:
        return bool(_gpus_of_the_driver() and find_spec("torch")) and _torch_has_gpu()
    except (ImportError, OSError) as error:  # its libraries are of another system, or gone
        LOGGER.warning("The GPU is not used, since PyTorch cannot be imported: %s", error)
        return False


def _gpus_of_the_driver() -> int:
    count = ctypes.c_int(0)
    for name in CUDA:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0:
            return count.value
    return 0


def _torch_has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


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


def network_of(kind: str, content: Mapping[str, Any], name: str, key: str, runtime: str | None = None) -> Any:
    """Return a function that runs the network of a weights file's ``content``, of ``kind`` and for model ``name``.

    key: the checksum of the file, for the cache and to find the network's 8-bit form.  runtime: by default
    ``choose_runtime``'s; a network that OpenVINO cannot run is run by torch.  Calls hold the process's inference slot
    and may come from any thread.  Raises ``WeightsError`` for weights of another network, for an 8-bit form that is
    altered, and where PyTorch is needed and not installed.
    """
    if (runtime or choose_runtime()) == "torch":
        return _torch_network(kind, content, name)
    precision = choose_precision()
    if precision == "int8" and (path := int8_model(key)):
        made = "-".join(str(known_sha256(each))[:12] for each in (path, path.with_suffix(".bin")))
        return OpenVINONetwork(path, "int8", kept=_folder(key, f"int8-{made}"))
    hint = "bf16" if precision == "bf16" else "f32"
    try:
        model = _whole(kind, content, name, key)
    except graphs.NoGraphError as error:
        LOGGER.warning("%s: PyTorch runs it", error)
        return _torch_network(kind, content, name)
    return OpenVINONetwork(model, hint, hint, model.parent if isinstance(model, Path) else None)


def _torch_network(kind: str, content: Mapping[str, Any], name: str) -> Any:
    return _on_torch().TorchNetwork(_on_torch().module_of(kind, content, name))


def _on_torch() -> Any:
    with needing_pytorch():
        try:
            from ewardrobe.models.networks import on_torch
        except OSError as error:  # a library below torch is gone
            raise ImportError(str(error)) from error
    return on_torch


class OpenVINONetwork:
    """Runs a model of OpenVINO, in memory or in a file, on the processor.

    precision: what is told of it.  hint: how OpenVINO computes what is not in eight bits, ``f32`` or ``bf16``.  kept: a
    folder in which what OpenVINO makes of a file is kept: the next start takes a third of the time.
    """

    runtime = "openvino"

    def __init__(self, model, precision: str = "f32", hint: str = "f32", kept: Path | None = None) -> None:
        options = {
            "INFERENCE_NUM_THREADS": process.cpu_threads(),
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": hint,  # by default f32: the same answer on every processor
        }
        self.precision = precision
        self._weights = model.with_suffix(".bin") if isinstance(model, Path) else None
        self._compiled = (
            core().compile_model(model, "CPU", options) if kept is None else _compiled(model, options, kept)
        )
        self._local = threading.local()
        with _running_lock:
            _running.add(self)

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for ``inputs``, (B, …) each."""
        if not hasattr(self._local, "request"):  # a request belongs to one thread
            self._local.request = self._compiled.create_infer_request()
        with process.inference_slot():
            outputs = self._local.request.infer([np.require(one, requirements="C") for one in inputs])
            if self._weights:  # packed for the processor at the first picture: in memory once is enough
                process.let_go_of_mapped(self._weights.resolve())
                self._weights = None
            return tuple(np.array(outputs[i]) for i in range(len(outputs)))

    def rest(self) -> None:
        """Give back the memory of what was computed on the way; the next picture takes it anew."""
        self._compiled.release_memory()


_running: WeakSet[OpenVINONetwork] = WeakSet()
_running_lock = threading.Lock()
"""A set must not grow while it is gone through: a model may be loaded as another one rests."""


def rest() -> None:
    """Have every network give back what it holds between two pictures: 30 MB and more; taking it anew takes 2 to 8 %.

    For photos, which come one by one; the live view keeps what it holds.
    """
    with _running_lock:
        networks = list(_running)
    with process.inference_slot():
        for network in networks:
            network.rest()
    process.give_back_freed()


class OneNetwork:
    """What a model of one ``network`` has of ``Segmenter`` beside its answers."""

    network: Any
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


def _whole(kind: str, content: Mapping[str, Any], name: str, key: str) -> Any:
    """Return the network as OpenVINO reads it: a file of the cache, or itself where the cache cannot be written."""
    with saying_what_they_are_of(kind):
        graph = graphs.shipped(kind, content)
    folder = _folder(key, graph.sha256[:12] if graph else "own")
    if _is_whole(folder):
        return folder / "model.xml"
    graph = graph or _on_torch().graph(kind, content, name)
    try:
        numbers = graph.numbers(content["model"])
    except (KeyError, ValueError) as error:
        raise WeightsError(f"the weights do not fit the network {name!r} ({error})") from error
    if _keep(folder, {"model.xml": graph.xml, "model.bin": numbers}):
        return folder / "model.xml"
    return core().read_model(graph.xml, numbers)


def _folder(key: str, structure: str) -> Path:
    import openvino

    return process.cache_dir() / "openvino" / f"{key}-{structure}-{openvino.__version__.split('-')[0]}"


def _keep(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Write ``files``, by name, as the whole content of ``folder``; tell whether that was possible."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(folder.parent)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as temporary:
            made = Path(temporary) / "made"
            made.mkdir()
            for name, content in files.items():
                (made / name).write_bytes(content)
            _seal(made)
            if folder.exists():  # damaged, or of a version without checksums
                os.rename(folder, Path(temporary) / "old")
            os.rename(made, folder)
    except OSError:  # read-only, full, or another process was first: the cache only saves time
        return False
    return True


def _remove_unfinished(cache_folder: Path) -> None:
    """Remove what processes that were killed had begun to write, once it is a day old: up to 200 MB each."""
    for left in cache_folder.glob(f"{tempfile.gettempprefix()}*"):
        with suppress(OSError):  # another process was first
            if time.time() - left.stat().st_mtime > 86400:
                shutil.rmtree(left)


def _compiled(path: Path, options: dict[str, Any], kept: Path) -> Any:
    """Return the network of ``path`` as OpenVINO compiles it, from ``kept`` if it was compiled so for such a processor.

    A compiled network begins with its checksum: one flipped byte changes its answers.  It finds its weights in the file
    beside ``path``, but for networks with which OpenVINO cannot do that; those are kept with them.
    """
    made_for = hashlib.sha256(json.dumps([options, sorted(processor_flags())]).encode()).hexdigest()[:12]
    apart = {"CACHE_MODE": "OPTIMIZE_SIZE", "WEIGHTS_PATH": str(path.with_suffix(".bin"))}
    files = {kept / f"{made_for}.apart": options | apart, kept / f"{made_for}.whole": options}
    for file, how in files.items():
        if compiled := _imported(file, how):
            return compiled
    for file, how in files.items():
        compiled = core().compile_model(path, "CPU", {k: v for k, v in how.items() if k != "WEIGHTS_PATH"})
        content = compiled.export_model()
        content = content if isinstance(content, bytes) else content.getvalue()
        try:
            kept.mkdir(parents=True, exist_ok=True)
            atomic.write_bytes(file, hashlib.sha256(content).digest() + content)
        except OSError:  # read-only or full: it only saves time
            return compiled
        if _imported(file, how):
            return compiled
        file.unlink(missing_ok=True)
    return compiled


def _imported(file: Path, how: dict[str, Any]) -> Any:
    """Return the compiled network in ``file``; ``None`` if there is none, or none that can be used here."""
    try:
        raw = file.read_bytes()
        checksum, content = raw[:CHECKSUM_BYTES], raw[CHECKSUM_BYTES:]
        return core().import_model(content, "CPU", how) if hashlib.sha256(content).digest() == checksum else None
    except (OSError, RuntimeError):  # gone, or of another version
        return None


CHECKSUM_BYTES = 32

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
