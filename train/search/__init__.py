"""Sweeps and the choice of thresholds."""
