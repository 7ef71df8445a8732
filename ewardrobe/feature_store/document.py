"""The file under the wardrobe: read without a lock, changed under one, replaced atomically with its pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ewardrobe.core import atomic
from ewardrobe.feature_store import backups, journal, snapshot
from ewardrobe.feature_store.change import Change
from ewardrobe.feature_store.snapshot import Snapshot
from ewardrobe.feature_store.wardrobe_json import (
    MAX_BYTES,
    StoreError,
    dump_document,
    empty_document,
    explain_os_error,
    gc_paused,
    parse_document,
)

LOCK_SECONDS = 10
_TOO_LARGE = (
    "{path} has {size:.0f} MB; a wardrobe of up to {limit:.0f} MB is read. It was left as it is: move what is no item"
    " out of it, or restore a backup."
)


class StoreFile:
    """``wardrobe.json`` in folder ``home``, by default ``EWARDROBE_HOME``, else ``./wardrobe``.

    author: noted in the journal of changes, for ``undo`` of one's own.
    """

    def __init__(self, home: Path | str | None = None, *, author: str | None = None) -> None:
        self.home = Path(home or os.environ.get("EWARDROBE_HOME") or "wardrobe").expanduser()
        self.path = self.home / "wardrobe.json"
        self.images = self.home / "images"
        self.author = author

    def signature(self) -> tuple[int, ...] | None:
        """Return a value that differs after every change of the file, for caches; ``None`` without a file."""
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def document(self) -> dict[str, Any]:
        """Return the whole document of the file; changing it changes no file."""
        raw = self._snapshot().raw
        with gc_paused():
            return empty_document() if raw is None else parse_document(raw, self.path)

    def keep_picture(self, name: str, content: bytes) -> str:
        """Write a picture file whose item is still to come, and return its name; the name carries a hash of it."""
        with self._locked():
            self._write_pictures({name: content}, [])
        return name

    def write_document(self, document: Mapping[str, Any]) -> None:
        """Replace the whole file; under ``_locked`` only, once the old file is set aside."""
        atomic.write_bytes(self.path, dump_document(document))

    def newest_good_backup(self) -> Path | None:
        """Return the newest copy that can be read, ``None`` if there is none."""
        return backups.newest_good(self.home)

    def _raw(self) -> bytes | None:
        try:
            if (size := self.path.stat().st_size) > MAX_BYTES:
                raise StoreError(
                    _TOO_LARGE.format(path=self.path, size=size / 1e6, limit=MAX_BYTES / 1e6), path=self.path
                )
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}.", path=self.path) from error

    def _snapshot(self, *, anew: bool = False) -> Snapshot:
        """Return the file's present state, which is shared: never change what it holds.

        anew: read the file even if its time and size say that it is the one that was read last.
        """
        signature = self.signature()
        known = None if anew else snapshot.unchanged(self.path, signature)
        if known is not None:
            return known
        try:
            return snapshot.of(self.path, self._raw(), signature)
        except StoreError as error:
            error.backup = self.newest_good_backup()
            if error.backup:
                error.args = (f"{error} The newest good backup is {error.backup}.",)
            raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock between processes and threads; any ``OSError`` inside becomes a ``StoreError``."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            with FileLock(self.home / ".wardrobe.lock", timeout=LOCK_SECONDS, poll_interval=0.01):
                yield
        except Timeout as error:
            message = f"Another program has been writing to {self.home} for {LOCK_SECONDS} s. Try again."
            raise StoreError(message, path=self.path) from error
        except OSError as error:
            raise explain_os_error(error, self.home) from error

    @contextmanager
    def _change(self, what: str | None = None) -> Iterator[Change]:
        """Lock, read the file anew, let the caller change the document, write pictures and document, all or none.

        what: the change in words, for the journal; an empty text leaves it out of there.
        """
        with self._locked(), gc_paused():
            before = self._snapshot(anew=True)
            change = Change({**before.document, "items": list(before.items)}, what=what)
            yield change
            if change.before:
                change.document["samples_added"] = True  # in use: the samples come at the very first start only
            if change.before or change.rewrite or change.head != {**before.document, "items": None}:
                self._commit(change, before)

    def _commit(self, change: Change, before: Snapshot) -> None:
        after = before.with_document(change.document)
        atomic.remove_leftovers(self.home, self.path.stem)
        written: list[Path] = []
        try:
            self._write_pictures(change.pictures, written)
            if before.raw is not None:
                backups.keep(self.home, before.raw)
                backups.keep_version(self.path, before.raw, before.document["version"])
            atomic.write_bytes(self.path, after.raw)
        except Exception:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        snapshot.remember(self.path, after)
        backups.after_commit(self.home, after.raw, gone=change.gone, come=change.come)
        journal.append(self.home, change, self.author)

    def _write_pictures(self, pictures: Mapping[str, bytes], written: list[Path]) -> None:
        if pictures:
            self.images.mkdir(exist_ok=True)
            atomic.remove_leftovers(self.images)
        for name, content in pictures.items():
            path = self.images / name
            if not path.exists():  # the name carries a hash of the content
                atomic.write_bytes(path, content)
                written.append(path)
