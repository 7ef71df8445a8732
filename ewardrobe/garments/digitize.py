"""From a photo to the wardrobe in two calls: what the command line does, and anybody's script can."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from ewardrobe import models
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import ImageError, Source, source_name
from ewardrobe.core.photo_folder import PhotoFolder, look_through
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.cutout import Garment, extract_garments
from ewardrobe.garments.draft import Photo, draft_of, item_of
from ewardrobe.garments.own_outline import on_ground, with_own_outline
from ewardrobe.models import SHOWN_SCORE, Segmenter
from ewardrobe.models.inference import rest


@dataclass(frozen=True, eq=False)
class DigitizedPhoto:
    """One photo looked at: the file, its RGB uint8 (H, W, 3), what the model saw, the garments cut out.

    model: the segmenter's name; milliseconds: time of each stage, "read", "find", "cut out".
    """

    photo: Photo
    image: np.ndarray
    detections: Detections
    garments: tuple[Garment, ...]
    model: str
    milliseconds: dict[str, float]


@dataclass(frozen=True)
class DigitizeSettings:
    """How photos are looked at: model, weights of one's own, score 0..1, whether outlines move to the edges."""

    model: str
    weights: Path | None = None
    min_score: float = SHOWN_SCORE
    refine: bool = True

    def load(self) -> Segmenter:
        """Load the model; ``WeightsError`` if its weights are not to be trusted."""
        return models.load_segmenter(self.model, self.weights)


Outcome = DigitizedPhoto | ImageError
"""What became of a photo: what was found in it, or why it cannot be used."""


def digitize_paths(paths: Iterable[Path], settings: DigitizeSettings) -> Iterator[tuple[Path, Outcome]]:
    """Yield each photo with its result or fault, in the order of ``paths``, in this process."""
    segmenter = settings.load()
    for path in paths:
        yield path, digitize_path(path, segmenter, settings)


def digitize_path(path: Path, segmenter: Segmenter, settings: DigitizeSettings) -> Outcome:
    """Return what ``digitize_photo`` says of the file ``path``, or its ``ImageError``."""
    try:
        return digitize_photo(path, segmenter, settings.min_score, refine=settings.refine)
    except ImageError as error:
        return error


def digitize_photo(
    source: Source, segmenter: Segmenter, min_score: float = SHOWN_SCORE, *, refine: bool = True
) -> DigitizedPhoto:
    """Find the garments in a photo (path, bytes or open file) and cut them out; no garment is a normal result.

    min_score: 0..1, below it a detection is passed over.  refine: move the outlines to the photo's edges.
    Raises ``ImageError`` with file, fault and cure when the photo cannot be used.
    """
    milliseconds: dict[str, float] = {}
    with _timed(milliseconds, "read"):
        photo = read_photo(source)
        image, alpha = photo.read(), photo.alpha()
        image = image if alpha is None else on_ground(image, alpha)
    with _timed(milliseconds, "find"):
        detections = segmenter.predict(image, min_score)
        rest()
    with _timed(milliseconds, "cut out"):
        if alpha is not None:
            detections, refine = with_own_outline(detections, alpha), False
        garments = tuple(extract_garments(image, detections, refine=refine))
    return DigitizedPhoto(photo, image, detections, garments, segmenter.name, milliseconds)


def save_garments(store: FeatureStore, result: DigitizedPhoto) -> list[str]:
    """Add all garments of ``result`` and the photo to ``store`` in one write; returns their ids in order.

    Raises ``StoreError`` when the wardrobe cannot be written; then nothing is added.
    """
    drafts = [draft_of(garment, result.photo.key, result.model) for garment in result.garments]
    entries = [
        (item_of(draft), garment.cutout, result.photo.data)
        for draft, garment in zip(drafts, result.garments, strict=True)
    ]
    return store.add_many(entries) if entries else []


@dataclass(frozen=True)
class PhotoFile:
    """A photo of a folder, read only when it is looked at; used like ``draft.Photo``."""

    path: Path
    name: str

    @cached_property
    def key(self) -> str:
        """Stands for path and state of the file: hashing the content would read a whole folder."""
        try:
            stat = self.path.stat()
            state = f"{self.path}|{stat.st_size}|{stat.st_mtime_ns}"
        except OSError:  # gone: reading it tells
            state = str(self.path)
        return hashlib.sha256(state.encode(errors="surrogateescape")).hexdigest()[:16]

    def read(self) -> np.ndarray:
        """Return the picture as RGB uint8 (H, W, 3); ``ImageError`` says what is wrong with the file, and the cure."""
        return replace(read_photo(self.path), name=self.name).read()


def read_photo(source: Source) -> Photo:
    """Return the bytes of ``source`` with its name; ``ImageError`` for what is missing or cannot be opened."""
    name = source_name(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Photo(name, bytes(source))
    if not isinstance(source, (str, Path)):
        source.seek(0)
        return Photo(name, source.read())
    try:
        return Photo(name, Path(source).read_bytes())
    except FileNotFoundError:
        raise ImageError(f"{source}: no such file; check the path") from None
    except OSError as error:
        what = f"{source}: cannot be read ({error.strerror}); check what it is and its permissions"
        raise ImageError(what) from None


def find_photos(paths: list[Path | str]) -> PhotoFolder:
    """Return the files of ``paths``, each folder replaced by the photos in and below it, every file once.

    A path that is no folder stays as it is, whatever its ending: reading it tells what is wrong with it.
    """
    found: dict[Path, None] = {}
    passed_over: dict[Path, str] = {}
    for path in map(Path, paths):
        folder = look_through(path) if path.is_dir() else PhotoFolder([path])
        found.update(dict.fromkeys(folder.photos))
        passed_over |= folder.passed_over
    return PhotoFolder(list(found), passed_over)


@contextmanager
def _timed(milliseconds: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    milliseconds[stage] = round(1000 * (time.perf_counter() - started), 1)
