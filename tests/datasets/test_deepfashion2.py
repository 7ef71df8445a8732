"""The reader of DeepFashion2's layout: what it reads, and what it says about every fault."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from fashion_files import SIZE, annotation_item, write_photo, write_split
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2, item_mask, read_record, spread
from ewardrobe.datasets.index import read_index

GOOD = annotation_item(8, (40, 10, 60, 50))
NAN, HUGE = float("nan"), 10**400

ITEM_FAULTS = {
    "two points": ({"segmentation": [[1, 1, 9, 9]]}, "polygon of too few points"),
    "odd number of values": ({"segmentation": [[1, 1, 9, 9, 5, 3, 2]]}, "polygon of too few points"),
    "no polygon": ({"segmentation": []}, "no usable polygon"),
    "right of the picture": ({"segmentation": [[80, 1, 90, 1, 90, 9]]}, "polygon outside the picture"),
    "above the picture": ({"segmentation": [[1, -9, 9, -9, 9, -1]]}, "polygon outside the picture"),
    "no pixels": ({"segmentation": [[1, 1, 9, NAN, 9, 9]]}, "polygon outside the picture"),
    "far too large": ({"segmentation": [[1, 1, 1e30, 1, 9, 9]]}, "polygon outside the picture"),
    "huge": ({"segmentation": [[1, 1, HUGE, 1, 9, 9]]}, "bad value"),
    "polygon of words": ({"segmentation": [["a", "b", "c", "d", "e", "f"]]}, "bad value"),
    "polygons missing": ({"segmentation": None}, "bad value"),
    "category 14": ({"category_id": 14}, "unknown category"),
    "category 0": ({"category_id": 0}, "unknown category"),
    "category in words": ({"category_id": "skirt"}, "unknown category"),
    "category between": ({"category_id": 7.5}, "unknown category"),
    "box without width": ({"bounding_box": [5, 5, 5, 9]}, "box without area"),
    "box upside down": ({"bounding_box": [5, 9, 9, 5]}, "box without area"),
    "box not a number": ({"bounding_box": [5, 5, NAN, 9]}, "box without area"),
    "box of three": ({"bounding_box": [5, 5, 9]}, "bad value"),
    "viewpoint 7": ({"viewpoint": 7}, "bad value"),
    "viewpoint as text": ({"viewpoint": "2"}, "bad value"),
    "box right of the picture": ({"bounding_box": [85, 5, 95, 9]}, "box outside the picture"),
    "polygon without height": ({"segmentation": [[1, 5, 9, 5, 30, 5]]}, "polygon without width"),
    "slanted line": ({"segmentation": [[1, 1, 9, 9, 30, 30, 9, 9]]}, "polygon without width"),
    "one point": ({"segmentation": [[4, 4, 4, 4, 4, 4]]}, "polygon without width"),
    "viewpoint unknown": ({"viewpoint": "back"}, "bad value"),
}


def mask_of(polygons, size=SIZE):
    item = annotation_item(1, (0, 0, 10, 10))
    item["segmentation"] = polygons
    return item


def one_photo(tmp_path, items, on_error="skip", **extra) -> DeepFashion2:
    write_photo(tmp_path / "train", 7, items, np.full((*SIZE, 3), 200, np.uint8), **extra)
    return DeepFashion2(tmp_path, "train", on_error)


def test_a_record_holds_what_the_files_say(tmp_path):
    landmarks = [3, 4, 2] + [0] * 6
    item = annotation_item(
        10, (5, 6, 25, 46), viewpoint=3, scale=1, occlusion=2, zoom_in=3, style=1, landmarks=landmarks
    )
    record = one_photo(tmp_path, {"item1": item}, source="user", pair_id=42)[0]
    assert (record.image_id, record.height, record.width, record.source, record.pair_id) == (7, *SIZE, "user", 42)
    read = record.items[0]
    assert (read.key, read.category_id, read.bbox_xyxy) == ("item1", 10, (5, 6, 25, 46))
    assert (read.viewpoint, read.scale, read.occlusion, read.zoom_in, read.style) == (3, 1, 2, 3, 1)
    assert read.landmarks.tolist() == [[3, 4, 2], [0, 0, 0], [0, 0, 0]]
    assert record.worn
    assert record.parsing_path is None
    assert read.polygons[0].dtype == np.float32


def test_items_come_in_the_order_of_their_numbers(tmp_path):
    items = {f"item{n}": annotation_item(1, (n, n, n + 5, n + 5)) for n in (10, 2, 1)} | {"items": {}, "itemx": 3}
    data = one_photo(tmp_path, items)
    assert [i.key for i in data[0].items] == ["item1", "item2", "item10"]
    assert not data.problems


def test_landmarks_of_zeros_are_not_labelled(tmp_path):
    assert one_photo(tmp_path, {"item1": GOOD})[0].items[0].landmarks is None


def test_mask_is_the_union_of_all_parts(tmp_path):
    parts = [[2, 2, 11, 2, 11, 11, 2, 11], [20, 20, 29, 20, 29, 24, 20, 24], [5, 5, 14, 5, 14, 8, 5, 8]]
    record = one_photo(tmp_path, {"item1": mask_of(parts)})[0]
    expected = np.zeros(SIZE, bool)
    expected[2:12, 2:12] = expected[20:25, 20:30] = expected[5:9, 5:15] = True  # the third overlaps the first
    assert (item_mask(record.items[0], *SIZE) == expected).all()


def test_a_hole_is_cut_by_a_bridge_of_no_width(tmp_path):
    outer_and_hole = [0, 0, 40, 0, 40, 40, 0, 40, 0, 0, 10, 10, 10, 30, 30, 30, 30, 10, 10, 10]
    mask = item_mask(one_photo(tmp_path, {"item1": mask_of([outer_and_hole])})[0].items[0], *SIZE)
    assert not mask[20, 20]
    assert mask[5, 20]
    assert mask[35, 35]


def test_a_polygon_that_leaves_the_picture_is_cut(tmp_path):
    data = one_photo(tmp_path, {"item1": mask_of([[-20, -20, 9, -20, 9, 9, -20, 9]])})
    mask = item_mask(data[0].items[0], *SIZE)
    assert mask[:10, :10].all()
    assert mask.sum() == 100


@pytest.mark.parametrize(("changes", "kind"), ITEM_FAULTS.values(), ids=ITEM_FAULTS.keys())
def test_a_faulty_item_is_left_out_named_and_counted(tmp_path, changes, kind):
    data = one_photo(tmp_path, {"item1": GOOD, "item2": GOOD | changes})
    assert [i.key for i in next(data.records()).items] == ["item1"]
    assert dict(data.report) == {kind: 1}
    assert all("000007.json: item2: " in line for line in data.problems)


@pytest.mark.parametrize("name", ["two points", "huge", "category 14", "box of three"])
def test_a_faulty_item_is_refused_when_asked(tmp_path, name):
    changes, kind = ITEM_FAULTS[name]
    data = one_photo(tmp_path, {"item1": GOOD, "item2": GOOD | changes}, on_error="raise")
    with pytest.raises(DatasetError, match="000007.json: item2: ") as caught:
        list(data.records())
    assert caught.value.kind == kind


@pytest.mark.parametrize("field", ["category_id", "bounding_box", "segmentation"])
def test_a_missing_field_is_named(tmp_path, field):
    data = one_photo(tmp_path, {"item1": GOOD, "item2": {k: v for k, v in GOOD.items() if k != field}})
    assert len(data[0].items) == 1
    assert f"field '{field}' is missing" in data.problems[0]


def test_of_several_polygons_only_the_faulty_one_is_left_out(tmp_path):
    data = one_photo(tmp_path, {"item1": mask_of([[2, 2, 9, 2, 9, 9], [3, 3, 4, 4]])})
    assert len(data[0].items[0].polygons) == 1
    assert "item1: polygon 2: 2 points" in data.problems[0]


def test_a_line_among_the_parts_is_dropped_from_mask_and_box(tmp_path):
    item = annotation_item(8, (40, 10, 60, 50))
    item["segmentation"].append([70, 2, 75, 2, 72, 2])
    data = one_photo(tmp_path, {"item1": item})
    (read,) = data[0].items
    assert (len(read.polygons), read.bbox_xyxy) == (1, (40, 10, 60, 50))
    assert item_mask(read, *SIZE).sum() == 800
    assert "polygon 2: a line without width" in data.problems[0]


def test_a_box_is_cut_to_the_picture_and_one_apart_from_its_outline_is_told(tmp_path):
    outside = annotation_item(8, (-20, 10, 60, 90))
    apart = annotation_item(8, (40, 10, 60, 50)) | {"bounding_box": [0, 0, 20, 20]}
    data = one_photo(tmp_path, {"item1": outside, "item2": apart})
    assert [item.bbox_xyxy for item in data[0].items] == [(0, 10, 60, 60), (40, 10, 60, 50)]
    assert [line.partition(": ")[2] for line in data.problems] == [
        "item2: bounding_box [0, 0, 20, 20] is apart from the outline, which fills [40, 10, 60, 50]; "
        "the outline's is taken"
    ]


def test_what_other_programs_write_is_read_by_both_readers(tmp_path):
    """A byte order mark, a capital, nothing where a number is expected, a photo's ending in capitals."""
    write_photo(tmp_path / "train", 7, {"item1": GOOD, "Item2": GOOD | {"viewpoint": None, "style": None}})
    anno, photo = tmp_path / "train/annos/000007.json", tmp_path / "train/image/000007.png"
    anno.write_bytes(b"\xef\xbb\xbf" + anno.read_bytes())
    photo.rename(photo.with_suffix(".PNG"))
    data = DeepFashion2(tmp_path, "train")
    record, index = data[0], read_index(data)
    assert [(item.key, item.viewpoint) for item in record.items] == [("item1", 1), ("Item2", 1)]
    assert (index.positions.tolist(), index.worn.tolist(), data.problems) == ([0], [False], [])


