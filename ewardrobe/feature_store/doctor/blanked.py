"""Fields that were emptied though nobody emptied them: an item's page once saved a form that had come back blank.

All of it was saved at one click, as several edits of one field each, faster than a hand: so the journal tells them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ewardrobe.feature_store import journal
from ewardrobe.feature_store.doctor.finding import Finding
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.journal import JournalEntry
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.fields import FIELD
from ewardrobe.wardrobe.item import KIND_FIELDS, kind_fields
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.vocabulary import KINDS

AT_ONCE = timedelta(seconds=1)
"""At most, between two edits of one click on a busy machine; a hand needs longer for two fields."""

BLANK: tuple[list, ...] = ([], [None], [""], [[]], [False])
"""What a widget shows of its own accord, as the journal notes it."""

FIRST_KIND = [[kind_fields(KINDS[0])[name] for name in KIND_FIELDS]]
"""The same of the category, which cannot be empty."""


def check(store: FeatureStore) -> Iterator[Finding]:
    """Yield what was emptied of each garment and still is."""
    for item, entries in _emptied(store):
        when = _time(entries[0]).astimezone().strftime("%d %B %Y, %H:%M:%S")
        name = f"{called(item)} ({item['id']})"
        told = f"{name}: {_fields(item, entries)} were emptied at once on {when}, which nobody entered."
        yield Finding(told, "they hold again what they did; Undo in the app takes that back")


def mend(store: FeatureStore) -> list[str]:
    """Take back exactly these edits, where nothing has changed the field since."""
    done = []
    for item, entries in _emptied(store):
        with store._change("emptied fields filled again") as change:
            place = [one["id"] for one in change.items].index(item["id"])
            for entry in reversed(entries):
                whole = journal.set_back(change.items[place], entry.edits[item["id"]])
                if whole is not None:
                    change.replace(place, whole)
        done.append(f"filled again: {_fields(item, entries)} of {item['id']}")
    return done


def _emptied(store: FeatureStore) -> Iterator[tuple[dict, list[JournalEntry]]]:
    """Yield items with two or more edits that emptied fields at once, oldest first: those not changed since."""
    try:
        items = store._snapshot().items
    except StoreError:  # told of by the check of the document
        return
    standing = journal.standing(journal.entries(store.home))
    edited = {item_id for entry in standing for item_id in entry.edits}
    for item in (item for item in items if item["id"] in edited):
        for group in _at_once([entry for entry in standing if _empties(entry, item["id"])]):
            if left := [entry for entry in group if journal.set_back(item, entry.edits[item["id"]]) is not None]:
                yield item, left


def _at_once(entries: list[JournalEntry]) -> list[list[JournalEntry]]:
    groups: list[list[JournalEntry]] = []
    for entry in entries:
        if groups and abs(_time(entry) - _time(groups[-1][-1])) <= AT_ONCE:
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return [group for group in groups if len(group) > 1]


def _empties(entry: JournalEntry, item_id: str) -> bool:
    """Tell whether an entry empties one field of this item, and does nothing else."""
    alone = [*entry.edits] == [item_id] and not (entry.added or entry.removed or entry.undoes)
    paths = _paths(entry, item_id) if alone else []
    if len(paths) != 1 or _label(paths[0]) is None:
        return False
    before, after = next((b, a) for path, b, a in entry.edits[item_id] if path == paths[0])
    return before not in BLANK and (after in BLANK or after == FIRST_KIND)


def _fields(item: Mapping, entries: list[JournalEntry]) -> str:
    return ", ".join(filter(None, (_label(_paths(entry, item["id"])[0]) for entry in entries)))


def _paths(entry: JournalEntry, item_id: str) -> list[tuple[str, ...]]:
    return [path for path, _, _ in entry.edits[item_id] if path[0] != "source"]


def _label(path: tuple[str, ...]) -> str | None:
    field = FIELD.get("kind" if path[0] == "category" else path[0])
    return field.label if field and field.form else None


def _time(entry: JournalEntry) -> datetime:
    return datetime.fromisoformat(entry.time)
