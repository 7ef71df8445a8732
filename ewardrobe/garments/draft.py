"""A garment between photo and wardrobe: what was found, what the owner said, and the item that it will be.

A draft is plain JSON, so that it outlives a reload and a crash; its cut-out lies in a file beside it (see ``queue``).
"""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from ewardrobe.core.attributes import HEADS, Guess, kinds_of
from ewardrobe.core.detections import Detections
from ewardrobe.core.drawing import draw_detections
from ewardrobe.core.images import ImageError, load_image, load_outline, scale_to
from ewardrobe.core.masks import mask_to_rle, rle_to_mask
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD, category
from ewardrobe.garments import attributes
from ewardrobe.garments.colours import ColourShare, garment_colour
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.duplicates import TURNS, perceptual_hash
from ewardrobe.wardrobe.item import following, kind, kind_fields
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.sources import LEARNED, MEASURED, USER
from ewardrobe.wardrobe.vocabulary import TYPES, fits

LOWEST_SCORE = 0.1
"""A photo is looked at from this confidence up, once; the slider chooses among what was found."""

SMALLEST_SIDE = 32
"""Photos narrower than this many pixels hold no garment that could be seen."""

BOTH, SAME, SKIP = CHOICES = ("Keep both", "Same as this one", "Skip")
"""What becomes of a garment that the wardrobe seems to hold already."""


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

    def alpha(self) -> np.ndarray | None:
        """Return its own outline, (H, W) uint8, 0..255, as large as ``read`` gives it; ``None`` where it has none."""
        return load_outline(self.data)


@dataclass(frozen=True)
class Twin:
    """What a garment seems to be again: an item of the wardrobe, or an earlier garment of the queue.

    same_photo: the very photo is in the wardrobe already.
    """

    id: str
    in_queue: bool
    distance: float
    same_photo: bool = False


@dataclass(frozen=True)
class Draft:
    """One garment of a photo, as it is reviewed.

    id: that of the item to be.  photo: key of its photo.  category_id, score, model: what was found, and by which
    model; score and model are ``None`` for a garment added by hand.  outlines: name and run lengths of the found
    outline and of each repair; the last one holds.  colours: as an item has them.  turns: its hash at each of
    ``duplicates.TURNS``.  guesses: the attribute network's, by category id.  fields: what the owner said.  keep:
    whether it is to be saved.  choice: what becomes of it beside its twin (``CHOICES``, ``None`` for undecided).  twin:
    found anew for each review, never stored.
    """

    id: str
    photo: str
    category_id: int
    score: float | None
    model: str | None
    outlines: tuple[tuple[str, dict], ...] = field(repr=False)
    colours: tuple[dict, ...] = field(default=(), repr=False)
    hash: str = field(default="", repr=False)
    turns: tuple[str, ...] = field(default=(), repr=False)
    guesses: dict[str, dict[str, Guess]] = field(default_factory=dict, repr=False)
    fields: dict[str, Any] = field(default_factory=dict)
    keep: bool = True
    choice: str | None = None
    twin: Twin | None = None

    @property
    def outline(self) -> dict:
        """The run lengths of the outline at hand."""
        return self.outlines[-1][1]

    @property
    def mask(self) -> np.ndarray:
        """The outline at hand, (H, W) bool of the photo."""
        return rle_to_mask(self.outline)

    @property
    def kind(self) -> str:
        """What it is, as corrected: one of ``item.KINDS``."""
        return kind(kind_fields(category(self.category_id).word) | self.fields)

    @property
    def colour_shares(self) -> tuple[ColourShare, ...]:
        """Its colours, the largest share first."""
        return tuple(ColourShare(**{**colour, "lab": tuple(colour["lab"])}) for colour in self.colours)

    @property
    def colour(self) -> str | None:
        """Name of its main colour."""
        return garment_colour(self.colour_shares) if self.colours else None

    @property
    def told(self) -> attributes.Told:
        """Pattern, material, style, sleeve and name: value and source, as the network tells them."""
        category_id = INSTANCE_ID_BY_WORD.get(self.kind)
        return attributes.told(self.guesses.get(str(category_id), {}), category_id, "category" in self.fields)

    @property
    def names(self) -> tuple[str, ...]:
        """The everyday words that it may have, the likeliest first."""
        category_id = INSTANCE_ID_BY_WORD.get(self.kind)
        found = self.guesses.get(str(category_id), {}).get("kind")
        chances = dict(zip(HEADS["kind"], found.chances, strict=False)) if found else {}
        words = kinds_of(category_id) if category_id else [word for word in TYPES if TYPES[word] == self.kind]
        return tuple(sorted(words, key=lambda word: -chances.get(word, 0.0)))

    @property
    def answers(self) -> attributes.Told:
        """The same with the owner's word before the network's."""
        said = {name: (self.fields[name], USER) for name in LEARNED if name in self.fields}
        return self.told | said

    @property
    def decision(self) -> str:
        """What becomes of it beside its twin: the owner's choice; a photo given again is left out by itself."""
        if self.twin is None:
            return BOTH
        return self.choice or (SKIP if self.twin.same_photo else BOTH)

    @property
    def saved(self) -> bool:
        """Whether it will be in the wardrobe as an item of its own."""
        return self.keep and self.decision == BOTH

    def shown(self, min_score: float) -> bool:
        """Tell whether it is sure enough (score 0..1), or the owner has said something about it."""
        said = self.fields or not self.keep or self.choice or len(self.outlines) > 1
        return self.score is None or self.score >= min_score or bool(said)


