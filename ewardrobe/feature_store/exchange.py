"""Items from elsewhere against those of the wardrobe: what is new, changed or the same, and taking them over.

Backups (``backup_zip``) and tables (``csv_table``) share this: the preview is a list of ``Difference``, the owner
chooses what to do with items that differ, and all is written at once, to be taken back by one undo.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ewardrobe.feature_store.change import Change, edited
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.pictures import IMAGE_FIELDS
from ewardrobe.wardrobe.item import FIELDS, new_id, view
from ewardrobe.wardrobe.naming import called

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore

Choice = Literal["theirs", "mine", "newer", "both"]
CHOICES: tuple[Choice, ...] = ("theirs", "mine", "newer", "both")
"""What to do with an item that differs: take what comes, keep what is there, the one changed later, or keep both."""

PASSED_OVER = ("id", "added", "changed")
"""Fields that make no difference between two items."""

Progress = Callable[[int, int], None]
"""Called with the number of pictures done and of all."""


@dataclass(frozen=True)
class Difference:
    """One incoming item against the wardrobe's item with the same id.

    status: "new", "changed" or "same".  item: the incoming item, whole.  fields: ``{field: (mine, theirs)}`` of what
    differs.  newer: whether theirs was changed later.
    """

    id: str
    status: str
    item: dict[str, Any]
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    newer: bool = True

    @property
    def name(self) -> str:
        """What the item is called, for the preview."""
        return called(self.item)

    @property
    def words(self) -> str:
        """What differs, field by field, for the preview."""
        told = {name: values for name, values in self.fields.items() if name != "source"}
        return ", ".join(
            f"{name.replace('_', ' ')}: {_shown(name, mine)} → {_shown(name, theirs)}"
            for name, (mine, theirs) in told.items()
        )


@dataclass
class ImportReport:
    """What was taken over: numbers of items, and what could not be."""

    added: int = 0
    changed: int = 0
    kept: int = 0
    removed: int = 0
    outfits: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = {"added": self.added, "changed": self.changed, "left as they were": self.kept, "removed": self.removed}
        parts["entries of outfits"] = self.outfits
        return ", ".join(f"{count} {what}" for what, count in parts.items() if count) or "nothing to do"


def compare(mine: Iterable[Mapping], theirs: Iterable[Mapping]) -> list[Difference]:
    """Return the difference of each of ``theirs``, in their order."""
    present = {item["id"]: item for item in mine}
    return [_difference(present.get(item["id"]), dict(item)) for item in theirs]


def counts(differences: Iterable[Difference]) -> dict[str, int]:
    """Return the numbers of "new", "changed" and "same"."""
    found = Counter(difference.status for difference in differences)
    return {status: found[status] for status in ("new", "changed", "same")}


def take_over(
    store: FeatureStore,
    differences: Iterable[Difference],
    choose: Choice = "theirs",
    *,
    remove_others: bool = False,
    what: str = "imported",
) -> ImportReport:
    """Take over ``differences`` in one write; pictures must be there already.

    choose: for items that differ.  Fields that others changed since the preview and that did not differ then are left
    alone.  remove_others: take out what is not among them.
    """
    result, wanted = ImportReport(), list(differences)
    with store._change(what) as change:
        places = {item["id"]: place for place, item in enumerate(change.items)}
        for difference in wanted:
            _take_one(change, places.get(difference.id), difference, choose, result)
        if remove_others:
            result.removed = len(change.drop(places.keys() - {difference.id for difference in wanted}))
    return result


def _difference(mine: Mapping | None, theirs: dict[str, Any]) -> Difference:
    if mine is None:
        return Difference(theirs["id"], "new", theirs)
    before, after = view(mine), view(theirs)
    names = [name for name in {**before, **after} if name not in PASSED_OVER]
    fields = {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}
    newer = _time(after) >= _time(before)
    return Difference(theirs["id"], "changed" if fields else "same", theirs, fields, newer)


def is_taken(difference: Difference, choose: Choice) -> bool:
    """Tell whether anything of an incoming item is taken over."""
    if choose not in CHOICES:
        raise StoreError(f"unknown choice {choose!r}: expected one of {', '.join(CHOICES)}.")
    return difference.status == "new" or not (choose == "mine" or (choose == "newer" and not difference.newer))


def _time(item: Mapping) -> str:
    return str(item.get("changed") or item.get("added") or "")


def _take_one(change: Change, place: int | None, difference: Difference, choose: Choice, result: ImportReport) -> None:
    if place is None:
        change.insert(len(change.items), difference.item)
        result.added += 1
        return
    if difference.status != "changed" or not is_taken(difference, choose):
        result.kept += 1
    elif choose == "both":
        change.insert(len(change.items), {**difference.item, "id": new_id()})
        result.added += 1
    else:
        item = change.items[place]
        change.replace(place, edited(item, _fields_of(difference, item)))
        result.changed += 1


def _fields_of(difference: Difference, item: Mapping) -> dict[str, Any]:
    """Return the fields to set: those that differed at the preview; what others changed since is left alone."""
    fields = {name: theirs for name, (_, theirs) in difference.fields.items()}
    if "source" in fields:
        before, after = (sources or {} for sources in difference.fields["source"])
        kept = {
            name: source for name, source in (item.get("source") or {}).items() if name in after or name not in before
        }
        fields["source"] = kept | {name: source for name, source in after.items() if before.get(name) != source}
    return fields


def _shown(name: str, value: Any) -> str:
    """Return the value of a field as the preview shows it, in few words.

    >>> _shown("tags", ["work", "summer"]), _shown("favourite", True), _shown("image", "garment-0123.png")
    ('work, summer', 'yes', 'picture')
    """
    if value is None or value == "" or value == []:
        return "–"
    if name in IMAGE_FIELDS:
        return "picture"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "wear_log":
        return f"{len(value)} wears"
    if isinstance(value, list):
        return ", ".join(str(part.get("name", part)) if isinstance(part, Mapping) else str(part) for part in value)
    return str(value) if name in FIELDS and not isinstance(value, Mapping) else "other value"
