"""Photos on their way into the wardrobe: a queue on disk that survives a crash, a reload and a power cut.

In the folder ``queue/`` of the wardrobe lie, for each photo, its bytes (``KEY.photo``), what is known of it with the
drafts of its garments (``KEY.json``) and their cut-outs (``KEY-ID.cut.png``).  KEY is a hash of the content: the same
photo given twice is one entry.  A photo leaves the queue when its garments are saved or it is discarded, not before.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from pydantic import TypeAdapter

from ewardrobe.core import atomic
from ewardrobe.core.images import ImageError, check_picture, png_bytes, read_cutout
from ewardrobe.feature_store.change import now
from ewardrobe.feature_store.document import check_drive, explain_os_error
from ewardrobe.garments.cutout import Garment, garment_from_mask
from ewardrobe.garments.draft import Draft, Photo, draft_of

FOLDER = "queue"
QUEUED, ANALYSING, READY, FAILED = "queued", "analysing", "ready", "failed"
DAMAGED = ".damaged"
"""Ending of an entry that could not be understood and was set aside when its photo was looked at again."""

DAMAGED_REASON = "what was known of it is damaged, as after a power cut; look again, its photo is whole"
MAX_ATTEMPTS = 2
"""A photo that was being looked at when the app ended this often is taken to be the reason."""


@dataclass(frozen=True)
class QueuedPhoto:
    """One photo of the queue.

    number: its place.  model: the one that it is looked at with.  state: queued, analysing, ready or failed; reason:
    why it failed; attempts: how often that was begun.  looks: milliseconds of each stage, by the models that have
    looked.  drafts: of all of them, and those added by hand.
    """

    key: str
    name: str
    number: int
    added: str
    model: str
    state: str = QUEUED
    reason: str | None = None
    attempts: int = 0
    looks: dict[str, dict[str, float]] = field(default_factory=dict)
    drafts: tuple[Draft, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it has still to be looked at."""
        return self.state in (QUEUED, ANALYSING)


@dataclass
class Added:
    """What became of photos given to the queue: taken, already there, and why others were refused."""

    taken: int = 0
    again: int = 0
    refused: list[str] = field(default_factory=list)


