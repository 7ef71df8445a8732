"""Our U-Net as a segmenter: resize, 19 sigmoid channels, then garments read off the channels.

On a person pixels choose a body slot (top, outer, bottom, dress) first and connected regions of a slot become garments;
where no person is seen every connected region is one garment.  Each region votes for its category as a whole: a skirt
whose left half looks a little like shorts stays one garment.  Footwear, bags and headwear have a channel each: the
pieces of one channel that belong to one body are one item, so a pair of shoes is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import ACCESSORY_IDS, CATEGORIES, LABEL_COUNT, SLOTS, category_ids_of_slot
from ewardrobe.models import SHOWN_SCORE, check_image
from ewardrobe.models.confidence import RAW, Confidence, of_entry
from ewardrobe.models.inference import Network, OneNetwork, network_of
from ewardrobe.models.inputs import network_input, trained_side
from ewardrobe.models.weights import load_state, saying_what_they_are_of

GARMENTS = len(CATEGORIES)
CONTEXT, BACKGROUND = len(SLOTS), len(SLOTS) + 1
"""Numbers of the person's context and of the background behind those of the slots where they compete for pixels."""

GARMENT_SHARE, CONTEXT_SHARE = 0.8, 0.5
"""How sure the garments' channels together, and the context's, must be of a pixel.

The Dice loss makes the garments' generous: at 0.5 their outlines run outside (mask AP 0.506 against 0.531 at 0.8).
"""

MIN_AREA, MIN_PIECE = 0.002, 0.04
"""Smallest piece of a garment: as a share of the picture, and of the largest piece of its kind."""

JOIN_GAP = 0.01
"""Gap across which pieces belong together, as a share of the long side."""

PERSON_SHARE = 0.08
"""From this share of skin, hair and the like on, the garments of a connected region are worn, and told apart by slots.

Somebody in a long coat and trousers shows little else.
"""

SURENESS = 0.6
"""How far the best name's score goes from the votes for this name to those for any name.

So what surely is a garment is shown, be its name in doubt.
"""

SLOT_CHANNELS = [[i - 1 for i in category_ids_of_slot(slot)] for slot in SLOTS]

Region = tuple[np.ndarray, np.ndarray, list[int]]
"""A region (h, w) bool, its margin over the rivals (h, w), and the channels that may name it."""


