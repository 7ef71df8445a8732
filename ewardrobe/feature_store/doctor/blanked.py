"""Fields that were emptied though nobody emptied them: an item's page once saved a form that had come back blank.

All of it was saved at the next click: several edits of one item, each of one field, faster than a hand.  By that the
journal tells them from what an owner clears, one field after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ewardrobe.feature_store import journal
from ewardrobe.feature_store.doctor.finding import Finding
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.journal import JournalEntry
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.fields import FIELD
from ewardrobe.wardrobe.item import KIND_FIELDS, kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS

AT_ONCE = timedelta(seconds=1)
"""At most, between two edits of one click on a busy machine; a hand needs longer for two fields."""

BLANK: tuple[list, ...] = ([], [None], [""], [[]], [False])
"""What a widget shows of its own accord, as the journal notes it."""

FIRST_KIND = [[kind_fields(KINDS[0])[name] for name in KIND_FIELDS]]
"""The same of the category, which cannot be empty."""


@dataclass(frozen=True)
class Blanked:
    """The edits that emptied fields of one item at once, oldest first."""

    item_id: str
    entries: list[JournalEntry]

    @property
    def fields(self) -> list[str]:
        """The fields, as they are called in the app."""
        labels = (_label(_paths(entry, self.item_id)[0]) for entry in self.entries)
        return [label for label in labels if label]


def check(store: FeatureStore) -> Iterator[Finding]:
    """Yield what was emptied of each garment and still is."""
    items = _items(store)
    for found in _blanked(store, items):
        what = ", ".join(found.fields)
        name = items[found.item_id].get("type") or "a garment"
        when = datetime.fromisoformat(found.entries[0].time).astimezone().strftime("%d %B %Y, %H:%M:%S")
        told = f"{name} ({found.item_id}): {what} were emptied at once on {when}, which nobody entered."
        yield Finding(told, (found.item_id,), "they hold again what they did; Undo in the app takes that back")


def mend(store: FeatureStore) -> list[str]:
    """Take back exactly these edits, where nothing has changed the field since."""
    done = []
    for found in _blanked(store, _items(store)):
        with store._change("emptied fields filled again") as change:
            places = {item["id"]: place for place, item in enumerate(change.items)}
            for entry in reversed(found.entries):
                place = places[found.item_id]
                whole = journal.set_back(change.items[place], entry.edits[found.item_id])
                if whole is not None:
                    change.replace(place, whole)
        done.append(f"filled again: {', '.join(found.fields)} of {found.item_id}")
    return done


def _items(store: FeatureStore) -> Mapping[str, dict]:
    try:
        return {item["id"]: item for item in store._snapshot().items}
    except StoreError:  # told of by the check of the document
        return {}


def _blanked(store: FeatureStore, items: Mapping[str, dict]) -> Iterator[Blanked]:
    """Yield two or more edits at once, of those that nothing has changed since."""
    by_item: dict[str, list[JournalEntry]] = {}
    for entry in journal.standing(journal.entries(store.home)):
        for item_id in entry.edits.keys() & items.keys():
            by_item.setdefault(item_id, []).append(entry)
    for item_id, entries in by_item.items():
        for group in _at_once([entry for entry in entries if _empties(entry, item_id)]):
            if left := _still(items[item_id], item_id, group):
                yield Blanked(item_id, left)


def _at_once(entries: list[JournalEntry]) -> Iterator[list[JournalEntry]]:
    group: list[JournalEntry] = []
    for entry in entries:
        if group and abs(_time(entry) - _time(group[-1])) > AT_ONCE:
            if len(group) > 1:
                yield group
            group = []
        group.append(entry)
    if len(group) > 1:
        yield group


def _still(item: Mapping, item_id: str, entries: list[JournalEntry]) -> list[JournalEntry]:
    return [entry for entry in entries if journal.set_back(item, entry.edits[item_id]) is not None]


def _empties(entry: JournalEntry, item_id: str) -> bool:
    """Tell whether an entry empties one field of this item, and does nothing else."""
    alone = len(entry.edits) == 1 and not (entry.added or entry.removed or entry.undoes)
    paths = _paths(entry, item_id) if alone else []
    if len(paths) != 1 or _label(paths[0]) is None:
        return False
    before, after = next((b, a) for path, b, a in entry.edits[item_id] if path == paths[0])
    return before not in BLANK and (after in BLANK or after == FIRST_KIND)


def _paths(entry: JournalEntry, item_id: str) -> list[tuple[str, ...]]:
    return [path for path, _, _ in entry.edits[item_id] if path[0] != "source"]


def _label(path: tuple[str, ...]) -> str | None:
    field = FIELD.get("kind" if path[0] == "category" else path[0])
    return field.label if field and field.form else None


def _time(entry: JournalEntry) -> datetime:
    return datetime.fromisoformat(entry.time)
