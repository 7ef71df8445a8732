"""What a review of drafts knows and does: which are shown, their twins, one field on many, and all saved in one write.

Beside an item that is there already a draft becomes what the owner has chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.core.images import read_cutout
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import attributes
from ewardrobe.garments.digitize import DigitizedPhoto
from ewardrobe.garments.draft import SAME, SKIP, Draft, Photo, Twin, item_of
from ewardrobe.garments.duplicates import TURNS, nearest, perceptual_hash
from ewardrobe.garments.queue import READY, ImportQueue, QueuedPhoto
from ewardrobe.wardrobe.edits import change_of
from ewardrobe.wardrobe.fields import TABLE
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.sources import USER

BATCH = 12
"""Photos whose garments are saved in one write: few enough that a crash costs no time, many enough to be quick."""

FILLED = tuple(field.name for field in TABLE if field.twin)
"""What an item takes over from another photo of itself, where it has nothing of its own."""

Cut = tuple[Draft, np.ndarray, bytes]
"""A draft with its cut-out, RGBA uint8 (h, w, 4), and the bytes of its photo."""


def reviewed(
    entries: Sequence[QueuedPhoto], min_score: float, known: Mapping[str, str], photos: Mapping[str, set[str]]
) -> list[Draft]:
    """Return the drafts of all photos that are ready, each with its twin; those below ``min_score`` (0..1) are hidden.

    A photo shows what its model has found and what was added by hand.  known: ``{item id: hash}`` of the wardrobe;
    photos: ``{key of a photo: ids of the items cut out of it}``.
    """
    drafts = [draft for entry in entries if entry.state == READY for draft in seen(entry) if draft.shown(min_score)]
    return [
        replace(draft, twin=twin and replace(twin, same_photo=twin.id in photos.get(draft.photo, ())))
        for draft, twin in zip(drafts, _twins(drafts, known), strict=True)
    ]


def seen(entry: QueuedPhoto) -> list[Draft]:
    """Return the drafts of a photo that its model has found or that were added by hand, sure or not."""
    return [draft for draft in entry.drafts if draft.model in (None, entry.model)]


def best_hidden(entry: QueuedPhoto, min_score: float) -> float | None:
    """Return the highest score of a photo's drafts that ``min_score`` hides, ``None`` if it hides none."""
    hidden = (draft.score for draft in seen(entry) if not draft.shown(min_score))
    return max((score for score in hidden if score is not None), default=None)


def _twins(drafts: Sequence[Draft], known: Mapping[str, str]) -> list[Twin | None]:
    ids = [*known, *(draft.id for draft in drafts)]
    hashes = [*known.values(), *(draft.hash for draft in drafts)]
    twins: list[Twin | None] = []
    for place, draft in enumerate(drafts):
        found = nearest(draft.turns, hashes[: len(known) + place])
        twins.append(Twin(ids[found[0]], found[0] >= len(known), found[1]) if found else None)
    return twins


def photos_of(items: Iterable[Mapping]) -> dict[str, set[str]]:
    """Return ``{key of a photo: ids of the items cut out of it}``; the name of a kept photo carries its key."""
    found: dict[str, set[str]] = {}
    for item in items:
        if isinstance(name := item.get("photo"), str):
            found.setdefault(name.removeprefix("photo-").partition(".")[0], set()).add(item["id"])
    return found


class KnownGarments:
    """The photos and garments that a wardrobe holds, so that what comes again is noticed.

    photos: keys.  hashes: by the item's id.
    """

    def __init__(self, store: FeatureStore) -> None:
        items = store.items()
        self.photos = set(photos_of(items))
        self.hashes = {item["id"]: found for item in items if (found := hash_of(store, item))}
        self._names = {item["id"]: called(item) for item in items}
        files = (store.picture(name) for name in {item.get("photo") for item in items})
        self._sizes = {path.stat().st_size for path in files if path and path.is_file()}

    def holds(self, path: Path) -> bool:
        """Tell whether the file ``path`` is, to the byte, a photo of which the wardrobe has a garment."""
        try:  # most are told by their size
            return path.stat().st_size in self._sizes and Photo(path.name, path.read_bytes()).key in self.photos
        except OSError:  # reading it tells what is wrong with it
            return False

    def twins(self, result: DigitizedPhoto, item_ids: Sequence[str]) -> dict[str, str]:
        """Return ``{id: what it looks like}`` of the garments of a photo that was just saved, and note them."""
        found: dict[str, str] = {}
        self.photos.add(result.photo.key)
        before = dict(self.hashes)
        for item_id, garment in zip(item_ids, result.garments, strict=True):
            turns = [perceptual_hash(garment.cutout, turn) for turn in TURNS]
            if twin := nearest(turns, list(before.values())):
                known = list(before)[twin[0]]
                found[item_id] = f"{self._names[known]} ({known})"
            self.hashes[item_id], self._names[item_id] = turns[list(TURNS).index(0)], garment.called
        return found


