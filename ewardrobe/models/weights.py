"""The shipped weights: a manifest with checksums, and loading that refuses anything that does not agree with it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.core import process
from ewardrobe.core.checksum import sha256_of
from ewardrobe.models import tensors

MANIFEST = "manifest.json"
SEGMENTATION = "segmentation"
"""The task of the models that find garments."""


CHOOSE_AGAIN = "choose anew with `python -m train.consensus --data DATA`"


class WeightsError(RuntimeError):
    """Weights are missing, altered, unreadable or of another model; the message says which, and the cure."""


def weights_dir() -> Path:
    """Return the folder of the weights: ``EWARDROBE_WEIGHTS`` if set, else ``weights/`` beside the package."""
    override = os.environ.get("EWARDROBE_WEIGHTS")
    return Path(override) if override else Path(__file__).resolve().parents[2] / "weights"


def read_manifest(folder: Path | None = None, task: str | None = None) -> dict[str, dict]:
    """Return the manifest's entries by model name: file, sha256, bytes, licence, data, config, commit, …

    task: only the models for it; an entry that names none is for ``SEGMENTATION``.
    """
    path = (folder or weights_dir()) / MANIFEST
    with _reading(path):
        models = json.loads(path.read_text(encoding="utf-8"))["models"]
        chosen = {n: entry for n, entry in models.items() if task in (None, entry.get("task", SEGMENTATION))}
    return chosen


@contextmanager
def _reading(manifest: Path) -> Iterator[None]:
    """Turn what goes wrong with a ``manifest`` that is no such file, or says too little, into a ``WeightsError``."""
    try:
        yield
    except WeightsError:
        raise
    except FileNotFoundError:
        raise WeightsError(
            f"{manifest} is missing: restore the folder weights/ from the repository, or train ({_HOW})"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        told = f"no {error}" if isinstance(error, KeyError) else error
        raise WeightsError(f"{manifest} is not a readable manifest ({told}): restore it from the repository") from error


def verified_path(name: str, folder: Path | None = None) -> tuple[Path, dict]:
    """Return the weights file of model ``name`` and its manifest entry, once their sha256 agree.

    A model that is made of others is only as good as their files, which are checked too.
    """
    folder = folder or weights_dir()
    entries = read_manifest(folder)
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise WeightsError(f"no weights for {name!r} in {folder / MANIFEST} (has: {known}); {_HOW}")
    with _reading(folder / MANIFEST):
        path, expected = folder / entries[name]["file"], entries[name]["sha256"]
    actual = known_sha256(path)
    if actual is None:
        raise WeightsError(f"{path} is missing: restore it from the repository, or train ({_HOW})")
    if actual != expected:
        raise WeightsError(
            f"{path} is not the file of the manifest: sha256 {actual[:12]}…, expected {expected[:12]}…; restore it, or "
            "register your own with `python -m train.register`"
        )
    for part in entries[name].get("made_of", {}):
        verified_path(part, folder)
    return path, entries[name]


def why_outdated(made_of: dict[str, str], folder: Path | None = None) -> str:
    """Return what to do about a model made for networks with the checksums ``made_of``, by name, if they changed since.

    An empty text if they did not.
    """
    entries = read_manifest(folder) if made_of else {}
    others = [name for name, sha256 in made_of.items() if entries.get(name, {}).get("sha256") != sha256]
    return f"chosen for other weights of {', '.join(others)}: {CHOOSE_AGAIN}" if others else ""


def int8_model(sha256: str) -> Path | None:
    """Return OpenVINO's model in eight bits that was made of the weights with ``sha256``; ``None`` if none is shipped.

    One that was made of other weights than ``sha256`` is stale and not returned.  Raises ``WeightsError`` where its
    files do not agree with the manifest.
    """
    folder = weights_dir()
    if not (folder / MANIFEST).is_file():  # weights of one's own need no manifest
        return None
    with _reading(folder / MANIFEST):
        for entry in read_manifest(folder).values():
            if (int8 := entry.get("int8")) and int8["source_sha256"] == sha256:
                return checked_int8(int8, folder)
    return None


def checked_int8(int8: dict, folder: Path) -> Path:
    """Return the ``.xml`` of a model in eight bits, once all of its files agree with ``int8``; else ``WeightsError``.

    int8: ``source_sha256`` and ``files``, which gives bytes and sha256 by name of a file in ``folder``.
    """
    for name, expected in int8["files"].items():
        path, actual = folder / name, known_sha256(folder / name)
        if actual != expected["sha256"]:
            what = "missing" if actual is None else "not the file that was written"
            raise WeightsError(
                f"{path} is {what}: restore it, make it again with `python -m train.quantize`, or set "
                "EWARDROBE_PRECISION=f32"
            )
    structures = [name for name in int8["files"] if name.endswith(".xml")]
    if not structures:
        raise KeyError(".xml")
    return folder / structures[0]


def load_state(name: str, weights: Path | None = None, kind: str | None = None) -> tuple[dict, dict]:
    """Return the content of a weights file, its tensors as arrays that cannot be written, and its manifest entry.

    weights: a file of your own, whose entry holds just its name, size and checksum; without it the verified shipped
    file is read.  kind: of the network, where it is not the model's name.  No code in the file is run, nor PyTorch.
    """
    if weights is None:
        path, entry = verified_path(name)
    else:
        path = Path(weights)
        entry = _entry_of(path)
    try:
        state = tensors.read(path)
        altered = tensors.damaged(path) if weights else None
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is not readable as weights ({type(error).__name__}: {error})") from error
    if not isinstance(state, dict) or state.get("kind") != (kind or name):
        theirs = state.get("kind") if isinstance(state, dict) else type(state).__name__
        raise WeightsError(f"{path} holds {theirs!r}, not {kind or name!r}: give the file of that model")
    if weights and (fault := f"its part {altered} is damaged" if altered else _fault_of(state.get("model"))):
        raise WeightsError(f"{path} cannot be used, {fault}: give another best.pt that a training script wrote")
    return state, entry


def _entry_of(path: Path) -> dict:
    try:
        return {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size}
    except OSError as error:
        why = f"{path} cannot be read ({error.strerror}): give a file that a training script wrote"
        raise WeightsError(why) from None


def _fault_of(model: Any) -> str | None:
    """Return why the ``model`` in a weights file is no network's tensors; ``None`` if nothing speaks against it."""
    if not isinstance(model, Mapping) or not all(isinstance(name, str) for name in model):
        return "it holds no tensors by their names"
    for name, tensor in model.items():
        if not isinstance(tensor, np.ndarray):
            return f"{name} is no tensor"
        if not np.isfinite(tensor).all():
            return f"{name} has values that are not finite"
    return None


