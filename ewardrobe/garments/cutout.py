"""From detections to garments: overlaps resolved, masks refined, transparent cut-outs, colours."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import scale_to
from ewardrobe.core.masks import drop_specks, fill_holes, grow, mask_box, padded_box, pairwise_iou, shrink
from ewardrobe.core.taxonomy import LAYER_ORDER, category
from ewardrobe.garments.colours import ColourShare, dominant_colours, garment_colour
from ewardrobe.garments.pairs import joined_pairs
from ewardrobe.garments.refinement import refine_mask, upsample_guided
from ewardrobe.models import SHOWN_SCORE
from ewardrobe.wardrobe.naming import called

MIN_IMAGE_SHARE = 0.0005
"""A garment smaller than this share of the photo is a speck of the model's, not a garment."""

MIN_PART_SHARE = 0.02
"""A loose part smaller than this share of its garment is a speck; a hole smaller than a fifth of it is a gap."""

SAME_GARMENT_IOU = 0.7
"""Two detections that overlap this much are one garment named twice; the higher score stays."""

MIN_VISIBLE_SHARE = 0.3
"""A garment that keeps less of its mask than this under the layers above it was never there."""

CUTOUT_MARGIN = 0.02
"""Transparent border of a cut-out as a share of its long side."""

REFINEMENT_MARGIN = 0.06
"""How far around the mask, as a share of its long side, the refinement may look."""

EDGE_PX = 3
"""Reach of the soft edge in pixels, to either side of the outline."""

MATTE_SIDE = 640
"""Long side at which the edge's colours are modelled; the alpha itself has the photo's resolution."""


@dataclass(frozen=True, eq=False)
class Garment:
    """One garment or accessory cut out of a photo; a pair of shoes is one.

    category_id: of ``taxonomy.INSTANCES``; score: 0..1; mask: (H, W) bool of the whole photo; box: tight
    ``x0 y0 x1 y1`` pixels of the mask, ends exclusive; cutout: RGBA uint8 (h, w, 4), tight with a transparent margin,
    alpha soft at the edge and not premultiplied; colours: largest share first.
    """

    category_id: int
    score: float
    mask: np.ndarray
    box: tuple[int, int, int, int]
    cutout: np.ndarray
    colours: tuple[ColourShare, ...]

    @property
    def name(self) -> str:
        """What it is, one of ``vocabulary.KINDS``: DeepFashion2's name of a garment, else shoes, bag, hat."""
        return category(self.category_id).word

    @property
    def called(self) -> str:
        """What people call it, as long as nobody knows more: "navy jacket"."""
        return called({"type": self.name, "colour": self.colour})

    @property
    def colour(self) -> str:
        """Name of the main colour, or "multicolour"."""
        return garment_colour(self.colours)


def extract_garments(image: np.ndarray, detections: Detections, *, refine: bool = True) -> list[Garment]:
    """Cut every garment of ``detections`` out of ``image`` (RGB uint8 (H, W, 3)), in the detections' order.

    Finds of one pair of shoes are joined; of two detections of one garment the higher score stays; overlaps go as
    `resolve_overlaps` says; specks are dropped; with ``refine`` the outline is moved to the photo's edges.
    Raises ``ValueError`` when the masks belong to an image of another size.
    """
    if image.shape[:2] != detections.image_size:
        raise ValueError(f"image is {image.shape[:2]}, the masks are {detections.image_size}: give the same image")
    detections = resolve_overlaps(drop_duplicates(joined_pairs(image, detections)))
    if refine:
        detections = resolve_overlaps(refined(image, detections))
    return [
        garment_from_mask(image, one.masks[0], int(one.category_ids[0]), float(one.scores[0])) for one in detections
    ]


def garment_from_mask(image: np.ndarray, mask: np.ndarray, category_id: int, score: float) -> Garment:
    """Make the garment of ``mask`` (H, W) bool as it stands: soft edge, cut-out, colours; no refinement.

    Raises ``ValueError`` for an empty mask or one of another size than ``image``.
    """
    if mask.shape != image.shape[:2]:
        raise ValueError(f"image is {image.shape[:2]}, the mask is {mask.shape}: give the mask of this image")
    box = mask_box(mask)
    if box == (0, 0, 0, 0):
        raise ValueError("the mask is empty: nothing to cut out; grow it or draw it again")
    part = _slices(padded_box(box, _margin(box), *mask.shape))
    colours = dominant_colours(image[part], mask[part])  # with a margin, or the rim along the box would count
    return Garment(category_id, score, mask, box, _cutout(image, mask, box), colours)


def drop_duplicates(detections: Detections) -> Detections:
    """Of detections whose masks agree (IoU ≥ ``SAME_GARMENT_IOU``) keep the highest score, whatever the category."""
    return detections[sorted(distinct(pairwise_iou(detections.masks, detections.masks), detections.scores))]


def distinct(ious: np.ndarray, scores: np.ndarray) -> list[int]:
    """Return which of N garments stay by falling ``scores`` (N,) float 0..1: none that agrees with a better one.

    ious: (N, N) float of their masks, 0..1.

    >>> distinct(np.array([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]), np.array([0.2, 0.6, 0.4]))
    [1, 2]
    """
    keep: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if all(ious[i, j] < SAME_GARMENT_IOU for j in keep):
            keep.append(int(i))
    return keep


