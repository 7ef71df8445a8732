"""What stands in for `ewardrobe.evaluation.speed` in the measured processes: models with known times and faults."""

from __future__ import annotations

import os
from pathlib import Path

_model: dict = {}


def start(name: str, runtime: str, threads: int, folder: Path) -> dict:
    assert threads == 1
    if name == "broken":
        os._exit(3)
    if name == "untrusted":
        raise RuntimeError("altered")
    _model.update(name=name, runtime=runtime, folder=folder, turn=0)
    own = "torch" if name == "torch_only" else runtime
    return {"runtime": own, "device": "cpu", "weights_sha256": "ab", "input_px": 8, "load_s": 1, "first_ms": 9}


def take_turn() -> dict:
    turn = _model["turn"]
    if _model["name"] == "dies" and turn == 1:
        os._exit(3)
    with open(_model["folder"] / "turns", "a") as file:
        file.write(f"{_model['name']}{_model['runtime'][0]} ")
    _model["turn"] += 1
    return {"ms": [10.0 + turn, 20.0], "peak_rss_mb": 50 + turn}