def test_a_key_that_stands_twice_is_told_by_both_readers(tmp_path):
    write_split(tmp_path, 2, "train")
    anno = tmp_path / "train/annos/000002.json"
    anno.write_text(f'{{"item1": {json.dumps(GOOD)}, "item1": {json.dumps(GOOD)}}}')
    for read in (lambda data: list(data.records()), read_index):
        data = DeepFashion2(tmp_path, "train")
        assert len(read(data)) == 1
        assert data.problems == [f"{anno}: 'item1' stands twice; give one of them another name"]


def test_photos_without_garments_are_kept_when_asked(tmp_path):
    write_split(tmp_path, 3, "train")
    write_photo(tmp_path / "train", 4, {})
    write_photo(tmp_path / "train", 5, {}, complete=False)
    faulty = write_photo(tmp_path / "train", 6, {})
    faulty.write_text('{"item1": {}, "item2": 3}')  # it has garments, and none that can be read
    assert len(list(DeepFashion2(tmp_path, "train").records())) == 3
    kept = list(DeepFashion2(tmp_path, "train", negatives=True).records())
    assert [(record.image_id, len(record.items) > 0) for record in kept] == [
        (1, True),
        (2, True),
        (3, True),
        (4, False),
    ]


RECORD_FAULTS = {  # what is done to the annotation and to the photo of record 7, and the kind of the fault
    "broken JSON": (lambda anno, photo: anno.write_text('{"item1": {'), "unreadable annotation"),
    "binary JSON": (lambda anno, photo: anno.write_bytes(b"\xff\xfe\x00"), "unreadable annotation"),
    "JSON of a list": (lambda anno, photo: anno.write_text("[1, 2]"), "unreadable annotation"),
    "no photo": (lambda anno, photo: photo.unlink(), "missing photo"),
    "photo of text": (lambda anno, photo: photo.write_text("no picture"), "unreadable photo"),
    "empty photo": (lambda anno, photo: photo.write_bytes(b""), "unreadable photo"),
    "no items": (lambda anno, photo: anno.write_text('{"source": "shop"}'), "photo without garments"),
    "key twice": (lambda anno, photo: anno.write_text('{"item1": {}, "item1": {}}'), "key that stands twice"),
    "strange name": (lambda anno, photo: anno.rename(anno.with_name("x7.json")), "bad value"),
    "strange pair": (lambda anno, photo: anno.write_text(json.dumps({"item1": GOOD, "pair_id": "none"})), "bad value"),
}


