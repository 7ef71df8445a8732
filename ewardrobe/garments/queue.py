"""Many photos on their way into the wardrobe: a queue on disk that survives a crash, a reload and a power cut.

In the folder ``queue/`` of the wardrobe lie, for each photo, its bytes (``KEY.photo``), what is known of it
(``KEY.json``) and a small cut-out of each garment found (``KEY-N.png``).  KEY is a hash of the content: the same photo
given twice is one entry.  A photo leaves the queue when its garments are saved or it is discarded, and not before.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from ewardrobe.core import atomic
from ewardrobe.core.images import ImageError, png_bytes, scale_to
from ewardrobe.core.masks import mask_to_rle
from ewardrobe.feature_store.change import now
from ewardrobe.feature_store.document import explain_os_error
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.duplicates import TURNS, perceptual_hash

FOLDER = "queue"
QUEUED, ANALYSING, READY, FAILED = "queued", "analysing", "ready", "failed"
PICTURE_SIDE = 320
MAX_ATTEMPTS = 2
"""A photo that was being looked at when the app ended this often is taken to be the reason."""


@dataclass(frozen=True)
class QueuedGarment:
    """One garment of a queued photo.

    id: that of the item to be; mask: COCO run lengths; colours: as ``item_of`` stores them; turns: its hash as it is
    looked for, ``duplicates.TURNS``; fields: what the person said; twin: ``twins.CHOICES``, ``None`` for undecided.
    """

    id: str
    category_id: int
    score: float | None
    mask: dict = field(repr=False)
    colours: tuple[dict, ...] = field(default=(), repr=False)
    hash: str = field(default="", repr=False)
    turns: tuple[str, ...] = field(default=(), repr=False)
    fields: dict[str, Any] = field(default_factory=dict)
    keep: bool = True
    twin: str | None = None


@dataclass(frozen=True)
class QueuedPhoto:
    """One photo of the queue.

    state: queued, analysing, ready or failed; reason: why it failed; model, min_score: how it is looked at; attempts:
    how often that was begun; number: its place.
    """

    key: str
    name: str
    number: int
    added: str
    model: str
    min_score: float
    state: str = QUEUED
    reason: str | None = None
    attempts: int = 0
    pieces: tuple[QueuedGarment, ...] = ()


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

    def add(
        self,
        photos: Iterable[Photo | ImageError],
        model: str,
        min_score: float,
        told: Callable[[int], None] | None = None,
    ) -> Added:
        """Put photos at the end; each is on disk before the next is read.  ``told`` is called with the count so far."""
        added, number = Added(), 1 + max((entry.number for entry in self.entries()), default=0)
        for count, photo in enumerate(photos, 1):
            if isinstance(photo, ImageError):
                added.refused.append(str(photo))
            elif self._take(
                QueuedPhoto(photo.key, photo.name, number + added.taken, now(), model, min_score), photo.data
            ):
                added.taken += 1
            else:
                added.again += 1
            if told:
                told(count)
        return added

    def entries(self) -> list[QueuedPhoto]:
        """Return all entries in the order of their coming; files of another program's are passed over."""
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

    def picture(self, entry: QueuedPhoto, piece: QueuedGarment) -> Path:
        """Return the path of a garment's small cut-out."""
        return self.folder / f"{entry.key}-{piece.id}.png"

    def change(self, key: str, alter: Callable[[QueuedPhoto], QueuedPhoto]) -> QueuedPhoto | None:
        """Replace an entry by ``alter(entry)``, read anew under the lock; ``None`` if it has left the queue."""
        with self._writing():
            entry = self.entry(key)
            if entry is not None and (new := alter(entry)) != entry:
                self._write(new)
                return new
            return entry

    def edit(self, piece_ids: Iterable[str], alter: Callable[[QueuedGarment], QueuedGarment]) -> None:
        """Change garments by their ids, wherever they are in the queue."""
        wanted = set(piece_ids)
        for entry in self.entries():
            if any(piece.id in wanted for piece in entry.pieces):
                self.change(entry.key, lambda entry: _with_pieces(entry, wanted, alter))

    def look_again(self, keys: Iterable[str], model: str, min_score: float) -> None:
        """Queue photos anew for another look; what was said about their garments is given up."""
        for key in keys:
            self.change(key, lambda entry: _anew(entry, model, min_score))

    def recut(self, key: str, piece_id: str, garment: Garment) -> None:
        """Give a garment another outline."""

        def alter(piece: QueuedGarment) -> QueuedGarment:
            return replace(piece_of(garment, piece.id), fields=piece.fields, keep=piece.keep, score=piece.score)

        entry = self.change(key, lambda entry: _with_pieces(entry, {piece_id}, alter))
        if entry:
            self.keep_pictures(entry, [(piece, garment) for piece in entry.pieces if piece.id == piece_id])

    def keep_pictures(self, entry: QueuedPhoto, cut: Iterable[tuple[QueuedGarment, Garment]]) -> None:
        """Write the small cut-outs of garments."""
        with self._writing():
            for piece, garment in cut:
                atomic.write_bytes(
                    self.picture(entry, piece), png_bytes(scale_to(garment.cutout, PICTURE_SIDE)), durable=False
                )

    def remove(self, keys: Iterable[str]) -> None:
        """Take photos out of the queue with all that belongs to them."""
        with self._writing():
            for key in keys:
                self._path(key).unlink(missing_ok=True)  # first: without it the rest is a leftover, not an entry
                for path in [*self.folder.glob(f"{key}-*.png"), self.folder / f"{key}.photo"]:
                    path.unlink(missing_ok=True)

    # Inside

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
        text = json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":"))
        atomic.write_bytes(self._path(entry.key), text.encode("utf-8", "replace"))

    def _read(self, path: Path) -> tuple[int, QueuedPhoto] | None:
        """Return (time of change, entry); a file that did not change is not read again."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            time = path.stat().st_mtime_ns
            known = self._known.get(path.stem)
            return known if known and known[0] == time else (time, _parsed(path))
        return None

    @contextlib.contextmanager
    def _writing(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=30, poll_interval=0.02):
                yield
        except OSError as error:  # filelock's Timeout is one too
            raise explain_os_error(error, self.folder) from error


def piece_of(garment: Garment, piece_id: str | None = None) -> QueuedGarment:
    """Return a garment as the queue keeps it."""
    return QueuedGarment(
        id=piece_id or uuid.uuid4().hex[:12],
        category_id=garment.category_id,
        score=garment.score,
        mask=mask_to_rle(garment.mask),
        colours=tuple(asdict(colour) for colour in garment.colours),
        hash=perceptual_hash(garment.cutout),
        turns=tuple(perceptual_hash(garment.cutout, turn) for turn in TURNS),
    )


def _with_pieces(entry: QueuedPhoto, wanted: set[str], alter: Callable[[QueuedGarment], QueuedGarment]) -> QueuedPhoto:
    pieces = tuple(alter(piece) if piece.id in wanted else piece for piece in entry.pieces)
    return replace(entry, pieces=pieces)


def _anew(entry: QueuedPhoto, model: str, min_score: float) -> QueuedPhoto:
    return replace(entry, model=model, min_score=min_score, state=QUEUED, reason=None, attempts=0, pieces=())


def _parsed(path: Path) -> QueuedPhoto:
    raw = json.loads(path.read_bytes())
    pieces = tuple(
        QueuedGarment(**{**piece, "colours": tuple(piece["colours"]), "turns": tuple(piece["turns"])})
        for piece in raw.pop("pieces")
    )
    return QueuedPhoto(**raw, pieces=pieces)
