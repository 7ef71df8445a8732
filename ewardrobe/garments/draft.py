"""Between the photo and the wardrobe: what was found, what the person corrected, what is saved.

The page's state without the page: a photo is read and looked at once, everything else follows from what was found
and from the edits, so that moving a slider never runs the model again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import checkerboard, draw_detections, line_width, on_background
from ewardrobe.core.images import ImageError, load_image, scale_to
from ewardrobe.core.masks import mask_to_rle, rle_to_mask
from ewardrobe.core.taxonomy import CATEGORY_ID_BY_NAME
from ewardrobe.garments import attributes as gather
from ewardrobe.garments.colours import ColourShare, garment_colour
from ewardrobe.garments.cutout import Garment, extract_garments, garment_from_mask
from ewardrobe.garments.duplicates import perceptual_hash
from ewardrobe.models import Segmenter
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.sources import LEARNED, MEASURED, USER

LOWEST_SCORE = 0.1
"""The model is asked for every confidence from here up, once; the slider filters what it said."""

SMALLEST_SIDE = 32
"""Photos narrower than this many pixels hold no garment that could be seen."""

BOX_COLOUR = (15, 118, 110)

REACH = 0.012
"""How far an outline may be moved by hand, as a share of the photo's long side."""


@dataclass(frozen=True)
class Photo:
    """A picture file as it came: its name for messages, its bytes."""

    name: str
    data: bytes = field(repr=False)

    @cached_property
    def key(self) -> str:
        """Hash of the content: the same photo under two names is one photo."""
        return hashlib.sha256(self.data).hexdigest()[:16]

    def read(self) -> np.ndarray:
        """Return the picture as RGB uint8 (H, W, 3); ``ImageError`` names the file, what is wrong, and the cure."""
        file = io.BytesIO(self.data)
        file.name = self.name
        image = load_image(file)
        height, width = image.shape[:2]
        if min(height, width) < SMALLEST_SIDE:
            raise ImageError(f"{self.name}: {width}×{height} pixels show no garment; use a photo of 200 pixels or more")
        return image


@dataclass(frozen=True, eq=False)
class Found:
    """Everything that a model saw in one photo (H, W); masks as run lengths, so that many photos fit in memory."""

    size: tuple[int, int]
    rles: tuple[dict, ...]
    category_ids: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, detections: Detections) -> Found:
        """Keep ``detections`` as run lengths."""
        rles = tuple(map(mask_to_rle, detections.masks))
        return cls(detections.image_size, rles, detections.category_ids, detections.scores)

    def detections(self, min_score: float) -> Detections:
        """Return the detections with a score of at least ``min_score`` (0..1)."""
        chosen = np.flatnonzero(self.scores >= min_score)
        if not len(chosen):
            return Detections.empty(*self.size)
        masks = np.stack([rle_to_mask(self.rles[i]) for i in chosen])
        return Detections.from_masks(masks, self.category_ids[chosen], self.scores[chosen])

    def best_below(self, min_score: float) -> float | None:
        """Return the highest score that ``min_score`` hides, ``None`` if it hides nothing."""
        hidden = self.scores[self.scores < min_score]
        return float(hidden.max()) if len(hidden) else None


@dataclass(frozen=True)
class Edit:
    """What the person decided about one garment; the default changes nothing.

    kind: one of ``items.KINDS``, ``None`` for the model's; outline: of the repaired mask, COCO run lengths; twin: one
    of ``twins.CHOICES``; pattern … sleeve: what the person said, ``None`` for what the network says.
    """

    keep: bool = True
    kind: str | None = None
    outline: str | None = None
    twin: str | None = None
    pattern: str | None = None
    material: str | None = None
    style: str | None = None
    sleeve: str | None = None


