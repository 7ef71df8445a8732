"""Pieces of generated Markdown: short lines and tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

WIDTH = 120


def wrapped(text: str) -> str:
    """Return ``text`` with lines of at most ``WIDTH`` characters; rows of tables stay whole.

    >>> [len(line) for line in wrapped("word " * 40 + "\\n\\n|" + "a" * 130 + "|").splitlines()]
    [119, 79, 0, 132]
    """
    wrapper = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join(line if line.startswith("|") else wrapper.fill(line) for line in text.split("\n"))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; all columns but the first are set to the right.

    >>> print(table(["", "AP"], [["unet", "0.5"]]))
    | | AP |
    |---|---:|
    | unet | 0.5 |
    """
    lines = ["|" + "|".join(f" {cell} " if cell != "" else " " for cell in row) + "|" for row in (headings, *rows)]
    return "\n".join([lines[0], "|---|" + "---:|" * (len(headings) - 1), *lines[1:]])


def provenance(entry: dict[str, Any], trained_on: str) -> str:
    """Return the table of a model card that says where the weights of a manifest's ``entry`` come from."""
    return f"""| | |
|---|---|
| file | `{entry["file"]}`, {entry["bytes"]:,} bytes, sha256 `{entry["sha256"]}` |
| licence | {entry["licence"]} |
| trained on | {entry["data"]}{trained_on} |
| command | `{entry["command"]}` |
| commit, date | {entry["commit"][:12]}, {entry["date"]} |"""
