"""Numbers on the command line: a value that cannot be is refused in one sentence, and the exit code is 2."""

from __future__ import annotations

import argparse
import math
import sys

MAX_SEED = 2**32 - 1


def positive(text: str) -> int:
    """Return ``text`` as a whole number from 1, for argparse."""
    return whole(text, least=1)


def count(text: str) -> int:
    """Return ``text`` as a whole number from 0, for argparse."""
    return whole(text)


def seed(text: str) -> int:
    """Return ``text`` as the seed of random numbers, 0..4294967295, for argparse."""
    return whole(text, most=MAX_SEED)


def whole(text: str, least: int = 0, most: int = sys.maxsize) -> int:
    """Return ``text`` as a whole number in ``least``..``most``; ``ArgumentTypeError`` for anything else."""
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        limit = f" to {most}" if most < sys.maxsize else ""
        raise argparse.ArgumentTypeError(f"expected a whole number from {least}{limit}, got {text}")
    return value


def fraction(text: str) -> float:
    """Return ``text`` as a number in 0..1, for argparse."""
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, such as 0.5, got {text}")
    return value


def above_zero(text: str) -> float:
    """Return ``text`` as a finite number above 0, for argparse."""
    value = _number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
