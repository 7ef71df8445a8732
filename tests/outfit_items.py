"""Items and small wardrobes for the tests of the outfits."""

from __future__ import annotations

import random

from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import COLOURS, MATERIALS, PATTERNS, SEASONS, STYLES

NAMES = {"top": "t-shirt", "bottom": "jeans", "dress": "dress", "outer": "coat"}
CATEGORY = {"top": "short sleeve top", "bottom": "trousers", "dress": "vest dress", "outer": "long sleeve outwear"}


def saved_outfit(book: OutfitStore, outfit_id: str) -> dict:
    """Return one saved outfit."""
    return next(outfit for outfit in book.saved() if outfit["id"] == outfit_id)


def piece(item_id: str, slot: str, colour: str | None = None, **fields) -> dict:
    """Return an item of a slot; for clothes its category is the usual one."""
    kind = fields.pop("category", None) or CATEGORY.get(slot, slot)
    return {"id": item_id, "type": NAMES.get(slot, slot), "colour": colour, **kind_fields(kind), **fields}


def basics(**fields) -> list[dict]:
    """Return three tops, three bottoms, a dress, a coat, shoes and a bag, all in order."""
    plain = {"pattern": "solid", "material": "cotton", "style": "casual"} | fields
    slots = ["top"] * 3 + ["bottom"] * 3 + ["dress", "outer", "shoes", "bag"]
    colours = ["white", "navy", "red", "blue", "black", "beige", "green", "grey", "brown", "black"]
    pairs = zip(slots, colours, strict=True)
    return [piece(f"{slot}-{colour}", slot, colour, **plain) for slot, colour in pairs]


def many(count: int, seed: int = 0) -> list[dict]:
    """Return ``count`` items of all kinds, some with gaps, the same for the same seed."""
    rng = random.Random(seed)
    kinds = ["short sleeve top", "long sleeve top", "vest", "trousers", "shorts", "skirt", "vest dress"]
    kinds += ["long sleeve dress", "long sleeve outwear", "shoes", "bag", "hat", "accessory"]
    return [_any(rng, number, rng.choice(kinds)) for number in range(count)]


def _any(rng: random.Random, number: int, kind: str) -> dict:
    shares = [0.6, 0.3, 0.1][: rng.randint(0, 3)]
    colours = [{"lab": [rng.uniform(5, 95), rng.gauss(0, 25), rng.gauss(0, 25)], "share": share} for share in shares]
    days = [
        {"date": f"2026-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}", "outfit": None} for _ in range(rng.randint(0, 3))
    ]
    return {
        "id": f"i{number}",
        "type": kind,
        **kind_fields(kind),
        "colour": rng.choice([None, *COLOURS]),
        "colours": colours,
        "pattern": rng.choice([None, "solid", "solid", *PATTERNS]),
        "material": rng.choice([None, *MATERIALS]),
        "style": rng.choice([None, *STYLES]),
        "season": rng.sample(SEASONS, rng.choice([0, 0, 1, 3])),
        "favourite": rng.random() < 0.1,
        "wear_log": days,
        "state": rng.choice(["in use"] * 8 + ["laundry", "lent", "archived", None]),
    }


def planned(book: OutfitStore) -> dict[str, dict]:
    """Return the planned outfits by ISO date, in the order of the days."""
    return {plan["date"]: plan for plan in sorted(book.document()["planned"], key=lambda plan: plan["date"])}