def draft_of(
    garment: Garment,
    photo: str,
    model: str | None,
    fields: Mapping[str, Any] | None = None,
    outlines: Sequence[tuple[str, dict]] = (),
    draft_id: str | None = None,
) -> Draft:
    """Return the draft of a ``garment`` cut out of the photo with key ``photo``: measured, and its attributes told.

    model: that found it; ``None`` for one added by hand.  fields: what the owner said.  outlines, draft_id: of a draft
    that was repaired.
    """
    hashes = {turn: perceptual_hash(garment.cutout, turn) for turn in TURNS}
    guesses = attributes.guess(garment.cutout, garment.category_id)
    return Draft(
        id=draft_id or uuid.uuid4().hex[:12],
        photo=photo,
        category_id=garment.category_id,
        score=round(float(garment.score), 4) if model else None,
        model=model,
        outlines=tuple(outlines) or (("original", mask_to_rle(garment.mask)),),
        colours=tuple(asdict(colour) for colour in garment.colours),
        hash=hashes[0.0],
        turns=tuple(hashes.values()),
        guesses={str(garment.category_id): guesses} if guesses else {},
        fields=dict(fields or {}),
    )


def said_of(draft: Draft, name: str, value: str | None) -> Draft:
    """Return ``draft`` with the owner's word on its category ("kind") or an attribute; without one as it was told.

    What it is brings its category, and a category ends what cannot be of it.
    """
    fields = {other: word for other, word in draft.fields.items() if other != name}
    if value and name == "kind":
        fields |= kind_fields(value)
        if not fits(str(fields.get("type") or ""), value):
            del fields["type"]
    elif value:
        fields |= {name: value}
    if value and name == "type":
        sleeve = draft.answers.get("sleeve", (None,))[0]
        fields |= following({"sleeve": sleeve, **kind_fields(draft.kind)}, value)
    return replace(draft, fields=fields)


def item_of(draft: Draft) -> dict[str, Any]:
    """Return the wardrobe item of ``draft``; ``source`` tells of each field whether model or owner said it."""
    told = draft.told
    source = {
        "category": draft.model,
        "colour": MEASURED,
        **{name: source for name, (_, source) in told.items()},
        **dict.fromkeys(draft.fields, USER),
    }
    return {
        "id": draft.id,
        **kind_fields(draft.kind),
        "colour": draft.colour,
        "colours": list(draft.colours),
        "model": draft.model,
        "score": draft.score,
        "hash": draft.hash or None,
        **{name: value for name, (value, _) in told.items()},
        "type": told.get("type", (None,))[0] or draft.kind,
        **draft.fields,
        "source": source,
    }


def draw_drafts(image: np.ndarray, drafts: Sequence[Draft], max_side: int = 1200) -> np.ndarray:
    """Return RGB uint8 (h, w, 3), at most ``max_side`` pixels: the kept garments outlined and named as corrected.

    image: the photo, RGB uint8 (H, W, 3).  What is neither garment, shoes, bag nor hat (a scarf) is not drawn.
    """
    small = scale_to(image, max_side)
    drawn = [draft for draft in drafts if draft.keep and draft.kind in INSTANCE_ID_BY_WORD]
    if not drawn:
        return small
    size = small.shape[1::-1]
    masks = [cv2.resize(draft.mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) for draft in drawn]
    ids = [INSTANCE_ID_BY_WORD[draft.kind] for draft in drawn]
    scores = [1.0 if draft.score is None else draft.score for draft in drawn]
    names = [called({**item_of(draft), "colour": None}) for draft in drawn]
    return draw_detections(small, Detections.from_masks(np.stack(masks).view(bool), ids, scores), names=names)
