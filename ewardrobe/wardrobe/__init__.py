"""What an item of the wardrobe is and what follows from it: pure, nothing on disk."""
