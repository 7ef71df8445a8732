"""Weights of the attribute network for tests: small, untrained, or told what to say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from ewardrobe import weights as weight_files
from ewardrobe.attributes.network import AttributeNet
from ewardrobe.attributes.values import HEADS, SLEEVE_OF_CATEGORY, Guess

SIZE = 64


def write_weights(path: Path, **changes) -> Path:
    """Write a weights file as ``train.attributes`` does, untrained, with ``changes``."""
    torch.manual_seed(0)
    content = {
        "kind": "attributes",
        "model": {k: v.half() if v.is_floating_point() else v for k, v in AttributeNet(16).state_dict().items()},
        "last_width": 16,
        "size": SIZE,
        "values": {name: list(values) for name, values in HEADS.items()},
        "calibration": {
            name: {"log_prior": (0.0,) * len(values), "adjust": 1.0, "temperature": 1.0, "ask_below": 0.5}
            for name, values in HEADS.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content | changes, path)
    return path


def write_folder(folder: Path) -> Path:
    """Write a folder of weights with a manifest that holds the attribute network alone."""
    path = write_weights(folder / "attributes.pt")
    entry = {"file": path.name, "sha256": weight_files.sha256_of(path), "bytes": path.stat().st_size}
    (folder / "manifest.json").write_text(json.dumps({"models": {"attributes": entry}}))
    return folder


class Teller:
    """A classifier that says what it was told: ``{head: (value, confidence)}``, sure from 0.6 up."""

    def __init__(self, **says: tuple[str, float]) -> None:
        self.says, self.asked = says, 0

    def predict(self, image: np.ndarray, mask: np.ndarray, category_id: int | None) -> dict[str, Guess]:
        self.asked += 1
        return {
            name: Guess(value, confidence, confidence >= 0.6)
            for name, (value, confidence) in self.says.items()
            if name != "sleeve" or category_id in SLEEVE_OF_CATEGORY
        }
