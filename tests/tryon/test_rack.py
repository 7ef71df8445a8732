"""What hangs on the rail of the live view, and what happens to it when it is put on."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ewardrobe.app.wardrobe.gallery import gallery_html
from ewardrobe.core.taxonomy import CATEGORIES, SLOTS
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.tryon import rack
from ewardrobe.tryon.garment import GarmentImageError


@pytest.fixture
def store(tmp_path) -> FeatureStore:
    return FeatureStore(tmp_path / "home")


def shirt(colour=(200, 30, 40), height=120, width=90) -> np.ndarray:
    """A cut-out RGBA: a rectangle with sleeves."""
    image = np.zeros((height, width, 4), np.uint8)
    image[10:-10, 25:-25] = (*colour, 255)
    image[15:45, 5:-5] = (*colour, 255)
    return image


def pieces_of(store: FeatureStore) -> list[rack.Hanger]:
    return rack.wardrobe_pieces(store.load().reset_index().to_dict("records"), store.picture)


def test_only_clothes_with_a_cut_out_that_are_not_archived_hang_on_the_rail(store):
    item_id = store.add({"type": "red shirt", "category_id": 2}, shirt())
    store.add({"type": "trainers"}, shirt())
    store.add({"type": "jeans", "category_id": 8})
    store.add({"type": "old shirt", "category_id": 1, "state": "archived"}, shirt((1, 2, 3)))
    (piece,) = pieces_of(store)
    assert (piece.name, piece.slot, piece.item_id) == ("red shirt", "top", item_id)


def test_another_cut_out_or_kind_is_another_piece(store):
    item_id = store.add({"category_id": 1}, shirt())
    (first,) = pieces_of(store)
    store.update(item_id, category_id=3)
    (second,) = pieces_of(store)
    assert first.key != second.key
    assert second.slot == "outer"


def test_shoes_found_in_a_captured_picture_do_not_hang_on_the_rail():
    image, mask = np.full((80, 80, 3), 90, np.uint8), np.zeros((80, 80), bool)
    mask[20:60, 20:60] = True
    found = [garment_from_mask(image, mask, label, 0.9) for label in (16, 1, 17, 19)]
    assert [(piece.name, piece.slot) for piece in rack.cut_pieces(found, 3)] == [("grey short-sleeved top", "top")]


def test_samples_fill_slots_and_can_be_worn():
    samples = rack.sample_pieces()
    assert {piece.slot for piece in samples} == {"top", "dress"}
    assert all(piece.item_id is None and rack.ready(piece).slot == piece.slot for piece in samples)


@pytest.mark.parametrize("category", CATEGORIES, ids=lambda c: c.name)
def test_whatever_was_put_on_is_worn_and_nothing_is_worn_twice(category):
    full = {slot: f"old {slot}" for slot in SLOTS}
    worn = rack.put_on(full, category.slot, "new")
    assert worn[category.slot] == "new"
    assert not {"dress", "top"} <= worn.keys() or category.slot == "outer"
    assert full == {slot: f"old {slot}" for slot in SLOTS}, "the input stays as it was"


def test_taking_a_dress_off_brings_nothing_back():
    assert rack.put_on({"dress": "gown", "outer": "coat"}, "dress", None) == {"outer": "coat"}


def test_steps_go_round_in_both_directions():
    keys, seen = ["a", "b", "c"], []
    for by in (1, 1, 1, 1, -1, -1):
        seen.append(rack.step(keys, seen[-1] if seen else None, by))
    assert seen == ["a", "b", "c", "a", "c", "b"]
    assert rack.step(keys, "gone", 1) == "a"


def test_an_outfit_is_put_on_and_what_cannot_be_is_told(store):
    kinds = {"shirt": 2, "coat": 4, "jeans": 8, "gown": 11}
    ids = {name: store.add({"type": name, "category_id": number}, shirt()) for name, number in kinds.items()}
    ids["trainers"] = store.add({"type": "trainers"}, shirt())
    pieces = {piece.item_id: piece.key for piece in pieces_of(store)}

    def wear(*names):
        worn, left_over = rack.outfit(pieces_of(store), [ids.get(name, name) for name in names])
        return {slot: next(n for n, i in ids.items() if pieces.get(i) == key) for slot, key in worn.items()}, left_over

    assert wear("shirt", "jeans", "coat") == ({"top": "shirt", "bottom": "jeans", "outer": "coat"}, [])
    assert wear("jeans", "jeans", "trainers", "gone") == ({"bottom": "jeans"}, [ids["trainers"], "gone"])
    assert wear("shirt", "gown") == ({"dress": "gown"}, [ids["shirt"]])
    assert wear() == ({}, [])


def test_cut_out_garments_hang_under_the_number_of_their_picture():
    image = np.full((80, 60, 3), 90, np.uint8)
    mask = np.zeros((80, 60), bool)
    mask[10:70, 10:50] = True
    (piece,) = rack.cut_pieces([garment_from_mask(image, mask, 8, 0.9)], 3)
    assert (piece.key, piece.name, piece.slot) == ("cut/3/0", "grey trousers", "bottom")
    assert rack.ready(piece).category_id == 8


def test_a_wardrobe_piece_is_prepared_from_its_file(store):
    store.add({"category_id": 1}, shirt((10, 200, 30)))
    prepared = rack.ready(pieces_of(store)[0])
    assert prepared.levels[0][60, 45].tolist() == [10, 200, 30, 255]


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (np.zeros((40, 40, 3), np.uint8), "whole photo"),
        (np.full((40, 40, 4), 255, np.uint8), "whole photo"),
        (np.zeros((40, 40, 4), np.uint8), "empty"),
        (np.zeros((1, 1, 4), np.uint8), "too small"),
        (np.full((1, 1, 4), 255, np.uint8), "whole photo"),
    ],
    ids=["no alpha", "no background", "nothing in it", "one pixel", "one opaque pixel"],
)
def test_a_picture_that_cannot_be_worn_says_whose_it_is_and_why(tmp_path, picture, said):
    path = tmp_path / "cutout.png"
    Image.fromarray(picture).save(path)
    for source in (path, picture):
        with pytest.raises(GarmentImageError, match=f"^blue shirt: .*{said}"):
            rack.ready(rack.Hanger("x", "blue shirt", 1, source))


def test_a_picture_that_is_gone_or_broken_says_so(tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG no more")
    with pytest.raises(GarmentImageError, match="shirt: its picture cannot be read"):
        rack.ready(rack.Hanger("x", "shirt", 1, broken))
    with pytest.raises(GarmentImageError, match="shirt: its picture is gone"):
        rack.ready(rack.Hanger("x", "shirt", 1, tmp_path / "none.png"))


def test_thumbnails_are_small_pictures(store):
    store.add({"category_id": 1}, shirt())
    for piece in (*pieces_of(store), rack.Hanger("x", "shirt", 1, shirt())):
        url = rack.thumbnail(piece)
        assert url.startswith("data:image/webp;base64,")
        assert len(url) < 6000


# The picture that shows a garment worn


def test_a_try_on_picture_is_kept_once_for_all_that_are_worn(store):
    ids = [store.add({"type": name}) for name in ("shirt", "jeans", "hat")]
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    store.keep_try_on(ids[:2], picture)
    paths = [store.image_path(item_id, "try_on") for item_id in ids]
    assert paths[0] == paths[1]
    assert paths[2] is None
    with Image.open(paths[0]) as image:
        assert np.array_equal(np.asarray(image), picture)


def test_a_newer_try_on_picture_replaces_the_old_one_and_removal_takes_it_along(store):
    item_id = store.add({"type": "shirt"})
    for value in (10, 20):
        store.keep_try_on([item_id], np.full((8, 8, 3), value, np.uint8))
    kept = store.image_path(item_id, "try_on")
    assert [path for path in store.images.iterdir() if path.name.startswith("worn")] == [kept]
    store.remove(item_id)
    assert not kept.exists()
    store.undo()
    assert kept.exists()


def test_a_try_on_picture_needs_its_item_and_a_picture(store):
    item_id = store.add({"type": "shirt"})
    with pytest.raises(StoreError, match="no item"):
        store.keep_try_on([item_id, "gone"], np.zeros((8, 8, 3), np.uint8))
    assert store.image_path(item_id, "try_on") is None, "all or none"
    with pytest.raises(StoreError, match="RGB uint8"):
        store.keep_try_on([item_id], np.zeros((8, 8)))


def test_the_gallery_shows_the_try_on_picture_where_there_is_one(store):
    first, second = store.add({"type": "shirt"}, shirt()), store.add({"type": "hat"}, shirt())
    store.keep_try_on([first], np.zeros((8, 8, 3), np.uint8))
    name = store.get(first)["try_on"]
    html = gallery_html(
        [store.get(first), store.get(second)], lambda item: f"url-of-{item.get('thumbnail') or item['image']}"
    )
    cards = html.split("</figure>")
    assert f"src='url-of-{name}'" in cards[0]
    assert "ew-worn" not in cards[1], store.get(second)
