"""``digitize --engine ray``: the same results as in this process, in the same order."""

from __future__ import annotations

import importlib.util
import os
import sys

import numpy as np
import pytest

from ewardrobe import __main__ as cli
from ewardrobe.core.images import ImageError, jpeg_bytes
from ewardrobe.datasets.synthetic import render_person
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import ray_engine
from ewardrobe.garments.digitize import DigitizeSettings, digitize_paths

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="pip install -r requirements-ray.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three rendered photos, and between them a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for number, categories in enumerate([(1, 8), (10,), (2, 9)]):
        photo = render_person(categories, seed=number, size=(320, 240))
        (folder / f"{number}.jpg").write_bytes(jpeg_bytes(photo.image))
    (folder / "1b.jpg").write_bytes(b"Dear Sir or Madam")
    return folder


@needs_ray
@pytest.mark.slow
def test_two_workers_give_what_this_process_gives(folder):
    paths, settings = sorted(folder.iterdir()), DigitizeSettings("yolo")
    here = list(digitize_paths(paths, settings))
    there = list(ray_engine.digitize_with_ray(paths, settings, workers=2))
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert [path for path, _ in there] == paths
    for (_, one), (_, other) in zip(here, there, strict=True):
        assert type(one) is type(other)
        if isinstance(one, ImageError):
            assert str(one) == str(other)
            continue
        assert one.photo == other.photo
        assert len(one.garments) == len(other.garments)
        for mine, theirs in zip(one.garments, other.garments, strict=True):
            assert (mine.category_id, mine.colours) == (theirs.category_id, theirs.colours)
            assert mine.score == pytest.approx(theirs.score, abs=1e-6)
            assert np.array_equal(mine.mask, theirs.mask)
            assert np.array_equal(mine.cutout, theirs.cutout)


def test_without_ray_the_cure_is_told(folder, capsys, monkeypatch, wardrobe_home):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert cli.main(["digitize", str(folder), "--engine", "ray"]) == 2
    assert "pip install -r requirements-ray.txt" in capsys.readouterr().err
    assert not FeatureStore(wardrobe_home).path.exists()