@dataclass(frozen=True, eq=False)
class Card:
    """One garment as the page shows it and the wardrobe gets it: the model's, or by hand (score ``None``), edited."""

    key: str
    garment: Garment
    edit: Edit
    score: float | None

    @property
    def kind(self) -> str:
        """What it is: one of ``items.KINDS``."""
        return self.edit.kind or self.garment.name

    @property
    def colours(self) -> tuple[ColourShare, ...]:
        """Its colours, the largest share first."""
        return self.garment.colours

    @property
    def said_by_user(self) -> bool:
        """Whether the person chose its kind."""
        return self.score is None or self.kind != self.garment.name

    @property
    def told(self) -> gather.Told:
        """Pattern, material, style, sleeve: value and source, as the network tells them."""
        category_id = CATEGORY_ID_BY_NAME.get(self.kind)
        return gather.told(self.garment.guesses(category_id), category_id, self.said_by_user)

    @property
    def attributes(self) -> gather.Told:
        """The same with the person's word before the network's."""
        said = {name: (value, USER) for name in LEARNED if (value := getattr(self.edit, name))}
        return self.told | said


def find(image: np.ndarray, segmenter: Segmenter) -> Found:
    """Run ``segmenter`` on ``image`` (RGB uint8 (H, W, 3)) and keep all that scores ``LOWEST_SCORE`` or more."""
    return Found.of(segmenter.predict(image, LOWEST_SCORE))


def cut_out(image: np.ndarray, found: Found, min_score: float) -> dict[str, Garment]:
    """Return the garments of ``found`` from ``min_score`` up by a key that no slider changes."""
    garments: dict[str, Garment] = {}
    for garment in extract_garments(image, found.detections(min_score)):
        key = f"{garment.category_id}-{garment.score:.6f}"
        while key in garments:
            key += "+"
        garments[key] = garment
    return garments


def make_cards(
    garments: Mapping[str, Garment],
    by_hand: Mapping[str, tuple[str, Garment]],
    edits: Mapping[str, Edit],
    edited: Callable[[str, Edit, Garment], Garment],
) -> list[Card]:
    """Return a card for each garment found and for each one added by hand (``{key: (kind, garment)}``).

    edited: makes the garment of an edit whose outline differs from the found one (see ``with_outline``).
    """
    cards = []
    for key, garment in garments.items():
        edit = edits.get(key, Edit())
        cards.append(Card(key, _outlined(key, edit, garment, edited), edit, garment.score))
    for key, (kind, garment) in by_hand.items():
        edit = edits.get(key, Edit(kind=kind))
        cards.append(Card(key, _outlined(key, edit, garment, edited), edit, None))
    return cards


def _outlined(key: str, edit: Edit, garment: Garment, edited: Callable[[str, Edit, Garment], Garment]) -> Garment:
    return edited(key, edit, garment) if edit.outline else garment


def with_outline(image: np.ndarray, garment: Garment, outline: str) -> Garment:
    """Return ``garment`` with another ``outline`` (COCO run lengths of a mask of the photo)."""
    mask = rle_to_mask({"size": list(image.shape[:2]), "counts": outline})
    return garment_from_mask(image, mask, garment.category_id, garment.score)


def reach_px(size: tuple[int, int]) -> int:
    """Return how many pixels an outline may be moved in a photo of ``size`` (height, width)."""
    return max(4, round(REACH * max(size)))


def item_of(card: Card, model: str) -> dict:
    """Return the wardrobe item of ``card``; ``source`` tells for each attribute whether model or person said it."""
    told = card.attributes
    return {
        "type": card.kind,
        **kind_fields(card.kind),
        "colour": garment_colour(card.colours) if card.colours else None,
        "colours": [asdict(colour) for colour in card.colours],
        "model": model if card.score is not None else None,
        "score": round(card.score, 4) if card.score is not None else None,
        "hash": perceptual_hash(card.garment.cutout) or None,
        **{name: value for name, (value, _) in told.items()},
        "source": {
            "category": USER if card.said_by_user else model,
            "colour": MEASURED,
            **{name: source for name, (_, source) in told.items()},
        },
    }


