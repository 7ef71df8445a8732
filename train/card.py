"""Write the model cards and the README's table of figures from the manifest and the metrics that were measured.

    python -m ewardrobe evaluate --data DATA --split validation --model unet --refine --json weights/unet.metrics.json
    python -m train.card

A metrics file counts only if it was measured on the very weights of the manifest: the checksums are compared.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from statistics import fmean

from ewardrobe.core import atomic
from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.evaluation.learning_curve import outlook
from ewardrobe.evaluation.metrics import TITLES
from ewardrobe.evaluation.run_logs import SHIPPED_SUFFIX, RunLog, points
from ewardrobe.models.confidence import DEFAULT_THRESHOLD, of_entry
from ewardrobe.models.weights import SEGMENTATION, WeightsError, read_manifest, weights_dir
from train.cards import attributes as attribute_card
from train.cards.markdown import wrapped

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- figures: written by python -m train.card -->", "<!-- end of figures -->"
PURPOSE = {
    "unet": "13 garment and 5 context channels for each pixel; garments are read off the channels",
    "yolo": "boxes and instance masks; the network is ultralytics', the weights are ours; for the live view",
    "yolo_s": "boxes and instance masks; the network is ultralytics', the weights are ours; for photos",
    "mask_rcnn": "instance masks by region proposals; the network is torchvision's, the weights are ours",
}
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


def read_metrics(name: str, entry: dict, folder: Path) -> dict:
    """Return the metrics of model ``name``; ``WeightsError`` if they are missing or of other weights."""
    path = folder / f"{name}.metrics.json"
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: {error}; measure with python -m ewardrobe evaluate or evaluate-attributes, --json {path}"
        ) from error
    if metrics["meta"]["weights_sha256"] != entry["sha256"]:
        raise WeightsError(f"{path} was measured on other weights: run python -m ewardrobe evaluate again")
    if metrics["meta"].get("raw_thresholds", shown_from(entry)) != shown_from(entry):
        raise WeightsError(f"{path} was measured with other thresholds: run python -m ewardrobe evaluate again")
    return metrics


def shown_from(entry: dict) -> dict[str, float]:
    """Return the raw score from which the app shows each category, by its name."""
    return of_entry(entry).by_name()


def thresholds(entry: dict) -> str:
    """Return a sentence or two: what the column "shown from" is, and the F1 that its thresholds have."""
    default = "Shown from: the raw score that the app's confidence of 50 % stands for"
    chosen = entry.get("thresholds") or {}
    if chosen.get("weights_sha256") != entry["sha256"]:
        return f"{default}; no thresholds were chosen for these weights."
    plain, held_out = chosen["f1"], chosen["f1_cross_validated"] or {}
    cross = f", {held_out['each']['overall']:.3f} on photos that did not choose them" if held_out else ""
    return (
        f"{default}, chosen for the best F1 on {chosen['images']} photos of {chosen['data']}, split {chosen['split']}, "
        f"with `{chosen['command']}`. F1 over all garments: {plain['each']['overall']:.3f}{cross}; with one raw score "
        f"for all categories {plain['common']['overall']:.3f} ({chosen['common']:.2f}) and "
        f"{plain['default']['overall']:.3f} ({DEFAULT_THRESHOLD})."
    )


def value(metrics: dict, key: str, part: str) -> float | None:
    """Return one figure of ``overall``, of a cut or, as their mean, of the webcam views; ``None`` if not measured."""
    if part == "webcam":
        views = [view[key] for view in metrics.get("webcam", {}).values()]
        return fmean(views) if views and None not in views else None
    return (metrics["overall"] if part == "overall" else metrics["cuts"][part]).get(key)


def table(metrics_by_name: dict[str, dict]) -> str:
    """Return the figures of all models as a Markdown table, fractions of 1."""
    names = list(metrics_by_name)
    lines = ["| | " + " | ".join(TITLES[n] for n in names) + " |", "|---|" + "---:|" * len(names)]
    for label, key, part in ROWS:
        values = [value(metrics_by_name[n], key, part) for n in names]
        if any(v is not None for v in values):
            lines.append(f"| {label} | " + " | ".join("–" if v is None else f"{v:.3f}" for v in values) + " |")
    speeds = [metrics_by_name[n]["speed"] for n in names]
    lines.append("| one photo, ms, median | " + " | ".join(f"{s['ms_median']:.0f}" for s in speeds) + " |")
    return "\n".join(lines)


def provenance(metrics: dict) -> str:
    """Return one sentence: on what, by which command, when and where the figures were measured."""
    meta = metrics["meta"]
    return (
        f"Measured on {meta['images']} photos of {meta['data']}, split {meta['split']}, on {meta['date'][:10]} "
        f"({meta['machine']['processor']}, {how(metrics['speed'])}) with `{meta['command']}`."
    )


def how(speed: dict) -> str:
    """Return the number of threads and, where it was written down, the precision of the network.

    >>> how({"threads": 2, "precision": "int8"}), how({"threads": 2})
    ('2 threads, int8', '2 threads')
    """
    return f"{speed['threads']} threads" + (f", {speed['precision']}" if "precision" in speed else "")


def provenances(metrics_by_name: dict[str, dict]) -> list[str]:
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


def card(name: str, entry: dict, metrics: dict, more: str) -> str:
    """Return the model card of one model as Markdown; ``more``: what more training would bring."""
    categories = ["| category | garments | mask AP | AP50 | shown from |", "|---|---:|---:|---:|---:|"]
    starts = shown_from(entry)
    for row in metrics["per_category"]:
        shown = ["–" if row[k] is None else f"{row[k]:.3f}" for k in ("mask_ap", "mask_ap50")]
        categories.append(
            f"| {row['name']} | {row['instances']} | {shown[0]} | {shown[1]} | {starts[row['name']]:.2f} |"
        )
    return wrapped(f"""# {TITLES[name]}

