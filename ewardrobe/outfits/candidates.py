"""Which outfits are looked at: the pieces that may be worn, a shortlist of each slot, and their combinations.

Outfits are rows (M, S) int64 of places in the closet, one column a slot, -1 for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ewardrobe.core.taxonomy import EXCLUDES
from ewardrobe.outfits.closet import Closet
from ewardrobe.outfits.compatibility import Compatibility
from ewardrobe.outfits.grammar import ALL_SLOTS, BODY_SLOTS, Wish, in_season, layers, name_of, slot_of, unavailable
from ewardrobe.outfits.terms import DEFAULT_WEIGHTS, score, terms_of
from ewardrobe.wardrobe.wear_log import STATE_WORDS

SHORTLIST = {"top": 56, "bottom": 56, "dress": 56, "outer": 12}
EXTRA_SHORTLIST = 24
BASES_WITH_LAYERS = 320
"""So many of the best (top and bottom) or dress are tried with every coat of the shortlist."""

JITTER = 0.12
"""Chance in a piece's rank: without it a wardrobe of thousands would show the same fifty for ever."""

SEASON_MISS = 0.35
"""Warmth of a single piece off by so many clo, taken alone, is not what it is asked for."""


def wearable(items: Sequence[Mapping], wish: Wish) -> list[Mapping]:
    """Return the items that may be suggested: neither in the laundry, lent nor archived, and in season.

    Locked pieces stay whatever their season; not when they cannot be worn.
    """
    free = (item for item in items if unavailable(item) is None)
    return [item for item in free if in_season(item, wish.season) or str(item.get("id")) in wish.locked]


def shortlist(closet: Closet, wish: Wish, model: Compatibility | None) -> Closet:
    """Return the most promising pieces of each slot, at most ``SHORTLIST``; all locked ones are among them.

    A piece is judged alone and beside the locked pieces; at most a third of a slot's pieces share kind and colour.
    """
    rng = np.random.default_rng(wish.seed)
    merit = _merit(closet, wish, model) + rng.normal(0, JITTER, len(closet))
    colours = closet.names.argmax(axis=1)
    look = pd.DataFrame({"kind": closet.categories, "colour": colours, "patterned": closet.patterns > 0})
    chosen = locked_places(closet, wish)
    for slot in ALL_SLOTS:
        places, limit = closet.in_slot(slot), SHORTLIST.get(slot, EXTRA_SHORTLIST)
        ordered = places[np.argsort(-merit[places], kind="stable")]
        if len(ordered) > limit:
            late = look.iloc[ordered].groupby(list(look)).cumcount().to_numpy() >= max(1, limit // 3)
            ordered = ordered[np.argsort(late, kind="stable")[:limit]]
        chosen += ordered.tolist()
    return closet.take(list(dict.fromkeys(chosen)))


def locked_places(closet: Closet, wish: Wish) -> list[int]:
    """Return the places of the locked pieces that are in ``closet``."""
    where = {item_id: place for place, item_id in enumerate(closet.ids)}
    return [where[item_id] for item_id in dict.fromkeys(wish.locked) if item_id in where]


def _merit(closet: Closet, wish: Wish, model: Compatibility | None) -> np.ndarray:
    """Return (N,) how promising each piece is; terms of one piece alone, or of it with each locked piece.

    A small bonus goes to warm pieces when it is cold and to light ones when it is warm.
    """
    alone = terms_of(closet, np.arange(len(closet))[:, None], wish, None).values
    weights = DEFAULT_WEIGHTS | {"weather": 0.0}  # one piece alone is never warm enough
    total = score(alone, weights)
    for places in map(closet.in_slot, BODY_SLOTS):
        if wish.celsius is not None and len(places):
            centred = closet.clo[places] - np.median(closet.clo[places])
            total[places] += np.clip(centred / SEASON_MISS, -1, 1) * np.clip((16 - wish.celsius) / 12, -1, 1) * 0.25
    for place in locked_places(closet, wish):
        pairs = np.stack([np.arange(len(closet)), np.full(len(closet), place)], axis=1)
        total = total + 2 * score(terms_of(closet, pairs, wish, model).values, weights)
    return total


def bases(closet: Closet, wish: Wish) -> np.ndarray:
    """Return (M, 2) places of all (top, bottom) and (dress, -1) that hold every locked garment."""
    allowed = {slot: _allowed(closet, slot, wish) for slot in ("top", "bottom", "dress")}
    pairs = np.array(np.meshgrid(allowed["top"], allowed["bottom"], indexing="ij"), int).reshape(2, -1).T
    dresses = np.stack([allowed["dress"], np.full(len(allowed["dress"]), -1)], axis=1)
    return np.concatenate([pairs, dresses]).astype(int)


def _allowed(closet: Closet, slot: str, wish: Wish) -> np.ndarray:
    """Return the pieces of ``slot`` to choose from: the locked one, none beside what shuts it out, else all."""
    locked = locked_places(closet, wish)
    own = [place for place in locked if ALL_SLOTS[closet.slots[place]] == slot]
    if own:
        return np.array(own[:1])
    if any(ALL_SLOTS[closet.slots[place]] in EXCLUDES[slot] for place in locked):
        return np.zeros(0, int)
    return closet.in_slot(slot)


def with_layers(closet: Closet, found: np.ndarray, wish: Wish) -> np.ndarray:
    """Return (M', 3) the bases ``found`` (M, 2), best first, without outerwear (-1) and with, as the weather asks.

    Where outerwear is needed and there is none that can be worn, the bases go without.
    """
    locked = [p for p in locked_places(closet, wish) if ALL_SLOTS[closet.slots[p]] == "outer"]
    coats = np.array(locked[:1]) if locked else closet.in_slot("outer")
    without, with_coat = (False, True) if locked else layers(wish)
    bare = np.column_stack([found, np.full(len(found), -1)])
    if not with_coat or not len(coats):
        return bare
    few = found[:BASES_WITH_LAYERS]
    dressed = np.column_stack([np.repeat(few, len(coats), axis=0), np.tile(coats, len(few))])
    return np.concatenate([bare, dressed]) if without else dressed


def conflicts(items: Sequence[Mapping], wish: Wish) -> list[str]:
    """Return why the locked pieces cannot be one outfit, in words; an empty list if they can."""
    by_id, slots = {str(item.get("id")): item for item in items}, dict[str, str]()
    said: list[str] = []
    for item_id in dict.fromkeys(wish.locked):
        item = by_id.get(item_id)
        if item is None:
            said.append("A piece to build around is no longer in the wardrobe.")
            continue
        name, slot, state = name_of(item), slot_of(item), unavailable(item)
        if state:
            said.append(f"“{name}” cannot be worn now: it is {STATE_WORDS.get(state, state)}.")
        for other in (slot, *EXCLUDES.get(slot, ())):
            if other in slots:
                said.append(f"“{name}” and “{slots[other]}” cannot be worn together.")
        slots[slot] = name
    return said
