"""The wardrobe as a table: CSV out, and CSV of any program in, with a message for each faulty row."""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.feature_store import exchange
from ewardrobe.feature_store.change import edit_of, edited, prepare
from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.exchange import Choice, Difference, ImportReport
from ewardrobe.wardrobe.cells import COLUMNS, FIELDS, HEADINGS, READ_ONLY, cell_of, is_total, value_of
from ewardrobe.wardrobe.fields import DAY, STORED
from ewardrobe.wardrobe.item import following, kind, view
from ewardrobe.wardrobe.reading import AmbiguousError, DayOrder, order_of
from ewardrobe.wardrobe.sources import USER
from ewardrobe.wardrobe.vocabulary import fits, kind_of, row_of, thing

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore

MAX_BYTES = 50_000_000
Orders = Mapping[str, DayOrder | None]
"""For each column of dates, which number comes first."""


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


ENCODINGS = {
    "cp1252": "Western Europe, America (Windows-1252)",
    "cp1250": "Central Europe (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "gb18030": "Chinese (GB18030)",
    "shift_jis": "Japanese (Shift-JIS)",
}
"""What a table that is not Unicode can be written in, and what it is called."""


class EncodingError(StoreError):
    """The letters of a table can be read in several ways; ``samples`` are its first such words in each encoding."""

    def __init__(self, message: str, samples: Mapping[str, str]) -> None:
        super().__init__(message)
        self.samples = dict(samples)


def read_file(path: Path) -> bytes:
    """Return the content of a table's file; ``StoreError`` says why it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}. Check the file and its permissions.") from error


def read_csv(store: FeatureStore, data: bytes, name: str = "the file", encoding: str | None = None) -> Table:
    """Return what ``data`` would change; nothing is written.

    Comma, semicolon or tab; UTF-8 or UTF-16, else ``encoding``, one of ``ENCODINGS``.  Rows with the id of an item
    change its cells, an empty cell empties the field; all others become new items.  Raises ``StoreError`` if it is no
    table of clothes, ``EncodingError`` where the encoding has to be told.
    """
    problems: list[str] = []
    rows = _rows(data, name, encoding, problems)
    header = next((row for _, row in rows), None)
    if header is None:
        raise StoreError(
            f"{name} is empty: expected a first line with the names of the columns, such as type,brand,price."
        )
    names = ["_".join(cell.casefold().split()) for cell in header]
    table, columns = Table(problems=problems), [name if name in COLUMNS else HEADINGS.get(name) for name in names]
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


def _rows(data: bytes, name: str, encoding: str | None, problems: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its first line; a line that is no row is told in ``problems`` and left out."""
    if len(data) > MAX_BYTES:
        raise StoreError(f"{name} has more than {MAX_BYTES // 10**6} MB, the limit for tables: bring a part at a time.")
    lines = list(io.StringIO(_decoded(data, name, encoding), newline=""))
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    head = "".join(lines[first : first + 1])
    if told := re.fullmatch(r'"?sep=(.)"?', head.strip(), re.IGNORECASE):  # Excel's own hint
        first, delimiter = first + 1, told[1]
    else:
        delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(MAX_BYTES)
    width = 0
    while first < len(lines):
        row, used = _row((lines[place] for place in range(first, len(lines))), delimiter, width)
        if row is None:
            problems.append(f"line {first + 1}: a quote is missing or stands where none should; the line is left out")
        elif any(cell.strip() for cell in row):
            width = width or len(row)
            yield first + 1, [cell.strip() for cell in row]
        first += used


