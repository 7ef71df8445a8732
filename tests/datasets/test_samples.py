"""Samples read one by one stand in for samples held in memory."""

from __future__ import annotations

import json
import pickle

import cv2
import numpy as np
import pytest
from fashion_files import annotation_item, write_photo, write_split
from PIL import Image

from ewardrobe.core.images import load_image
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.datasets.index import read_index
from ewardrobe.datasets.samples import LazySamples, category_table, load_samples, read_photo, repeat_factors
from ewardrobe.datasets.subsample import subset


@pytest.fixture
def split(tmp_path):
    """Ten photos; 2 has no picture, 4 is no JSON, 6 has an unknown category only, 8 is a broken picture."""
    root = write_split(tmp_path, 10, "train")
    annos, image = root / "train" / "annos", root / "train" / "image"
    (image / "000002.png").unlink()
    (annos / "000004.json").write_text("[")
    (annos / "000006.json").write_text(json.dumps({"item1": annotation_item(14, (1, 1, 9, 9))}))
    (image / "000008.png").write_bytes((image / "000010.png").read_bytes()[:120])
    return root


def assert_same(a, b) -> None:
    assert (a.image == b.image).all() and (a.masks == b.masks).all() and (a.category_ids == b.category_ids).all()
    assert (a.parsing is None and b.parsing is None) or (a.parsing == b.parsing).all()


@pytest.mark.parametrize("max_side", [96, 320])
def test_every_sample_is_the_one_that_memory_would_hold(rendered_dataset, max_side):
    data = DeepFashion2(rendered_dataset, "train")
    eager, lazy = load_samples(data, max_side), LazySamples(data, max_side)
    assert len(lazy) == len(eager) > 0
    for a, b in zip(lazy, eager, strict=True):
        assert_same(a, b)
    assert_same(lazy[-1], eager[-1])
    with pytest.raises(IndexError):
        lazy[len(lazy)]


def test_worn_photos_may_be_kept_larger(rendered_dataset):
    data = DeepFashion2(rendered_dataset, "train")
    samples = load_samples(data, 64, 96)
    assert {max(s.image.shape[:2]) for s in samples if s.worn} == {96}
    assert {max(s.image.shape[:2]) for s in samples if not s.worn} == {64}
    for a, b in zip(LazySamples(data, 64, worn_side=96)[:], samples, strict=True):
        assert_same(a, b)


def test_several_threads_read_the_same_in_the_same_order(split):
    one, four = DeepFashion2(split, "train"), DeepFashion2(split, "train")
    for a, b in zip(load_samples(one, 64), load_samples(four, 64, threads=4), strict=True):
        assert_same(a, b)
    assert any("000008" in line for line in one.problems) and one.problems == four.problems


def test_sampling_weights_need_no_photo(rendered_dataset, monkeypatch):
    data = DeepFashion2(rendered_dataset, "train")
    eager = load_samples(data, 96)
    monkeypatch.setattr(cv2, "imread", lambda *_: pytest.fail("a photo was opened"))
    lazy = LazySamples(data, 96)
    assert (repeat_factors(lazy, 0.4, 1.6) == repeat_factors(eager, 0.4, 1.6)).all()
    for a, b in zip(category_table(lazy), category_table(eager), strict=True):
        assert (a == b).all()


def test_repeat_factors_by_hand(tmp_path):
    for number in range(1, 9):  # category 1 on all photos, category 2 on two of eight
        items = {"item1": annotation_item(1, (2, 2, 20, 20)), "item2": annotation_item(2, (30, 2, 50, 20))}
        write_photo(tmp_path / "train", number, dict(list(items.items())[: 2 if number <= 2 else 1]))
    samples = LazySamples(DeepFashion2(tmp_path, "train"))
    assert repeat_factors(samples, threshold=1.0).tolist() == [2.0] * 2 + [1.0] * 6


