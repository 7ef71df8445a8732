"""The reasons for an outfit in plain words: a sentence for every term that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ewardrobe.outfits import warmth
from ewardrobe.outfits.closet import PALETTE
from ewardrobe.outfits.grammar import OCCASIONS, Wish, listed, name_of, number_word
from ewardrobe.outfits.harmony import colourfulness
from ewardrobe.outfits.terms import LABELS, TERMS, Terms, template_name
from ewardrobe.wardrobe.palette import palette
from ewardrobe.wardrobe.wear_log import days_worn

TEMPLATE_WORDS = {
    "i": "shades of one colour",
    "V": "colours that are neighbours",
    "L": "a colour with an accent a quarter turn away",
    "I": "two opposite colours",
    "T": "colours of one half of the colour wheel",
    "Y": "neighbouring colours with an opposite accent",
    "X": "two groups of opposite colours",
}
GOOD, FAIR = 0.7, 0.45
"""From here on a term speaks for an outfit; below the second against it."""


@dataclass(frozen=True)
class Reason:
    """One term in words. name: of ``TERMS``; label: as shown; value: 0..1; text: one sentence."""

    name: str
    label: str
    value: float
    text: str


def reasons(items: Sequence[Mapping], known: Mapping[str, float], terms: Terms, wish: Wish) -> tuple[Reason, ...]:
    """Return a reason for each of the ``known`` terms of one outfit of ``items``; ``terms``: its one row."""
    loved = listed(name_of(item) for item in items if item.get("favourite"))
    words: dict[str, Callable[[float], str]] = {
        "colour": lambda value: _colour(items, value, template_name(int(terms.template[0]))),
        "pattern": lambda value: _pattern(items, int(terms.patterned[0])),
        "formality": lambda value: _formality(items, value, wish),
        "weather": lambda value: _weather(items, value, float(terms.clo[0]), wish),
        "compatibility": _compatibility,
        "rotation": lambda value: _rotation(items, wish.today),
        "favourites": lambda value: f"With your favourite {loved}." if loved else "No favourite of yours in it.",
    }
    return tuple(Reason(n, LABELS[n], known[n], words[n](known[n])) for n in TERMS if n in known)


def _colour(items: Sequence[Mapping], value: float, template: str | None) -> str:
    named = sorted((item for item in items if item.get("colour")), key=_is_neutral)
    names = listed(dict.fromkeys(str(item["colour"]) for item in named))
    in_brackets = f" ({names})" if names else ""
    if template is None:
        return f"All neutral{f': {names}' if names else ''}: always safe."
    if template == "accent":
        return f"One accent among neutrals{in_brackets}."
    if value >= GOOD:
        return f"In harmony: {TEMPLATE_WORDS[template]}{in_brackets}."
    if value >= FAIR:
        return f"Near to {TEMPLATE_WORDS[template]}{in_brackets}."
    return f"Bold: these colours do not harmonise by the colour wheel{in_brackets}."


def _is_neutral(item: Mapping) -> bool:
    colours = np.array(palette(item, PALETTE)).reshape(-1, 4)
    return bool((colourfulness(colours[:, :3]) * colours[:, 3]).sum() <= 0.3)


def _pattern(items: Sequence[Mapping], count: int) -> str:
    patterned = [item for item in items if item.get("pattern") not in (None, "", "solid")]
    names = [_patterned_name(item) for item in patterned]
    if not count:
        return "All plain: calm."
    if count == 1:
        return f"The {names[0]} stands out among plain pieces."
    if count == 2 and patterned[0].get("pattern") == patterned[1].get("pattern"):
        return f"Twice the same pattern: {names[0]} and {names[1]}."
    return f"{number_word(count).capitalize()} patterns compete: {listed(names)}."


def _patterned_name(item: Mapping) -> str:
    name, pattern = name_of(item), str(item["pattern"])
    return name if pattern in name.lower() or pattern == "other" else f"{pattern} {name}"


def _formality(items: Sequence[Mapping], value: float, wish: Wish) -> str:
    styles = dict.fromkeys(str(item["style"]) for item in items if item.get("style"))
    kinds = listed(styles)
    if wish.occasion is None:
        return f"All {kinds}." if len(styles) == 1 else f"It mixes {kinds}."
    wanted = wish.occasion if wish.occasion != "everyday" else "every day"
    if value >= GOOD:
        return f"Right for {wanted}: {kinds}."
    return f"Not quite right for {wanted}, which asks for {OCCASIONS[wish.occasion]}: it is {kinds}."


def _weather(items: Sequence[Mapping], value: float, clo: float, wish: Wish) -> str:
    said = []
    if wish.celsius is not None and clo > 0:
        where = f"{wish.celsius:.0f} °C" if wish.temperature is not None else f"a usual {wish.season} day"
        off = clo + warmth.UNDERWEAR - warmth.wanted(wish.celsius)
        level = abs(off) / warmth.TOLERANCE
        degree = "" if level > 1.2 else "a little "
        said.append(
            f"Right for {where}" if level < 0.8 else f"{degree}too {'warm' if off > 0 else 'light'} for {where}"
        )
    if wish.season and (noted := [item for item in items if item.get("season")]):
        others = [name_of(item) for item in noted if wish.season not in item["season"]]
        said.append(f"{listed(others)} not marked for {wish.season}" if others else f"marked for {wish.season}")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _compatibility(value: float) -> str:
    if value >= 0.75:
        return "People often wear such pieces together."
    if value >= 0.5:
        return "People wear such pieces together."
    return "People seldom wear such pieces together: your own idea."


def _rotation(items: Sequence[Mapping], today: date | None) -> str:
    days = {name_of(item): max(days_worn(item), default=None) for item in items}
    last = max((day for day in days.values() if day), default=None)
    never = [name for name, day in days.items() if day is None]
    if last is None:
        return "None of it was worn before."
    ago = (today - date.fromisoformat(last)).days if today else None
    recent = next(name for name, day in days.items() if day == last)
    when = "today" if ago == 0 else "yesterday" if ago == 1 else f"{ago} days ago"
    return f"{recent.capitalize()} last worn {when}" + (f"; never yet: {listed(never)}." if never else ".")
