"""A model's coarse mask made to follow the garment's edge on the full-resolution photo.

GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004) decides, at a small size and only within a band around the model's
outline, what belongs to the garment; where that moves the outline to a weaker edge it is taken back; a guided filter
carries the rest to the photo's own resolution.  ``python -m ewardrobe refine-report`` measures it.
"""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.masks import grow

WORKING_SIDE = 320
"""Long side in pixels at which GrabCut runs: its time grows with the area, its gain does not beyond this."""

BAND = 0.05
"""Half width of the undecided band as a share of the crop's long side."""

ROUNDS = 1
SMOOTHING = 2.0
GUIDE_RADIUS, GUIDE_EPS = 3, 1e-3

EDGE_ENOUGH = 15.0
"""CIELAB units a pixel from which an edge is as good as any: beyond it a print would outweigh a garment's outline."""

SMALLEST_CHANGE = 12
"""Changes of fewer pixels (at the working size) have too little outline to be judged by it."""

_SQUARE = np.ones((3, 3), np.uint8)
_BAND_LABELS = np.array([cv2.GC_BGD, cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD], np.uint8)


def refine_mask(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return ``mask`` (h, w) bool with its outline moved to the edges of ``image`` (RGB uint8 (h, w, 3)).

    Give the surroundings of one garment, not the whole photo: the colours outside the mask are the background's
    model.  The outline moves by at most ``BAND`` times the long side.  A mask too thin for that, or one that fills the
    picture, comes back as it was.  The same input gives the same answer.
    """
    scale = min(1.0, WORKING_SIDE / max(mask.shape))
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    labels = _band_labels(coarse, max(2, round(BAND * max(size))))
    if min(np.count_nonzero(labels == cv2.GC_BGD), np.count_nonzero(labels == cv2.GC_FGD)) < 10:
        return mask.copy()
    decided = grab_cut(small, labels, ROUNDS)
    even = cv2.GaussianBlur(decided.astype(np.float32), (0, 0), SMOOTHING) > 0.5  # cloth has no ragged outline
    better = _moved_to_edges(small, coarse, even)
    return upsample_guided(small, better.astype(np.float32), image) > 0.5


def upsample_guided(
    small: np.ndarray, values: np.ndarray, image: np.ndarray, radius: int = GUIDE_RADIUS, eps: float = GUIDE_EPS
) -> np.ndarray:
    """Carry ``values`` (h, w) float32, known on ``small`` (RGB uint8 (h, w, 3)), to the edges of ``image`` (H, W, 3).

    ``radius`` in pixels of ``small``; ``eps`` is the variance of colour (0..1) below which a region counts as flat.
    Returns (H, W) float32.  The linear model of the guided filter (He, Sun, Tang, PAMI 2013) is fitted at the small
    size and applied at the large one (He, Sun: Fast Guided Filter, 2015).
    """
    slope, offset = _guided_coefficients(_unit(small), values, radius, eps)
    size = image.shape[1::-1]
    slope, offset = cv2.resize(slope, size), np.asarray(cv2.resize(offset, size), np.float32)
    # In place and channel by channel: at 2400 pixels every float copy of the photo is 70 MB.
    for channel in range(3):
        offset += slope[..., channel] * (image[..., channel] * np.float32(1 / 255))
    return offset


def _guided_coefficients(
    guide: np.ndarray, values: np.ndarray, radius: int, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope (h, w, 3) and offset (h, w) float32: ``values`` ≈ slope · guide + offset around every pixel.

    guide: (h, w, 3) float32 0..1.
    """
    mean, mean_values = _box(guide, radius), _box(values, radius)
    covariance = _box(guide * values[..., None], radius) - mean * mean_values[..., None]
    slope = _solve(_variance(guide, mean, radius, eps), covariance)
    offset = mean_values - (slope * mean).sum(axis=2)
    return _box(slope, radius), _box(offset, radius)


def _band_labels(coarse: np.ndarray, radius: int) -> np.ndarray:
    """Return GrabCut's labels (h, w) uint8: sure outside, probably outside, probably inside, sure inside."""
    depth = cv2.distanceTransform(coarse.view(np.uint8), cv2.DIST_L2, 3).max()
    inner = grow(coarse, -max(1, min(radius, int(depth) // 2)))  # a strap must keep a core
    outer = grow(coarse, radius)
    return _BAND_LABELS[coarse.astype(np.uint8) + inner + outer]


def grab_cut(image: np.ndarray, labels: np.ndarray, rounds: int) -> np.ndarray:
    """Return the (h, w) bool foreground of ``image`` (RGB uint8 (h, w, 3)), the same for the same input.

    labels: (h, w) uint8 of OpenCV (``GC_BGD``, ``GC_PR_FGD`` …), altered in place.
    """
    cv2.setRNGSeed(0)  # of this thread; the colour clusters start at random
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    no_box = (0, 0, 0, 0)  # the labels count
    cv2.grabCut(image, labels, no_box, background, foreground, rounds, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _moved_to_edges(image: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return ``after`` (h, w) bool without its changes whose new outline lies on weaker edges than the old one.

    A change that found no edge runs on to the limit of the band: into the hair, or out of the trousers.
    """
    changed = before ^ after
    count, labels, sizes, _ = cv2.connectedComponentsWithStats(changed.view(np.uint8), connectivity=4)
    nearby = cv2.dilate(labels.astype(np.uint16), _SQUARE)
    edges = np.minimum(cv2.dilate(edge_strength(image), _SQUARE), EDGE_ENOUGH)
    old, new = _outline(before), _outline(after)
    lost = _mean_by_label(edges, nearby, old & ~new, count)
    won = _mean_by_label(edges, nearby, new & ~old, count)
    taken_back = (won < lost) & (sizes[:, cv2.CC_STAT_AREA] >= SMALLEST_CHANGE)
    taken_back[0] = False  # what did not change
    return after ^ taken_back[labels]


def edge_strength(image: np.ndarray) -> np.ndarray:
    """Return (h, w) float32: the length of the colour gradient of RGB uint8 (h, w, 3), in CIELAB units a pixel."""
    lab = cv2.cvtColor(_unit(cv2.GaussianBlur(image, (0, 0), 1)), cv2.COLOR_RGB2LAB)
    across, down = cv2.Scharr(lab, cv2.CV_32F, 1, 0), cv2.Scharr(lab, cv2.CV_32F, 0, 1)
    return np.sqrt((across**2 + down**2).sum(axis=2)) / 16


def _outline(mask: np.ndarray) -> np.ndarray:
    return mask & ~cv2.erode(mask.view(np.uint8), _SQUARE).view(bool)


def _mean_by_label(values: np.ndarray, labels: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
    chosen = labels[where]
    return np.bincount(chosen, values[where], count) / np.maximum(1, np.bincount(chosen, minlength=count))


def _unit(image: np.ndarray) -> np.ndarray:
    return image * np.float32(1 / 255)


def _box(array: np.ndarray, radius: int) -> np.ndarray:
    return cv2.blur(array, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)


def _variance(guide: np.ndarray, mean: np.ndarray, radius: int, eps: float) -> dict[str, np.ndarray]:
    """Return the six distinct entries of the local 3×3 colour covariance, ``eps`` added on the diagonal."""
    entries = {}
    for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)):
        entry = _box(guide[..., i] * guide[..., j], radius) - mean[..., i] * mean[..., j]
        entries[f"{i}{j}"] = entry + eps if i == j else entry
    return entries


def _solve(s: dict[str, np.ndarray], right: np.ndarray) -> np.ndarray:
    """Solve the symmetric 3×3 system of every pixel by cofactors: numpy's solver is ten times slower here."""
    c00 = s["11"] * s["22"] - s["12"] ** 2
    c01 = s["02"] * s["12"] - s["01"] * s["22"]
    c02 = s["01"] * s["12"] - s["02"] * s["11"]
    c11 = s["00"] * s["22"] - s["02"] ** 2
    c12 = s["01"] * s["02"] - s["00"] * s["12"]
    c22 = s["00"] * s["11"] - s["01"] ** 2
    determinant = s["00"] * c00 + s["01"] * c01 + s["02"] * c02
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    solved = [c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z]
    return np.stack(solved, axis=2) / determinant[..., None]