def test_what_cannot_be_used_is_left_out_and_told(split):
    data = DeepFashion2(split, "train")
    lazy = LazySamples(data)
    assert [data.names[p] for p in lazy.photos.positions] == [f"{n:06d}" for n in (1, 3, 5, 7, 8, 9, 10)]
    assert data.report == {"missing photo": 1, "unreadable annotation": 1}
    assert [t for t in data.problems if "000002" in t] and [t for t in data.problems if "000004" in t]


def test_a_broken_photo_is_replaced_by_the_next(split):
    data = DeepFashion2(split, "train")
    lazy = LazySamples(data)
    assert_same(lazy[4], lazy[5])
    assert data.report["unreadable photo"] == 1
    strict = LazySamples(DeepFashion2(split, "train", "raise"), index=lazy.photos)
    assert_same(strict[5], lazy[5])
    with pytest.raises(DatasetError, match="000008"):
        strict[4]


def test_a_set_of_broken_photos_ends(tmp_path):
    root = write_split(tmp_path, 3, "train")
    for photo in (root / "train" / "image").iterdir():
        photo.write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="no usable photo"):
        LazySamples(DeepFashion2(root, "train"))[0]


def test_nothing_usable_at_all_is_refused(tmp_path):
    write_photo(tmp_path / "train", 1, {"item1": annotation_item(14, (1, 1, 9, 9))})
    with pytest.raises(DatasetError, match="not one photo"):
        LazySamples(DeepFashion2(tmp_path, "train"))


def test_slices_and_subsets_read_nothing(split, monkeypatch):
    data = DeepFashion2(split, "train")
    index = read_index(data)
    monkeypatch.setattr(cv2, "imread", lambda *_: pytest.fail("a photo was opened"))
    lazy = LazySamples(data, index=index)
    assert lazy[::3].photos.positions.tolist() == index.positions[::3].tolist()
    chosen = LazySamples(data, index=index[subset(index.present, None, 3, True)])
    assert len(chosen) == 3


def test_workers_read_the_same_index(rendered_dataset, monkeypatch):
    data = DeepFashion2(rendered_dataset, "train")
    one = read_index(data)
    monkeypatch.setattr("ewardrobe.datasets.index.PIECE", 2)
    monkeypatch.setattr("ewardrobe.datasets.index._fill", lambda *_: pytest.fail("read in this process"))
    two = read_index(data, workers=2)
    assert (
        (one.positions == two.positions).all() and (one.present == two.present).all() and (one.worn == two.worn).all()
    )


def test_lazy_samples_travel_to_loading_processes(split):
    lazy = LazySamples(DeepFashion2(split, "train"))
    assert_same(pickle.loads(pickle.dumps(lazy))[0], lazy[0])


@pytest.mark.parametrize("item", [None, 3, [], {}, {"category_id": [1], "segmentation": [1]}, {"category_id": True}])
def test_a_garment_of_any_shape_is_passed_over(tmp_path, item):
    path = write_photo(tmp_path / "train", 1, {"item1": annotation_item(9, (2, 2, 20, 20))})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"item2": item}))
    index = read_index(DeepFashion2(tmp_path, "train"))
    assert np.flatnonzero(index.present[0]).tolist() == [8]


def test_training_and_evaluation_see_one_picture(tmp_path):
    """A transparent picture, and one that XMP turns: both were read in two ways."""
    folder = tmp_path / "train"
    for number in (1, 2):
        write_photo(folder, number, {"item1": annotation_item(1, (4, 4, 30, 40))})
    clear = np.zeros((60, 80, 4), np.uint8)
    Image.fromarray(clear).save(folder / "image/000001.png")
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"></rdf></x:xmpmeta>'
    (folder / "image/000002.png").unlink()
    Image.new("RGB", (60, 80), "red").save(folder / "image/000002.jpg", xmp=xmp)
    data = DeepFashion2(tmp_path, "train")
    for place in range(2):
        record = data[place]
        image = read_photo(record)
        assert image.shape == (60, 80, 3) == (record.height, record.width, 3)
        assert (image == load_image(record.image_path, max_side=None)).all()
    assert read_photo(data[0]).min() == 255