def draw_cards(image: np.ndarray, cards: list[Card], max_side: int = 1200) -> np.ndarray:
    """Return ``image`` (at most ``max_side`` pixels) with the kept garments outlined and named as corrected.

    Kinds that are no DeepFashion2 category (shoes, bags, …) have no colour of their own and are not drawn.
    """
    small = scale_to(image, max_side)
    drawn = [card for card in cards if card.edit.keep and card.kind in CATEGORY_ID_BY_NAME]
    if not drawn:
        return small
    masks = np.stack([_resized(card.garment.mask, small.shape[:2]) for card in drawn])
    ids = [CATEGORY_ID_BY_NAME[card.kind] for card in drawn]
    return draw_detections(small, Detections.from_masks(masks, ids, [card.garment.score for card in drawn]))


def _resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(mask.view(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST).view(bool)


def card_picture(cutout: np.ndarray, height: int = 320, width: int = 320, dimmed: bool = False) -> np.ndarray:
    """Return RGB uint8 (height, width, 3): the RGBA cut-out centred on a checkerboard, every card of one size."""
    margin = round(0.04 * height)
    fit = min((height - 2 * margin) / cutout.shape[0], (width - 2 * margin) / cutout.shape[1])
    small = _resized_rgba(cutout, fit)
    rows, cols = small.shape[:2]
    top, left = (height - rows) // 2, (width - cols) // 2
    board = checkerboard(height, width, square=10)
    part = np.s_[top : top + rows, left : left + cols]
    board[part] = on_background(small, board[part])
    return _faded(board) if dimmed else board


def square(image: np.ndarray, side: int) -> np.ndarray:
    """Return the middle of ``image`` (RGB uint8 (H, W, 3)) as (side, side, 3): a picture to choose by."""
    height, width = image.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    part = image[top : top + short, left : left + short]
    return cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if short > side else cv2.INTER_LINEAR)


def _resized_rgba(cutout: np.ndarray, scale: float) -> np.ndarray:
    """Resize with the colours weighted by alpha, so that nothing of the transparent margin bleeds in."""
    size = max(1, round(cutout.shape[1] * scale)), max(1, round(cutout.shape[0] * scale))
    alpha = cutout[..., 3:].astype(np.float32) / 255
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    weighted = cv2.resize(np.dstack([cutout[..., :3] * alpha, alpha]), size, interpolation=method)
    opacity = np.clip(weighted[..., 3:], 0, 1)
    rgb = np.clip(weighted[..., :3] / np.maximum(opacity, 1e-4), 0, 255)
    return np.rint(np.dstack([rgb, opacity * 255])).astype(np.uint8)


def _faded(picture: np.ndarray) -> np.ndarray:
    grey = picture.mean(axis=2, keepdims=True)
    return np.rint(0.25 * grey + 0.75 * 245).astype(np.uint8).repeat(3, axis=2)


def box_of(size: tuple[int, int], across: tuple[int, int], down: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the pixel box ``x0 y0 x1 y1`` of two ranges in percent of a photo of ``size`` (height, width).

    >>> box_of((200, 400), (25, 75), (0, 50))
    (100, 0, 300, 100)
    """
    height, width = size
    x0, x1 = (round(width * percent / 100) for percent in across)
    y0, y1 = (round(height * percent / 100) for percent in down)
    return x0, y0, x1, y1


def draw_box(image: np.ndarray, box: tuple[int, int, int, int], max_side: int = 800) -> np.ndarray:
    """Return ``image`` (at most ``max_side`` pixels) with everything outside ``box`` dimmed and the box outlined."""
    small = scale_to(image, max_side)
    scale = small.shape[0] / image.shape[0]
    x0, y0, x1, y1 = (round(value * scale) for value in box)
    canvas = small // 3 + 130  # paler, not darker: the box is what one looks at
    canvas[y0:y1, x0:x1] = small[y0:y1, x0:x1]
    cv2.rectangle(canvas, (x0, y0), (x1 - 1, y1 - 1), BOX_COLOUR, max(2, line_width(*small.shape[:2])), cv2.LINE_AA)
    return canvas
