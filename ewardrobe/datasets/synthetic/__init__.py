"""Synthetic photos of clothes: drawn, seeded, with exact masks, in DeepFashion2's layout."""

from ewardrobe.datasets.synthetic.export import random_photos, write_dataset
from ewardrobe.datasets.synthetic.person import PersonSpec, random_outfit, render_clip, render_person
from ewardrobe.datasets.synthetic.samples import sample_garments, sample_photos
from ewardrobe.datasets.synthetic.scene import GarmentSpec, SyntheticPhoto, render_flat_lay

__all__ = [
    "GarmentSpec",
    "PersonSpec",
    "SyntheticPhoto",
    "random_outfit",
    "random_photos",
    "render_clip",
    "render_flat_lay",
    "render_person",
    "sample_garments",
    "sample_photos",
    "write_dataset",
]
