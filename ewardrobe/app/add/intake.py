"""Widgets and caches of the page Add garments; what a photo yields and how an edit changes it is `review`'s work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.images import ImageError, jpeg_bytes
from ewardrobe.core.taxonomy import CATEGORY_ID_BY_NAME
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.draft import Card, Edit, Found, Photo, cut_out, find, make_cards, square, with_outline
from ewardrobe.garments.from_box import garment_in_box
from ewardrobe.garments.repair import Repair
from ewardrobe.models import Segmenter

FILE_TYPES = ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tif", "tiff"]
MAX_PHOTOS = 20
"""Photos at a time: they are checked one by one, and all of them wait in memory for the save."""

SAMPLES_IN_A_ROW = 5

Box = tuple[int, int, int, int]


@dataclass
class Intake:
    """The photos at hand, whichever way they came, at most ``limit``; notes: what was left out, and why.

    number: counted up when the photos are forgotten, so that the widgets get new keys; beyond: what to do with more;
    overflow: takes all photos of an upload that are more than ``limit``.
    """

    number: int = 0
    photos: list[Photo] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    limit: int = MAX_PHOTOS
    beyond: str = "add them next"
    overflow: Callable[[list[Photo]], None] | None = None


@dataclass
class Visit(Intake):
    """What the person has done since the page was opened or the last photos were saved.

    seen: the keys of a photo's garments by (photo, model, score), or why it cannot be read; by_hand: (kind, box) of
    each photo's garments added by hand.  By `edit_key`: edits; benches: garments under repair; twins: the items of the
    wardrobe that they resemble.  saved: pictures of what was saved last.  Of the queue: later: whether it is left for
    later; chosen: garments that are chosen.
    """

    seen: dict[tuple[str, str, int], list[str] | ImageError] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    edits: dict[str, Edit] = field(default_factory=dict)
    by_hand: dict[str, dict[str, tuple[str, Box]]] = field(default_factory=dict)
    benches: dict[str, Repair] = field(default_factory=dict)
    twins: dict[str, str | None] = field(default_factory=dict)
    saved: list[np.ndarray] = field(default_factory=list)
    later: bool = False
    chosen: set[str] = field(default_factory=set)


@dataclass(frozen=True, eq=False)
class Looked:
    """One photo as the page shows it: picture, cards, model, what the score hides, seconds for each stage."""

    photo: Photo
    model: str
    image: np.ndarray
    cards: list[Card]
    best_hidden: float | None
    seconds: dict[str, float]


def current_visit() -> Visit:
    """Return this session's visit."""
    return st.session_state.setdefault("adding", Visit())


def start_over() -> None:
    """Forget the photos at hand (callback): new keys empty the widgets."""
    st.session_state["adding"] = Visit(current_visit().number + 1)


# Where the photos come from


Way = tuple[str, Callable[[Intake], None]]
"""A way in: its icon, and what shows its widgets."""


def choose_photos(intake: Intake, more: Mapping[str, Way] | None = None, key: str = "photo-source") -> None:
    """Show the ways in: files, the camera, drawn samples, and the page's own in ``more``."""
    ways: dict[str, Way] = {
        "Upload": (":material/upload:", _upload),
        "Camera": (":material/photo_camera:", _camera),
        "Samples": (":material/style:", _samples),
        **(more or {}),
    }
    source = st.segmented_control(
        "Where is the photo?",
        list(ways),
        default="Upload",
        required=True,
        format_func=lambda name: f"{ways[name][0]} {name}",
        key=key,
        label_visibility="collapsed",
    )
    ways[source][1](intake)


def _upload(intake: Intake) -> None:
    key = f"upload-{intake.number}"
    st.file_uploader(
        "Photos of clothes, worn or lying flat" if intake.overflow else f"Up to {intake.limit} photos of clothes",
        FILE_TYPES,
        accept_multiple_files=True,
        key=key,
        on_change=_take_files,
        args=(intake, key),
    )


def _camera(intake: Intake) -> None:
    key = f"camera-{intake.number}"
    st.camera_input(
        "Step back until the whole garment is in the picture",
        key=key,
        resolution="1080p",
        width=640,
        on_change=_take_files,
        args=(intake, key),
    )


def _take_files(intake: Intake, key: str) -> None:
    files = st.session_state.get(key) or []
    files = files if isinstance(files, list) else [files]
    photos = [Photo(file.name, file.getvalue()) for file in files]
    (intake.overflow if intake.overflow and len(photos) > intake.limit else partial(take_photos, intake))(photos)


