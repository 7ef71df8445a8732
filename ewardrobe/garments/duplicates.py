"""Is this garment in the wardrobe already?  A perceptual hash of the cut-out and the distance of its colours."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import cv2
import numpy as np

SIDE = 48
"""Pixels a side of the picture that is hashed."""

SPREAD = 0.3
"""How far, as a share of ``SIDE``, the outline spreads round its centre: a stray sleeve hardly moves the rest."""

WAVES = np.add.outer(np.arange(SIDE), np.arange(SIDE)) < 7
"""The 28 lowest frequencies of the cosine transform."""

STEPS = 8.0
"""One unit of a coefficient is this many steps of a byte."""

WEIGHTS = np.r_[0.0, np.ones(27), np.full(28, 1.7), np.full(4, 3.0)].astype(np.float32)
"""Lightness (without its mean), outline, colour: chosen on the training split, in steps that differ as much."""

SAME_DISTANCE = 16.8
"""Two cut-outs nearer than this are shown as the same garment; on the training split 97 % of copies are."""

TURNS = (-6.0, 0.0, 6.0)
"""Degrees by which a new cut-out is turned when it is looked for: a second photo is never quite as upright."""


def perceptual_hash(cutout: np.ndarray, turn: float = 0.0) -> str:
    """Return the hash of an RGBA uint8 (h, w, 4) cut-out as hex text: 60 signed bytes; an empty one gives "".

    Method: as in pHash (Zauner 2010) the low frequencies of a cosine transform, but kept as numbers in place of their
    signs, of the lightness and of the outline; then the mean CIELAB colour and the contrast.  Place, size and light of
    the photo leave no trace.  turn: degrees by which the cut-out is turned first.
    """
    if not (cutout[..., 3] > 127).any():
        return ""
    lab, alpha = _normalised(cutout, turn)
    share = alpha / alpha.sum()
    mean = (lab * share[..., None]).sum((0, 1))
    lightness = (lab[..., 0] - mean[0]) * alpha
    contrast = float(np.sqrt((lightness**2 * share).sum()))
    waves = [cv2.dct(picture)[WAVES] for picture in (lightness / (contrast + 4), alpha)]
    values = np.concatenate([*waves, mean / (10, 5, 5), [contrast / 5]])
    return np.clip(np.rint(values * STEPS), -127, 127).astype(np.int8).tobytes().hex()


def hash_distances(hashes: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Return the (n, m) float32 distances of ``hashes`` to ``others``: 0 = alike; infinite where one is no hash."""
    one, two = _vectors(hashes), _vectors(others)
    squares = (one**2).sum(1)[:, None] + (two**2).sum(1)[None] - 2 * one @ two.T
    return np.sqrt(np.nan_to_num(np.maximum(squares, 0), nan=np.inf))


def nearest(turns: Sequence[str], hashes: Sequence[str]) -> tuple[int, float] | None:
    """Return place and distance of the one of ``hashes`` that a garment seems to be again; ``None`` if none is near.

    turns: the garment's hash at each of ``TURNS``.
    """
    distances = hash_distances(turns, hashes)
    if not distances.size or distances.min() > SAME_DISTANCE:
        return None
    place = int(distances.min(axis=0).argmin())
    return place, float(distances[:, place].min())


def _vectors(hashes: Sequence[str]) -> np.ndarray:
    """Return (n, 60) float32, weighted; rows of NaN for what is no hash of this length (another version's, none)."""
    vectors = np.full((len(hashes), len(WEIGHTS)), np.nan, np.float32)
    for row, text in zip(vectors, hashes, strict=True):
        with suppress(TypeError, ValueError):
            row[:] = np.frombuffer(bytes.fromhex(text), np.int8).reshape(len(WEIGHTS)) / STEPS
    return vectors * WEIGHTS


def _normalised(cutout: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """Return CIELAB float32 (SIDE, SIDE, 3) and alpha (SIDE, SIDE), 0..1, moved, scaled and turned to one frame."""
    rows, cols = np.nonzero(cutout[..., 3] > 127)
    centre = np.array([cols.mean(), rows.mean()])
    scale = SPREAD * SIDE / max(1.0, np.sqrt(cols.var() + rows.var()))
    rgba = np.ascontiguousarray(cutout)
    while scale < 0.5:  # halve first: warping far down would skip pixels
        rgba = cv2.resize(rgba, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        scale, centre = 2 * scale, centre / 2
    matrix = cv2.getRotationMatrix2D(tuple(map(float, centre)), turn, float(scale))
    matrix[:, 2] = matrix[:, 2] + SIDE / 2 - centre
    lab = cv2.cvtColor(rgba[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    alpha = cv2.warpAffine(rgba[..., 3].astype(np.float32) / 255, matrix, (SIDE, SIDE))
    return cv2.warpAffine(lab, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE), alpha
