"""Text as people write it: amounts, days, words.  What can be read in two ways is asked about, never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Literal

DayOrder = Literal["day first", "month first"]


class AmbiguousError(ValueError):
    """Text that can be read in two ways; ``readings`` are both, as they would be stored."""

    def __init__(self, message: str, readings: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.readings = frozenset(readings)


# Amounts

_CURRENCY_WORDS = (
    "aed ars aud bgn brl cad chf clp cny cop czk dkk egp eur gbp hkd huf idr ils inr isk jpy krw kwd mad mxn myr nok "
    "nzd pen php pkr pln qar ron rsd rub sar sek sgd thb try twd uah usd vnd zar us r a c s hk nt rs kr fr sfr rm rp "
    "tl ft zł kč kc lei lv din kn руб грн р 元 円 euro euros dollar dollars pound pounds yen yuan rupee rupees"
)
_CURRENCIES = frozenset(_CURRENCY_WORDS.split())
"""Words beside an amount, in small letters and without their dot; signs such as € are known by Unicode."""

_GROUPS = re.compile(r"(?<=\d)[ '’\u00a0\u202f](?=\d{3}(?!\d))")
_WORD = r"(?:[^\W\d_]+\.?|[^\w\s.,;:()/+*=%-])"
_NUMBER = re.compile(r"[-−]?\d[\d.,]*")
_LONGEST_AMOUNT = 100
"""Letters; what is longer is none, and would take long to look at."""

_NO_CENTS = re.compile(r"[.,][-–—]+(?=\D*$)")
_CENTS_BEHIND_SIGN = re.compile(r"(\d+)\s*([$€£¥])\s*(\d\d)")


def amount(text: str) -> float | int:
    """Return an amount, with or without its currency; ``ValueError`` if it is none, or can be read in two ways.

    >>> amount("1.299,00 €"), amount("Rs. 500"), amount("25€50"), amount("1'250.-"), amount("1e3")
    (1299, 500, 25.5, 1250, 1000)
    """
    if len(text) > _LONGEST_AMOUNT:
        raise ValueError(f"expected a number, got {text[:20]!r}… of {len(text)} letters")
    plain = _CENTS_BEHIND_SIGN.sub(r"\1.\3\2", _NO_CENTS.sub("", _GROUPS.sub("", _ascii_digits(text.strip()))))
    if re.fullmatch(r"[+-]?\d+(\.\d+)?e[+-]?\d{1,3}", plain, re.IGNORECASE):  # as spreadsheets show large numbers
        return _whole(float(plain))
    found = _NUMBER.search(plain)
    around = f"{plain[: found.start()]} {plain[found.end() :]}" if found else ""
    if not found or re.sub(_WORD, "", around).strip() or not all(map(_is_currency, re.findall(_WORD, around))):
        raise ValueError(f"expected a number, got {text!r}")
    return _whole(float(_decimal(found[0].replace("−", "-"), text)))


def _ascii_digits(text: str) -> str:
    """Return ``text`` with the digits of any script as 0 to 9; Arabic's own signs as point and comma."""
    signs = {"٫": ".", "٬": ","}
    return "".join(str(unicodedata.digit(c)) if c.isdecimal() else signs.get(c, c) for c in text)


def _is_currency(word: str) -> bool:
    return unicodedata.category(word[0]) == "Sc" or word.casefold().rstrip(".") in _CURRENCIES


def _decimal(digits: str, text: str) -> str:
    """Return ``digits`` with a point before the decimals, and no other sign."""
    signs = re.findall(r"[.,]", digits)
    whole = re.fullmatch(r"-?\d{1,3}([.,])\d{3}(\1\d{3})*", digits) or re.fullmatch(r"-?\d{1,2}(,\d\d)+,\d{3}", digits)
    if len(signs) > 1 and whole:
        return digits.replace(signs[0], "")
    if len(signs) == 1 and whole and not digits.lstrip("-").startswith("0"):
        readings = digits.replace(signs[0], ""), digits.replace(",", ".")
        told = f"{text!r} could be {readings[0]} or {readings[1]}; write it with two decimals, such as {readings[0]}.00"
        raise AmbiguousError(told, readings)
    grouped = re.fullmatch(r"(-?\d{1,3}(?:([.,])\d{3})(?:\2\d{3})*|-?\d{1,2}(?:,\d\d)*,\d{3})([.,])(\d+)", digits)
    if len(signs) > 1 and grouped and signs[-1] not in signs[:-1]:
        return re.sub(r"[.,]", "", grouped[1]) + "." + grouped[4]
    if len(signs) > 1 or digits[-1] in ".,":
        raise ValueError(f"expected a number, got {text!r}")
    return digits.replace(",", ".")


def _whole(number: float) -> float | int:
    if number in (float("inf"), float("-inf")):
        raise ValueError("expected a number, got one that is too large")
    return int(number) if number.is_integer() else number


