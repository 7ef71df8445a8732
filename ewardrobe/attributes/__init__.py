"""What can be told of a garment from its pixels."""
