"""Hand-made folders as weights/ and runs/: metrics, cards, a benchmark, logs and a sweep with known numbers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ewardrobe.core.taxonomy import CATEGORIES
from ewardrobe.evaluation import held_out
from ewardrobe.evaluation.held_out import packed
from ewardrobe.evaluation.metrics import MEASURES

INSTANCES = [20, 40, 1, 16, 6, 0, 11, 26, 16, 6, 3, 2, 1]  # slings (6) are absent


PHOTOS = ["0123456789ab", "ba9876543210"]
"""What stands for the photos of the test, by which nothing was trained or chosen."""

CHOSEN = ["00000000000a", "00000000000b"]
"""Those of the validation, by which the weights were chosen."""


def metrics(sha256: str, level: float = 0.5, images: int = 60, **meta) -> dict:
    """Metrics around ``level`` as ``ewardrobe evaluate`` writes them."""
    names = [c.name for c in CATEGORIES]
    overall = {
        "images": images,
        "instances": sum(INSTANCES),
        **{key: level for key in MEASURES if "refined" not in key},
    }
    cuts = {
        key: overall | {"images": count, "mask_ap": level + shift}
        for key, count, shift in (
            ("worn", 40, 0.1),
            ("not_worn", 20, -0.1),
            ("occlusion_1", 25, 0.05),
            ("occlusion_2", 35, 0),
        )
    }
    return {
        "overall": overall,
        "overall_ci": {"mask_ap_min10": [level - 0.04, level + 0.05], "box_ap_min10": [level - 0.03, level + 0.03]},
        "per_category": [_category(c, n, level) for c, n in zip(CATEGORIES, INSTANCES, strict=True)],
        "cuts": cuts,
        "cuts_ci": {"worn": {"mask_ap_min10": [level - 0.1, level + 0.1]}, "not_worn": {}},
        "confusion": {"labels": [*names, "background"], "rows": "true", "columns": "predicted", "matrix": _matrix()},
        "pr_curves": [_curve(c, level) for c, n in zip(CATEGORIES, INSTANCES, strict=True) if n],
        "calibration": {"bins": [_bin(i) for i in range(10)], "expected_error": 0.07},
        "parsing": {"images": 40, "miou": level, "iou": {"background": 0.98, "hair": level, "bag": None}},
        "speed": _speed(level),
        "meta": {
            "weights_sha256": sha256,
            "images": images,
            "data": "drawn",
            "split": "test",
            "role": "test",
            "photos": packed(PHOTOS),
            "data_sha256": "d" * 64,
            "limit": None,
            "command": "python -m ewardrobe evaluate --data drawn",
            "commit": "0123456789ab",
            "date": "2026-11-23T14:52:36+00:00",
            "machine": {"processor": "a processor", "cores": 2},
            **meta,
        },
    }


def _category(category, instances: int, level: float) -> dict:
    keys = ("mask_ap", "mask_ap50", "mask_ap75", "mask_ar", "box_ap", "box_ap50", "iou", "dice", "recall")
    value = level * (0.5 + instances / 80) if instances else None
    return {"category_id": category.id, "name": category.name, "instances": instances} | {
        **dict.fromkeys(keys, value),
        "precision": value,
        "detections": instances,
    }


def _matrix() -> list[list[int]]:
    rows = [[0] * 14 for _ in range(14)]
    for place, count in enumerate(INSTANCES):
        rows[place][place] = count // 2
        rows[place][13] = count - count // 2
    rows[13][7] = 3
    return rows


def _curve(category, level: float) -> dict:
    precision = [1.0 if i <= 100 * level else 0.0 for i in range(101)]
    return {"category_id": category.id, "name": category.name, "precision": precision, "score": [0.5] * 101}


def _bin(index: int) -> dict:
    found = (
        {"mean_score": index / 10 + 0.05, "precision": index / 12}
        if index != 3
        else dict.fromkeys(("mean_score", "precision"))
    )
    return {"from": index / 10, "to": index / 10 + 0.1, "detections": 0 if index == 3 else 100 - 9 * index, **found}


def _speed(level: float) -> dict:
    times = {"ms_median": 100 * level, "ms_p95": 140 * level, "first_ms": 300.0, "peak_rss_mb": 800.0}
    return times | {"threads": 2, "runtime": "torch", "image_width_median": 400, "image_height_median": 534}


def write_weights(folder: Path, levels: dict[str, float]) -> dict[str, dict]:
    """Write weights, manifest, metrics and card of every model in ``levels``; returns the manifest's entries."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = {}
    for name, level in levels.items():
        content = f"weights of {name}".encode()
        sha256 = hashlib.sha256(content).hexdigest()
        (folder / f"{name}.pt").write_bytes(content)
        entries[name] = {"file": f"{name}.pt", "sha256": sha256, "bytes": len(content), "licence": "AGPL-3.0"}
        entries[name][held_out.PHOTOS] = [chosen_by(folder)]
        (folder / f"{name}.metrics.json").write_text(json.dumps(metrics(sha256, level)))
        (folder / f"{name}.md").write_text(f"# Card of {name}\n\nsha256 `{sha256}`\n")
    (folder / "manifest.json").write_text(json.dumps({"models": entries}))
    return entries


