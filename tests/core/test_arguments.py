"""Numbers on the command line that cannot be: one sentence, exit code 2."""

import argparse

import pytest

from ewardrobe.core.arguments import above_zero, count, fraction, positive, seed


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        (positive, ("0", "-1", "1.5", "nan", "", "²"), "expected a whole number from 1, got "),
        (count, ("-1", "inf"), "expected a whole number from 0, got "),
        (seed, ("-1", "4294967296", "1e3"), "expected a whole number from 0 to 4294967295, got "),
        (fraction, ("nan", "-0.1", "1.1", "half"), "expected a number from 0 to 1, such as 0.5, got "),
        (above_zero, ("0", "nan", "inf", "-2"), "expected a number above 0, got "),
    ],
)
def test_what_cannot_be_is_refused(kind, texts, expected):
    for text in texts:
        with pytest.raises(argparse.ArgumentTypeError, match=expected):
            kind(text)


def test_good_numbers_are_taken():
    assert [positive("3"), count("0"), seed("7"), fraction("1"), above_zero("0.5")] == [3, 0, 7, 1.0, 0.5]
