"""Synthetic photos of clothes: drawn, seeded, with exact masks, in DeepFashion2's layout."""

from ewardrobe.datasets.synthetic.export import (
    annotation,
    mask_to_polygons,
    polygons_to_mask,
    random_photos,
    write_dataset,
)
from ewardrobe.datasets.synthetic.scene import Look, SyntheticPhoto, Wear, random_outfit, render_flat_lay, render_person

__all__ = [
    "Look",
    "SyntheticPhoto",
    "Wear",
    "annotation",
    "mask_to_polygons",
    "polygons_to_mask",
    "random_outfit",
    "random_photos",
    "render_flat_lay",
    "render_person",
    "write_dataset",
]
