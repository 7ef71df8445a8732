"""Similar items, their palettes, and one field changed on many."""

from __future__ import annotations

import numpy as np
import pytest
from wardrobe_items import frame_of, items

from ewardrobe.wardrobe import edits
from ewardrobe.wardrobe.palette import palette, palette_names, palettes, with_names
from ewardrobe.wardrobe.similar import PALETTE_SIZE, UNKNOWN, palette_distances, similar
from ewardrobe.wardrobe.statistics import worn_together

NAVY, BLUE, RED, WHITE = "#1f2f56", "#24365f", "#c8342f", "#fafafa"


def garment(name, category_id, pattern, *codes, **more):
    colours = [{"name": "x", "hex": code, "share": 1 / len(codes)} for code in codes]
    return {"id": name, "type": name, "category_id": category_id, "pattern": pattern, "colours": colours, **more}


@pytest.fixture
def frame(tmp_path):
    wardrobe = [
        garment("navy shirt", 2, "solid", NAVY),
        garment("blue shirt", 2, "solid", BLUE),
        garment("red shirt", 2, "solid", RED),
        garment("navy tee", 1, "solid", NAVY),
        garment("striped shirt", 2, "striped", NAVY, WHITE),
        garment("navy skirt", 9, "solid", NAVY),
        garment("red striped skirt", 9, "striped", RED, WHITE),
        garment("old shirt", 2, "solid", NAVY, state="archived"),
        {"id": "bag", "type": "bag", "slot": "bag"},
    ]
    return frame_of(wardrobe, tmp_path)


def test_nearest_first_by_colour_kind_and_pattern(frame):
    found = similar(frame, "navy shirt")
    assert found.index.tolist()[:2] == ["blue shirt", "navy tee"]
    assert found.index[-1] in ("red striped skirt", "bag")
    assert found["distance"].is_monotonic_increasing
    assert found["distance"].between(0, 1).all()
    assert "old shirt" not in found.index
    assert "navy shirt" not in found.index


def test_distances_say_what_they_are_made_of(frame):
    found = similar(frame, "navy shirt", 99)
    assert found.loc["navy tee", "palette_distance"] == 0
    assert found.loc["navy tee", "kind_distance"] == 0.5
    assert found.loc["striped shirt", "pattern_distance"] == 1
    assert found.loc["bag", ["palette_distance", "kind_distance", "pattern_distance"]].tolist() == [UNKNOWN, 1, UNKNOWN]


def test_an_unknown_item_has_no_neighbours_and_a_lonely_one_neither(frame):
    assert similar(frame, "gone").empty
    assert similar(frame.loc[["bag"]], "bag").empty


def test_palette_distance_counts_what_only_one_of_them_has():
    labs, shares = palettes(
        [garment("a", 1, "", NAVY), garment("b", 1, "", NAVY, WHITE), garment("c", 1, "", WHITE, NAVY)],
        PALETTE_SIZE,
    )
    distances = palette_distances(labs, shares, 0)
    assert distances[0] == 0
    assert 0.4 <= distances[1] <= 0.5, "half of b is far from everything in a"
    assert distances[1] == pytest.approx(distances[2])
    assert palette_distances(labs, shares, 1)[0] == pytest.approx(distances[1]), "the same both ways"


def test_a_palette_is_measured_or_named_or_unknown():
    measured = {"colours": [{"lab": [50, 1, 2], "share": 0.2}, {"lab": [60, 1, 2], "share": 0.6}]}
    assert [round(c[3], 2) for c in palette(measured, 3)] == [0.75, 0.25]
    assert palette({"colours": [{"hex": "#ffffff"}]}, 3)[0][0] == pytest.approx(100, abs=0.1)
    assert palette({"colour": "red"}, 3)[0][1] > 40
    assert palette({"colour": "multicolour"}, 3) == palette({}, 3) == palette({"colours": "x", "colour": 3}, 3) == []
    assert palette({"colours": [{"lab": [1, 2]}, {"hex": "red"}, {"lab": [float("nan"), 0, 0]}, 5, None]}, 3) == []


def test_broken_colours_are_unknown_ones():
    labs, shares = palettes(
        [{"colours": [{"hex": "blue"}, "red", {"lab": [1, 2]}]}, {"colours": None}, {}], PALETTE_SIZE
    )
    assert not shares.any()
    assert np.isfinite(labs).all()
    assert (palette_distances(labs, shares, 0) == UNKNOWN).all()


def test_many_items_are_compared_at_once(tmp_path):
    assert len(similar(frame_of(items(500), tmp_path), "i7", 8)) == 8


def test_palette_names_are_edited_and_measured_colours_stay():
    colours = [{"name": "navy", "hex": NAVY, "share": 0.8, "lab": [20, 3, -25]}, {"name": "white", "share": 0.2}]
    assert palette_names({"colours": colours}) == ["navy", "white"]
    assert with_names(colours, ["navy"]) == colours[:1]
    new = with_names(colours, ["white", "navy", "red"])
    assert palette_names({"colours": new}) == ["navy", "white", "red"]
    assert new[0]["hex"] == NAVY
    assert sum(colour["share"] for colour in new) == pytest.approx(1, abs=1e-3)
    assert with_names(colours, []) == []
    assert with_names(None, ["multicolour"]) == [{"name": "multicolour", "hex": None, "share": 1.0}]
    assert colours[0]["share"] == 0.8, "the stored palette was changed in place"


def test_a_bulk_edit_changes_what_it_must_and_notes_the_owner():
    item = {"id": "a", "tags": ["x"], "brand": None, "source": {"colour": "measured"}}
    assert edits.change_of(item, "tags", ["x"], "Add") == {}
    assert edits.change_of(item, "tags", ["y"], "Add")["tags"] == ["x", "y"]
    assert edits.change_of(item, "tags", ["x"], "Remove")["tags"] == []
    assert edits.change_of(item, "tags", None, "Replace")["tags"] == []
    assert edits.change_of(item, "brand", "Acme") == {
        "brand": "Acme",
        "source": {"colour": "measured", "brand": "user"},
    }
    assert edits.change_of(item, "brand", None) == {}


def test_what_is_worn_together(tmp_path):
    def wear(day, outfit=None):
        return {"date": day, "outfit": outfit}

    logs = {
        "shirt": [wear("2026-01-01"), wear("2026-01-02"), wear("2026-01-03", "o1")],
        "jeans": [wear("2026-01-01"), wear("2026-01-02")],
        "skirt": [wear("2026-01-03", "o2")],
        "shoes": [wear("2026-01-03", "o1"), wear("2026-02-02")],
        "coat": [wear("2026-01-03")],
        "hat": [],
    }
    frame = frame_of([{"id": name, "type": name, "wear_log": log} for name, log in logs.items()], tmp_path)
    found = worn_together(frame, "shirt")
    assert found["days"].to_dict() == {"jeans": 2, "shoes": 1, "coat": 1}
    assert found.index[0] == "jeans"
    assert worn_together(frame, "hat").empty
