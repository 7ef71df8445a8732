"""The wardrobe as a table: CSV out, and CSV of any program in, with a message for each faulty row."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ewardrobe.feature_store import exchange
from ewardrobe.feature_store.change import edit_of, edited, prepare
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.exchange import Choice, Difference, ImportReport
from ewardrobe.wardrobe.cells import COLUMNS, HEADINGS, READ_ONLY, cell_of, value_of
from ewardrobe.wardrobe.fields import STORED
from ewardrobe.wardrobe.item import view
from ewardrobe.wardrobe.sources import USER

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore

MAX_BYTES = 50_000_000


@dataclass
class Table:
    """A CSV that was read: what its good rows would change, and what is wrong with the rest.

    problems: faulty rows, which are left out, and faulty cells, each with the line of the file.  ignored: columns that
    are no field of an item, each with the one that may have been meant.
    """

    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ignored: dict[str, str | None] = field(default_factory=dict)

    @property
    def remarks(self) -> list[str]:
        """All that is not taken over, in words."""
        columns = (
            f"column {name!r} is not known and is left out" + (f"; did you mean {meant!r}?" if meant else "")
            for name, meant in self.ignored.items()
        )
        return [*columns, *self.problems]


def csv_bytes(items: Iterable[Mapping]) -> bytes:
    """Return ``items`` as CSV (UTF-8 with a mark, so that spreadsheets read it right), a row each."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell_of(item, column) for column in COLUMNS] for item in map(view, items))
    return text.getvalue().encode("utf-8-sig", "replace")


def read_csv(store: FeatureStore, data: bytes, name: str = "the file") -> Table:
    """Return what ``data`` would change; nothing is written.

    Comma, semicolon or tab; UTF-8, UTF-16 with a mark or Windows-1252.  Rows with the id of an item change its cells,
    an empty cell empties the field; all others become new items.  Raises ``StoreError`` if it is no table of clothes.
    """
    rows = _rows(data, name)
    header = next((row for _, row in rows), None)
    if header is None:
        raise StoreError(
            f"{name} is empty: expected a first line with the names of the columns, such as type,brand,price."
        )
    names = ["_".join(cell.casefold().split()) for cell in header]
    table, columns = Table(), [name if name in COLUMNS else HEADINGS.get(name) for name in names]
    known = [column for column in columns if column]
    if not set(known) - {"id"}:
        raise StoreError(
            f"{name}: none of its columns ({', '.join(header[:8])}) is known. Name them as in an exported table:"
            f" {', '.join(column for column in COLUMNS if column not in READ_ONLY)}."
        )
    if twice := sorted({column for column in known if known.count(column) > 1}):
        raise StoreError(f"{name}: two columns are {', '.join(twice)}; leave one of each.")
    for cell in (cell for cell, column in zip(header, columns, strict=True) if cell and not column):
        close = difflib.get_close_matches(cell.casefold(), [*COLUMNS, *HEADINGS], 1, 0.7)
        table.ignored[cell] = HEADINGS.get(close[0], close[0]) if close else None
    _read_rows(store, table, columns, rows)
    return table


def take_over(store: FeatureStore, table: Table, choose: Choice = "theirs") -> ImportReport:
    """Take over the good rows of ``table`` in one write; the fields that change are noted as the owner's."""
    result = exchange.take_over(store, table.differences, choose, what="imported table")
    result.problems = table.remarks
    return result


def _rows(data: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    if len(data) > MAX_BYTES:
        raise StoreError(f"{name} has {len(data) / 1e6:.0f} MB; tables of up to {MAX_BYTES // 10**6} MB are read.")
    text = _decoded(data, name)
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, [cell.strip() for cell in row]
            line = reader.line_num + 1
    except csv.Error as error:
        what = f"{name}, line {reader.line_num}: {error}. Mend that line; nothing was taken over."
        raise StoreError(what) from error


def _decoded(data: bytes, name: str) -> str:
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StoreError(f"{name} is no text: save the table as CSV (comma-separated values) first.")
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise StoreError(f"{name} is neither UTF-8 nor Windows-1252 text: save it as “CSV UTF-8”.")


def _read_rows(store: FeatureStore, table: Table, columns: list[str | None], rows: Any) -> None:
    present = {item["id"]: item for item in store.items()}
    lines: dict[str, int] = {}
    for line, row in rows:
        cells = {column: cell for column, cell in zip(columns, row, strict=False) if column}
        item_id = cells.pop("id", "")
        if len(row) > len(columns) and any(row[len(columns) :]):
            table.problems.append(f"line {line}: {len(row)} cells, but {len(columns)} columns: is a quote missing?")
        elif item_id in lines:
            table.problems.append(f"line {line}: the id {item_id!r} stands in line {lines[item_id]} too")
        else:
            lines |= {item_id: line} if item_id else {}
            _read_row(table, line, present.get(item_id), item_id, cells)


def _read_row(table: Table, line: int, mine: Mapping | None, item_id: str, cells: Mapping[str, str]) -> None:
    fields, faults = _fields(mine, cells)
    if mine is None and fields.get("slot") and not fields.get("type"):
        fields["type"] = cells["category"].casefold()  # "sneakers" says more than that they are shoes
    if mine is None and not fields.get("type"):
        faults.append("what is it? A new item needs a type or a category")
    table.problems += [f"line {line}: {fault}" for fault in faults]
    if faults:
        return
    try:
        theirs = _item(mine, item_id, fields)
    except StoreError as error:
        table.problems.append(f"line {line}: {str(error).removeprefix('The item was not saved: ')}")
        return
    table.differences += exchange.compare([mine] if mine else [], [theirs])


def _fields(mine: Mapping | None, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that differ from what the item's own row would say, and what is wrong with cells."""
    fields: dict[str, Any] = {}
    faults = []
    for column, cell in cells.items():
        before = cell_of(view(mine), column).strip() if mine else ""
        try:
            fields |= value_of(column, cell) if column not in READ_ONLY and cell != before else {}
        except ValueError as error:
            faults.append(str(error))
    return fields, faults


def _item(mine: Mapping | None, item_id: str, fields: Mapping) -> dict[str, Any]:
    if mine is not None:
        before = view(mine)
        return edited(mine, {k: value for k, value in edit_of(fields).items() if before.get(k) != value}, USER)
    source = {name: USER for name, value in fields.items() if value != STORED[name].holds.empty()}
    return prepare({**fields, "source": source, **({"id": item_id} if item_id else {})})[0]
