"""The clothes rail of the live view: what can be put on, piece by piece and slot by slot."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ewardrobe.core.images import png_bytes, read_cutout
from ewardrobe.core.taxonomy import CATEGORY_IDS, EXCLUDES, SLOTS, category
from ewardrobe.garments.cutout import Garment
from ewardrobe.tryon.garment import GarmentImageError, WearableGarment, prepare
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.pictures import data_url

THUMBNAIL_SIDE = 112
"""Pixels of the pictures that pieces are chosen by."""


@dataclass(frozen=True, eq=False)
class Hanger:
    """One garment that can be put on.

    key: unique on the rail; name: as the person calls it; picture: the file of its cut-out, or the cut-out itself,
    RGBA uint8 (h, w, 4); item_id: of the wardrobe, ``None`` for what is not in it.
    """

    key: str
    name: str
    category_id: int
    picture: Path | np.ndarray
    item_id: str | None = None

    @property
    def slot(self) -> str:
        """The place on the body that it fills, one of ``taxonomy.SLOTS``."""
        return category(self.category_id).slot


def wardrobe_pieces(items: Iterable[Mapping], picture: Callable[[str], Path | None]) -> list[Hanger]:
    """Return the items that can be put on: clothes with a cut-out that are not archived, in their order.

    picture: the path for an item's file name, see ``FeatureStore.picture``.
    """
    pieces = []
    for item in items:
        path = picture(item["image"]) if isinstance(item.get("image"), str) else None
        if path is None or item.get("slot") not in SLOTS or item.get("state") == "archived":
            continue
        key = f"{item['id']}/{item['category_id']}/{path.name}"  # another kind or cut-out is another piece
        pieces.append(Hanger(key, called(item), int(item["category_id"]), path, item["id"]))
    return pieces


def sample_pieces() -> list[Hanger]:
    """Return the drawn sample garments; nothing is added to any wardrobe."""
    from ewardrobe.datasets.synthetic import sample_garments  # here, because drawing is rarely needed

    return [Hanger(f"sample/{g['type']}", called(g), g["category_id"], g["cutout"]) for g in sample_garments()]


def cut_pieces(garments: Iterable[Garment], number: int) -> list[Hanger]:
    """Return the garments cut out of the ``number``-th captured picture; shoes, bags and hats cannot be tried on."""
    found = [garment for garment in garments if garment.category_id in CATEGORY_IDS]
    return [Hanger(f"cut/{number}/{i}", g.called, g.category_id, g.cutout) for i, g in enumerate(found)]


def put_on(worn: Mapping[str, str], slot: str, key: str | None) -> dict[str, str]:
    """Return what is worn, key by slot, after ``key`` is put on ``slot``; ``None`` takes off what is there.

    >>> put_on({"top": "shirt", "outer": "coat"}, "dress", "gown")
    {'outer': 'coat', 'dress': 'gown'}
    """
    gone = {slot, *EXCLUDES[slot]} if key else {slot}
    kept = {place: other for place, other in worn.items() if place not in gone}
    return kept | ({slot: key} if key else {})


def outfit(pieces: Iterable[Hanger], item_ids: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return what is worn, key by slot, when the items of an outfit are put on in their order, and the ids left over.

    Left over is what does not hang on the rail (shoes, what has no cut-out, what is gone) and what another piece of the
    outfit takes the place of: the last one wins.
    """
    by_id = {piece.item_id: piece for piece in pieces if piece.item_id is not None}
    item_ids = list(dict.fromkeys(item_ids))
    worn: dict[str, str] = {}
    for item_id in item_ids:
        if piece := by_id.get(item_id):
            worn = put_on(worn, piece.slot, piece.key)
    on = set(worn.values())
    return worn, [i for i in item_ids if i not in by_id or by_id[i].key not in on]


def step(keys: Sequence[str], current: str | None, by: int) -> str | None:
    """Return the key ``by`` places on from ``current``, round the end; from nothing to the first or the last.

    >>> step(["a", "b", "c"], "c", 1), step(["a", "b", "c"], None, -1), step([], None, 1)
    ('a', 'c', None)
    """
    if not keys:
        return None
    if current not in keys:
        return keys[0 if by > 0 else -1]
    return keys[(keys.index(current) + by) % len(keys)]


def ready(piece: Hanger) -> WearableGarment:
    """Make a piece ready to be drawn; ``GarmentImageError`` says with its name why it cannot, and what to do."""
    try:
        rgba = read_cutout(piece.picture) if isinstance(piece.picture, Path) else piece.picture
        if rgba.ndim == 3 and rgba.size and (rgba.shape[2] == 3 or rgba[..., 3].min() == 255):
            raise GarmentImageError("this is a whole photo, no cut-out: cut the garment out on Add garments first")
        return prepare(rgba, piece.category_id, piece.key)
    except FileNotFoundError:
        problem = "its picture is gone; it may have been removed in another window"
    except OSError as error:
        problem = f"its picture cannot be read ({error}); photograph the garment again"
    except GarmentImageError as error:
        problem = str(error)
    raise GarmentImageError(f"{piece.name}: {problem}")


def thumbnail(piece: Hanger) -> str:
    """Return a small picture of a piece, on a transparent square, as a data URL."""
    path = piece.picture
    return data_url(path if isinstance(path, Path) else io.BytesIO(png_bytes(path)), THUMBNAIL_SIDE, 0.04)
