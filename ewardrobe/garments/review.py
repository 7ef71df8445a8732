"""What a review of drafts knows and does: which are shown, their twins, one field on many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ewardrobe.garments.draft import Draft, Twin, item_of
from ewardrobe.garments.duplicates import nearest
from ewardrobe.garments.queue import READY, ImportQueue, QueuedPhoto
from ewardrobe.wardrobe.edits import change_of


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


def change_field(queue: ImportQueue, drafts: Iterable[Draft], field: str, value: Any, way: str = "Replace") -> int:
    """Set one field of many drafts (see ``edits.FIELDS``, ``edits.WAYS``); returns how many it changed."""
    edits = {draft.id: change_of(item_of(draft), field, value, way) for draft in drafts}
    edits = {
        draft_id: {name: part for name, part in fields.items() if name != "source"}  # all of them are the owner's
        for draft_id, fields in edits.items()
        if fields
    }
    queue.edit(edits, lambda draft: replace(draft, fields=draft.fields | edits[draft.id]))
    return len(edits)
