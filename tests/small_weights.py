"""Small networks of random tensors as a folder of weights."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from ewardrobe.models import inference, unet
from ewardrobe.models import weights as weight_files
from ewardrobe.models.networks import mask_rcnn as mask_rcnn_model
from ewardrobe.models.networks import unet as unet_model

WIDTHS = (8, 8, 8, 8, 8)


def described(path) -> dict:
    return {"sha256": weight_files.sha256_of(path), "bytes": path.stat().st_size}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of weights with a small U-Net and a small Mask R-CNN of random tensors, and its manifest."""
    torch.manual_seed(0)
    shipped = tmp_path / "weights"
    shipped.mkdir()
    small = unet_model.UNet(WIDTHS)
    regions = mask_rcnn_model.build("unet", 64, WIDTHS)
    contents = {
        "unet": {"kind": "unet", "model": small.state_dict(), "size": 64, "widths": WIDTHS},
        "mask_rcnn": {
            "kind": "mask_rcnn",
            "model": regions.state_dict(),
            "size": 64,
            "widths": WIDTHS,
            "backbone": "unet",
        },
    }
    entries = {}
    for name, content in contents.items():
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
