"""Fixtures for all tests: where the data is, a wardrobe folder of one's own, small rendered data sets."""

from __future__ import annotations

import os
import statistics  # noqa: F401  a page run by AppTest stands first on the path: pages/statistics.py would be taken for it
import sys
from pathlib import Path

import hypothesis
import pytest

from ewardrobe.core import process

process.configure()  # before any test imports torch or ultralytics

# A deadline measures the machine, not the code; the same examples every time, so that a red test stays red.
hypothesis.settings.register_profile("ewardrobe", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ewardrobe")

MAIN = sys.modules["__main__"]
REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root folder of the project."""
    return REPOSITORY


@pytest.fixture(scope="session")
def wardrobe13() -> Path:
    """A real data set in DeepFashion2's layout, to be read only; the test is skipped where there is none."""
    chosen = os.environ.get("EWARDROBE_TEST_DATA")
    folder = Path(chosen) if chosen else REPOSITORY.parent / "shared" / "data" / "wardrobe13"
    if not (folder / "validation" / "annos").is_dir():
        pytest.skip("no real photographs here: set EWARDROBE_TEST_DATA to a data set in DeepFashion2's layout")
    return folder


@pytest.fixture(autouse=True)
def wardrobe_home(tmp_path_factory, monkeypatch) -> Path:
    """The wardrobe's folder during a test: new, empty, not created; never the user's own."""
    home = tmp_path_factory.mktemp("wardrobe") / "home"
    monkeypatch.setenv("EWARDROBE_HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home.parent / "state"))  # where wardrobes are noted
    return home


@pytest.fixture(autouse=True)
def main_module(monkeypatch) -> None:
    """Every test starts with pytest as ``__main__``.

    Streamlit puts its script there, also from a thread that outlives its test, and each process that a later test
    spawns would run it.
    """
    monkeypatch.setitem(sys.modules, "__main__", MAIN)


@pytest.fixture(autouse=True)
def threads_of_the_process(monkeypatch) -> None:
    """What a test chose for the process's inference ends with it."""
    monkeypatch.setattr(process, "_chosen_threads", None)


@pytest.fixture(scope="session")
def rendered_dataset(tmp_path_factory) -> Path:
    """Eight rendered photos with exact annotations and parsing maps: ``train/`` and ``validation/``, four each."""
    from ewardrobe.datasets.synthetic import write_dataset

    folder = tmp_path_factory.mktemp("rendered")
    for seed, split in enumerate(("train", "validation")):
        write_dataset(folder, count=4, seed=seed, split=split)
    return folder
