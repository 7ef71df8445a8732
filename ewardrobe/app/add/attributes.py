"""Pattern, material, style and sleeves of a garment on its card: what the network says, and what it asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from ewardrobe.app.fields import showing
from ewardrobe.app.page import literal
from ewardrobe.garments import attributes
from ewardrobe.garments.draft import Draft
from ewardrobe.wardrobe.fields import FIELD
from ewardrobe.wardrobe.sources import LEARNED

CHOICES = {name: FIELD[name].choices for name in LEARNED}
WIDE = ("material",)
"""Names too long for half a card; open questions get the whole width too."""


def attribute_boxes(draft: Draft, say: Callable[[str, str | None], object]) -> None:
    """Show a select box for each attribute of ``draft``; empty, with the guess as a suggestion, where the app asks.

    say: called with the attribute's name and what was chosen.
    """
    network, told = draft.told, {name: (None, None) for name in CHOICES if name != "sleeve"} | draft.answers
    # By what was asked, not by what was answered: an answer moves no box.
    beside = [name for name in CHOICES if name not in WIDE and network.get(name, (None,))[0] is not None]
    with st.container(horizontal=True):  # beside each other where the card is wide enough
        for name in beside:
            _box(draft, name, told[name], say)
    for name in [name for name in CHOICES if name in told and name not in beside]:
        _box(draft, name, told[name], say)


def _box(draft: Draft, name: str, told: tuple, say: Callable[[str, str | None], object]) -> None:
    value, source = told
    st.selectbox(
        label(name, source),
        CHOICES[name],
        None,
        placeholder=question(source),
        disabled=not draft.keep,
        **showing(f"{name}-{draft.id}", value if value in CHOICES[name] else None, partial(say, name)),
    )


def label(name: str, source: object) -> str:
    """Return the heading of a box: "Pattern · 93 %", "Material · ?" for a question, "Style" for the owner's word."""
    if not isinstance(source, dict) or "confidence" not in source:
        return FIELD[name].label
    return f"{FIELD[name].label} · ?" if "guess" in source else f"{FIELD[name].label} · {source['confidence']:.0%}"


def question(source: object) -> str:
    """Return the text of an empty box: "wool? (41 %)"."""
    if isinstance(source, dict) and "guess" in source:
        return f"{source['guess']}? ({source['confidence']:.0%})"
    return "choose"


def say_what_is_missing() -> None:
    """Say once, in small letters, that the network's weights are missing, with the cure."""
    if problem := attributes.problem():
        st.caption(f":material/info: {literal(problem)}")
