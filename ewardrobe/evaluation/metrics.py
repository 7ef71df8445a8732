"""What is known about the shipped weights: metrics, model cards, speed; shown only for the weights they belong to.

Every file names the weights it was measured on by their sha256.  A file of other weights, or one that cannot be read,
becomes a problem with its cure, never a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ewardrobe.core.attributes import HEADS, LATER_HEADS
from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.evaluation.held_out import TEST, VALIDATION, no_test
from ewardrobe.models import title
from ewardrobe.models.weights import SEGMENTATION, WeightsError, read_manifest, verified_path, why_outdated

BENCHMARK_COMMAND = "python -m ewardrobe benchmark models --json weights/benchmark.json"
ATTRIBUTES_COMMAND = (
    "python -m ewardrobe evaluate-attributes --data DATA --split test --json weights/attributes.metrics.json"
)
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
    "recall": "Garments found with the right name",
    "recall_refined": "Garments found with the right name, refined",
    "recall_any_name": "Garments found, whatever the name",
    "recall_any_name_refined": "Garments found, whatever the name, refined",
    "precision": "Right ones among those shown",
    "precision_refined": "Right ones among those shown, refined",
}
"""Keys of ``overall`` and of every cut with their labels; all are fractions of 1, more is better."""

PUBLISHED = ("box_ap", "box_ap50", "box_ap75", "mask_ap", "mask_ap50", "mask_ap75")
AP_COLUMNS = {
    "Worn: mask AP": ("worn", "mask_ap_min10"),
    "Worn: AP50": ("worn", "mask_ap50_min10"),
    "Not worn: mask AP": ("not_worn", "mask_ap_min10"),
    "Not worn: AP50": ("not_worn", "mask_ap50_min10"),
    "Mask AP": ("overall", "mask_ap_min10"),
    "Box AP": ("overall", "box_ap_min10"),
}
"""What is told first, over the categories with ten garments or more: heading, cut, measure."""

OBJECTS = ("overall", "overall_ci", "cuts", "confusion", "calibration", "speed", "meta")
SECTIONS: dict[str, type] = dict.fromkeys(OBJECTS, dict) | dict.fromkeys(("per_category", "pr_curves"), list)
"""What a file of ``evaluate`` holds."""


def category_rows(metrics: dict) -> list[dict]:
    """Return the rows of the 13 garments, and of the accessories if the model finds any."""
    return [*metrics["per_category"], *(row for row in metrics.get("accessories", ()) if row["detections"])]


@dataclass(frozen=True)
class Reference:
    """Published figures of another model, on its own test data: never the same test as ours."""

    name: str
    data: str
    figures: dict[str, float]
    source: str


def _of_many(figures: dict[str, float]) -> dict[str, float]:
    """Return published figures also as those of the categories with ten garments: there all have many more."""
    return figures | {f"{key}_min10": figures[key] for key in figures if f"{key}_min10" in MEASURES}


REFERENCES = (
    Reference(
        "Mask R-CNN of DeepFashion2's authors",
        "DeepFashion2 validation, 32,153 photos",
        _of_many(dict(zip(PUBLISHED, (0.638, 0.789, 0.745, 0.640, 0.797, 0.754), strict=True))),
        "Ge et al., CVPR 2019, and the data set's repository",
    ),
    Reference(
        "Original write-up of this project",
        "DeepFashion2, part of the data",
        _of_many({"box_ap": 0.49, "mask_ap": 0.56}),
        "the original project's report",
    ),
)


@dataclass(frozen=True)
class ModelReport:
    """One model of the manifest: its entry, and its metrics and card if they belong to its very weights.

    test: measured on photos by which nothing was trained or chosen.  validation: on others, which flatter.
    problems: why a file is not shown, with its cure.  missing: what was not made yet, with the command that makes it.
    """

    name: str
    entry: dict
    test: dict | None
    validation: dict | None
    card: str | None
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict | None:
        """What is shown large: the test, or the validation where there is no test."""
        return self.test or self.validation


def metrics_path(folder: Path, name: str, role: str = TEST) -> Path:
    """Return the file of the figures of model ``name``: those of its test, or of its validation."""
    return folder / f"{name}.{'metrics' if role == TEST else role}.json"


def evaluate_command(name: str) -> str:
    """Return the command that measures the shipped weights of model ``name``."""
    return f"python -m ewardrobe evaluate --data DATA --split test --model {name} --json weights/{name}.metrics.json"


def read_reports(folder: Path) -> list[ModelReport]:
    """Return a report for every segmenter of the manifest in ``folder``; ``WeightsError`` if that cannot be read.

    The attribute network is measured by figures of its own, see ``attribute_report``.
    """
    entries = read_manifest(folder, SEGMENTATION)
    return [_report(folder, name, entry, SECTIONS, evaluate_command(name)) for name, entry in entries.items()]


def attribute_report(folder: Path) -> ModelReport | None:
    """Return the report of the attribute network, ``None`` if the manifest has none; ``WeightsError`` as above."""
    entry = read_manifest(folder, ATTRIBUTES).get(ATTRIBUTES)
    needed = (name for name in HEADS if name not in LATER_HEADS)
    sections: dict[str, type] = dict.fromkeys(("meta", "colour", *needed), dict)
    return _report(folder, ATTRIBUTES, entry, sections, ATTRIBUTES_COMMAND) if entry else None


def _report(folder: Path, name: str, entry: dict, sections: dict[str, type], command: str) -> ModelReport:
    try:
        verified_path(name, folder)
    except WeightsError as error:  # nobody can tell what figures of missing or altered weights belong to
        return ModelReport(name, entry, None, None, None, (str(error),))
    if why := why_outdated(entry.get("made_of", {}), folder):
        return ModelReport(name, entry, None, None, None, (f"It was {why}",))
    problems: list[str] = []
    missing: list[str] = []

    def read(path: Path, reader: Callable, cure: str):
        try:
            return reader(path)
        except ValueError as error:
            (missing if isinstance(error, Missing) else problems).append(f"{error}. {cure}")
            return None

    def measured(role: str) -> dict | None:
        path = metrics_path(folder, name, role)
        if role != TEST and not path.exists():  # it is nobody's next step
            return None
        return read(path, lambda p: _metrics(p, entry["sha256"], sections), f"Measure with: {command}")

    test, validation = measured(TEST), measured(VALIDATION)
    if test is not None and (why := _no_test(name, test, folder)):
        problems.append(f"{metrics_path(folder, name).name}: {why}. Measure with: {command}")
        test = None
    card = read(folder / f"{name}.md", lambda p: _card(p, entry["sha256"]), "Write it with: python -m train.card")
    return ModelReport(name, entry, test, validation, card, tuple(problems), tuple(missing))


def _no_test(name: str, metrics: dict, folder: Path) -> str:
    """Return why ``metrics`` are not those of a test, an empty text if they are."""
    try:
        return no_test(name, metrics["meta"], folder)
    except WeightsError as error:  # the lists of photos are gone
        return str(error)


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
    """Return the metrics by model name, of the models that have them: of the test, else of the validation."""
    return {report.name: report.metrics for report in reports if report.metrics is not None}


def validated(reports: Iterable[ModelReport]) -> dict[str, dict]:
    """Return the figures of the validation by model name, of the models that have a test beside them."""
    return {report.name: report.validation for report in reports if report.test and report.validation}


def meaning(metrics: dict) -> str:
    """Say in one sentence what the mask AP on people means for the owner of the clothes; nothing if nobody is on them.

    Counted are the garments that the app shows of photos of people, refined where that was measured.
    """
    worn = metrics["cuts"].get("worn", {})
    ending = "_refined" if "recall_refined" in worn else ""
    named, found, right = (worn.get(f"{key}{ending}") for key in ("recall", "recall_any_name", "precision"))
    if worn.get("mask_ap_min10") is None or named is None or found is None or right is None:
        return ""
    in_ten, more = round(10 * named), max(0, round(10 * found) - round(10 * named))
    under = f", {more} more under another name" if more else ""
    return (
        f"A mask AP of {worn['mask_ap_min10']:.2f} on people means: of ten garments on a person, {in_ten} are found "
        f"with the right name and an outline that overlaps by half or more{under}; of ten that are shown, "
        f"{round(10 * right)} are right."
    )


def tested_on(metrics: dict) -> str:
    """Say on which photos ``metrics`` were measured, in a few words."""
    meta = metrics["meta"]
    part = ", a part of it" if meta.get("limit") else ""
    return f"{meta.get('data', 'own data')} {meta.get('split', '')}{part}, {meta.get('images', 0):,} photos"


def one_test(metrics: dict[str, dict]) -> bool:
    """Tell whether all models were measured on the same photos, so that their numbers may be compared."""
    keys = ("data_sha256", "split", "limit", "images")
    return len({tuple(m["meta"].get(key) for key in keys) for m in metrics.values()}) <= 1


def tested(metrics: dict[str, dict]) -> list[tuple[str, str, str, dict]]:
    """Return model (empty for a published one), its title, its test data and its metrics: ours first."""
    ours = [(name, title(name), tested_on(m), m) for name, m in metrics.items()]
    return ours + [("", reference.name, reference.data, {"overall": reference.figures}) for reference in REFERENCES]


def value_and_bounds(metrics: dict, part: str, key: str) -> tuple[float | None, list[float] | None]:
    """Return a figure of ``overall`` or of a cut, and its 95 % interval; ``None`` for what was not measured."""
    if part == "overall":
        figures, intervals = metrics.get("overall", {}), metrics.get("overall_ci", {})
    else:
        figures, intervals = (metrics.get(name, {}).get(part, {}) for name in ("cuts", "cuts_ci"))
    return figures.get(key), intervals.get(key)


def ap_table(metrics: dict[str, dict], validated: dict[str, dict] | None = None) -> pd.DataFrame:
    """Return the AP of masks and boxes as text with 95 % intervals, our models first, then references.

    validated: the figures of the validation; their mask AP is the last column.
    """
    rows = []
    for model, name, data, found in tested(metrics):
        row = {"Model": name} | {label: _told(found, part, key) for label, (part, key) in AP_COLUMNS.items()}
        if validated:
            row["Mask AP, validation"] = number(validated.get(model, {}).get("overall", {}).get("mask_ap_min10"))
        rows.append(row | {"Tested on": data})
    return pd.DataFrame(rows)


def measures_table(metrics: dict[str, dict], validated: dict[str, dict] | None = None) -> pd.DataFrame:
    """Return every measure as text with its 95 % interval: a row for each measure, a column for each model.

    validated: the figures of the validation, in columns behind those of ``metrics``; published figures come last.
    """
    columns = {title(name): m for name, m in metrics.items()}
    columns |= {f"{title(name)}, validation": m for name, m in (validated or {}).items()}
    columns |= {reference.name: {"overall": reference.figures} for reference in REFERENCES}
    rows = []
    for key, label in MEASURES.items():
        if any(m["overall"].get(key) is not None for m in metrics.values()):
            rows.append({"Measure": label} | {name: _told(m, "overall", key) for name, m in columns.items()})
    return pd.DataFrame(rows)


def _told(metrics: dict, part: str, key: str) -> str:
    """Return a figure as text, with its interval if there is one; ``–`` where there was nothing to measure."""
    return with_interval(*value_and_bounds(metrics, part, key))


def with_interval(value: float | None, bounds: Sequence[float] | None) -> str:
    """Return a figure as text, with its interval if there is one; ``–`` for none.

    >>> with_interval(0.5, (0.45, 0.56)), with_interval(0, None), with_interval(None, None)
    ('0.500 (0.45–0.56)', '0.000', '–')
    """
    return number(value) + (f" ({bounds[0]:.2f}–{bounds[1]:.2f})" if value is not None and bounds else "")


def number(value: float | None, digits: int = 3) -> str:
    """Return a figure as text; ``–`` for none."""
    return "–" if value is None else f"{value:.{digits}f}"


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
