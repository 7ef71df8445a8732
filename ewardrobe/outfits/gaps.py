"""What a wardrobe lacks: advice for an empty or sparse one, and the one addition that would open the most outfits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES
from ewardrobe.outfits import candidates
from ewardrobe.outfits.closet import Closet, closet_of
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import ALL_SLOTS, Wish, layers, slot_of, unavailable
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, score, terms_of, weights_for
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import COLOURS

NEW = "new-"
"""How the ids of imagined pieces begin."""

WELL_SCORED = 0.75
"""Quantile of the wardrobe's own scores from which an outfit counts as well scored, but at least ``LEAST_SCORE``."""

LEAST_SCORE = 0.6
PARTNERS = 40

BOUGHT = tuple(c.name for c in CATEGORIES if c.name not in ("sling", "sling dress", "short sleeve outwear"))
"""Kinds that are suggested; the three left out are rare in the outfits that the compatibility was learned from."""

PLURALS = {"top": "tops", "bottom": "bottoms", "dress": "dresses", "outer": "coats or jackets"}
SINGULARS = {"top": "top", "bottom": "bottom", "dress": "dress", "outer": "coat or jacket"}
STATE_WORDS = {"laundry": "in the laundry", "lent": "lent", "archived": "archived"}


@dataclass(frozen=True)
class Gap:
    """An addition. category, colour: what to get; opens: new well-scored outfits; mean_score: of those; base: what the
    wardrobe has of them now.
    """

    category: str
    colour: str
    opens: int
    mean_score: float
    base: int


def counts(items: Iterable[Mapping], wish: Wish) -> tuple[Counter, Counter]:
    """Return how many items of each slot can be worn now, and how many of each state and slot cannot."""
    items = list(items)
    free = Counter(slot_of(item) for item in candidates.wearable(items, wish))
    return free, Counter((state, slot_of(item)) for item in items if (state := unavailable(item)))


def possible(free: Mapping[str, int]) -> int:
    """Return the number of bases that can be made: tops times bottoms, and dresses."""
    return free.get("top", 0) * free.get("bottom", 0) + free.get("dress", 0)


def advice(items: Sequence[Mapping], wish: Wish, wanted: int = 6) -> str | None:
    """Return what to do where ``items`` cannot make ``wanted`` outfits for ``wish``; ``None`` where they can.

    >>> advice([{"category_id": 1}] * 3, Wish())
    'There are 3 tops but no bottoms. Add two bottoms and I can make six outfits.'
    >>> advice([], Wish())
    'The wardrobe is empty. Add three tops and two bottoms and I can make six outfits.'
    """
    items = list(items)
    free, away = counts(items, wish)
    now = possible(free)
    if now >= wanted:
        return None
    parts = [_situation(items, free, now), *_away(away, wish, items)]
    add = _addition(free, wanted)
    return " ".join([*parts, f"Add {add} and I can make {_word(_reached(free, wanted))} outfits."])


def _situation(items: Sequence[Mapping], free: Counter, now: int) -> str:
    if not items:
        return "The wardrobe is empty."
    if now:
        return f"That is enough for {_word(now)} outfit{'s' if now > 1 else ''}."
    here = [slot for slot in ("top", "bottom") if free[slot]]
    if len(here) == 1:
        other = "bottom" if here == ["top"] else "top"
        count = free[here[0]]
        are = f"is {count} {SINGULARS[here[0]]}" if count == 1 else f"are {count} {PLURALS[here[0]]}"
        return f"There {are} but no {PLURALS[other]}."
    return "Nothing that makes an outfit can be worn now."


def _away(away: Counter, wish: Wish, items: Sequence[Mapping]) -> list[str]:
    """Say what would be there if it were clean, at home or in season."""
    said = []
    for state in ("laundry", "lent"):
        found = {slot: away[state, slot] for slot in ("top", "bottom", "dress") if away[state, slot]}
        if found:
            listed = " and ".join(_count_of(slot, count) for slot, count in found.items())
            listed = listed[0].upper() + listed[1:]
            said.append(f"{listed} {'is' if sum(found.values()) == 1 else 'are'} {STATE_WORDS[state]}.")
    if wish.season:
        every = candidates.wearable(items, Wish(locked=wish.locked))
        out = len(every) - len(candidates.wearable(items, wish))
        if out:
            said.append(f"{out} {'piece is' if out == 1 else 'pieces are'} marked for other seasons.")
    return said


def _count_of(slot: str, count: int) -> str:
    return f"{_word(count)} {SINGULARS[slot] if count == 1 else PLURALS[slot]}"


def _addition(free: Counter, wanted: int) -> str:
    """Return the smallest purchase of tops and bottoms that reaches ``wanted`` outfits, in words."""
    best = _smallest(free, wanted)
    words = [f"{_word(n)} {SINGULARS[s] if n == 1 else PLURALS[s]}" for s, n in best.items() if n]
    return " and ".join(words)