def _row(lines: Iterator[str], delimiter: str, width: int) -> tuple[list[str] | None, int]:
    """Return the row at the start of ``lines``, ``None`` for none, and how many lines it takes.

    A quote that is closed in a later row would swallow rows: one of several lines has ``width`` cells.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        row = next(reader)
    except csv.Error:
        return None, 1
    if reader.line_num > 1 and width and len(row) != width:
        return None, 1
    return row, reader.line_num


def _decoded(data: bytes, name: str, encoding: str | None) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in data and not wide:
        raise StoreError(f"{name} is no text: save the table as CSV (comma-separated values) first.")
    for known in ("utf-16",) if wide else ("utf-8-sig",):
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(known)
    if encoding:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding)
        raise StoreError(f"{name} is not written in {ENCODINGS.get(encoding, encoding)}; choose another encoding.")
    samples = {}
    for known in ENCODINGS:
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(known)
            samples[known] = ", ".join(list(dict.fromkeys(re.findall(r"\w*[^\W\x00-\x7f]\w*", text)))[:5])
    if not samples:
        raise StoreError(f"{name} is neither UTF-8 nor any encoding that is known: save it as “CSV UTF-8”.")
    told = "; ".join(f"{known}: {words}" for known, words in samples.items())
    raise EncodingError(f"{name} is not UTF-8. Say in which encoding its words look right: {told}", samples)


def _read_rows(store: FeatureStore, table: Table, columns: list[str | None], rows: Any) -> None:
    present = {item["id"]: item for item in store.items()}
    found = [(line, row, {c: cell for c, cell in zip(columns, row, strict=False) if c}) for line, row in rows]
    orders = {
        column: order_of(cells.get(column, "") for _, _, cells in found)
        for column in filter(None, columns)
        if column in FIELDS and FIELDS[column].holds == DAY
    }
    lines: dict[str, int] = {}
    for line, row, cells in found:
        item_id = _known_id(cells.pop("id", ""), present)
        if len(row) > len(columns) and any(row[len(columns) :]):
            table.problems.append(f"line {line}: {len(row)} cells, but {len(columns)} columns: is a quote missing?")
        elif item_id in lines:
            table.problems.append(f"line {line}: the id {item_id!r} stands in line {lines[item_id]} too")
        elif item_id not in present and _MADE_A_NUMBER.fullmatch(item_id):
            table.problems.append(f"line {line}: a spreadsheet made the number {item_id} of an id: which item is it?")
        elif not item_id and is_total(cells.get("type") or cells.get("name") or cells.get("category") or ""):
            table.problems.append(f"line {line}: a total of the table, no garment")
        else:
            lines |= {item_id: line} if item_id else {}
            _read_row(table, line, present.get(item_id), item_id, cells, orders)


_MADE_A_NUMBER = re.compile(r"\d[.,]\d+e\+?\d+", re.IGNORECASE)


def _known_id(text: str, present: Collection[str]) -> str:
    """Return the id of the item that a cell means: a spreadsheet may have made a number of it (12e45, 007)."""
    if text in present or not re.fullmatch(r"[\d.,]+(e\+?\d+)?", text, re.IGNORECASE):
        return text
    shown = text.replace(",", ".").upper()
    places = len(shown.partition("E")[0].partition(".")[2])
    alike = [
        known
        for known in present
        if re.fullmatch(r"\d+(e\d+)?", known)
        and (float(known) == float(shown) if "E" not in shown else f"{float(known):.{places}E}" == shown)
    ]
    return alike[0] if len(alike) == 1 else text


def _read_row(
    table: Table, line: int, mine: Mapping | None, item_id: str, cells: Mapping[str, str], orders: Orders
) -> None:
    fields, faults = _fields(mine, cells, orders, bool(item_id))
    if not faults:
        fields |= _what_it_is(mine, fields, cells)
    if mine is None and not faults and not fields.get("type"):
        faults.append("what is it? A new item needs a type or a category")
    faults += _clash(mine, fields, bool(item_id))
    table.problems += [f"line {line}: {fault}" for fault in faults]
    if faults:
        return
    try:
        theirs = _item(mine, item_id, fields)
    except StoreError as error:
        table.problems.append(f"line {line}: {str(error).removeprefix('The item was not saved: ')}")
        return
    table.differences += exchange.compare([mine] if mine else [], [theirs])


def _what_it_is(mine: Mapping | None, fields: Mapping, cells: Mapping[str, str]) -> dict[str, Any]:
    """Return the type that a row leaves open: its category as it was written, else what its name calls it.

    An item that is there keeps its type where that can be of the new category.
    """
    if fields.get("type") or (mine and ("slot" not in fields or fits(str(mine.get("type")), kind(fields)))):
        return {}
    if fields.get("slot"):
        return {"type": cells["category"].casefold()}  # "sneakers" says more than that they are shoes
    name = fields.get("name") or ""
    if row_of("type", name):  # no name of its own
        return {"type": name, "name": None}
    found = thing(name)
    return {"type": found.name} if found else {}


def _clash(mine: Mapping | None, fields: Mapping, exported: bool) -> list[str]:
    """Return what is wrong where type and category, both entered, do not go together."""
    entered = (fields.get("type"), fields.get("slot"))
    if not all(entered) or (exported and mine is None) or fits(str(fields["type"]), kind(fields)):
        return []
    usual, other = kind_of(fields["type"]) or "", kind(fields)
    return [f"type: {fields['type']!r} is of the category {usual!r}, and the row says {other!r}: correct one of them"]


def _fields(
    mine: Mapping | None, cells: Mapping[str, str], orders: Orders, exported: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the fields that differ from what the item's own row would say, and what is wrong with cells.

    exported: whether the row has an id; what it calls an item that has a category is the owner's word, known or not.
    """
    fields: dict[str, Any] = {}
    faults = []
    for column, cell in cells.items():
        before = cell_of(view(mine), column).strip() if mine else ""
        try:
            if column not in READ_ONLY and cell != before:
                fields |= value_of(column, cell, orders.get(column), exported and bool(cells.get("category")))
        except AmbiguousError as error:
            if before not in error.readings:  # else it is the item's own, written another way
                faults.append(str(error))
        except ValueError as error:
            faults.append(str(error))
    return fields, faults


def _item(mine: Mapping | None, item_id: str, fields: Mapping) -> dict[str, Any]:
    if mine is not None:
        before = view(mine)
        if "type" in fields and "slot" not in fields:
            fields = {**fields, **following(mine, fields["type"])}
        return edited(mine, {k: value for k, value in edit_of(fields).items() if before.get(k) != value}, USER)
    source = {name: USER for name, value in fields.items() if value != STORED[name].holds.empty()}
    return prepare({**fields, "source": source, **({"id": item_id} if item_id else {})})[0]