def change_field(queue: ImportQueue, drafts: Iterable[Draft], field: str, value: Any, way: str = "Replace") -> int:
    """Set one field of many drafts (see ``edits.FIELDS``, ``edits.WAYS``); returns how many it changed."""
    edits = {draft.id: change_of(item_of(draft), field, value, way) for draft in drafts}
    edits = {
        draft_id: {name: part for name, part in fields.items() if fields["source"].get(name) == USER}
        for draft_id, fields in edits.items()
        if fields
    }
    queue.edit(edits, lambda draft: replace(draft, fields=draft.fields | edits[draft.id]))
    return len(edits)


def save_drafts(queue: ImportQueue, store: FeatureStore, drafts: Sequence[Draft]) -> Iterator[int]:
    """Save all that is kept of ``drafts`` and take their photos out of the queue; yields how many photos are done.

    Photos are saved in batches, a batch wholly or not at all, and leave the queue only after that: whatever happens,
    nothing is lost and nothing is saved twice.  Raises ``StoreError``, ``ImageError``.
    """
    by_photo: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_photo.setdefault(draft.photo, []).append(draft)
    keys = list(by_photo)
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        save_all(store, [cut for key in batch for cut in _cuts(queue, key, by_photo[key])])
        queue.remove(batch)
        yield start + len(batch)


def _cuts(queue: ImportQueue, key: str, drafts: Sequence[Draft]) -> list[Cut]:
    kept = [draft for draft in drafts if draft.keep]
    entry = queue.entry(key)
    if not kept or entry is None:  # saved or discarded in another window
        return []
    photo = queue.photo(entry).data
    cutouts = [queue.cutout(draft) for draft in kept]
    return [(_with_guesses(draft, cutout), cutout, photo) for draft, cutout in zip(kept, cutouts, strict=True)]


def _with_guesses(draft: Draft, cutout: np.ndarray) -> Draft:
    """Return ``draft`` with the network's guesses for what it is, asked if its kind was corrected."""
    category_id = INSTANCE_ID_BY_WORD.get(draft.kind)
    if str(category_id) in draft.guesses:
        return draft
    return replace(draft, guesses={**draft.guesses, str(category_id): attributes.guess(cutout, category_id)})


def save_all(store: FeatureStore, cuts: Iterable[Cut]) -> list[str]:
    """Add the garments in one write, all or none, and return their ids; raises ``StoreError``.

    One that is the same as an item gives it what it lacks; one that is skipped leaves no trace.  An item that is
    there already (its id) is passed over: it was saved before a crash.
    """
    cuts = list(cuts)
    present = {item["id"]: item for item in store.items()}
    coming = {draft.id for draft, _, _ in cuts if draft.saved}
    new = [(item_of(draft), cutout, original) for draft, cutout, original in cuts if _is_new(draft, present, coming)]
    ids = store.add_many(new) if new else []
    same = [(draft.twin.id, draft) for draft, _, _ in cuts if draft.decision == SAME and draft.twin]
    edits = {
        known: fields
        for known, draft in same
        if known in present and (fields := lacking(present[known], item_of(draft)))
    }
    if edits:
        store.alter(edits, lambda item: edits[item["id"]])
    return ids


def _is_new(draft: Draft, present: Mapping, coming: set[str]) -> bool:
    """Tell whether a garment becomes an item; one that is the same as nothing any more is its own."""
    twin = draft.twin
    same = draft.decision == SAME and twin is not None and (twin.id in present or twin.id in coming)
    return not same and draft.decision != SKIP and draft.id not in present


def lacking(item: Mapping, other: Mapping) -> dict[str, Any]:
    """Return what ``other`` says and ``item`` does not.

    >>> lacking({"brand": "Acme", "size": None}, {"brand": "Other", "size": "M"})
    {'size': 'M'}
    """
    return {name: other[name] for name in FILLED if other.get(name) and not item.get(name)}


def hash_of(store: FeatureStore, item: Mapping) -> str | None:
    """Return an item's hash, made from its small picture where the item has none; ``None`` without a picture."""
    if item.get("hash"):
        return item["hash"]
    path = store.picture(item.get("thumbnail"))
    try:
        return perceptual_hash(read_cutout(path)) or None if path else None
    except OSError:  # none that can be read
        return None
