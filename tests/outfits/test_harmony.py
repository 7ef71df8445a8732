"""Colour harmony on cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from outfit_items import piece

from ewardrobe.outfits import harmony
from ewardrobe.outfits.closet import closet_of
from ewardrobe.outfits.grammar import Wish
from ewardrobe.outfits.terms import TERMS, template_name, terms_of


def lab(hue: float, chroma: float = 60.0, light: float = 55.0) -> list[float]:
    """CIELAB of a hue in degrees."""
    return [light, chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))]


def coloured(*hues: float, chroma: float = 60.0) -> tuple[float, str | None]:
    """Harmony and template of garments of one colour each, at these hues; ``None`` is a grey garment."""
    colours = [[60, 0, 0] if hue is None else lab(hue, chroma) for hue in hues]
    items = [piece(f"{i}", "top", colours=[{"lab": c, "share": 1.0}]) for i, c in enumerate(colours)]
    terms = terms_of(closet_of(items), np.arange(len(items))[None], Wish(), None)
    return float(terms.values[0, TERMS.index("colour")]), template_name(int(terms.template[0]))


def test_lch_of_the_axes():
    np.testing.assert_allclose(
        harmony.to_lch(np.array([[50, 10, 0], [50, 0, 10], [50, -10, 0], [50, 0, -10]]))[:, 2], [0, 90, 180, 270]
    )


def test_one_hue_is_perfect():
    value, template = coloured(20, 20, 20)
    assert value == pytest.approx(1.0, abs=1e-6) and template == "i"


def test_opposites_fit_the_template_of_opposites():
    """20° and 200° lie in the two 18° sectors of I, turned by 20°; its looseness of 3° is all that is lost."""
    value, template = coloured(20, 200)
    assert template == "I" and value == pytest.approx(np.exp(-3 / 30), abs=1e-6)


def test_neighbours_fit_v():
    """40° and 100° are 60° apart: within the 94° of V, beyond the 18° of i."""
    value, template = coloured(40, 100)
    assert template == "V" and value == pytest.approx(np.exp(-3 / 30), abs=1e-6)


def test_a_right_angle_fits_l():
    """Of L the second sector is centred 90° from the first: 0° and 115° are in, and in no V (94°)."""
    value, template = coloured(0, 115)
    assert template == "L" and value == pytest.approx(np.exp(-6 / 30), abs=1e-6)


def test_three_hues_evenly_apart_are_worse_than_two_opposite_ones():
    """From the 18° of i, turned to 0°, the two others are 111° away; no template holds all three."""
    hues = np.array([0, 120, 240])
    histogram = harmony.hue_histogram(np.array([[lab(h)] for h in hues]), np.ones((3, 1))).sum(axis=0)
    assert harmony.template_distances(histogram[None])[0, 0] == pytest.approx((0 + 111 + 111) / 3, abs=4)
    assert coloured(0, 120, 240)[0] < coloured(0, 180)[0] < coloured(0, 0)[0]


def test_neutrals_have_no_say():
    assert coloured(None, None)[1] is None
    assert coloured(None, None)[0] == pytest.approx(harmony.NEUTRAL_HARMONY)
    assert coloured(20, None) == (pytest.approx(harmony.ACCENT_HARMONY), "accent")
    assert coloured(20, 200, None) == coloured(20, 200)


@pytest.mark.parametrize(
    ("name", "colour", "expected"),
    [
        ("black", [5, 2, -3], 0),
        ("white", [97, 0, 3], 0),
        ("grey", [55, 1, 1], 0),
        ("navy", [20, 5, -28], 0),
        ("denim", [45, -2, -20], 0),
        ("beige", [80, 4, 18], 0),
        ("brown", [35, 11, 20], 0),
        ("red", [50, 65, 40], 1),
        ("cobalt", [45, 10, -60], 1),
        ("pink", [75, 35, 0], 1),
    ],
)
def test_what_counts_as_neutral(name, colour, expected):
    assert harmony.colourfulness(np.array(colour)) == expected


def test_more_than_three_colours_cost_a_quarter_each():
    histograms = np.zeros((2, harmony.BINS))
    histograms[:, 0] = 1.0
    value, _ = harmony.harmony(histograms, np.array([3, 5]), np.array([2, 2]))
    assert value.tolist() == pytest.approx([1.0, 0.5])


def test_a_hue_between_two_bins_is_shared():
    histogram = harmony.hue_histogram(np.array([lab(7.5)]), np.array([1.0]))
    assert histogram[1] == pytest.approx(0.5) and histogram[2] == pytest.approx(0.5) and histogram.sum() == 1


def test_turning_all_hues_changes_nothing():
    values = [coloured(turn, turn + 70, turn + 150)[0] for turn in (0, 10, 130, 250)]
    np.testing.assert_allclose(values, values[0], atol=1e-6)


def test_harmony_is_unknown_with_fewer_than_two_colours():
    items = [piece("a", "top", "red"), piece("b", "bottom")]
    terms = terms_of(closet_of(items), np.array([[0, 1]]), Wish(), None)
    assert np.isnan(terms.values[0, 0])
