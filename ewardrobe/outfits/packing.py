"""A packing list: few pieces that make a different outfit for every day of a journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import ALL_SLOTS, Wish, slot_of
from ewardrobe.outfits.suggest import Outfit, suggest
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS

WEARS = {"top": 2, "dress": 2, "bottom": 4}
"""How often a piece is worn on a journey before it needs a wash; others as often as wanted."""

POOL = 90
"""Outfits to choose from."""

NEW_PIECE_COST = 0.12
"""What an outfit loses for every piece that is not in the bag yet."""

WORN_YESTERDAY_COST = 0.3


@dataclass(frozen=True)
class PackingList:
    """days: an outfit for each day; ids: the pieces to take, in wearing order; note: what fell short, or nothing."""

    days: tuple[Outfit, ...]
    ids: tuple[str, ...]
    note: str = ""


def pack(
    items: Sequence[Mapping],
    wish: Wish,
    days: int,
    model: Compatibility | None = None,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> PackingList:
    """Return outfits for up to ``days`` days out of few pieces: no outfit twice, no top more than twice.

    Greedy: each day takes the outfit with the best score less a cost for every new piece and for what was worn the day
    before.  One pair of shoes and one bag go along.
    """
    slots = {str(item.get("id")): slot_of(item) for item in items}
    pool = list(suggest(items, replace(wish, extras=()), POOL, model, weights).outfits)
    chosen: list[Outfit] = []
    while pool and len(chosen) < days:
        worn = Counter(item_id for day in chosen for item_id in day.ids)
        possible = [outfit for outfit in pool if all(worn[i] < WEARS.get(slots[i], 99) for i in outfit.ids)]
        if not possible:
            break
        best = max(possible, key=lambda outfit: _worth(outfit, chosen, slots))
        pool.remove(best)
        chosen.append(best)
    bag = dict.fromkeys(item_id for day in chosen for item_id in day.ids)
    if chosen and wish.extras:  # the shoes and such that go with the first day
        dressed = suggest(items, replace(wish, locked=chosen[0].ids), 1, model, weights).outfits
        bag |= dict.fromkeys(item_id for outfit in dressed for item_id in outfit.ids)
    in_order = sorted(bag, key=lambda item_id: ALL_SLOTS.index(slots[item_id]))
    return PackingList(tuple(chosen), tuple(in_order), _note(len(chosen), days))


def _worth(outfit: Outfit, chosen: Sequence[Outfit], slots: Mapping[str, str]) -> float:
    bag = {item_id for day in chosen for item_id in day.ids}
    yesterday = set(chosen[-1].ids) if chosen else set()
    again = sum(slots[item_id] in ("top", "dress") for item_id in yesterday & set(outfit.ids))
    return outfit.score - NEW_PIECE_COST * len(set(outfit.ids) - bag) - WORN_YESTERDAY_COST * again


def _note(made: int, days: int) -> str:
    if made == days:
        return ""
    if not made:
        return "There is nothing to pack: see what the wardrobe needs."
    return f"Enough for {made} of {days} days; wash on the way, or wear an outfit again."
