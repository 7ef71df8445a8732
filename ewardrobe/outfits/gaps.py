"""What a wardrobe lacks: advice for an empty or sparse one, and the one addition that would open the most outfits."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np

from ewardrobe.core.taxonomy import CATEGORIES
from ewardrobe.outfits import candidates
from ewardrobe.outfits.closet import Closet, closet_of
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import ALL_SLOTS, Wish, category_number, layers, number_word, slot_of, unavailable
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, score, terms_of, weights_for
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.palette import palette
from ewardrobe.wardrobe.vocabulary import PLAIN_COLOURS
from ewardrobe.wardrobe.wear_log import ARCHIVED, STATE_WORDS

WELL_SCORED = 0.75
"""Quantile of the wardrobe's own scores from which an outfit counts as well scored, but at least ``LEAST_SCORE``."""

LEAST_SCORE = 0.6
PARTNERS, GAPS = 40, 5

BOUGHT = tuple(c.name for c in CATEGORIES if c.name not in ("sling", "sling dress", "short sleeve outwear"))
"""Kinds that are suggested; the three left out are rare in the outfits that the compatibility was learned from."""

OUT_OF_SEASON = {
    **dict.fromkeys(("shorts", "vest", "vest dress"), ("autumn", "winter")),
    "long sleeve outwear": ("summer",),
}
"""When a kind is not suggested: what it would be worn with by then is months away."""

NEAR = 25.0
"""Distance in CIELAB below which two colours serve the same: navy and blue, beige and cream."""

PLURALS = {"top": "tops", "bottom": "bottoms", "dress": "dresses"}


@dataclass(frozen=True)
class Gap:
    """An addition; opens: new well-scored outfits; mean_score: of those; base: the wardrobe's own by now."""

    category: str
    colour: str
    opens: int
    mean_score: float
    base: int


def advice(items: Sequence[Mapping], wish: Wish, wanted: int = 6) -> str | None:
    """Return what to do where ``items`` cannot make ``wanted`` outfits for ``wish``; ``None`` where they can.

    >>> advice([{"category_id": 1}] * 3, Wish())
    'There are 3 tops but no bottoms. Add two bottoms and I can make six outfits.'
    >>> advice([], Wish())
    'The wardrobe is empty. Add three tops and two bottoms and I can make six outfits.'
    """
    free = Counter(slot_of(item) for item in candidates.wearable(items, wish))
    now = free["top"] * free["bottom"] + free["dress"]
    if now >= wanted:
        return None
    sizes = itertools.product(range(wanted + 1), repeat=2)
    options = [(t, b, (free["top"] + t) * (free["bottom"] + b) + free["dress"]) for t, b in sizes]
    enough = [option for option in options if option[2] >= wanted]
    tops, bottoms, reached = min(enough, key=lambda option: (option[0] + option[1], -option[0]))
    add = " and ".join(_counted(slot, count) for slot, count in (("top", tops), ("bottom", bottoms)) if count)
    parts = [_situation(items, free, now), *_away(items, wish)]
    return " ".join([*parts, f"Add {add} and I can make {number_word(reached)} outfits."])


def _situation(items: Sequence[Mapping], free: Counter, now: int) -> str:
    if not items:
        return "The wardrobe is empty."
    if now:
        return f"That is enough for {number_word(now)} outfit{'s' if now > 1 else ''}."
    for here, other in (("top", "bottom"), ("bottom", "top")):
        if count := free[here]:
            return f"There {'is' if count == 1 else 'are'} {_counted(here, count, str(count))} but no {PLURALS[other]}."
    return "Nothing that makes an outfit can be worn now."


def _away(items: Sequence[Mapping], wish: Wish) -> list[str]:
    away = Counter((unavailable(item), slot_of(item)) for item in items)
    said = []
    for state in ("laundry", "lent"):
        found = {slot: count for slot in PLURALS if (count := away[state, slot])}
        if found:
            there = " and ".join(_counted(slot, count) for slot, count in found.items())
            said.append(f"{there.capitalize()} {'is' if sum(found.values()) == 1 else 'are'} {STATE_WORDS[state]}.")
    out = len(candidates.wearable(items, replace(wish, season=None))) - len(candidates.wearable(items, wish))
    if out:
        said.append(f"{out} {'piece is' if out == 1 else 'pieces are'} marked for other seasons.")
    return said


def _counted(slot: str, count: int, word: str | None = None) -> str:
    return f"{word or number_word(count)} {slot if count == 1 else PLURALS[slot]}"


