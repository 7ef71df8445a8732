"""The page that compares the models."""
