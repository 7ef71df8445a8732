"""Which photos may be called a test: none by which anything that is shipped was trained or chosen.

Photos are known by their content, whatever their names and folders: the sha256 of their files.  The manifest's entries
name the photos by which they came about, ``photos.json`` beside it holds the lists.  Since models start from each other
and answer together, a photo that made or chose one of them is a test of none.  A photo that was packed or cut anew is
another file and is not recognised.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ewardrobe.datasets.deepfashion2 import DatasetError, annotation_names
from ewardrobe.models.weights import MANIFEST, WeightsError, read_manifest, sha256_of, weights_dir

LISTS = "photos.json"
DIGITS = 12
"""Of a sha256, that stand for a photo: among a million photos two are taken for one with a chance of 1 in 500."""

PHOTOS = "photos"
"""Where an entry of the manifest, its thresholds and its eight bits say by which photos they came about."""

TEST, VALIDATION, TRAINING = "test", "validation", "training"


@dataclass(frozen=True)
class Use:
    """Photos that something shipped came from, and how many of those that are asked about are among them."""

    model: str
    purpose: str
    data: str
    split: str
    photos: int

    def __str__(self) -> str:
        return f"{self.photos} for {self.purpose} of {self.model} ({self.data} {self.split})"


def photos_of_split(root: Path | str, split: str) -> list[str]:
    """Return what stands for each annotated photo of a split, sorted; ``DatasetError`` if there is none."""
    names = set(annotation_names(root, split).tolist())
    found = [path for path in (Path(root) / split / "image").glob("*") if path.stem in names]
    return _keys(found)


def photos_named(root: Path | str, names: Iterable[str]) -> list[str]:
    """Return what stands for each of the photos ``names``, paths below ``root``, sorted; all must be there."""
    return _keys({Path(root) / name for name in names})


def _keys(paths: Iterable[Path]) -> list[str]:
    try:
        return sorted({sha256_of(path)[:DIGITS] for path in paths})
    except OSError as error:
        raise DatasetError(f"{error.filename} cannot be read: {error.strerror}", "unreadable photo") from error


def digest(photos: list[str]) -> str:
    """Return the name of a list of photos, 16 hexadecimal digits that follow from its content."""
    return hashlib.sha256("".join(sorted(photos)).encode()).hexdigest()[:16]


def packed(photos: list[str]) -> str:
    """Return a list of photos as one text, as files keep it.

    >>> unpacked(packed(["0123456789ab", "ba9876543210"]))
    ['0123456789ab', 'ba9876543210']
    """
    return "".join(photos)


def unpacked(text: str) -> list[str]:
    """Return the list of photos that ``packed`` made ``text`` of."""
    return [text[start : start + DIGITS] for start in range(0, len(text), DIGITS)]


def read_lists(folder: Path) -> dict[str, str]:
    """Return the packed lists of photos in ``folder`` by their ``digest``; none where there is no such file yet."""
    path = folder / LISTS
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{path} cannot be read ({error}): restore it from the repository") from error


def records_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a manifest's entry says of its photos: ``purpose``, ``data``, ``split``, ``images``, ``list``."""
    parts = (entry, entry.get("thresholds") or {}, entry.get("int8") or {})
    return [record for part in parts for record in part.get(PHOTOS, [])]


def uses_of(photos: Iterable[str], folder: Path | None = None) -> list[Use]:
    """Return what of the weights in ``folder`` came from any of ``photos``; ``WeightsError`` if that cannot be told."""
    folder, asked = folder or weights_dir(), set(photos)
    lists = read_lists(folder)
    counted: dict[str, int] = {}
    uses = []
    for name, entry in (read_manifest(folder) if (folder / MANIFEST).exists() else {}).items():
        for record in records_of(entry):
            if record["list"] not in lists:
                raise WeightsError(f"{folder / LISTS} lacks the list {record['list']} of {name}: restore the file")
            if record["list"] not in counted:
                counted[record["list"]] = len(asked.intersection(unpacked(lists[record["list"]])))
            if common := counted[record["list"]]:
                uses.append(Use(name, record["purpose"], record["data"], record["split"], common))
    return uses


def role_of(uses: list[Use]) -> str:
    """Return what figures on photos with these ``uses`` are: of a test, of a validation, or of a training."""
    if any(use.purpose == TRAINING for use in uses):
        return TRAINING
    return VALIDATION if uses else TEST


def described(photos: list[str], name: str | None, claim: str | None = None, folder: Path | None = None) -> dict:
    """Return what a report keeps of its photos: their list, and whether its figures are those of a test.

    name: the shipped model that is measured; ``None`` for weights of one's own, of which nobody knows how they came
    about.  claim: what the figures are to be called.  Raises ``DatasetError`` for a test that is none.
    """
    uses = uses_of(photos, folder)
    why = _why_no_test(uses, len(photos)) or (unknown(name, folder) if name else "")
    if claim == TEST and why:
        raise DatasetError(why)
    role = role_of(uses) if uses else None if why else claim or TEST
    return {"role": role, "uses": [str(use) for use in uses], PHOTOS: packed(photos)}


def _why_no_test(uses: list[Use], count: int) -> str:
    """Return why these photos are no test, with the cure; an empty text if they are one."""
    if not count:
        return "no test: the photos are not there, so nobody can tell whether anything was chosen by them"
    if not uses:
        return ""
    told = "; ".join(map(str, uses[:3])) + (f"; and {len(uses) - 3} more" if len(uses) > 3 else "")
    return (
        f"no test: of the {count} photos were used {told}. Figures on them flatter. Give photos by which nothing was "
        "trained or chosen, or measure with --as validation"
    )


def unknown(name: str, folder: Path | None = None) -> str:
    """Return why nobody knows how the shipped model ``name`` came about, with the cure; else an empty text."""
    folder = folder or weights_dir()
    entry = (read_manifest(folder) if (folder / MANIFEST).exists() else {}).get(name, {})
    if entry.get(PHOTOS):
        return ""
    return (
        f"no test: {folder / MANIFEST} does not say by which photos {name} was trained and chosen; register it with "
        "`python -m train.register … --data DIR`"
    )


def no_test(name: str, meta: dict[str, Any], folder: Path) -> str:
    """Return why the figures with this ``meta`` are no test of model ``name``; an empty text if they are one.

    It is asked of the manifest as it is now: thresholds may have been chosen since.
    """
    if PHOTOS not in meta:
        return "no test: the figures do not say on which photos they were measured"
    photos = unpacked(meta[PHOTOS])
    return _why_no_test(uses_of(photos, folder), len(photos)) or unknown(name, folder)