def resolve_overlaps(detections: Detections) -> Detections:
    """Give every pixel to one garment, then tidy each mask and drop what was a speck or hardly seen.

    The upper layer of ``taxonomy.LAYER_ORDER`` wins, within a layer the higher score.  A guess (a score below
    ``SHOWN_SCORE``) takes no pixel from a higher score, so that hiding guesses changes nothing about the others.
    """
    masks, free = detections.masks.copy(), np.ones(detections.image_size, bool)
    keep = np.zeros(len(detections), bool)
    for i in _from_the_top(detections):
        visible = detections.masks[i] & free
        masks[i] = _tidied(visible) & free
        free &= ~masks[i]
        area, whole = np.count_nonzero(masks[i]), np.count_nonzero(detections.masks[i])
        keep[i] = area >= max(MIN_IMAGE_SHARE * free.size, MIN_VISIBLE_SHARE * whole)
    kept = detections[keep]
    return Detections.from_masks(masks[keep], kept.category_ids, kept.scores)


def refined(image: np.ndarray, detections: Detections) -> Detections:
    """Return ``detections`` with every mask refined on ``image``, RGB uint8 (H, W, 3); a few pixels may overlap."""
    masks = detections.masks.copy()
    for mask, box in zip(masks, detections.boxes.astype(int).tolist(), strict=True):
        margin = max(8, round(REFINEMENT_MARGIN * max(box[2] - box[0], box[3] - box[1])))
        part = _slices(padded_box(tuple(box), margin, *mask.shape))
        better = refine_mask(image[part], mask[part])
        mask[part] = better if better.any() else mask[part]
    return Detections.from_masks(masks, detections.category_ids, detections.scores)


def _from_the_top(detections: Detections) -> list[int]:
    def place(i: int) -> tuple:
        score = float(detections.scores[i])
        guess = score < SHOWN_SCORE
        return guess, 0 if guess else LAYER_ORDER.index(category(detections.category_ids[i]).slot), -score

    return sorted(range(len(detections)), key=place)


def _tidied(mask: np.ndarray) -> np.ndarray:
    part, area = _slices(mask_box(mask)), np.count_nonzero(mask)
    tidy = mask.copy()
    whole = drop_specks(mask[part], max(1, int(area * MIN_PART_SHARE)))
    tidy[part] = fill_holes(whole, int(area * MIN_PART_SHARE / 5))
    return tidy


def _slices(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    x0, y0, x1, y1 = box
    return slice(y0, y1), slice(x0, x1)


def _margin(box: tuple[int, int, int, int]) -> int:
    return max(EDGE_PX, round(CUTOUT_MARGIN * max(box[2] - box[0], box[3] - box[1])))


def _cutout(image: np.ndarray, mask: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    margin = _margin(box)
    x0, y0, x1, y1 = wide = padded_box(box, margin, *mask.shape)
    rgb, part = image[_slices(wide)], mask[_slices(wide)]
    alpha = soft_alpha(rgb, part)
    rgba = np.dstack([_without_halo(rgb, part, alpha), np.rint(alpha * 255).astype(np.uint8)])
    # Where the garment touches the photo's border the margin is empty canvas.
    missing = [(margin - (box[1] - y0), margin - (y1 - box[3])), (margin - (box[0] - x0), margin - (x1 - box[2]))]
    return np.pad(rgba, [*missing, (0, 0)])


def soft_alpha(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the (h, w) float32 alpha 0..1 of ``mask``: a guided-filter matte within ``EDGE_PX`` of the outline.

    Farther inside it is 1, farther outside 0.  rgb: RGB uint8 (h, w, 3).
    """
    hard = mask.astype(np.float32)
    small = scale_to(rgb, MATTE_SIDE)
    coarse = cv2.resize(hard, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    matte = upsample_guided(small, coarse, rgb, radius=2, eps=1e-4)
    feather = cv2.GaussianBlur(hard, (0, 0), EDGE_PX / 3)
    alpha = np.clip((matte + feather) * 0.55 - 0.05, 0, 1)
    alpha[shrink(mask, EDGE_PX)] = 1
    alpha[~grow(mask, EDGE_PX)] = 0
    return alpha


def _without_halo(rgb: np.ndarray, mask: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Return ``rgb`` with the background's share of the edge pixels replaced by the garment's colour nearby.

    Outside the edge everything is black: a cut-out carries nothing of the room, and packs small.
    """
    edge = grow(mask, 2 * EDGE_PX) & ~shrink(mask, EDGE_PX)
    clean = np.where(mask[..., None], rgb, 0)
    own = alpha[edge][:, None] ** 4  # a pixel of which a tenth is background is nearly clean, one of a half is not
    nearby = _colour_nearby(rgb, mask)[edge]
    clean[edge] = np.rint(rgb[edge] * own + nearby * (1 - own)).astype(np.uint8)
    return clean


def _colour_nearby(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) float32: at every pixel near the outline the mean colour of the garment's inside around it."""
    inner = shrink(mask, EDGE_PX)
    weight = (inner if inner.any() else mask).astype(np.float32)
    small = scale_to(rgb, MATTE_SIDE)
    weight = cv2.resize(weight, small.shape[1::-1], interpolation=cv2.INTER_AREA) + 1e-6
    reach = (4 * EDGE_PX + 1,) * 2
    sums, weights = cv2.blur(small * weight[..., None], reach), cv2.blur(weight, reach)
    return cv2.resize(np.asarray(sums / weights[..., None], np.float32), rgb.shape[1::-1])
