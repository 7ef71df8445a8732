"""The page Add garments for its tests: drawn photos, a segmenter that knows them, and how to press its buttons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import streamlit as st
from scipy import ndimage
from streamlit.testing.v1 import AppTest

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import png_bytes
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.models import cache

RED, BLUE, FLOOR = (200, 30, 40), (30, 60, 200), (196, 194, 190)
SIZE = (240, 180)
TOP, TROUSERS = (40, 30, 140, 120), (50, 124, 130, 220)


def drawn(*garments, tint: int = 0) -> np.ndarray:
    """A floor with rectangles ``(box, colour)`` on it; ``tint`` makes photos differ."""
    image = np.full((*SIZE, 3), FLOOR, np.uint8)
    image[0, 0] = tint
    for (x0, y0, x1, y1), colour in garments:
        image[y0:y1, x0:x1] = colour
    return image


OUTFIT = png_bytes(drawn((TOP, RED), (TROUSERS, BLUE)))
ONLY_TOP = png_bytes(drawn((TOP, RED)))
FLOOR_ONLY = png_bytes(drawn())


class ColourSegmenter:
    """Calls what is red a top and what is blue trousers, the latter with less confidence; keeps what it was shown."""

    def __init__(self, name: str = "unet", top: int = 1, scores=(0.9, 0.6)) -> None:
        self.name, self.top, self.scores, self.shown = name, top, scores, []

    def predict(self, image, min_score=0.5):
        self.shown.append(image)
        masks = [np.abs(image.astype(int) - colour).sum(axis=2) < 60 for colour in (RED, BLUE)]
        rows = [i for i in (0, 1) if masks[i].sum() > 50]
        if not rows:
            return Detections.empty(*image.shape[:2])
        found = Detections.from_masks(
            np.stack([masks[i] for i in rows]), [(self.top, 8)[i] for i in rows], [self.scores[i] for i in rows]
        )
        return found.above(min_score)


BROWN, GREEN, PURPLE = (110, 70, 40), (30, 130, 60), (110, 40, 140)
WHOLE = png_bytes(
    drawn(
        *((TOP, RED), ((66, 4, 112, 26), PURPLE), ((8, 124, 58, 176), GREEN)),
        *(((50, 200, 84, 218), BROWN), ((94, 200, 128, 218), BROWN)),
    )
)
"""A red top, a purple hat, a green bag and a pair of brown shoes."""


class WholeSegmenter:
    """Knows the colours of ``WHOLE``, and finds each shoe by itself."""

    name = "unet"
    SEEN = ((RED, 1, 0.9), (BROWN, 16, 0.8), (GREEN, 17, 0.7), (PURPLE, 19, 0.6))

    def predict(self, image, min_score=0.5):
        finds = []
        for colour, label, score in self.SEEN:
            numbers, count = ndimage.label(np.abs(image.astype(int) - colour).sum(axis=2) < 60)
            masks = [numbers == number for number in range(1, count + 1)]
            finds += [(mask, label, score) for mask in masks if mask.sum() > 50]
        masks, labels, scores = zip(*finds, strict=True)
        return Detections.from_masks(np.stack(masks), labels, scores).above(min_score)


@pytest.fixture(autouse=True)
def unet_first(monkeypatch):
    """The page starts with the U-Net, whatever the app's own start is."""
    monkeypatch.setattr("ewardrobe.app.page.DEFAULT_MODEL", "unet")


@contextmanager
def served(monkeypatch, known: dict) -> Iterator[dict]:
    """Let the pages load these models, by name; an exception in place of one is raised."""

    def load(name, weights=None):
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    monkeypatch.setattr(cache, "load_segmenter", load)
    monkeypatch.setattr(FeatureStore, "ensure_samples", lambda self: [])  # drawing them takes longer than these tests
    st.cache_resource.clear()
    cache.release()
    yield known
    st.cache_resource.clear()
    cache.release()


@pytest.fixture
def models(monkeypatch) -> Iterator[dict]:
    with served(monkeypatch, {"unet": ColourSegmenter(), "yolo": ColourSegmenter("yolo", top=5)}) as known:
        yield known


@pytest.fixture
def page(repository, models) -> AppTest:
    return run(AppTest.from_file(str(repository / "pages" / "add_garments.py"), default_timeout=30))


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


def run(at) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def upload(at: AppTest, *files: tuple[str, bytes] | bytes) -> AppTest:
    named = [(f"photo{i}.png", file) if isinstance(file, bytes) else file for i, file in enumerate(files)]
    return run(at.file_uploader[0].set_value([(name, data, "image/png") for name, data in named]))


def by_key(elements, start: str):
    """The widgets whose key starts so."""
    return [element for element in elements if (element.key or "").startswith(start)]


def press(at: AppTest, start: str, end: str = "") -> AppTest:
    (button,) = [button for button in by_key(at.button, start) if button.key.endswith(end)]
    return run(button.click())


def by_end(elements, end: str):
    """The one widget whose key ends so."""
    (element,) = [element for element in elements if (element.key or "").endswith(end)]
    return element


def kinds(at: AppTest) -> list[str]:
    return [box.value for box in by_key(at.selectbox, "kind-")]


def save_label(at: AppTest) -> str:
    return by_key(at.button, "save")[0].label


def own_items(store: FeatureStore) -> list[dict]:
    return [item for item in store.items() if not item["sample"]]


def texts(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption, *at.error, *at.success])
