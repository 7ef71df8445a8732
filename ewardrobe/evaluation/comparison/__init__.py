"""Several models on the same photos: where they agree."""
