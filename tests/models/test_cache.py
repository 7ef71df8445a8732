"""The loaded models of a process: each is loaded once, whoever asks first; one that fails is tried again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ewardrobe.models import cache
from ewardrobe.models.weights import WeightsError
from ewardrobe.tryon.session import LiveSession


@pytest.fixture
def loads(monkeypatch) -> list[str]:
    """The names in the order in which they were loaded, each an object of its own."""
    names = []
    monkeypatch.setattr(cache, "load_segmenter", lambda name: names.append(name) or [name])
    cache.release()
    yield names
    cache.release()


def test_threads_that_ask_at_once_get_one_model(loads, monkeypatch):
    everybody = threading.Barrier(8)

    def ask(_):
        everybody.wait()
        return cache.segmenter("unet")

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert loads == ["unet"] and all(one is found[0] for one in found)
    assert cache.is_loaded("unet") and not cache.is_loaded("yolo")


def test_a_model_that_takes_long_holds_up_no_other(loads, monkeypatch):
    begun, go = threading.Event(), threading.Event()

    def slow(name):
        if name == "mask_rcnn":
            begun.set()
            assert go.wait(10)
        return [name]

    monkeypatch.setattr(cache, "load_segmenter", slow)
    thread = threading.Thread(target=cache.segmenter, args=("mask_rcnn",))
    thread.start()
    assert begun.wait(10)
    try:
        assert cache.segmenter("yolo") == ["yolo"] and not cache.is_loaded("mask_rcnn")
    finally:
        go.set()
        thread.join()
    assert cache.is_loaded("mask_rcnn")


def test_weights_that_are_refused_are_asked_for_again(loads, monkeypatch):
    def missing(name):
        raise WeightsError("the file is missing")

    with monkeypatch.context() as patched:
        patched.setattr(cache, "load_segmenter", missing)
        with pytest.raises(WeightsError, match="missing"):
            cache.segmenter("unet")
    assert cache.segmenter("unet") == ["unet"]


def test_what_is_released_is_loaded_anew(loads):
    before = cache.segmenter("unet")
    cache.release()
    assert cache.segmenter("unet") is not before and loads == ["unet", "unet"]


def test_the_live_view_takes_its_models_from_here(loads):
    session = LiveSession("yolo")
    try:
        assert session._load("yolo") is cache.segmenter("yolo") and loads == ["yolo"]
    finally:
        session.close()
