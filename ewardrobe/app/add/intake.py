"""The ways in for photos: files, the camera, drawn samples; and what a session knows of the page Add garments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.core.drawing import square
from ewardrobe.core.images import jpeg_bytes
from ewardrobe.core.photo_folder import PHOTO_SUFFIXES
from ewardrobe.garments.digitize import PhotoFile
from ewardrobe.garments.draft import Photo

FILE_TYPES = [suffix.removeprefix(".") for suffix in PHOTO_SUFFIXES]
SAMPLES_IN_A_ROW = 5


@dataclass
class Visit:
    """What the person has done since the page was opened or the last garments were saved.

    number: counted up when photos were taken, so that the widgets get new keys.  later: whether the queue is left for
    later.  model: the sidebar's at the last look.  chosen: drafts that are chosen.  saved: how many garments were saved
    last; pictures: of the first of them.
    """

    number: int = 0
    later: bool = False
    model: str | None = None
    chosen: set[str] = field(default_factory=set)
    saved: int = 0
    pictures: list[np.ndarray] = field(default_factory=list)


def current_visit() -> Visit:
    """Return this session's visit."""
    return st.session_state.setdefault("adding", Visit())


def start_over() -> None:
    """Begin a new visit (callback): new keys empty the widgets."""
    st.session_state["adding"] = Visit(current_visit().number + 1)


Take = Callable[[Sequence[Photo]], None]
"""What is done with the photos that come, in a callback."""


def choose_photos(take: Take, number: int, more: Mapping[str, tuple[str, Callable[[], None]]], key: str) -> None:
    """Show the ways in: files, the camera, drawn samples, and the page's own in ``more`` (name: icon and widgets).

    number: another one empties the widgets.
    """
    ways = {
        "Upload": (":material/upload:", lambda: _upload(take, number)),
        "Camera": (":material/photo_camera:", lambda: _camera(take, number)),
        "Samples": (":material/style:", lambda: _samples(take)),
        **more,
    }
    source = page.choose_one("Where is the photo?", ways, key, format_func=lambda name: f"{ways[name][0]} {name}")
    ways[source][1]()


def _upload(take: Take, number: int) -> None:
    key = f"upload-{number}"
    box: dict[str, Any] = {"accept_multiple_files": True, "key": key, "on_change": _take_files, "args": (take, key)}
    st.file_uploader("Photos of clothes, worn or lying flat", FILE_TYPES, max_upload_size=page.PHOTO_MB, **box)


def _camera(take: Take, number: int) -> None:
    key, lead = f"camera-{number}", "Step back until the whole garment is in the picture"
    st.camera_input(lead, key, resolution="1080p", width=640, on_change=_take_files, args=(take, key))


def _take_files(take: Take, key: str) -> None:
    files = st.session_state.get(key) or []
    files = files if isinstance(files, list) else [files]
    if files:
        take([Photo(file.name, file.getvalue()) for file in files])


def _samples(take: Take) -> None:
    samples = list(sample_files().items())
    for start in range(0, len(samples), SAMPLES_IN_A_ROW):
        row = samples[start : start + SAMPLES_IN_A_ROW]
        for column, (name, (data, thumbnail)) in zip(st.columns(SAMPLES_IN_A_ROW), row, strict=False):
            with column:
                st.image(thumbnail, width="stretch")
                photos = [Photo(f"{name}.jpg", data)]
                page.button(name, f"sample-{name}", None, take, photos, width="stretch", help=name)


@st.cache_data(show_spinner="Drawing the samples …")
def sample_files() -> dict[str, tuple[bytes, bytes]]:
    """Return the sample photos by name: the JPEG file, and a square JPEG to choose it by."""
    from ewardrobe.datasets.synthetic import sample_photos  # here, because drawing is rarely needed

    return {
        name: (jpeg_bytes(sample.image, 92), jpeg_bytes(square(sample.image, 320)))
        for name, sample in sample_photos().items()
    }


@st.cache_resource(show_spinner=False, max_entries=6, scope="session")
def read_image(key: str, _photo: Photo | PhotoFile) -> np.ndarray:
    """Return the picture RGB uint8 (H, W, 3) of the photo with this key; ``ImageError`` if it cannot be read."""
    return _photo.read()
