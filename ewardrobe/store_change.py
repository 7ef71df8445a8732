"""A change of the wardrobe under way, and the items that go into it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ewardrobe.items import new_item, sound
from ewardrobe.schema import UNREADABLE
from ewardrobe.store_document import StoreError
from ewardrobe.store_images import encode_pictures, picture_names

Prepared = tuple[dict, dict[str, bytes]]
"""A new item and its pictures ``{file name: content}``."""


@dataclass
class Change:
    """The document to alter, freshly read under the lock.

    pictures: to be written before the document.  come, gone: names that items refer to from now, or no longer.
    """

    document: dict[str, Any]
    pictures: dict[str, bytes] = field(default_factory=dict)
    come: set[str] = field(default_factory=set)
    _released: set[str] = field(default_factory=set)

    @property
    def items(self) -> list[dict]:
        """The document's items."""
        return self.document["items"]

    @property
    def gone(self) -> set[str]:
        """Names of pictures that no item refers to any more."""
        return self._released - picture_names(self.items) if self._released else set()

    def append(self, prepared: Iterable[Prepared]) -> None:
        """Add new items at the end; ``StoreError`` if an id is taken."""
        present = {item["id"] for item in self.items}
        for item, pictures in prepared:
            if item["id"] in present:
                raise StoreError(f"There is already an item with id {item['id']!r}; leave the id out to get a new one.")
            present.add(item["id"])
            self.items.append(item)
            self.pictures.update(pictures)
            self.come |= picture_names([item])

    def edit(self, edits: Mapping[str, Mapping], source: str | Mapping | None) -> None:
        """Set the fields ``{id: {field: value}}``, and note ``source`` for each of them if there is one."""
        for item in self.items:
            fields = edits.get(item["id"])
            if fields:
                self.edit_one(item, fields, source)

    def edit_one(self, item: dict, fields: Mapping, source: str | Mapping | None) -> None:
        """Set ``fields`` of one of the document's items, and note ``source`` for each of them if there is one."""
        before = {**item}
        self._released |= picture_names([{name: item.get(name) for name in fields}])
        item.update(fields)
        if source:
            item["source"] = {**(item.get("source") or {}), **dict.fromkeys(fields, source)}
        if isinstance(kept := item.get(UNREADABLE), dict):
            item[UNREADABLE] = {name: value for name, value in kept.items() if name not in fields}
        if item != before:
            item["changed"] = now()

    def drop(self, item_ids: Iterable[str]) -> list[dict]:
        """Take out items and return them; unknown ids are passed over."""
        unwanted = {str(item_id) for item_id in item_ids}
        dropped = [item for item in self.items if item["id"] in unwanted]
        self.document["items"] = [item for item in self.items if item["id"] not in unwanted]
        self._released |= picture_names(dropped)
        return dropped


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def prepare(
    item: Mapping, cutout: np.ndarray | None = None, photo: bytes | None = None, added: str | None = None
) -> Prepared:
    """Return a new item with id, time (``added``, else now), picture names, and its pictures, for ``Change.append``."""
    pictures = encode_pictures(cutout, photo)
    own = {
        "id": str(item.get("id") or uuid.uuid4().hex[:12]),
        "added": item.get("added") or added or now(),
        **{field: name for field, (name, _) in pictures.items()},
    }
    return _checked(new_item, {**item, **own}), dict(pictures.values())


def edit_of(fields: Mapping) -> dict[str, Any]:
    """Return ``fields`` made sound, without the id, which never changes."""
    return _checked(sound, {name: value for name, value in fields.items() if name != "id"})


def find(items: Iterable[dict], item_id: str) -> dict:
    """Return the item with ``item_id``; ``StoreError`` if there is none."""
    for item in items:
        if item["id"] == str(item_id):
            return item
    raise StoreError(f"There is no item with id {item_id!r}; it may have been removed in another window.")


def _checked(make: Callable[[Mapping], dict], fields: Mapping) -> dict[str, Any]:
    try:
        return make(fields)
    except (TypeError, ValueError) as error:
        raise StoreError(f"The item was not saved: {error}") from error
