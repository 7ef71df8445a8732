"""Synthetic photos: the truth must be exact, the same every time, and readable as DeepFashion2."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from ewardrobe.core.taxonomy import CATEGORY_BY_ID, CATEGORY_IDS, category
from ewardrobe.datasets import synthetic
from ewardrobe.datasets.deepfashion2 import DeepFashion2, item_mask
from ewardrobe.datasets.polygons import mask_to_polygons, polygons_to_mask
from ewardrobe.datasets.synthetic import export, fabric, geometry, paint
from ewardrobe.datasets.synthetic.body import Figure, Pose
from ewardrobe.datasets.synthetic.details import body_strokes
from ewardrobe.datasets.synthetic.export import main

SMALL = (160, 120)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / max((a | b).sum(), 1)


def check_truth(photo: synthetic.SyntheticPhoto, size) -> None:
    """Masks, label map and picture belong together."""
    assert photo.image.shape == (*size, 3) and photo.image.dtype == np.uint8
    assert photo.parsing.shape == size and photo.parsing.dtype == np.uint8 and photo.parsing.max() <= 19
    covered = np.zeros(size, int)
    for item in photo.items:
        assert item["mask"].dtype == bool and item["mask"].any()
        assert (photo.parsing[item["mask"]] == item["category_id"]).all()
        covered += item["mask"]
    assert covered.max(initial=0) <= 1, "visible pixels belong to one garment only"
    assert ((photo.parsing > 0) & (photo.parsing <= 13)).sum() == covered.sum(), "every garment label has its item"


@pytest.mark.parametrize("category_id", CATEGORY_IDS)
def test_flat_lay_of_every_category(category_id):
    photo = synthetic.render_flat_lay(category_id, seed=category_id, size=SMALL)
    check_truth(photo, SMALL)
    assert [item["category_id"] for item in photo.items] == [category_id] and photo.viewpoint == 1
    assert set(np.unique(photo.parsing)) == {0, category_id}, "nothing but the garment is labelled"
    assert 0.03 < photo.items[0]["mask"].mean() < 0.95


@pytest.mark.parametrize("category_id", CATEGORY_IDS)
def test_worn_garment_of_every_category(category_id):
    photo = synthetic.render_person([category_id], seed=40 + category_id, size=SMALL, framing="whole")
    check_truth(photo, SMALL)
    assert [item["category_id"] for item in photo.items] == [category_id] and photo.viewpoint == 2
    assert {14, 15} & set(np.unique(photo.parsing)), "a person has skin or hair"


@pytest.mark.parametrize("framing", ["whole", "half", "close"])
def test_layers_and_framings(framing):
    photo = synthetic.render_person([8, 2, 4], seed=3, size=(240, 180), framing=framing)
    check_truth(photo, (240, 180))
    seen = [item["category_id"] for item in photo.items]
    assert set(seen) <= {8, 2, 4} and 4 in seen


def test_garments_of_one_slot_never_lend_each_other_pixels():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        photo = synthetic.render_person(synthetic.random_outfit(rng), seed, SMALL)
        check_truth(photo, SMALL)


def test_an_arm_in_front_is_cut_out_of_the_garment():
    apart = Pose(arms=((30, 25), (30, 25)))
    across = Pose(arms=((30, 25), (14, -80)))
    style = synthetic.samples.DRESS
    look = synthetic.PersonSpec(bag="none", extra="none", hairstyle="crop")
    draw = lambda pose: synthetic.render_person(  # noqa: E731
        [], 5, (320, 240), framing="whole", wears=[synthetic.GarmentSpec(12, style=style)], look=look, pose=pose
    )
    free, hidden = draw(apart), draw(across)
    lost = free.items[0]["mask"] & ~hidden.items[0]["mask"]
    assert lost.sum() > 100 and (hidden.parsing[lost] == 14).mean() > 0.95, "the pixels are the arm's now"


@pytest.mark.parametrize("ids", [[8, 2], [8, 2, 4], [8, 2, 3], [8, 1, 4]])
@pytest.mark.parametrize("fore", [5, -70, -118])
def test_no_skin_shows_through_long_sleeves(ids, fore):
    pose = Pose(arms=((14, fore), (14, 4)))
    look = synthetic.PersonSpec(shoes="boot", bag="none", extra="none", hairstyle="crop")
    style = {2: synthetic.samples.SWEATER, 8: synthetic.samples.JEANS}
    wears = [synthetic.GarmentSpec(i, style=style.get(i)) for i in ids]
    photo = synthetic.render_person([], 9, (480, 360), framing="whole", wears=wears, look=look, pose=pose)
    _, _, parts, _ = cv2.connectedComponentsWithStats((photo.parsing == 14).astype(np.uint8))
    assert sum(p[cv2.CC_STAT_AREA] > 12 for p in parts[1:]) <= 3, "face and neck, and two hands"


def test_same_seed_same_photo_and_other_seed_another():
    first, again, other = (synthetic.render_person([9, 1], s, SMALL) for s in (7, 7, 8))
    assert np.array_equal(first.image, again.image) and np.array_equal(first.parsing, again.parsing)
    assert not np.array_equal(first.image, other.image)
    flat, flat_again = (synthetic.render_flat_lay(3, 1, SMALL) for _ in range(2))
    assert np.array_equal(flat.image, flat_again.image)


def test_requested_colour_is_what_is_seen():
    wear = synthetic.GarmentSpec(1, {"colour": (62, 118, 190), "material": "cotton", "pattern": "solid"})
    photo = synthetic.render_flat_lay(1, 2, SMALL, wear=wear, surface="wall", calm=True)
    mean = photo.image[photo.items[0]["mask"]].mean(0)
    assert np.abs(mean - (62, 118, 190)).max() < 25 and photo.items[0]["colour"] == "blue"


@pytest.mark.parametrize("pattern", fabric.PATTERNS)
def test_patterns_show_on_the_cloth(pattern):
    wear = synthetic.GarmentSpec(1, {"colour": (40, 60, 150), "material": "cotton", "pattern": pattern})
    photo = synthetic.render_flat_lay(1, 4, (240, 180), wear=wear, surface="wall", angle=0, calm=True)
    mask = cv2.erode(photo.items[0]["mask"].astype(np.uint8), np.ones((9, 9))).astype(bool)
    top, bottom = np.flatnonzero(mask.any(1))[[0, -1]]
    mask[: top + (bottom - top) // 6] = False  # the label in the collar
    rgb = photo.image[mask].astype(float)
    hue = (rgb / rgb.sum(1, keepdims=True)).std(0).max()  # folds change the light, not the hue
    assert hue < 0.012 if pattern == "solid" else hue > 0.02


@pytest.mark.parametrize("size", [(31, 200), (200, 8), (100,)])
def test_sizes_that_cannot_be_drawn_are_refused(size):
    with pytest.raises(ValueError, match="at least 32"):
        synthetic.render_flat_lay(1, 0, size)


def test_unknown_category_is_refused():
    with pytest.raises(KeyError, match=r"1\.\.13"):
        synthetic.render_flat_lay(14, 0, SMALL)


# polygons


def mask_of(*rows: str) -> np.ndarray:
    return np.array([[c == "#" for c in row] for row in rows])


def test_polygon_of_a_ring_leaves_its_hole():
    ring = np.zeros((40, 40), np.uint8)
    cv2.circle(ring, (20, 20), 15, 1, -1)
    cv2.circle(ring, (20, 20), 7, 0, -1)
    polygons = mask_to_polygons(ring.astype(bool), tolerance=0)
    assert len(polygons) == 1, "the hole is bridged into the outline"
    assert np.array_equal(polygons_to_mask(polygons, 40, 40), ring.astype(bool))


def test_polygons_of_two_parts_with_three_holes_come_back():
    mask = np.zeros((60, 90), bool)
    mask[5:55, 5:50] = mask[10:40, 60:85] = True
    mask[10:20, 10:20] = mask[30:45, 25:40] = mask[20:30, 68:75] = False
    polygons = mask_to_polygons(mask)
    assert len(polygons) == 2
    assert np.array_equal(polygons_to_mask(polygons, 60, 90), mask)


def test_empty_mask_and_specks_give_no_polygon():
    speck = np.zeros((20, 20), bool)
    speck[3, 3] = speck[8:10, 8:10] = True
    assert mask_to_polygons(np.zeros((9, 9), bool)) == [] == mask_to_polygons(speck)


# data set on disk


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthetic.write_dataset(tmp_path_factory.mktemp("set"), count=16, seed=5)


def test_written_polygons_rasterise_to_the_parsing_map(folder):
    names = sorted(p.stem for p in (folder / "annos").glob("*.json"))
    assert names == [f"{i:06d}" for i in range(1, 17)]
    for name in names:
        anno = json.loads((folder / "annos" / f"{name}.json").read_text())
        parsing = cv2.imread(str(folder / "parsing" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(folder / "image" / f"{name}.jpg"))
        assert parsing.ndim == 2 and image.shape[:2] == parsing.shape
        items = [v for k, v in anno.items() if k.startswith("item")]
        assert [k for k in anno if k.startswith("item")] == [f"item{i + 1}" for i in range(len(items))]
        for item in items:
            check_item(item, parsing)


def check_item(item: dict, parsing: np.ndarray) -> None:
    polygons = [np.array(p).reshape(-1, 2) for p in item["segmentation"]]
    assert all(len(p) >= 3 for p in polygons)
    mask = polygons_to_mask(polygons, *parsing.shape)
    assert iou(mask, parsing == item["category_id"]) >= 0.99
    ys, xs = np.nonzero(parsing == item["category_id"])
    assert item["bounding_box"] == [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]
    assert item["category_name"] == category(item["category_id"]).name
    assert len(item["landmarks"]) % 3 == 0 and not any(item["landmarks"])
    assert item["viewpoint"] in (1, 2) and {item["scale"], item["occlusion"], item["zoom_in"]} <= {1, 2, 3}


def test_shoes_bag_and_hat_are_drawn_labelled_and_outlined():
    look = synthetic.PersonSpec(shoes="sneaker", bag="tote", extra="beanie")
    photo = synthetic.render_person([1, 8], seed=3, size=(480, 360), framing="whole", look=look)
    check_truth(photo, (480, 360))
    told = export.annotation(photo, 1)
    items = [value for key, value in told.items() if key.startswith("item")]
    assert sorted(item["category_id"] for item in items) == [1, 8, 16, 17, 19] and told["unlabelled"] == []
    shoes = next(item for item in items if item["category_id"] == 16)
    assert len(shoes["segmentation"]) == 2, "a pair is one item of two parts"
    for item in items:
        check_item(item, photo.parsing)


def test_project_reader_accepts_every_record(folder):
    data = DeepFashion2(folder.parent, "train", on_error="raise", accessories=True)
    assert {item.category_id for record in data for item in record.items} & {16, 17, 19}
    assert not any(record.unlabelled for record in data if record.worn)
    assert len(data) == 16
    record = next(r for r in data if r.items)
    parsing = cv2.imread(str(record.parsing_path), cv2.IMREAD_UNCHANGED)
    for item in record.items:
        mask = item_mask(item, record.height, record.width)
        assert iou(mask, parsing == item.category_id) >= 0.99


def test_write_dataset_is_deterministic_and_does_not_mix(folder, tmp_path):
    again = synthetic.write_dataset(tmp_path, count=2, seed=5)
    for name in ("image/000002.jpg", "annos/000002.json", "parsing/000001.png"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()
    with pytest.raises(ValueError, match="already holds"):
        synthetic.write_dataset(tmp_path, count=2, seed=6)
    with pytest.raises(ValueError, match="at least 1"):
        synthetic.write_dataset(tmp_path / "none", count=0, seed=6)


def test_command_line(tmp_path, capsys):
    assert main([str(tmp_path), "--count", "2", "--seed", "3", "--split", "validation"]) == 0
    assert len(list((tmp_path / "validation" / "image").glob("*.jpg"))) == 2
    assert "2 photos" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        main([str(tmp_path), "--count", "2", "--split", "validation"])
    assert stop.value.code == 2 and "already holds" in capsys.readouterr().err


def test_outfits_wear_each_slot_once_and_every_category():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(400):
        outfit = synthetic.random_outfit(rng)
        slots = [CATEGORY_BY_ID[c].slot for c in outfit]
        assert len(set(slots)) == len(slots) and not {"dress", "top"} <= set(slots)
        seen |= set(outfit)
    assert seen == set(CATEGORY_IDS)


# samples and clips


def test_sample_photos_hold_what_their_names_say():
    expected = {"blue t-shirt on a bed": [1], "person in red t-shirt and jeans": [8, 1], "black dress": [12]}
    for name, ids in expected.items():
        photo = synthetic.samples.SAMPLES[name]()
        assert sorted(photo.image.shape[:2]) == [900, 1200]
        assert [item["category_id"] for item in photo.items] == ids
        check_truth(photo, photo.image.shape[:2])


def test_sample_garments_are_cut_outs():
    shirt, dress = synthetic.sample_garments()
    assert (shirt["category_id"], shirt["colour"], dress["category_id"], dress["colour"]) == (1, "blue", 12, "black")
    for garment in (shirt, dress):
        rgba = garment["cutout"]
        assert rgba.dtype == np.uint8 and rgba.shape[2] == 4
        assert not rgba[[0, -1], :, 3].any() and not rgba[:, [0, -1], 3].any(), "a transparent margin all round"
    blue, black = (g["cutout"][g["cutout"][..., 3] == 255][:, :3].mean(0) for g in (shirt, dress))
    assert blue.argmax() == 2 and blue[2] > 2 * blue[0] and black.max() < 60
    assert synthetic.sample_garments()[0]["cutout"].tobytes() == shirt["cutout"].tobytes()


def test_clip_moves_the_same_person():
    frames = list(synthetic.render_clip(1, 3, (120, 160), fps=1, category_ids=[8, 1]))
    assert len(frames) == 3
    for image, items, parsing in frames:
        assert image.shape == (120, 160, 3) and parsing.shape == (120, 160)
        assert 1 in {item["category_id"] for item in items}
    masks = [next(i["mask"] for i in items if i["category_id"] == 1) for _, items, _ in frames]
    assert 0.5 < iou(masks[0], masks[2]) < 0.99, "the person has moved, but is there"


# the drawing tools


def test_coverage_is_the_area_of_the_polygon():
    square = np.array([(2.25, 3.5), (7.75, 3.5), (7.75, 8.0), (2.25, 8.0)])
    coverage = paint._coverage([square], [], (0, 0, 12, 12)).astype(float) / 255
    assert 5.5 * 4.5 <= coverage.sum() <= 5.8 * 4.8, "OpenCV fills the border too: an eighth of a pixel a side"
    assert coverage[5, 5] == 1 and coverage[0, 0] == 0


def test_smooth_keeps_points_and_doubled_corners():
    points = np.array([(0, 0), (4, 0), (4, 0), (4, 4), (0, 4)], float)
    curve = geometry.smooth(points)
    for point in points:
        assert np.abs(curve - point).sum(1).min() < 1e-9
    assert curve[:, 0].max() <= 4.6, "no loop at the doubled point"


def test_sharply_bent_limb_has_no_hole():
    axis, widths = [(0, 0), (0, 1), (0.9, 0.2)], (0.3, 0.3, 0.3)
    view = geometry.BodyView(40, (40, 40))
    quads = [view(q) for q in geometry.tube_quads(axis, widths)]
    outline = view(geometry.tube(axis, widths))
    inside = paint._coverage([outline, *quads], [], (0, 0, 120, 120)) > 127
    holes = cv2.findContours(inside.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[1][0, :, 3] >= 0
    assert inside.any() and not holes.any()


def test_view_turns_clockwise_on_paper():
    view = geometry.BodyView(2.0, (10, 20), np.pi / 2)
    assert np.allclose(view(np.array([(1.0, 0.0)])), [(10, 22)])


def test_every_print_can_be_drawn():
    cloth = fabric.make_fabric(np.random.default_rng(0), 40, pattern="graphic")
    for seed in range(300):
        assert body_strokes(synthetic.samples.TEE, Figure(), cloth, [(0, 0.2)], np.random.default_rng(seed))
