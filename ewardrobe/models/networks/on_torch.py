"""Runs a network with PyTorch: on a GPU, in training, and where it has no graph that OpenVINO could read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import nn

from ewardrobe.core import process
from ewardrobe.models.graphs import Graph, NoGraphError
from ewardrobe.models.networks import tracing
from ewardrobe.models.weights import WeightsError, saying_what_they_are_of


class TorchNetwork:
    """Runs ``module`` with torch, on the GPU if there is one."""

    runtime, precision = "torch", "f32"

    def __init__(self, module: nn.Module) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.module = module.eval().to(self.device).to(memory_format=torch.channels_last)

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the outputs for ``inputs``, (B, …) each, as float32."""
        with process.inference_slot(), torch.inference_mode():
            outputs = self.module(*map(self._tensor, inputs))
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            return tuple(o.float().cpu().numpy() for o in outputs)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        tensor = torch.from_numpy(np.asarray(array)).to(self.device)
        return tensor.contiguous(memory_format=torch.channels_last) if array.ndim == 4 else tensor


def module_of(kind: str, content: Mapping[str, Any], name: str) -> nn.Module:
    """Return the network of a weights file's ``content`` in the form that is run; ``WeightsError`` if they misfit."""
    with saying_what_they_are_of(kind):
        network = import_module(f"ewardrobe.models.networks.{kind}")
        module = network.of_content(content)
    fill(module, content["model"], name)
    return network.served(module).eval()


def fill(model: nn.Module, tensors: Mapping[str, Any], name: str) -> None:
    """Copy ``tensors``, arrays or tensors of any float type, into ``model``; ``WeightsError`` if they do not match."""
    try:
        model.load_state_dict({key: _as_tensor(value) for key, value in tensors.items()})
    except (RuntimeError, AttributeError) as error:
        raise WeightsError(f"the weights do not fit the network {name!r} ({str(error).splitlines()[0]})") from error


def _as_tensor(value: Any) -> torch.Tensor:
    tensor = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))
    return tensor.float() if tensor.is_floating_point() else tensor


def example_of(kind: str, content: Mapping[str, Any]) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """Return inputs of the form that a network of ``kind`` takes, of zeros.

    A picture is (1, 3, 256, 192) float32; a Mask R-CNN also takes a score, () float32; the attribute network takes
    crops (2, 4, size, size) float32 and category ids (2,) int64.
    """
    picture = torch.zeros(1, 3, 256, 192)
    if kind == "mask_rcnn":
        return picture, torch.tensor(0.5)
    if kind == "attributes":
        size = int(content["size"])
        return torch.zeros(2, 4, size, size), torch.zeros(2, dtype=torch.int64)
    return picture


def graph(kind: str, content: Mapping[str, Any], name: str) -> Graph:
    """Return the graph of the network that a weights file's ``content`` is of; ``WeightsError`` if they misfit.

    ``NoGraphError`` for a network that OpenVINO cannot read, or of whose graph nobody knows how it is made.
    """
    module = module_of(kind, content, name)
    prefix = "model." if kind != "yolo" else ""  # of the form that is run, not of the weights
    try:
        return tracing.graph_of(module, example_of(kind, content), prefix)
    except Exception as error:  # of torch's tracing, of OpenVINO's conversion, or of ours
        why = str(error).strip().partition("\n")[0]
        raise NoGraphError(f"OpenVINO cannot run the network of {name!r} ({type(error).__name__}: {why})") from error
