"""All fields of one item, each saved as soon as it is changed; what the network guessed is told or asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import as_shown, ask_field, showing, typed
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import sources
from ewardrobe.wardrobe.edits import FIELDS, change_of
from ewardrobe.wardrobe.palette import palette_names

SHOWN = (
    *("type", "kind", "colour", "pattern", "material", "style", "sleeve", "brand", "size"),
    *("price", "bought", "wash_interval", "season", "tags", "colours"),
)
"""Favourite and notes follow."""


def fields_form(store: FeatureStore, frame: pd.DataFrame, item: Mapping) -> None:
    """Show a widget for every field that the owner may fill in."""
    _palette_bar(item)
    with st.grid(3, min_column_width=160):
        for field in SHOWN:
            _field(store, frame, item, field)
    _field(store, frame, item, "notes")
    _field(store, frame, item, "favourite")


def _field(store: FeatureStore, frame: pd.DataFrame, item: Mapping, field: str) -> None:
    value = as_shown(field, palette_names(item) if field == "colours" else item.get(field))
    label, hint = _label(item, field)
    box = showing(f"item-{item['id']}-{field}", value, partial(_save, store, item["id"], field))
    ask_field(frame, field, label=label, placeholder=hint, **box)


def _label(item: Mapping, field: str) -> tuple[str, str]:
    """Return the heading of a field and the text of its empty box: "Pattern · 93 %", or "Material · ?" and a guess."""
    name = "Palette" if field == "colours" else FIELDS[field]
    if asked := sources.open_question(item, field):
        return f"{name} · ?", f"{asked[0]}? ({asked[1]:.0%})"
    sure = sources.confidence_of(item, field)
    return (f"{name} · {sure:.0%}" if sure is not None and item.get(field) else name), "–"


def _save(store: FeatureStore, item_id: str, field: str, entered: Any) -> None:
    """Write what was entered in one field; what cannot be saved is said, and the stored value shows again."""
    value = typed(entered)
    if value is None and field in ("type", "kind"):
        st.session_state.setdefault("problems", []).append(f"{FIELDS[field]} cannot be empty.")
        return
    page.change(store.alter, [item_id], lambda item: change_of(item, field, value))


def _palette_bar(item: Mapping) -> None:
    """Show the item's colours as they were measured, in their shares."""
    colours = [part for part in item.get("colours") or () if isinstance(part, Mapping) and part.get("hex")]
    if colours:
        bar = "".join(
            f"<span style='flex:{max(float(c.get('share') or 0), 0.02):.3f};background:{c['hex']}'></span>"
            for c in colours
            if str(c["hex"]).startswith("#") and str(c["hex"])[1:].isalnum()
        )
        st.html(f"<div style='{_BAR}'>{bar}</div>")


_BAR = "display:flex;height:10px;border-radius:5px;overflow:hidden;border:1px solid rgba(128,128,128,.4)"
