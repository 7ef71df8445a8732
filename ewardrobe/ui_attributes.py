"""Pattern, material, style and sleeves of a garment on its card: what the network says, and what it asks."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from ewardrobe.attributes import gather
from ewardrobe.items import MATERIALS, PATTERNS, STYLES
from ewardrobe.review import Card
from ewardrobe.schema import SLEEVES
from ewardrobe.ui import literal

CHOICES = {"pattern": PATTERNS, "material": MATERIALS, "style": STYLES, "sleeve": SLEEVES}
LABELS = {"pattern": "Pattern", "material": "Material", "style": "Style", "sleeve": "Sleeves"}


def attribute_boxes(card: Card, base: str, on_change: Callable[..., None], args: tuple) -> None:
    """Show a select box for each attribute of ``card``; empty, with the guess as a suggestion, where the app asks.

    on_change: called with ``*args``, the attribute's name and the key of its widget.
    """
    told = card.attributes
    shown = [name for name in CHOICES if name in told or name != "sleeve"]
    for start in range(0, len(shown), 2):
        for column, name in zip(st.columns(2, gap="small"), shown[start : start + 2], strict=False):
            value, source = told.get(name, (None, None))
            key = f"{name}-{base}-{card.kind}"  # another kind: other guesses, and none of the box's memory
            column.selectbox(
                label(name, source),
                CHOICES[name],
                CHOICES[name].index(value) if value in CHOICES[name] else None,
                placeholder=question(source),
                key=key,
                disabled=not card.edit.keep,
                on_change=on_change,
                args=(*args, name, key),
            )


def label(name: str, source: object) -> str:
    """Return the heading of a box: "Pattern · 93 %", "Material · ?" for a question, "Style" for the owner's word."""
    if not isinstance(source, dict) or "confidence" not in source:
        return LABELS[name]
    return f"{LABELS[name]} · ?" if "guess" in source else f"{LABELS[name]} · {source['confidence']:.0%}"


def question(source: object) -> str:
    """Return the text of an empty box: "wool? (41 %)"."""
    if isinstance(source, dict) and "guess" in source:
        return f"{source['guess']}? ({source['confidence']:.0%})"
    return "choose"


def say_what_is_missing() -> None:
    """Say once, in small letters, that the network's weights are missing, with the cure."""
    if problem := gather.problem():
        st.caption(f":material/info: {literal(problem)}")