class UNetSegmenter(OneNetwork):
    """Runs a U-Net ``network`` at ``size`` pixels on the long side: segmenter and parser; safe from several threads."""

    name = "unet"

    def __init__(self, network: Network, size: int = 256, flip: bool = False, confidence: Confidence = RAW) -> None:
        self.network, self.size, self.flip, self.confidence = network, size, flip, confidence

    def predict(self, image: np.ndarray, min_score: float = SHOWN_SCORE) -> Detections:
        """Find garments in RGB uint8 (H, W, 3) ``image``; see ``Segmenter.predict``."""
        return self.garments(self.parse(image), image.shape[:2], min_score)

    def garments(self, parsing: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
        """Return what `predict` reads off ``parsing``, (19, h, w) float32; see ``Parser.garments``."""
        found = decode(parsing, image_size, self.confidence.lowest_raw(min_score))
        return self.confidence.applied(found, min_score)

    def at(self, size: int) -> Self:
        """Return this segmenter for a live picture of ``size`` pixels on the long side; the network is shared.

        It sees each picture once: the mirrored one, which makes a photo's masks a little better, costs as much again.
        """
        other = super().at(size)
        other.flip = False
        return other

    def parse(self, image: np.ndarray) -> np.ndarray:
        """Return (19, h, w) float32 0..1 at half the network's input resolution; see ``Parser.parse``."""
        batch, (rows, cols) = network_input(check_image(image), self.size)
        probabilities = _sigmoid(self.network(batch)[0][0])
        if self.flip:
            mirrored = _sigmoid(self.network(np.ascontiguousarray(batch[..., ::-1]))[0][0])
            probabilities = (probabilities + mirrored[..., ::-1]) / 2
        return probabilities[:, : -(-rows // 2), : -(-cols // 2)]


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return (np.tanh(logits / 2) + 1) / 2  # never overflows


def load(weights: Path | None = None, name: str = "unet", runtime: str | None = None) -> UNetSegmenter:
    """Load the shipped weights, or a file that ``train.unet`` wrote; ``WeightsError`` says what is wrong with it."""
    state, entry = load_state(name, weights)
    with saying_what_they_are_of("unet"):
        size, flip = trained_side(state.get("size", 256)), bool(state.get("flip", False))
    network = network_of("unet", state, name, entry["sha256"], runtime)
    return UNetSegmenter(network, size, flip, of_entry(entry))


def label_map(parsing: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return ``size`` uint8 labels from a ``parsing`` (19, h, w): 0 background, 1..13 garments, 14..19 context.

    Channels are resized before they compete, so that edges stay smooth.  Those of the same kind add up first: a pixel
    that is 0.4 skirt and 0.4 shorts is not background.
    """
    probabilities = np.stack([cv2.resize(one, size[::-1], interpolation=cv2.INTER_LINEAR) for one in parsing])
    garment, context = probabilities[:GARMENTS].sum(axis=0), probabilities[GARMENTS:].sum(axis=0)
    labels = 1 + np.where(
        garment >= context, probabilities[:GARMENTS].argmax(axis=0), GARMENTS + probabilities[GARMENTS:].argmax(axis=0)
    )
    labels[(garment <= GARMENT_SHARE) & (context <= CONTEXT_SHARE)] = 0
    return labels.astype(np.uint8)


def decode(probabilities: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
    """Turn (19, h, w) float32 probabilities into garments of an image of ``image_size``; 18 have no accessories.

    A region whose category is in doubt gives several candidates with the same mask; the best of them scores nearly as
    high as one without doubt, the others by their votes.
    """
    masks, ids, scores = [], [], []
    for region, margin, channels in (*_garment_regions(probabilities), *_accessory_regions(probabilities)):
        votes = _scores(probabilities[channels][:, region].mean(axis=1), SURENESS)
        keep = [(c + 1, float(v)) for c, v in zip(channels, votes, strict=True) if v >= min_score]
        if keep:
            masks += [_full_mask(region, margin, image_size)] * len(keep)
            ids += [c for c, _ in keep]
            scores += [v for _, v in keep]
    if not masks:
        return Detections.empty(*image_size)
    return Detections.from_masks(np.stack(masks), ids, scores).sorted_by_score()


def _scores(votes: np.ndarray, sureness: float) -> np.ndarray:
    """Return (C,) scores up to 1 from a region's (C,) votes; see ``SURENESS``.

    >>> _scores(np.array([0.1, 0.5, 0.4]), 0.5).round(2).tolist()
    [0.1, 0.75, 0.4]
    """
    scores = np.minimum(votes, 1.0)
    best = scores.argmax()
    scores[best] += sureness * (min(1.0, votes.sum()) - scores[best])
    return scores


def _garment_regions(probabilities: np.ndarray) -> Iterator[Region]:
    """Yield regions of one garment each: on a person the slots tell them apart, what lies flat is one if connected."""
    slots = np.stack([probabilities[channels].sum(axis=0) for channels in SLOT_CHANNELS])
    context = np.minimum(probabilities[GARMENTS:].sum(axis=0), 1)
    clear = np.minimum(slots.sum(axis=0), 1) - np.maximum(context, GARMENT_SHARE)
    winner = np.where(clear > 0, slots.argmax(axis=0), BACKGROUND)
    winner[(clear <= 0) & (context > CONTEXT_SHARE)] = CONTEXT
    bodies = _joined_regions(winner <= CONTEXT)
    count = int(bodies.max()) + 1
    seen = np.bincount(bodies[winner <= CONTEXT], minlength=count)
    person = np.bincount(bodies[winner == CONTEXT], minlength=count)
    flat = (person < PERSON_SHARE * np.maximum(seen, 1))[bodies]
    for slot, channels in enumerate(SLOT_CHANNELS):
        ahead = slots[slot] - np.delete(slots, slot, axis=0).max(axis=0)
        for region in _regions((winner == slot) & ~flat, bodies):
            yield region, np.minimum(ahead, clear), channels
    for region in _regions((winner < CONTEXT) & flat, bodies):
        yield region, clear, list(range(GARMENTS))


def _accessory_regions(probabilities: np.ndarray) -> Iterator[Region]:
    if len(probabilities) < LABEL_COUNT:
        return  # networks of that time saw footwear and bags as context only
    bodies = _joined_regions(probabilities.max(axis=0) > CONTEXT_SHARE)
    for channel in (i - 1 for i in ACCESSORY_IDS):
        own = probabilities[channel]
        margin = own - np.maximum(np.delete(probabilities, channel, axis=0).max(axis=0), CONTEXT_SHARE)
        for region in _regions(margin > 0, bodies):
            yield region, margin, [channel]


def _joined_regions(foreground: np.ndarray) -> np.ndarray:
    """Number the connected regions of (h, w) bool, joined across gaps up to ``JOIN_GAP``."""
    radius = max(1, round(JOIN_GAP * max(foreground.shape)))
    kernel = np.ones((2 * radius + 1,) * 2, np.uint8)
    return cv2.connectedComponents(cv2.dilate(foreground.astype(np.uint8), kernel))[1]


def _regions(pixels: np.ndarray, bodies: np.ndarray) -> Iterator[np.ndarray]:
    """Yield (h, w) bool regions: the pieces of one slot that belong to one body, specks dropped.

    A coat worn open is two pieces of one garment, two shirts side by side on a bed are two garments.
    """
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(pixels.astype(np.uint8))
    if count < 2:
        return
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= max(MIN_AREA * pixels.size, MIN_PIECE * areas.max()))
    kept = np.where(np.isin(pieces, large), bodies, 0)
    for body in np.unique(kept[kept > 0]):
        yield kept == body


def _full_mask(region: np.ndarray, margin: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Scale a region to the image; its edge runs where the (h, w) ``margin`` over the rivals crosses zero."""
    near = cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    edge = np.where(near, np.minimum(margin, -1e-3), -1)
    soft = np.where(region, np.maximum(margin, 1e-3), edge).astype(np.float32)
    return cv2.resize(soft, image_size[::-1], interpolation=cv2.INTER_LINEAR) > 0
