"""A JSON file of the wardrobe's folder: read without a lock, changed under one, replaced atomically, copies kept."""

from __future__ import annotations

import codecs
import errno
import gc
import json
import logging
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from ewardrobe.core import atomic
from ewardrobe.core.process import typed_path
from ewardrobe.feature_store import marker
from ewardrobe.feature_store.backups import Backups, counter_of, stamp

LOCK_SECONDS = 10
MAX_BYTES = 200_000_000
"""Largest file that is read: some hundred thousand items, twenty times as much in memory."""

_log = logging.getLogger(__name__)


class Copy(NamedTuple):
    """A kept copy that can be read.  entries: how many items, or outfits, plans and ratings, it holds."""

    path: Path
    entries: int


class StoreError(Exception):
    """A file of the wardrobe could not be read or changed; the message says what was found and what to do.

    copies: what could be restored, see ``Document.restorable``.
    """

    copies: Sequence[Copy] = ()


class AbsentDriveError(StoreError):
    """The wardrobe, or its pictures, are not where they were: their drive may not be connected."""


class BrokenFileError(StoreError):
    """The content of a file cannot be understood; the message gives the line and the column of the fault."""


class Document:
    """The file ``<stem>.json`` in folder ``home``.

    A store says what it holds: the file's ``stem``, and how bytes are read (``StoreError`` with the place of a fault)
    and written.  Each write raises the document's ``revision``, by which the copies are ordered.
    """

    stem: ClassVar[str]
    parse: staticmethod[[bytes, Path], dict[str, Any]]
    dump: staticmethod[[Mapping[str, Any]], bytes]
    empty: staticmethod[[], dict[str, Any]]

    def __init__(self, home: Path | str) -> None:
        self.home = typed_path(home)
        atomic.keep_private(self.home)
        self.path = self.home / f"{self.stem}.json"
        self._copies = Backups(self.home, self.stem)

    # Reading: no lock, since the file is only ever replaced as a whole.

    def document(self) -> dict[str, Any]:
        """Return the whole document of the file; changing it changes no file."""
        with self._naming_copies(), gc_paused():
            raw = self._raw()
            return self.empty() if raw is None else self.parse(raw, self.path)

    def signature(self) -> tuple[int, ...] | None:
        """Return a value that differs after every change of the file, for caches; ``None`` without a file."""
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def _check_absence(self) -> None:
        """Raise ``StoreError`` where the file is missing and should not be; called when there is none."""
        check_drive(self.home)

    # Backups

    def backups(self) -> list[Path]:
        """Return the kept copies of the file, newest first."""
        return self._copies.listed()

    def entries_in(self, path: Path) -> int | None:
        """Return how many entries a kept copy holds; ``None`` if it cannot be read."""
        with suppress(OSError, StoreError):
            return sum(len(part) for part in self.parse(path.read_bytes(), path).values() if isinstance(part, list))
        return None

    def restorable(self) -> list[Copy]:
        """Return the newest copy that can be read, if there is one, and behind it the fullest if that holds more."""
        copies: list[Copy] = []
        with suppress(OSError):  # a folder that cannot be read: the doctor says so
            copies = [Copy(path, count) for path in self.backups() if (count := self.entries_in(path)) is not None]
        fuller = [copy for copy in copies if copy.entries > copies[0].entries]
        return copies[:1] + sorted(fuller, key=lambda copy: -copy.entries)[:1]

    def restore_backup(self, backup: Path | None = None) -> Path:
        """Make ``backup`` the document again and return it; what is there is kept as ``<stem>.replaced-<time>.json``.

        By default the newest copy that can be read; ``StoreError`` if an older one holds more: choose one of them.
        What was restored is read again and compared; where it differs, all is put back as it was.
        """
        with self._locked():
            chosen = backup or self._only_copy()
            raw = chosen.read_bytes()
            wanted = self.parse(raw, chosen)
            point = self._set_aside()
            try:
                atomic.write_bytes(self.path, raw)
                if self.document() != wanted:
                    raise StoreError(f"{self.path} is not what {chosen} holds.")
            except (OSError, StoreError) as error:
                self._roll_back(point)
                raise StoreError(f"Nothing was restored; all is as it was. {error}") from error
        return chosen

    @contextmanager
    def restore_point(self) -> Iterator[None]:
        """Keep the file as ``<stem>.replaced-<time>.json``, and put it back if what is done meanwhile fails."""
        with self._locked():
            point = self._set_aside()
        try:
            yield
        except BaseException:
            if not self._is_unchanged(point):
                with self._locked():
                    self._set_aside()  # what others may have written meanwhile
                    self._roll_back(point)
            raise
        finally:
            if point and self._is_unchanged(point):
                point.unlink()

    def _is_unchanged(self, point: Path | None) -> bool:
        if point is None or not self.path.exists():
            return point is None and not self.path.exists()
        return self.path.read_bytes() == point.read_bytes()

    def _roll_back(self, point: Path | None) -> None:
        """Put the file back that was set aside at ``point``; ``None``: there was none."""
        if point:
            atomic.write_bytes(self.path, point.read_bytes())
        else:
            self.path.unlink(missing_ok=True)

    def _only_copy(self) -> Path:
        copies = self.restorable()
        if not copies:
            raise StoreError(f"There is no readable backup in {self._copies.folder}.")
        if len(copies) > 1:
            raise StoreError(f"Nothing was restored. {told(copies)} Say which of them is to come back.")
        return copies[0].path

    def _set_aside(self) -> Path | None:
        """Keep the file, which is about to be replaced, under another name and return that; ``None`` without a file."""
        kept = self.path.with_name(f"{self.stem}.replaced-{stamp()}.json")
        try:
            os.link(self.path.resolve(), kept)
        except FileNotFoundError:
            return None
        except OSError:  # a file system without links
            atomic.write_bytes(kept, self.path.read_bytes())
        return kept

    # Changing

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock between processes and threads; any ``OSError`` inside becomes a ``StoreError``."""
        try:
            check_drive(self.home)
            self.home.mkdir(0o700, parents=True, exist_ok=True)
            with FileLock(self.home / f".{self.stem}.lock", timeout=LOCK_SECONDS, poll_interval=0.01):
                yield
        except Timeout as error:
            message = f"Another program has been writing to {self.home} for {LOCK_SECONDS} s. Try again."
            raise StoreError(message) from error
        except OSError as error:
            raise explain_os_error(error, self.home) from error

    def _replace(self, old: bytes | None, encode: Callable[[int], bytes]) -> None:
        """Replace the file by what ``encode`` makes of the next counter; under ``_locked`` only.

        old: the present content, which is kept as a copy; ``None`` if there is none or it is broken.
        """
        atomic.remove_leftovers(self.home, f"{self.path.name}.")  # no more: a backup may be written here
        if self.path.is_symlink():
            target = self.path.resolve()
            atomic.remove_leftovers(target.parent, f"{target.name}.")
        counter = self._copies.counter()
        if old is not None and not self._copies.hold(old):
            if counter_of(old) < counter:  # restored, or brought from elsewhere: newer than what is kept all the same
                old = self.dump({**self.parse(old, self.path), "revision": counter + 1})
            self._copies.keep(old)
            counter = max(counter, counter_of(old))
        raw = encode(counter + 1)
        atomic.write_bytes(self.path, raw)
        self._afterwards(lambda: self._copies.keep(raw))

    def _afterwards(self, *steps: Callable[[], object]) -> None:
        """Do what comes once a change is on disk: nothing here may undo it, so errors are logged."""
        for step in steps:
            try:
                step()
            except OSError as error:
                _log.warning("%s is saved, but its backup or trash is not in order: %s", self.path.name, error)

    # Inside

    def _raw(self) -> bytes | None:
        try:
            if (size := self.path.stat().st_size) > MAX_BYTES:
                raise StoreError(
                    f"{self.path} has {size / 1e6:.0f} MB; a file of up to {MAX_BYTES / 1e6:.0f} MB is read. It was"
                    " left as it is: move what does not belong there out of it, or restore a backup."
                )
            return self.path.read_bytes()
        except FileNotFoundError:
            if self.path.is_symlink():
                target = os.readlink(self.path)
                message = f"{self.path} is a link to {target}, which is not there. Bring it back, or remove the link."
                raise StoreError(message) from None
            self._check_absence()
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}.") from error

    @contextmanager
    def _naming_copies(self) -> Iterator[None]:
        """Let an error of reading name the copies that could be restored."""
        try:
            yield
        except StoreError as error:
            error.copies = self.restorable()
            if error.copies:
                error.args = (f"{error} {told(error.copies)}",)
            raise


def check_drive(home: Path) -> None:
    """Raise ``AbsentDriveError`` where a wardrobe was in folder ``home`` and is no more."""
    if message := marker.absent_drive(home):
        raise AbsentDriveError(message)


def told(copies: Sequence[Copy]) -> str:
    """Return what could be restored, in words."""
    newest = f"The newest good backup is {copies[0].path}"
    if len(copies) == 1:
        return f"{newest}."
    fuller = copies[1]
    return f"{newest} with {copies[0].entries} entries; {fuller.path} is older and has {fuller.entries}."


def read_json(raw: bytes, path: Path) -> Any:
    """Return the value in ``raw``, made so that JSON can hold it again; see `tame`.

    A number beyond all floats becomes its text: a schema refuses it, and what it does not know is kept.

    Raises ``StoreError`` with the place of a fault.
    """
    text = raw.removeprefix(codecs.BOM_UTF8)
    if (values := sum(map(text.count, (b",", b"[", b"{")))) > MAX_VALUES:
        raise StoreError(f"{path} holds {values} values; up to {MAX_VALUES} are read. It was left as it is.")
    if b"NaN" not in text and b"Infinity" not in text and not any(beyond.search(text) for beyond in _BEYOND):
        with suppress(ValueError):  # quick and strict; what it refuses is read again, slowly and with mercy
            return _ANY.validate_json(text)
    try:
        return tame(json.loads(text.decode("utf-8"), parse_float=_float))
    except json.JSONDecodeError as error:
        raise broken(path, error.msg, error.lineno, error.colno) from error
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise broken(path, f"byte 0x{raw[error.start]:02x} is not UTF-8 text", line, column) from error
    except MemoryError as error:
        raise StoreError(f"{path} ({len(raw) / 1e6:.0f} MB) does not fit into memory.") from error
    except (RecursionError, ValueError) as error:  # brackets nested too deep, a number of thousands of digits
        raise broken(path, str(error)) from error


def _float(text: str) -> float | str:
    return value if math.isfinite(value := float(text)) else text


_ANY = TypeAdapter(Any)
_BEYOND = tuple(re.compile(letter + rb"\+?[0-9]{3,}\s*[,\]}]") for letter in (b"e", b"E"))
"""Where a number may stand that is beyond all floats; two quick searches, not one slow."""

MAX_VALUES = 20_000_000
"""More are refused before they are parsed: three bytes of JSON may take a hundred of memory."""

MAX_DEPTH = 100
"""Lists in lists, or objects in objects, that are kept as such; what lies deeper is kept as its JSON text."""


def tame(value: Any, depth: int = 0) -> Any:
    r"""Return a value of JSON without what cannot be written again.

    NaN and infinities become nothing, half a surrogate pair a question mark, what is nested too deep its JSON text.

    >>> tame([float("inf"), "caf\ud800", {"a": 1}])
    [None, 'caf?', {'a': 1}]
    >>> tame([{"a": 1, "b": []}, 2], MAX_DEPTH)
    '[{"a":1,"b":[]},2]'
    """
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, dict | list):
        return value
    if depth == MAX_DEPTH:
        return _json_text(value)
    if isinstance(value, list):
        return [tame(part, depth + 1) for part in value]
    return {tame(name): tame(part, depth + 1) for name, part in value.items()}


def _json_text(value: Any) -> str:
    """Return the JSON of a value without recursion, which ``json.dumps`` needs."""
    todo, parts = [value], []
    while todo:
        part = todo.pop()
        if isinstance(part, bytes):  # of the JSON itself
            parts.append(part.decode())
        elif isinstance(part, list):
            todo += [b"]", *[each for one in reversed(part) for each in (one, b",")][:-1], b"["]
        elif isinstance(part, dict):
            pairs = ((each, b":", name, b",") for name, each in reversed(part.items()))
            todo += [b"}", *[each for pair in pairs for each in pair][:-1], b"{"]
        else:
            parts.append(json.dumps(part))
    return "".join(parts)


def version_of(document: dict[str, Any], newest: int, assumed: int, path: Path) -> int:
    """Return the version of a document, ``assumed`` where none is noted; ``StoreError`` for one newer than ours."""
    version = document.setdefault("version", assumed)
    if not isinstance(version, int) or version > newest:
        raise StoreError(
            f"{path} has version {str(version)[:20]}; this eWardrobe reads up to {newest}. Update eWardrobe;"
            " the file was left as it is."
        )
    return version


def broken(path: Path, what: str, line: int = 1, column: int = 1) -> BrokenFileError:
    """Return the error of a file that cannot be understood."""
    return BrokenFileError(
        f"{path} is broken at line {line}, column {column}: {what}. It was left as it is; correct that line,"
        " or restore a backup."
    )


def explain_os_error(error: OSError, path: Path) -> StoreError:
    """Return the ``StoreError`` that tells a user what to do about ``error`` on ``path``."""
    place = error.filename or path
    if error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
        what = (
            "its drive offers no file locks, as some network drives do. Mount it with locks (NFS: without nolock; SMB:"
            " without nobrl), or move the wardrobe to a disk of this computer and set EWARDROBE_HOME"
        )
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full. Free some space and try again"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        what = "no permission to write there. Make the folder writable, or set EWARDROBE_HOME to one that is"
    else:
        what = f"{error.strerror or error}. Check the folder, or set EWARDROBE_HOME to another one"
    return StoreError(f"The wardrobe was not changed ({place}): {what}.")


@contextmanager
def gc_paused() -> Iterator[None]:
    """Pause the garbage collector while a document lives: searching it again and again takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