{PURPOSE[name][0].upper()}{PURPOSE[name][1:]}.

| | |
|---|---|
| file | `{entry["file"]}`, {entry["bytes"]:,} bytes, sha256 `{entry["sha256"]}` |
| licence | {entry["licence"]} |
| trained on | {entry["data"]}; {entry["images"]:,} images seen in {entry["steps"]:,} steps |
| command | `{entry["command"]}` |
| commit, date | {entry["commit"][:12]}, {entry["date"]} |

## Figures

{provenance(metrics)} Fractions of 1.

{table({name: metrics})}

{chr(10).join(categories)}

A category with fewer than ten garments says little; boundary IoU covers only the garments that were found.
{thresholds(entry)}

{more}

## Use and limits

Photographs of clothes, worn or lying flat, for one's own wardrobe. {start(entry)} Trained on some thousand photos: most
show a single garment from above, the rest are street-style photos of mostly young women; other people, poses and
garments are recognised less well. Rare categories (slings, sling dresses, short sleeve outwear) are hardly learned.
The annotations are in part the result of GrabCut, checked by eye; sleeve lengths at the elbow are a matter of opinion.
Not meant to identify or judge people.
""")


def start(entry: dict) -> str:
    """Return the sentence that says what the training started from."""
    config = entry.get("config", {})
    public = config.get("pretrained")
    if isinstance(public, str) and public:
        return f"The backbone started from ultralytics' public weights `{public}` (AGPL-3.0), the rest from nothing."
    if config.get("encoder", "plain") != "plain" or re.search(r"--init \S*unet", entry.get("command", "")):
        return "The backbone started from the U-Net's encoder, which itself started from public weights (see its card)."
    return "No weights of others went into it."


def more_training(log: Path) -> str:
    """Return one sentence about twice the images, by a curve through the validations in ``log``."""
    run = RunLog(log)
    run.update()
    seen = points(run.validation, "images", "mask_ap")
    found = outlook(*zip(*seen, strict=True)) if seen else None
    if found is None:
        return "The run has too few validations for a learning curve."
    return (
        f"A saturating curve through the {len(seen)} validations of the run (mask AP {seen[-1][1]:.3f} at the end, "
        f"without refinement) expects {found.score:.2f} after {found.images:,} images, twice as many; curves that fit "
        f"nearly as well say {found.low:.2f} to {found.high:.2f}."
    )


def update_readme(text: str, metrics_by_name: dict[str, dict]) -> str:
    """Return the README with the figures between its two markers; ``ValueError`` if the markers are missing."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"README.md lacks the lines {BEGIN} and {END}")
    sentences = wrapped("\n\n".join(provenances(metrics_by_name)))
    return f"{before}{BEGIN}\n{table(metrics_by_name)}\n\n{sentences}\n{END}{after}"


def documents(folder: Path) -> dict[Path, str]:
    """Return ``{path: text}`` of the model cards and the README; ``WeightsError`` where metrics are missing or old."""
    entries = read_manifest(folder, SEGMENTATION)
    metrics = {name: read_metrics(name, entry, folder) for name, entry in entries.items()}
    found = {README: update_readme(README.read_text(encoding="utf-8"), metrics)}
    for name, entry in entries.items():
        more = more_training(folder / f"{name}{SHIPPED_SUFFIX}")
        found[folder / f"{name}.md"] = card(name, entry, metrics[name], more)
    for name, entry in read_manifest(folder, ATTRIBUTES).items():
        found[folder / f"{name}.md"] = attribute_card.card(entry, read_metrics(name, entry, folder))
    return found


def main(argv=None) -> int:
    """Write ``weights/NAME.md`` for segmenters and attribute network, and the README's table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args(argv)
    try:
        for path, text in documents(weights_dir()).items():
            atomic.write_bytes(path, text.encode())
            print(path)
    except WeightsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
