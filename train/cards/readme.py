"""The README's table of figures, from the metrics of all segmenters; a model card shows the column of its own."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ewardrobe.evaluation.held_out import TEST
from ewardrobe.evaluation.metrics import meaning, number, value_and_bounds, with_interval
from ewardrobe.models import DEFAULT_MODEL, TITLES
from train.cards.markdown import table, wrapped
from train.loop.config import FlagError

Metrics = dict[str, Any]

BEGIN, END = "<!-- figures: written by python -m train.card -->", "<!-- end of figures -->"
ROWS = (  # label, key, column of metrics["cuts"] or "overall"
    ("mask AP, worn", "mask_ap_min10", "worn"),
    ("mask AP50, worn", "mask_ap50_min10", "worn"),
    ("mask AP, not worn", "mask_ap_min10", "not_worn"),
    ("mask AP50, not worn", "mask_ap50_min10", "not_worn"),
    ("mask AP", "mask_ap_min10", "overall"),
    ("mask AP50", "mask_ap50_min10", "overall"),
    ("box AP", "box_ap_min10", "overall"),
    ("mask AP, also of rare categories", "mask_ap", "overall"),
    ("found with the right name, worn", "recall_refined", "worn"),
    ("found with the right name, not worn", "recall_refined", "not_worn"),
    ("garment IoU, worn", "garment_iou", "worn"),
    ("garment IoU, worn, refined", "garment_iou_refined", "worn"),
    ("garment IoU, not worn", "garment_iou", "not_worn"),
    ("garment IoU, not worn, refined", "garment_iou_refined", "not_worn"),
    ("garment IoU of the label map, worn", "garment_iou_map", "worn"),
    ("garment IoU of the label map, not worn", "garment_iou_map", "not_worn"),
    ("mIoU over the categories", "miou", "overall"),
    ("boundary IoU of found garments", "boundary_iou", "overall"),
    ("boundary IoU of found garments, refined", "boundary_iou_refined", "overall"),
    ("webcam views: mask AP", "mask_ap_min10", "webcam"),
    ("webcam views: garment IoU", "garment_iou", "webcam"),
)
TIMES = (
    ("a photo, ms: garments found", "ms_median"),
    ("a photo, ms: and cut out", "cut_ms_median"),
    ("a photo, ms: and refined", "refined_ms_median"),
)
READING = (
    "AP over the categories with at least ten garments. In brackets the 95 % interval by bootstrap over the photos. "
    "Times are medians over photos, of the fastest of three tries each."
)
BESIDE = "Small: the same on validation, by which checkpoints and thresholds were chosen; it flatters."


def figures(large: dict[str, Metrics], small: dict[str, Metrics] | None = None) -> str:
    """Return the figures of all models as a Markdown table, fractions of 1; rows that nobody measured are left out.

    small: the figures of the validation, shown small below those of ``large``; both by the models' names.  A model
    without a test beside others with one has small figures alone.
    """
    small = small or {}
    names = [name for name in TITLES if name in large or name in small]
    pairs = [(large.get(name), small.get(name)) for name in names]
    rows = []
    for label, key, part in ROWS:
        if any(_value(metrics, key, part)[0] is not None for metrics in large.values()):
            rows.append((label, *(_cell(*pair, key, part) for pair in pairs)))
    for label, key in TIMES:
        times = [_speed(*pair).get(key) for pair in pairs]
        if any(time is not None for time in times):
            rows.append((label, *(number(time, 0) for time in times)))
    return table(("", *(TITLES[name] for name in names)), rows)


def _cell(large: Metrics | None, small: Metrics | None, key: str, part: str) -> str:
    """Return a figure with its interval, and small below it that of the validation."""
    beside, _ = _value(small, key, part)
    return with_interval(*_value(large, key, part)) + ("" if beside is None else f"<br><sub>{beside:.3f}</sub>")


def _value(metrics: Metrics | None, key: str, part: str) -> tuple[float | None, list[float] | None]:
    """Return a figure of ``overall``, of a cut or, as their mean, of the webcam views, and its interval if known."""
    if part == "webcam":
        views = [view[key] for view in (metrics or {}).get("webcam", {}).values()]
        return (fmean(views) if views and None not in views else None), None
    return value_and_bounds(metrics or {}, part, key)


def _speed(large: Metrics | None, small: Metrics | None) -> dict[str, Any]:
    """Return the times of the test, or of the validation where only then the machine was not busy; else none."""
    return next((m["speed"] for m in (large, small) if m and not _busy(m)), {})


def _busy(metrics: Metrics) -> str:
    """Say how busy the machine was with other work while ``metrics`` were measured; nothing if it was not.

    The measuring itself keeps every core busy, and a little more.
    """
    load, cores = (metrics["meta"]["machine"].get(name) or 0 for name in ("load_average", "cores"))
    return f"busy: load {load:.0f} on {cores} cores, so its times are not shown" if load > 2 * cores > 0 else ""


def provenance(metrics: Metrics) -> str:
    """Return one sentence: on what, by which command, when and where the figures were measured."""
    meta, speed = metrics["meta"], metrics["speed"]
    how = ", ".join(filter(None, [f"{speed['threads']} threads", speed.get("precision")]))
    where = ", ".join(filter(None, [meta["machine"]["processor"], how, _busy(metrics)]))
    return f"{photos(meta)}, on {meta['date'][:10]} ({where}) with `{meta['command']}`."


def photos(meta: dict[str, Any]) -> str:
    """Say on which photos figures were measured, and what that makes of them."""
    flatters = "by which nothing was trained or chosen"
    if meta.get("role") != TEST:
        flatters = "by which checkpoint or thresholds were chosen, so these figures flatter"
    return f"Measured on {meta['images']} photos of {meta['data']}, split {meta['split']}, {flatters}"


def photo_time(name: str, large: Metrics, small: Metrics | None = None) -> str:
    """Say how long a photo takes in the app with model ``name``, without and with refinement; nothing if not timed."""
    speed = _speed(large, small)
    if speed.get("refined_ms_median") is None:
        return ""
    return (
        f"With {TITLES[name]} a photo takes {speed['cut_ms_median']:.0f} ms until its garments are cut out "
        f"({speed['ms_median']:.0f} of them to find them), and {speed['refined_ms_median']:.0f} ms with their outlines "
        "refined, as the app does."
    )


def provenances(metrics_by_name: dict[str, Metrics]) -> list[str]:
    """Return a sentence for all models that were measured alike, and further ones for the others."""
    alike: dict[str, list[str]] = {}
    for name, metrics in metrics_by_name.items():
        alike.setdefault(provenance(metrics).replace(f"--model {name} ", "--model MODEL "), []).append(name)
    return [
        f"{sentence} (`MODEL`: {', '.join(f'`{name}`' for name in names)}.)"
        if "--model MODEL " in sentence
        else sentence
        for sentence, names in alike.items()
    ]


def update(text: str, large: dict[str, Metrics], small: dict[str, Metrics] | None = None) -> str:
    """Return the README with the `figures` between its two markers; ``FlagError`` if the markers are missing."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise FlagError(f"--readme: the file lacks the lines {BEGIN} and {END}; put them where the figures go")
    small = small or {}
    told = [READING + (f" {BESIDE}" if small else "")]
    if shown := large.get(DEFAULT_MODEL):
        told += [meaning(shown), photo_time(DEFAULT_MODEL, shown, small.get(DEFAULT_MODEL))]
    sentences = wrapped("\n\n".join([*filter(None, told), *provenances(large), *provenances(small)]))
    return f"{before}{BEGIN}\n{figures(large, small)}\n\n{sentences}\n{END}{after}"
