"""Write the model cards and the README's table of figures from the manifest and the metrics that were measured.

    python -m ewardrobe evaluate --data DATA --split test --model unet --refine --json weights/unet.metrics.json
    python -m ewardrobe evaluate --data DATA --split validation --model unet --json weights/unet.validation.json
    python -m train.card

A metrics file counts only if it was measured on the very weights of the manifest: the checksums are compared.
``NAME.metrics.json`` must be a test, of photos by which nothing was trained or chosen; the validation stands small
beside it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.evaluation.held_out import TEST
from ewardrobe.evaluation.learning_curve import outlook
from ewardrobe.evaluation.metrics import category_rows, meaning, with_interval
from ewardrobe.evaluation.run_logs import SHIPPED_SUFFIX, RunLog, points
from ewardrobe.models import title
from ewardrobe.models.confidence import DEFAULT_THRESHOLD
from ewardrobe.models.weights import SEGMENTATION, read_manifest, weights_dir
from train.cards import attributes, markdown, readme
from train.cards.manifest import read_figures, shown_from
from train.loop.config import exit_code, make_parser

README = Path(__file__).resolve().parent.parent / "README.md"
AP = ("mask_ap", "mask_ap50")
PURPOSE = {
    "unet": "13 garment and 5 context channels for each pixel; garments are read off the channels",
    "yolo": "boxes and instance masks; the network is ultralytics', the weights are ours; for the live view",
    "yolo_s": "boxes and instance masks; the network is ultralytics', the weights are ours; for photos",
    "mask_rcnn": "instance masks by region proposals; the network is torchvision's, the weights are ours",
    "consensus": "all of these networks look at a photo, and one answer is made of what they say; for photos",
}


def thresholds(entry: dict[str, Any]) -> str:
    """Return a sentence or two: what the column "shown from" is, and the F1 that its thresholds have."""
    default = "Shown from: the raw score that the app's confidence of 50 % stands for"
    chosen = entry.get("thresholds") or {}
    if chosen.get("weights_sha256") != entry["sha256"]:
        return f"{default}; no thresholds were chosen for these weights."
    plain, held_out = chosen["f1"], chosen["f1_cross_validated"] or {}
    cross = f", {held_out['each']['overall']:.3f} on photos that did not choose them" if held_out else ""
    return (
        f"{default}, chosen for F1 on {chosen['images']} photos of {chosen['data']}, split {chosen['split']}, "
        f"with `{chosen['command']}`. F1 over all garments: {plain['each']['overall']:.3f}{cross}; with one raw score "
        f"for all categories {plain['common']['overall']:.3f} ({chosen['common']:.2f}) and "
        f"{plain['default']['overall']:.3f} ({DEFAULT_THRESHOLD})."
    )


def card(
    name: str, entry: dict[str, Any], metrics: dict[str, Any], more: str, validated: dict[str, Any] | None = None
) -> str:
    """Return the model card of one model as Markdown.

    more: what more training would bring.  validated: the figures of the validation, shown small.
    """
    starts, told = shown_from(entry), (meaning(metrics), readme.photo_time(name, metrics, validated))
    categories = [
        (r["name"], r["instances"], *(with_interval(r[k], r.get(f"{k}_ci")) for k in AP), f"{starts[r['name']]:.2f}")
        for r in category_rows(metrics)
    ]
    return markdown.wrapped(f"""# {title(name)}

{PURPOSE[name][0].upper()}{PURPOSE[name][1:]}.

{markdown.provenance(entry, experience(entry))}

## Figures

{readme.provenance(metrics)} Fractions of 1. {readme.READING}{f" {readme.BESIDE}" if validated else ""}

{readme.figures({name: metrics}, {name: validated} if validated else None)}

{" ".join(filter(None, told))}

{markdown.table(("category", "garments", "mask AP", "AP50", "shown from"), categories)}

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


def experience(entry: dict[str, Any]) -> str:
    """Return what a network has seen, or what a consensus is made of and was chosen by."""
    if made_of := entry.get("made_of"):
        return f"; chosen on {entry['images']:,} photos for {', '.join(map(title, made_of))}"
    return f"; {entry['images']:,} images seen in {entry['steps']:,} steps"


def start(entry: dict[str, Any]) -> str:
    """Return the sentence that says what the training started from."""
    if entry.get("made_of"):
        return "What its networks started from stands in their cards."
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
    found = outlook(seen)
    if found is None:
        return "The run has too few validations for a learning curve."
    return (
        f"A saturating curve through the {len(seen)} validations of the run (mask AP {seen[-1][1]:.3f} at the end, "
        f"without refinement) expects {found.score:.2f} after {found.images:,} images, twice as many; curves that fit "
        f"nearly as well say {found.low:.2f} to {found.high:.2f}."
    )


def documents(folder: Path, page: Path = README) -> dict[Path, str]:
    """Return ``{path: text}`` of the model cards and the README; ``WeightsError`` where metrics are missing or old."""
    entries = read_manifest(folder, SEGMENTATION)
    figures = {name: read_figures(name, entry, folder) for name, entry in entries.items()}
    found = {page: readme.update(page.read_text(encoding="utf-8"), *_of_one_kind(figures))}
    for name, entry in entries.items():
        log = folder / f"{name}{SHIPPED_SUFFIX}"
        more = "It is trained by its networks' training." if "made_of" in entry else more_training(log)
        large, small = figures[name]
        found[folder / f"{name}.md"] = card(name, entry, large, more, small)
    for name, entry in read_manifest(folder, ATTRIBUTES).items():
        found[folder / f"{name}.md"] = attributes.card(entry, *read_figures(name, entry, folder))
    return found


def _of_one_kind(
    figures: dict[str, tuple[dict[str, Any], dict[str, Any] | None]],
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Return what stands large and what small side by side: tests large, or validations where nobody has a test."""
    large = {name: metrics for name, (metrics, _) in figures.items() if metrics["meta"].get("role") == TEST}
    if not large:
        return {name: metrics for name, (metrics, _) in figures.items()}, {}
    return large, {name: small or metrics for name, (metrics, small) in figures.items() if small or name not in large}


def main(argv: Sequence[str] | None = None) -> int:
    """Write ``weights/NAME.md`` for segmenters and attribute network, and the README's table."""
    parser = make_parser(__doc__)
    parser.add_argument("--readme", type=Path, default=README, metavar="FILE", help="default: that of the project")
    args = parser.parse_args(argv)

    def work() -> None:
        for path, text in documents(weights_dir(), args.readme).items():
            atomic.write_bytes(path, text.encode())
            print(path)

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
