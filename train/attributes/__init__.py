"""Training of the attribute network."""