@pytest.mark.parametrize(("damage", "kind"), RECORD_FAULTS.values(), ids=RECORD_FAULTS)
def test_a_faulty_record_is_skipped_or_refused(tmp_path, damage, kind):
    write_split(tmp_path, 9)
    damage(tmp_path / "validation/annos/000007.json", tmp_path / "validation/image/000007.png")
    data = DeepFashion2(tmp_path, "validation")
    assert len(list(data.records())) == 8
    assert dict(data.report) == {kind: 1}
    assert "7." in data.problems[0]
    with pytest.raises(DatasetError) as caught:
        list(DeepFashion2(tmp_path, "validation", "raise").records())
    assert caught.value.kind == kind


def test_a_fault_is_counted_once_however_often_it_is_read(tmp_path):
    data = one_photo(tmp_path, {"item1": GOOD, "item2": GOOD | {"category_id": 99}})
    for _ in range(3):
        list(data.records())
    assert (len(data.problems), data.report.total()) == (1, 1)


def test_check_counts_everything(tmp_path):
    write_split(tmp_path, 6)
    (tmp_path / "validation/image/000002.png").unlink()
    faulty = {"item1": GOOD, "item2": GOOD | {"category_id": 99}}
    write_photo(tmp_path / "validation", 3, faulty, np.zeros((*SIZE, 3), np.uint8))
    report = DeepFashion2(tmp_path, "validation").check()
    assert report["annotations"] == 6
    assert report["usable_photos"] == 5
    assert report["garments"] == 2 + 1 + 2 + 3 + 1  # 1, 3 (one of two good), 4, 5, 6
    assert report["faults"] == {"missing photo": 1, "unknown category": 1}


