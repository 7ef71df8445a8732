"""Our whole try-on frame against ultralytics' own ``predict`` and ``plot`` with the same YOLO weights and size.

Photos are RGB uint8 (H, W, 3).
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import numpy as np

from ewardrobe.core import process
from ewardrobe.models import Parser, load_segmenter
from ewardrobe.models.weights import load_state
from ewardrobe.tryon.compositor import ComposedState, Look, compose
from ewardrobe.tryon.garment import WearableGarment
from ewardrobe.tryon.motion import IDENTITY
from ewardrobe.tryon.scene import read_scene
from ewardrobe.tryon.session import SIZES

ROUNDS, UNCOUNTED = 20, 3
"""Rounds that count, and those before them that warm up."""


def ratio_to_ultralytics(picture: np.ndarray, garment: WearableGarment) -> dict:
    """Return ratio_to_ultralytics and ratio_to_ultralytics_openvino, with the milliseconds ours_ms, ultralytics_ms,
    ultralytics_openvino_ms and rounds.

    A ratio is the median time of our frame, which is models (YOLO and the person's parsing) and composition, over that
    of ultralytics' ``predict`` and ``plot``, all taking turns in one run.  ultralytics runs its network with PyTorch
    unless one exports it first; ours runs on the fastest runtime here.
    """
    size, look = SIZES["balanced"], Look("wear", {garment.slot: garment})
    segmenter, parser = load_segmenter("yolo"), cast(Parser, load_segmenter("unet")).at(size)  # all cores, as theirs

    def ours() -> None:
        scene = read_scene(picture, segmenter, parser, frame_id=0, time=0.0, size=size)
        compose(picture, ComposedState(scene, IDENTITY), look)

    with _ultralytics(size) as (plain, exported):
        runs = {"ours": ours, "ultralytics": _predict_and_plot(plain, picture, size)}
        runs["ultralytics_openvino"] = _predict_and_plot(exported, picture, size)
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(ROUNDS + UNCOUNTED):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - start))
    ms = {name: float(np.median(taken[UNCOUNTED:])) for name, taken in times.items()}
    return {
        "ratio_to_ultralytics": ms["ours"] / ms["ultralytics"],
        "ratio_to_ultralytics_openvino": ms["ours"] / ms["ultralytics_openvino"],
        **{f"{name}_ms": value for name, value in ms.items()},
        "rounds": ROUNDS,
    }


def _predict_and_plot(model, picture: np.ndarray, size: int) -> Callable[[], None]:
    bgr = np.ascontiguousarray(picture[..., ::-1])
    return lambda: model.predict(bgr, imgsz=size, verbose=False, conf=0.2)[0].plot()


@contextmanager
def _ultralytics(size: int):
    """Yield ultralytics' own front with the shipped weights in it, on PyTorch and exported by itself for OpenVINO."""
    process.quiet_ultralytics()
    from ultralytics import YOLO
    from ultralytics.utils import DEFAULT_CFG_DICT

    state, _ = load_state("yolo")
    folder = Path(tempfile.mkdtemp())
    try:
        plain = _filled(YOLO(state["architecture"], task="segment"), state)
        copy = _filled(YOLO(state["architecture"], task="segment"), state)
        copy.model.args, copy.model.task = {**DEFAULT_CFG_DICT}, "segment"
        copy.model.pt_path = str(folder / "yolo.pt")  # beside it goes the export
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit.trace is deprecated, and what they export with
            path = copy.export(format="openvino", imgsz=size, dynamic=True, verbose=False)
        yield plain, YOLO(path, task="segment")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _filled(front, state: dict):
    from ewardrobe.models.networks import on_torch, yolo

    front.model = yolo.of_content(state)
    on_torch.fill(front.model, state["model"], "yolo")
    return front
