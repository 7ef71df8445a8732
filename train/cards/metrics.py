"""The figures that were measured on shipped weights, read only if they are of these very weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ewardrobe.models.confidence import of_entry
from ewardrobe.models.weights import WeightsError

COMMANDS = {"attributes": "evaluate-attributes", "outfits": "evaluate-outfits"}
"""Which command measures; ``evaluate`` all others."""


def read_metrics(name: str, entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the metrics of model ``name``; ``WeightsError`` if they are missing or of other weights."""
    path, command = folder / f"{name}.metrics.json", f"python -m ewardrobe {COMMANDS.get(name, 'evaluate')}"
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}; measure with {command} --json {path}") from error
    if metrics["meta"]["weights_sha256"] != entry["sha256"]:
        raise WeightsError(f"{path} was measured on other weights: run {command} again")
    if metrics["meta"].get("raw_thresholds", shown_from(entry)) != shown_from(entry):
        raise WeightsError(f"{path} was measured with other thresholds: run {command} again")
    return metrics


def shown_from(entry: dict[str, Any]) -> dict[str, float]:
    """Return the raw score from which the app shows each category, by its name."""
    return of_entry(entry).by_name()
