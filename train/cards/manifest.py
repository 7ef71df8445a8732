"""The manifest of the shipped weights, as training writes it; the app reads it by ``ewardrobe.models.weights``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.models import MODELS
from ewardrobe.models.weights import MANIFEST, read_manifest

LICENCE = "AGPL-3.0"


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of the manifest in ``folder`` by model name; none where there is no manifest yet."""
    return read_manifest(folder) if (folder / MANIFEST).exists() else {}


def enter(name: str, entry: dict[str, Any], folder: Path) -> None:
    """Write ``entry`` for model ``name``, whole or not at all; models stand in the order of the app, others behind."""
    models = entries(folder) | {name: entry}
    known = [each for each in MODELS if each in models]
    models = {each: models[each] for each in (*known, *(n for n in models if n not in known))}
    write_json(folder / MANIFEST, {"models": models})


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace ``path`` by ``content``."""
    atomic.write_bytes(path, (json.dumps(content, indent=2) + "\n").encode())
