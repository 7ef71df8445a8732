"""What is known about the shipped weights: metrics, model cards, speed; shown only for the weights they belong to.

Every file names the weights it was measured on by their sha256.  A file of other weights, or one that cannot be read,
becomes a problem with its cure, never a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ewardrobe.core.attributes import HEADS
from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.models import title
from ewardrobe.models.weights import SEGMENTATION, WeightsError, read_manifest, verified_path, why_outdated

BENCHMARK_COMMAND = "python -m ewardrobe benchmark models --json weights/benchmark.json"
ATTRIBUTES_COMMAND = "python -m ewardrobe evaluate-attributes --data DATA --json weights/attributes.metrics.json"
MEASURES = {
    "mask_ap": "Mask AP",
    "mask_ap50": "Mask AP50",
    "mask_ap75": "Mask AP75",
    "mask_ar": "Mask AR",
    "mask_ap_min10": "Mask AP, categories with ≥ 10 garments",
    "mask_ap50_min10": "Mask AP50, categories with ≥ 10 garments",
    "box_ap": "Box AP",
    "box_ap50": "Box AP50",
    "box_ap75": "Box AP75",
    "box_ar": "Box AR",
    "box_ap_min10": "Box AP, categories with ≥ 10 garments",
    "box_ap50_min10": "Box AP50, categories with ≥ 10 garments",
    "garment_iou": "Garment IoU",
    "garment_iou_refined": "Garment IoU, refined",
    "garment_iou_map": "Garment IoU of the label map",
    "garment_dice": "Garment Dice",
    "miou": "mIoU over the categories",
    "boundary_iou": "Boundary IoU of found garments",
    "boundary_iou_refined": "Boundary IoU of found garments, refined",
}
"""Keys of ``overall`` and of every cut with their labels; all are fractions of 1, more is better."""

AP_COLUMNS = ("box_ap", "box_ap50", "box_ap75", "mask_ap", "mask_ap50", "mask_ap75")
OBJECTS = ("overall", "overall_ci", "cuts", "confusion", "calibration", "speed", "meta")
SECTIONS: dict[str, type] = dict.fromkeys(OBJECTS, dict) | dict.fromkeys(("per_category", "pr_curves"), list)
"""What a file of ``evaluate`` holds."""


@dataclass(frozen=True)
class Reference:
    """Published figures of another model, on its own test data: never the same test as ours."""

    name: str
    data: str
    figures: dict[str, float]
    source: str


REFERENCES = (
    Reference(
        "Mask R-CNN of DeepFashion2's authors",
        "DeepFashion2 validation, 32,153 photos",
        dict(zip(AP_COLUMNS, (0.638, 0.789, 0.745, 0.640, 0.797, 0.754), strict=True)),
        "Ge et al., CVPR 2019, and the data set's repository",
    ),
    Reference(
        "Original write-up of this project",
        "DeepFashion2, part of the data",
        {"box_ap": 0.49, "mask_ap": 0.56},
        "the original project's report",
    ),
)


@dataclass(frozen=True)
class ModelReport:
    """One model of the manifest: its entry, and its metrics and card if they belong to its very weights.

    problems: why a file is not shown, with its cure.  missing: what was not made yet, with the command that makes it.
    """

    name: str
    entry: dict
    metrics: dict | None
    card: str | None
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def evaluate_command(name: str) -> str:
    """Return the command that measures the shipped weights of model ``name``."""
    return f"python -m ewardrobe evaluate --data DATA --model {name} --json weights/{name}.metrics.json"


def read_reports(folder: Path) -> list[ModelReport]:
    """Return a report for every segmenter of the manifest in ``folder``; ``WeightsError`` if that cannot be read.

    The attribute network is measured by figures of its own, see ``attribute_report``.
    """
    entries = read_manifest(folder, SEGMENTATION)
    return [_report(folder, name, entry, SECTIONS, evaluate_command(name)) for name, entry in entries.items()]


def attribute_report(folder: Path) -> ModelReport | None:
    """Return the report of the attribute network, ``None`` if the manifest has none; ``WeightsError`` as above."""
    entry = read_manifest(folder, ATTRIBUTES).get(ATTRIBUTES)
    sections: dict[str, type] = dict.fromkeys(("meta", "colour", *HEADS), dict)
    return _report(folder, ATTRIBUTES, entry, sections, ATTRIBUTES_COMMAND) if entry else None


def _report(folder: Path, name: str, entry: dict, sections: dict[str, type], command: str) -> ModelReport:
    try:
        verified_path(name, folder)
    except WeightsError as error:  # nobody can tell what figures of missing or altered weights belong to
        return ModelReport(name, entry, None, None, (str(error),))
    if why := why_outdated(entry.get("made_of", {}), folder):
        return ModelReport(name, entry, None, None, (f"It was {why}",))
    problems: list[str] = []
    missing: list[str] = []

    def read(path: Path, reader: Callable, cure: str):
        try:
            return reader(path)
        except ValueError as error:
            (missing if isinstance(error, Missing) else problems).append(f"{error}. {cure}")
            return None

    metrics = read(
        folder / f"{name}.metrics.json", lambda p: _metrics(p, entry["sha256"], sections), f"Measure with: {command}"
    )
    card = read(folder / f"{name}.md", lambda p: _card(p, entry["sha256"]), "Write it with: python -m train.card")
    return ModelReport(name, entry, metrics, card, tuple(problems), tuple(missing))


def _metrics(path: Path, sha256: str, sections: dict[str, type]) -> dict:
    """Return the metrics in ``path`` if they were measured on the weights with ``sha256``; ``ValueError`` if not."""
    metrics = _read_json(path)
    wrong = [name for name, kind in sections.items() if not isinstance(metrics.get(name), kind)]
    if wrong:
        raise ValueError(f"{path.name} lacks {', '.join(wrong)}: it is no file of metrics")
    measured = str(metrics["meta"].get("weights_sha256"))
    if measured != sha256:
        raise ValueError(
            f"{path.name} was measured on other weights (sha256 {measured[:12]}…) than the shipped ones "
            f"({sha256[:12]}…), so its numbers are not shown"
        )
    return metrics


def _card(path: Path, sha256: str) -> str:
    text = _read_text(path)
    if sha256 not in text:
        raise ValueError(f"{path.name} is the card of other weights than the shipped ones, so it is not shown")
    return text


def read_rows(
    path: Path, key: str, entries: dict[str, dict], check: Callable[[dict], object] = bool
) -> tuple[dict | None, str | None]:
    """Return a benchmark's result, its rows under ``key`` of the weights of ``entries`` only, and what is left out.

    ``check`` is called with the result, to fail on what is unreadable.
    """
    try:
        result = _read_json(path)
        rows = [row for row in result[key] if "error" not in row]
        ours = [row for row in rows if row["weights_sha256"] == entries.get(row["model"], {}).get("sha256")]
        found = {key: ours, "meta": dict(result["meta"])}
        check(found)
    except FileNotFoundError:
        return None, None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return None, f"{path.name} cannot be read ({type(error).__name__}: {error})"
    others = sorted({title(row["model"]) for row in rows if row not in ours})
    problem = f"{path.name}: {', '.join(others)} changed since and is left out" if others else None
    return (found if ours else None), problem


def measured(reports: Iterable[ModelReport]) -> dict[str, dict]:
    """Return the metrics by model name, of the models that have them."""
    return {report.name: report.metrics for report in reports if report.metrics is not None}


def tested_on(metrics: dict) -> str:
    """Say on which photos ``metrics`` were measured, in a few words."""
    meta = metrics["meta"]
    part = ", a part of it" if meta.get("limit") else ""
    return f"{meta.get('data', 'own data')} {meta.get('split', '')}{part}, {meta.get('images', 0):,} photos"


def one_test(metrics: dict[str, dict]) -> bool:
    """Tell whether all models were measured on the same photos, so that their numbers may be compared."""
    keys = ("data_sha256", "split", "limit", "images")
    return len({tuple(m["meta"].get(key) for key in keys) for m in metrics.values()}) <= 1


def tested(metrics: dict[str, dict]) -> list[tuple[str, str, str, dict, dict]]:
    """Return model (empty for a published one), its title, its test data, figures and intervals: ours first."""
    ours = [(name, title(name), tested_on(m), m["overall"], m["overall_ci"]) for name, m in metrics.items()]
    return ours + [("", reference.name, reference.data, reference.figures, {}) for reference in REFERENCES]


def ap_table(metrics: dict[str, dict]) -> pd.DataFrame:
    """Return AP, AP50 and AP75 of boxes and masks as text with 95 % intervals, our models first, then references."""
    return pd.DataFrame(
        {"Model": name, "Tested on": data} | {MEASURES[key]: with_interval(figures, bounds, key) for key in AP_COLUMNS}
        for _, name, data, figures, bounds in tested(metrics)
    )


def measures_table(metrics: dict[str, dict]) -> pd.DataFrame:
    """Return every measure as text with its 95 % interval: a row for each measure, a column for each model."""
    rows = []
    for key, label in MEASURES.items():
        cells = {title(name): with_interval(m["overall"], m["overall_ci"], key) for name, m in metrics.items()}
        if any(text != "–" for text in cells.values()):
            rows.append({"Measure": label, **cells})
    return pd.DataFrame(rows)


def with_interval(figures: dict, intervals: dict, key: str) -> str:
    """Return a figure as text, with its interval if there is one; ``–`` where there was nothing to measure.

    >>> with_interval({"iou": 0.5}, {"iou": [0.45, 0.56]}, "iou"), with_interval({}, {}, "iou")
    ('0.500 (0.45–0.56)', '–')
    """
    value, bounds = figures.get(key), intervals.get(key)
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({bounds[0]:.2f}–{bounds[1]:.2f})" if bounds else "")


def _read_json(path: Path) -> dict:
    text = _read_text(path)
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path.name} cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} holds a {type(content).__name__}, not an object")
    return content


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Missing(f"{path.name} is not there yet") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} cannot be read ({error})") from error


class Missing(ValueError, FileNotFoundError):
    """A file that has not been made yet."""