@contextmanager
def needing_pytorch() -> Iterator[None]:
    """Turn an import that fails into a ``WeightsError`` that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"these weights need {error.name}, which is not installed: pip install -r requirements.txt"
        ) from None
    except ImportError as error:
        raise WeightsError(
            f"these weights need PyTorch, which cannot be imported ({error}): install it again with "
            "pip install --force-reinstall -r requirements-torch.txt"
        ) from error


_OF_LIBRARIES = (FileNotFoundError, AssertionError, RuntimeError)
"""What ultralytics and PyTorch raise for a network that they do not know, or that cannot be."""


@contextmanager
def saying_what_they_are_of(script: str) -> Iterator[None]:
    """Turn what goes wrong with an incomplete content into a ``WeightsError`` that names the ``script`` of training."""
    try:
        with needing_pytorch():
            yield
    except WeightsError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, *_OF_LIBRARIES) as error:
        if reason := process.no_temporary_folder(error):
            raise WeightsError(reason) from error
        raise WeightsError(
            f"the weights do not say which network they are of ({type(error).__name__}: {error}): "
            f"give a best.pt that python -m train.{script} wrote"
        ) from error


def classes_in(tensors: Mapping[str, Any]) -> int:
    """Return how many classes the tensors of a YOLO, or of a Mask R-CNN with its background, tell apart.

    tensors: by name; those that decide are (classes, …) of any float32 or float16.  ``ValueError`` without them.
    """
    for name, tensor in tensors.items():
        if name.endswith((".cv3.0.2.weight", ".box_predictor.cls_score.weight")):
            return len(tensor)
    raise ValueError("no layer for categories among the tensors")


def known_sha256(path: Path) -> str | None:
    """Return the sha256 of a file, ``None`` if it is missing; computed once for each state of the file."""
    if not path.is_file():
        return None
    stat = path.stat()
    return _sha256_of_state(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256_of_state(path: Path, size: int, mtime_ns: int) -> str:
    return sha256_of(path)


_HOW = "see “Train” in README.md"
