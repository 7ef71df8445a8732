"""What the network and the pixels tell of a garment's attributes: values with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from ewardrobe.core.attributes import NAME, SLEEVE_OF_CATEGORY, Guess
from ewardrobe.garments.colours import dominant_colours, garment_colour
from ewardrobe.models import cache
from ewardrobe.models.weights import WeightsError
from ewardrobe.wardrobe.sources import CATEGORY, FIELD_OF, MEASURED

Told = dict[str, tuple[Any, Any]]
"""Values with their sources, by field."""


def guess(cutout: np.ndarray, category_id: int | None) -> dict[str, Guess]:
    """Return the network's guesses on a cut-out, RGBA uint8 (h, w, 4), of category 1..13, 16, 17 or 19.

    None for what has no category (``None``: scarves, belts), and none without weights: the wardrobe works without
    them, see ``problem``.
    """
    if category_id is None:
        return {}
    try:
        return cache.classifier().predict(np.ascontiguousarray(cutout[..., :3]), cutout[..., 3], category_id)
    except WeightsError:
        return {}


def problem() -> str | None:
    """Return why pattern, material, style, sleeves and name are not told, with the cure; ``None`` if they are."""
    try:
        cache.classifier()
    except WeightsError as error:
        return f"Pattern, material, style and name are not told: {error}"
    return None


def told(guesses: Mapping[str, Guess], category_id: int | None, category_by_user: bool = False) -> Told:
    """Return what the learned fields of an item get: a value where the network is sure, else an open question."""
    fields = {FIELD_OF[name]: _told(one) for name, one in guesses.items() if name != "sleeve"}
    sleeve = SLEEVE_OF_CATEGORY.get(category_id) if category_id is not None else None
    return fields | ({"sleeve": _sleeve(sleeve, guesses.get("sleeve"), category_by_user)} if sleeve else {})


def told_colours(cutout: np.ndarray) -> Told:
    """Return the colours measured on a cut-out, RGBA uint8 (h, w, 4); nothing for an empty one."""
    colours = dominant_colours(np.ascontiguousarray(cutout[..., :3]), cutout[..., 3] > 127)
    if not colours:
        return {}
    return {
        "colour": (garment_colour(colours), MEASURED),
        "colours": ([asdict(colour) for colour in colours], MEASURED),
    }


def _told(one: Guess) -> tuple[str | None, dict]:
    source = {"by": NAME, "confidence": round(one.confidence, 3)}
    return (one.value, source) if one.sure else (None, source | {"guess": one.value})


def _sleeve(named: str, one: Guess | None, category_by_user: bool) -> tuple[str | None, dict]:
    """Believe the category's name, unless the network is sure of something else and nobody chose the category."""
    if one is None or category_by_user or (one.value != named and not one.sure):
        return named, {"by": CATEGORY}
    if one.value == named:
        return named, {"by": CATEGORY, "confidence": round(one.confidence, 3)}
    return None, {"by": NAME, "confidence": round(one.confidence, 3), "guess": one.value}
