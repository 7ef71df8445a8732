"""Attributes of items that are in the wardrobe already; what the owner has entered is never touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ewardrobe.core.images import read_cutout
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.attributes import Told, guess, told, told_colours
from ewardrobe.wardrobe.item import kind
from ewardrobe.wardrobe.sources import USER, by_whom, is_owners

BATCH = 50
"""Items whose findings are written together: an interruption loses at most so many."""


@dataclass
class Analysis:
    """What came of it.

    looked: items whose cut-out was looked at; filled, asked: fields that got a value or an open question; unusable:
    what is wrong with each picture that could not be read.
    """

    looked: int = 0
    filled: int = 0
    asked: int = 0
    unusable: list[str] = field(default_factory=list)


def analyse(
    store: FeatureStore, item_ids: Iterable[str] | None = None, progress: Callable[[list], Iterable] = iter
) -> Analysis:
    """Tell the attributes of the items (default: all) that have a cut-out, and write what is new.

    Doing it again changes nothing.  A value of the owner's, one that came without a source, and what is entered while
    this runs stay as they are.  progress: wraps the list of items, such as ``tqdm``.  Raises ``StoreError``.
    """
    wanted = None if item_ids is None else set(item_ids)
    found: dict[str, Told] = {}
    result = Analysis()
    for item in progress([item for item in store.items() if wanted is None or item["id"] in wanted]):
        cutout = _cutout(store, item, result)
        if cutout is not None:
            result.looked += 1
            found[item["id"]] = findings(item, cutout)
        if len(found) >= BATCH:
            _write(store, found, result)
            found = {}
    _write(store, found, result)
    return result


def findings(item: Mapping, cutout: np.ndarray) -> Told:
    """Return what the cut-out, RGBA uint8 (h, w, 4), tells of ``item`` beside what the owner has said."""
    category_id = item.get("category_id") or INSTANCE_ID_BY_WORD.get(kind(item))
    chosen = by_whom(item, "category") in (USER, None)
    colours = {} if item.get("colour") and item.get("colours") else told_colours(cutout)
    everything = told(guess(cutout, category_id), category_id, chosen) | colours
    if "type" in everything:  # an item always has a name
        name, source = everything["type"]
        everything["type"] = name or kind(item), source
    return {name: value for name, value in everything.items() if not is_owners(item, name)}


def _cutout(store: FeatureStore, item: Mapping, result: Analysis) -> np.ndarray | None:
    path = store.picture(item.get("image"))
    if path is None:
        return None
    try:
        return read_cutout(path)
    except OSError as error:
        result.unusable.append(f"{item.get('type') or 'item'} {item['id']}: {error}")
        return None


def _write(store: FeatureStore, found: Mapping[str, Told], result: Analysis) -> None:
    """Write what differs, under the store's lock, so that what the owner has entered meanwhile is seen."""
    changes: dict[str, Told] = {}

    def fields_of(item: dict) -> dict:
        known = item.get("source") or {}
        changes[item["id"]] = new = {
            name: (value, source)
            for name, (value, source) in found[item["id"]].items()
            if not is_owners(item, name) and (item.get(name) != value or known.get(name) != source)
        }
        if not new:
            return {}
        sources = {name: source for name, (_, source) in new.items()}
        return {name: value for name, (value, _) in new.items()} | {"source": {**item["source"], **sources}}

    if found:
        store.alter(found, fields_of, what="attributes told")
    asked = ["guess" in source for new in changes.values() for _, source in new.values()]
    result.asked += sum(asked)
    result.filled += len(asked) - sum(asked)
