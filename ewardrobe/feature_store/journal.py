"""The journal of changes, and how one of them is taken back without touching what others did since.

``journal.jsonl`` has a line for each change, with the values before and after.  It is a convenience, not the truth: a
crash between the wardrobe and the journal costs the undo of one change, nothing else.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ewardrobe.core import atomic
from ewardrobe.feature_store.change import Change, now
from ewardrobe.feature_store.wardrobe_json import dump_item
from ewardrobe.wardrobe.item import KIND_FIELDS
from ewardrobe.wardrobe.naming import called

FILE = "journal.jsonl"
KEEP_CHANGES = 100
KEEP_BYTES = 4_000_000
"""Beyond this size the journal is cut back to the newest changes, at least one."""

Path_ = tuple[str, ...]
"""Where in an item a value stands: ``("brand",)``, ``("source", "brand")``, ``("wear_log", date, outfit)``."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JournalEntry:
    """One change.

    time: ISO 8601, UTC.  what: in words.  edits: ``{item id: [(path, before, after)]}``, a value in a list of one, or
    an empty list where there was none.  added: items' ids.  removed: places and items.  undoes: id of the change that
    this one took back.
    """

    id: str
    time: str
    what: str
    edits: dict[str, list[tuple[Path_, list, list]]] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: list[tuple[int, dict]] = field(default_factory=list)
    undoes: str | None = None

    @property
    def item_ids(self) -> set[str]:
        """Ids of all items that the change touched."""
        return {*self.edits, *self.added, *(item["id"] for _, item in self.removed)}


_ENTRY = TypeAdapter(JournalEntry)
_NO_ENTRY = b'{"id":"","time":"","what":""}'


@dataclass(frozen=True)
class UndoReport:
    """What came of ``undo``: the change in words, items set back, and items left as others have made them since."""

    what: str
    items: int
    kept: int

    def __str__(self) -> str:
        some = f"; {self.kept} changed since and left as {'it is' if self.kept == 1 else 'they are'}"
        return self.what + (some if self.kept else "")


def append(home: Path, change: Change) -> None:
    """Note a change that is on disk; errors are logged, since the change itself stands."""
    if change.what == "":
        return
    entry = entry_of(change)
    line = b"\n" + dump_item(entry.__dict__)  # newline first: what a killed writer left broken spoils no other line
    path = home / FILE
    try:
        if path.exists() and path.stat().st_size + len(line) > KEEP_BYTES:
            atomic.remove_leftovers(home, f"{path.name}.")
            kept = _newest(path.read_bytes().split(b"\n"), len(line))
            atomic.write_bytes(path, b"\n".join(kept) + line, durable=False)
        else:
            with open(path, "ab", opener=atomic.private_opener) as file:
                file.write(line)
    except OSError as error:
        _log.warning("The wardrobe is saved, but this change cannot be undone: %s", error)


def entry_of(change: Change) -> JournalEntry:
    """Return the journal's entry of ``change``."""
    present = {item["id"]: item for item in change.items if item["id"] in change.before}
    edits, added, removed = {}, [], []
    for item_id, before in change.before.items():
        if before is None:
            added += [item_id] if item_id in present else []
        elif item_id not in present:
            removed.append(before)
        elif found := differences(before[1], present[item_id]):
            edits[item_id] = found
    entry = JournalEntry(uuid.uuid4().hex[:12], now(), change.what or "", edits, added, removed, change.undoes)
    return entry if entry.undoes else replace(entry, what=_in_words(entry, present))


def differences(before: Mapping, after: Mapping) -> list[tuple[Path_, list, list]]:
    """Return ``(path, before, after)`` of every value that differs; the time of the change is none."""
    old, new = _flat(before), _flat(after)
    return [
        (path, [old[path]] if path in old else [], [new[path]] if path in new else [])
        for path in {**old, **new}
        if (path in old) != (path in new) or old.get(path) != new.get(path)
    ]


def _flat(item: Mapping) -> dict[Path_, Any]:
    """Return ``{path: value}``: taken apart where several sessions may edit parts, together what belongs together."""
    values: dict[Path_, Any] = {("category",): [item.get(name) for name in KIND_FIELDS]}
    for name, value in item.items():
        if name == "source" and isinstance(value, Mapping):
            values |= {(name, part): source for part, source in value.items()}
        elif name == "wear_log" and isinstance(value, list):
            for wear in value:
                path: Path_ = (name, wear["date"], wear.get("outfit") or "")
                while path in values:
                    path = (*path, "again")
                values[path] = wear
        elif name not in ("changed", *KIND_FIELDS):
            values[(name,)] = value
    return values


def _in_words(entry: JournalEntry, present: Mapping[str, Mapping]) -> str:
    """Return a change in words: "added 3 items", "edited brand: jeans", "washed: 2 items"."""
    items = {**present, **{item["id"]: item for _, item in entry.removed}}
    if entry.what:
        return f"{entry.what}: {_counted(entry.item_ids, items)}" if entry.item_ids else entry.what
    parts = [f"added {_counted(entry.added, items)}"] if entry.added else []
    if entry.removed:
        parts.append(f"removed {_counted([item['id'] for _, item in entry.removed], items)}")
    if entry.edits:
        names = dict.fromkeys(path[0] for edits in entry.edits.values() for path, _, _ in edits if path[0] != "source")
        shown = [name.replace("_", " ") for name in names]
        fields = " and ".join(shown) if len(shown) <= 2 else f"{len(shown)} fields"
        parts.append(f"edited {fields or 'sources'}: {_counted(entry.edits, items)}")
    return ", ".join(parts) or "changed the wardrobe"


