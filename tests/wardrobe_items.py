"""Wardrobes for tests: rendered garments with a past, and any number of items without pictures."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from ewardrobe.core.images import png_bytes
from ewardrobe.datasets.synthetic import render_flat_lay
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.wardrobe.derived import with_derived
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import COLOURS, KINDS, MATERIALS, PATTERNS, SEASONS, STYLES

TODAY = date(2026, 3, 14)
NAMES = {1: "t-shirt", 2: "shirt", 3: "jacket", 4: "coat", 5: "vest", 7: "shorts", 8: "jeans", 9: "skirt", 10: "dress"}
NAMES |= {6: "sling top", 11: "maxi dress", 12: "summer dress", 13: "sling dress"}
BRANDS = ("Acme", "Norrland", "Fjord", "Marché", None)


def frame_of(some: Iterable[dict], home: Path) -> pd.DataFrame:
    """Return the frame of a new wardrobe in ``home`` with these items."""
    store = FeatureStore(home)
    store.add_many([(item, None, None) for item in some])
    return with_derived(store.load())


def edit_many(store: FeatureStore, edits: dict[str, dict], source: str | dict | None = None) -> None:
    """Set ``{id: {field: value}}`` in one change, with ``source`` noted for each field."""

    def fields_of(item: dict) -> dict:
        fields = edits[item["id"]]
        return fields | ({"source": item["source"] | dict.fromkeys(fields, source)} if source else {})

    store.alter(edits, fields_of)


def items(count: int, seed: int = 0, today: date = TODAY) -> list[dict]:
    """Return ``count`` items with ids ``i0`` … and every field an owner may fill in, the same for the same seed."""
    rng = random.Random(seed)
    return [_item(number, rng, today) for number in range(count)]


def _item(number: int, rng: random.Random, today: date) -> dict:
    kind, colour = rng.choice(KINDS), rng.choice(COLOURS)
    days = sorted(rng.sample(range(1, 400), rng.choice((0, 0, 1, 3, 8, 20))), reverse=True)
    bought = today - timedelta(days=rng.randint(400, 1200))
    return {
        "id": f"i{number}",
        "type": f"{colour} {kind}",
        **kind_fields(kind),
        "colour": colour,
        "colours": [{"name": colour, "hex": f"#{rng.randrange(1 << 24):06x}", "share": 0.7}],
        "pattern": rng.choice(PATTERNS),
        "material": rng.choice(MATERIALS),
        "style": rng.choice(STYLES),
        "season": rng.sample(SEASONS, 2),
        "tags": rng.sample(("work", "party", "home", "travel"), rng.randint(0, 2)),
        "brand": rng.choice(BRANDS),
        "size": rng.choice("SML"),
        "price": rng.choice((None, 20.0, 45.5, 80.0, 120.0)),
        "bought": bought.isoformat(),
        "favourite": rng.random() < 0.1,
        "state": rng.choices(("in use", "laundry", "lent", "archived"), (90, 5, 2, 3))[0],
        "wear_log": [{"date": (today - timedelta(days=day)).isoformat(), "outfit": None} for day in days],
        "wears_since_wash": min(len(days), 3),
        "wash_interval": rng.choice((None, 2, 5)),
        "added": (bought + timedelta(days=rng.randint(0, 60))).isoformat(),
    }


def rendered(store: FeatureStore, count: int = 12, seed: int = 0, today: date = TODAY) -> list[str]:
    """Add ``count`` drawn garments with cut-outs, photos and a past to ``store``; return their ids."""
    entries = []
    for number, item in enumerate(items(count, seed, today)):
        category_id = number % 13 + 1
        photo = render_flat_lay(category_id, seed=seed * 1000 + number)
        truth = photo.items[0]
        garment = garment_from_mask(photo.image, truth["mask"], category_id, 1.0)
        facts = {name: truth[name] for name in ("pattern", "material")} | {"colour": garment.colour}
        colours = [asdict(colour) for colour in garment.colours]
        fields = item | kind_fields(garment.name) | facts | {"colours": colours, "type": NAMES[category_id]}
        entries.append((fields, garment.cutout, png_bytes(photo.image)))
    return store.add_many(entries)
