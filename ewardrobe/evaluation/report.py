"""The metrics as a file and as text for a terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ewardrobe.core import atomic

DIGITS = 6
_NUMBER_LIST = re.compile(r"\[([\d\s.,eE+-]+)\]")
_MEASURES = (
    ("box AP", "box_ap"),
    ("box AP50", "box_ap50"),
    ("mask AP", "mask_ap"),
    ("mask AP50", "mask_ap50"),
    ("mask AP75", "mask_ap75"),
    ("mask AR", "mask_ar"),
    ("mask AP (≥ 10)", "mask_ap_min10"),
    ("mask AP50 (≥ 10)", "mask_ap50_min10"),
    ("garment IoU", "garment_iou"),
    ("garment IoU refined", "garment_iou_refined"),
    ("garment IoU, label map", "garment_iou_map"),
    ("mIoU", "miou"),
    ("boundary IoU", "boundary_iou"),
    ("boundary IoU refined", "boundary_iou_refined"),
)


def write_metrics(metrics: dict, path: Path) -> None:
    """Write ``metrics`` as JSON, floats to six digits, whole or not at all; ``ValueError`` for NaN or infinity."""
    text = json.dumps(_rounded(metrics), indent=1, ensure_ascii=False, allow_nan=False)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, f"{_compact(text)}\n".encode())


def format_report(metrics: dict) -> str:
    """Return the metrics as text of at most 100 columns: overall and cuts, then categories, then speed."""
    parts = [_overall_table(metrics), _category_table(metrics["per_category"]), _speed_line(metrics)]
    if views := metrics.get("webcam"):
        parts.insert(2, _views_table(views))
    if parsing := metrics.get("parsing"):
        parts.insert(2, f"parsing: mIoU {_number(parsing['miou'])} over {parsing['images']} photos")
    if skipped := metrics["meta"]["skipped"]:
        parts.append(f"{len(skipped)} photos could not be judged, the first: {skipped[0]}")
    if problems := metrics["meta"]["annotation_problems"]:
        parts.append(f"{len(problems)} faults in the data set, the first: {problems[0]}")
    return "\n\n".join(parts)


def format_benchmark(result: dict) -> str:
    """Return the result of ``benchmark models`` as text of at most 100 columns."""
    meta = result["meta"]
    header = ["model", "runtime", "input px", "load s", "first ms", "median ms", "p95 ms", "peak MB"]
    keys = (("load_s", 1), ("first_ms", 0), ("ms_median", 1), ("ms_p95", 1), ("peak_rss_mb", 0))
    rows = [
        [row["model"], row["runtime"], str(row["input_px"] or "–"), *(_number(row[key], d) for key, d in keys)]
        for row in result["models"]
        if "error" not in row
    ]
    lines = [_table([header, *rows])]
    lines += [f"{r['model']} on {r['runtime']}: {r['error']}" for r in result["models"] if "error" in r]
    photos = f"{meta['photos']} photos of {meta['data']}, long side {meta['photo_px']} px"
    return "\n".join([*lines, f"{photos}; {meta['threads']} threads, {meta['rounds']} rounds"])


def _overall_table(metrics: dict) -> str:
    columns = {"all": metrics["overall"], "worn": metrics["cuts"]["worn"], "not worn": metrics["cuts"]["not_worn"]}
    header = ["", *(f"{name} ({cut['images']})" for name, cut in columns.items()), "95 % interval of all"]
    intervals = metrics["overall_ci"]
    rows = [
        [label, *(_number(cut.get(key)) for cut in columns.values()), _interval(intervals.get(key))]
        for label, key in _MEASURES
        if key in metrics["overall"]
    ]
    return _table([header, *rows])


def _category_table(categories: list[dict]) -> str:
    keys = ("mask_ap", "mask_ap50", "box_ap", "iou", "precision", "recall")
    header = ["category", "garments", "mask AP", "AP50", "box AP", "IoU", "precision", "recall"]
    rows = [[c["name"], str(c["instances"]), *(_number(c[key]) for key in keys)] for c in categories]
    return _table([header, *rows])


def _views_table(views: dict[str, dict]) -> str:
    keys = ("mask_ap_min10", "mask_ap50_min10", "garment_iou", "boundary_iou")
    header = ["webcam view", "photos", "garments", "mask AP (≥ 10)", "AP50 (≥ 10)", "garment IoU", "boundary IoU"]
    rows = [
        [name.replace("_", " "), str(v["images"]), str(v["instances"]), *(_number(v.get(key)) for key in keys)]
        for name, v in views.items()
    ]
    return _table([header, *rows])


def _speed_line(metrics: dict) -> str:
    speed = metrics["speed"]
    return (
        f"a photo takes {_number(speed['ms_median'], 1)} ms (median), {_number(speed['ms_p95'], 1)} (95 %), "
        f"{_number(speed['first_ms'], 1)} (first) with {speed['threads']} threads; "
        f"peak memory {_number(speed['peak_rss_mb'], 0)} MB"
    )


def _table(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _interval(bounds: list[float] | None) -> str:
    return f"{bounds[0]:.3f} … {bounds[1]:.3f}" if bounds else ""


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def _compact(text: str) -> str:
    """Put lists of numbers on one line: curves would otherwise fill thousands."""
    return _NUMBER_LIST.sub(lambda match: "[" + ", ".join(part.strip() for part in match[1].split(",")) + "]", text)
