"""A network as OpenVINO reads it, put together of its shipped graph and the tensors of a weights file.

A graph is the network's structure: OpenVINO's XML, and for each constant in it of which tensors it is made.  It does
not depend on the weights, so weights are stored once, in the form that training reads, and PyTorch is not needed to run
them.  ``networks.tracing`` makes a graph; ``python -m train.graphs`` ships those of the shipped weights.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.models.weights import WeightsError

FOLDER = Path(__file__).parent / "structures"

SHAPING = {
    "yolo": ("architecture",),
    "unet": ("encoder", "widths"),
    "mask_rcnn": ("backbone", "encoder", "widths"),
    "attributes": ("encoder", "last_width", "size"),
}
"""What of a weights file's content shapes the network beside its tensors, by kind."""


class NoGraphError(WeightsError):
    """A network of one's own is of a structure that OpenVINO cannot run; PyTorch can."""


@dataclass(frozen=True)
class Graph:
    """The structure of a network.

    xml: OpenVINO's IR, whose constants are places in a file of numbers.  size: bytes of that file.  constants: for
    each place what is there: its ``offset`` in bytes, and either the ``raw`` bytes in base64, the name of a ``tensor``,
    or what a batch normalisation ``bn`` with its ``eps`` comes to: its ``scale`` or its ``shift``, as ``what`` says, or
    the ``weight`` of a convolution times that scale.
    """

    xml: bytes
    size: int
    constants: tuple[Mapping[str, Any], ...]

    @cached_property
    def sha256(self) -> str:
        """The checksum of all that the graph says."""
        return hashlib.sha256(self.xml + json.dumps(self.constants, sort_keys=True).encode()).hexdigest()

    def numbers(self, tensors: Mapping[str, np.ndarray]) -> bytes:
        """Return the file of numbers for the ``tensors`` of a weights file, (O, …) float16 or float32 by name.

        Raises ``KeyError`` or ``ValueError`` for tensors of another network.
        """
        content = np.zeros(self.size, np.uint8)
        for constant in self.constants:
            made = np.frombuffer(_constant(constant, tensors), np.uint8)
            content[constant["offset"] : constant["offset"] + len(made)] = made
        return content.tobytes()


def _constant(told: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> bytes:
    if "raw" in told:
        return base64.b64decode(told["raw"])
    if "tensor" in told:
        value = np.asarray(tensors[told["tensor"]])
    else:
        scale, shift = batch_norm(tensors, told["bn"], told["eps"])
        value = {"scale": scale, "shift": shift}.get(told.get("what", ""), scale)
        value = scaled(tensors[told["weight"]], scale) if "weight" in told else value
    return value.astype(np.float32).tobytes()


def batch_norm(tensors: Mapping[str, np.ndarray], bn: str, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Return by what a batch normalisation multiplies each channel and what it adds then, (O,) float64 each.

    bn: the prefix of its ``weight``, ``bias``, ``running_mean`` and ``running_var`` among the ``tensors``, (O,) each.
    """
    weight, bias, mean, variance = (
        np.asarray(tensors[f"{bn}.{part}"], float) for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = weight / np.sqrt(variance + eps)
    return scale, bias - mean * scale


def scaled(kernel: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return a ``kernel`` (O, …) times the ``scale`` (O,) of its output channels, float64."""
    return np.asarray(kernel, float) * scale.reshape(-1, *[1] * (kernel.ndim - 1))


def name_of(kind: str, content: Mapping[str, Any]) -> str:
    """Return the name of the graph of a weights file's ``content``: networks of one structure have the same."""
    shaping = {key: content.get(key) for key in SHAPING[kind]}
    if kind == "mask_rcnn":
        shaping["anchors"] = content.get("anchor_size", content.get("size"))
    shapes = sorted((name, list(tensor.shape)) for name, tensor in content["model"].items())
    return f"{kind}-{hashlib.sha256(json.dumps([shaping, shapes]).encode()).hexdigest()[:12]}"


def shipped(kind: str, content: Mapping[str, Any]) -> Graph | None:
    """Return the shipped graph of the network that a weights file's ``content`` is of, ``None`` without one."""
    path = FOLDER / f"{name_of(kind, content)}.zip"
    return read(path) if path.is_file() else None


def read(path: Path) -> Graph:
    """Read what `write` wrote."""
    with zipfile.ZipFile(path) as archive:
        plan = json.loads(archive.read("constants.json"))
        return Graph(archive.read("model.xml"), plan["size"], tuple(plan["constants"]))


def write(graph: Graph, path: Path) -> None:
    """Write ``graph`` to ``path``, the same bytes for the same graph."""
    plan = json.dumps({"size": graph.size, "constants": graph.constants}).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in (("model.xml", graph.xml), ("constants.json", plan)):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