def find_gaps(
    items: Sequence[Mapping],
    wish: Wish,
    model: Compatibility | None = None,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> list[Gap]:
    """Return the single additions (category and colour) that would open the most well-scored outfits, best first.

    Each is imagined in plain cotton and the wardrobe's commonest style, next to the most promising pieces of the other
    slots; an outfit is well scored from the upper quarter of the wardrobe's own.  One addition for each category.
    Nothing that is owned in a near colour, in the laundry too, and nothing out of season.
    """
    owned, weights = [item for item in items if item.get("state") != ARCHIVED], weights_for(wish, weights)
    items = [item for item in items if unavailable(item) is None]
    usual = Counter(str(item["style"]) for item in items if item.get("style"))
    style = usual.most_common(1)[0][0] if usual else None
    shortlist = candidates.shortlist(closet_of(items, wish.today), wish, model)
    ideas = _ideas(owned, wish.season, style)
    closet, own_count = closet_of([*shortlist.items, *ideas], wish.today), len(shortlist)
    dry = Wish(occasion=wish.occasion, today=wish.today)  # a base alone is judged, a coat may come over it

    def scores(outfits: np.ndarray) -> np.ndarray:
        return score(terms_of(closet, outfits, dry, model).values, weights)

    own = scores(candidates.bases(closet.take(range(own_count)), Wish()))
    limit = max(LEAST_SCORE, float(np.quantile(own, WELL_SCORED))) if len(own) else LEAST_SCORE
    base, best = int((own >= limit).sum()), dict[str, Gap]()
    worth = attrgetter("opens", "mean_score")
    for place, item in enumerate(ideas, own_count):
        values = scores(_outfits_with(closet, place, own_count))
        good = values[values >= limit]
        gap = Gap(item["category"], item["colour"], len(good), float(good.mean()) if len(good) else 0.0, base)
        best[gap.category] = max(best.get(gap.category, gap), gap, key=worth)
    return sorted((gap for gap in best.values() if gap.opens), key=worth, reverse=True)[:GAPS]


def _ideas(owned: Sequence[Mapping], season: str | None, style: str | None) -> list[dict]:
    """Return what could be added, an item for each kind and colour that the wardrobe has nothing like."""
    look = {"pattern": "solid", "material": "cotton", "style": style}
    kinds = [name for name in BOUGHT if season not in OUT_OF_SEASON.get(name, ())]
    ideas = [
        {"id": f"{name}-{colour}", "type": name, "colour": colour, **look, **kind_fields(name)}
        for name in kinds
        for colour in PLAIN_COLOURS
        if colour != "multicolour"
    ]
    shades = {(category_number(item), shade[:3]) for item in owned for shade in palette(item, 1)}

    def is_owned(idea: Mapping) -> bool:
        number, (shade, *_) = category_number(idea), palette(idea, 1)
        return any(number == other and math.dist(shade[:3], lab) < NEAR for other, lab in shades)

    return [idea for idea in ideas if not is_owned(idea)]


def missing_slots(items: Sequence[Mapping], season: str | None) -> list[str]:
    """Return what nobody goes without and is not owned: shoes, and outerwear unless it is summer.

    >>> missing_slots([{"slot": "shoes"}], "winter"), missing_slots([], "summer")
    (['coat or jacket'], ['shoes'])
    """
    slots = {slot_of(item) for item in items if item.get("state") != ARCHIVED}
    needed = {"shoes": "shoes", "outer": "coat or jacket"}
    return [word for slot, word in needed.items() if slot not in slots and (slot, season) != ("outer", "summer")]


def _outfits_with(closet: Closet, place: int, own_count: int) -> np.ndarray:
    """Return the outfits (M, 2) that the new piece at ``place`` makes; a coat goes over dresses and bottoms."""
    partners = {"dress": (), "outer": ("dress", "bottom"), "top": ("bottom",), "bottom": ("top",)}
    slot = ALL_SLOTS[closet.slots[place]]
    there = [p for name in partners[slot] for p in closet.in_slot(name)[:PARTNERS] if p < own_count]
    return np.array([[place, p] for p in (there if slot != "dress" else [-1])], int).reshape(-1, 2)


def needs_outerwear(items: Sequence[Mapping], wish: Wish) -> bool:
    """Tell whether it is cold and there is no coat or jacket to wear."""
    return not layers(wish)[0] and all(slot_of(item) != "outer" for item in candidates.wearable(items, wish))