def _smallest(free: Counter, wanted: int) -> dict[str, int]:
    sizes = range(wanted + 1)
    options = [
        {"top": t, "bottom": b}
        for t in sizes
        for b in sizes
        if possible({**free, "top": free["top"] + t, "bottom": free["bottom"] + b}) >= wanted
    ]
    return min(options, key=lambda option: (option["top"] + option["bottom"], -option["top"]))


def _reached(free: Counter, wanted: int) -> int:
    best = _smallest(free, wanted)
    return possible({**free, "top": free["top"] + best["top"], "bottom": free["bottom"] + best["bottom"]})


def find_gaps(
    items: Sequence[Mapping],
    wish: Wish,
    model: Compatibility | None = None,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
    count: int = 5,
) -> list[Gap]:
    """Return the single additions (category and colour) that would open the most well-scored outfits, best first.

    Each is imagined in plain cotton and the wardrobe's commonest style, next to the most promising pieces of the other
    slots; an outfit is well scored from the upper quarter of the wardrobe's own.  One addition for each category.
    """
    items, weights = [item for item in items if unavailable(item) is None], weights_for(wish, weights)
    usual = Counter(str(item["style"]) for item in items if item.get("style"))
    style = usual.most_common(1)[0][0] if usual else None
    shortlist = candidates.shortlist(closet_of(items, wish.today), wish, model)
    ideas = [_imagined(name, colour, style) for name in BOUGHT for colour in COLOURS if colour != "multicolour"]
    closet = closet_of([*shortlist.items, *ideas], wish.today)
    own, limit = _own_scores(closet, len(shortlist), wish, model, weights)
    found = [_gap(closet, place, len(shortlist), own, limit, wish, model, weights) for place in _new_places(closet)]
    best: dict[str, Gap] = {}
    for gap in sorted(found, key=lambda gap: (-gap.opens, -gap.mean_score)):
        best.setdefault(gap.category, gap)
    return [gap for gap in best.values() if gap.opens][:count]


def _imagined(category: str, colour: str, style: str | None) -> dict:
    look = {"type": category, "colour": colour, "pattern": "solid", "material": "cotton", "style": style}
    return {"id": f"{NEW}{category}-{colour}", **look, **kind_fields(category)}


def _new_places(closet: Closet) -> list[int]:
    return [place for place, item_id in enumerate(closet.ids) if item_id.startswith(NEW)]


def _own_scores(
    closet: Closet, own_count: int, wish: Wish, model: Compatibility | None, weights: Mapping[str, float]
) -> tuple[np.ndarray, float]:
    """Return the scores of all bases of the wardrobe itself, and from which score an outfit is a good one."""
    own = closet.take(range(own_count))
    found = candidates.bases(own, Wish(season=wish.season))
    if not len(found):
        return np.zeros(0), LEAST_SCORE
    values = score(terms_of(own, found, _dry(wish), model).values, weights)
    return values, max(LEAST_SCORE, float(np.quantile(values, WELL_SCORED)))


def _gap(
    closet: Closet,
    place: int,
    own_count: int,
    own: np.ndarray,
    limit: float,
    wish: Wish,
    model: Compatibility | None,
    weights: Mapping[str, float],
) -> Gap:
    item = closet.items[place]
    outfits = _outfits_with(closet, place, own_count, own)
    values = score(terms_of(closet, outfits, _dry(wish), model).values, weights) if len(outfits) else np.zeros(0)
    good = values[values >= limit]
    mean = float(good.mean()) if len(good) else 0.0
    return Gap(item["category"], item["colour"], len(good), mean, int((own >= limit).sum()))


def _outfits_with(closet: Closet, place: int, own_count: int, own: np.ndarray) -> np.ndarray:
    """Return the outfits (M, 2) that the new piece at ``place`` makes; a coat goes over dresses and bottoms."""
    slot = ALL_SLOTS[closet.slots[place]]
    there = {name: [p for p in closet.in_slot(name) if p < own_count][:PARTNERS] for name in ("top", "bottom", "dress")}
    if slot == "dress":
        return np.array([[place, -1]])
    if slot == "outer":
        partners = [*there["dress"], *there["bottom"]]  # by what is seen below it
    else:
        partners = there["bottom" if slot == "top" else "top"]
    return np.array([[place, partner] for partner in partners], int).reshape(-1, 2)


def _dry(wish: Wish) -> Wish:
    """Return the wish without the temperature: a base alone is judged, a coat may come over it."""
    return Wish(occasion=wish.occasion, season=None, today=wish.today)


def needs_outerwear(items: Sequence[Mapping], wish: Wish) -> bool:
    """Tell whether it is cold and there is no coat or jacket to wear."""
    free, _ = counts(items, wish)
    return not layers(wish)[0] and not free["outer"]


def _word(number: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[number] if number < len(words) else str(number)
