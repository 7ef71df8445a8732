"""From a wardrobe and a wish to a short list of outfits: scored, explained, different from each other.

Outfits are rows (M, S) int64 of places in the closet, one column a slot, -1 for none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ewardrobe.outfits import candidates
from ewardrobe.outfits.closet import Closet, closet_of
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.explain import Reason, reasons
from ewardrobe.outfits.grammar import ALL_SLOTS, Wish
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, TERMS, Terms, score, terms_of, weights_for

SAMENESS_COST = 0.35
"""What an outfit loses for being the same, in all its garments, as one that is already on the list."""

LOOKED_AT = 400
"""So many of the best go into the choice of a varied list."""


@dataclass(frozen=True)
class Outfit:
    """One suggestion: ids in wearing order, score 0..1, the known terms 0..1 by name, and a sentence for each."""

    ids: tuple[str, ...]
    score: float
    terms: dict[str, float]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Suggestions:
    """A list of outfits, best first; what stands in the way, in words."""

    outfits: tuple[Outfit, ...]
    problems: tuple[str, ...] = ()


def suggest(
    items: Iterable[Mapping],
    wish: Wish,
    count: int = 6,
    model: Compatibility | None = None,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> Suggestions:
    """Return up to ``count`` outfits of ``items`` (of the wardrobe) for ``wish``; the same for the same arguments.

    No two are the same, none holds what is in the laundry, lent or archived.  ``problems`` says why there are none or
    fewer, for instance that locked pieces clash; see ``advice`` for what to do about an empty or small wardrobe.
    """
    items, weights = list(items), weights_for(wish, weights)
    problems = candidates.conflicts(items, wish)
    if problems:
        return Suggestions((), tuple(problems))
    closet = candidates.shortlist(closet_of(candidates.wearable(items, wish), wish.today), wish, model)
    outfits, terms = _scored(closet, wish, model, weights)
    values = score(terms.values, weights)
    chosen = varied(outfits, values, count, candidates.locked_places(closet, wish))
    return Suggestions(tuple(describe(closet, outfits, terms, values, row, wish) for row in chosen))


def _scored(
    closet: Closet, wish: Wish, model: Compatibility | None, weights: Mapping[str, float]
) -> tuple[np.ndarray, Terms]:
    """Return the outfits (M, S) that a shortlist makes, best first, with shoes and the like, and their terms."""

    def best_first(outfits: np.ndarray) -> tuple[np.ndarray, Terms]:
        terms = terms_of(closet, outfits, wish, model)
        order = np.argsort(-score(terms.values, weights), kind="stable")[:LOOKED_AT]
        return outfits[order], terms.take(order)

    found = candidates.bases(closet, wish)
    # A base is ranked without the weather: a coat may yet make it warm enough.
    plain = score(terms_of(closet, found, wish, model).values, {**weights, "weather": 0.0})
    found = candidates.with_layers(closet, found[np.argsort(-plain, kind="stable")], wish)
    outfits = _with_extras(closet, best_first(found)[0], wish)
    ids = [{closet.ids[place] for place in row if place >= 0} for row in outfits]
    avoided = [any(combination <= one for combination in wish.avoid) for one in ids]
    return best_first(outfits[~np.array(avoided, bool)])


def _with_extras(closet: Closet, outfits: np.ndarray, wish: Wish) -> np.ndarray:
    """Add the piece of each wished slot that goes best with each outfit, and the locked ones of any slot."""
    locked = {ALL_SLOTS[closet.slots[place]]: place for place in candidates.locked_places(closet, wish)}
    for slot in ALL_SLOTS[4:]:
        pieces = np.array([locked[slot]]) if slot in locked else closet.in_slot(slot)
        if not len(pieces) or not (slot in wish.extras or slot in locked):
            continue
        tried = np.column_stack([np.repeat(outfits, len(pieces), axis=0), np.tile(pieces, len(outfits))])
        values = score(terms_of(closet, tried, wish, None).values).reshape(len(outfits), len(pieces))
        outfits = np.column_stack([outfits, pieces[values.argmax(axis=1)]])
    return outfits


def varied(outfits: np.ndarray, values: np.ndarray, count: int, locked: Iterable[int] = ()) -> list[int]:
    """Return the rows of up to ``count`` good outfits that differ: maximal marginal relevance, greedily.

    An outfit loses for every piece that it shares with one that is chosen (Carbonell and Goldstein, SIGIR 1998); locked
    pieces do not count, they are in all of them.
    """
    columns = outfits[:, :3]  # garments: shoes and bags may come again
    free = (columns >= 0) & ~np.isin(columns, list(locked))
    sizes = np.maximum(free.sum(axis=1), 1)
    chosen: list[int] = []
    sameness = np.zeros(len(outfits))
    for _ in range(min(count, len(outfits))):
        merit = values - SAMENESS_COST * sameness
        merit[chosen] = -math.inf
        best = int(merit.argmax())
        if merit[best] == -math.inf:
            break
        chosen.append(best)
        shared = (np.isin(columns, columns[best][free[best]]) & free).sum(axis=1) / sizes
        sameness = sameness + shared * 0.5 + (shared == 1) * 1.0
    return chosen


def describe(closet: Closet, outfits: np.ndarray, terms: Terms, values: np.ndarray, row: int, wish: Wish) -> Outfit:
    """Return the outfit in ``row`` with its score, terms and reasons."""
    places = sorted((int(p) for p in outfits[row] if p >= 0), key=lambda place: closet.slots[place])
    known = {name: float(v) for name, v in zip(TERMS, terms.values[row], strict=True) if np.isfinite(v)}
    told = reasons([closet.items[place] for place in places], known, terms.take(np.array([row])), wish)
    return Outfit(tuple(closet.ids[place] for place in places), float(values[row]), known, told)


def diversity(outfits: Iterable[Outfit], slot_by_id: Mapping[str, str]) -> str:
    """Return in words how different a list of outfits is, by its garments."""
    sets = [{i for i in outfit.ids if slot_by_id.get(i) in ALL_SLOTS[:4]} for outfit in outfits]
    if len(sets) < 2:
        return ""
    shared = max(len(a & b) for place, a in enumerate(sets) for b in sets[:place])
    pieces = len(set().union(*sets))
    if not shared:
        return f"{len(sets)} outfits of {pieces} garments; no garment comes twice."
    return f"{len(sets)} outfits of {pieces} garments; no two share more than {'one' if shared == 1 else shared}."
