"""The wardrobe on disk: ``wardrobe.json`` is the truth, a DataFrame is a view of it, pictures lie beside it.

Every change takes the lock, reads the file anew, changes single fields of single items and replaces the file
atomically, so two sessions lose nothing and a crash leaves the old file or the new one.

    python -m ewardrobe.feature_store        # load, show, add a red t-shirt, save, show
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from ewardrobe import atomic, store_backups, store_images
from ewardrobe.items import FIELDS, values_of, view
from ewardrobe.store_change import Change, Prepared, edit_of, find, now, prepare
from ewardrobe.store_document import (
    StoreError,
    dump_document,
    empty_document,
    explain_os_error,
    gc_paused,
    parse_document,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureStore", "StoreError"]

LOCK_SECONDS = 10


class FeatureStore:
    """The wardrobe in folder ``home`` (default: ``EWARDROBE_HOME``, else ``./wardrobe``), made at the first change.

    Every method that cannot do its work raises ``StoreError`` and leaves everything as it was.
    """

    def __init__(self, home: Path | str | None = None) -> None:
        self.home = Path(home or os.environ.get("EWARDROBE_HOME") or "wardrobe").expanduser()
        self.path = self.home / "wardrobe.json"
        self.images = self.home / "images"

    # Reading: no lock, since the file is only ever replaced as a whole.

    def load(self) -> pd.DataFrame:
        """Return the wardrobe as a DataFrame: index the string ids, columns ``items.FIELDS``, then unknown fields."""
        import pandas as pd  # here, because commands that only add items need not wait for it

        with gc_paused():
            items = self.items()
            extra = dict.fromkeys(name for item in items for name in item if name != "id")
            columns = {name: values_of(items, name) for name in dict.fromkeys((*FIELDS, *extra))}
            return pd.DataFrame(columns, index=pd.Index([item["id"] for item in items], dtype="str", name="id"))

    def items(self) -> list[dict]:
        """Return the items as they are stored, in the order of their adding; changing them changes no file."""
        return self._read()["items"]

    def get(self, item_id: str) -> dict:
        """Return one item with all fields of ``items.FIELDS``; ``StoreError`` if there is none with that id."""
        return view(find(self.items(), item_id))

    def signature(self) -> tuple[int, ...] | None:
        """Return a value that differs after every change of the file, for caches; ``None`` without a file."""
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def image_path(self, item_id: str, kind: str = "image") -> Path | None:
        """Return the file of an item's ``image`` (cut-out), ``thumbnail``, ``photo`` or ``try_on``; else ``None``."""
        path = self.picture(self.get(item_id).get(kind))
        return path if path and path.exists() else None

    def picture(self, name: str | None) -> Path | None:
        """Return the path of the picture file ``name`` of an item; ``None`` for no name or an unsafe one."""
        return store_images.safe_path(self.images, name)

    # Changing

    def add(self, item: Mapping, cutout: np.ndarray | None = None, photo: bytes | None = None) -> str:
        """Add one item and return its id; see ``add_many``."""
        return self.add_many([(item, cutout, photo)])[0]

    def add_many(self, entries: Iterable[tuple[Mapping, np.ndarray | None, bytes | None]]) -> list[str]:
        """Add ``(item, cutout, photo)`` entries in one write, all or none, and return their ids in order.

        cutout: RGBA uint8 (h, w, 4) or ``None``; photo: the original file's bytes or ``None``, kept as they are.
        """
        time = now()  # one for all: sorting by time keeps their order
        prepared = [prepare(*entry, added=time) for entry in entries]
        with self._change() as change:
            change.append(prepared)
        return [item["id"] for item, _ in prepared]

    def update(self, item_id: str, **fields: Any) -> None:
        """Set single fields of one item; category, category id and slot follow each other."""
        edit = edit_of(fields)
        with self._change() as change:
            find(change.items, item_id)
            change.edit({str(item_id): edit}, None)

    def keep_try_on(self, item_ids: Iterable[str], picture: np.ndarray) -> None:
        """Keep ``picture`` (RGB uint8 (h, w, 3)) as the one that shows these items worn (field ``try_on``)."""
        name, content = store_images.encode_try_on(picture)
        with self._change() as change:
            wanted = [find(change.items, item_id)["id"] for item_id in item_ids]
            change.edit({item_id: {"try_on": name} for item_id in wanted}, None)
            change.pictures[name] = content
            change.come.add(name)

    def apply_edits(
        self,
        edited: Mapping[str, Mapping] | None = None,
        added: Iterable[Mapping] = (),
        deleted: Iterable[str] = (),
        source: str | Mapping | None = None,
    ) -> list[str]:
        """Apply a table's edits in one write and return the ids of the added items.

        edited: ``{id: {field: value}}``; ``source`` ("user", ``{"by": model, "confidence": 0.8}``) is noted for each
        edited field.
        What concerns an item that another session has removed is passed over.
        """
        edits = {str(item_id): edit_of(fields) for item_id, fields in (edited or {}).items()}
        prepared = [prepare(item) for item in added]
        with self._change() as change:
            change.edit(edits, source)
            change.append(prepared)
            change.drop(deleted)
        return [item["id"] for item, _ in prepared]

    def remove(self, item_ids: str | Iterable[str]) -> list[dict]:
        """Remove items and return them for ``put_back``; their pictures go to ``trash/`` for 30 days."""
        with self._change() as change:
            return change.drop([item_ids] if isinstance(item_ids, str) else item_ids)

    def put_back(self, items: Iterable[Mapping]) -> None:
        """Undo ``remove``: add the returned items again, with their ids and their pictures from the trash."""
        with self._change() as change:
            present = {item["id"] for item in change.items}
            change.append((dict(item), {}) for item in items if item["id"] not in present)

    def add_samples(self) -> list[str]:
        """Add the sample items (marked ``sample``) unless there are some; return the ids of those added."""
        return self._add_samples(lambda document: not any(item.get("sample") for item in document["items"]))

    def ensure_samples(self) -> list[str]:
        """Add the samples at the very first start only: once removed they do not come back."""
        if self._read().get("samples_added"):
            return []
        return self._add_samples(lambda document: not document.get("samples_added") and not document["items"])

    def remove_samples(self) -> list[dict]:
        """Remove all sample items and return them."""
        with self._change() as change:
            return change.drop([item["id"] for item in change.items if item.get("sample")])

    # Backups

    def backups(self) -> list[Path]:
        """Return the kept copies of the file, newest first."""
        return store_backups.listed(self.home)

    def newest_good_backup(self) -> Path | None:
        """Return the newest copy that can be read, ``None`` if there is none."""
        return store_backups.newest_good(self.home)

    def restore_backup(self, backup: Path | None = None) -> Path:
        """Make ``backup`` (default: the newest good one) the wardrobe again and return it; pictures come back too.

        The present file is kept as ``wardrobe.replaced-<time>.json``.
        """
        with self._locked():
            chosen = backup or self.newest_good_backup()
            if chosen is None:
                raise StoreError(f"There is no readable backup in {self.home / store_backups.FOLDER}.", path=self.path)
            raw = chosen.read_bytes()
            document = parse_document(raw, chosen)
            store_backups.set_aside(self.path)
            atomic.write_bytes(self.path, raw)
            store_backups.fetch_from_trash(self.home, store_images.picture_names(document["items"]))
        return chosen

    # Inside

    def _read(self) -> dict[str, Any]:
        return self._parse(self._raw())

    def _raw(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}.", path=self.path) from error

    def _parse(self, raw: bytes | None) -> dict[str, Any]:
        try:
            return empty_document() if raw is None else parse_document(raw, self.path)
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
    def _change(self) -> Iterator[Change]:
        """Lock, read the file anew, let the caller change the document, write pictures and document, all or none."""
        with self._locked(), gc_paused():
            raw = self._raw()
            change = Change(self._parse(raw))
            yield change
            self._commit(change, raw)

    def _commit(self, change: Change, raw: bytes | None) -> None:
        data = dump_document(change.document)
        if data == raw:
            return
        atomic.remove_leftovers(self.home)
        written: list[Path] = []
        try:
            self._write_pictures(change.pictures, written)
            if raw is not None:
                store_backups.keep(self.home, raw)
                store_backups.keep_version(self.path, raw, change.document["version"])
            atomic.write_bytes(self.path, data)
        except Exception:
            for path in written:
                path.unlink(missing_ok=True)
            raise
        store_backups.after_commit(self.home, data, gone=change.gone, come=change.come)

    def _write_pictures(self, pictures: Mapping[str, bytes], written: list[Path]) -> None:
        if pictures:
            self.images.mkdir(exist_ok=True)
            atomic.remove_leftovers(self.images)
        for name, content in pictures.items():
            path = self.images / name
            if not path.exists():  # the name carries a hash of the content
                atomic.write_bytes(path, content)
                written.append(path)

    def _add_samples(self, wanted: Callable[[dict], bool]) -> list[str]:
        with self._change() as change:
            added = _sample_entries() if wanted(change.document) else []
            change.append(added)
            change.document["samples_added"] = True
        return [item["id"] for item, _ in added]


def _sample_entries() -> list[Prepared]:
    from ewardrobe.datasets.synthetic import sample_garments  # here, because drawing them is rarely needed

    fields, time = ("type", "category_id", "colour", "pattern", "material", "style"), now()
    return [
        prepare({name: garment[name] for name in fields} | {"sample": True}, garment["cutout"], added=time)
        for garment in sample_garments()
    ]


def main() -> None:
    """Tell the store's story on the wardrobe at hand: load it, show it, add a red t-shirt, save, show it again."""
    store = FeatureStore()
    if store.load().empty:
        store.add_samples()
    columns = ["type", "category", "colour", "pattern", "material"]
    print(f"{store.path}\n{store.load()[columns].to_string()}\n")
    item_id = store.add({"type": "t-shirt", "colour": "red", "pattern": "solid", "material": "cotton"})
    print(f"added a red t-shirt ({item_id}), saved\n{store.load()[columns].to_string()}")


if __name__ == "__main__":
    main()