def test_a_photo_turned_by_exif_has_the_size_that_the_app_sees(tmp_path):
    one_photo(tmp_path, {"item1": GOOD})
    picture, exif = Image.new("RGB", (80, 60)), Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "train/image/000007.png").unlink()
    picture.save(tmp_path / "train/image/000007.jpg", exif=exif)
    record = DeepFashion2(tmp_path, "train")[0]
    assert (record.height, record.width) == (80, 60)


def test_parsing_map_is_found(tmp_path):
    one_photo(tmp_path, {"item1": GOOD})
    (tmp_path / "train/parsing").mkdir()
    cv2.imwrite(str(tmp_path / "train/parsing/000007.png"), np.zeros(SIZE, np.uint8))
    assert DeepFashion2(tmp_path, "train")[0].parsing_path == tmp_path / "train/parsing/000007.png"


@pytest.mark.parametrize("make", [lambda p: None, lambda p: (p / "train/annos").mkdir(parents=True)])
def test_a_folder_without_annotations_is_refused(tmp_path, make):
    make(tmp_path)
    with pytest.raises(DatasetError, match="annos"):
        DeepFashion2(tmp_path, "train")


def test_an_unknown_way_to_treat_errors_is_refused(tmp_path):
    with pytest.raises(ValueError, match="skip"):
        DeepFashion2(tmp_path, "train", on_error="ignore")


@pytest.mark.parametrize(("count", "limit"), [(10, 1), (10, 3), (10, 10), (10, 11), (10, None), (296, 50), (0, 5)])
def test_a_limit_is_spread_over_the_split(count, limit):
    indices = spread(count, limit)
    assert len(indices) == min(count, count if limit is None else limit)
    assert len(set(indices)) == len(indices)
    steps = np.diff([*indices, count])
    assert not len(steps) or steps.max() - steps.min() <= 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(GOOD)), json_values, max_size=4), json_values)
def test_whatever_an_item_holds_only_a_data_set_error_comes_out(tmp_path_factory, changes, item):
    folder = tmp_path_factory.mktemp("fuzz") / "train"
    path = write_photo(folder, 1, {"item1": GOOD}, np.zeros((60, 80, 3), np.uint8))
    path.write_text(json.dumps({"item1": GOOD, "item2": GOOD | changes, "item3": item}))
    faults = []
    record = read_record(path, faults.append)
    assert record.items[0].key == "item1"
    assert all(isinstance(f, DatasetError) and "item" in str(f) for f in faults)
    for garment in record.items:
        assert item_mask(garment, 60, 80).shape == (60, 80)


def test_the_real_data_set_reads_without_a_fault(wardrobe13):
    data = DeepFashion2(wardrobe13, "validation")
    assert len(list(data.records())) == len(data) > 0
    assert not data.report