def amount_text(number: float) -> str:
    """Return an amount as text that ``amount`` reads as the same number.

    >>> amount_text(12.5), amount_text(1.299), amount_text(3)
    ('12.5', '1.2990', '3')
    """
    text = f"{number:.10g}"
    return f"{text}0" if re.fullmatch(r"-?[1-9]\d{0,2}\.\d{3}", text) else text


# Days

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y"),
    *("%d-%b-%Y", "%d. %B %Y"),
)
_SLASHED: dict[DayOrder, tuple[str, ...]] = {
    "day first": ("%d/%m/%Y", "%d-%m-%Y"),
    "month first": ("%m/%d/%Y", "%m-%d-%Y"),
}


def day(text: str, order: DayOrder | None = None) -> str:
    """Return the ISO day of a date, with or without its time; ``ValueError`` if it is none, or of no likely year.

    order: which number comes first in 3/4/2026, where that is known; else two readings are an ``AmbiguousError``.

    >>> day("31.3.2026"), day("3/31/2026"), day("3/4/2026", "month first")
    ('2026-03-31', '2026-03-31', '2026-03-04')
    """
    plain = _ascii_digits(text.strip())
    plain = re.sub(r"[T ]\d{1,2}:\d\d.*$", "", plain)
    with suppress(ValueError):
        plain = date.fromisoformat(plain).isoformat()
    found = {kept: days for kept in _SLASHED if (days := _days(plain, _SLASHED[kept]))}
    if len(found) == 2 and order in found:
        found = {order: found[order]}
    days = _days(plain, _DATES).union(*found.values())
    if len(days) > 1:
        readings = sorted(map(str, days))
        raise AmbiguousError(f"{text!r} could be {' or '.join(readings)}; write it in one of these ways", readings)
    if not days:
        raise ValueError(f"{text!r} is no date; write it as 2026-03-31")
    return _likely(days.pop(), text)


def _likely(found: date, text: str) -> str:
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"{text!r} is of the year {found.year}: expected {_FIRST_YEAR} to {_LAST_YEAR}")
    return found.isoformat()


def _days(text: str, patterns: Iterable[str]) -> set[date]:
    found = set()
    for pattern in patterns:
        with suppress(ValueError):
            found.add(datetime.strptime(text, pattern).date())
    return found


def order_of(texts: Iterable[str]) -> DayOrder | None:
    """Return which number comes first in a column of dates such as 3/25/2026, by those that leave no doubt.

    ``None`` where none does, or where they disagree.

    >>> order_of(["3/4/2026", "3/25/2026"]), order_of(["3/4/2026"]), order_of(["25/3/2026", "3/25/2026"])
    ('month first', None, None)
    """
    sure: set[DayOrder] = set()
    for text in texts:
        plain = re.sub(r"[T ]\d{1,2}:\d\d.*$", "", _ascii_digits(text.strip()))
        readable: list[DayOrder] = [order for order, patterns in _SLASHED.items() if _days(plain, patterns)]
        sure |= set(readable) if len(readable) == 1 else set()
    return sure.pop() if len(sure) == 1 else None


# Words


def flag(text: str) -> bool:
    """Return yes or no; ``ValueError`` for anything else."""
    word = text.casefold()
    if word in ("yes", "y", "true", "1", "on", "x", "✓", "♥"):
        return True
    if word in ("no", "n", "false", "0", "off"):
        return False
    raise ValueError(f"expected yes or no, got {text!r}")


def words(text: str) -> list[str]:
    """Return the words of a list that semicolons or bars part."""
    return [part.strip() for part in re.split(r"[;|]", text) if part.strip()]


_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_JOINERS = "\u200c\u200d"
"""Zero-width characters that shape letters and emoji: kept between them."""


def tidy(text: str) -> str:
    """Return ``text`` as a person sees it: one form of each letter (NFC), nothing invisible, no blank at its ends.

    >>> tidy("Cafe\u0301 "), tidy("Acme\u200b"), tidy("a\u00a0 b")
    ('Café', 'Acme', 'a b')
    """
    seen = _one_form("NFC", _INVISIBLE.sub("", text))
    lines = (" ".join(line.split()) for line in seen.split("\n"))
    return "\n".join(lines).strip(_JOINERS + " \n")


@lru_cache(maxsize=4096)  # a wardrobe of thousands holds the same few words again and again
def same(text: str) -> str:
    """Return what is equal for texts that a person takes for one: case and form of letters do not count.

    >>> same("LEVI’S ") == same("Levi's"), same("Straße") == same("STRASSE")
    (True, True)
    """
    return tidy(_one_form("NFKC", tidy(text)).replace("’", "'").casefold())


_MOST_MARKS = 30
"""Accents on one letter, as many as Unicode's own streams may have."""


def _one_form(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Return ``text`` in a normal form; as it is where a letter bears so many accents that ordering them takes long."""
    crowded = not text.isascii() and any(
        marks and sum(1 for _ in letters) > _MOST_MARKS
        for marks, letters in groupby(text, lambda letter: unicodedata.combining(letter) > 0)
    )
    return text if crowded else unicodedata.normalize(form, text)
