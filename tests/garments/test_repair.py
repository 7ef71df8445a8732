"""Cut-outs repaired by hand: brush, lasso, steps that are undone, and items that are in the wardrobe already."""

from __future__ import annotations

import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import jpeg_bytes, load_image, png_bytes
from ewardrobe.core.masks import mask_iou, mask_to_rle
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.repair import MAX_ZOOM, Repair, RepairError, Stroke, bench_view, paint, preview, stroke_from
from ewardrobe.garments.repair_item import (
    bench_of_item,
    earlier_cutouts,
    original_cutout,
    outline_in_photo,
    save_repair,
    undo_repair,
)


def noise(height: int = 240, width: int = 180, seed: int = 0) -> np.ndarray:
    """A photo whose every place looks different, as those of cameras do."""
    random = np.random.default_rng(seed)
    small = random.integers(30, 220, (height // 12, width // 12, 3)).astype(np.uint8)
    return np.kron(small, np.ones((12, 12, 1), np.uint8))


def rectangle(x0=40, y0=60, x1=120, y1=180, size=(240, 180)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[y0:y1, x0:x1] = True
    return mask


@pytest.fixture
def bench() -> Repair:
    image = noise()
    return started(image, rectangle(), 0.8)


def started(image, mask, score=1.0) -> Repair:
    return Repair(image, 1, score, [("original", mask_to_rle(mask))])


def test_brush_paints_back_and_away():
    mask = rectangle()
    back = paint(mask, Stroke(((20, 120), (40, 120)), 10))
    assert back[120, 20]
    assert back[mask].all()
    assert 200 < back.sum() - mask.sum() < 320
    away = paint(mask, Stroke(((40, 120), (120, 120)), 10, back=False))
    assert not away[120, 40:120].any()
    assert mask.sum() - away.sum() == pytest.approx(80 * 11, abs=20)


def test_click_is_a_round_dot():
    dot = paint(np.zeros((60, 60), bool), Stroke(((30, 30),), 20))
    assert dot.sum() == pytest.approx(np.pi * 10**2, rel=0.1)


def test_lasso_takes_what_was_drawn_round():
    corners = ((10, 10), (50, 10), (50, 50), (10, 50))
    assert paint(np.zeros((60, 60), bool), Stroke(corners, 1, lasso=True)).sum() == 41 * 41
    assert paint(np.ones((60, 60), bool), Stroke(corners, 1, back=False, lasso=True)).sum() == 60 * 60 - 41 * 41


@pytest.mark.parametrize("points", [((-500, -500), (9e9, 9e9)), (), ((1e300, 0),)])
def test_strokes_outside_the_photo_do_no_harm(points):
    mask = rectangle()
    assert paint(mask, Stroke(points, 5)).shape == mask.shape


def test_steps_are_undone_one_by_one_down_to_the_original(bench):
    original = bench.mask
    bench.draw(Stroke(((10, 10), (30, 30)), 8))
    painted = bench.mask
    bench.grow(3)
    bench.grow(-1)
    bench.draw(Stroke(((40, 60), (60, 60), (60, 90)), 1, back=False, lasso=True))
    assert [name for name, _ in bench.steps] == ["original", "brush", "grow", "shrink", "lasso"]
    for _ in range(3):
        bench.undo()
    assert np.array_equal(bench.mask, painted)
    bench.undo()
    bench.undo()
    assert np.array_equal(bench.mask, original)
    assert not bench.changed


def test_going_back_to_the_original_can_be_undone(bench):
    bench.grow(4)
    grown = bench.mask
    bench.restart()
    bench.restart()
    assert not bench.changed
    bench.undo()
    assert np.array_equal(bench.mask, grown)


def test_step_that_changes_nothing_is_no_step(bench):
    bench.draw(Stroke(((60, 100), (80, 120)), 4))
    assert len(bench.steps) == 1


def test_nothing_is_never_left(bench):
    with pytest.raises(RepairError, match="Nothing would be left"):
        bench.draw(Stroke(((0, 0), (180, 0), (180, 240), (0, 240)), 1, back=False, lasso=True))
    assert len(bench.steps) == 1


def test_model_is_asked_for_the_garment_that_is_here(bench):
    masks = np.stack([rectangle(150, 200, 175, 235), rectangle(44, 60, 120, 190)])
    bench.ask(Detections.from_masks(masks, [1, 8], [0.9, 0.4]), "other model")
    assert mask_iou(bench.mask, masks[1]) > 0.6
    with pytest.raises(RepairError, match="sees no garment here"):
        bench.ask(Detections.empty(240, 180), "blind")
    with pytest.raises(RepairError, match="sees no garment here"):
        bench.ask(Detections.from_masks(masks[:1], [1], [0.9]), "elsewhere")


def test_edges_are_followed():
    image = np.full((240, 180, 3), 200, np.uint8)
    image[rectangle()] = (180, 30, 40)
    rough = started(image, rectangle(46, 66, 114, 174))
    rough.follow_edges()
    assert mask_iou(rough.mask, rectangle()) > 0.95


def test_garment_has_the_outline_at_hand(bench):
    bench.grow(5)
    garment = bench.garment()
    assert (garment.category_id, garment.score, garment.box) == (1, 0.8, (35, 55, 125, 185))
    assert preview(bench).shape[2] == 4


def test_view_leaves_the_garment_clear(bench):
    photo, veil, scale = bench_view(bench)
    assert photo.shape[:2] == veil.shape[:2] == (round(240 * MAX_ZOOM), round(180 * MAX_ZOOM))
    assert scale == pytest.approx(MAX_ZOOM, rel=0.01)
    inside, outside = veil[360, 240], veil[30, 30]
    assert (inside[3], outside[3] > 100) == (0, True)
    large = started(noise(2400, 1200), rectangle(size=(2400, 1200)))
    assert max(bench_view(large)[0].shape) == 900


def test_strokes_come_in_pixels_of_the_view():
    stroke = stroke_from([[100, 50], [200, 50]], 20, scale=2.0, back=False, lasso=False)
    assert stroke == Stroke(((50, 25), (100, 25)), 10, back=False)


@pytest.mark.parametrize("values", [None, "abc", [[1]], [[1, float("nan")]], [[1, 2], [3]], [{"x": 1}]])
def test_strokes_from_outside_are_checked(values):
    with pytest.raises(RepairError, match="paint it again"):
        stroke_from(values, 5, 1.0, True, False)


# In the wardrobe


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


def add(store: FeatureStore, image: np.ndarray, mask: np.ndarray, photo: bytes) -> str:
    return store.add({"category_id": 1, "score": 0.8}, garment_from_mask(image, mask, 1, 0.8).cutout, photo)


@pytest.mark.parametrize("size", [(240, 180), (1500, 1104)])
def test_outline_of_an_item_is_found_again_in_its_photo(store, size):
    image = noise(*size)
    mask = rectangle(size[1] // 5, size[0] // 4, size[1] // 2, size[0] // 4 * 3, size)
    mask[size[0] // 3 : size[0] // 2, size[1] // 5 : size[1] // 4] = False
    photo = jpeg_bytes(image, 90)
    item_id = add(store, load_image(photo), mask, photo)
    assert mask_iou(bench_of_item(store, item_id).mask, mask) > 0.99


def test_garment_that_fills_the_photo_is_found(store):
    image = noise()
    mask = np.ones(image.shape[:2], bool)
    item_id = add(store, image, mask, png_bytes(image))
    assert mask_iou(bench_of_item(store, item_id).mask, mask) > 0.99


def test_repair_is_saved_and_undone_even_later(store):
    image = noise()
    item_id = add(store, image, rectangle(), png_bytes(image))
    first = store.image_path(item_id).read_bytes()
    for px in (3, 6):
        bench = bench_of_item(FeatureStore(store.home), item_id)
        bench.grow(px)
        save_repair(store, item_id, bench.garment())
    item = store.get(item_id)
    assert len(earlier_cutouts(item)) == 2
    assert bench_of_item(store, item_id).mask.sum() > rectangle().sum() + 2 * 9 * 200
    assert undo_repair(store, item_id)
    assert len(earlier_cutouts(store.get(item_id))) == 1
    assert undo_repair(store, item_id)
    assert store.image_path(item_id).read_bytes() == first
    assert not undo_repair(store, item_id)
    assert store.get(item_id)["thumbnail"]


def test_original_comes_back_after_many_repairs(store):
    image = noise()
    item_id = add(store, image, rectangle(), png_bytes(image))
    first = store.get(item_id)
    for px in (2, 3, 4):
        bench = bench_of_item(store, item_id)
        bench.grow(px)
        save_repair(store, item_id, bench.garment())
    assert original_cutout(store, item_id)
    item = store.get(item_id)
    assert (item["image"], item["thumbnail"]) == (first["image"], first["thumbnail"])
    assert earlier_cutouts(item) == []
    assert not original_cutout(store, item_id)


def test_earlier_cut_outs_are_kept_with_the_item(store):
    """The pictures that nothing refers to go to the trash; these are referred to."""
    image = noise()
    item_id = add(store, image, rectangle(), png_bytes(image))
    bench = bench_of_item(store, item_id)
    bench.grow(4)
    save_repair(store, item_id, bench.garment())
    store.update(item_id, brand="Acme")
    assert all(store.picture(name).exists() for name in earlier_cutouts(store.get(item_id)))
    store.remove(item_id)
    store.undo()
    assert undo_repair(store, item_id)


def test_items_that_cannot_be_repaired_say_why(store):
    image = noise()
    cutout = garment_from_mask(image, rectangle(), 1, 1.0).cutout
    with pytest.raises(RepairError, match="not in the wardrobe"):
        bench_of_item(store, store.add({"type": "vest"}, cutout))
    with pytest.raises(RepairError, match="not found in its photo"):
        bench_of_item(store, store.add({"type": "vest"}, cutout, png_bytes(noise(seed=5))))
    with pytest.raises(RepairError, match="cannot be read"):
        bench_of_item(store, store.add({"type": "vest"}, cutout, b"no picture"))
    with pytest.raises(RepairError, match="larger than its photo"):
        outline_in_photo(image[:50, :50], cutout)
    with pytest.raises(RepairError, match="is empty"):
        outline_in_photo(image, np.zeros((9, 9, 4), np.uint8))