def take_photos(intake: Intake, photos: list[Photo]) -> None:
    """Make ``photos`` those at hand: each content once, at most ``limit``; ``intake.notes`` says what was left."""
    unique = {photo.key: photo for photo in reversed(photos)}
    kept = list(reversed(unique.values()))
    intake.photos, intake.notes = kept[: intake.limit], []
    if len(kept) < len(photos):
        intake.notes.append("A photo that was given twice is shown once.")
    if left := len(kept) - len(intake.photos):
        intake.notes.append(f"{intake.limit} photos at a time; {left} were left out: {intake.beyond}.")


def _samples(intake: Intake) -> None:
    samples = list(sample_files().items())
    for start in range(0, len(samples), SAMPLES_IN_A_ROW):
        row = samples[start : start + SAMPLES_IN_A_ROW]
        for column, (name, (data, thumbnail)) in zip(st.columns(SAMPLES_IN_A_ROW), row, strict=False):
            chosen = [Photo(f"{name}.jpg", data)]
            column.image(thumbnail, width="stretch")
            column.button(
                name, key=f"sample-{name}", width="stretch", help=name, on_click=take_photos, args=(intake, chosen)
            )


@st.cache_data(show_spinner="Drawing the samples …")
def sample_files() -> dict[str, tuple[bytes, bytes]]:
    """Return the sample photos by name: the JPEG file, and a square JPEG to choose it by."""
    from ewardrobe.datasets.synthetic import sample_photos  # here, because drawing is rarely needed

    return {
        name: (jpeg_bytes(sample.image, 92), jpeg_bytes(square(sample.image, 320)))
        for name, sample in sample_photos().items()
    }


# Looking at a photo: every stage is done once and kept


@st.cache_resource(show_spinner=False, max_entries=6, scope="session")
def read_timed(key: str, _photo: Photo) -> tuple[np.ndarray, float]:
    """Return the picture RGB uint8 (H, W, 3) of the photo with this key, and the seconds that reading it took."""
    with _timed() as seconds:
        image = _photo.read()
    return image, seconds()


@st.cache_resource(show_spinner=False, max_entries=200, scope="session")
def _find(key: str, model: str, _image: np.ndarray, _segmenter: Segmenter) -> tuple[Found, float]:
    with _timed() as seconds:
        found = find(_image, _segmenter)
    return found, seconds()


@st.cache_resource(show_spinner=False, max_entries=8, scope="session")
def _cut_out(key: str, model: str, score: int, _image: np.ndarray, _found: Found) -> tuple[dict[str, Garment], float]:
    with _timed() as seconds:
        garments = cut_out(_image, _found, score / 100)
    return garments, seconds()


@st.cache_resource(show_spinner=False, max_entries=24, scope="session")
def _outlined(
    key: str, garment_key: str, category_id: int, outline: str, _image: np.ndarray, _garment: Garment
) -> Garment:
    return with_outline(_image, _garment, outline)


@st.cache_resource(show_spinner=False, max_entries=8, scope="session")
def _by_hand(key: str, box: Box, category_id: int, _image: np.ndarray) -> Garment:
    return garment_in_box(_image, box, category_id)


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    start = time.perf_counter()
    yield lambda: time.perf_counter() - start


def look_at(visit: Visit, photo: Photo, score: int) -> Looked:
    """Return everything about one photo; ``ImageError`` and ``WeightsError`` say why it cannot be looked at."""
    model = model_of(visit, photo)
    image, read_s = read_timed(photo.key, photo)
    found, find_s = _find(photo.key, model, image, page.segmenter(model))
    garments, cut_s = _cut_out(photo.key, model, score, image, found)

    def edited(key: str, edit: Edit, garment: Garment) -> Garment:
        return _outlined(photo.key, f"{model}-{key}", garment.category_id, edit.outline, image, garment)

    hand = {
        key: (kind, _by_hand(photo.key, box, CATEGORY_ID_BY_NAME.get(kind, 1), image))
        for key, (kind, box) in visit.by_hand.get(photo.key, {}).items()
    }
    edits = {
        key: visit.edits[full] for key in (*garments, *hand) if (full := edit_key(photo, model, key)) in visit.edits
    }
    seconds = {"read": read_s, "found": find_s, "cut out": cut_s}
    return Looked(
        photo, model, image, make_cards(garments, hand, edits, edited), found.best_below(score / 100), seconds
    )


def model_of(visit: Visit, photo: Photo) -> str:
    """Return the model chosen for this photo, else the one chosen for all."""
    return visit.models.get(photo.key, st.session_state.get("model"))


def edit_key(photo: Photo, model: str, garment_key: str) -> str:
    """Return what the edits of one garment are kept under."""
    return f"{photo.key}/{model}/{garment_key}"
