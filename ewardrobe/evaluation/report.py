"""The metrics as a file and as text for a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from ewardrobe.core import atomic
from ewardrobe.evaluation.metrics import MEASURES, number

DIGITS = 6
_NUMBER_LIST = re.compile(r"\[([\d\s.,eE+-]+)\]")


def write_metrics(metrics: dict, path: Path | None) -> None:
    """Write ``metrics`` as JSON, floats to six digits, whole or not at all; ``ValueError`` for NaN or infinity.

    Without a ``path`` nothing is written.
    """
    if path is None:
        return
    rounded = json.loads(json.dumps(metrics, allow_nan=False), parse_float=lambda text: round(float(text), DIGITS))
    text = json.dumps(rounded, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Lists of numbers on one line each: curves would otherwise fill thousands.
    text = _NUMBER_LIST.sub(lambda match: f"[{', '.join(match[1].replace(',', ' ').split())}]", text)
    atomic.write_bytes(path, f"{text}\n".encode())


def format_report(metrics: dict) -> str:
    """Return the metrics as text of at most 100 columns: overall and cuts, then categories, then speed."""
    parts = [_overall_table(metrics), _category_table(metrics["per_category"])]
    if accessories := metrics.get("accessories"):
        parts.append(_category_table(accessories, "accessory"))
    if parsing := metrics.get("parsing"):
        parts.append(f"parsing: mIoU {number(parsing['miou'])} over {parsing['images']} photos")
    if views := metrics.get("webcam"):
        parts.append(_views_table(views))
    speed = metrics["speed"]
    parts.append(
        f"a photo takes {number(speed['ms_median'], 1)} ms (median), {number(speed['ms_p95'], 1)} (95 %), "
        f"{number(speed['first_ms'], 1)} (first) with {speed['threads']} threads; "
        f"peak memory {number(speed['peak_rss_mb'], 0)} MB"
    )
    if skipped := metrics["meta"]["skipped"]:
        parts.append(f"{len(skipped)} photos could not be judged, the first: {skipped[0]}")
    if problems := metrics["meta"]["annotation_problems"]:
        parts.append(f"{len(problems)} faults in the data set, the first: {problems[0]}")
    return "\n\n".join(parts)


def format_benchmark(result: dict) -> str:
    """Return the result of ``benchmark models`` as text of at most 100 columns."""
    meta = result["meta"]
    keys = {"load_s": "load s", "first_ms": "first ms", "ms_median": "median ms", "ms_p95": "p95 ms"}
    rows = [
        {"model": row["model"], "runtime": row["runtime"], "input px": str(row["input_px"] or "–")}
        | {label: number(row[key], 1) for key, label in keys.items()}
        | {"peak MB": number(row["peak_rss_mb"], 0)}
        for row in result["models"]
        if "error" not in row
    ]
    lines = [_table(rows)] if rows else []
    lines += [f"{r['model']} on {r['runtime']}: {r['error']}" for r in result["models"] if "error" in r]
    photos = f"{meta['photos']} photos of {meta['data']}, long side {meta['photo_px']} px"
    return "\n".join([*lines, f"{photos}; {meta['threads']} threads, {meta['rounds']} rounds"])


def _overall_table(metrics: dict) -> str:
    columns = {"all": metrics["overall"], "worn": metrics["cuts"]["worn"], "not worn": metrics["cuts"]["not_worn"]}
    rows = [
        {"measure": label}
        | {f"{name} ({cut['images']})": cut.get(key) for name, cut in columns.items()}
        | {"95 % interval": "{:.3f} … {:.3f}".format(*bounds) if (bounds := metrics["overall_ci"].get(key)) else ""}
        for key, label in MEASURES.items()
        if key in metrics["overall"]
    ]
    return _table(rows)


def _category_table(categories: list[dict], title: str = "category") -> str:
    labels = {"images": "photos", "instances": "garments", "mask_ap": "mask AP", "mask_ap50": "AP50"}
    labels |= {"box_ap": "box AP", "iou": "IoU", "precision": "precision", "recall": "recall"}
    keys = tuple(key for key in labels if any(key in row for row in categories))
    names = tuple(labels[key] for key in keys)
    return _table([{title: row["name"], **_picked(row, keys, names)} for row in categories])


def _views_table(views: dict[str, dict]) -> str:
    keys = ("images", "instances", "mask_ap_min10", "mask_ap50_min10", "garment_iou", "boundary_iou")
    labels = ("photos", "garments", "mask AP (≥ 10)", "AP50 (≥ 10)", "garment IoU", "boundary IoU")
    return _table([{"webcam view": n.replace("_", " "), **_picked(v, keys, labels)} for n, v in views.items()])


def _picked(row: dict, keys: tuple[str, ...], labels: tuple[str, ...]) -> dict:
    return {label: row.get(key) for key, label in zip(keys, labels, strict=True)}


def _table(rows: list[dict]) -> str:
    """Return rows as text; their first column names them."""
    frame = pd.DataFrame(rows)
    named = frame.set_index(frame.columns[0]).rename_axis(index=None, columns=frame.columns[0])
    return named.to_string(na_rep="–", float_format="{:.3f}".format)