def chosen_by(folder: Path) -> dict:
    """Note the photos of the validation beside a manifest, and return what its entries say of them."""
    name = held_out.digest(CHOSEN)
    (folder / held_out.LISTS).write_text(json.dumps({name: packed(CHOSEN)}))
    return {"purpose": "checkpoint", "data": "drawn", "split": "validation", "images": len(CHOSEN), "list": name}


def write_benchmark(path: Path, entries: dict[str, dict]) -> None:
    """Write the result of ``benchmark models`` for ``entries``, two runtimes each."""
    times = {"ms_median": 30.0, "ms_p95": 40.0, "first_ms": 200.0, "load_s": 5.0, "peak_rss_mb": 700.0}
    rows = [
        {"model": name, "runtime": runtime, "weights_sha256": entry["sha256"], **times}
        for name, entry in entries.items()
        for runtime in ("openvino", "torch")
    ]
    path.write_text(
        json.dumps({"models": rows, "meta": {"threads": 2, "photo_px": 1280, "command": "benchmark models"}})
    )


def log_line(step: int, seconds: float, **values) -> str:
    """One line of a run's log, as the trainer writes it."""
    return json.dumps({"step": step, "images": step * 16, "seconds": seconds, **values}) + "\n"


def write_log(path: Path, steps: int = 200) -> None:
    """Write a log with a training line every 25 steps and a validation every 100."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        for step in range(25, steps + 1, 25):
            file.write(log_line(step, step * 2.0, loss=100 / step, lr=0.001, images_per_s=8.0, bce=0.1))
            if step % 100 == 0:
                file.write(log_line(step, step * 2.0 + 1, val={"mask_ap": step / 1000, "garment_iou_worn": 0.5}))


def sweep(trials: int = 12) -> dict:
    """The results of a sweep as ``train.sweep`` writes them: every fourth trial was pruned, the last one failed."""
    rows = []
    for number in range(trials):
        state = "fail" if number == trials - 1 else "pruned" if number % 4 == 3 else "complete"
        reached = 0.1 + 0.02 * (number % 7)
        rows.append(
            {
                "number": number,
                "state": state,
                "value": reached if state == "complete" else None,
                "params": {
                    "lr": 10 ** (-4 + number / 4),
                    "optimizer": ("adamw", "sgd")[number % 2],
                    "augment": number / 8,
                },
                "config": {},
                "intermediate": [[1000, reached / 2], [2000, reached]] if state != "fail" else [],
                "seconds": 60.0,
            }
        )
    importance = {"lr": 0.6, "optimizer": 0.3, "augment": 0.1}
    return {"name": "first", "direction": "maximize", "importance": importance, "trials": rows}


def write_sweep(path: Path, trials: int = 12) -> None:
    """Write ``sweep(trials)``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(sweep(trials)))


def write_live(path: Path, entries: dict) -> None:
    """What ``benchmark live`` writes, for the weights ``entries``."""
    clip = {"source": "photo", "pictures": 2, "seen": 1.0, "jitter_px_rms": 0.4, "lag_frames": None}
    clip |= {"overshoot_px": None, "fit_iou": 0.7, "hand_covered": None}
    figures = {"compositor_ms": {"median": 4.0, "p95": 9.0}, "fit_iou": 0.7, "model": "yolo", "frames": 90}
    figures["clips"] = [clip | {"kind": "still"}, clip | {"kind": "hand", "hand_covered": 0.2}]
    figures["speed_quality"] = [{"model": name, "size": 256, "frame_ms": 40.0, "fit_iou": 0.6} for name in entries]
    meta = {"weights_sha256": {name: entry["sha256"] for name, entry in entries.items()}, "command": "python -m e"}
    path.write_text(json.dumps(figures | {"meta": meta}))


def write_exports(path: Path, entries: dict) -> None:
    """What ``benchmark exports`` writes, for the weights ``entries``: two forms each, and one that is missing."""
    figures = {"size_mb": 28.0, "network_ms_median": 40.0, "network_ms_p95": 60.0, "predict_ms_median": 50.0}
    figures |= {"mask_ap_min10": 0.5, "mask_ap50_min10": 0.6, "ap_loss": 0.0, "output_difference": 0.0}
    rows = []
    for name, entry in entries.items():
        head = {"model": name, "weights_sha256": entry["sha256"]}
        rows.append(head | {"variant": "openvino"} | figures)
        rows.append(head | {"variant": "openvino-int8"} | figures | {"network_ms_median": 12.0, "ap_loss": 0.004})
        rows.append(head | {"variant": "onnx", "reason": "onnx is not installed: pip install -r requirements-onnx.txt"})
    meta = {"photos": 296, "data": "wardrobe13, validation", "threads": 2, "command": "python -m ewardrobe benchmark"}
    path.write_text(json.dumps({"rows": rows, "meta": meta}))
