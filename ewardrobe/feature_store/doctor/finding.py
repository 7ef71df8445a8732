"""What the doctor finds, and how it says so."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, in one sentence.  cure: what ``mend`` does; ``None`` where only the owner can help."""

    what: str
    cure: str | None = None


def counted(names: Sized, what: str) -> str:
    """Return a number with its noun.

    >>> counted(["a"], "picture"), counted([], "picture")
    ('1 picture', '0 pictures')
    """
    return f"{len(names)} {what}{'' if len(names) == 1 else 's'}"


def some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are.

    >>> some(["a", "b"]), some("abcdefg")
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")


def unreadable(place: object, error: OSError) -> Finding:
    """Return the finding for what cannot be read: it may be whole, so only the owner can say what it needs."""
    return Finding(f"{place} cannot be read ({error.strerror}). Check its permissions and the disk; it was left alone.")
