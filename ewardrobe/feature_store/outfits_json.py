"""The content of ``outfits.json``: read strictly, with errors that name the place; unknown fields are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ewardrobe.feature_store.document import broken, read_json, version_of
from ewardrobe.wardrobe.fields import DAY, IsoDate

VERSION = 1


Name = Annotated[str, Field(min_length=1, description="text")]
Ids = Annotated[list[Name], Field(description="a list of ids")]
Day = Annotated[IsoDate, Field(description=DAY.expected)]
Text = Annotated[str | None, Field(description="text or nothing")]
Place = Annotated[list[float], Field(min_length=4, max_length=4)]


class _Entry(BaseModel):
    """A description completes the sentence "expected …" of an error message."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class OutfitEntry(_Entry):
    """A saved outfit.  layout: left, top, width and depth of each item, as it was laid by hand."""

    id: Name
    name: Name
    items: Ids
    layout: Annotated[dict[str, Place], Field(description="four numbers for each item")] = {}
    created: Text = None


class PlanEntry(_Entry):
    """What is planned for a day.  outfit: the id of the saved one."""

    date: Day
    items: Ids
    outfit: Text = None


class RatingEntry(_Entry):
    """What the owner thinks of an outfit.  terms: the recommender's, as they were then."""

    items: Ids
    liked: Annotated[bool, Field(description="true or false")]
    terms: Annotated[dict[str, float], Field(description="numbers by their names")]
    date: Text = None


class OutfitLists(_Entry):
    """The three lists of the document."""

    outfits: list[OutfitEntry] = []
    planned: list[PlanEntry] = []
    feedback: list[RatingEntry] = []


_ENTRIES: dict[str, type[_Entry]] = {"outfits": OutfitEntry, "planned": PlanEntry, "feedback": RatingEntry}


def empty_document() -> dict[str, Any]:
    """Return the document of a wardrobe without outfits."""
    return {"format": "eWardrobe outfits", "version": VERSION, "outfits": [], "planned": [], "feedback": []}


def parse(raw: bytes, path: Path) -> dict[str, Any]:
    """Return the document in ``raw``; ``StoreError`` with file, line and column if it is broken."""
    return check(read_json(raw, path), path)


def dump(document: Mapping[str, Any]) -> bytes:
    """Return the document as UTF-8 JSON with its counter near the start, where the copies' order is read."""
    head = {name: document[name] for name in ("format", "version", "revision") if name in document}
    return (json.dumps({**head, **document}, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


def check(document: Any, path: Path) -> dict[str, Any]:
    """Return ``document`` if it is one of outfits, its three lists there, each outfit with an id of its own.

    ``StoreError`` names the faulty entry.
    """
    if not isinstance(document, dict):
        raise broken(path, 'expected an object with a list "outfits"')
    version_of(document, VERSION, VERSION, path)
    try:
        OutfitLists.model_validate(document)
    except ValidationError as error:
        raise broken(path, _told(error.errors(include_url=False)[0]["loc"])) from error
    for name in _ENTRIES:
        document.setdefault(name, [])
    seen: set[str] = set()
    for number, outfit in enumerate(document["outfits"], 1):
        outfit.setdefault("layout", {})
        if outfit["id"] in seen:
            outfit["id"] = f"{outfit['id']}-{number}"
        seen.add(outfit["id"])
    return document


def _told(place: tuple[int | str, ...]) -> str:
    """Return what is wrong at the ``place`` that pydantic names: list, number of the entry, field, part of it."""
    if len(place) == 1:
        return f'"{place[0]}" is no list'
    entry = f'entry {int(place[1]) + 1} of "{place[0]}"'
    if len(place) == 2:
        return f"{entry} is no object"
    return f'{entry}: "{place[2]}" must be {_ENTRIES[str(place[0])].model_fields[str(place[2])].description}'
