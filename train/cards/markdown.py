"""Lines of generated Markdown."""

from __future__ import annotations

import textwrap

WIDTH = 120


def wrapped(text: str) -> str:
    """Return ``text`` with lines of at most ``WIDTH`` characters; rows of tables stay whole.

    >>> [len(line) for line in wrapped("word " * 40 + "\\n\\n|" + "a" * 130 + "|").splitlines()]
    [119, 79, 0, 132]
    """
    return "\n".join(line if line.startswith("|") else _fill(line) for line in text.split("\n"))


def _fill(line: str) -> str:
    return textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)
