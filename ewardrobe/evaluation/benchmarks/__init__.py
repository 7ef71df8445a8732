"""Benchmarks: models, exports and the live view, timed and judged."""
