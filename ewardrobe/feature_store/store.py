"""The wardrobe on disk: ``wardrobe.json`` is the truth, a DataFrame is a view of it, pictures lie beside it.

Every change takes the lock, reads the file anew, changes single fields of single items and replaces the file
atomically, so two sessions lose nothing and a crash leaves the old file or the new one.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ewardrobe.core import atomic
from ewardrobe.feature_store import journal, marker, pictures, records, trash, wardrobe_json
from ewardrobe.feature_store.change import Change, Prepared, edit_of, edited, find, now, prepare
from ewardrobe.feature_store.document import AbsentDriveError, Document, StoreError, gc_paused
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.wardrobe_json import SCHEMA_VERSION, Snapshot
from ewardrobe.wardrobe.item import FIELDS, values_of, view

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FeatureStore", "StoreError"]


class FeatureStore(Document):
    """The wardrobe in folder ``home`` (default: ``EWARDROBE_HOME``, else ``./wardrobe``), made at the first change.

    outfits: the saved outfits beside the garments.
    Every method that cannot do its work raises ``StoreError`` and leaves everything as it was.
    """

    stem = "wardrobe"
    parse = staticmethod(wardrobe_json.parse_document)
    dump = staticmethod(wardrobe_json.dump_document)
    empty = staticmethod(wardrobe_json.empty_document)

    def __init__(self, home: Path | str | None = None) -> None:
        super().__init__(home or os.environ.get("EWARDROBE_HOME") or "wardrobe")
        self.outfits = OutfitStore(self.home)
        self.images = self.home / pictures.IMAGES

    # Reading

    def load(self) -> pd.DataFrame:
        """Return the wardrobe as a DataFrame: index the string ids, columns ``item.FIELDS``, then unknown fields."""
        import pandas as pd  # here, because commands that only add items need not wait for it

        with gc_paused():
            items = self._snapshot().items
            names = dict.fromkeys(chain(FIELDS, chain.from_iterable(items)))
            columns = {name: values_of(items, name) for name in names if name != "id"}
            return pd.DataFrame(columns, index=pd.Index([item["id"] for item in items], dtype="str", name="id"))

    def items(self) -> list[dict]:
        """Return the items as they are stored, in the order of their adding; changing them changes no file."""
        return self.document()["items"]

    def get(self, item_id: str) -> dict:
        """Return one item with all fields of ``item.FIELDS``; ``StoreError`` if there is none with that id."""
        return view(copy.deepcopy(find(self._snapshot().items, item_id)))

    def image_path(self, item_id: str, kind: str = "image") -> Path | None:
        """Return the file of an item's ``image`` (cut-out), ``thumbnail``, ``photo`` or ``try_on``; else ``None``."""
        path = self.picture(self.get(item_id).get(kind))
        return path if path and path.exists() else None

    def picture(self, name: str | None) -> Path | None:
        """Return the path of the picture file ``name`` of an item; ``None`` for no name or an unsafe one."""
        return None if name is None or pictures.is_own_file(name) else pictures.safe_path(self.images, name)

    # Changing

    def keep_picture(self, name: str, content: bytes) -> str:
        """Write a picture file whose item is still to come, and return its name; the name carries a hash of it."""
        with self._locked(), self._with_pictures({name: content}):
            return name

    def add(self, item: Mapping, cutout: np.ndarray | None = None, photo: bytes | None = None) -> str:
        """Add one item, its ``cutout`` RGBA uint8 (h, w, 4), and return its id; see ``add_many``."""
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
            change.edit({str(item_id): edit})

    def alter(
        self, item_ids: Iterable[str], fields_of: Callable[[dict], Mapping], what: str | None = None
    ) -> list[str]:
        """Set fields that depend on what an item holds, under the lock; returns the ids of the items that were found.

        fields_of: given an item with all fields, which it must not alter, returns what to set.  what: the change in
        words, for ``undo``.
        """
        wanted, found = {str(item_id) for item_id in item_ids}, []
        with self._change(what) as change:
            for place, item in enumerate(change.items):
                if item["id"] in wanted:
                    change.replace(place, edited(item, edit_of(fields_of(view(item)))))
                    found.append(item["id"])
        return found

    def keep_try_on(self, item_ids: Iterable[str], picture: np.ndarray) -> None:
        """Keep ``picture`` (RGB uint8 (h, w, 3)) as the one that shows these items worn (field ``try_on``)."""
        name, content = pictures.encode_try_on(picture)
        with self._change() as change:
            wanted = [find(change.items, item_id)["id"] for item_id in item_ids]
            change.edit({item_id: {"try_on": name} for item_id in wanted})
            change.pictures[name] = content
            change.come.add(name)

    def replace_cutout(
        self, item_id: str, cutout: np.ndarray, hash_text: str | None, keep: list[str] | None = None
    ) -> None:
        """Give an item another cut-out (RGBA uint8 (h, w, 4)) with its hash; the present one is kept with it.

        keep: names of the earlier cut-outs to be kept instead (field ``earlier_images``, the original first).
        """
        encoded = pictures.encode_pictures(cutout, None)
        with self._change("cut-out repaired") as change:
            item = find(change.items, item_id)
            earlier = [*(item.get("earlier_images") or []), *filter(None, [item.get("image")])]
            names = {role: name for role, (name, _) in encoded.items()}
            fields = names | {"earlier_images": earlier if keep is None else keep, "hash": hash_text}
            change.pictures.update(encoded.values())
            change.edit({item["id"]: fields})
            change.come |= pictures.picture_names([fields])

    def remove(self, item_ids: str | Iterable[str]) -> list[dict]:
        """Remove items and return them; their pictures go to ``trash/``, and ``undo`` brings all back."""
        with self._change() as change:
            return copy.deepcopy(change.drop([item_ids] if isinstance(item_ids, str) else item_ids))

    def ensure_samples(self) -> list[str]:
        """Add the sample items (marked ``sample``) at the very first start only and return their ids.

        Once removed they do not come back.
        """
        if self._snapshot().document.get("samples_added"):
            return []
        samples = _sample_entries()  # before the lock: on a busy machine drawing takes longer than a writer waits
        with self._change("") as change:
            first = not change.document.get("samples_added") and not change.items
            added = samples if first else []
            change.append(added)
            change.document["samples_added"] = True
        return [item["id"] for item, _ in added]

    def remove_samples(self) -> list[dict]:
        """Remove all sample items and return them."""
        with self._change() as change:
            return copy.deepcopy(change.drop([item["id"] for item in change.items if item.get("sample")]))

    # Taking back

    def changes(self) -> list[journal.JournalEntry]:
        """Return the last changes that were not undone, newest first; they outlive a reload and a restart."""
        return journal.changes(journal.entries(self.home))

    def undo(self, change_id: str | None = None) -> journal.UndoReport | None:
        """Take back one change, by default the last one; ``None`` if there is none.

        Only what still is as that change left it is set back: what others edited since stays.
        """
        if change_id is None:
            return self._take_back(lambda entries: next(iter(journal.changes(entries)), None))
        return self._take_back(lambda entries: next((e for e in journal.standing(entries) if e.id == change_id), None))

    def redo(self) -> journal.UndoReport | None:
        """Take back the last ``undo`` unless something was changed since; ``None`` if there is nothing to redo."""
        return self._take_back(journal.last_undo)

    def _take_back(self, choose: Callable) -> journal.UndoReport | None:
        with self._change() as change:
            entries = journal.entries(self.home)
            if (entry := choose(entries)) is None:
                return None
            change.what = entry.what
            return journal.revert(change, entry, entries)

    def restore_backup(self, backup: Path | None = None) -> Path:
        """Make ``backup`` the wardrobe again, see ``Document``; pictures come back from the trash too."""
        chosen = super().restore_backup(backup)
        with self._locked():
            items = self.items()
            self._afterwards(
                lambda: trash.fetch_back(self.home, pictures.picture_names(items)),
                lambda: self._keep_all_records(items),
            )
        return chosen

    def unprovable(self, copy: Path, progress: Callable[[int, int], None] | None = None) -> list[str]:
        """Return the pictures that a kept copy names and that are missing, or not what their names say.

        The name of a picture carries a hash of its content.  Raises ``StoreError`` for a copy that cannot be read.
        """
        try:
            names = sorted(pictures.picture_names(self.parse(copy.read_bytes(), copy)["items"]))
        except OSError as error:
            raise StoreError(f"{copy} cannot be read: {error.strerror}.") from error
        wrong = []
        for number, name in enumerate(names, 1):
            places = (pictures.safe_path(self.home / folder, name) for folder in (pictures.IMAGES, trash.TRASH))
            if not any(path and pictures.is_as_named(path) for path in places):
                wrong.append(name)
            if progress:
                progress(number, len(names))
        return wrong

    # Inside

    def _roll_back(self, point: Path | None) -> None:
        """Put the file back, and with it the pictures and records that belong to it."""
        super()._roll_back(point)
        items = self.items()
        self._afterwards(
            lambda: trash.fetch_back(self.home, pictures.picture_names(items)), lambda: self._keep_all_records(items)
        )

    def _snapshot(self, *, anew: bool = False) -> Snapshot:
        """Return the file's present state, which is shared: never change what it holds.

        anew: read the file even if its time and size say that it is the one that was read last.
        """
        signature = self.signature()
        known = None if anew else wardrobe_json.unchanged(self.path, signature)
        if known is not None:
            return known
        with self._naming_copies():
            return wardrobe_json.snapshot_of(self.path, self._raw(), signature)

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
            head, old_head = ({**document, "items": None} for document in (change.document, before.document))
            if change.before or change.rewrite or head != old_head:
                self._commit(change, before)

    def _commit(self, change: Change, before: Snapshot) -> None:
        made: list[Snapshot] = []

        def encode(counter: int) -> bytes:
            made.append(before.with_document({**change.document, "revision": counter}))
            assert made[-1].raw is not None, "a document that was made has its bytes"
            return made[-1].raw

        with self._with_pictures(change.pictures):
            version = before.document["version"]
            kept = self.path.with_name(f"{self.stem}.v{version}.json")
            if before.raw is not None and version < SCHEMA_VERSION and not kept.exists():
                atomic.write_bytes(kept, before.raw)  # an older schema's file is kept for good, once
            self._replace(before.raw, encode)
        wardrobe_json.remember(self.path, made[-1])
        self._afterwards(
            lambda: trash.fetch_back(self.home, change.come),
            lambda: trash.throw_pictures_away(self.home, change.gone),
            lambda: self._keep_records(before, made[-1], change),
        )
        journal.append(self.home, change)
        self._afterwards(lambda: trash.empty_old(self.home))  # last: what an undo names stays

    def _keep_records(self, before: Snapshot, after: Snapshot, change: Change) -> None:
        """Let the records beside the pictures follow; all of them where another than this process wrote last."""
        if pictures.absent(self.home, after.items):  # nothing is written where a drive should be
            marker.mark(self.home, pictures=False)
            return
        self._mark_all()
        if _recorded.get(self.path.absolute()) == before.raw:
            present = {item["id"] for item in after.items if item["id"] in change.before}
            records.keep(self.home, after.items, present, change.before.keys() - present)
        else:
            records.keep_all(self.home, after.items)
        _recorded[self.path.absolute()] = after.raw

    def _keep_all_records(self, items: list[dict]) -> None:
        if not pictures.absent(self.home, items):
            self._mark_all()
            records.keep_all(self.home, items)

    def _mark_all(self) -> None:
        self.images.mkdir(exist_ok=True)
        marker.mark(self.home)

    def _check_absence(self) -> None:
        super()._check_absence()
        if marker.holds_wardrobe(self.home):
            cure = f"`python -m ewardrobe doctor --wardrobe {self.home}` says what can be done."
            raise AbsentDriveError(f"{self.path} is missing, though {self.home} holds a wardrobe: {cure}")

    def _check_pictures(self) -> None:
        if message := pictures.absent(self.home, self._snapshot().items):
            raise AbsentDriveError(message)

    @contextmanager
    def _with_pictures(self, contents: Mapping[str, bytes]) -> Iterator[None]:
        """Write pictures; those that were not there go again if that, or what comes with them, fails."""
        written: list[Path] = []
        if contents:
            self._check_pictures()
            self.images.mkdir(exist_ok=True)
            atomic.remove_leftovers(self.images)
        try:
            for path, content in ((self.images / name, content) for name, content in contents.items()):
                if not path.exists():  # the name carries a hash of the content
                    written.append(path)
                elif pictures.is_as_named(path):
                    continue
                else:  # damaged
                    trash.throw_pictures_away(self.home, [path.name])
                atomic.write_bytes(path, content)
            yield
        except Exception:
            for path in written:
                path.unlink(missing_ok=True)
            raise


_recorded: dict[Path, bytes | None] = {}
"""The content of the file to which the records beside the pictures belong."""


def _sample_entries() -> list[Prepared]:
    from ewardrobe.datasets.synthetic import sample_garments  # here, because drawing them is rarely needed

    fields, time = ("type", "category_id", "colour", "pattern", "material", "style"), now()
    return [  # ids that do not change: a wardrobe that is set up anew and gets its backup back has them once
        prepare(
            {name: garment[name] for name in fields} | {"sample": True, "id": f"sample-{number}"},
            garment["cutout"],
            added=time,
        )
        for number, garment in enumerate(sample_garments(), 1)
    ]
