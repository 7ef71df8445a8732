"""The content of ``outfits.json``: read strictly, with errors that name the place; unknown fields are kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from ewardrobe.feature_store.wardrobe_json import StoreError

FILE = "outfits.json"
VERSION = 1


def empty_document() -> dict[str, Any]:
    """Return the document of a wardrobe without outfits."""
    return {"format": "eWardrobe outfits", "version": VERSION, "outfits": [], "planned": [], "feedback": []}


def parse(raw: bytes, path: Path) -> dict[str, Any]:
    """Return the document in ``raw``; ``StoreError`` with file, line and column if it is broken."""
    try:
        document = json.loads(raw.decode("utf-8-sig"), parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise _broken(path, error.msg, error.lineno, error.colno) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _broken(path, str(error), 1, 1) from error
    return check(document, path)


def check(document: Any, path: Path) -> dict[str, Any]:
    """Return ``document`` if it is one of outfits, its three lists there; ``StoreError`` names the faulty entry."""
    if not isinstance(document, dict):
        raise _broken(path, 'expected an object with a list "outfits"', 1, 1)
    version = document.setdefault("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise StoreError(f"{path} has version {version!r}; this eWardrobe reads up to {VERSION}. Update eWardrobe.")
    for name, fault_of in (("outfits", _outfit_fault), ("planned", _plan_fault), ("feedback", _feedback_fault)):
        entries = document.setdefault(name, [])
        if not isinstance(entries, list):
            raise _broken(path, f'"{name}" is no list', 1, 1)
        for number, entry in enumerate(entries, 1):
            if fault := "no object" if not isinstance(entry, dict) else fault_of(entry):
                raise _broken(path, f'entry {number} of "{name}": {fault}', 1, 1)
    return document


def _outfit_fault(entry: dict) -> str | None:
    if not _is_text(entry.get("id")) or not _is_text(entry.get("name")):
        return '"id" and "name" must be text'
    layout = entry.setdefault("layout", {})
    if not isinstance(layout, dict) or not all(map(_is_place, layout.values())):
        return '"layout" must hold four numbers for each item'
    return _items_fault(entry)


def _plan_fault(entry: dict) -> str | None:
    try:
        date.fromisoformat(entry["date"])
    except (KeyError, TypeError, ValueError):
        return f'"date" must be a date such as 2026-03-31, got {entry.get("date")!r}'
    return _items_fault(entry)


def _feedback_fault(entry: dict) -> str | None:
    terms = entry.get("terms")
    if not isinstance(entry.get("liked"), bool):
        return '"liked" must be true or false'
    if not isinstance(terms, dict) or not all(isinstance(value, int | float) for value in terms.values()):
        return '"terms" must hold numbers'
    return _items_fault(entry)


def _items_fault(entry: dict) -> str | None:
    items = entry.get("items")
    return None if isinstance(items, list) and all(map(_is_text, items)) else '"items" must be a list of ids'


def _is_place(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(isinstance(part, int | float) for part in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _broken(path: Path, what: str, line: int, column: int) -> StoreError:
    message = (
        f"{path} is broken at line {line}, column {column}: {what}. It was left as it is; mend it or restore a backup."
    )
    return StoreError(message, path=path, line=line, column=column)
