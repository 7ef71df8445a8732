"""Readers, writers and renderers of garment data sets."""
