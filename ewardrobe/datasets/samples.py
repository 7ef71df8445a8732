"""Training samples in memory: photo, garment masks and parsing map at a reduced size.

Reading a JPEG costs more than augmenting it, so a data set of some thousand photos is decoded once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ewardrobe.datasets.deepfashion2 import DeepFashion2, Record, item_mask


@dataclass(frozen=True, eq=False)
class Sample:
    """One photo with its truth.

    image: (H, W, 3) RGB uint8.  masks: (N, H, W) uint8, 0 or 1.  category_ids: (N,) int64 in 1..13.
    parsing: (H, W) uint8 label map 0..18, or ``None`` when skin, hair and the like are not labelled.
    """

    image: np.ndarray
    masks: np.ndarray
    category_ids: np.ndarray
    parsing: np.ndarray | None

    @property
    def worn(self) -> bool:
        """True when the person around the garments is labelled."""
        return self.parsing is not None

    @property
    def matte(self) -> np.ndarray:
        """(H, W) bool: what stays when the background is replaced, the person or the garments."""
        return self.parsing > 0 if self.parsing is not None else self.masks.any(axis=0)


def load_samples(data: DeepFashion2, max_side: int = 320, max_images: int | None = None) -> list[Sample]:
    """Decode the usable records of ``data`` at ``max_side`` pixels on the long side."""
    samples = []
    for record in data.records():
        if max_images is not None and len(samples) >= max_images:
            break
        image = cv2.imread(str(record.image_path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            data.problems.append(f"{record.image_path}: not readable as an image")
            continue
        samples.append(to_sample(record, image, max_side))
    return samples


def to_sample(record: Record, image: np.ndarray, max_side: int) -> Sample:
    """Scale ``image`` (RGB uint8, full size) and the truth of ``record`` to ``max_side`` pixels."""
    height, width = image.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    masks = [_shrink_mask(item_mask(item, height, width).astype(np.uint8), size) for item in record.items]
    return Sample(
        image=cv2.resize(image, size, interpolation=cv2.INTER_AREA),
        masks=np.stack(masks) if masks else np.zeros((0, size[1], size[0]), np.uint8),
        category_ids=np.array([item.category_id for item in record.items], np.int64),
        parsing=_read_parsing(record, size),
    )


def repeat_factors(samples: Sequence[Sample], threshold: float = 0.1, worn_factor: float = 1.0) -> np.ndarray:
    """Return (len(samples),) float64 sampling weights that lift rare categories and worn photos.

    Repeat-factor sampling of LVIS (Gupta, Dollár and Girshick, CVPR 2019): a category in a share f of the photos
    weighs max(1, sqrt(threshold / f)), a photo as its rarest category; worn photos are multiplied by ``worn_factor``.
    """
    counts = Counter(c for s in samples for c in set(s.category_ids.tolist()))
    weight = {c: max(1.0, (threshold * len(samples) / n) ** 0.5) for c, n in counts.items()}
    factors = [max((weight[c] for c in s.category_ids.tolist()), default=1.0) for s in samples]
    return np.array([f * (worn_factor if s.worn else 1.0) for f, s in zip(factors, samples, strict=True)])


def _shrink_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return (cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8)


def _read_parsing(record: Record, size: tuple[int, int]) -> np.ndarray | None:
    if record.parsing_path is None or not record.worn:
        return None  # in a not-worn photo only the garment is labelled: skin and hair are unknown there
    parsing = cv2.imread(str(record.parsing_path), cv2.IMREAD_GRAYSCALE)
    return None if parsing is None else cv2.resize(parsing, size, interpolation=cv2.INTER_NEAREST)
