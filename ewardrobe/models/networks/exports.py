"""The networks of a model in other forms: half precision, bfloat16, eight bits, ONNX; each runs in the model's place.

A Mask R-CNN is one network, or three for the forms that cannot hold it whole (``networks.mask_rcnn_parts``).
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ewardrobe.core import process
from ewardrobe.models import Segmenter, load_segmenter
from ewardrobe.models.inference import Network, OpenVINONetwork, core
from ewardrobe.models.networks import mask_rcnn_parts
from ewardrobe.models.networks.mask_rcnn import Regions
from ewardrobe.models.networks.mask_rcnn_parts import NetworkPart
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.networks.tracing import convert
from ewardrobe.models.weights import checked_int8, int8_model, verified_path

INT8_FOLDER = Path("runs/int8")
"""Where ``train.quantize`` writes, in the working directory."""

WHOLE = "network"
"""Name of a model's whole network, as the app runs it."""

IN_PARTS = ("openvino-int8", "onnx")
"""The forms that a Mask R-CNN has in parts alone."""


class Unavailable(RuntimeError):
    """A form cannot be made or run here; the message says why, and the cure."""


@dataclass(frozen=True, eq=False)
class Source:
    """A shipped model to be exported: its segmenter on torch, its network whole and in parts, its file's checksum and
    size in bytes."""

    model: str
    segmenter: Segmenter
    whole: NetworkPart
    parts: list[NetworkPart]
    sha256: str
    size: int


def read_source(model: str) -> Source:
    """Load the shipped weights of ``model``; ``WeightsError`` if they are not as the manifest says."""
    segmenter: Any = load_segmenter(model, runtime="torch")  # what is exported is the module
    entry = verified_path(model)[1]
    module = copy.deepcopy(segmenter.network.module).cpu()
    if isinstance(module, Regions):
        parts = mask_rcnn_parts.parts_of(module.model)
        whole = NetworkPart(WHOLE, module, (torch.zeros(1, 3, 256, 192), torch.tensor(0.5)))
    else:
        whole = NetworkPart(WHOLE, module, torch.zeros(1, 3, 256, 192))
        parts = [whole]
    return Source(model, segmenter, whole, parts, entry["sha256"], entry["bytes"])


def with_networks(segmenter: Any, networks: Mapping[str, Network]) -> Any:
    """Return a copy of one of our segmenters on torch that runs ``networks``, by part, in place of its own."""
    other = copy.copy(segmenter)
    whole = networks.get(WHOLE)
    parts = segmenter.network.module.model if whole is None else None
    other.network = whole or TorchNetwork(Regions(mask_rcnn_parts.with_parts(parts, networks)))
    return other


def build(variant: str, source: Source, folder: Path, int8: Path | None = None) -> tuple[dict[str, Network], int]:
    """Return the networks of ``source`` by part in the form ``variant``, and the bytes of their files.

    folder: where files are written.  int8: folder of ``train.quantize``; by default what is shipped, else what is in
    ``INT8_FOLDER``.  Raises ``Unavailable`` for what is missing here.
    """
    if variant == "torch":
        return {WHOLE: TorchNetwork(source.whole.module)}, source.size
    parts = source.parts if variant in IN_PARTS else [source.whole]
    made = {part.name: _made(variant, source, part, folder, int8) for part in parts}
    size = sum(p.stat().st_size for _, path in made.values() for p in {path, path.with_suffix(".bin")} if p.is_file())
    return {name: network for name, (network, _) in made.items()}, size


def _made(variant: str, source: Source, part: NetworkPart, folder: Path, int8: Path | None) -> tuple[Network, Path]:
    stem = folder / f"{source.model}.{part.name}.{variant}"
    if variant == "onnx":
        return _onnx(part, stem.with_name(f"{stem.name}.onnx"))
    if variant == "openvino-int8":
        path = _int8_folder(source, int8) / f"{int8_stem(source.model, part.name)}.xml"
        return OpenVINONetwork(path, "int8"), path
    import openvino

    path = stem.with_name(f"{stem.name}.xml")
    if variant == "openvino-bf16" and "BF16" not in core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise Unavailable("this processor does not compute in bfloat16")
    openvino.save_model(convert(part.module, part.example), path, compress_to_fp16=variant == "openvino-fp16")
    return OpenVINONetwork(path, variant, "bf16" if variant == "openvino-bf16" else "f32"), path


def int8_stem(model: str, part: str) -> str:
    """Return the name without suffix of a part's files in eight bits.

    >>> int8_stem("unet", "network"), int8_stem("mask_rcnn", "body")
    ('unet.int8', 'mask_rcnn.body.int8')
    """
    return f"{model}.int8" if part == WHOLE else f"{model}.{part}.int8"


def _int8_folder(source: Source, folder: Path | None) -> Path:
    if folder is None and (shipped := int8_model(source.sha256)):
        return shipped.parent
    folder = folder or INT8_FOLDER
    command = f"python -m train.quantize {source.model} --data DATA (needs pip install -r requirements-train.txt)"
    try:
        entry = json.loads((folder / f"{source.model}.int8.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Unavailable(f"not made yet: {command}") from None
    if entry["source_sha256"] != source.sha256:
        raise Unavailable(f"made of other weights: {command}")
    return checked_int8(entry, folder).parent


def _onnx(part: NetworkPart, path: Path) -> tuple[Network, Path]:
    try:
        import onnx  # noqa: F401 (what torch writes with)
        import onnxruntime
    except ImportError as error:
        raise Unavailable(f"{error.name} is not installed: pip install -r requirements-onnx.txt") from None
    example = part.example if isinstance(part.example, torch.Tensor) else part.example[0]
    axes = {0: "batch", 2: "height", 3: "width"} if example.shape[1] == 3 else {0: "regions"}
    names: dict[str, Any] = {"input_names": ["input"], "dynamic_axes": {"input": axes}}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter by tracing is deprecated; the new one fixes the picture's size
        torch.onnx.export(part.module, (example,), path, dynamo=False, verbose=False, **names)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = process.cpu_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # as ours: waiting threads sleep
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        with process.inference_slot():
            return tuple(session.run(None, {"input": np.ascontiguousarray(batch)}))

    return run, path
