"""The metrics page: what was measured of the shipped weights."""
