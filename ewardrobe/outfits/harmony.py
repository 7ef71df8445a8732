"""Colour harmony of an outfit: the hue templates of Matsuda, fitted as Cohen-Or and others do.

D. Cohen-Or, O. Sorkine, R. Gal, T. Leyvand, Y.-Q. Xu, "Color Harmonization", SIGGRAPH 2006, after Y. Matsuda, "Color
Design", 1995: a set of hues is harmonious when, for some rotation, it falls into the sectors of a template.  Theirs are
hues of HSV; ours are CIE LCh's, nearer to what people see.  Neutrals have no say.  Colours are CIELAB (…, 3), float.
"""

from __future__ import annotations

import numpy as np

BINS = 72
"""Hues are counted in steps of 5°."""

ROTATIONS = 36
"""Templates are tried in steps of 10°."""

TEMPLATES = {  # name: (centre, width) of each sector in degrees, before rotation
    "i": ((0, 18),),
    "V": ((0, 94),),
    "L": ((0, 18), (90, 80)),
    "I": ((0, 18), (180, 18)),
    "T": ((0, 180),),
    "Y": ((0, 94), (180, 18)),
    "X": ((0, 94), (180, 94)),
}
"""Cohen-Or et al., figure 2.  Their N (grey) is what is left when all is neutral."""

TEMPLATE_NAMES = tuple(TEMPLATES)
LOOSENESS = {"i": 0.0, "V": 3.0, "L": 6.0, "I": 3.0, "T": 14.0, "Y": 6.0, "X": 12.0}
"""Degrees added to a template's distance: a wide one fits almost anything, so it says less.  Chosen by hand."""

NEUTRAL, ACCENT = -1, -2
"""In place of a template's index: all neutral, and one coloured garment among neutrals."""

NEUTRAL_HARMONY, ACCENT_HARMONY = 0.95, 0.88
"""What real outfits do most; the order of the two and of well-fitting templates was chosen on training outfits."""

FULL_AMOUNT = 0.3
"""Of so much colour (1 = a whole coloured garment) harmony decides alone."""

COLOURED_SHARE = 0.15
"""A garment with less colour than this is neutral."""

SPREAD_DEGREES = 30.0
"""A mean distance of so many degrees from every template leaves a harmony of 1/e."""

NEUTRAL_CHROMA = 12.0
FULL_CHROMA = 24.0
"""Below the first chroma a colour is neutral, from the second on it counts fully."""

MAX_COLOURS = 3
"""More non-neutral colours than this are too many (the stylists' rule of three)."""

SEEN_SHARE = 0.15
"""A colour of less than this share of a garment is a trimming: it does not count as one of the outfit's colours."""


def to_lch(lab: np.ndarray) -> np.ndarray:
    """Return CIE LCh (…, 3), hue in degrees 0..360, of CIELAB ``lab`` (…, 3).

    >>> to_lch(np.array([50.0, 0.0, 30.0])).tolist()
    [50.0, 30.0, 90.0]
    """
    lab = np.asarray(lab, float)
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    return np.stack([lab[..., 0], chroma, hue], axis=-1)


def colourfulness(lab: np.ndarray) -> np.ndarray:
    """Return (…,) how much of a colour each of ``lab`` (…, 3) is: 0 for neutrals, 1 from ``FULL_CHROMA`` on.

    Neutral are greys and near-greys, what is nearly black or white, and the two that wardrobes treat alike: navy and
    denim (dark or muted blues) and brown to beige (muted oranges).
    """
    light, chroma, hue = np.moveaxis(to_lch(lab), -1, 0)
    strength = np.clip((chroma - NEUTRAL_CHROMA) / (FULL_CHROMA - NEUTRAL_CHROMA), 0, 1)
    blue = (np.abs(hue - 270) < 35) & ((light < 32) | (chroma < 24))
    earth = (np.abs(hue - 70) < 25) & (chroma < 27)
    extreme = (light < 14) | (light > 95)
    return np.where(blue | earth | extreme, 0.0, strength)


def hue_histogram(lab: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return (…, 72) the share of a garment that each hue takes, of its colours ``lab`` (…, k, 3), ``shares`` (…, k).

    Colours that are not there have share 0.  A hue between two bins goes to both, so that nothing jumps.
    """
    weights = np.asarray(shares, float) * colourfulness(lab)
    place = to_lch(lab)[..., 2] / 360 * BINS
    low, part = np.floor(place).astype(int), place % 1
    bins = np.arange(BINS)
    first = (low[..., None] % BINS == bins) * ((1 - part) * weights)[..., None]
    second = ((low[..., None] + 1) % BINS == bins) * (part * weights)[..., None]
    return (first + second).sum(axis=-2)


def template_distances(histograms: np.ndarray) -> np.ndarray:
    """Return (n, 7) degrees: the mean distance of the hues in ``histograms`` (n, 72) from each template.

    Of every template the best of 36 rotations counts; a histogram without any colour is at distance 0 from all.
    """
    histograms = np.asarray(histograms, float)
    total = histograms.sum(axis=1, keepdims=True)
    normal = np.divide(histograms, total, out=np.zeros_like(histograms), where=total > 0)
    return (normal.astype(np.float32) @ _DISTANCES).reshape(len(histograms), len(TEMPLATES), ROTATIONS).min(axis=2)


def harmony(histograms: np.ndarray, colour_counts: np.ndarray, coloured: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (n,) harmony 0..1 and (n,) the index of the best template, of whole outfits.

    histograms: (n, 72), the sums over the garments.  colour_counts: (n,) how many non-neutral colours are in it; each
    beyond three takes a quarter away.  coloured: (n,) garments that are not neutral.  Where there are none the index is
    ``NEUTRAL``, where there is one it is ``ACCENT``: nothing is there to clash, and the harmony is a constant.
    """
    distances = template_distances(histograms) + np.array(list(LOOSENESS.values()))
    fit = np.where(coloured <= 1, ACCENT_HARMONY, np.exp(-distances.min(axis=1) / SPREAD_DEGREES))
    amount = np.clip(histograms.sum(axis=1) / FULL_AMOUNT, 0, 1)
    value = amount * fit + (1 - amount) * NEUTRAL_HARMONY
    value = value * np.clip(1 - 0.25 * np.maximum(np.asarray(colour_counts) - MAX_COLOURS, 0), 0, 1)
    template = np.where(coloured == 1, ACCENT, distances.argmin(axis=1))
    return value, np.where(coloured == 0, NEUTRAL, template)


def _distance_table() -> np.ndarray:
    """Return (72, 7 · 36) degrees from each hue bin to each template at each rotation."""
    hues, table = np.arange(BINS) * 360 / BINS, []
    for sectors in TEMPLATES.values():
        for turn in np.arange(ROTATIONS) * 360 / ROTATIONS:
            apart = [np.abs((hues - turn - centre + 180) % 360 - 180) - width / 2 for centre, width in sectors]
            table.append(np.clip(np.min(apart, axis=0), 0, None))
    return np.array(table, np.float32).T


_DISTANCES = _distance_table()
