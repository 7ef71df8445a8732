"""Outfits from a wardrobe: what goes together, why, and how well."""
