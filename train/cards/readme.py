"""The README's table of figures, from the metrics of all segmenters; a model card shows the column of its own."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ewardrobe.models import TITLES
from train.cards.markdown import number, table, wrapped
from train.loop.config import FlagError

Metrics = dict[str, Any]

BEGIN, END = "<!-- figures: written by python -m train.card -->", "<!-- end of figures -->"
ROWS = (  # label, key, column of metrics["cuts"] or "overall"
    ("mask AP (categories with ≥ 10 garments)", "mask_ap_min10", "overall"),
    ("mask AP50 (the same)", "mask_ap50_min10", "overall"),
    ("box AP (the same)", "box_ap_min10", "overall"),
    ("mask AP (all categories)", "mask_ap", "overall"),
    ("garment IoU, worn", "garment_iou", "worn"),
    ("garment IoU, worn, refined", "garment_iou_refined", "worn"),
    ("garment IoU, not worn", "garment_iou", "not_worn"),
    ("garment IoU, not worn, refined", "garment_iou_refined", "not_worn"),
    ("garment IoU of the label map, worn", "garment_iou_map", "worn"),
    ("garment IoU of the label map, not worn", "garment_iou_map", "not_worn"),
    ("mIoU over the categories", "miou", "overall"),
    ("boundary IoU of found garments", "boundary_iou", "overall"),
    ("boundary IoU of found garments, refined", "boundary_iou_refined", "overall"),
    ("webcam views: mask AP (categories with ≥ 10 garments)", "mask_ap_min10", "webcam"),
    ("webcam views: garment IoU", "garment_iou", "webcam"),
)


def figures(metrics_by_name: dict[str, Metrics]) -> str:
    """Return the figures of all models as a Markdown table, fractions of 1; rows that nobody measured are left out."""
    models = metrics_by_name.values()
    rows = [(label, [_value(metrics, key, part) for metrics in models]) for label, key, part in ROWS]
    shown = [(label, *map(number, values)) for label, values in rows if any(v is not None for v in values)]
    shown.append(("one photo, ms, median", *(number(metrics["speed"]["ms_median"], 0) for metrics in models)))
    return table(("", *(TITLES[name] for name in metrics_by_name)), shown)


def _value(metrics: Metrics, key: str, part: str) -> float | None:
    """Return one figure of ``overall``, of a cut or, as their mean, of the webcam views; ``None`` if not measured."""
    if part == "webcam":
        views = [view[key] for view in metrics.get("webcam", {}).values()]
        return fmean(views) if views and None not in views else None
    return (metrics["overall"] if part == "overall" else metrics["cuts"][part]).get(key)


def provenance(metrics: Metrics) -> str:
    """Return one sentence: on what, by which command, when and where the figures were measured."""
    meta, speed = metrics["meta"], metrics["speed"]
    how = ", ".join(filter(None, [f"{speed['threads']} threads", speed.get("precision")]))
    return (
        f"Measured on {meta['images']} photos of {meta['data']}, split {meta['split']}, on {meta['date'][:10]} "
        f"({meta['machine']['processor']}, {how}) with `{meta['command']}`."
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


def update(text: str, metrics_by_name: dict[str, Metrics]) -> str:
    """Return the README with the figures between its two markers; ``FlagError`` if the markers are missing."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise FlagError(f"--readme: the file lacks the lines {BEGIN} and {END}; put them where the figures go")
    sentences = wrapped("\n\n".join(provenances(metrics_by_name)))
    return f"{before}{BEGIN}\n{figures(metrics_by_name)}\n\n{sentences}\n{END}{after}"
