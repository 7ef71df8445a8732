"""What ships beside weights: manifest, model cards and the README's table, written from what was measured."""
