"""Dominant colours of a garment, measured in CIELAB under its mask, and their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ewardrobe.core.colour_names import COLOUR_NAMES, name_probabilities, shade_name
from ewardrobe.core.colour_terms import css_name, temperature, tone
from ewardrobe.core.masks import shrink

SAMPLES = 3000
CLUSTERS = 6
LIGHTNESS_WEIGHT = 0.5
"""Folds and shadows change lightness far more than hue, so lightness counts half in every distance."""

MERGE_DISTANCE = 14.0
"""Clusters nearer than this (weighted Lab distance) are one colour under two lights."""

MIN_SHARE = 0.04
"""Less than this share of a garment is a button, a seam or a codec's doing, not one of its colours."""

DOMINANT_SHARE = 0.45
"""Below this share of its commonest colour name a garment is "multicolour" (chosen on judged garments)."""

MULTICOLOUR = "multicolour"


@dataclass(frozen=True)
class ColourShare:
    """One colour of a garment: its name, sRGB ``#rrggbb``, share of the garment (0..1), CIELAB (D65) values."""

    name: str
    hex: str
    share: float
    lab: tuple[float, float, float]

    @property
    def css(self) -> str:
        """The nearest CSS name: "mediumvioletred"."""
        return css_name(self.lab)

    @property
    def terms(self) -> tuple[str, str]:
        """How light it is (dark, medium, light) and how warm (warm, cool, neutral)."""
        return tone(self.lab), temperature(self.lab)


def dominant_colours(image: np.ndarray, mask: np.ndarray, k: int = 3) -> tuple[ColourShare, ...]:
    """Return up to ``k`` colours of the pixels of ``image`` (RGB uint8 (H, W, 3)) under ``mask`` (H, W) bool.

    Largest share first; the shares are of the whole garment, so they sum to 1 or less.  An empty mask has none.
    Method: k-means in CIELAB with lightness down-weighted, after the extreme lights and darks are trimmed; clusters
    nearer than ``MERGE_DISTANCE`` are merged, and so are those of one name.
    """
    pixels = _trimmed(_lab_samples(image, mask))
    if not len(pixels):
        return ()
    colours = _merged(*_kmeans(pixels, CLUSTERS))
    return tuple(joined(_colour_share(lab, share) for lab, share in colours if share >= MIN_SHARE)[:k])


def garment_colour(colours: tuple[ColourShare, ...]) -> str:
    """Return the name of the garment's largest colour; "multicolour" when it holds less than ``DOMINANT_SHARE``.

    It is the name that the list of its colours shows first.
    """
    main = next(iter(joined(colours)), None)
    return main.name if main and main.share >= DOMINANT_SHARE else MULTICOLOUR


def joined(colours: Iterable[ColourShare]) -> list[ColourShare]:
    """Return one colour for each name, the largest share first: the largest of that name, with all of their shares."""
    totals: dict[str, ColourShare] = {}
    for colour in sorted(colours, key=lambda colour: -colour.share):
        first = totals.setdefault(colour.name, replace(colour, share=0.0))
        totals[colour.name] = replace(first, share=round(first.share + colour.share, 3))
    return sorted(totals.values(), key=lambda colour: -colour.share)


def colour_ranking(colours: tuple[ColourShare, ...]) -> tuple[str, ...]:
    """Return all colour names, the likeliest for the whole garment first; () for no colours.

    Every colour votes for all names with its probability times its share, so that two shades on either side of a
    border between names do not split the vote.
    """
    if not colours:
        return ()
    votes = name_probabilities(np.array([colour.lab for colour in colours])).T @ [colour.share for colour in colours]
    return tuple(COLOUR_NAMES[i] for i in np.argsort(-votes, kind="stable"))


_WEIGHTS = np.array([LIGHTNESS_WEIGHT, 1, 1], np.float32)


def _lab_samples(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return at most ``SAMPLES`` Lab pixels (n, 3) float32, evenly spread; the mask's rim is left out if it can be."""
    places = np.flatnonzero(shrink(mask, max(1, round(np.count_nonzero(mask) ** 0.5 * 0.02))))
    places = places if len(places) >= 50 else np.flatnonzero(mask)
    places = places[np.linspace(0, len(places) - 1, min(SAMPLES, len(places))).astype(int)] if len(places) else places
    rgb = image.reshape(-1, 3)[places].astype(np.float32) / 255
    return cv2.cvtColor(rgb[None], cv2.COLOR_RGB2LAB)[0] if len(places) else rgb


def _trimmed(lab: np.ndarray, share: float = 0.03) -> np.ndarray:
    if len(lab) < 20:
        return lab
    low, high = np.quantile(lab[:, 0], [share, 1 - share])
    return lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)]


def _kmeans(pixels: np.ndarray, k: int, rounds: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return centres (k, 3) Lab and shares (k,); farthest-point start, so the same pixels give the same answer."""
    points = pixels * _WEIGHTS
    start = _spread_start(points, k)
    nearest = ((start**2).sum(axis=1) - 2 * points @ start.T).argmin(axis=1)
    column = nearest[:, None].astype(np.int32)  # OpenCV takes labels of another shape for none, and starts by chance
    end = (cv2.TERM_CRITERIA_MAX_ITER, rounds, 0.0)
    _, labels, centres = cv2.kmeans(points[:, None], len(start), column, end, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    return centres / _WEIGHTS, np.bincount(labels.ravel(), minlength=len(start)) / len(points)


def _spread_start(points: np.ndarray, k: int) -> np.ndarray:
    centres = [np.median(points, axis=0)]
    distance = np.full(len(points), np.inf, np.float32)
    while len(centres) < min(k, len(points)):
        distance = np.minimum(distance, ((points - centres[-1]) ** 2).sum(axis=1))
        centres.append(points[distance.argmax()])
    return np.array(centres, np.float32)


def _merged(centres: np.ndarray, shares: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Join the nearest two clusters until all are ``MERGE_DISTANCE`` apart; largest share first."""
    colours = [(centre, float(share)) for centre, share in zip(centres, shares, strict=True) if share > 0]
    while len(colours) > 1:
        points = np.array([centre for centre, _ in colours]) * _WEIGHTS
        distances = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points)) * 1e9
        i, j = sorted(np.unravel_index(distances.argmin(), distances.shape))
        if distances[i, j] > MERGE_DISTANCE:
            break
        (a, share_a), (b, share_b) = colours[i], colours.pop(j)
        colours[i] = ((a * share_a + b * share_b) / (share_a + share_b), share_a + share_b)
    return sorted(colours, key=lambda colour: -colour[1])


def _colour_share(lab: np.ndarray, share: float) -> ColourShare:
    lightness, a, b = (round(float(value), 1) for value in lab)
    values = lightness, a, b
    rgb = np.clip(cv2.cvtColor(np.array([[values]], np.float32), cv2.COLOR_LAB2RGB)[0, 0], 0, 1)  # what sRGB can show
    code = "#" + "".join(f"{round(float(value) * 255):02x}" for value in rgb)
    return ColourShare(shade_name(values), code, round(share, 3), values)
