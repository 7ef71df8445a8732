"""A change of the wardrobe under way, and the items that go into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.pictures import encode_pictures, picture_names
from ewardrobe.wardrobe.fields import UNREADABLE
from ewardrobe.wardrobe.item import new_id, new_item, sound

Prepared = tuple[dict, dict[str, bytes]]
"""A new item and its pictures ``{file name: content}``."""


@dataclass
class Change:
    """The document to alter, freshly read under the lock.  Its items are shared: they are replaced, never altered.

    what: the change in words.  pictures: to be written before the document.  come, gone: names that items refer to
    from now, or no longer.  before: ``(place, item)`` as it was, by id, of every item that is new (``None``), edited or
    dropped.  rewrite: write the file even if no item was changed.
    """

    document: dict[str, Any]
    what: str | None = None
    undoes: str | None = None
    rewrite: bool = False
    pictures: dict[str, bytes] = field(default_factory=dict)
    come: set[str] = field(default_factory=set)
    before: dict[str, tuple[int, dict] | None] = field(default_factory=dict)
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
            self.insert(len(self.items), item)
            self.pictures.update(pictures)

    def insert(self, place: int, item: dict) -> None:
        """Put an item that is not there into its ``place``."""
        self.before.setdefault(item["id"], None)
        self.items.insert(place, item)
        self.come |= picture_names([item])

    def edit(self, edits: Mapping[str, Mapping]) -> None:
        """Set the fields ``{id: {field: value}}``."""
        for place, item in enumerate(self.items):
            fields = edits.get(item["id"])
            if fields:
                self.replace(place, edited(item, fields))

    def replace(self, place: int, item: dict) -> None:
        """Put ``item`` in the place of the one with its id; nothing happens if they are the same."""
        old = self.items[place]
        if item != old:
            self.before.setdefault(old["id"], (place, old))
            self.items[place] = item | {"changed": now()}
            self._released |= picture_names([old])
            self.come |= picture_names([item])

    def drop(self, item_ids: Iterable[str]) -> list[dict]:
        """Take out items and return them; unknown ids are passed over."""
        unwanted = {str(item_id) for item_id in item_ids}
        dropped = [(place, item) for place, item in enumerate(self.items) if item["id"] in unwanted]
        if not dropped:
            return []
        self.document["items"] = [item for item in self.items if item["id"] not in unwanted]
        for place, item in dropped:
            self.before.setdefault(item["id"], (place, item))
        self._released |= picture_names(item for _, item in dropped)
        return [item for _, item in dropped]


def edited(item: Mapping, fields: Mapping, source: str | Mapping | None = None) -> dict[str, Any]:
    """Return ``item`` with ``fields`` set, each with its ``source``, and no longer unreadable."""
    item = {**item, **fields}
    if source:
        item["source"] = {**(item.get("source") or {}), **dict.fromkeys(fields, source)}
    if isinstance(kept := item.get(UNREADABLE), dict) and UNREADABLE not in fields:
        item[UNREADABLE] = {name: value for name, value in kept.items() if name not in fields}
    return item


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def prepare(
    item: Mapping, cutout: np.ndarray | None = None, photo: bytes | None = None, added: str | None = None
) -> Prepared:
    """Return a new item with id, time (``added``, else now), picture names, and its pictures, for ``Change.append``.

    cutout: RGBA uint8 (h, w, 4) or ``None``; photo: the original file's bytes.  Raises ``StoreError``.
    """
    pictures = encode_pictures(cutout, photo)
    own = {
        "id": str(item.get("id") or new_id()),
        "added": item.get("added") or added or now(),
        **{field: name for field, (name, _) in pictures.items()},
    }
    return _checked(new_item, {**item, **own}), dict(pictures.values())


def edit_of(fields: Mapping) -> dict[str, Any]:
    """Return ``fields`` made sound, without the id, which never changes."""
    return _checked(sound, {name: value for name, value in fields.items() if name != "id"})


def find(entries: Iterable[dict], entry_id: str, what: str = "item") -> dict:
    """Return the item, or other entry, with ``entry_id``; ``StoreError`` if there is none."""
    for entry in entries:
        if entry["id"] == str(entry_id):
            return entry
    raise StoreError(f"There is no {what} with id {entry_id!r}; it may have been removed in another window.")


def _checked(make: Callable[[Mapping], dict], fields: Mapping) -> dict[str, Any]:
    try:
        return make(fields)
    except (TypeError, ValueError) as error:
        raise StoreError(f"The item was not saved: {error}") from error
