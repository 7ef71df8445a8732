"""The attributes that the network tells, their values, and what it says of one of them."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "attributes"
"""Of the network's weights in the manifest, and the source of a value in the wardrobe that was told by them."""

HEADS = {
    "pattern": ("solid", "striped", "checked", "floral", "dotted", "animal", "graphic", "other"),
    "material": ("cotton", "denim", "knit", "leather", "wool", "silk", "lace", "fur", "synthetic"),
    "style": ("casual", "smart", "party", "sporty"),
    "sleeve": ("none", "short", "long"),
}
"""The attributes and their values, in the order of the network's outputs."""

SLEEVE_OF_CATEGORY = {
    **dict.fromkeys((1, 3, 10), "short"),
    **dict.fromkeys((2, 4, 11), "long"),
    **dict.fromkeys((5, 6, 12, 13), "none"),
}
"""Sleeve length by category id, as DeepFashion2's names say; what is worn on the legs has none to speak of."""


@dataclass(frozen=True)
class Guess:
    """What the network says of one attribute.

    confidence: 0..1, the chance that ``value`` is right.  sure: whether the app may assert it instead of asking.
    chances: of every value, in the order of ``HEADS``.
    """

    value: str
    confidence: float
    sure: bool
    chances: tuple[float, ...] = ()