class ImportQueue:
    """The queue of the wardrobe in folder ``home``; made when the first photo comes.

    Several processes may use it at once.  Methods that write raise ``StoreError`` when that is not possible.
    """

    def __init__(self, home: Path) -> None:
        self.folder = Path(home) / FOLDER
        self._known: dict[str, tuple[int, QueuedPhoto]] = {}
        self._guard = threading.Lock()

    def add(self, photos: Iterable[Photo | ImageError], model: str, told: Callable[[int], None] | None = None) -> Added:
        """Put photos at the end; each is on disk before the next is read.  ``told`` is called with the count so far."""
        added, number = Added(), 1 + max((entry.number for entry in self.entries()), default=0)
        for count, given in enumerate(photos, 1):
            try:
                photo = _sound(given)
            except ImageError as error:
                added.refused.append(str(error))
            else:
                entry = QueuedPhoto(photo.key, photo.name, number + added.taken, now(), model)
                is_new = self._take(entry, photo.data)
                added.taken, added.again = added.taken + is_new, added.again + (not is_new)
            if told:
                told(count)
        return added

    def entries(self) -> list[QueuedPhoto]:
        """Return all entries in the order of their coming; files of another program's are passed over.

        An entry that is damaged stands there as failed: its photo is whole and can be looked at again.
        """
        with self._guard:
            try:
                paths = list(self.folder.glob("*.json"))
            except OSError:
                paths = []
            self._known = {path.stem: entry for path in paths if (entry := self._read(path))}
            return sorted((entry for _, entry in self._known.values()), key=lambda entry: entry.number)

    def entry(self, key: str) -> QueuedPhoto | None:
        """Return one entry, ``None`` if it has left the queue."""
        found = self._read(self._path(key))
        return found[1] if found else None

    def photo(self, entry: QueuedPhoto) -> Photo:
        """Return the photo itself; ``ImageError`` if its file is gone."""
        try:
            return Photo(entry.name, (self.folder / f"{entry.key}.photo").read_bytes())
        except OSError:
            raise ImageError(f"{entry.name}: its file is gone from the queue; add the photo again") from None

    def cutout_path(self, draft: Draft) -> Path:
        """Return the path of a garment's cut-out."""
        return self.folder / f"{draft.photo}-{draft.id}.cut.png"

    def cutout(self, draft: Draft) -> np.ndarray:
        """Return a garment's cut-out, RGBA uint8 (h, w, 4); cut anew where its file is missing or broken.

        Raises ``ImageError`` if the photo is gone too.
        """
        try:
            return read_cutout(self.cutout_path(draft))
        except OSError:
            return garment_from_mask(self.image(draft), draft.mask, draft.category_id, draft.score or 1.0).cutout

    def image(self, draft: Draft) -> np.ndarray:
        """Return the photo of a garment as RGB uint8 (H, W, 3); ``ImageError`` if it is gone."""
        entry = self.entry(draft.photo)
        if entry is None:
            raise ImageError("The photo has left the queue; add it again")
        return self.photo(entry).read()

    def change(self, key: str, alter: Callable[[QueuedPhoto], QueuedPhoto]) -> QueuedPhoto | None:
        """Replace an entry by ``alter(entry)``, read anew under the lock; ``None`` if it has left the queue."""
        with self._writing():
            entry = self.entry(key)
            if entry is not None and (new := alter(entry)) != entry:
                self._write(new)
                return new
            return entry

    def edit(self, draft_ids: Iterable[str], alter: Callable[[Draft], Draft]) -> None:
        """Change drafts by their ids, wherever they are in the queue."""
        wanted = set(draft_ids)

        def altered(entry: QueuedPhoto) -> QueuedPhoto:
            drafts = (alter(draft) if draft.id in wanted else draft for draft in entry.drafts)
            return replace(entry, drafts=tuple(drafts))

        for entry in self.entries():
            if any(draft.id in wanted for draft in entry.drafts):
                self.change(entry.key, altered)

    def look_again(self, keys: Iterable[str], model: str) -> None:
        """Have photos looked at with ``model``; what it has seen in them before is there at once."""
        for key in keys:
            self.change(
                key,
                lambda entry: replace(
                    entry, model=model, state=READY if model in entry.looks else QUEUED, reason=None, attempts=0
                ),
            )

    def put(self, key: str, cut: Sequence[tuple[Draft, np.ndarray]], **fields: Any) -> None:
        """Add drafts with their cut-outs, RGBA uint8 (h, w, 4), to a photo, and set other ``fields`` of its entry.

        A draft that is there already (its id) is replaced, but what the owner has said of it stays.  Nothing is done
        where the photo has left the queue.
        """
        with self._writing():
            if (entry := self.entry(key)) is None:
                return
            drafts = {draft.id: draft for draft in entry.drafts}
            for draft, cutout in cut:
                atomic.write_bytes(self.cutout_path(draft), png_bytes(cutout), durable=False)
                old = drafts.get(draft.id, draft)
                drafts[draft.id] = replace(draft, fields=old.fields, keep=old.keep, choice=old.choice)
            self._write(replace(entry, drafts=tuple(drafts.values()), **fields))

    def recut(self, draft: Draft, outlines: Sequence[tuple[str, dict]], garment: Garment) -> None:
        """Give a draft the ``garment`` that a repair has made of it; outlines: the repair's steps, the last holds."""
        new = replace(draft_of(garment, draft.photo, draft.model, draft.fields, outlines, draft.id), score=draft.score)
        self.put(draft.photo, [(new, garment.cutout)])

    def remove(self, keys: Iterable[str]) -> None:
        """Take photos out of the queue with all that belongs to them."""
        with self._writing():
            for key in keys:
                self._path(key).unlink(missing_ok=True)  # first: without it the rest is a leftover, not an entry
                parts = (f"{key}.photo", f"{key}{DAMAGED}")
                for path in [*self.folder.glob(f"{key}-*.png"), *(self.folder / name for name in parts)]:
                    path.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Delete what killed writers left; under the lock of all who write here, so that no import loses its file."""
        with self._writing():
            atomic.remove_leftovers(self.folder)

    def _take(self, entry: QueuedPhoto, data: bytes) -> bool:
        """Write a new photo and its entry; ``False`` if it is in the queue already."""
        with self._writing():
            if self._path(entry.key).exists():
                return False
            atomic.write_bytes(self.folder / f"{entry.key}.photo", data)
            self._write(entry)
        return True

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _write(self, entry: QueuedPhoto) -> None:
        path = self._path(entry.key)
        if path.exists() and self._understood(path) is None:
            path.replace(self.folder / f"{entry.key}{DAMAGED}")
        text = json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":"))
        atomic.write_bytes(self._path(entry.key), text.encode("utf-8", "replace"))

    def _read(self, path: Path) -> tuple[int, QueuedPhoto] | None:
        """Return (time of change, entry); a file that did not change is not read again."""
        with contextlib.suppress(OSError):
            time = path.stat().st_mtime_ns
            known = self._known.get(path.stem)
            if known and known[0] == time:
                return known
            if entry := self._understood(path):
                return time, entry
            if path.with_suffix(".photo").is_file():
                return time, QueuedPhoto(path.stem, path.stem, 0, "", "", FAILED, DAMAGED_REASON)
        return None

    def _understood(self, path: Path) -> QueuedPhoto | None:
        """Return the entry in a file, ``None`` where it is damaged."""
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            raw = json.loads(path.read_bytes())
            return _ENTRY.validate_python(_from_version_1(raw) if "pieces" in raw else raw)
        return None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        check_drive(self.folder.parent)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=30, poll_interval=0.02):
                yield
        except OSError as error:  # filelock's Timeout is one too
            raise explain_os_error(error, self.folder) from error


_ENTRY = TypeAdapter(QueuedPhoto)


def _sound(photo: Photo | ImageError) -> Photo:
    """Return a photo that may be stored; ``ImageError`` for what is no picture."""
    if isinstance(photo, ImageError):
        raise photo
    check_picture(photo.data, photo.name)
    return photo


def _from_version_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of the queue's first form, which knew neither other models' drafts nor their repairs."""
    drafts = [
        {
            **{name: value for name, value in piece.items() if name not in ("mask", "twin")},
            "photo": raw["key"],
            "model": raw["model"],
            "outlines": [("original", piece["mask"])],
            "guesses": {},
            "choice": piece["twin"],
        }
        for piece in raw["pieces"]
    ]
    looks: dict[str, dict] = {raw["model"]: {}} if raw["state"] == READY else {}
    kept = {name: value for name, value in raw.items() if name not in ("pieces", "min_score")}
    return {**kept, "looks": looks, "drafts": drafts}
