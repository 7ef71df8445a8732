"""The wardrobe on disk: garments, outfits and pictures, with locks, backups and undo."""

from ewardrobe.feature_store.document import StoreError
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore

__all__ = ["FeatureStore", "OutfitStore", "StoreError"]
