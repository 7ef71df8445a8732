"""Adding garments: ways in, review, queue and repair."""
