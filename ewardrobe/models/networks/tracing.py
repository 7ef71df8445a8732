"""Networks of PyTorch converted for OpenVINO, and their graphs without weights (``models.graphs``)."""

from __future__ import annotations

import base64
import copy
import tempfile
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ewardrobe.models.graphs import Graph, batch_norm, scaled

LARGEST_RAW = 1 << 14
"""Bytes of a constant that is kept as it is, such as a table of anchors: a larger one must be made of tensors."""

TOLERANCE = 1e-4
"""Share of their largest number by which a constant and what it was made of may differ: it was computed in float32."""


def convert(module: nn.Module, example: Tensor | tuple[Tensor, ...] | None = None) -> Any:
    """Return ``module`` as a model of OpenVINO whose inputs have the form of ``example``, of any batch size.

    example: by default a picture, (1, 3, h, w) float32; pictures may be of any size, other sides stay fixed.
    """
    import openvino

    example = torch.zeros(1, 3, 256, 192) if example is None else example
    inputs = example if isinstance(example, tuple) else (example,)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit.trace is deprecated, and what OpenVINO converts from
        return openvino.convert_model(module, example_input=example, input=[_form(one) for one in inputs])


def _form(example: Tensor) -> list[int]:
    if example.ndim == 4 and example.shape[1] == 3:
        return [-1, 3, -1, -1]
    return [-1, *example.shape[1:]] if example.ndim else []


def graph_of(module: nn.Module, example: Tensor | tuple[Tensor, ...] | None = None, prefix: str = "") -> Graph:
    """Return the graph of ``module``, whatever its weights.

    It is converted with random ones, so that each constant tells what it was made of.  example: as `convert` takes it,
    by default (1, 3, h, w) float32.  prefix: of the names of its tensors that a weights file does without.  Raises
    ``ValueError`` for a constant that nobody knows how to make: one that is large, or that is another one for other
    weights.
    """
    module = copy.deepcopy(module).eval()
    xml, numbers, tensors = _converted(module, example, seed=0)
    norms = {n.removeprefix(prefix): m.eps for n, m in module.named_modules() if isinstance(m, nn.BatchNorm2d)}
    sources = _Sources({name.removeprefix(prefix): tensor for name, tensor in tensors.items()}, norms)
    constants = tuple(sources.told(*place, numbers) for place in _places(xml))
    graph = Graph(xml, len(numbers), constants)
    _, others, tensors = _converted(module, example, seed=1)
    again = graph.numbers({name.removeprefix(prefix): tensor for name, tensor in tensors.items()})
    for offset, size, kind in _places(xml):
        place = slice(offset, offset + size)
        if kind == "f32" and not _alike(*(np.frombuffer(each[place], np.float32) for each in (again, others))):
            raise ValueError(f"a constant of {size} bytes depends on the weights in a way that is not known")
    return graph


def _converted(module: nn.Module, example: Any, seed: int) -> tuple[bytes, bytes, dict[str, np.ndarray]]:
    """Return the IR of ``module`` with random weights, its numbers, and those weights, float32, by name."""
    import openvino

    _randomise(module, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        openvino.save_model(convert(module, example), path, compress_to_fp16=False)
        content = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    state = module.state_dict()
    return *content, {name: tensor.float().numpy() for name, tensor in state.items() if tensor.is_floating_point()}


def _randomise(module: nn.Module, seed: int) -> None:
    """Fill ``module`` with random numbers, the same ones for the same ``seed``; variances stay positive."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            values = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(values + 0.5 if name.endswith("running_var") else (values - 0.5) * 0.2)


def _places(xml: bytes) -> list[tuple[int, int, str]]:
    """Return offset, bytes and type of each constant of an IR, each place once."""
    places = set()
    for layer in ElementTree.fromstring(xml).iter("layer"):
        if layer.get("type") == "Const" and (data := layer.find("data")) is not None and int(data.get("size", 0)):
            places.add((int(data.get("offset", 0)), int(data.get("size", 0)), data.get("element_type", "")))
    return sorted(places)


class _Sources:
    """Finds of which tensors a constant was made."""

    def __init__(self, tensors: Mapping[str, np.ndarray], norms: Mapping[str, float]) -> None:
        self.tensors, self.norms = tensors, norms
        self.folded = {bn: batch_norm(tensors, bn, eps) for bn, eps in norms.items()}

    def told(self, offset: int, size: int, kind: str, numbers: bytes) -> dict[str, Any]:
        """Return what the constant at ``offset`` is made of, as a ``Graph`` says it."""
        raw = numbers[offset : offset + size]
        if kind == "f32" and (source := self._of(np.frombuffer(raw, np.float32))):
            return {"offset": offset} | source
        if size > LARGEST_RAW:
            raise ValueError(f"a constant of {size} bytes is made of no tensor")
        return {"offset": offset, "raw": base64.b64encode(raw).decode()}

    def _of(self, flat: np.ndarray) -> dict[str, Any] | None:
        for name, tensor in self.tensors.items():
            if tensor.size == flat.size and np.array_equal(tensor.ravel(), flat):
                return {"tensor": name}
        for bn, values in self.folded.items():
            for what, value in zip(("scale", "shift"), values, strict=True):
                if _alike(value, flat):
                    return {"bn": bn, "eps": self.norms[bn], "what": what}
        return self._kernel(flat)

    def _kernel(self, flat: np.ndarray) -> dict[str, Any] | None:
        for name, tensor in self.tensors.items():
            if tensor.ndim < 2 or tensor.size != flat.size:
                continue
            rows, made = tensor.reshape(len(tensor), -1), flat.reshape(len(tensor), -1)
            seen = np.linalg.norm(made, axis=1) / np.linalg.norm(rows, axis=1)
            for bn, (scale, _) in self.folded.items():
                if _alike(np.abs(scale), seen) and _alike(scaled(tensor, scale).ravel(), flat):
                    return {"weight": name, "bn": bn, "eps": self.norms[bn]}
        return None


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Tell whether two arrays hold the same numbers but for rounding."""
    if one.shape != other.shape:
        return False
    finite = np.isfinite(other)
    largest = float(np.abs(other[finite]).max(initial=0.0))
    return bool(np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE * min(largest, 1.0)))
