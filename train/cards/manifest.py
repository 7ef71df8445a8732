"""The manifest of the shipped weights, as training writes it, and the figures that were measured on these weights.

The app reads the manifest by ``ewardrobe.models.weights``.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.evaluation import held_out, provenance
from ewardrobe.evaluation.held_out import TEST, VALIDATION
from ewardrobe.evaluation.metrics import metrics_path
from ewardrobe.models import MODELS
from ewardrobe.models.confidence import of_entry
from ewardrobe.models.weights import MANIFEST, WeightsError, read_manifest, sha256_of, why_outdated

LICENCE = "AGPL-3.0"
COMMANDS = {"attributes": "evaluate-attributes", "outfits": "evaluate-outfits"}
"""Which command measures; ``evaluate`` all others."""


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the manifest in ``folder`` by model name; none where there is no manifest yet."""
    return read_manifest(folder) if (folder / MANIFEST).exists() else {}


def new_entry(path: Path, data: str, command: str, **more: Any) -> dict[str, Any]:
    """Return the entry of the weights file ``path``, made of ``data`` by ``command``."""
    return {
        "file": path.name,
        **checksum(path),
        "licence": LICENCE,
        "data": data,
        "command": command,
        "commit": provenance.commit() or "unknown",
        "date": today(),
        **more,
    }


def photos(purpose: str, data: Path, split: str, folder: Path, found: list[str] | None = None) -> dict[str, Any]:
    """Return what an entry says of the photos in a split that served a ``purpose``; their list is kept in ``folder``.

    So nobody calls these photos a test later on: see ``ewardrobe.evaluation.held_out``.  found: what stands for the
    photos, where they are not all of ``data/split``.
    """
    found, lists = held_out.photos_of_split(data, split) if found is None else found, held_out.read_lists(folder)
    name = held_out.digest(found)
    if name not in lists:
        write_json(folder / held_out.LISTS, lists | {name: held_out.packed(found)})
    return {"purpose": purpose, "data": data.resolve().name, "split": split, "images": len(found), "list": name}


def checksum(path: Path) -> dict[str, Any]:
    """Return sha256 and bytes of a file."""
    return {"sha256": sha256_of(path), "bytes": path.stat().st_size}


def today() -> str:
    """Return the date in UTC."""
    return datetime.now(UTC).date().isoformat()


def enter(name: str, entry: dict[str, Any], folder: Path) -> None:
    """Write ``entry`` for model ``name``, whole or not at all; models stand in the order of the app, others behind."""
    models = entries(folder) | {name: entry}
    known = [each for each in MODELS if each in models]
    models = {each: models[each] for each in (*known, *(n for n in models if n not in known))}
    write_json(folder / MANIFEST, {"models": models})


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace ``path`` by ``content``."""
    atomic.write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())


def read_figures(name: str, entry: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return what was measured of model ``name``: what is shown large, and the validation small beside it.

    Large is the test.  Where there is none the validation is, alone.  Raises ``WeightsError`` as ``read_metrics``.
    """
    validated = metrics_path(folder, name, VALIDATION).exists()
    if validated and not metrics_path(folder, name).exists():
        return read_metrics(name, entry, folder, VALIDATION), None
    test = read_metrics(name, entry, folder)
    return test, read_metrics(name, entry, folder, VALIDATION) if validated else None


def read_metrics(name: str, entry: dict[str, Any], folder: Path, role: str = TEST) -> dict[str, Any]:
    """Return the metrics of model ``name``, of its test or of its validation.

    Raises ``WeightsError`` if they are missing, of other weights, or of a test that is none.
    """
    path, command = metrics_path(folder, name, role), f"python -m ewardrobe {COMMANDS.get(name, 'evaluate')}"
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: {error}; measure with {command} --json {path}") from error
    if metrics["meta"]["weights_sha256"] != entry["sha256"]:
        raise WeightsError(f"{path} was measured on other weights: run {command} again")
    if why := why_outdated(entry.get("made_of", {}), folder):
        raise WeightsError(f"{name} was {why}")
    if metrics["meta"].get("raw_thresholds", shown_from(entry)) != shown_from(entry):
        raise WeightsError(f"{path} was measured with other thresholds: run {command} again")
    if role == TEST and (why := held_out.no_test(name, metrics["meta"], folder)):
        raise WeightsError(f"{path}: {why}")
    return metrics


def shown_from(entry: dict[str, Any]) -> dict[str, float]:
    """Return the raw score from which the app shows each category, by its name."""
    return of_entry(entry).by_name()
