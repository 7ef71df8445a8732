"""Model cards and the README's table, written from what was measured."""
