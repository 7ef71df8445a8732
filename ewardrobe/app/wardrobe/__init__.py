"""The wardrobe page: gallery, table and the page of one item."""
