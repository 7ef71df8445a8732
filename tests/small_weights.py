"""Small networks of random tensors as a folder of weights."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
import torch

from ewardrobe.models import graphs, inference, unet
from ewardrobe.models import weights as weight_files
from ewardrobe.models.networks import mask_rcnn as mask_rcnn_model
from ewardrobe.models.networks import on_torch
from ewardrobe.models.networks import unet as unet_model

WIDTHS = (8, 8, 8, 8, 8)


def described(path) -> dict:
    return {"sha256": weight_files.sha256_of(path), "bytes": path.stat().st_size}


def contents() -> dict[str, dict]:
    """The weights files of a small U-Net and a small Mask R-CNN of random tensors, by name."""
    torch.manual_seed(0)
    tensors = unet_model.UNet(WIDTHS).state_dict(), mask_rcnn_model.build("unet", 64, WIDTHS).state_dict()
    about: dict[str, dict] = {"unet": {}, "mask_rcnn": {"backbone": "unet"}}
    return {
        name: {"kind": name, "model": model, "size": 64, "widths": WIDTHS} | more
        for (name, more), model in zip(about.items(), tensors, strict=True)
    }


@cache
def small_graph() -> tuple[str, graphs.Graph]:
    """The graph of that U-Net and its name: making it takes seconds, so it is done once in a process."""
    content = contents()["unet"]
    return graphs.name_of("unet", content), on_torch.graph("unet", content, "unet")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of weights with a small U-Net and a small Mask R-CNN of random tensors, and the graph of the U-Net."""
    shipped, structures = tmp_path / "weights", tmp_path / "structures"
    for each in (shipped, structures):
        each.mkdir()
    name, graph = small_graph()
    graphs.write(graph, structures / f"{name}.zip")
    monkeypatch.setattr(graphs, "FOLDER", structures)
    entries = {}
    for name, content in contents().items():
        torch.save(content, shipped / f"{name}.pt")
        entries[name] = {"file": f"{name}.pt"} | described(shipped / f"{name}.pt")
    (shipped / "manifest.json").write_text(json.dumps({"models": entries}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(shipped))
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EWARDROBE_THREADS", "1")
    monkeypatch.delenv("EWARDROBE_RUNTIME", raising=False)
    monkeypatch.delenv("EWARDROBE_PRECISION", raising=False)
    monkeypatch.setattr(inference, "processor_flags", frozenset)  # of this machine, which may have AMX
    return shipped


def logits() -> np.ndarray:
    """The logits of the shipped U-Net for a grey picture."""
    return unet.load().network(np.zeros((1, 3, 64, 64), np.float32))[0]
