"""From drafts to items: in one write, and beside an item that is there already as the owner has chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ewardrobe.core.images import read_cutout
from ewardrobe.core.taxonomy import CATEGORY_ID_BY_NAME
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import attributes
from ewardrobe.garments.draft import SAME, SKIP, Draft, item_of
from ewardrobe.garments.duplicates import perceptual_hash
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.wardrobe.fields import TABLE

BATCH = 12
"""Photos whose garments are saved in one write: few enough that a crash costs no time, many enough to be quick."""

FILLED = tuple(field.name for field in TABLE if field.twin)
"""What an item takes over from another photo of itself, where it has nothing of its own."""

Cut = tuple[Draft, np.ndarray, bytes]
"""A draft with its cut-out, RGBA uint8 (h, w, 4), and the bytes of its photo."""


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
    category_id = CATEGORY_ID_BY_NAME.get(draft.kind)
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
