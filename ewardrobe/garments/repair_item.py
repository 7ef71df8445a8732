"""Repair of a cut-out that is in the wardrobe already: found again in its photo, replaced, and the old ones kept."""

from __future__ import annotations

import cv2
import numpy as np

from ewardrobe.core.images import ImageError, load_image, read_cutout, scale_to
from ewardrobe.core.masks import mask_to_rle
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.cutout import Garment
from ewardrobe.garments.duplicates import perceptual_hash
from ewardrobe.garments.repair import Repair, RepairError
from ewardrobe.wardrobe.item import kind

SEARCH_SIDE = 480
"""Long side in pixels at which a cut-out is looked for in its photo before the place is made exact."""

LARGEST_DIFFERENCE = 12.0
"""Root mean square difference, in levels of 255, up to which the cut-out is taken to be from that photo."""


def bench_of_item(store: FeatureStore, item_id: str) -> Repair:
    """Return the bench of an item in the wardrobe.

    Raises ``RepairError`` where the photo or the cut-out is missing or they do not belong together.
    """
    cutout_path, photo_path = store.image_path(item_id, "image"), store.image_path(item_id, "photo")
    if cutout_path is None or photo_path is None:
        raise RepairError("The photo that this item was cut out of is not in the wardrobe, so it cannot be repaired.")
    try:
        image = load_image(photo_path)
        cutout = read_cutout(cutout_path)
    except (ImageError, OSError) as error:
        raise RepairError(f"The photo or the cut-out cannot be read: {error}") from error
    item = store.get(item_id)
    mask = outline_in_photo(image, cutout)
    category_id = INSTANCE_ID_BY_WORD.get(kind(item), 1)
    return Repair(image, category_id, float(item.get("score") or 1.0), [("original", mask_to_rle(mask))])


def outline_in_photo(image: np.ndarray, cutout: np.ndarray) -> np.ndarray:
    """Return the (H, W) bool mask of ``cutout`` (RGBA uint8 (h, w, 4)) in the photo that it was cut out of.

    The inside of a cut-out is the photo's own pixels, so the place is where they differ least: looked for in a small
    picture, then made exact within a few pixels.  ``RepairError`` where nothing in the photo agrees.
    """
    alpha = cutout[..., 3] > 127
    rows, cols = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    if not len(rows):
        raise RepairError("The cut-out is empty, so it cannot be repaired. Add the photo again.")
    part = cutout[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    if part.shape[0] > image.shape[0] or part.shape[1] > image.shape[1]:
        raise RepairError("The cut-out is larger than its photo, so it was not cut out of this one.")
    left, top, difference = _place(image, part)
    if difference > LARGEST_DIFFERENCE:
        raise RepairError("The cut-out was not found in its photo, so it cannot be repaired. Add the photo again.")
    mask = np.zeros(image.shape[:2], bool)
    mask[top : top + part.shape[0], left : left + part.shape[1]] = part[..., 3] > 127
    return mask


def _place(image: np.ndarray, part: np.ndarray) -> tuple[int, int, float]:
    """Return left, top, and the root mean square difference there."""
    small = scale_to(image, SEARCH_SIDE)
    scale = small.shape[0] / image.shape[0]
    if scale == 1:
        return _best(image, part)
    size = [min(max(1, round(n * scale)), most) for n, most in zip(part.shape[1::-1], small.shape[1::-1], strict=True)]
    left, top, _ = _best(small, cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    reach = round(2 / scale) + 2
    x0 = min(max(0, round(left / scale) - reach), image.shape[1] - part.shape[1])
    y0 = min(max(0, round(top / scale) - reach), image.shape[0] - part.shape[0])
    window = image[y0 : y0 + part.shape[0] + 2 * reach, x0 : x0 + part.shape[1] + 2 * reach]
    left, top, difference = _best(window, part)
    return x0 + left, y0 + top, difference


def _best(image: np.ndarray, part: np.ndarray) -> tuple[int, int, float]:
    inside = cv2.erode((part[..., 3] == 255).view(np.uint8), np.ones((5, 5), np.uint8))  # the edge has other colours
    inside = inside if inside.any() else (part[..., 3] > 127).view(np.uint8)
    weights = np.repeat(inside.astype(np.float32)[..., None], 3, axis=2)
    squares = cv2.matchTemplate(image.astype(np.float32), part[..., :3].astype(np.float32), cv2.TM_SQDIFF, mask=weights)
    least, _, (left, top), _ = cv2.minMaxLoc(squares)
    return left, top, float(np.sqrt(max(0.0, least) / weights.sum()))


def save_repair(store: FeatureStore, item_id: str, garment: Garment) -> None:
    """Make ``garment`` the cut-out of an item; the one before is kept, see `undo_repair` and `original_cutout`.

    Raises ``StoreError`` when the wardrobe cannot be written; then nothing is changed.
    """
    store.replace_cutout(item_id, garment.cutout, perceptual_hash(garment.cutout))


def earlier_cutouts(item: dict) -> list[str]:
    """Return the file names of an item's earlier cut-outs, the original first."""
    return [name for name in item.get("earlier_images") or [] if isinstance(name, str)]


def undo_repair(store: FeatureStore, item_id: str) -> bool:
    """Bring back the cut-out before the last repair; ``False`` if there is none."""
    return _bring_back(store, item_id, -1)


def original_cutout(store: FeatureStore, item_id: str) -> bool:
    """Bring back the first cut-out of an item; ``False`` if it was never repaired."""
    return _bring_back(store, item_id, 0)


def _bring_back(store: FeatureStore, item_id: str, place: int) -> bool:
    names = earlier_cutouts(store.get(item_id))
    path = store.picture(names[place]) if names else None
    if path is None or not path.exists():
        return False
    cutout = read_cutout(path)
    store.replace_cutout(item_id, cutout, perceptual_hash(cutout), keep=names[: len(names) + place] if place else [])
    return True
