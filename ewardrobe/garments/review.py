"""What the review of an import shows and does: garments of the queue as items, twins, one field on many, saving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ewardrobe.core.masks import rle_to_mask
from ewardrobe.core.taxonomy import category
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.colours import ColourShare, garment_colour
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.draft import Card, Edit, item_of
from ewardrobe.garments.duplicates import SAME_DISTANCE, hash_distances
from ewardrobe.garments.queue import READY, ImportQueue, QueuedGarment, QueuedPhoto
from ewardrobe.garments.saving import BOTH, SKIP, Save, save_all
from ewardrobe.wardrobe import edits as bulk
from ewardrobe.wardrobe.item import kind, kind_fields
from ewardrobe.wardrobe.sources import LEARNED, USER

BATCH = 12
"""Photos whose garments are saved in one write: few enough that a crash costs no time, many enough to be quick."""


@dataclass(frozen=True)
class Twin:
    """What a garment seems to be again: an item of the wardrobe, or an earlier garment of the queue.

    same_photo: the very photo is in the wardrobe already.
    """

    id: str
    in_queue: bool
    distance: float
    same_photo: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """One garment of the queue as the page shows it."""

    entry: QueuedPhoto
    piece: QueuedGarment
    twin: Twin | None = None

    @property
    def item(self) -> dict[str, Any]:
        """The fields that the item will have, as far as they are known before it is saved."""
        return piece_item(self.piece)

    @property
    def choice(self) -> str:
        """What becomes of it beside its twin: the person's choice; a photo given again is left out by itself."""
        if self.twin is None:
            return BOTH
        return self.piece.twin or (SKIP if self.twin.same_photo else BOTH)

    @property
    def saved(self) -> bool:
        """Whether it will be in the wardrobe as an item of its own."""
        return self.piece.keep and self.choice == BOTH


def piece_item(piece: QueuedGarment) -> dict[str, Any]:
    """Return a garment of the queue as an item: what was found, and over it what the person said."""
    colours = tuple(ColourShare(**{**colour, "lab": tuple(colour["lab"])}) for colour in piece.colours)
    found = kind_fields(category(piece.category_id).name) | {"colour": garment_colour(colours) if colours else None}
    return {"id": piece.id, **found, **piece.fields}


def shown_garments(
    entries: Sequence[QueuedPhoto], known: Mapping[str, str], photos: Mapping[str, set[str]]
) -> list[Shown]:
    """Return the garments of all photos that are ready, each with its twin.

    known: ``{item id: hash}`` of the wardrobe; photos: ``{key of a photo: ids of the items cut out of it}``.
    """
    pairs = [(entry, piece) for entry in entries if entry.state == READY for piece in entry.pieces]
    twins = _nearest([piece for _, piece in pairs], known)
    return [
        Shown(entry, piece, twin and replace(twin, same_photo=twin.id in photos.get(entry.key, ())))
        for (entry, piece), twin in zip(pairs, twins, strict=True)
    ]


def _nearest(pieces: Sequence[QueuedGarment], known: Mapping[str, str]) -> list[Twin | None]:
    """Return for each garment the nearest of the wardrobe and of the garments before it, if it is near enough."""
    ids = [*known, *(piece.id for piece in pieces)]
    hashes = [*known.values(), *(piece.hash for piece in pieces)]
    twins: list[Twin | None] = []
    for place, piece in enumerate(pieces):
        before = len(known) + place
        distances = hash_distances(piece.turns, hashes[:before]).min(axis=0) if before and piece.turns else ()
        best = int(distances.argmin()) if len(distances) else None
        near = best is not None and distances[best] <= SAME_DISTANCE
        twins.append(Twin(ids[best], best >= len(known), float(distances[best])) if near else None)
    return twins


def photos_of(items: Iterable[Mapping]) -> dict[str, set[str]]:
    """Return ``{key of a photo: ids of the items cut out of it}``; the name of a kept photo carries its key."""
    found: dict[str, set[str]] = {}
    for item in items:
        if isinstance(name := item.get("photo"), str):
            found.setdefault(name.removeprefix("photo-").partition(".")[0], set()).add(item["id"])
    return found


def change_field(queue: ImportQueue, garments: Iterable[Shown], field: str, value: Any, way: str = "Replace") -> int:
    """Set one field of many garments (see ``bulk.FIELDS``, ``bulk.WAYS``); returns how many it changed."""
    edits = {one.piece.id: bulk.change_of(one.item, field, value, way) for one in garments}
    edits = {piece_id: _without_source(fields) for piece_id, fields in edits.items() if fields}
    queue.edit(edits, lambda piece: replace(piece, fields=piece.fields | edits[piece.id]))
    return len(edits)


def _without_source(fields: Mapping) -> dict[str, Any]:
    """Return ``fields`` without the note on who said them: all that the queue keeps was said by the owner."""
    return {name: value for name, value in fields.items() if name != "source"}


def save_garments(queue: ImportQueue, store: FeatureStore, garments: Sequence[Shown]) -> Iterator[int]:
    """Save all that is kept of ``garments`` and take their photos out of the queue; yields how many photos are done.

    Photos are saved in batches, a batch wholly or not at all, and leave the queue only after that: whatever happens,
    nothing is lost and nothing is saved twice.  Raises ``StoreError``, ``ImageError``.
    """
    by_photo: dict[str, list[Shown]] = {}
    for one in garments:
        by_photo.setdefault(one.entry.key, []).append(one)
    keys = list(by_photo)
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        save_all(store, [save for key in batch for save in _saves(queue, by_photo[key])])
        queue.remove(batch)
        yield start + len(batch)


def _saves(queue: ImportQueue, garments: Sequence[Shown]) -> list[Save]:
    kept = [one for one in garments if one.piece.keep]
    if not kept:
        return []
    photo = queue.photo(kept[0].entry)
    image = photo.read()
    saves = []
    for one in kept:
        piece, score = one.piece, 1.0 if one.piece.score is None else one.piece.score
        garment = garment_from_mask(image, rle_to_mask(piece.mask), piece.category_id, score)
        item = saved_item(Card(piece.id, garment, Edit(), piece.score), piece, one.entry.model)
        saves.append(Save(item, garment.cutout, photo.data, one.choice, one.twin.id if one.twin else None))
    return saves


def saved_item(card: Card, piece: QueuedGarment, model: str) -> dict[str, Any]:
    """Return the item of a garment of the queue: found, guessed, and over it what the person said."""
    said = dict(piece.fields)
    learned = {name: said[name] for name in LEARNED if said.get(name)}
    item = item_of(replace(card, edit=Edit(kind=kind(piece_item(piece)), **learned)), model)
    source = item["source"] | dict.fromkeys((name for name in said if name not in learned), USER)
    return item | said | {"id": piece.id, "hash": piece.hash, "source": source}