def _counted(ids: Collection[str], items: Mapping[str, Mapping]) -> str:
    return f"{len(ids)} items" if len(ids) != 1 else _name(items.get(next(iter(ids))))


def _name(item: Mapping | None) -> str:
    return called(item) if item else "1 item"


def _newest(lines: list[bytes], taken: int) -> list[bytes]:
    """Return those of the newest ``lines`` that fit into half of ``KEEP_BYTES`` after ``taken`` bytes."""
    kept: list[bytes] = []
    for line in reversed(lines[-KEEP_CHANGES:]):
        taken += len(line)
        if taken > KEEP_BYTES // 2:
            break
        kept.append(line)
    return kept[::-1]


def entries(home: Path) -> list[JournalEntry]:
    """Return the changes of the journal, oldest first; broken lines are passed over."""
    try:
        lines = (home / FILE).read_bytes().splitlines()
    except OSError:
        return []
    found = []
    for line in lines[-KEEP_CHANGES:]:
        with suppress(ValidationError):
            found.append(_ENTRY.validate_json(line))
    return found


def broken_lines(home: Path) -> list[bytes]:
    """Return the lines of the journal that are no changes, as a power cut may leave them."""
    broken = []
    with suppress(FileNotFoundError):
        for line in (home / FILE).read_bytes().split(b"\n"):
            try:
                _ENTRY.validate_json(line or _NO_ENTRY)
            except ValidationError:
                broken.append(line)
    return broken


def drop_lines(home: Path, broken: Collection[bytes]) -> None:
    """Write the journal anew without ``broken`` lines; under the wardrobe's lock only."""
    kept = [line for line in (home / FILE).read_bytes().split(b"\n") if line not in broken]
    atomic.write_bytes(home / FILE, b"\n".join(kept), durable=False)


def standing(all_entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Return the entries that were not taken back, oldest first."""
    taken_back: set[str] = set()
    kept = []
    for entry in reversed(list(all_entries)):
        if entry.id not in taken_back:
            kept.append(entry)
            taken_back |= {entry.undoes} if entry.undoes else set()
    return kept[::-1]


def changes(all_entries: Iterable[JournalEntry]) -> list[JournalEntry]:
    """Return the entries that stand and are no undo, newest first."""
    return [entry for entry in reversed(standing(all_entries)) if not entry.undoes]


def last_undo(all_entries: list[JournalEntry]) -> JournalEntry | None:
    """Return the newest undo that stands, if no change came after it: what ``redo`` takes back."""
    by_id = {entry.id: entry for entry in all_entries}
    for entry in reversed(standing(all_entries)):
        if not entry.undoes:
            return None
        target = by_id.get(entry.undoes)
        if target is not None and not target.undoes:
            return entry
    return None


def revert(change: Change, entry: JournalEntry, all_entries: list[JournalEntry]) -> UndoReport:
    """Take ``entry`` back in ``change``; what standing entries after it have edited stays as it is."""
    stands = standing(all_entries)
    later = stands[[other.id for other in stands].index(entry.id) + 1 :]
    since = {item_id for other in later for item_id in other.edits if not other.undoes}
    kept = _edit_back(change, entry) | _insert_back(change, entry) | (since & set(entry.added))
    change.drop(set(entry.added) - since)
    change.undoes = entry.id
    return UndoReport(entry.what, len(entry.item_ids - kept), len(kept))


def _edit_back(change: Change, entry: JournalEntry) -> set[str]:
    """Set edited values back; returns the ids of items of which something is another by now."""
    places = {item["id"]: place for place, item in enumerate(change.items)}
    kept = entry.edits.keys() - places.keys()
    for item_id in entry.edits.keys() & places.keys():
        item = dict(change.items[places[item_id]])
        done = [_set_back(item, *values) for values in entry.edits[item_id]]
        kept |= set() if all(done) else {item_id}
        change.replace(places[item_id], item)
    return kept


def _insert_back(change: Change, entry: JournalEntry) -> set[str]:
    """Put removed items back in their places; returns the ids of those that are there already."""
    present = {item["id"] for item in change.items}
    for place, item in sorted(entry.removed, key=lambda pair: pair[0]):
        if item["id"] not in present:
            change.insert(min(place, len(change.items)), item)
    return present & {item["id"] for _, item in entry.removed}


def set_back(item: Mapping, edits: Iterable[tuple[Path_, list, list]]) -> dict | None:
    """Return ``item`` as it was before ``edits``; ``None`` if one of the values is another by now."""
    item = dict(item)
    return item if all(_set_back(item, *values) for values in edits) else None


def _set_back(item: dict, path: Path_, before: list, after: list) -> bool:
    """Set the value at ``path`` from ``after`` back to ``before``; ``False`` if it is another one by now."""
    if path == ("wears_since_wash",):  # a count: others may have gone on counting
        count = (item.get(path[0]) or 0) + (before or [0])[0] - (after or [0])[0]
        item[path[0]] = max(0, count)
        return True
    present = _flat(item)
    if ([present[path]] if path in present else []) != after:
        return False
    _put(item, path, before)
    return True


def _put(item: dict, path: Path_, value: list) -> None:
    name = path[0]
    if path == ("category",):
        item.update(zip(KIND_FIELDS, value[0], strict=True))
    elif name == "wear_log" and len(path) > 1:
        others = [wear for other, wear in _flat(item).items() if other[0] == name and other != path]
        item[name] = sorted(others + value, key=lambda wear: wear["date"])
    elif name == "source" and len(path) > 1:
        rest = {part: source for part, source in item[name].items() if part != path[1]}
        item[name] = rest | dict.fromkeys(path[1:], *value) if value else rest
    elif value:
        item[name] = value[0]
    else:
        item.pop(name, None)
