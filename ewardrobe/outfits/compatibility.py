"""Learned compatibility: how likely two garments were chosen to be worn together, from their attributes alone.

The score of a pair is a bilinear form of what the two are, with a part of its own for each pair of slots, plus weights
for what they have in common.  It knows names of colours, not exact shades: garments of one photo share its light, and a
model that saw shades would learn that.  Places are int64 (N,); scores and features are float64, a row a piece or pair.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ewardrobe.core.colour_names import COLOUR_NAMES
from ewardrobe.core.taxonomy import CATEGORIES
from ewardrobe.models.weights import WeightsError, verified_path
from ewardrobe.outfits.closet import Closet
from ewardrobe.outfits.grammar import ALL_SLOTS, BODY_SLOTS
from ewardrobe.wardrobe.vocabulary import MATERIALS, PATTERNS, STYLES

NAME = "outfits"
"""The model's name in the weights' manifest."""

BLOCKS = (
    ("category", len(CATEGORIES)),
    ("pattern", len(PATTERNS)),
    ("material", len(MATERIALS)),
    ("style", len(STYLES)),
    ("colour", len(COLOUR_NAMES)),
)
FEATURES = sum(size for _, size in BLOCKS) + 1
"""Length of a piece's vector: the one-hot blocks, the colours' probabilities, and a 1."""

SHARED = ("category", "pattern", "material", "style", "colour", "both solid", "both patterned")
"""What a pair can have in common."""


@dataclass(frozen=True, eq=False)
class Compatibility:
    """The fitted model.

    bilinear: (4, 4, F, F), one symmetric form for each pair of ``BODY_SLOTS``.  shared: (7,) weights of ``SHARED``.
    mean, spread: of the scores of random outfits, so that 0.5 stands for an outfit thrown together.
    """

    bilinear: np.ndarray
    shared: np.ndarray
    mean: float
    spread: float

    def pair_scores(self, closet: Closet, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return (n,) scores of the pairs of pieces at ``left`` and ``right`` (n,); 0 for pairs with accessories."""
        vectors, slots = piece_vectors(closet), body_slots(closet)
        scores = common_features(closet, left, right) @ self.shared
        for a, b in itertools.product(range(len(BODY_SLOTS)), repeat=2):
            rows = np.flatnonzero((slots[left] == a) & (slots[right] == b))
            scores[rows] += (vectors[left[rows]] @ self.bilinear[a, b] * vectors[right[rows]]).sum(axis=1)
        return np.where((slots[left] >= 0) & (slots[right] >= 0), scores, 0.0)

    def rating(self, score: np.ndarray) -> np.ndarray:
        """Return 0..1 for outfits' mean pair scores: 0.5 for one thrown together, near 1 for one of the best."""
        return 1 / (1 + np.exp(-1.7 * (np.asarray(score, float) - self.mean) / self.spread))


def piece_vectors(closet: Closet) -> np.ndarray:
    """Return (N, F) float64: what each piece is; zeros where it is unknown."""
    places = (closet.categories - 1, closet.patterns, closet.materials, closet.styles)
    known = [(own[:, None] == np.arange(size)) * 1.0 for own, (_, size) in zip(places, BLOCKS, strict=False)]
    return np.concatenate([*known, closet.names, np.ones((len(closet), 1))], axis=1)


def body_slots(closet: Closet) -> np.ndarray:
    """Return (N,) places in ``BODY_SLOTS``, -1 for accessories and for clothes without a category."""
    places = np.array([BODY_SLOTS.index(slot) if slot in BODY_SLOTS else -1 for slot in ALL_SLOTS])
    return np.where(closet.categories > 0, places[closet.slots], -1)


def common_features(closet: Closet, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return (n, 7) what the pairs have in common, 0..1; 0 where either is unknown."""
    coded = (closet.categories - 1, closet.patterns, closet.materials, closet.styles)
    same = [(own[left] == own[right]) & (own[left] >= 0) for own in coded]
    colours = np.sqrt(closet.names[left] * closet.names[right]).sum(axis=1)
    plain, known = closet.patterns == 0, closet.patterns >= 0
    both_patterned = known[left] & known[right] & ~plain[left] & ~plain[right]
    return np.stack([*same, colours, plain[left] & plain[right], both_patterned], axis=1).astype(float)


def to_json(model: Compatibility) -> str:
    """Return the model as text, its numbers rounded to four digits; symmetric halves are written once."""
    pairs = [(a, b) for a in range(len(BODY_SLOTS)) for b in range(a, len(BODY_SLOTS))]
    forms = {f"{BODY_SLOTS[a]}+{BODY_SLOTS[b]}": np.round(model.bilinear[a, b], 4).tolist() for a, b in pairs}
    head = {"kind": NAME, "version": 1, "slots": BODY_SLOTS, "blocks": BLOCKS, "shared_names": SHARED}
    numbers = {"mean": model.mean, "spread": model.spread, "shared": np.round(model.shared, 4).tolist()}
    return json.dumps(head | numbers | {"bilinear": forms}, separators=(",", ":"))


def from_json(text: str, path: Path) -> Compatibility:
    """Return the model in ``text``; ``WeightsError`` with ``path`` if it is another's, or not whole."""
    try:
        state = json.loads(text)
        if state["kind"] != NAME or state["version"] != 1:
            raise WeightsError(f"{path} holds {state['kind']!r} {state['version']!r}, not {NAME!r} 1")
        bilinear = np.zeros((len(BODY_SLOTS), len(BODY_SLOTS), FEATURES, FEATURES))
        for name, form in state["bilinear"].items():
            a, b = (BODY_SLOTS.index(slot) for slot in name.split("+"))
            bilinear[a, b] = np.array(form, float).reshape(FEATURES, FEATURES)
            bilinear[b, a] = bilinear[a, b].T
        shared = np.array(state["shared"], float)
        numbers = float(state["mean"]), float(state["spread"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} is not readable as outfit weights ({error}); {_CURE}") from error
    if shared.shape != (len(SHARED),) or not np.isfinite(bilinear).all() or not numbers[1] > 0:
        raise WeightsError(f"{path} does not fit this version's attributes; {_CURE}")
    return Compatibility(bilinear, shared, *numbers)


_CURE = "train again with `python -m train.outfits`, or restore the file from the repository"


def load(weights: Path | None = None, folder: Path | None = None) -> Compatibility:
    """Return the shipped model once its checksum agrees with the manifest, or the one in your own file ``weights``.

    Raises ``WeightsError`` with what to do.
    """
    path = Path(weights) if weights is not None else verified_path(NAME, folder)[0]
    try:
        stat = path.stat()
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): give a file of train.outfits") from error
    return _read(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(path: Path, size: int, mtime_ns: int) -> Compatibility:
    """Read once for each state of the file."""
    try:
        return from_json(path.read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read ({error}); {_CURE}") from error
